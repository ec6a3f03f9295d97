-- The finished rows, made once and outside every measurement: what the reference copies.
INSERT INTO legacy.dispatch_task_double
SELECT * FROM legacy.dispatch_task
UNION ALL
SELECT id + (SELECT max(id) FROM legacy.dispatch_task), project_id, assignee_id, kind, status, title,
    description, due_at, created_at, amount, meta, done
FROM legacy.dispatch_task;
CREATE TABLE legacy.task_ready AS SELECT * FROM legacy.task_mapped;
CREATE UNIQUE INDEX ON legacy.task_ready (legacy_id);
VACUUM (ANALYZE, FREEZE);

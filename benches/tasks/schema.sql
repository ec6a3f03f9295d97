-- Where the tasks come from, and the hand-written mapping that all others are compared with.
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
DROP SCHEMA IF EXISTS legacy CASCADE;
CREATE SCHEMA legacy;
CREATE TABLE legacy.dispatch_task (
    id serial PRIMARY KEY,
    project_id integer,
    assignee_id integer,
    kind smallint,
    status smallint,
    title text,
    description text,
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    amount numeric(12,2),
    meta jsonb,
    done boolean NOT NULL
);
CREATE TABLE legacy.dispatch_task_double (LIKE legacy.dispatch_task INCLUDING INDEXES);

CREATE FUNCTION legacy.kind_name(code smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE code
        WHEN 0 THEN 'exam' WHEN 1 THEN 'cleaning' WHEN 2 THEN 'filling' WHEN 3 THEN 'crown'
        WHEN 4 THEN 'bridge' WHEN 5 THEN 'implant' WHEN 6 THEN 'aligner' WHEN 7 THEN 'retainer'
        WHEN 8 THEN 'xray' WHEN 9 THEN 'invoice' WHEN 10 THEN 'recall' WHEN 11 THEN 'lab'
        ELSE 'other' END
$$;
CREATE FUNCTION legacy.status_name(code smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE code
        WHEN 0 THEN 'new' WHEN 1 THEN 'open' WHEN 2 THEN 'assigned' WHEN 3 THEN 'waiting'
        WHEN 4 THEN 'blocked' WHEN 5 THEN 'done' WHEN 6 THEN 'cancelled'
        ELSE 'unknown' END
$$;
CREATE VIEW legacy.task_mapped AS
SELECT uuid_generate_v5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'task:' || id) AS id,
    id::bigint AS legacy_id, project_id::bigint AS project_ref, assignee_id::bigint AS assignee_ref,
    legacy.kind_name(kind) AS kind, legacy.status_name(status) AS status,
    'Task: ' || btrim(title) AS title, description, due_at, created_at, amount, meta, done
FROM legacy.dispatch_task;
CREATE VIEW legacy.task_mapped_double AS
SELECT uuid_generate_v5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'task:' || id) AS id,
    id::bigint AS legacy_id, project_id::bigint AS project_ref, assignee_id::bigint AS assignee_ref,
    legacy.kind_name(kind) AS kind, legacy.status_name(status) AS status,
    'Task: ' || btrim(title) AS title, description, due_at, created_at, amount, meta, done
FROM legacy.dispatch_task_double;

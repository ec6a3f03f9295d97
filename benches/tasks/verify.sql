-- How many rows there are, how many are not among the wanted ones, and for each column how many
-- hold something else than the wanted row.
SELECT count(*) AS rows,
    count(*) FILTER (WHERE wanted.legacy_id IS NULL) AS extra,
    count(*) FILTER (WHERE made.id IS DISTINCT FROM wanted.id) AS id,
    count(*) FILTER (WHERE made.project_ref IS DISTINCT FROM wanted.project_ref) AS project_ref,
    count(*) FILTER (WHERE made.assignee_ref IS DISTINCT FROM wanted.assignee_ref) AS assignee_ref,
    count(*) FILTER (WHERE made.kind IS DISTINCT FROM wanted.kind) AS kind,
    count(*) FILTER (WHERE made.status IS DISTINCT FROM wanted.status) AS status,
    count(*) FILTER (WHERE made.title IS DISTINCT FROM wanted.title) AS title,
    count(*) FILTER (WHERE made.description IS DISTINCT FROM wanted.description) AS description,
    count(*) FILTER (WHERE made.due_at IS DISTINCT FROM wanted.due_at) AS due_at,
    count(*) FILTER (WHERE made.created_at IS DISTINCT FROM wanted.created_at) AS created_at,
    count(*) FILTER (WHERE made.amount IS DISTINCT FROM wanted.amount) AS amount,
    count(*) FILTER (WHERE made.meta IS DISTINCT FROM wanted.meta) AS meta,
    count(*) FILTER (WHERE made.done IS DISTINCT FROM wanted.done) AS done
FROM app.tasks AS made LEFT JOIN :wanted AS wanted USING (legacy_id);

-- Where the tasks go: 13 columns, two unique indexes. Made anew before each measurement.
DROP SCHEMA IF EXISTS app CASCADE;
DROP SCHEMA IF EXISTS mapper CASCADE;
CREATE SCHEMA app;
CREATE TABLE app.tasks (
    id uuid PRIMARY KEY,
    legacy_id bigint UNIQUE,
    project_ref bigint,
    assignee_ref bigint,
    kind text,
    status text,
    title text NOT NULL,
    description text,
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    amount numeric(12,2),
    meta jsonb,
    done boolean
);

-- The application's tables, as far as this migration knows them.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    full_name text NOT NULL,
    role text NOT NULL CHECK (role IN ('patient', 'therapist')),
    created_at timestamp NOT NULL
);

-- Older than the users table, hence without foreign keys.
CREATE TABLE therapy_sessions (
    id uuid PRIMARY KEY,
    patient_id uuid,
    therapist_id uuid,
    session_date timestamp,
    extracted_notes jsonb
);

CREATE TABLE treatment_goals (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES users (id),
    therapist_id uuid NOT NULL REFERENCES users (id),
    session_id uuid REFERENCES therapy_sessions (id),
    description text NOT NULL CHECK (length(description) > 0),
    category varchar(50) NOT NULL,
    status varchar(20) NOT NULL DEFAULT 'assigned' CHECK (status IN ('assigned', 'in_progress', 'completed', 'abandoned')),
    created_at timestamp NOT NULL
);

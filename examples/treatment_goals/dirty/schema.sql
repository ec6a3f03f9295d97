-- The application's tables, as far as this migration knows them.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('patient', 'therapist')),
    created_at DATETIME NOT NULL
);

-- Older than the users table, hence without foreign keys.
CREATE TABLE therapy_sessions (
    id TEXT PRIMARY KEY,
    patient_id TEXT,
    therapist_id TEXT,
    session_date DATETIME,
    extracted_notes JSON
);

CREATE TABLE treatment_goals (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES users (id),
    therapist_id TEXT NOT NULL REFERENCES users (id),
    session_id TEXT REFERENCES therapy_sessions (id),
    description TEXT NOT NULL CHECK (length(description) > 0),
    category VARCHAR(50) NOT NULL CHECK (length(category) <= 50),
    status VARCHAR(20) NOT NULL DEFAULT 'assigned' CHECK (status IN ('assigned', 'in_progress', 'completed', 'abandoned')),
    created_at DATETIME NOT NULL
);

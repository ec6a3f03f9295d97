-- The table that everything refers to, as the application has it.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('patient', 'provider', 'admin'))
);

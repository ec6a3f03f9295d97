-- The legacy application's tables. It never had foreign keys that were enforced.
CREATE TABLE auth_user (
    id INTEGER PRIMARY KEY,
    password VARCHAR(128) NOT NULL,
    last_login TIMESTAMPTZ,
    is_superuser BOOLEAN NOT NULL,
    username VARCHAR(150) NOT NULL UNIQUE,
    first_name VARCHAR(150) NOT NULL,
    last_name VARCHAR(150) NOT NULL,
    email VARCHAR(254) NOT NULL,
    is_staff BOOLEAN NOT NULL,
    is_active BOOLEAN NOT NULL,
    date_joined TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_office (
    id INTEGER PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    street VARCHAR(200),
    city VARCHAR(100),
    zip VARCHAR(12),
    phone VARCHAR(40),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_patient (
    id INTEGER PRIMARY KEY,
    office_id INTEGER,
    doctor_id INTEGER,
    first_name VARCHAR(150),
    last_name VARCHAR(150),
    birth_date DATE,
    sex SMALLINT,
    email VARCHAR(254),
    status SMALLINT,
    notes TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_project (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER,
    creator_id INTEGER,
    name VARCHAR(200),
    type SMALLINT,
    status SMALLINT,
    file_name VARCHAR(255),
    file_size BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX dispatch_project_patient_id ON dispatch_project (patient_id);

CREATE TABLE dispatch_office_doctors (
    id INTEGER PRIMARY KEY,
    office_id INTEGER,
    user_id INTEGER,
    role SMALLINT
);

CREATE TABLE dispatch_state (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    user_id INTEGER,
    from_state SMALLINT,
    to_state SMALLINT,
    note TEXT,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX dispatch_state_project_id ON dispatch_state (project_id);

CREATE TABLE dispatch_template (
    id INTEGER PRIMARY KEY,
    office_id INTEGER,
    name VARCHAR(200),
    body TEXT,
    created_at TIMESTAMPTZ NOT NULL
);

"""The tables of both databases, in SQL that PostgreSQL and SQLite both take."""

LEGACY = """\
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
"""

MDW = """\
-- The new schema, as its own migrations make it.
CREATE TABLE practices (
    id UUID PRIMARY KEY,
    legacy_id INTEGER UNIQUE,
    name VARCHAR(200) NOT NULL,
    street VARCHAR(200),
    city VARCHAR(100),
    postal_code VARCHAR(12),
    phone VARCHAR(40),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE profiles (
    id UUID PRIMARY KEY,
    legacy_id INTEGER,
    email VARCHAR(254) NOT NULL UNIQUE,
    first_name VARCHAR(150),
    last_name VARCHAR(150),
    role VARCHAR(20) NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE patients (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    practice_id UUID NOT NULL REFERENCES practices (id),
    profile_id UUID NOT NULL REFERENCES profiles (id),
    first_name VARCHAR(150),
    last_name VARCHAR(150),
    birth_date DATE,
    sex VARCHAR(10) NOT NULL,
    email VARCHAR(254),
    status VARCHAR(20) NOT NULL,
    notes TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE cases (
    id UUID PRIMARY KEY,
    legacy_project_id INTEGER NOT NULL UNIQUE,
    case_number VARCHAR(20) NOT NULL UNIQUE,
    patient_id UUID NOT NULL REFERENCES patients (id),
    practice_id UUID NOT NULL REFERENCES practices (id),
    title VARCHAR(200) NOT NULL,
    case_type VARCHAR(20) NOT NULL,
    status VARCHAR(20) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE projects (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    practice_id UUID NOT NULL REFERENCES practices (id),
    creator_id UUID NOT NULL REFERENCES profiles (id),
    name VARCHAR(200) NOT NULL,
    file_name VARCHAR(255),
    file_type VARCHAR(10),
    file_size BIGINT,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE practice_members (
    id UUID PRIMARY KEY,
    practice_id UUID NOT NULL REFERENCES practices (id),
    profile_id UUID NOT NULL REFERENCES profiles (id),
    role VARCHAR(20) NOT NULL,
    permissions JSON NOT NULL,
    is_active BOOLEAN NOT NULL,
    UNIQUE (practice_id, profile_id)
);

CREATE TABLE case_states (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL,
    case_id UUID NOT NULL REFERENCES cases (id),
    from_state VARCHAR(20),
    to_state VARCHAR(20) NOT NULL,
    changed_by UUID NOT NULL REFERENCES profiles (id),
    note TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (case_id, created_at)
);

CREATE TABLE workflow_templates (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL,
    practice_id UUID NOT NULL REFERENCES practices (id),
    name VARCHAR(200) NOT NULL,
    steps JSON NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (practice_id, name)
);
"""

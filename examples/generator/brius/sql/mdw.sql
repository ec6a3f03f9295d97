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
    plan_name VARCHAR(200),
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

-- Clinical

CREATE TABLE doctors (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    profile_id UUID NOT NULL REFERENCES profiles (id),
    practice_id UUID REFERENCES practices (id),
    license_number VARCHAR(40),
    specialization VARCHAR(30) NOT NULL,
    practicing_since DATE,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE products (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    sku VARCHAR(40) NOT NULL UNIQUE,
    name VARCHAR(200) NOT NULL,
    category VARCHAR(30) NOT NULL,
    price NUMERIC(10,2) NOT NULL,
    stock INTEGER NOT NULL CHECK (stock >= 0),
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE orders (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID REFERENCES cases (id),
    patient_id UUID NOT NULL REFERENCES patients (id),
    doctor_id UUID NOT NULL REFERENCES profiles (id),
    product_id UUID REFERENCES products (id),
    order_type VARCHAR(20) NOT NULL,
    status VARCHAR(20) NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    amount NUMERIC(10,2) NOT NULL,
    notes TEXT,
    ordered_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE jaws (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    arch VARCHAR(10) NOT NULL,
    width_mm NUMERIC(6,2),
    crowding_mm NUMERIC(6,2),
    measurements JSON,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE treatment_plans (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    patient_id UUID NOT NULL REFERENCES patients (id),
    doctor_id UUID REFERENCES profiles (id),
    name VARCHAR(200) NOT NULL,
    version INTEGER NOT NULL,
    status VARCHAR(20) NOT NULL,
    stages INTEGER,
    price NUMERIC(10,2),
    content JSON NOT NULL,
    approved_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

-- Communications

CREATE TABLE messages (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    thread VARCHAR(40) NOT NULL,
    sender_id UUID NOT NULL REFERENCES profiles (id),
    recipient_id UUID NOT NULL REFERENCES profiles (id),
    reply_to UUID REFERENCES messages (id),
    subject VARCHAR(200),
    body TEXT NOT NULL,
    is_read BOOLEAN NOT NULL,
    sent_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE comments (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    author_id UUID NOT NULL REFERENCES profiles (id),
    parent_id UUID REFERENCES comments (id),
    body TEXT NOT NULL,
    is_internal BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE communications_log (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    patient_id UUID REFERENCES patients (id),
    profile_id UUID REFERENCES profiles (id),
    channel VARCHAR(20) NOT NULL,
    direction VARCHAR(10) NOT NULL,
    address VARCHAR(254),
    summary TEXT,
    details JSON,
    happened_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE feedback (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    patient_id UUID NOT NULL REFERENCES patients (id),
    case_id UUID REFERENCES cases (id),
    rating SMALLINT CHECK (rating BETWEEN 1 AND 5),
    comment TEXT,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE notifications (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    profile_id UUID NOT NULL REFERENCES profiles (id),
    kind VARCHAR(20) NOT NULL,
    title VARCHAR(200) NOT NULL,
    body TEXT,
    link VARCHAR(255),
    read_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

-- Business

CREATE TABLE invoices (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    invoice_number VARCHAR(20) NOT NULL UNIQUE,
    practice_id UUID REFERENCES practices (id),
    patient_id UUID REFERENCES patients (id),
    status VARCHAR(20) NOT NULL,
    total NUMERIC(10,2) NOT NULL,
    tax NUMERIC(10,2) NOT NULL,
    currency CHAR(3) NOT NULL,
    issued_on DATE,
    due_on DATE,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE payments (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    invoice_id UUID REFERENCES invoices (id),
    practice_id UUID REFERENCES practices (id),
    payer_id UUID REFERENCES profiles (id),
    method VARCHAR(20) NOT NULL,
    amount NUMERIC(10,2) NOT NULL,
    refunded NUMERIC(10,2) NOT NULL,
    net NUMERIC(10,2) NOT NULL,
    currency CHAR(3) NOT NULL,
    reference VARCHAR(64),
    paid_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE offers (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    practice_id UUID NOT NULL REFERENCES practices (id),
    product_id UUID NOT NULL REFERENCES products (id),
    code VARCHAR(30) NOT NULL,
    offer_type VARCHAR(20) NOT NULL,
    price NUMERIC(10,2) NOT NULL CHECK (price >= 0),
    valid_from DATE NOT NULL,
    valid_to DATE,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE discounts (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    offer_id UUID REFERENCES offers (id),
    practice_id UUID REFERENCES practices (id),
    name VARCHAR(100) NOT NULL,
    percentage NUMERIC(5,2) NOT NULL CHECK (percentage BETWEEN 0 AND 100),
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE financial_records (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    practice_id UUID REFERENCES practices (id),
    payment_id UUID REFERENCES payments (id),
    account VARCHAR(20) NOT NULL,
    amount NUMERIC(12,2) NOT NULL,
    currency CHAR(3) NOT NULL,
    memo VARCHAR(200),
    booked_on DATE NOT NULL
);

-- Files

CREATE TABLE files (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    owner_id UUID REFERENCES profiles (id),
    name VARCHAR(255) NOT NULL,
    storage_path VARCHAR(500) NOT NULL,
    mime_type VARCHAR(100) NOT NULL,
    size_bytes BIGINT,
    checksum CHAR(40),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE attachments (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    file_id UUID NOT NULL REFERENCES files (id),
    case_id UUID REFERENCES cases (id),
    order_id UUID REFERENCES orders (id),
    message_id UUID REFERENCES messages (id),
    caption VARCHAR(200),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE images (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    file_id UUID NOT NULL REFERENCES files (id),
    patient_id UUID NOT NULL REFERENCES patients (id),
    view VARCHAR(20) NOT NULL,
    width INTEGER,
    height INTEGER,
    taken_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE documents (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    file_id UUID NOT NULL REFERENCES files (id),
    patient_id UUID NOT NULL REFERENCES patients (id),
    document_type VARCHAR(20) NOT NULL,
    title VARCHAR(200) NOT NULL,
    is_signed BOOLEAN NOT NULL,
    language VARCHAR(5),
    created_at TIMESTAMPTZ NOT NULL
);

-- Case management

CREATE TABLE case_files (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    file_id UUID NOT NULL REFERENCES files (id),
    kind VARCHAR(20) NOT NULL,
    title VARCHAR(200),
    position INTEGER,
    added_by UUID REFERENCES profiles (id),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE tasks (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    order_id UUID REFERENCES orders (id),
    assignee_id UUID REFERENCES profiles (id),
    title VARCHAR(200) NOT NULL,
    task_type VARCHAR(20) NOT NULL,
    status VARCHAR(20) NOT NULL,
    priority SMALLINT NOT NULL,
    due_on DATE,
    started_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE workflows (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    template_id UUID REFERENCES workflow_templates (id),
    state VARCHAR(20) NOT NULL,
    current_step INTEGER NOT NULL,
    context JSON NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);

-- Specialised clinical data

CREATE TABLE brackets (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    tooth SMALLINT NOT NULL CHECK (tooth BETWEEN 11 AND 48),
    torque_degrees NUMERIC(5,2),
    angulation_degrees NUMERIC(5,2),
    slot VARCHAR(12),
    material VARCHAR(20) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE scans (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    file_id UUID NOT NULL REFERENCES files (id),
    device VARCHAR(60),
    arch VARCHAR(10) NOT NULL,
    resolution INTEGER,
    details JSON,
    scanned_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE impressions (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    patient_id UUID NOT NULL REFERENCES patients (id),
    case_id UUID REFERENCES cases (id),
    tray VARCHAR(20),
    material VARCHAR(20) NOT NULL,
    quality SMALLINT,
    taken_on DATE NOT NULL
);

CREATE TABLE measurements (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    case_id UUID NOT NULL REFERENCES cases (id),
    kind VARCHAR(40) NOT NULL,
    value_mm NUMERIC(10,3) NOT NULL,
    measured_by UUID REFERENCES profiles (id),
    measured_at TIMESTAMPTZ NOT NULL
);

-- System

CREATE TABLE audit_logs (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    profile_id UUID REFERENCES profiles (id),
    action VARCHAR(40) NOT NULL,
    entity_type VARCHAR(20),
    entity_legacy_id INTEGER,
    ip_address VARCHAR(45),
    details JSON,
    happened_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE settings (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL,
    scope VARCHAR(40) NOT NULL,
    practice_id UUID REFERENCES practices (id),
    name VARCHAR(60) NOT NULL,
    value TEXT,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (scope, name)
);

CREATE TABLE preferences (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL,
    profile_id UUID NOT NULL UNIQUE REFERENCES profiles (id),
    language VARCHAR(5) NOT NULL,
    theme VARCHAR(20) NOT NULL,
    notifications JSON NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE system_metadata (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL,
    namespace VARCHAR(40) NOT NULL,
    name VARCHAR(60) NOT NULL,
    value TEXT,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (namespace, name)
);

-- Support

CREATE TABLE technician_roles (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    profile_id UUID NOT NULL REFERENCES profiles (id),
    role VARCHAR(20) NOT NULL,
    station VARCHAR(40),
    since DATE
);

CREATE TABLE permissions (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL,
    profile_id UUID NOT NULL REFERENCES profiles (id),
    practice_id UUID NOT NULL REFERENCES practices (id),
    permission VARCHAR(30) NOT NULL,
    granted_at TIMESTAMPTZ NOT NULL,
    UNIQUE (profile_id, practice_id, permission)
);

CREATE TABLE appointments (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    patient_id UUID NOT NULL REFERENCES patients (id),
    doctor_id UUID REFERENCES profiles (id),
    practice_id UUID NOT NULL REFERENCES practices (id),
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    kind VARCHAR(20) NOT NULL,
    status VARCHAR(20) NOT NULL,
    notes TEXT
);

CREATE TABLE system_events (
    id UUID PRIMARY KEY,
    legacy_id INTEGER NOT NULL UNIQUE,
    kind VARCHAR(40) NOT NULL,
    profile_id UUID REFERENCES profiles (id),
    case_id UUID REFERENCES cases (id),
    payload JSON,
    created_at TIMESTAMPTZ NOT NULL
);

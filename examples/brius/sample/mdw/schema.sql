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

-- Foreign keys

CREATE INDEX patients_practice_id ON patients (practice_id);
CREATE INDEX patients_profile_id ON patients (profile_id);
CREATE INDEX cases_patient_id ON cases (patient_id);
CREATE INDEX cases_practice_id ON cases (practice_id);
CREATE INDEX projects_case_id ON projects (case_id);
CREATE INDEX projects_practice_id ON projects (practice_id);
CREATE INDEX projects_creator_id ON projects (creator_id);
CREATE INDEX practice_members_practice_id ON practice_members (practice_id);
CREATE INDEX practice_members_profile_id ON practice_members (profile_id);
CREATE INDEX case_states_case_id ON case_states (case_id);
CREATE INDEX case_states_changed_by ON case_states (changed_by);
CREATE INDEX workflow_templates_practice_id ON workflow_templates (practice_id);
CREATE INDEX doctors_profile_id ON doctors (profile_id);
CREATE INDEX doctors_practice_id ON doctors (practice_id);
CREATE INDEX orders_case_id ON orders (case_id);
CREATE INDEX orders_patient_id ON orders (patient_id);
CREATE INDEX orders_doctor_id ON orders (doctor_id);
CREATE INDEX orders_product_id ON orders (product_id);
CREATE INDEX jaws_case_id ON jaws (case_id);
CREATE INDEX treatment_plans_patient_id ON treatment_plans (patient_id);
CREATE INDEX treatment_plans_doctor_id ON treatment_plans (doctor_id);
CREATE INDEX messages_sender_id ON messages (sender_id);
CREATE INDEX messages_recipient_id ON messages (recipient_id);
CREATE INDEX messages_reply_to ON messages (reply_to);
CREATE INDEX comments_case_id ON comments (case_id);
CREATE INDEX comments_author_id ON comments (author_id);
CREATE INDEX comments_parent_id ON comments (parent_id);
CREATE INDEX communications_log_patient_id ON communications_log (patient_id);
CREATE INDEX communications_log_profile_id ON communications_log (profile_id);
CREATE INDEX feedback_patient_id ON feedback (patient_id);
CREATE INDEX feedback_case_id ON feedback (case_id);
CREATE INDEX notifications_profile_id ON notifications (profile_id);
CREATE INDEX invoices_practice_id ON invoices (practice_id);
CREATE INDEX invoices_patient_id ON invoices (patient_id);
CREATE INDEX payments_invoice_id ON payments (invoice_id);
CREATE INDEX payments_practice_id ON payments (practice_id);
CREATE INDEX payments_payer_id ON payments (payer_id);
CREATE INDEX offers_practice_id ON offers (practice_id);
CREATE INDEX offers_product_id ON offers (product_id);
CREATE INDEX discounts_offer_id ON discounts (offer_id);
CREATE INDEX discounts_practice_id ON discounts (practice_id);
CREATE INDEX financial_records_practice_id ON financial_records (practice_id);
CREATE INDEX financial_records_payment_id ON financial_records (payment_id);
CREATE INDEX files_owner_id ON files (owner_id);
CREATE INDEX attachments_file_id ON attachments (file_id);
CREATE INDEX attachments_case_id ON attachments (case_id);
CREATE INDEX attachments_order_id ON attachments (order_id);
CREATE INDEX attachments_message_id ON attachments (message_id);
CREATE INDEX images_file_id ON images (file_id);
CREATE INDEX images_patient_id ON images (patient_id);
CREATE INDEX documents_file_id ON documents (file_id);
CREATE INDEX documents_patient_id ON documents (patient_id);
CREATE INDEX case_files_case_id ON case_files (case_id);
CREATE INDEX case_files_file_id ON case_files (file_id);
CREATE INDEX case_files_added_by ON case_files (added_by);
CREATE INDEX tasks_case_id ON tasks (case_id);
CREATE INDEX tasks_order_id ON tasks (order_id);
CREATE INDEX tasks_assignee_id ON tasks (assignee_id);
CREATE INDEX workflows_case_id ON workflows (case_id);
CREATE INDEX workflows_template_id ON workflows (template_id);
CREATE INDEX brackets_case_id ON brackets (case_id);
CREATE INDEX scans_case_id ON scans (case_id);
CREATE INDEX scans_file_id ON scans (file_id);
CREATE INDEX impressions_patient_id ON impressions (patient_id);
CREATE INDEX impressions_case_id ON impressions (case_id);
CREATE INDEX measurements_case_id ON measurements (case_id);
CREATE INDEX measurements_measured_by ON measurements (measured_by);
CREATE INDEX audit_logs_profile_id ON audit_logs (profile_id);
CREATE INDEX settings_practice_id ON settings (practice_id);
CREATE INDEX preferences_profile_id ON preferences (profile_id);
CREATE INDEX technician_roles_profile_id ON technician_roles (profile_id);
CREATE INDEX permissions_profile_id ON permissions (profile_id);
CREATE INDEX permissions_practice_id ON permissions (practice_id);
CREATE INDEX appointments_patient_id ON appointments (patient_id);
CREATE INDEX appointments_doctor_id ON appointments (doctor_id);
CREATE INDEX appointments_practice_id ON appointments (practice_id);
CREATE INDEX system_events_profile_id ON system_events (profile_id);
CREATE INDEX system_events_case_id ON system_events (case_id);

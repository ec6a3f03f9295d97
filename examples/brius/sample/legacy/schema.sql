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

-- Clinical

CREATE TABLE dispatch_doctor (
    id INTEGER PRIMARY KEY,
    user_id INTEGER,
    office_id INTEGER,
    license_no VARCHAR(40),
    specialty SMALLINT,
    since VARCHAR(20),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_product (
    id INTEGER PRIMARY KEY,
    sku VARCHAR(40),
    name VARCHAR(200),
    category SMALLINT,
    price NUMERIC(10,2),
    stock INTEGER,
    active CHAR(1),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_order (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    patient_id INTEGER,
    doctor_ref VARCHAR(64),
    doctor_email VARCHAR(254),
    product_id INTEGER,
    kind SMALLINT,
    status SMALLINT,
    quantity INTEGER,
    amount NUMERIC(10,2),
    notes TEXT,
    ordered_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_jaw (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    arch SMALLINT,
    width VARCHAR(20),
    crowding VARCHAR(20),
    data TEXT,
    created_at TIMESTAMPTZ NOT NULL
);

-- A patient may have several.
CREATE TABLE dispatch_plan (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER,
    doctor_id INTEGER,
    name VARCHAR(200),
    version INTEGER,
    status SMALLINT,
    price NUMERIC(10,2),
    body TEXT,
    approved_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX dispatch_plan_patient_id ON dispatch_plan (patient_id);

-- Communications

CREATE TABLE dispatch_message (
    id INTEGER PRIMARY KEY,
    thread VARCHAR(40),
    sender_id INTEGER,
    recipient_id INTEGER,
    reply_to_id INTEGER,
    subject VARCHAR(200),
    body TEXT,
    is_read CHAR(1),
    sent_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_comment (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    author_id INTEGER,
    parent_id INTEGER,
    body TEXT,
    internal BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- Times are those of the head office's clock.
CREATE TABLE dispatch_communication (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER,
    user_id INTEGER,
    channel SMALLINT,
    direction CHAR(1),
    address VARCHAR(254),
    summary TEXT,
    payload TEXT,
    happened VARCHAR(20)
);

CREATE TABLE dispatch_feedback (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER,
    project_id INTEGER,
    rating VARCHAR(10),
    comment TEXT,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_notification (
    id INTEGER PRIMARY KEY,
    user_id INTEGER,
    kind SMALLINT,
    title VARCHAR(500),
    body TEXT,
    link VARCHAR(500),
    seen_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

-- Business

CREATE TABLE dispatch_bill (
    id INTEGER PRIMARY KEY,
    number VARCHAR(20) NOT NULL,
    office_id INTEGER,
    patient_id INTEGER,
    status SMALLINT NOT NULL,
    total NUMERIC(10,2) NOT NULL,
    tax NUMERIC(10,2) NOT NULL,
    currency CHAR(3),
    issued_on DATE,
    due_on DATE,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_payment (
    id INTEGER PRIMARY KEY,
    bill_id INTEGER,
    office_id INTEGER,
    payer_id INTEGER,
    method SMALLINT,
    amount NUMERIC(10,2) NOT NULL,
    refunded NUMERIC(10,2) NOT NULL,
    currency CHAR(3),
    reference VARCHAR(64),
    voided BOOLEAN NOT NULL,
    paid_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_offer (
    id INTEGER PRIMARY KEY,
    office_id INTEGER,
    product_id INTEGER,
    code VARCHAR(30),
    kind SMALLINT,
    price NUMERIC(10,2),
    valid_from VARCHAR(20),
    valid_to VARCHAR(20),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_discount (
    id INTEGER PRIMARY KEY,
    offer_id INTEGER,
    office_id INTEGER,
    name VARCHAR(100),
    percent VARCHAR(12),
    active CHAR(1),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_financial (
    id INTEGER PRIMARY KEY,
    office_id INTEGER,
    payment_id INTEGER,
    account SMALLINT NOT NULL,
    amount NUMERIC(12,2) NOT NULL,
    currency CHAR(3),
    memo VARCHAR(200),
    booked_on DATE NOT NULL
);

-- Case management

CREATE TABLE dispatch_case_file (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    file_id INTEGER,
    kind SMALLINT,
    title VARCHAR(200),
    place INTEGER,
    added_by_id INTEGER,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_task (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    order_id INTEGER,
    assignee_id INTEGER,
    name VARCHAR(200),
    kind SMALLINT,
    status SMALLINT,
    priority SMALLINT,
    due_on DATE,
    started_at TIMESTAMPTZ,
    done_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_workflow (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    template_id INTEGER,
    state SMALLINT,
    step INTEGER,
    context TEXT,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);

-- Files

CREATE TABLE dispatch_file (
    id INTEGER PRIMARY KEY,
    owner_id INTEGER,
    name VARCHAR(255),
    path VARCHAR(500),
    mime VARCHAR(100),
    size BIGINT,
    sha1 CHAR(40),
    deleted BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- `object_type` says of which table `object_id` is.
CREATE TABLE dispatch_attachment (
    id INTEGER PRIMARY KEY,
    file_id INTEGER,
    object_type VARCHAR(20),
    object_id INTEGER,
    caption VARCHAR(200),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_image (
    id INTEGER PRIMARY KEY,
    file_id INTEGER,
    patient_id INTEGER,
    view SMALLINT,
    width INTEGER,
    height INTEGER,
    taken VARCHAR(20),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_document (
    id INTEGER PRIMARY KEY,
    file_id INTEGER,
    patient_id INTEGER,
    kind SMALLINT,
    title VARCHAR(200),
    signed CHAR(1),
    language VARCHAR(5),
    created_at TIMESTAMPTZ NOT NULL
);

-- Specialised clinical data

CREATE TABLE dispatch_bracket (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    tooth VARCHAR(4),
    torque VARCHAR(12),
    angulation VARCHAR(12),
    slot VARCHAR(12),
    material SMALLINT,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_scan (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    file_id INTEGER,
    device VARCHAR(60),
    arch SMALLINT,
    resolution INTEGER,
    meta TEXT,
    scanned_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_impression (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER,
    project_id INTEGER,
    tray VARCHAR(20),
    material SMALLINT,
    quality SMALLINT,
    taken VARCHAR(20)
);

CREATE TABLE dispatch_measurement (
    id INTEGER PRIMARY KEY,
    project_id INTEGER,
    name VARCHAR(40),
    value VARCHAR(20),
    unit VARCHAR(10),
    user_id INTEGER,
    measured_at TIMESTAMPTZ NOT NULL
);

-- System

CREATE TABLE dispatch_log (
    id INTEGER PRIMARY KEY,
    user_id INTEGER,
    action VARCHAR(40),
    object_type VARCHAR(20),
    object_id INTEGER,
    ip VARCHAR(45),
    data TEXT,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_setting (
    id INTEGER PRIMARY KEY,
    office_id INTEGER,
    name VARCHAR(60),
    value TEXT,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_preference (
    id INTEGER PRIMARY KEY,
    user_id INTEGER,
    data TEXT,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE dispatch_metadata (
    id INTEGER PRIMARY KEY,
    namespace VARCHAR(40),
    name VARCHAR(60),
    value TEXT,
    updated_at TIMESTAMPTZ NOT NULL
);

-- Support

CREATE TABLE dispatch_technician_role (
    id INTEGER PRIMARY KEY,
    user_id INTEGER,
    role SMALLINT,
    station VARCHAR(40),
    since DATE
);

CREATE TABLE dispatch_permission (
    id INTEGER PRIMARY KEY,
    user_id INTEGER,
    office_id INTEGER,
    codename VARCHAR(40),
    revoked BOOLEAN NOT NULL,
    granted_at TIMESTAMPTZ NOT NULL
);

-- Times are those of the head office's clock.
CREATE TABLE dispatch_schedule (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER,
    doctor_id INTEGER,
    office_id INTEGER,
    starts VARCHAR(20),
    minutes INTEGER,
    kind SMALLINT,
    status SMALLINT,
    notes TEXT
);

CREATE TABLE dispatch_event (
    id INTEGER PRIMARY KEY,
    kind VARCHAR(40),
    user_id INTEGER,
    project_id INTEGER,
    is_test BOOLEAN NOT NULL,
    data TEXT,
    created_at TIMESTAMPTZ NOT NULL
);

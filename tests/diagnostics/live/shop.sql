CREATE TABLE old_orders (
    number INTEGER PRIMARY KEY,
    customer INTEGER,
    status TEXT NOT NULL,
    total DECIMAL(10,2) NOT NULL,
    is_open BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    maybe_at TIMESTAMP,
    quantity_text VARCHAR(10),
    notes JSON
);
CREATE TABLE customers (id INTEGER PRIMARY KEY, number INTEGER UNIQUE);
CREATE TABLE orders (
    number INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES customers (id),
    total DECIMAL(10,2),
    is_open BOOLEAN,
    label TEXT,
    short VARCHAR(3),
    notes JSON,
    created_at TIMESTAMP NOT NULL,
    status TEXT NOT NULL DEFAULT 'open',
    total_text TEXT GENERATED ALWAYS AS (label) STORED
);
CREATE TABLE log (line INTEGER);

CREATE TABLE customers (id UUID PRIMARY KEY, legacy_id INTEGER NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE addresses (
    id UUID PRIMARY KEY, customer_id UUID NOT NULL UNIQUE REFERENCES customers (id), street TEXT, city TEXT NOT NULL
);

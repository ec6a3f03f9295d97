CREATE TABLE customers (id UUID PRIMARY KEY, number TEXT NOT NULL UNIQUE, email TEXT);
CREATE TABLE orders (number TEXT PRIMARY KEY, customer_id UUID NOT NULL REFERENCES customers (id));

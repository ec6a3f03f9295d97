CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
CREATE TABLE bookings (number TEXT PRIMARY KEY, customer_id INTEGER NOT NULL);
INSERT INTO customers VALUES (7, 'ada@example.org');
INSERT INTO bookings VALUES ('B-4', 99);

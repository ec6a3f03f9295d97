CREATE TABLE orders (number INTEGER PRIMARY KEY, content JSON);
CREATE TABLE order_lines (
    id UUID PRIMARY KEY, order_number INTEGER NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL, note TEXT NOT NULL,
    UNIQUE (order_number, sku)
);
INSERT INTO orders VALUES
    (1, '{"lines": [{"sku": " a1", "quantity": 2}, {"sku": "A1"}, {"sku": "b2", "note": "blue"}]}'),
    (2, '{"lines": [{"quantity": 1}, {"sku": "c3"}]}'),
    (3, '{"lines": []}'),
    (4, NULL),
    (5, '{"lines": [{"sku": "d4"}, {"sku": "e5", "quantity": "many"}]}');

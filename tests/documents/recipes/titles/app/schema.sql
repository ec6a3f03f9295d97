CREATE TABLE documents (id INTEGER PRIMARY KEY, title TEXT NOT NULL, embedding JSON);
INSERT INTO documents VALUES
    (1, 'Terms', NULL), (2, 'Prices', '[0.5,-0.5]'), (3, 'Terms', NULL);

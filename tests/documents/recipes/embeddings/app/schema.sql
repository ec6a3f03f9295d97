CREATE TABLE documents (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT);
INSERT INTO documents VALUES
    (1, 'Terms', 'All is well.'), (2, 'Prices', NULL), (3, 'Terms', 'All is well.');

CREATE TABLE kunden (id INTEGER PRIMARY KEY, name TEXT, strasse TEXT, ort TEXT);
INSERT INTO kunden VALUES
    (1, 'Ada Example', 'Long Street 1', 'Lagos'), (2, 'Chidi Sample', '', NULL), (3, 'Noor Test', 'Short Lane 2', NULL);

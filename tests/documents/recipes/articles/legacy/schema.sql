CREATE TABLE artikel (
    nr TEXT PRIMARY KEY, bezeichnung TEXT, gewicht TEXT, aktiv TEXT, angelegt TEXT, bemerkung TEXT
);
INSERT INTO artikel VALUES
    ('7', '  Kleine   Schraube ', '0,125', 'J', '31.01.2019', ' '),
    ('12', 'Mutter', '2', 'N', '01.12.2020', 'läuft aus'),
    ('13', 'Scheibe', '12,34567', 'J', '02.12.2020', NULL);

CREATE TABLE company (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE person (id INTEGER PRIMARY KEY, company_id INTEGER, city TEXT);
INSERT INTO company VALUES (1, 'Alpha'), (2, 'Beta');
INSERT INTO person VALUES (4711, 1, 'Lagos'), (4712, 9, 'Lagos'), (4713, 2, 'Nowhere'), (4714, NULL, NULL);

CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, chief_id INTEGER REFERENCES employees (id));
CREATE TABLE letters (employee_id INTEGER);
CREATE TRIGGER welcome AFTER INSERT ON employees BEGIN INSERT INTO letters VALUES (NEW.id); END;

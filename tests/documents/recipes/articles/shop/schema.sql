CREATE TABLE articles (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, weight_kg DECIMAL(8,3), is_active BOOLEAN NOT NULL,
    added_on DATE, note TEXT
);

CREATE TABLE contracts (number TEXT PRIMARY KEY, signed_on DATE, signed_note TEXT);

-- What `mapper ids people.toml --publish` leaves, as far as the recipe looks at it.
CREATE TABLE mapper_mappings (phase TEXT, legacy_key TEXT, new_id TEXT);
INSERT INTO mapper_mappings VALUES ('people.people', '4711', '0b5e0e2c-6f0e-5d0a-9d5e-0c4e2f1a7b11');
CREATE TABLE calls (number INTEGER PRIMARY KEY, person_id TEXT NOT NULL);

CREATE TABLE auth_user (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE shop_order (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL);
INSERT INTO auth_user VALUES
    (1, 'ann@example.org'),     -- was migrated before
    (2, 'ben@example.org'),
    (3, ' Ann@Example.org '),   -- the same person again
    (4, '  ');                  -- nobody can be reached there
INSERT INTO shop_order VALUES (10, 1), (11, 2), (12, 3), (13, 4);

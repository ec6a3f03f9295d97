//! E08…: tables, enums and what belongs to them.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] = &[
    &UNKNOWN_COLUMN_TYPE,
    &UNKNOWN_COLUMN,
    &UNKNOWN_TABLE,
    &REFERENCE_NOT_UNIQUE,
    &REFERENCE_TYPE,
    &BAD_DEFAULT,
    &BAD_RENAME,
    &NAME_TOO_LONG,
    &NOT_IN_THIS_STORE,
    &IMPOSSIBLE_ACTION,
    &NULL_IN_KEY,
];

/// A column's type that nobody knows.
pub static UNKNOWN_COLUMN_TYPE: Code = Code {
    id: "E0801",
    title: "unknown type of a column",
    page: Page {
        meaning: "A column's type is one of the portable types, or the name of an `[enum.…]` on \
                  the same connection, or a table that names one store's own type for each store \
                  that the spec is used with.",
        mistake: "columns.status = { type = \"varchar\" }",
        instead: "columns.status = { type = \"text(20)\" }\ncolumns.words = { type = { postgres = \"tsvector\", otherwise = \"text\" } }",
    },
};

/// A key, index or constraint of a column that is not there.
pub static UNKNOWN_COLUMN: Code = Code {
    id: "E0802",
    title: "the table has no such column",
    page: Page {
        meaning: "Primary keys, foreign keys, unique constraints and indexes name columns that \
                  the table declares; what a foreign key refers to is a column of the other \
                  table.",
        mistake: "primary_key = [\"id\"]\ncolumns.key = { type = \"uuid\" }",
        instead: "primary_key = [\"id\"]\ncolumns.id = { type = \"uuid\" }",
    },
};

/// A reference to a table that no spec declares.
pub static UNKNOWN_TABLE: Code = Code {
    id: "E0803",
    title: "unknown table",
    page: Page {
        meaning: "A foreign key refers to a table on the same connection that this spec, or \
                  another one that is run with it, declares. A table that is there already is \
                  declared with `existing = true`.",
        mistake: "columns.owner = { type = \"uuid\", references = \"user.id\" }",
        instead: "[table.users]\nconnection = \"app\"\nexisting = true\n[table.notes]\ncolumns.owner = { type = \"uuid\", references = \"users.id\" }",
    },
};

/// A reference to a column that may hold a value twice.
pub static REFERENCE_NOT_UNIQUE: Code = Code {
    id: "E0804",
    title: "a foreign key refers to what is not unique",
    page: Page {
        meaning: "What a foreign key refers to is the other table's primary key, or columns that \
                  are unique: otherwise it is not said which row is meant.",
        mistake: "[table.users]\nprimary_key = [\"id\"]\ncolumns.id = { type = \"uuid\" }\ncolumns.email = { type = \"text\" }\n[table.notes]\ncolumns.owner = { type = \"text\", references = \"users.email\" }",
        instead: "columns.email = { type = \"text\", unique = true }   # in the table that is referred to",
    },
};

/// A foreign key between different types.
pub static REFERENCE_TYPE: Code = Code {
    id: "E0805",
    title: "a foreign key between different types",
    page: Page {
        meaning: "The columns of a foreign key have the types of the columns that they refer to, \
                  one for one.",
        mistake: "columns.owner = { type = \"text\", references = \"users.id\" }   # users.id is a uuid",
        instead: "columns.owner = { type = \"uuid\", references = \"users.id\" }",
    },
};

/// A default that the column can't hold.
pub static BAD_DEFAULT: Code = Code {
    id: "E0806",
    title: "the default does not fit the column",
    page: Page {
        meaning: "A default is a literal of the column's type. `\"uuid\"` in a uuid column is a \
                  new random one, `\"now\"` in a timestamp, datetime, date or time column the \
                  moment of writing, `\"identity\"` in an integer column the next number. \
                  Anything else is an expression in the store's language: `{ expr = \"…\" }`.",
        mistake: "columns.retries = { type = \"integer\", default = \"none\" }",
        instead: "columns.retries = { type = \"integer\", default = 0 }",
    },
};

/// A name before that can't be.
pub static BAD_RENAME: Code = Code {
    id: "E0807",
    title: "nothing can have been renamed so",
    page: Page {
        meaning: "`renamed_from` names what something was called before. A name that the spec \
                  still declares belongs to something else, and two things can't both have had \
                  one name.",
        mistake: "columns.title = { type = \"text\" }\ncolumns.name = { type = \"text\", renamed_from = \"title\" }",
        instead: "columns.name = { type = \"text\", renamed_from = \"title\" }",
    },
};

/// A name that stores cut off.
pub static NAME_TOO_LONG: Code = Code {
    id: "E0808",
    title: "the name is too long for a store",
    page: Page {
        meaning: "PostgreSQL cuts names off after 63 bytes, and MariaDB refuses more than 64 \
                  characters, so that a longer one would not be found again.",
        mistake: "name = \"the_index_that_finds_tasks_by_their_owner_and_the_moment_of_creation\"",
        instead: "name = \"tasks_by_owner_and_time\"",
    },
};

/// Something that the connection's store does not have.
pub static NOT_IN_THIS_STORE: Code = Code {
    id: "E0809",
    title: "the store has no such thing",
    page: Page {
        meaning: "Extensions are PostgreSQL's. A type that is given for each store needs one for \
                  the store of the connection, or `otherwise`. Collections have no foreign keys, \
                  checks, defaults or generated fields.",
        mistake: "columns.words = { type = { postgres = \"tsvector\" } }   # and the URL is sqlite:…",
        instead: "columns.words = { type = { postgres = \"tsvector\", otherwise = \"text\" } }",
    },
};

/// An action of a foreign key that its columns do not allow.
pub static IMPOSSIBLE_ACTION: Code = Code {
    id: "E0810",
    title: "the columns do not allow this action",
    page: Page {
        meaning: "`set_null` empties the columns of the foreign key, so they must be allowed to \
                  be null; `set_default` needs a default in each.",
        mistake: "columns.owner = { type = \"uuid\", references = \"users.id\", on_delete = \"set_null\" }",
        instead: "columns.owner = { type = \"uuid\", null = true, references = \"users.id\", on_delete = \"set_null\" }",
    },
};

/// A primary key with a column that may be null.
pub static NULL_IN_KEY: Code = Code {
    id: "E0811",
    title: "a column of the primary key may be null",
    page: Page {
        meaning: "Each row is told from all others by its primary key, so no part of it may be \
                  missing.",
        mistake: "primary_key = [\"id\"]\ncolumns.id = { type = \"uuid\", null = true }",
        instead: "primary_key = [\"id\"]\ncolumns.id = { type = \"uuid\" }",
    },
};

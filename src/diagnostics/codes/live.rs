//! E06…: the spec against what the stores really hold (`mapper check --connect`).

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] = &[
    &STORE_FAILED,
    &NO_SUCH_ENTITY,
    &NO_SUCH_COLUMN,
    &NO_SUCH_TARGET_COLUMN,
    &GENERATED_COLUMN,
    &COLUMN_NOT_FILLED,
    &TYPE_MISMATCH,
    &ARITHMETIC,
    &PATH_INTO_COLUMN,
    &NO_SOURCE_KEY,
];

/// A store that can't be looked at.
pub static STORE_FAILED: Code = Code {
    id: "E0601",
    title: "store can't be looked at",
    page: Page {
        meaning: "The store can't be reached, or refuses to show its catalog.",
        mistake: "url = \"sqlite:no/such/folder/shop.db\"",
        instead: "url = \"sqlite:data/shop.db\"",
    },
};

/// A table or collection that is not there.
pub static NO_SUCH_ENTITY: Code = Code {
    id: "E0602",
    title: "no such table or collection",
    page: Page {
        meaning: "The store has no table or collection of this name.",
        mistake: "source = { connection = \"shop\", table = \"order\" }",
        instead: "source = { connection = \"shop\", table = \"orders\" }",
    },
};

/// A column that the source does not have.
pub static NO_SUCH_COLUMN: Code = Code {
    id: "E0603",
    title: "no such column",
    page: Page {
        meaning: "A path, template or expression names a column that the source does not \
                  have; it would be missing in every record.",
        mistake: "total = \"totl\"",
        instead: "total = \"total\"",
    },
};

/// A column that the target does not have.
pub static NO_SUCH_TARGET_COLUMN: Code = Code {
    id: "E0604",
    title: "no such column in the target",
    page: Page {
        meaning: "The mapping, a key, an index or a check names a column that the target's \
                  table does not have.",
        mistake: "fields = { totl = \"total\" }",
        instead: "fields = { total = \"total\" }",
    },
};

/// A column that the store computes.
pub static GENERATED_COLUMN: Code = Code {
    id: "E0605",
    title: "column is computed by the store",
    page: Page {
        meaning: "The target computes this column by itself and refuses values for it.",
        mistake: "fields = { full_name = \"full_name\" }",
        instead: "fields = { first_name = \"first_name\", last_name = \"last_name\" }",
    },
};

/// A column that must not be null and that nobody fills.
pub static COLUMN_NOT_FILLED: Code = Code {
    id: "E0606",
    title: "required column is not filled",
    page: Page {
        meaning: "The column does not allow null and has no default, and the mapping does \
                  not make it: every new record would be refused.",
        mistake: "fields = { number = \"number\" }",
        instead: "fields = { number = \"number\", created_at = \"created_at\" }",
    },
};

/// A value that can never be held.
pub static TYPE_MISMATCH: Code = Code {
    id: "E0607",
    title: "types do not fit",
    page: Page {
        meaning: "A value of the one type is never one that the other can hold. Change it \
                  on the way, with `cast`, `parse`, `format` or a transform.",
        mistake: "created_on = \"is_open\"",
        instead: "created_on = { from = \"created_at\", cast = \"date\", timezone = \"UTC\" }",
    },
};

/// Arithmetic that would not be exact.
pub static ARITHMETIC: Code = Code {
    id: "E0608",
    title: "arithmetic on an opaque value",
    page: Page {
        meaning: "Decimals, bytes and times are opaque in expressions: they can be \
                  printed, tested and compared, and nothing else. Exact arithmetic is a \
                  transform: `add`, `multiply`, `round`.",
        mistake: "gross = { expr = \"net * 2\" }",
        instead: "gross = { from = \"net\", apply = { multiply = 2 } }",
    },
};

/// A path into a column that is no JSON.
pub static PATH_INTO_COLUMN: Code = Code {
    id: "E0609",
    title: "column is no document",
    page: Page {
        meaning: "A target key with dots reaches into a column that holds JSON; this \
                  column holds something else.",
        mistake: "\"name.first\" = \"first_name\"",
        instead: "first_name = \"first_name\"",
    },
};

/// A source without a key.
pub static NO_SOURCE_KEY: Code = Code {
    id: "E0610",
    title: "source has no key",
    page: Page {
        meaning: "Records are read in the order of a unique key, so that a run can go on \
                  where it stopped. This table has no primary key, so the source needs \
                  `key`.",
        mistake: "source = { connection = \"shop\", table = \"log\" }",
        instead: "source = { connection = \"shop\", table = \"log\", key = [\"at\", \"line\"] }",
    },
};

//! E09…: test data.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] =
    &[&UNKNOWN_SEED, &UNKNOWN_FAKE, &BAD_GENERATOR, &NOT_UNIQUE, &UNKNOWN_SEED_FIELD];

/// A seed that nobody defines.
pub static UNKNOWN_SEED: Code = Code {
    id: "E0901",
    title: "unknown seed",
    page: Page {
        meaning: "The name is not one of the `[seed.…]` tables of this spec, of the files that it \
                  includes, or of the specs that are read together with it. `after` and \
                  `reference` name seeds. Rows that are in a table already are referred to by \
                  `reference = { table = \"…\" }`.",
        mistake: "customer_id = { reference = \"custmers\" }",
        instead: "[seed.customers]\nconnection = \"shop\"\ntable = \"customers\"\nfields = { id = { id = \"uuid\" } }\n[seed.orders.fields]\ncustomer_id = { reference = \"customers\" }",
    },
};

/// A kind of made-up text that is not there.
pub static UNKNOWN_FAKE: Code = Code {
    id: "E0902",
    title: "unknown fake",
    page: Page {
        meaning: "There is no made-up text of this kind. `mapper list fakes` lists the kinds that \
                  there are; `pick` takes any other values.",
        mistake: "name = { fake = \"fullname\" }",
        instead: "name = { fake = \"name\" }",
    },
};

/// A generator that makes nothing sensible.
pub static BAD_GENERATOR: Code = Code {
    id: "E0903",
    title: "generator can't work",
    page: Page {
        meaning: "What the generator is told contradicts itself: a smallest value above the \
                  largest, weights that do not match the values, a time that is none, dirt that \
                  the value can't have, a template that uses itself.",
        mistake: "status = { pick = [\"open\", \"closed\"], weights = [1, 2, 3] }",
        instead: "status = { pick = [\"open\", \"closed\"], weights = [1, 2] }",
    },
};

/// There are fewer values than rows.
pub static NOT_UNIQUE: Code = Code {
    id: "E0904",
    title: "values can't all be different",
    page: Page {
        meaning: "`unique = true` promises that no two rows have the same value, and there are \
                  fewer values than rows. `--count` makes more rows than the spec says, so this \
                  may show only then.",
        mistake: "[seed.shelves]\ncount = 50\nfields = { code = { integer = { min = 1, max = 9 }, unique = true } }",
        instead: "[seed.shelves]\ncount = 50\nfields = { code = { integer = { min = 1, max = 999 }, unique = true } }",
    },
};

/// A field that a seed does not make.
pub static UNKNOWN_SEED_FIELD: Code = Code {
    id: "E0905",
    title: "unknown field of a seed",
    page: Page {
        meaning: "`take`, `where` and templates use fields that a seed makes. A template sees the \
                  fields of its own row and `row`, the row's number. What only the database makes \
                  can be taken when it is the primary key of the table.",
        mistake: "email = { template = \"{{ fristName }}@example.com\" }",
        instead: "email = { template = \"{{ firstName }}@example.com\" }",
    },
};

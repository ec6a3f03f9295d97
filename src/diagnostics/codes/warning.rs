//! W…: what is allowed, and worth a look.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] = &[
    &UNUSED_CONNECTION,
    &UNUSED_CROSSWALK,
    &UNUSED_LET,
    &SIMILAR_COLUMN,
    &UNCERTAIN_TYPE,
    &NO_UNIQUE_INDEX,
    &PATH_NOT_FOUND,
    &REPLACE_FORGETS,
    &ENTITY_NOT_THERE,
];

/// A connection that nothing uses.
pub static UNUSED_CONNECTION: Code = Code {
    id: "W0301",
    title: "connection is not used",
    page: Page {
        meaning: "Nothing in this spec uses the connection. It is not opened.",
        mistake: "[connections.archive]\nurl = \"sqlite:archive.db\"",
        instead: "source = { connection = \"archive\", table = \"orders\" }",
    },
};

/// A crosswalk that nothing uses.
pub static UNUSED_CROSSWALK: Code = Code {
    id: "W0302",
    title: "crosswalk is not used",
    page: Page {
        meaning: "No field of this spec uses the crosswalk.",
        mistake: "[crosswalk.status]\nO = \"open\"",
        instead: "status = { from = \"status\", crosswalk = \"status\" }",
    },
};

/// A named value that nothing uses.
pub static UNUSED_LET: Code = Code {
    id: "W0401",
    title: "named value is not used",
    page: Page {
        meaning: "Nothing in the phase uses the value. It is computed nevertheless, and a \
                  failure in it would be no one's.",
        mistake: "[phase.orders.let]\ntotal = { from = \"total\", cast = \"decimal\" }",
        instead: "total = \"let.total\"",
    },
};

/// A name that is almost one of the declared columns.
pub static SIMILAR_COLUMN: Code = Code {
    id: "W0402",
    title: "name is almost a declared column",
    page: Page {
        meaning: "The source declares the types of some of its columns. This name is none \
                  of them, but is spelt much like one. `mapper check --connect` knows all \
                  of them.",
        mistake: "source = { files = \"orders.csv\", columns = { quantity = \"integer\" } }\nfields = { quantity = \"quantitiy\" }",
        instead: "fields = { quantity = \"quantity\" }",
    },
};

/// A value that may not fit.
pub static UNCERTAIN_TYPE: Code = Code {
    id: "W0601",
    title: "values may not fit",
    page: Page {
        meaning: "Some values of the one type are not ones that the other can hold; those \
                  records will be rejected. A `cast` makes the intention plain, and \
                  `on_error` decides about failures.",
        mistake: "number = \"number_as_text\"",
        instead: "number = { from = \"number_as_text\", cast = \"integer\" }",
    },
};

/// A target key without a unique index.
pub static NO_UNIQUE_INDEX: Code = Code {
    id: "W0602",
    title: "no unique index on the key",
    page: Page {
        meaning: "No unique index covers the target's key, so the store can't stop \
                  somebody else from writing the same key meanwhile. The engine compares \
                  under the run's lock, and reads more for it.",
        mistake: "target = { connection = \"shop\", table = \"orders\", key = [\"number\"] }",
        instead: "[[index]]\nconnection = \"shop\"\ntable = \"orders\"\nkeys = [\"number\"]\nunique = true\nwhen = \"before\"",
    },
};

/// A path that no document has.
pub static PATH_NOT_FOUND: Code = Code {
    id: "W0603",
    title: "no document has this path",
    page: Page {
        meaning: "None of the documents that were looked at has this path. It may be \
                  misspelt, or be rare.",
        mistake: "city = \"adress.city\"",
        instead: "city = \"address.city\"",
    },
};

/// Columns that a replacement empties.
pub static REPLACE_FORGETS: Code = Code {
    id: "W0604",
    title: "replacing forgets columns",
    page: Page {
        meaning: "`on_conflict = \"replace\"` makes a record what the mapping gives and \
                  nothing else: columns that are not mapped go back to their default.",
        mistake: "on_conflict = \"replace\"",
        instead: "on_conflict = \"update\"",
    },
};

/// A collection that is not there yet.
pub static ENTITY_NOT_THERE: Code = Code {
    id: "W0605",
    title: "collection is not there",
    page: Page {
        meaning: "The store has no collection of this name. Reading it gives no records.",
        mistake: "source = { connection = \"shop\", collection = \"order\" }",
        instead: "source = { connection = \"shop\", collection = \"orders\" }",
    },
};

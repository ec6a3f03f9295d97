//! E05…: what stores can and can't do.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] = &[
    &UNKNOWN_SCHEME,
    &WRONG_ENTITY_KIND,
    &IMPOSSIBLE_WRITE,
    &IMPOSSIBLE_READ,
    &NO_TRANSACTION,
    &IMPOSSIBLE_MODEL,
    &UNKNOWN_FORMAT,
    &UNKNOWN_ENCODING,
    &EXPECTATION,
    &NOT_SWITCHED,
];

/// A URL scheme that no connector has.
pub static UNKNOWN_SCHEME: Code = Code {
    id: "E0501",
    title: "no connector for this scheme",
    page: Page {
        meaning: "The connector follows the URL's scheme. `mapper list connectors` shows \
                  the schemes.",
        mistake: "url = \"sqlit:shop.db\"",
        instead: "url = \"sqlite:shop.db\"",
    },
};

/// A table where collections are, or the other way round.
pub static WRONG_ENTITY_KIND: Code = Code {
    id: "E0502",
    title: "tables and collections are mixed up",
    page: Page {
        meaning: "A connection holds either tables or collections. MongoDB holds \
                  collections; SQLite holds tables unless its connection says `model = \
                  \"documents\"`.",
        mistake: "[connections.shop]\nurl = \"sqlite:shop.db\"\n[phase.orders]\nsource = { connection = \"shop\", collection = \"orders\" }",
        instead: "[connections.shop]\nurl = \"sqlite:shop.db\"\nmodel = \"documents\"\n[phase.orders]\nsource = { connection = \"shop\", collection = \"orders\" }",
    },
};

/// A way to write that can't be.
pub static IMPOSSIBLE_WRITE: Code = Code {
    id: "E0503",
    title: "impossible way to write",
    page: Page {
        meaning: "In a table every column is there, so `fill` sets columns that are null \
                  and says so with `null_is_missing = true`. `patch` and `fill` need at \
                  least one field beside the key.",
        mistake: "target = { connection = \"shop\", table = \"orders\", key = [\"number\"], write = \"fill\" }",
        instead: "target = { connection = \"shop\", table = \"orders\", key = [\"number\"], write = \"fill\", null_is_missing = true }",
    },
};

/// A way to read that the store does not have.
pub static IMPOSSIBLE_READ: Code = Code {
    id: "E0504",
    title: "impossible way to read",
    page: Page {
        meaning: "Queries are for stores with tables, aggregation pipelines for MongoDB.",
        mistake: "[connections.shop]\nurl = \"sqlite:shop.db\"\nmodel = \"documents\"\n[phase.orders]\nsource = { connection = \"shop\", query = \"SELECT 1\" }",
        instead: "source = { connection = \"shop\", collection = \"orders\", filter = { status = \"open\" } }",
    },
};

/// A transaction over a phase where there are none.
pub static NO_TRANSACTION: Code = Code {
    id: "E0505",
    title: "no transaction over a whole phase",
    page: Page {
        meaning: "The store has no transactions over many documents, so a phase can't \
                  commit as a whole. Each batch is safe by itself: an interrupted run goes \
                  on where it stopped.",
        mistake: "transaction = \"phase\"",
        instead: "transaction = \"batch\"",
    },
};

/// A model that the store does not have.
pub static IMPOSSIBLE_MODEL: Code = Code {
    id: "E0506",
    title: "impossible model",
    page: Page {
        meaning: "`model` chooses between tables and collections on a store that can do \
                  both: SQLite.",
        mistake: "url = \"mongodb://localhost/shop\"\nmodel = \"tables\"",
        instead: "url = \"mongodb://localhost/shop\"",
    },
};

/// Files whose format is not known.
pub static UNKNOWN_FORMAT: Code = Code {
    id: "E0507",
    title: "format is not known",
    page: Page {
        meaning: "A file's format goes by its ending: `.jsonl`, `.ndjson` and `.json` are \
                  JSON Lines, `.csv` and `.tsv` are CSV, each also with `.gz` or `.zst` \
                  after it. Other endings need `format`.",
        mistake: "source = { files = \"orders.txt\" }",
        instead: "source = { files = \"orders.txt\", format = \"csv\" }",
    },
};

/// An encoding that does not exist.
pub static UNKNOWN_ENCODING: Code = Code {
    id: "E0508",
    title: "unknown encoding",
    page: Page {
        meaning: "Encodings are labels of the WHATWG Encoding Standard: `utf-8`, \
                  `windows-1252`, `iso-8859-15`, `utf-16le`, `shift_jis` ….",
        mistake: "source = { files = \"orders.csv\", encoding = \"ansi\" }",
        instead: "source = { files = \"orders.csv\", encoding = \"windows-1252\" }",
    },
};

/// A check whose expectation can't be judged.
pub static EXPECTATION: Code = Code {
    id: "E0509",
    title: "expectation can't be judged",
    page: Page {
        meaning: "`explained_by` explains a difference to `equals` or `rows`, so one of \
                  them must be there. And a smallest value is not larger than the largest.",
        mistake: "expect = { min = 10, max = 1 }",
        instead: "expect = { min = 1, max = 10 }",
    },
};

/// Triggers or foreign keys that can't be off.
pub static NOT_SWITCHED: Code = Code {
    id: "E0510",
    title: "triggers or foreign keys can't be off there",
    page: Page {
        meaning: "`triggers = \"off\"` works in PostgreSQL and SQLite. MariaDB and MySQL have no \
                  way to switch a trigger off and on again, and stores of documents have none. \
                  `foreign_keys = \"deferred\"` works wherever there are foreign keys: in every \
                  store of tables.",
        mistake: "[connections.shop]\nurl = \"mysql://user@localhost/shop\"\n[phase.orders]\ntarget = { connection = \"shop\", table = \"orders\", key = [\"number\"] }\ntriggers = \"off\"",
        instead: "foreign_keys = \"deferred\"",
    },
};

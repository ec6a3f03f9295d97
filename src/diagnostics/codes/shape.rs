//! E02…: the shape of a document: keys and the kinds of their values.

use crate::diagnostics::{Code, Page};

/// `E0209` was about keys that an early version did not know; its number stays unused.
pub(super) static CODES: &[&Code] = &[
    &UNKNOWN_KEY,
    &MISSING_KEY,
    &WRONG_TYPE,
    &BAD_CHOICE,
    &DUPLICATE,
    &SEVERAL_OF,
    &NONE_OF,
    &DOTTED_KEY,
    &BAD_LITERAL,
    &BAD_VALUE,
    &SPEC_VERSION,
    &BAD_NAME,
    &EMPTY,
    &MISPLACED_KEY,
    &BAD_FILTER,
    &MARK_READS,
    &MARK_FIELD,
];

/// A key that the table does not have.
pub static UNKNOWN_KEY: Code = Code {
    id: "E0201",
    title: "unknown key",
    page: Page {
        meaning: "The table has no key of this name. A key is never ignored: a misspelt one would \
                  change what the spec does without a word.",
        mistake: "[phase.orders]\nbatchs = 500",
        instead: "[phase.orders]\nbatch = 500",
    },
};

/// A key that the table must have.
pub static MISSING_KEY: Code = Code {
    id: "E0202",
    title: "missing key",
    page: Page {
        meaning: "The table needs this key.",
        mistake: "target = { connection = \"shop\" }",
        instead: "target = { connection = \"shop\", table = \"orders\", key = [\"id\"] }",
    },
};

/// A value of a type that the key does not take.
pub static WRONG_TYPE: Code = Code {
    id: "E0203",
    title: "wrong type",
    page: Page {
        meaning: "The key takes another type of value. A text that consists of a variable, such as \
                  \"${BATCH:-1000}\", also serves where a number or a truth value is expected.",
        mistake: "batch = \"many\"",
        instead: "batch = 1000",
    },
};

/// A word that is none of the choices.
pub static BAD_CHOICE: Code = Code {
    id: "E0204",
    title: "not one of the choices",
    page: Page {
        meaning: "The key takes one of a fixed set of words.",
        mistake: "on_conflict = \"ignore\"",
        instead: "on_conflict = \"skip\"",
    },
};

/// Something is defined twice.
pub static DUPLICATE: Code = Code {
    id: "E0205",
    title: "defined twice",
    page: Page {
        meaning: "A name stands for one thing. The same key occurs twice in a table, or two files \
                  that are read together define the same connection, crosswalk, phase, table or \
                  spec name.",
        mistake: "[connections.shop]\nurl = \"sqlite:a.db\"\n[connections.shop]\nurl = \"sqlite:b.db\"",
        instead: "[connections.shop]\nurl = \"sqlite:a.db\"\n[connections.archive]\nurl = \"sqlite:b.db\"",
    },
};

/// Keys that exclude each other.
pub static SEVERAL_OF: Code = Code {
    id: "E0206",
    title: "keys exclude each other",
    page: Page {
        meaning: "Only one of these keys can stand in the table; a field, for one, has exactly one \
                  origin.",
        mistake: "status = { from = \"status\", value = \"new\" }",
        instead: "status = { from = \"status\", default = \"new\" }",
    },
};

/// One key of a group is needed.
pub static NONE_OF: Code = Code {
    id: "E0207",
    title: "one of several keys is missing",
    page: Page {
        meaning: "The table needs exactly one of these keys; a field, for one, needs an origin.",
        mistake: "total = { cast = \"decimal\" }",
        instead: "total = { from = \"total\", cast = \"decimal\" }",
    },
};

/// A dotted key without quotes.
pub static DOTTED_KEY: Code = Code {
    id: "E0208",
    title: "dotted key without quotes",
    page: Page {
        meaning: "TOML reads a dotted key without quotes as nested tables. A path into a document, \
                  and a name that holds a dot, is one key and stands in quotes.",
        mistake: "[phase.orders.fields]\naddress.city = \"city\"",
        instead: "[phase.orders.fields]\n\"address.city\" = \"city\"",
    },
};

/// Extended JSON that can't be read.
pub static BAD_LITERAL: Code = Code {
    id: "E0210",
    title: "literal can't be read",
    page: Page {
        meaning: "A table with a key that begins with `$` is a literal in extended JSON: `$null`, \
                  `$numberInt`, `$numberLong`, `$numberDouble`, `$numberDecimal`, `$oid`, `$uuid`, \
                  `$binary` or `$date`. This one has another key, or a content that does not fit \
                  it.",
        mistake: "value = { \"$oid\" = \"17\" }",
        instead: "value = { \"$oid\" = \"507f1f77bcf86cd799439011\" }",
    },
};

/// A value of the right type that can't be used.
pub static BAD_VALUE: Code = Code {
    id: "E0211",
    title: "value can't be used",
    page: Page {
        meaning: "The value has the right type but is out of range, or is written in a way that \
                  can't be read: durations are like \"100ms\", \"5s\" or \"2m\", shares are like \
                  \"1%\".",
        mistake: "batch = 0\nmax_rejects = \"few\"",
        instead: "batch = 1000\nmax_rejects = \"1%\"",
    },
};

/// A version of the language that this program does not know.
pub static SPEC_VERSION: Code = Code {
    id: "E0212",
    title: "unknown version of the language",
    page: Page {
        meaning: "`spec` is the version of the spec language. This program reads version 1.",
        mistake: "spec = 2",
        instead: "spec = 1",
    },
};

/// A name with characters that names don't have.
pub static BAD_NAME: Code = Code {
    id: "E0213",
    title: "not a name",
    page: Page {
        meaning: "Names of specs, connections, crosswalks and phases consist of letters, digits, \
                  `_` and `-`: a phase's full name is `spec.phase`, and names stand in commands \
                  and in the ledger.",
        mistake: "[phase.\"new orders\"]",
        instead: "[phase.new_orders]",
    },
};

/// Something empty where something is needed.
pub static EMPTY: Code = Code {
    id: "E0214",
    title: "empty value",
    page: Page {
        meaning: "The key needs at least one entry, or a text that is not empty.",
        mistake: "key = []",
        instead: "key = [\"id\"]",
    },
};

/// A key that means nothing without another one.
pub static MISPLACED_KEY: Code = Code {
    id: "E0215",
    title: "key has no meaning here",
    page: Page {
        meaning: "The table has this key, but not together with the others in it: it belongs to a \
                  key that is absent.",
        mistake: "city = { from = \"city\", on_missing = \"null\" }",
        instead: "city = { lookup = \"cities\", from = \"city_id\", on_missing = \"null\" }",
    },
};

/// A filter that can't be read.
pub static BAD_FILTER: Code = Code {
    id: "E0216",
    title: "filter can't be read",
    page: Page {
        meaning: "A filter names fields, each with a value or with operators: `$eq`, `$ne`, `$gt`, \
                  `$gte`, `$lt`, `$lte`, `$in`, `$nin`, `$exists`, `$not`. `$and`, `$or` and `$nor` \
                  take lists of filters. It means the same on every store.",
        mistake: "filter = { total = { \"$greater\" = 100 } }",
        instead: "filter = { total = { \"$gt\" = 100 } }",
    },
};

/// A mark that needs the record.
pub static MARK_READS: Code = Code {
    id: "E0217",
    title: "mark reads a record",
    page: Page {
        meaning: "`mark` is what is set in a record of the target when the source no longer has \
                  it. There is no source record then to take a value from: a mark is a literal, \
                  or an expression or template of `now`.",
        mistake: "source = { connection = \"shop\", table = \"old_orders\", deleted = \"mark\" }\n[phase.orders.mark]\ndeleted_at = \"changed\"",
        instead: "source = { connection = \"shop\", table = \"old_orders\", deleted = \"mark\" }\n[phase.orders.mark]\ndeleted_at = { expr = \"now\" }",
    },
};

/// A mark on a field that can't have one.
pub static MARK_FIELD: Code = Code {
    id: "E0218",
    title: "field can't be marked",
    page: Page {
        meaning: "A record that comes back to the source gets the values of its `fields` again, \
                  and is no longer marked. So what `mark` sets is one of the `fields`. The key and \
                  the id of a record always stay.",
        mistake: "[phase.orders.fields]\nnumber = \"number\"\n[phase.orders.mark]\ngone = { value = true }",
        instead: "[phase.orders.fields]\nnumber = \"number\"\ngone = { value = false }\n[phase.orders.mark]\ngone = { value = true }",
    },
};

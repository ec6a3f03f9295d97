//! E04…: paths, expressions, templates and what is done to values.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] = &[
    &BAD_PATH,
    &BAD_SYNTAX,
    &UNKNOWN_FUNCTION,
    &UNKNOWN_LET,
    &LET_CYCLE,
    &NAME_OUT_OF_PLACE,
    &UNKNOWN_TRANSFORM,
    &BAD_ARGUMENT,
    &UNKNOWN_TYPE,
    &UNKNOWN_TIMEZONE,
    &BAD_TIME_PATTERN,
    &BAD_ID,
    &RESERVED_NAME,
    &EACH_LOOKUP,
    &MISSING_TIMEZONE,
];

/// A text that is no path.
pub static BAD_PATH: Code = Code {
    id: "E0401",
    title: "not a path",
    page: Page {
        meaning: "Paths are JSONPath (RFC 9535), the leading `$.` left out at will: \
                  `address.city`, `lines[0].sku`, `lines[*].sku`. A name with other \
                  characters than letters, digits and `_` is written `['like this']`. A \
                  target key in quotes is field names with dots between them.",
        mistake: "city = \"address..[\"",
        instead: "city = \"address.city\"",
    },
};

/// A template or expression with a mistake in it.
pub static BAD_SYNTAX: Code = Code {
    id: "E0402",
    title: "template or expression can't be read",
    page: Page {
        meaning: "Expressions and templates are MiniJinja (the syntax of Jinja2). This one \
                  is not complete, or has something where it can't be.",
        mistake: "when = \"not total and and status\"",
        instead: "when = \"not total and status\"",
    },
};

/// A filter, test, function or statement that MiniJinja does not have.
pub static UNKNOWN_FUNCTION: Code = Code {
    id: "E0403",
    title: "unknown filter, test or function",
    page: Page {
        meaning: "The template or expression uses a filter (`| name`), a test (`is name`), \
                  a function or a statement that does not exist here. Transforms of \
                  `apply` are no filters.",
        mistake: "template = \"{{ title | uppercase }}\"",
        instead: "template = \"{{ title | upper }}\"",
    },
};

/// A named value that the phase does not have.
pub static UNKNOWN_LET: Code = Code {
    id: "E0404",
    title: "unknown named value",
    page: Page {
        meaning: "`let.name` is a value of the phase's `let` table. This name is not in \
                  it.",
        mistake: "total = \"let.totl\"",
        instead: "[phase.orders.let]\ntotal = { from = \"total\", cast = \"decimal\" }\n[phase.orders.fields]\ntotal = \"let.total\"",
    },
};

/// Named values that need each other.
pub static LET_CYCLE: Code = Code {
    id: "E0405",
    title: "named values go in a circle",
    page: Page {
        meaning: "Named values may use each other in any order, but not in a circle.",
        mistake: "[phase.orders.let]\na = \"let.b\"\nb = \"let.a\"",
        instead: "[phase.orders.let]\na = \"amount\"\nb = \"let.a\"",
    },
};

/// A name that means nothing here.
pub static NAME_OUT_OF_PLACE: Code = Code {
    id: "E0406",
    title: "name means nothing here",
    page: Page {
        meaning: "`target` is the mapped record and exists only in `reject` rules, which \
                  are tested after the fields. `@` and the name that `as` gives are the \
                  current element and exist only where there is one: in a phase with \
                  `explode`, and inside `each`, `object` and `extend`. A source field that \
                  has such a name is reached through `$` in a path and through `record` in \
                  an expression.",
        mistake: "[[phase.orders.skip]]\nwhen = \"target.total < 0\"",
        instead: "[[phase.orders.reject]]\nwhen = \"target.total < 0\"",
    },
};

/// A transform that is not in the register.
pub static UNKNOWN_TRANSFORM: Code = Code {
    id: "E0407",
    title: "unknown transform",
    page: Page {
        meaning: "`apply` names transforms of the register; `mapper list transforms` shows \
                  all of them with examples.",
        mistake: "name = { from = \"name\", apply = \"trimm\" }",
        instead: "name = { from = \"name\", apply = \"trim\" }",
    },
};

/// A transform's argument that can't be used.
pub static BAD_ARGUMENT: Code = Code {
    id: "E0408",
    title: "argument can't be used",
    page: Page {
        meaning: "The transform does not have this parameter, needs one that is not given, \
                  or can't use the value. `mapper list transforms` shows the parameters of \
                  each.",
        mistake: "price = { from = \"price\", apply = { round = \"two\" } }",
        instead: "price = { from = \"price\", apply = { round = 2 } }",
    },
};

/// A type that does not exist.
pub static UNKNOWN_TYPE: Code = Code {
    id: "E0409",
    title: "unknown type",
    page: Page {
        meaning: "Types are `boolean`, `integer`, `float`, `decimal`, `decimal(10,2)`, \
                  `text`, `text(20)`, `bytes`, `date`, `time`, `datetime`, `timestamp`, \
                  `uuid`, `objectid` and `json`.",
        mistake: "total = { from = \"total\", cast = \"money\" }",
        instead: "total = { from = \"total\", cast = \"decimal(10,2)\" }",
    },
};

/// A time zone that does not exist.
pub static UNKNOWN_TIMEZONE: Code = Code {
    id: "E0410",
    title: "unknown time zone",
    page: Page {
        meaning: "Time zones are names of the IANA database, such as `Europe/Berlin` or \
                  `UTC`.",
        mistake: "timezone = \"Europe/Belrin\"",
        instead: "timezone = \"Europe/Berlin\"",
    },
};

/// A time pattern that can't be used.
pub static BAD_TIME_PATTERN: Code = Code {
    id: "E0411",
    title: "not a time pattern",
    page: Page {
        meaning: "`parse` and `format` take strftime patterns: `%d/%m/%Y`, `%H:%M`. This \
                  one has an item that does not exist.",
        mistake: "parse = \"%d/%m/%Q\"",
        instead: "parse = \"%d/%m/%Y\"",
    },
};

/// An id that can't be made so.
pub static BAD_ID: Code = Code {
    id: "E0412",
    title: "id can't be made so",
    page: Page {
        meaning: "An id is `uuid` (version 5), `objectid` or `keep`. A UUID's `namespace` \
                  is a UUID, or one of `dns`, `url`, `oid` and `x500`. Object ids belong \
                  into documents: a table takes them as text, with `cast = \"text\"`.",
        mistake: "id = { id = \"uuid\", namespace = \"orders\" }",
        instead: "id = { id = \"uuid\", namespace = \"6ba7b810-9dad-11d1-80b4-00c04fd430c8\" }",
    },
};

/// A name that has a meaning already.
pub static RESERVED_NAME: Code = Code {
    id: "E0413",
    title: "name is reserved",
    page: Page {
        meaning: "`let`, `now`, `record` and `target` have a meaning in expressions, so \
                  `as` can't give them to an element. The names of elements and of named \
                  values consist of letters, digits and `_` and do not begin with a digit, \
                  so that expressions can use them.",
        mistake: "explode = \"lines[*]\", as = \"record\"",
        instead: "explode = \"lines[*]\", as = \"line\"",
    },
};

/// A step that a list of elements can't have.
pub static EACH_LOOKUP: Code = Code {
    id: "E0414",
    title: "`each` can't be looked up",
    page: Page {
        meaning: "`each` makes the elements of a list one by one; a lookup is of one \
                  value. Look up inside `object` or `extend`, where `@` is the element.",
        mistake: "lines = { each = \"lines[*]\", lookup = \"products\" }",
        instead: "lines = { each = \"lines[*]\", extend = { product_id = { lookup = \"products\", from = \"product\" } } }",
    },
};

/// A moment whose day or clock is asked for without a zone.
pub static MISSING_TIMEZONE: Code = Code {
    id: "E0415",
    title: "time zone is missing",
    page: Page {
        meaning: "Which day and what time of day a moment is depends on the place, so a \
                  timestamp that is cast to a date, a time or a datetime, or is formatted, \
                  needs `timezone`; and so does a datetime that becomes a timestamp.",
        mistake: "day = { from = \"created_at\", cast = \"date\" }",
        instead: "day = { from = \"created_at\", cast = \"date\", timezone = \"Africa/Lagos\" }",
    },
};

//! E01…: files and their syntax.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] = &[
    &UNREADABLE_FILE,
    &NOT_UTF8,
    &TOO_LARGE,
    &TOO_DEEP,
    &SYNTAX,
    &NEWER_TOML,
    &EMPTY_SPEC,
    &NO_SPECS,
    &INCLUDE_UNREADABLE,
    &INCLUDE_CYCLE,
    &NUMBER_TOO_LARGE,
];

/// A spec file is missing or can't be read.
pub static UNREADABLE_FILE: Code = Code {
    id: "E0101",
    title: "file can't be read",
    page: Page {
        meaning: "The file or folder that was named does not exist, or this user may not read it.",
        mistake: "mapper check spec/orders.toml",
        instead: "mapper check specs/orders.toml",
    },
};

/// A spec file is not UTF-8.
pub static NOT_UTF8: Code = Code {
    id: "E0102",
    title: "file is not UTF-8",
    page: Page {
        meaning: "TOML files are UTF-8. This one holds a byte sequence that is not; often it was \
                  saved in a Windows or UTF-16 encoding.",
        mistake: "a file saved as \"Windows-1252\" or \"UTF-16\"",
        instead: "iconv -f WINDOWS-1252 -t UTF-8 orders.toml > orders.utf8.toml",
    },
};

/// A spec file is too large.
pub static TOO_LARGE: Code = Code {
    id: "E0103",
    title: "file is too large",
    page: Page {
        meaning: "A spec is read whole, and written by hand. A file of more than 10 MB is most \
                  likely data; data belongs into a file source.",
        mistake: "mapper check export.jsonl",
        instead: "source = { files = \"export.jsonl\" }",
    },
};

/// A document is nested too deeply.
pub static TOO_DEEP: Code = Code {
    id: "E0104",
    title: "nested too deeply",
    page: Page {
        meaning: "Lists, inline tables and dotted keys may go 64 levels deep.",
        mistake: "value = [[[[[[ … more than 64 … ]]]]]]",
        instead: "value = [[1, 2], [3, 4]]",
    },
};

/// A statement is not TOML.
pub static SYNTAX: Code = Code {
    id: "E0105",
    title: "not valid TOML",
    page: Page {
        meaning: "The statement can't be read as TOML. The rest of the file is read nevertheless, \
                  so that other mistakes are told in the same run.",
        mistake: "source = { connection = \"shop\" table = \"orders\" }",
        instead: "source = { connection = \"shop\", table = \"orders\" }",
    },
};

/// A statement needs a newer TOML.
pub static NEWER_TOML: Code = Code {
    id: "E0106",
    title: "needs a newer TOML than 1.0",
    page: Page {
        meaning: "Specs keep to TOML 1.0, so that every editor and tool reads them. TOML 1.1 also \
                  allows line breaks and a trailing comma in inline tables, the escapes `\\e` and \
                  `\\x41`, and times without seconds.",
        mistake: "source = {\n  connection = \"shop\",\n  table = \"orders\",\n}",
        instead: "[phase.orders.source]\nconnection = \"shop\"\ntable = \"orders\"",
    },
};

/// A spec says nothing.
pub static EMPTY_SPEC: Code = Code {
    id: "E0107",
    title: "empty spec",
    page: Page {
        meaning: "The file holds no statement: it is empty, or all of it is comments.",
        mistake: "# spec = 1",
        instead: "spec = 1\nname = \"orders\"",
    },
};

/// A folder holds no spec.
pub static NO_SPECS: Code = Code {
    id: "E0108",
    title: "no spec in the folder",
    page: Page {
        meaning: "A folder stands for the `*.toml` files directly inside it. Files that another of \
                  them includes are part of that one and not specs of their own.",
        mistake: "mapper check specs/shop/shared",
        instead: "mapper check specs/shop",
    },
};

/// An included file can't be read.
pub static INCLUDE_UNREADABLE: Code = Code {
    id: "E0109",
    title: "included file can't be read",
    page: Page {
        meaning: "A path in `include` is relative to the file that says it. There is no file \
                  there, or this user may not read it.",
        mistake: "include = [\"specs/shared/connections.toml\"]",
        instead: "include = [\"shared/connections.toml\"]",
    },
};

/// Files include each other.
pub static INCLUDE_CYCLE: Code = Code {
    id: "E0110",
    title: "files include each other",
    page: Page {
        meaning: "A file is included by what it includes itself. Put what both need into a third \
                  file.",
        mistake: "# a.toml\ninclude = [\"b.toml\"]\n# b.toml\ninclude = [\"a.toml\"]",
        instead: "# a.toml and b.toml\ninclude = [\"shared/connections.toml\"]",
    },
};

/// A number has more than 64 bits.
pub static NUMBER_TOO_LARGE: Code = Code {
    id: "E0111",
    title: "number too large",
    page: Page {
        meaning: "An integer in TOML has 64 bits, and a float must be finite after reading. A \
                  larger number is written as extended JSON, which keeps every digit.",
        mistake: "value = 99999999999999999999",
        instead: "value = { \"$numberDecimal\" = \"99999999999999999999\" }",
    },
};

//! E07…: connections, variables and secrets.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] =
    &[&UNSET_VARIABLE, &BAD_PLACEHOLDER, &PASSWORD_IN_SPEC, &BAD_URL];

/// A variable is not set and has no default.
pub static UNSET_VARIABLE: Code = Code {
    id: "E0701",
    title: "variable is not set",
    page: Page {
        meaning: "`${NAME}` is replaced by an environment variable, or by one from `.env`. This one \
                  is not set, and no default is given. A `${` that is meant as such is written \
                  `$${`.",
        mistake: "url = \"${SHOP_URL}\"",
        instead: "url = \"${SHOP_URL:-sqlite:shop.db}\"",
    },
};

/// A `${` that is no variable.
pub static BAD_PLACEHOLDER: Code = Code {
    id: "E0702",
    title: "variable can't be read",
    page: Page {
        meaning: "A variable is `${NAME}` or `${NAME:-default}`; the name consists of letters, \
                  digits and `_` and does not begin with a digit. A `${` that is meant as such is \
                  written `$${`.",
        mistake: "url = \"${SHOP URL}\"",
        instead: "url = \"${SHOP_URL}\"",
    },
};

/// A password is written in a spec.
pub static PASSWORD_IN_SPEC: Code = Code {
    id: "E0703",
    title: "password in a spec",
    page: Page {
        meaning: "Specs are kept in version control and shown in reviews. A password comes from a \
                  variable; a default in the spec is a password in the spec too.",
        mistake: "url = \"postgres://app:hunter2@db/shop\"",
        instead: "url = \"postgres://app:${SHOP_PASSWORD}@db/shop\"",
    },
};

/// A URL that can't be read.
pub static BAD_URL: Code = Code {
    id: "E0704",
    title: "not a connection URL",
    page: Page {
        meaning: "A connection's URL begins with a scheme, which names the connector, and a colon.",
        mistake: "url = \"shop.db\"",
        instead: "url = \"sqlite:shop.db\"",
    },
};

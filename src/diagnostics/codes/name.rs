//! E03…: names and how things refer to each other.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] = &[
    &UNKNOWN_CONNECTION,
    &UNKNOWN_PHASE,
    &UNKNOWN_CROSSWALK,
    &OVERLAPPING_FIELDS,
    &CYCLE,
    &KEY_NOT_MAPPED,
    &NOT_LOOKED_UP,
];

/// A connection that nobody defines.
pub static UNKNOWN_CONNECTION: Code = Code {
    id: "E0301",
    title: "unknown connection",
    page: Page {
        meaning: "The name is not one of this spec's `[connections.…]` tables, nor of the \
                  files that it includes. Connections belong to a spec: those of another \
                  spec are taken in with `include`.",
        mistake: "source = { connection = \"shpo\", table = \"orders\" }",
        instead: "[connections.shop]\nurl = \"${SHOP_URL:-sqlite:shop.db}\"\n[phase.orders]\nsource = { connection = \"shop\", table = \"orders\" }",
    },
};

/// A phase that nobody defines.
pub static UNKNOWN_PHASE: Code = Code {
    id: "E0302",
    title: "unknown phase",
    page: Page {
        meaning: "The name is not a phase of this spec, nor the full name (`spec.phase`) \
                  of a phase of another spec that is run together with it. `after`, \
                  `lookup`, `explained_by` and tests name phases.",
        mistake: "after = [\"custmers\"]",
        instead: "after = [\"customers\", \"stock.products\"]",
    },
};

/// A crosswalk that nobody defines.
pub static UNKNOWN_CROSSWALK: Code = Code {
    id: "E0303",
    title: "unknown crosswalk",
    page: Page {
        meaning: "The name is not one of this spec's `[crosswalk.…]` tables, nor of the \
                  files that it includes.",
        mistake: "status = { from = \"status\", crosswalk = \"stats\" }",
        instead: "[crosswalk.status]\nO = \"open\"\n[phase.orders.fields]\nstatus = { from = \"status\", crosswalk = \"status\" }",
    },
};

/// A field inside another field.
pub static OVERLAPPING_FIELDS: Code = Code {
    id: "E0304",
    title: "fields overlap",
    page: Page {
        meaning: "One target field lies inside another one, so that each would overwrite \
                  the other. Set the inner one in `object` or `extend` of the outer one, \
                  or set only inner ones.",
        mistake: "outcome = \"outcome\"\n\"outcome.checked\" = { value = true }",
        instead: "outcome = { from = \"outcome\", extend = { checked = { value = true } } }",
    },
};

/// Phases that wait for each other.
pub static CYCLE: Code = Code {
    id: "E0305",
    title: "phases go in a circle",
    page: Page {
        meaning: "Each of these phases waits for another one of them, so none can begin. A \
                  phase waits for those in `after`, for those whose ids it looks up, and \
                  for those that create the records that it looks up. Break the circle by \
                  taking one `after` out, or, where records refer to each other in both \
                  directions, by `stub = true` in one lookup: its value is filled in by a \
                  second pass.",
        mistake: "[phase.a]\nafter = [\"b\"]\n[phase.b]\nafter = [\"a\"]",
        instead: "[phase.a]\n[phase.b]\nafter = [\"a\"]",
    },
};

/// A key field of the target that the mapping does not make.
pub static KEY_NOT_MAPPED: Code = Code {
    id: "E0306",
    title: "key field is not mapped",
    page: Page {
        meaning: "The target's `key` says by which fields a record that is there already \
                  is found. Each of them must be one of the phase's `fields`.",
        mistake: "target = { connection = \"shop\", table = \"orders\", key = [\"number\"] }\nfields = { total = \"total\" }",
        instead: "target = { connection = \"shop\", table = \"orders\", key = [\"number\"] }\nfields = { number = \"number\", total = \"total\" }",
    },
};

/// A test that answers a lookup that the phase does not have.
pub static NOT_LOOKED_UP: Code = Code {
    id: "E0307",
    title: "no such lookup in the phase",
    page: Page {
        meaning: "`lookups` of a test says what the phase's lookups find: ids by source \
                  key for a phase, or records for a table or collection. This one is not \
                  looked up by the phase under test, or it is given in the other form.",
        mistake: "lookups = { customers = { \"7\" = 17 } }",
        instead: "customer_id = { lookup = \"customers\", from = \"customer\" }   # in the phase under test",
    },
};

//! What a mapping did to bring a record in all the same: which link of a chain served, and where a
//! failure or a missing record was made up for.

use std::collections::BTreeMap;

/// Where in a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A named value.
    Let(usize),
    /// A field.
    Field(usize),
    /// Elsewhere, where nothing is counted.
    Elsewhere,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// This link of a chain of lookups gave the value, from 1.
    Link(usize),
    /// A failure became null.
    ErrorNull,
    /// A failure became the default.
    ErrorDefault,
    /// What a lookup did not find became null.
    MissingNull,
    /// What a lookup did not find became the default.
    MissingDefault,
}

impl Repair {
    /// How it is counted.
    pub(super) fn name(self) -> String {
        match self {
            Self::Link(link) => format!("link {link}"),
            Self::ErrorNull => "on_error null".to_owned(),
            Self::ErrorDefault => "on_error default".to_owned(),
            Self::MissingNull => "on_missing null".to_owned(),
            Self::MissingDefault => "on_missing default".to_owned(),
        }
    }
}

/// How often what was done, by field (`owner_id: link 2`, `let.born: on_error null`).
pub type Repairs = BTreeMap<String, u64>;

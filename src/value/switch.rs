//! What of a table can be off while rows are moved: triggers, and the checks of foreign keys.

use serde::{Deserialize, Serialize};

use super::Row;
use super::structure::ForeignKeyDefinition;

/// What kind of thing is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchKind {
    /// A trigger.
    Trigger,
    /// A foreign key.
    ForeignKey,
}

impl SwitchKind {
    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::ForeignKey => "foreign key",
        }
    }
}

/// Something of a table that is off while a phase writes, with all that puts it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// What it is.
    pub kind: SwitchKind,
    /// The table that it belongs to.
    pub table: String,
    /// Its name there.
    pub name: String,
    /// The statements that switch it off, in the store's language. None where the session that
    /// writes just does not check.
    pub off: Vec<String>,
    /// The statements that put it back exactly as it was.
    pub on: Vec<String>,
    /// The statement by which the store takes a foreign key for proven, where it keeps that.
    pub prove: Option<String>,
    /// For a foreign key: what refers to what.
    pub key: Option<ForeignKeyDefinition>,
    /// For a foreign key: whether a row must have all of its columns or none (`MATCH FULL`).
    pub full: bool,
}

impl Switch {
    /// What it is, in words: ``foreign key `goals_owner` of `goals` ``.
    pub fn describe(&self) -> String {
        format!("{} `{}` of `{}`", self.kind.name(), self.name, self.table)
    }
}

/// Rows that violate a foreign key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Violating {
    /// How many there are.
    pub rows: u64,
    /// The primary keys of the first ones; empty where the table has none.
    pub keys: Vec<Row>,
}

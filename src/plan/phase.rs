//! A phase: from one source to one target, by one mapping.

use std::time::Duration;

use super::{ConnectionId, Enrich};
use crate::connectors::ScanSource;
use crate::expr::{Expr, IdRule, Mapping, Origin};
use crate::value::FieldPath;
use crate::value::query::Filter;

/// A phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its spec's name.
    pub spec: String,
    /// Its name, short.
    pub name: String,
    /// The name under which it ran before; what ids are made of and history is kept under.
    pub renamed_from: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// A checksum of what it does to data.
    pub checksum: String,
    /// Where records come from.
    pub source: Source,
    /// Where they go.
    pub target: Target,
    /// What becomes of each.
    pub mapping: Mapping,
    /// The lookups that the mapping names by index.
    pub lookups: Vec<Lookup>,
    /// Records per batch.
    pub batch: usize,
    /// What commits together.
    pub transaction: Transaction,
    /// What happens to a second record with the same target key.
    pub on_duplicate: OnDuplicate,
    /// How many rejects stop it.
    pub max_rejects: Option<RejectLimit>,
    /// How many records the source should hold.
    pub expected: Option<u64>,
    /// Source columns left out on purpose, with the reason.
    pub ignore: Vec<(String, String)>,
    /// For a second pass: the phase, by its name in history, whose written records alone it goes
    /// over.
    pub follows: Option<String>,
    /// The fields that services fill, in the order of the mapping's inputs.
    pub enrich: Vec<Enrich>,
    /// Whether it is run at all.
    pub enabled: bool,
    /// What of the target is off meanwhile.
    pub off: Off,
    /// What becomes of records that the source no longer has; `None` leaves them as they are.
    pub deleted: Option<Deleted>,
    /// Whether the target is exported before it begins; `None` goes by the connection.
    pub backup: Option<bool>,
}

/// What of a phase's target is off while the phase writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Off {
    /// Its triggers.
    pub triggers: bool,
    /// Its foreign keys, which are checked when all is written.
    pub foreign_keys: bool,
}

impl Off {
    /// Whether anything is.
    pub fn any(self) -> bool {
        self.triggers || self.foreign_keys
    }
}

/// What becomes of a phase's records that its source no longer has.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    /// What is done.
    pub deed: Deed,
    /// How many of the known records may be gone.
    pub most: RejectLimit,
}

impl Deleted {
    /// How many may be gone when the spec does not say: more looks like a source that is not whole.
    pub const MOST: RejectLimit = RejectLimit::Share(0.5);
}

/// What is done about a record that the source no longer has.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// It is deleted from the target.
    Delete,
    /// These fields are set.
    Mark(Vec<(FieldPath, Expr)>),
}

impl Phase {
    /// `spec.phase`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.spec, self.name)
    }

    /// The name that its history is kept under: the first one that it had.
    pub fn history_name(&self) -> String {
        format!("{}.{}", self.spec, self.renamed_from.as_deref().unwrap_or(&self.name))
    }

    /// The field that holds the record's new id, with the rule that makes it, when there is one.
    pub fn id_field(&self) -> Option<(&FieldPath, &IdRule)> {
        self.mapping.fields.iter().find_map(|(path, expr)| match &expr.origin {
            Origin::Id(rule) if expr.steps.is_empty() => Some((path, rule)),
            _ => None,
        })
    }
}

/// Where records come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The connection.
    pub connection: ConnectionId,
    /// What is read.
    pub scan: ScanSource,
    /// The ordered unique key; empty is the store's own (primary key, `_id`, file and number).
    pub key: Vec<String>,
    /// Which records.
    pub filter: Filter,
    /// How later runs find what changed; `None` reads all and compares it with the target.
    pub changes: Option<Changes>,
}

/// How a later run finds what changed in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Keys after the highest one of the last run are new; others are not looked at.
    Key {
        /// How far before that is read again.
        overlap: Option<Overlap>,
    },
    /// A column rises with every change; what is at or after the last run's mark is read.
    Column {
        /// The column or dotted path.
        column: String,
        /// How far before that is read again.
        overlap: Option<Overlap>,
    },
    /// All is read, and what is as the ledger has it is left alone.
    Hash,
}

/// How far before a mark is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Of a time.
    Time(Duration),
    /// Of a number.
    Number(u64),
}

impl Changes {
    /// Whether later runs read only a part of the source.
    pub fn is_partial(&self) -> bool {
        !matches!(self, Self::Hash)
    }
}

/// Where records go.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The connection.
    pub connection: ConnectionId,
    /// The table or collection.
    pub entity: String,
    /// The fields that identify a record. Empty only with `append`.
    pub key: Vec<FieldPath>,
    /// How records are written.
    pub write: WriteMode,
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// New records; a conflict is decided.
    Insert(OnConflict),
    /// Edits what exists, creates nothing.
    Patch,
    /// Sets what is missing in what exists.
    Fill {
        /// Whether null counts as missing.
        null_is_missing: bool,
    },
    /// New records, without a conflict key.
    Append,
}

/// What happens when a record with the key is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It stays as it is.
    Skip,
    /// Its mapped fields are updated; its id stays.
    Update,
    /// It becomes what the mapping gives, and nothing else; its id stays.
    Replace,
    /// The new one is rejected.
    Fail,
}

/// What commits together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transaction {
    /// The engine groups batches, about a second or 64 MiB.
    #[default]
    Auto,
    /// A source record is written whole or not at all: one failing element rejects all of them.
    Record,
    /// Each batch commits.
    Batch,
    /// The whole phase commits at its end.
    Phase,
}

/// What happens to a second record with the same target key within the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The first one arrives, each further one is rejected.
    #[default]
    Reject,
    /// The first one arrives, the others are skipped.
    First,
    /// The last one arrives, the others are skipped.
    Last,
}

/// How many rejects stop a phase, or how many records may be gone from its source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RejectLimit {
    /// More than this many.
    Count(u64),
    /// More than this share of what was read, from 0 to 1, once 100 were read or at the end.
    Share(f64),
}

/// A lookup of a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// In what.
    pub kind: LookupKind,
    /// Whether it is resolved in a second pass, because what it refers to may come later.
    pub stub: bool,
}

/// What a lookup looks in.
#[derive(Clone, Debug, PartialEq)]
pub enum LookupKind {
    /// The ids that a phase's records hold in the target, by source key.
    Phase {
        /// The phase's full name.
        phase: String,
    },
    /// A table or collection.
    Entity {
        /// The connection.
        connection: ConnectionId,
        /// The table or collection.
        entity: String,
        /// The column or dotted path that is taken.
        take: String,
        /// The columns or dotted paths that are matched, in the order of the call's keys.
        by: Vec<String>,
        /// What happens when several match.
        on_many: OnMany,
    },
}

/// What happens when several records match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMany {
    /// The record is rejected.
    #[default]
    Reject,
    /// The first in key order serves.
    First,
    /// The last in key order serves.
    Last,
    /// All serve, as a list in key order.
    All,
}

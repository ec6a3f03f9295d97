//! What the ledger's tables hold, as plain data.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Counts;
use crate::expr::{IdKind, IdRule};
use crate::value::Key;

/// A run: one spec's part of one command.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its id, in order of time.
    pub id: String,
    /// The spec's name.
    pub spec: String,
    /// mapper's version.
    pub version: String,
    /// The spec's checksum.
    pub checksum: String,
    /// The command line, secrets left out.
    pub command: String,
    /// Who: user and host.
    pub who: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Where it stands.
    pub state: RunState,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It is under way, or was ended by force.
    InProgress,
    /// All of it was done.
    Completed,
    /// Something failed.
    Failed,
    /// It was taken back.
    RolledBack,
}

impl RunState {
    /// The word that the ledger stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// The state of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::InProgress, Self::Completed, Self::Failed, Self::RolledBack]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A phase of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseRecord {
    /// The run.
    pub run: String,
    /// The phase's name in history: `spec.phase`, by its first name when it was renamed.
    pub phase: String,
    /// The phase's checksum.
    pub checksum: String,
    /// Where it stands.
    pub state: PhaseState,
    /// What became of its records so far.
    pub counts: Counts,
    /// Where its scan stands.
    pub checkpoint: Option<Vec<u8>>,
    /// How many batches were recorded: the number of the next.
    pub batches: u64,
    /// The value of `now` in its expressions.
    pub now: DateTime<Utc>,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How long it worked, in seconds, all its attempts together.
    pub seconds: f64,
    /// How many records the source should hold, when the spec says.
    pub expected: Option<u64>,
    /// What it failed with.
    pub error: Option<String>,
    /// How its records are found in the target.
    pub target: TargetShape,
}

impl PhaseRecord {
    /// The record's place in the ledger.
    pub fn id(&self) -> String {
        format!("{}/{}", self.run, self.phase)
    }
}

/// Where a phase stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseState {
    /// Nothing was read yet.
    NotStarted,
    /// It is under way, or was interrupted: a run goes on from its checkpoint.
    InProgress,
    /// All records have a fate.
    Completed,
    /// It was stopped by an error: a run goes on from its checkpoint.
    Failed,
    /// It was taken back.
    RolledBack,
}

impl PhaseState {
    /// The word that the ledger stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// The state of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NotStarted, Self::InProgress, Self::Completed, Self::Failed, Self::RolledBack]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// How a phase's records are found in the target, so that rollback and the id map need neither spec
/// nor source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetShape {
    /// The table or collection.
    pub entity: String,
    /// The columns or paths that identify a record there.
    pub identity: Vec<String>,
    /// The columns or paths that the phase writes, in the order in which they are hashed. Empty: the
    /// whole document.
    pub fields: Vec<String>,
    /// How ids are made from source keys, when they are.
    pub id: Option<IdShape>,
}

/// An [`IdRule`] as the ledger stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdShape {
    /// `uuid`, `objectid` or `keep`.
    pub kind: String,
    /// The UUID namespace.
    pub namespace: Option<uuid::Uuid>,
    /// The spec's name.
    pub spec: String,
    /// The phase's name.
    pub phase: String,
}

impl IdShape {
    /// The shape of a rule that works from the source key alone; `None` for one with a name
    /// template.
    pub fn of(rule: &IdRule) -> Option<Self> {
        if !rule.is_from_key() {
            return None;
        }
        let (kind, namespace) = match rule.kind {
            IdKind::Uuid(namespace) => ("uuid", namespace),
            IdKind::ObjectId => ("objectid", None),
            IdKind::Keep => ("keep", None),
        };
        Some(Self {
            kind: kind.to_owned(),
            namespace,
            spec: rule.spec.clone(),
            phase: rule.phase.clone(),
        })
    }

    /// The rule again.
    pub fn rule(&self) -> Option<IdRule> {
        let kind = match self.kind.as_str() {
            "uuid" => IdKind::Uuid(self.namespace),
            "objectid" => IdKind::ObjectId,
            "keep" => IdKind::Keep,
            _ => return None,
        };
        Some(IdRule { kind, spec: self.spec.clone(), phase: self.phase.clone(), name: None })
    }
}

/// A rejected record.
#[derive(Clone, Debug, PartialEq)]
pub struct RejectRecord {
    /// The run.
    pub run: String,
    /// The phase's name in history.
    pub phase: String,
    /// The batch's number.
    pub batch: u64,
    /// Its place within the batch.
    pub ordinal: u64,
    /// The source key, with the element's number when the phase explodes.
    pub key: Key,
    /// Why, in a word that is counted.
    pub reason: String,
    /// The field that it is about.
    pub field: Option<String>,
    /// Why, in a sentence without values.
    pub message: String,
    /// Whether it still stands.
    pub state: RejectState,
}

/// Whether a reject still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectState {
    /// It stands.
    Open,
    /// A later run or retry brought the record in, or rejected it anew.
    Resolved,
}

impl RejectState {
    /// The word that the ledger stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// Something that a run created: a table, a collection or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRecord {
    /// The run.
    pub run: String,
    /// What it is.
    pub kind: ObjectKind,
    /// The table or collection.
    pub entity: String,
    /// The index's name; the entity's own for tables and collections.
    pub name: String,
}

/// Kinds of things that a run creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A table or collection.
    Entity,
    /// An index.
    Index,
}

impl ObjectKind {
    /// The word that the ledger stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Index => "index",
        }
    }
}

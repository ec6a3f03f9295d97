//! What happens during a run, for those who watch.

use serde::Serialize;

use super::switches::Violated;
use crate::ledger::Counts;

/// Something that happened. Keys are as they may be shown; there are never values.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A database was filled from its fixtures.
    Fixtures {
        /// The connection.
        connection: String,
        /// Records loaded.
        records: u64,
    },
    /// What will be touched was backed up.
    Backup {
        /// The connection.
        connection: String,
        /// Tables or collections.
        tables: u64,
        /// Records.
        records: u64,
        /// Where the backup is.
        folder: String,
    },
    /// A phase started or goes on.
    PhaseStarted {
        /// Its full name.
        phase: String,
        /// How many records its source holds, when that is known.
        expected: Option<u64>,
        /// Whether it goes on after an interruption.
        resumed: bool,
    },
    /// A batch was written (and will be durable with the next commit).
    Batch {
        /// The phase.
        phase: String,
        /// Its number, from 1.
        batch: u64,
        /// The phase's counts so far.
        counts: Progress,
    },
    /// The fate of one record; only told on request.
    Record {
        /// The phase.
        phase: String,
        /// The source key.
        key: String,
        /// What became of it.
        fate: String,
        /// Why, for skips and rejects.
        reason: Option<String>,
        /// Why, in a sentence.
        message: Option<String>,
    },
    /// A phase was committed up to a checkpoint.
    Commit {
        /// The phase.
        phase: String,
        /// Batches that are durable now.
        batches: u64,
    },
    /// A store failed in a passing way, and the phase tries again.
    Retry {
        /// The phase.
        phase: String,
        /// Which attempt comes next, from 2.
        attempt: u32,
        /// What it failed with.
        message: String,
    },
    /// A phase ended.
    PhaseFinished {
        /// The phase.
        phase: String,
        /// Its state.
        state: String,
        /// Its counts.
        counts: Progress,
        /// How long it worked.
        seconds: f64,
    },
    /// A batch was taken back (and will be durable with the next commit).
    Undone {
        /// The phase's name in history.
        phase: String,
        /// Batches taken back so far.
        batches: u64,
        /// Of so many.
        of: u64,
    },
    /// A phase is done, and rows violate foreign keys whose check was put off.
    Violated {
        /// The phase.
        phase: String,
        /// Which, by foreign key.
        violated: Vec<Violated>,
    },
    /// An index was created or was there.
    Index {
        /// Its name.
        index: String,
        /// The table or collection.
        entity: String,
        /// Whether it was created now.
        created: bool,
    },
    /// Something of a structure was changed, or would be.
    Structure {
        /// The spec.
        spec: String,
        /// What, in words.
        change: String,
        /// The statements.
        statements: Vec<String>,
        /// Whether it was done; a dry run only tells.
        done: bool,
    },
    /// Something that was there already was taken over.
    Adopted {
        /// The spec.
        spec: String,
        /// A sentence.
        message: String,
    },
    /// A check was made.
    Check {
        /// Its name.
        check: String,
        /// Whether it holds.
        passed: bool,
        /// What was found.
        actual: String,
        /// What a failure means.
        severity: String,
    },
    /// A verification mapped source records again and compared them with the target.
    Compared {
        /// The phase.
        phase: String,
        /// Records that were read again so far.
        records: u64,
    },
    /// Something worth a warning.
    Warning {
        /// A sentence.
        message: String,
    },
}

/// Counts on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of Counts")]
pub struct Progress {
    pub sources: u64,
    pub read: u64,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub skipped: u64,
    pub rejected: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub deleted: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub marked: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub deleted_kept: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<&Counts> for Progress {
    fn from(counts: &Counts) -> Self {
        Self {
            sources: counts.sources,
            read: counts.read,
            inserted: counts.inserted,
            updated: counts.updated,
            unchanged: counts.unchanged,
            skipped: counts.skipped,
            rejected: counts.rejected,
            deleted: counts.deleted,
            marked: counts.marked,
            deleted_kept: counts.deleted_kept(),
        }
    }
}

/// Someone who watches a run. Called from several tasks; must be quick.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);

    /// Whether [`Event::Record`] is wanted.
    fn wants_records(&self) -> bool {
        false
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event) {}
}

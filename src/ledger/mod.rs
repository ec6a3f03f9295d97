//! The ledger: what was done to every record, kept beside the target's data and committed with it.
//!
//! It is a handful of tables (or collections) named `mapper_…` in the target store. Runs and phases
//! hold counts, states and checkpoints; batches hold one compact record each with every record's
//! fate; the journal holds what was there before an update; rejects hold reasons, never values.

mod access;
mod batch;
mod batches;
mod claims;
mod counts;
mod fields;
mod intents;
mod journal;
mod key_map;
mod mappings;
mod objects;
mod reading;
mod records;
mod rejects;
mod runs;
mod structure;
mod switches;
mod tables;
mod undo;
mod usage;

pub use access::Ledger;
pub use batch::{BatchRecord, Entry, Fate};
pub use batches::BatchRows;
pub use claims::ClaimRecord;
pub use counts::Counts;
pub use intents::Intent;
pub use journal::{BeforeImage, JournalEntry};
pub use key_map::{KeyMap, Known};
pub use mappings::Mapping;
pub use reading::{Mark, Reading, Since};
/// What the names of specs and phases of test data begin with.
pub const SEEDS: &str = "seed:";

pub use records::{
    IdShape, ObjectKind, ObjectRecord, PhaseRecord, PhaseState, RejectRecord, RejectState,
    RunRecord, RunState, TargetShape,
};
pub use structure::{ChangeRecord, Declared, StructureKey, StructureKind, StructureRecord};
pub use switches::SwitchRecord;
pub use tables::is_ledger_table;
pub use usage::Usage;

//! What a batch did, as the ledger keeps it.

use std::collections::HashMap;

use super::{Loader, Work};
use crate::ledger::{
    BatchRecord, Counts, Entry, Fate, JournalEntry, Known, PhaseRecord, RejectRecord, RejectState,
};
use crate::run::decide::Action;
use crate::value::{Key, Problem, Row};

/// What a batch did.
#[derive(Debug, Default)]
pub(in crate::run) struct Loaded {
    pub(in crate::run) record: BatchRecord,
    pub(in crate::run) journal: Vec<JournalEntry>,
    /// Ordinal, key and problem of each reject.
    pub(in crate::run) rejects: Vec<(u64, Key, Problem)>,
    pub(in crate::run) counts: Counts,
}

impl Loaded {
    /// The rejects as the ledger keeps them. `phase` is the phase's record, `batch` the number there.
    pub(in crate::run) fn reject_records(
        &self,
        phase: &PhaseRecord,
        batch: u64,
    ) -> Vec<RejectRecord> {
        let record = |(ordinal, key, problem): &(u64, Key, Problem)| RejectRecord {
            run: phase.run.clone(),
            phase: phase.phase.clone(),
            batch,
            ordinal: *ordinal,
            key: key.clone(),
            reason: problem.reason.to_string(),
            field: problem.field.clone(),
            message: problem.message.clone(),
            state: RejectState::Open,
        };
        self.rejects.iter().map(record).collect()
    }
}

impl Loader {
    /// Counts every record and makes the ledger's entries. What each was mapped to is left over.
    pub(super) fn record(
        &self,
        works: Vec<Work>,
        known: &HashMap<Key, Known>,
        mut left: impl FnMut(usize, Row),
    ) -> Loaded {
        let mut loaded = Loaded::default();
        for (index, work) in works.into_iter().enumerate() {
            let ordinal = index as u64;
            let Some(decision) = work.decision else { continue };
            loaded.counts.add(&decision.fate);
            if let Fate::Rejected(reason) = &decision.fate {
                let problem =
                    work.problem.unwrap_or_else(|| Problem::new(reason.to_string(), "rejected"));
                loaded.rejects.push((ordinal, work.key.clone(), problem));
            }
            let mapped = !work.values.is_empty();
            let id = decision.identity.as_ref().filter(|identity| {
                let made = self.shape.identity_from_key
                    && self
                        .shape
                        .id_field
                        .is_some_and(|field| mapped && identity[..] == work.values[field..=field]);
                !(made && decision.fate.arrived())
            });
            let id = id.and_then(|identity| Key::new(identity).ok());
            if let (Action::Update { image, .. }, Some(identity)) =
                (&decision.action, &decision.identity)
                && decision.fate == Fate::Updated
                && let Ok(identity) = Key::new(identity)
            {
                loaded.journal.push(JournalEntry {
                    ordinal,
                    source: work.key.clone(),
                    id: identity,
                    before: image.clone(),
                });
            }
            let hash = (mapped && decision.fate.arrived()).then_some(decision.hash);
            let entry = Entry { key: work.key, fate: decision.fate, hash, id };
            // What is as the ledger has it already need not be told again.
            let told = known.get(&entry.key).is_some_and(|known| is_told(&known.entry, &entry));
            if !told {
                loaded.record.entries.push(entry);
            }
            left(index, work.values);
        }
        loaded
    }
}

/// Whether an older entry says the same: the same fate, or that it arrived as it is now.
fn is_told(older: &Entry, entry: &Entry) -> bool {
    let same_fate =
        older.fate == entry.fate && !matches!(entry.fate, Fate::Inserted | Fate::Updated);
    let as_before = entry.fate == Fate::Unchanged && older.fate.arrived();
    (same_fate || as_before) && older.hash == entry.hash && (older.id == entry.id)
}

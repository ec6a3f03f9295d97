//! Which fields a phase really wrote of a record, from its journal.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::connectors::StoreError;
use crate::ledger::{Known, Ledger};
use crate::value::Key;

/// How many batches of the journal are kept in memory.
const CACHED: usize = 4;

type Fields = HashMap<Key, Vec<String>>;

/// A phase's journal, batch by batch.
pub(super) struct Written {
    ledger: Ledger,
    phase: String,
    cached: VecDeque<((Arc<str>, u64), Fields)>,
}

impl Written {
    pub(super) fn new(ledger: Ledger, phase: &str) -> Self {
        Self { ledger, phase: phase.to_owned(), cached: VecDeque::new() }
    }

    /// The fields that were set when the ledger's entry was written; empty when none was.
    pub(super) async fn fields(&mut self, known: &Known) -> Result<Vec<String>, StoreError> {
        let place = (Arc::clone(&known.run), known.batch);
        if !self.cached.iter().any(|(cached, _)| *cached == place) {
            let journal = self.ledger.journal(&known.run, &self.phase, known.batch).await?;
            let fields = journal
                .into_iter()
                .map(|entry| {
                    let names = entry.before.fields.into_iter().map(|(name, _)| name);
                    (entry.source, names.collect())
                })
                .collect();
            self.cached.push_front((place.clone(), fields));
            self.cached.truncate(CACHED);
        }
        let batch = self.cached.iter().find(|(cached, _)| *cached == place);
        Ok(batch.and_then(|(_, fields)| fields.get(&known.entry.key).cloned()).unwrap_or_default())
    }
}

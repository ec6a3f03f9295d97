//! The ledger's entries of rows that the database wrote by itself, made while it writes.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::ledger::{Entry, Fate};
use crate::run::load::Loaded;
use crate::value::Key;
use crate::value::statement::NewRow;

/// What came back of a batch.
pub(super) struct Told {
    /// For each key of the batch the entry of its row, when it is new.
    pub(super) entries: Vec<Option<Entry>>,
    /// New rows that are not of the batch.
    pub(super) strangers: u64,
}

impl Told {
    /// The places of the keys whose rows are not new.
    pub(super) fn left(&self) -> Vec<usize> {
        let places = self.entries.iter().enumerate();
        places.filter(|(_, entry)| entry.is_none()).map(|(place, _)| place).collect()
    }

    /// The batch as one that is loaded, when all of it is new.
    pub(super) fn loaded(self) -> Loaded {
        let mut loaded = Loaded::default();
        loaded.record.entries.reserve(self.entries.len());
        for entry in self.entries.into_iter().flatten() {
            loaded.counts.add(&entry.fate);
            loaded.counts.sources += 1;
            loaded.record.entries.push(entry);
        }
        loaded
    }
}

/// Makes entries of new rows as they come: the same as rows that were streamed and inserted have.
pub(super) async fn tell(batch: Arc<[Key]>, mut rows: mpsc::Receiver<Vec<NewRow>>) -> Told {
    let mut told = Told { entries: vec![None; batch.len()], strangers: 0 };
    let mut next = 0;
    while let Some(chunk) = rows.recv().await {
        for row in chunk {
            let Some(place) = place(&batch, &row, next) else {
                told.strangers += 1;
                continue;
            };
            next = place + 1;
            told.entries[place] = Some(Entry {
                key: batch[place].clone(),
                fate: Fate::Inserted,
                hash: Some(row.hash),
                id: row.identity,
            });
        }
    }
    told
}

/// The place of a row's key. Rows mostly come in order.
fn place(batch: &[Key], row: &NewRow, next: usize) -> Option<usize> {
    let key = row.key.as_ref()?;
    let (before, after) = batch.split_at(next.min(batch.len()));
    after
        .iter()
        .position(|known| known == key)
        .map(|place| place + before.len())
        .or_else(|| before.iter().position(|known| known == key))
}

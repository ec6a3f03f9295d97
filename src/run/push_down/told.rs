//! The ledger's entries of rows that the database wrote by itself, made while it writes.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::ledger::{Entry, Fate};
use crate::run::Shape;
use crate::run::decide::own_identity;
use crate::value::codec::content_hash;
use crate::value::{Key, Row};

/// The keys of a batch, in order, and how new rows are told apart by them.
pub(super) struct Keys {
    pub(super) batch: Vec<Key>,
    /// Where the source key's values are among a new row's.
    pub(super) places: Vec<usize>,
    pub(super) shape: Arc<Shape>,
}

/// What came back.
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
}

/// Makes entries of new rows as they come.
pub(super) async fn tell(of: Keys, mut rows: mpsc::Receiver<Vec<Row>>) -> Told {
    let mut told = Told { entries: vec![None; of.batch.len()], strangers: 0 };
    let mut next = 0;
    while let Some(chunk) = rows.recv().await {
        for row in chunk {
            let Some(place) = of.place(&row, next) else {
                told.strangers += 1;
                continue;
            };
            next = place + 1;
            told.entries[place] = Some(of.entry(place, &row));
        }
    }
    told
}

impl Keys {
    /// The place of a row's key. Rows mostly come in order.
    fn place(&self, row: &Row, next: usize) -> Option<usize> {
        let key = Key::new(self.places.iter().map(|place| &row[*place])).ok()?;
        let (before, after) = self.batch.split_at(next.min(self.batch.len()));
        let is_it = |known: &Key| *known == key;
        after
            .iter()
            .position(is_it)
            .map(|place| place + before.len())
            .or_else(|| before.iter().position(is_it))
    }

    /// The same entry as a row that was streamed and inserted has.
    fn entry(&self, place: usize, row: &Row) -> Entry {
        let shape = &*self.shape;
        let made = shape.identity_from_key
            && shape.id_field.is_some()
            && shape.identity_fields.as_deref()
                == shape.id_field.as_ref().map(std::slice::from_ref);
        let identity = if made { None } else { own_identity(shape, row) };
        Entry {
            key: self.batch[place].clone(),
            fate: Fate::Inserted,
            hash: Some(content_hash(row)),
            id: identity.and_then(|identity| Key::new(&identity).ok()),
        }
    }
}

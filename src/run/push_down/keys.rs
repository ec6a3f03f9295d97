//! The keys of a phase's batches, read ahead.

use std::sync::Arc;

use crate::connectors::feed::{Feed, feed};
use crate::connectors::{Checkpoint, Scan, SourceBatch};
use crate::value::{Key, Row, Value};

/// The keys of a batch.
pub(super) struct KeyBatch {
    /// Where the source stands after it.
    pub(super) checkpoint: Checkpoint,
    /// How much was read for it.
    pub(super) bytes: usize,
    /// What a statement is told of it, when it is one that a statement can do.
    pub(super) extent: Option<Extent>,
}

/// The records of a batch: those whose keys lie between two keys, both included.
pub(super) struct Extent {
    /// The keys, in order.
    pub(super) keys: Arc<[Key]>,
    /// The first key's values.
    pub(super) first: Row,
    /// The last key's values.
    pub(super) last: Row,
}

/// Reads the keys of one batch while the batch before is under way. `text` tells which parts of the
/// key are text.
pub(super) fn read_ahead(mut scan: Box<dyn Scan>, text: Vec<bool>) -> Feed<KeyBatch> {
    let (sender, batches) = feed(1);
    tokio::spawn(async move {
        // Until the end is told, or nobody wants more.
        loop {
            let batch = scan.next().await;
            let goes_on = matches!(batch, Ok(Some(_)));
            let batch = batch.map(|batch| batch.map(|batch| KeyBatch::new(batch, &text)));
            if sender.send(batch).await.is_err() || !goes_on {
                break;
            }
        }
    });
    batches
}

impl KeyBatch {
    fn new(batch: SourceBatch, text: &[bool]) -> Self {
        let extent = Extent::of(&batch, text);
        Self { checkpoint: batch.checkpoint, bytes: batch.bytes, extent }
    }
}

impl Extent {
    fn of(batch: &SourceBatch, text: &[bool]) -> Option<Self> {
        if !batch.broken.is_empty() {
            return None;
        }
        let keys: Vec<Key> =
            batch.keys.iter().map(|key| key.clone().ok()).collect::<Option<_>>()?;
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let end = |key: Option<&Key>| {
            let values = key?.values()?;
            let plain = values.iter().zip(text).all(|(value, text)| match value {
                Value::Text(_) => *text,
                Value::Int(_) | Value::Uuid(_) => !*text,
                _ => false,
            });
            plain.then_some(values)
        };
        let (first, last) = (end(keys.first())?, end(keys.last())?);
        Some(Self { keys: keys.into(), first, last })
    }
}

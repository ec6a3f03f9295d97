//! The keys of a phase's batches, read ahead.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::connectors::feed::{Feed, feed};
use crate::connectors::{Checkpoint, Scan, ScanRequest, SourceBatch, Store, StoreError};
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

/// Gives the keys of batches, in order.
pub(super) struct Keys {
    store: Arc<dyn Store>,
    /// What is read, but for the place.
    request: ScanRequest,
    /// Whether the parts of the key are text.
    text: Vec<bool>,
    /// `None` when they are to be read, from `position` on.
    feed: Option<Feed<KeyBatch>>,
    position: Option<Checkpoint>,
    /// Batches that were given before and come again.
    again: VecDeque<Arc<KeyBatch>>,
}

impl Keys {
    /// Those from the request's place on. `text` tells which parts of the key are text.
    pub(super) fn new(store: &Arc<dyn Store>, mut request: ScanRequest, text: Vec<bool>) -> Self {
        let position = request.after.take();
        let store = Arc::clone(store);
        Self { store, request, text, feed: None, position, again: VecDeque::new() }
    }

    /// Those of the next batch; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Arc<KeyBatch>>, StoreError> {
        if let Some(batch) = self.again.pop_front() {
            return Ok(Some(batch));
        }
        let feed = match &mut self.feed {
            Some(feed) => feed,
            none => {
                let request = ScanRequest { after: self.position.clone(), ..self.request.clone() };
                let scan = self.store.scan(request).await?;
                none.insert(read_ahead(scan, self.text.clone()))
            }
        };
        Ok(feed.next().await?.map(Arc::new))
    }

    /// Takes batches back that are to come again, before all others.
    pub(super) fn give_back(&mut self, batches: Vec<Arc<KeyBatch>>) {
        for batch in batches.into_iter().rev() {
            self.again.push_front(batch);
        }
    }

    /// Goes on from another place than that of the last batch: the source changed.
    pub(super) fn go_on_from(&mut self, position: Checkpoint) {
        self.feed = None;
        self.again.clear();
        self.position = Some(position);
    }
}

/// Reads the keys of one batch while the batch before is under way.
fn read_ahead(mut scan: Box<dyn Scan>, text: Vec<bool>) -> Feed<KeyBatch> {
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

//! Scans in key order: one cursor, opened again after the last record where it was lost.
//!
//! A collection is read by `_id`, which is there, unique and indexed, whichever key is asked for;
//! what a pipeline gives is sorted by the key. The greatest `_id` is read at the start: documents
//! that come later are not part of the scan.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Bson, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use mongodb::raw_batch_cursor::RawBatchCursor;

use super::codec::{Reader, raw_at, to_bson};
use super::error::is_lost_cursor;
use super::position;
use super::read::documents;
use super::render::{Condition, Dialect, is_plain};
use super::server::Server;
use crate::connectors::size::row_bytes;
use crate::connectors::{
    BrokenRecord, Checkpoint, Layout, Scan, ScanRequest, ScanSource, SourceBatch, StoreError,
    StoreErrorKind, matches, value_at,
};
use crate::value::query::Filter;
use crate::value::{Key, KeyError, Problem, Row, Value};

/// Bytes of a batch at most, one record aside.
const BYTES: usize = 16 * 1024 * 1024;

/// A running scan of a collection or a pipeline.
pub(super) struct DocumentScan {
    server: Arc<Server>,
    entity: String,
    /// The pipeline's stages, when it is one.
    stages: Option<Vec<Document>>,
    /// The declared key.
    key: Vec<String>,
    /// What it is sorted by.
    order: Vec<String>,
    filter: Filter,
    condition: Condition,
    batch: usize,
    reader: Reader,
    position: Option<Position>,
    cursor: Option<RawBatchCursor>,
    ready: VecDeque<Item>,
    /// Whether the server has sent all.
    complete: bool,
    /// Whether the cursor was opened again since the last batch.
    reopened: bool,
}

/// Where a scan stands.
#[derive(Clone, Debug, Default)]
struct Position {
    /// The greatest `_id` when the scan began.
    upper: Option<Bson>,
    /// What the last record that was given is sorted by.
    last: Option<Vec<Bson>>,
}

/// A record that was read and not given yet.
struct Item {
    content: Result<(Row, Result<Key, KeyError>), BrokenRecord>,
    at: Vec<Bson>,
    bytes: usize,
}

impl DocumentScan {
    /// Prepares a scan; nothing is read yet.
    ///
    /// # Errors
    /// When the source is not one for this store, the key can't be sorted by, or the checkpoint is
    /// not one of a scan.
    pub(super) fn new(server: Arc<Server>, request: ScanRequest) -> Result<Self, StoreError> {
        let place = server.location.clone();
        let refuse = |kind, message: &str| StoreError::new(kind, format!("{place}: {message}"));
        let unsupported = StoreErrorKind::Unsupported;
        let id = || vec!["_id".to_owned()];
        let key = if request.key.is_empty() { id() } else { request.key };
        let (entity, stages) = match request.source {
            ScanSource::Entity(entity) => (entity, None),
            ScanSource::Pipeline { entity, stages } => {
                let stage = |stage: &Value| match to_bson(stage) {
                    Ok(Bson::Document(stage)) => Ok(stage),
                    _ => Err(refuse(unsupported, "a stage of a pipeline is a document")),
                };
                (entity, Some(stages.iter().map(stage).collect::<Result<_, _>>()?))
            }
            ScanSource::Query(_) | ScanSource::Files => {
                let message = "MongoDB reads collections and pipelines";
                return Err(refuse(unsupported, message));
            }
        };
        let order = if stages.is_some() { key.clone() } else { id() };
        if !order.iter().all(|path| is_plain(path)) {
            return Err(refuse(StoreErrorKind::Query, "the key is no path that can be sorted by"));
        }
        let checkpoint = || refuse(StoreErrorKind::Internal, "the checkpoint is not a scan's");
        let position = request.after.map(|after| Position::read(&after).ok_or_else(checkpoint));
        Ok(Self {
            condition: Dialect::of(&server).condition(&request.filter),
            reader: Reader::new(server.policies.uuid_order),
            server,
            entity,
            stages,
            key,
            order,
            filter: request.filter,
            batch: request.batch.max(1),
            position: position.transpose()?,
            cursor: None,
            ready: VecDeque::new(),
            complete: false,
            reopened: false,
        })
    }

    /// Where the scan begins.
    async fn start(&mut self) -> Result<Position, StoreError> {
        if self.stages.is_some() {
            return Ok(Position::default());
        }
        let collection = self.server.collection(&self.entity);
        let find = collection.find_one(Document::new()).sort(doc! { "_id": -1 });
        let found = find.projection(doc! { "_id": 1 }).await;
        let found = found.map_err(|error| self.server.error(&error))?;
        let upper = found.and_then(|found| {
            Some(Bson::try_from(found.get("_id").ok()??).unwrap_or(Bson::MaxKey))
        });
        Ok(Position { upper, last: None })
    }

    /// Opens a cursor after what was given last.
    async fn open(&mut self, position: &Position) -> mongodb::error::Result<RawBatchCursor> {
        let collection = self.server.collection(&self.entity);
        let original = self.server.original;
        let size = u32::try_from(self.batch).unwrap_or(u32::MAX);
        let after = position.last.as_ref().map(|last| position::after(&self.order, last, original));
        let sort: Document = self.order.iter().map(|path| (path.clone(), Bson::Int32(1))).collect();
        let mut all: Vec<Document> = Vec::new();
        if let Some(upper) = &position.upper {
            all.push(position::up_to("_id", upper, original));
        }
        all.extend(after);
        if !self.condition.document.is_empty() {
            all.push(self.condition.document.clone());
        }
        let filter = match all.len() {
            0 => Document::new(),
            1 => all.remove(0),
            _ => doc! { "$and": all },
        };
        match &self.stages {
            None => {
                let find = collection.find(filter).sort(sort).batch_size(size);
                find.allow_disk_use(true).batch().await
            }
            Some(stages) => {
                let mut stages = stages.clone();
                if !filter.is_empty() {
                    stages.push(doc! { "$match": filter });
                }
                stages.push(doc! { "$sort": sort });
                let aggregate = collection.aggregate(stages).batch_size(size);
                aggregate.allow_disk_use(true).batch().await
            }
        }
    }

    /// Reads on until there is enough for a batch.
    async fn fill(&mut self, position: &Position) -> Result<(), StoreError> {
        // One more than a batch, so that records of one key are not parted.
        while !self.complete && !self.has_batch() {
            let read = match &mut self.cursor {
                Some(cursor) => cursor.try_next().await,
                None => match self.open(position).await {
                    Ok(cursor) => {
                        self.cursor = Some(cursor);
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            match read {
                Ok(Some(batch)) => {
                    let list = batch.doc_slices().map_err(|error| self.server.error(&error))?;
                    for document in documents(list) {
                        self.take(document?)?;
                    }
                }
                Ok(None) => {
                    self.complete = true;
                    self.cursor = None;
                }
                Err(error) if is_lost_cursor(&error) && !self.reopened => {
                    self.reopened = true;
                    self.cursor = None;
                    self.ready.clear();
                }
                Err(error) => return Err(self.server.error(&error)),
            }
        }
        Ok(())
    }

    fn has_batch(&self) -> bool {
        let more = usize::from(self.stages.is_some());
        if self.ready.len() < self.batch + more {
            return self.ready.iter().map(|item| item.bytes).sum::<usize>() > BYTES;
        }
        let same = |a: usize| match (self.ready.get(a), self.ready.back()) {
            (Some(a), Some(b)) => a.at == b.at,
            _ => false,
        };
        self.stages.is_none() || !same(self.batch - 1)
    }

    fn take(&mut self, document: &RawDocument) -> Result<(), StoreError> {
        let at = |path: &String| match raw_at(document, path) {
            None => Ok(Bson::Null),
            Some(RawBsonRef::Array(_)) => Err(StoreError::new(
                StoreErrorKind::Query,
                format!("{}: the key `{path}` of the pipeline is a list", self.server.location),
            )),
            Some(value) => Ok(Bson::try_from(value).unwrap_or(Bson::Null)),
        };
        let at = self.order.iter().map(at).collect::<Result<Vec<_>, _>>()?;
        let content = match self.reader.document(document) {
            Ok(value) => {
                let row = vec![value];
                if !self.condition.exact && !matches(&self.filter, &Layout::Document, &row) {
                    return Ok(());
                }
                let parts = self.key.iter().map(|path| value_at(&Layout::Document, &row, path));
                let key = Key::new(parts);
                Ok((row, key))
            }
            Err(problem) => Err(self.broken(document, problem)),
        };
        let bytes = match &content {
            Ok((row, _)) => row_bytes(row),
            Err(_) => document.as_bytes().len(),
        };
        self.ready.push_back(Item { content, at, bytes });
        Ok(())
    }

    /// A record that can't be read, by its key where that can be, or else by its `_id`.
    fn broken(&self, document: &RawDocument, problem: Problem) -> BrokenRecord {
        let values = |paths: &[String]| -> Option<Vec<Value>> {
            let value = |path: &String| self.reader.value(raw_at(document, path)?).ok();
            paths.iter().map(value).collect()
        };
        let key = |paths: &[String]| Key::new(&values(paths)?).ok();
        let key = key(&self.key).or_else(|| key(&["_id".to_owned()])).unwrap_or_else(|| {
            // An `_id` without a counterpart stands there as its bytes.
            let mut whole = RawDocumentBuf::new();
            if let Some(id) = raw_at(document, "_id") {
                whole.append(mongodb::bson::raw::cstr!("_id"), id);
            }
            Key::new([&Value::bytes(whole.as_bytes())]).unwrap_or_else(|_| Key::from_bytes([]))
        });
        BrokenRecord { key, problem }
    }

    /// The next batch out of what is ready.
    fn give(&mut self, position: &mut Position) -> SourceBatch {
        let (mut rows, mut keys, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        let (mut count, mut bytes) = (0, 0);
        while let Some(item) = self.ready.front() {
            let same = position.last.as_ref() == Some(&item.at) && self.stages.is_some();
            let full = count >= self.batch || bytes > BYTES;
            if count > 0 && full && !same {
                break;
            }
            let Some(item) = self.ready.pop_front() else { break };
            count += 1;
            bytes += item.bytes;
            match item.content {
                Ok((row, key)) => {
                    rows.push(row);
                    keys.push(key);
                }
                Err(record) => broken.push(record),
            }
            position.last = Some(item.at);
        }
        let checkpoint = position.checkpoint();
        SourceBatch { layout: Layout::Document, rows, keys, broken, checkpoint, bytes }
    }
}

impl Position {
    fn checkpoint(&self) -> Checkpoint {
        let mut document = Document::new();
        if let Some(upper) = &self.upper {
            document.insert("upper", upper.clone());
        }
        if let Some(last) = &self.last {
            document.insert("last", last.clone());
        }
        let bytes = RawDocumentBuf::try_from(&document).map(RawDocumentBuf::into_bytes);
        Checkpoint(bytes.unwrap_or_default())
    }

    fn read(checkpoint: &Checkpoint) -> Option<Self> {
        let document = RawDocument::from_bytes(&checkpoint.0).ok()?;
        let mut document = Document::try_from(document).ok()?;
        let last = match document.remove("last")? {
            Bson::Array(last) => Some(last),
            _ => return None,
        };
        Some(Self { upper: document.remove("upper"), last })
    }
}

#[async_trait]
impl Scan for DocumentScan {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        let mut position = match self.position.take() {
            Some(position) => position,
            None => self.start().await?,
        };
        // A collection without a greatest document has none.
        if self.stages.is_none() && position.upper.is_none() {
            self.complete = true;
        }
        let read = self.fill(&position).await;
        if read.is_ok() && !self.ready.is_empty() {
            self.reopened = false;
            let batch = self.give(&mut position);
            self.position = Some(position);
            return Ok(Some(batch));
        }
        self.position = Some(position);
        read.map(|()| None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_holds_an_id_of_any_kind() {
        let kinds =
            [Bson::Int64(5), Bson::MinKey, Bson::Double(f64::NAN), Bson::String("ä".into())];
        for last in kinds {
            let position = Position { upper: Some(Bson::MaxKey), last: Some(vec![last.clone()]) };
            let read = Position::read(&position.checkpoint()).unwrap();
            assert_eq!(format!("{:?}", read.last), format!("{:?}", Some(vec![last])));
            assert_eq!(read.upper, Some(Bson::MaxKey));
        }
        assert!(Position::read(&Checkpoint(vec![1, 2, 3])).is_none());
    }
}

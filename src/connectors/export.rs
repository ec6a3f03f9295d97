//! Reading tables or collections whole, one after the other.
//!
//! Where a store can, all of them are read as they were at one moment. Batches go through a channel
//! that holds few, so memory stays small however large the tables are.

use super::feed::{self, Feed, Feeder, feed};
use super::{Layout, Scan, ScanRequest, ScanSource, Store, StoreError, StoreErrorKind};
use crate::value::Row;
use crate::value::query::Filter;

/// Batches that wait for whoever reads them.
const WAITING: usize = 2;

/// Tables or collections on their way out.
#[derive(Debug)]
pub struct Export {
    /// Whether all of them are as they were at one moment.
    pub one_moment: bool,
    batches: Feed<ExportBatch>,
}

/// Rows of one of the tables or collections.
#[derive(Debug)]
pub struct ExportBatch {
    /// Which one, by its place in what was asked for. It never goes back.
    pub entity: usize,
    /// How the values are named. Columns that the store computes are left out.
    pub layout: Layout,
    /// The rows; by primary key where there is one.
    pub rows: Vec<Row>,
}

/// Where a store puts the batches of an export.
pub(super) type Batches = Feeder<ExportBatch>;

impl Export {
    /// An export, and where its batches go.
    pub(super) fn new(one_moment: bool) -> (Batches, Self) {
        let (sender, batches) = feed(WAITING);
        (sender, Self { one_moment, batches })
    }

    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// When the store fails, or holds something that can't be read.
    pub async fn next(&mut self) -> Result<Option<ExportBatch>, StoreError> {
        self.batches.next().await
    }
}

/// Gathers rows of one entity into batches.
pub(super) struct Gather<'s> {
    sender: &'s Batches,
    entity: usize,
    layout: Layout,
    size: usize,
    rows: Vec<Row>,
}

impl<'s> Gather<'s> {
    pub(super) fn new(sender: &'s Batches, entity: usize, layout: Layout, size: usize) -> Self {
        Self { sender, entity, layout, size: size.max(1), rows: Vec::new() }
    }

    /// Takes a row; false when nobody wants more.
    pub(super) async fn add(&mut self, row: Row) -> bool {
        self.rows.push(row);
        self.rows.len() < self.size || self.flush().await
    }

    /// Sends what is gathered; false when nobody wants more.
    pub(super) async fn flush(&mut self) -> bool {
        if self.rows.is_empty() {
            return true;
        }
        let rows = std::mem::take(&mut self.rows);
        let batch = ExportBatch { entity: self.entity, layout: self.layout.clone(), rows };
        self.sender.send(Ok(Some(batch))).await.is_ok()
    }
}

/// An export by one scan after the other, for a store that has no view of one moment.
pub(super) async fn by_scans<S: Store + ?Sized>(
    store: &S,
    entities: &[String],
    batch: usize,
) -> Result<Export, StoreError> {
    let mut scans = Vec::with_capacity(entities.len());
    for entity in entities {
        let request = ScanRequest {
            source: ScanSource::Entity(entity.clone()),
            key: Vec::new(),
            columns: None,
            filter: Filter::All,
            batch: batch.max(1),
            after: None,
        };
        scans.push(store.scan(request).await?);
    }
    let location = store.location().to_owned();
    let (sender, export) = Export::new(false);
    tokio::spawn(async move {
        let done = all(scans, &location, &sender).await;
        feed::end(&sender, done).await;
    });
    Ok(export)
}

async fn all(
    scans: Vec<Box<dyn Scan>>,
    location: &str,
    sender: &Batches,
) -> Result<(), StoreError> {
    for (entity, mut scan) in scans.into_iter().enumerate() {
        while let Some(batch) = scan.next().await? {
            if let Some(broken) = batch.broken.first() {
                let message = format!("{location}: {}", broken.problem.message);
                return Err(StoreError::new(StoreErrorKind::Corrupt, message));
            }
            if batch.rows.is_empty() {
                continue;
            }
            let batch = ExportBatch { entity, layout: batch.layout, rows: batch.rows };
            if sender.send(Ok(Some(batch))).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

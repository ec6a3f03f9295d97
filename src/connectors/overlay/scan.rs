//! Scans that merge memory into what the store below gives.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::shape::Shape;
use super::{Shared, layers, locked};
use crate::connectors::size::row_bytes;
use crate::connectors::{
    Checkpoint, Layout, Scan, ScanRequest, ScanSource, SourceBatch, StoreError, StoreErrorKind,
    compare_rows, matches, value_at,
};
use crate::value::{Key, Row};

/// Where a merged scan stands.
#[derive(Clone, Serialize, Deserialize)]
struct Position {
    /// Where the scan below stands; `None` before its first batch.
    below: Option<Vec<u8>>,
    /// Whether the scan below is at its end.
    below_done: bool,
    /// How many rows of memory were given.
    given: usize,
    /// Rows of memory written later are not part of the scan.
    until: u64,
}

struct MergedScan {
    shared: Arc<Shared>,
    shape: Shape,
    below: Option<Box<dyn Scan>>,
    /// Rows of memory in key order, those that were given left out.
    memory: VecDeque<Arc<Row>>,
    key: Vec<String>,
    /// The columns to give; `None` is all.
    columns: Option<Vec<String>>,
    batch: usize,
    position: Position,
}

impl Shared {
    /// Starts a scan of an entity.
    pub(super) async fn scan(
        self: &Arc<Self>,
        mut request: ScanRequest,
    ) -> Result<Box<dyn Scan>, StoreError> {
        let ScanSource::Entity(entity) = &request.source else {
            return self.inner.scan(request).await;
        };
        let Some(shape) = self.readable(entity, &mut []).await? else {
            return self.inner.scan(request).await;
        };
        let key = match request.key.as_slice() {
            [] => shape.primary_key().to_vec(),
            key => key.to_vec(),
        };
        shape.check(&key)?;
        shape.check(request.columns.iter().flatten())?;
        let position = match &request.after {
            None => {
                Position { below: None, below_done: !shape.below, given: 0, until: self.sequence() }
            }
            Some(checkpoint) => serde_json::from_slice(&checkpoint.0).map_err(|_| {
                StoreError::new(StoreErrorKind::Internal, "the checkpoint is not one of a dry run")
            })?,
        };
        let filter = request.filter.clone();
        let mut memory: Vec<Arc<Row>> = {
            let mut committed = locked(&self.committed);
            let layers = layers(&mut committed, &mut []);
            let rows = layers.rows(&shape.name);
            let wanted = rows.values().filter(|changed| changed.sequence < position.until);
            let wanted = wanted.filter_map(|changed| changed.row.clone());
            wanted.filter(|row| matches(&filter, &shape.layout, row)).collect()
        };
        let order = super::read::ascending(&key);
        memory.sort_by(|a, b| compare_rows(&shape.layout, a, b, &order));
        memory.drain(..position.given.min(memory.len()));
        let columns = request.columns.take();
        let below = if position.below_done {
            None
        } else {
            // Whole rows, so that each can be told from those that memory has instead.
            request.after = position.below.clone().map(Checkpoint);
            Some(self.inner.scan(request.clone()).await?)
        };
        Ok(Box::new(MergedScan {
            shared: Arc::clone(self),
            shape,
            below,
            memory: memory.into(),
            key,
            columns,
            batch: request.batch.max(1),
            position,
        }))
    }
}

impl MergedScan {
    fn order(&self) -> Vec<crate::value::IndexKey> {
        super::read::ascending(&self.key)
    }

    /// Rows of memory that come before a row of below, or a batch of them at the end.
    fn due(&mut self, before: Option<&Row>) -> Vec<Arc<Row>> {
        let order = self.order();
        let count = match before {
            None => self.cut(),
            Some(last) => {
                let comes =
                    |row: &&Arc<Row>| compare_rows(&self.shape.layout, row, last, &order).is_le();
                self.memory.iter().take_while(comes).count()
            }
        };
        self.position.given += count;
        self.memory.drain(..count).collect()
    }

    /// How many of the rows make the next batch: rows of the same key stay together.
    fn cut(&self) -> usize {
        let mut end = self.batch.min(self.memory.len());
        let key = |row: &Row| Key::new(self.key.iter().map(|path| self.shape.value(row, path)));
        while end < self.memory.len()
            && key(&self.memory[end]).is_ok()
            && key(&self.memory[end]) == key(&self.memory[end - 1])
        {
            end += 1;
        }
        end
    }

    /// The values to give of a whole row.
    fn given(&self, row: Row) -> Row {
        match (&self.columns, &self.shape.layout) {
            (Some(columns), Layout::Columns(_)) => columns
                .iter()
                .map(|path| value_at(&self.shape.layout, &row, path).clone())
                .collect(),
            _ => row,
        }
    }

    fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        serde_json::to_vec(&self.position).map(Checkpoint).map_err(|_| {
            StoreError::new(StoreErrorKind::Internal, "the checkpoint can't be written")
        })
    }

    /// A batch of rows from memory and from below, in key order.
    fn merge(
        &mut self,
        below: Option<SourceBatch>,
        memory: &[Arc<Row>],
    ) -> Result<SourceBatch, StoreError> {
        let mut rows: Vec<Row> = memory.iter().map(|row| Row::clone(row)).collect();
        let mut broken = Vec::new();
        if let Some(batch) = below {
            let mut committed = locked(&self.shared.committed);
            let layers = layers(&mut committed, &mut []);
            let name = &self.shape.name;
            let until = self.position.until;
            let stays = |row: &Row| {
                let changed = layers.row(name, &self.shape.id_below(row));
                changed.is_none_or(|changed| changed.sequence >= until && changed.row.is_some())
            };
            rows.extend(batch.rows.into_iter().filter(stays));
            broken = batch.broken;
        }
        if !memory.is_empty() {
            let order = self.order();
            rows.sort_by(|a, b| compare_rows(&self.shape.layout, a, b, &order));
        }
        let key = |row: &Row| Key::new(self.key.iter().map(|path| self.shape.value(row, path)));
        let keys = rows.iter().map(key).collect();
        let rows: Vec<Row> = rows.into_iter().map(|row| self.given(row)).collect();
        let layout = match (&self.columns, &self.shape.layout) {
            (Some(columns), Layout::Columns(_)) => {
                Layout::Columns(columns.iter().cloned().collect())
            }
            (_, layout) => layout.clone(),
        };
        Ok(SourceBatch {
            layout,
            bytes: rows.iter().map(|row| row_bytes(row)).sum(),
            rows,
            keys,
            broken,
            checkpoint: self.checkpoint()?,
        })
    }
}

#[async_trait]
impl Scan for MergedScan {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        loop {
            let below = match &mut self.below {
                Some(scan) => scan.next().await?,
                None => None,
            };
            let batch = if let Some(batch) = below {
                self.position.below = Some(batch.checkpoint.0.clone());
                let due = batch.rows.last().map(|last| self.due(Some(last))).unwrap_or_default();
                self.merge(Some(batch), &due)?
            } else {
                self.below = None;
                self.position.below_done = true;
                let due = self.due(None);
                if due.is_empty() {
                    return Ok(None);
                }
                self.merge(None, &due)?
            };
            if !batch.rows.is_empty() || !batch.broken.is_empty() {
                return Ok(Some(batch));
            }
        }
    }
}

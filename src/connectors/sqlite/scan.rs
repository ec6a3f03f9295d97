//! Scans in key order, page by page.
//!
//! Every page is a short statement of its own, so that no lock is held between two of them. The
//! greatest key is read at the start: rows that come later are not part of the scan.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;

use super::codec::Raw;
use super::page::{Item, Pages};
use super::read::Context;
use crate::connectors::size::row_bytes;
use crate::connectors::{
    Checkpoint, Layout, Policies, Scan, SourceBatch, StoreError, StoreErrorKind,
};

/// Where a scan stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Position {
    /// The greatest key when the scan began; `None` when no row had one.
    upper: Option<Vec<Raw>>,
    /// The greatest row number when the scan began.
    last_row: Option<i64>,
    /// What comes next.
    stage: Stage,
}

/// Rows whose key has a null part come first, then the others in key order.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Stage {
    /// Rows without a key, after this row number, or so many rows in.
    WithoutKey(i64),
    /// Rows after this key.
    Keyed(Option<Vec<Raw>>),
    End,
}

/// A running scan of a table, a query or a collection.
pub(crate) struct TableScan {
    pool: SqlitePool,
    location: String,
    policies: Policies,
    pages: Pages,
    batch: usize,
    position: Option<Position>,
    /// Rows that were read and not given yet, and where the scan stands after all of them.
    ready: VecDeque<Item>,
    layout: Layout,
}

impl TableScan {
    /// Prepares a scan; nothing is read yet.
    pub(crate) fn new(
        pool: SqlitePool,
        location: String,
        policies: Policies,
        pages: Pages,
        batch: usize,
        after: Option<&Checkpoint>,
    ) -> Result<Self, StoreError> {
        let position = after
            .map(|checkpoint| {
                serde_json::from_slice(&checkpoint.0).map_err(|_| {
                    StoreError::new(
                        StoreErrorKind::Internal,
                        format!("{location}: the checkpoint is not one of this connector"),
                    )
                })
            })
            .transpose()?;
        let layout = pages.layout();
        let batch = batch.max(1);
        Ok(Self {
            pool,
            location,
            policies,
            pages,
            batch,
            position,
            ready: VecDeque::new(),
            layout,
        })
    }

    /// Reads the next page into `ready`; false at the end.
    async fn read(&mut self) -> Result<bool, StoreError> {
        let context = Context { location: &self.location, policies: &self.policies };
        let mut connection = self.pool.acquire().await.map_err(|e| context.error(&e))?;
        let position = match &mut self.position {
            Some(position) => position,
            none => {
                let upper = self.pages.upper(&mut connection, context).await?;
                let last_row = self.pages.last_row(&mut connection, context).await?;
                let stage = if self.pages.may_lack_key() {
                    Stage::WithoutKey(self.pages.first_row())
                } else {
                    Stage::Keyed(None)
                };
                none.insert(Position { upper, last_row, stage })
            }
        };
        match (&position.stage, &position.upper) {
            (Stage::End, _) => Ok(false),
            (Stage::WithoutKey(after), _) => {
                let page =
                    self.pages.without_key(&mut connection, *after, position.last_row, context)?;
                position.stage = match page.last().map(|item| item.row_number) {
                    Some(after) => Stage::WithoutKey(after),
                    None => Stage::Keyed(None),
                };
                self.ready.extend(page);
                Ok(true)
            }
            (Stage::Keyed(_), None) => {
                position.stage = Stage::End;
                Ok(false)
            }
            (Stage::Keyed(after), Some(upper)) => {
                let page = self.pages.keyed(&mut connection, after.as_deref(), upper, context)?;
                position.stage = match page.last() {
                    Some(last) => Stage::Keyed(Some(last.raw_key.clone())),
                    None => Stage::End,
                };
                self.ready.extend(page);
                Ok(true)
            }
        }
    }

    /// How many of the rows that are ready make the next batch: rows of the same key stay together.
    fn cut(&self) -> usize {
        let mut end = self.batch.min(self.ready.len());
        while end < self.ready.len() && self.ready[end - 1].is_same_key(&self.ready[end]) {
            end += 1;
        }
        end
    }

    fn checkpoint(&self, last: &Item) -> Result<Checkpoint, StoreError> {
        let stage = match (&self.position, self.ready.is_empty()) {
            (Some(position), true) => position.stage.clone(),
            _ if last.has_key() => Stage::Keyed(Some(last.raw_key.clone())),
            _ => Stage::WithoutKey(last.row_number),
        };
        let position = self.position.as_ref().map(|position| Position {
            upper: position.upper.clone(),
            last_row: position.last_row,
            stage,
        });
        serde_json::to_vec(&position).map(Checkpoint).map_err(|_| {
            StoreError::new(StoreErrorKind::Internal, "the checkpoint can't be written")
        })
    }
}

#[async_trait]
impl Scan for TableScan {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        loop {
            while self.ready.is_empty() {
                if !self.read().await? {
                    return Ok(None);
                }
            }
            let count = self.cut();
            let items: Vec<Item> = self.ready.drain(..count).collect();
            let Some(last) = items.last() else { continue };
            let checkpoint = self.checkpoint(last)?;
            let mut batch = SourceBatch {
                layout: self.layout.clone(),
                rows: Vec::with_capacity(count),
                keys: Vec::with_capacity(count),
                broken: Vec::new(),
                checkpoint,
                bytes: 0,
            };
            for item in items {
                match item.content {
                    Ok(Some((row, key))) => {
                        batch.bytes += row_bytes(&row);
                        batch.rows.push(row);
                        batch.keys.push(key);
                    }
                    // The filter does not want it.
                    Ok(None) => {}
                    Err(broken) => batch.broken.push(broken),
                }
            }
            if !batch.rows.is_empty() || !batch.broken.is_empty() {
                return Ok(Some(batch));
            }
        }
    }
}

/// The columns' names, shared by all batches.
pub(super) fn columns_layout<'n>(names: impl Iterator<Item = &'n str>) -> Layout {
    Layout::Columns(names.map(str::to_owned).collect::<Arc<[_]>>())
}

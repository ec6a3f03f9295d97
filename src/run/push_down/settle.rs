//! What becomes of a batch after its statement: all of it is new, or the rest goes the usual way, or
//! the whole of it does.

use std::collections::HashMap;
use std::sync::Arc;

use super::keys::KeyBatch;
use super::statements::{Done, Task, stopped};
use super::told::Told;
use crate::connectors::{Checkpoint, Layout, Session, SourceBatch, StoreErrorKind, WriteError};
use crate::ledger::Fate;
use crate::plan::Phase;
use crate::run::load::Loaded;
use crate::run::phase::PhaseContext;
use crate::run::writer::Writer;
use crate::run::{ItemOutcome, RunError, Transformer, failpoint, source};
use crate::value::query::{Filter, Select};
use crate::value::{Key, Row};

/// How many keys one query for records asks for.
const KEYS_PER_QUERY: usize = 500;

/// Why it ends early: after a failure of the source, what was written is kept.
pub(super) enum Stop {
    Source(RunError),
    Target(RunError),
}

/// A failure of the target.
pub(super) fn in_target(error: impl Into<RunError>) -> Stop {
    Stop::Target(error.into())
}

/// How a batch was settled.
pub(super) enum Settled {
    /// With the statement, which made rows of at least half of it.
    MostlyNew,
    /// With the statement, which was mostly in vain.
    MostlyLeft,
    /// All of it was streamed, up to here.
    Streamed(Checkpoint),
    /// Nothing was left to stream.
    Gone,
}

/// Settles batches.
pub(super) struct Settler {
    pub(super) task: Arc<Task>,
    /// The phase with the size of its batches.
    pub(super) phase: Arc<Phase>,
    pub(super) transformer: Transformer,
}

impl Settler {
    /// Puts what became of a batch into the writer's commit. Without a statement it is streamed.
    pub(super) async fn settle(
        &mut self,
        writer: &mut Writer<'_>,
        batch: &KeyBatch,
        done: Option<Done>,
    ) -> Result<Settled, Stop> {
        let (Some(done), Some(extent)) = (done, &batch.extent) else {
            return self.stream(writer).await;
        };
        let mut session = done.session;
        failpoint::pass("data").await;
        let loaded = match done.refused {
            None => {
                let told = done.telling.await.map_err(|_| in_target(stopped()))?;
                let loaded = self.loaded(writer, &mut *session, batch, &extent.keys, told).await;
                loaded.map_err(in_target)?
            }
            Some(WriteError::Store(error)) if !is_of_a_record(error.kind) => {
                return Err(in_target(error));
            }
            Some(_) => None,
        };
        match loaded {
            Some(loaded) => {
                session.release().await.map_err(in_target)?;
                writer.session = Some(session);
                let mostly_new = loaded.counts.inserted * 2 >= loaded.counts.read;
                let checkpoint = batch.checkpoint.clone();
                writer.settle(loaded, checkpoint, batch.bytes).await.map_err(in_target)?;
                Ok(if mostly_new { Settled::MostlyNew } else { Settled::MostlyLeft })
            }
            None => {
                session.rollback_to_savepoint().await.map_err(in_target)?;
                writer.session = Some(session);
                self.stream(writer).await
            }
        }
    }

    /// What the ledger is to hold of a batch: its new rows, and the other records, which are taken the
    /// usual way. `None` when those are most of it, when what becomes of them may depend on the rows
    /// that are new, or when the source changed since its keys were read.
    async fn loaded(
        &mut self,
        writer: &mut Writer<'_>,
        session: &mut dyn Session,
        batch: &KeyBatch,
        keys: &[Key],
        told: Told,
    ) -> Result<Option<Loaded>, RunError> {
        let left = told.left();
        if told.strangers > 0 || left.len() > keys.len() / 2 {
            return Ok(None);
        }
        if left.is_empty() {
            return Ok(Some(told.loaded()));
        }
        let wanted: HashMap<&Key, usize> =
            left.iter().map(|place| (&keys[*place], *place)).collect();
        let Some(records) = self.read(writer.context, batch, &wanted).await? else {
            return Ok(None);
        };
        let mapped = self.transformer.map(records).await?;
        let refused_before = mapped
            .items
            .iter()
            .filter(|item| matches!(item.outcome, ItemOutcome::Rejected(_)))
            .count();
        let number = writer.pending.counts.read;
        let mut loaded = writer.loader.load(session, mapped, number).await?;
        let exists =
            loaded.rejects.iter().filter(|(_, _, problem)| problem.reason == "exists").count();
        if loaded.rejects.len() > refused_before + exists {
            return Ok(None);
        }
        let place = |key: &Key| wanted.get(key).map_or(u64::MAX, |place| *place as u64);
        for (ordinal, key, _) in &mut loaded.rejects {
            *ordinal = place(key);
        }
        for entry in &mut loaded.journal {
            entry.ordinal = place(&entry.source);
        }
        let mut entries: Vec<(usize, _)> = told
            .entries
            .into_iter()
            .enumerate()
            .filter_map(|(at, entry)| Some((at, entry?)))
            .collect();
        for _ in &entries {
            loaded.counts.add(&Fate::Inserted);
            loaded.counts.sources += 1;
        }
        for entry in std::mem::take(&mut loaded.record.entries) {
            if let Some(place) = wanted.get(&entry.key) {
                entries.push((*place, entry));
            }
        }
        entries.sort_by_key(|(place, _)| *place);
        loaded.record.entries = entries.into_iter().map(|(_, entry)| entry).collect();
        Ok(Some(loaded))
    }

    /// Reads records by their keys, in order; `None` when one can't be read. One that is gone
    /// meanwhile is not of the batch any more.
    async fn read(
        &mut self,
        context: &PhaseContext,
        batch: &KeyBatch,
        wanted: &HashMap<&Key, usize>,
    ) -> Result<Option<SourceBatch>, RunError> {
        let source = &self.phase.source;
        let store = context.stores.get(source.connection);
        let all: Vec<&Key> = wanted.keys().copied().collect();
        let mut found: Vec<(usize, Key, Row)> = Vec::with_capacity(all.len());
        let mut layout = Layout::Document;
        let columns =
            source::columns(&self.phase, &context.stores, &self.task.transfer.key).await?;
        for some in all.chunks(KEYS_PER_QUERY) {
            let tuples = some.iter().filter_map(|key| key.values()).collect();
            let by_key = Filter::Tuples { paths: self.task.transfer.key.clone(), tuples };
            let select = Select {
                entity: self.task.transfer.source.clone(),
                columns: columns.clone(),
                filter: source.filter.clone().and(by_key),
                ..Select::default()
            };
            let rows = match store.select(&select).await {
                Ok(rows) => rows,
                Err(error) if is_of_a_record(error.kind) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let Layout::Columns(columns) = &rows.layout else { return Ok(None) };
            let position = |part: &String| columns.iter().position(|column| column == part);
            let places: Vec<usize> = self.task.transfer.key.iter().filter_map(position).collect();
            for row in rows.rows {
                if let Ok(key) = Key::new(places.iter().map(|place| &row[*place]))
                    && let Some(place) = wanted.get(&key)
                {
                    found.push((*place, key, row));
                }
            }
            layout = rows.layout;
        }
        found.sort_by_key(|(place, _, _)| *place);
        let twice = found.windows(2).any(|pair| pair[0].0 == pair[1].0);
        let (keys, rows) = found.into_iter().map(|(_, key, row)| (Ok(key), row)).unzip();
        Ok((!twice).then(|| SourceBatch {
            layout,
            rows,
            keys,
            broken: Vec::new(),
            checkpoint: batch.checkpoint.clone(),
            bytes: 0,
        }))
    }

    /// Streams one batch from where the writer stands.
    async fn stream(&mut self, writer: &mut Writer<'_>) -> Result<Settled, Stop> {
        let stores = &writer.context.stores;
        let from = writer.pending.checkpoint.clone();
        let read = async {
            let mut scan = source::open(&self.phase, stores, from).await?;
            Ok::<_, RunError>(scan.next().await?)
        };
        let Some(batch) = read.await.map_err(Stop::Source)? else { return Ok(Settled::Gone) };
        let mapped = self.transformer.map(batch).await.map_err(Stop::Source)?;
        let checkpoint = mapped.checkpoint.clone();
        writer.write(mapped).await.map_err(in_target)?;
        Ok(Settled::Streamed(checkpoint))
    }
}

/// Whether a failure may be of single records, so that streaming finds out which.
fn is_of_a_record(kind: StoreErrorKind) -> bool {
    matches!(kind, StoreErrorKind::Query | StoreErrorKind::Corrupt | StoreErrorKind::Unsupported)
}

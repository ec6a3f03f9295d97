//! The batches of a phase that its database does by itself.
//!
//! The keys of a batch are read first: they are its extent and its order. The statement then gives
//! back the rows that are new; while their entries are made the next statement runs. Records that
//! are not among them (their key is there already, or something about them has no exact
//! equivalent) are read, mapped and decided as ever, inside the same savepoint. When the store
//! refuses one of those, or the statement as a whole, the savepoint is undone and the batch streams,
//! so that what becomes of each record never depends on the way.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::keys::{Extent, KeyBatch, read_ahead};
use super::told::{Told, tell};
use crate::connectors::feed::Feed;
use crate::connectors::{
    Checkpoint, Layout, ScanRequest, Session, SourceBatch, StoreErrorKind, WriteError,
};
use crate::ledger::{Fate, PhaseRecord};
use crate::plan::{OnConflict, PUSHED_BATCH, Phase, Transaction, WriteMode};
use crate::run::load::Loaded;
use crate::run::phase::PhaseContext;
use crate::run::writer::Writer;
use crate::run::{ItemOutcome, RunError, RunErrorKind, Transformer, failpoint, source};
use crate::value::query::{Filter, Select};
use crate::value::statement::{Portion, Transfer};
use crate::value::{DataType, Key, Row, Schema};

/// Chunks of new rows that wait for their entries.
const QUEUE: usize = 4;

/// After so many batches in a row of which little was new, the rest of the phase streams.
const PATIENCE: u32 = 3;

/// How many keys one query for records asks for.
const KEYS_PER_QUERY: usize = 500;

/// Does a phase's batches from the writer's checkpoint on. False when the rest is to be streamed.
pub(in crate::run) async fn push_batches(
    writer: &mut Writer<'_>,
    transfer: Transfer,
    committed: &mut PhaseRecord,
) -> Result<bool, RunError> {
    let mut pusher = Pusher::open(writer, transfer).await?;
    let mut started = Instant::now();
    let result = pusher.push_all(writer, committed, &mut started).await;
    match result {
        Ok(done) => {
            if done {
                writer.check_rejects(true)?;
            }
            if done || writer.context.phase.transaction != Transaction::Phase {
                writer.commit(committed, &mut started).await?;
            }
            Ok(done)
        }
        Err(Stop::Source(error)) => {
            if writer.context.phase.transaction != Transaction::Phase {
                writer.commit(committed, &mut started).await?;
            }
            Err(error)
        }
        Err(Stop::Target(error)) => Err(error),
    }
}

/// Why it ends early: after a failure of the source, what was written is kept.
enum Stop {
    Source(RunError),
    Target(RunError),
}

fn in_target(error: impl Into<RunError>) -> Stop {
    Stop::Target(error.into())
}

/// What a statement did with a batch.
enum Pushed {
    /// All of it is new; the entries are being made.
    Whole(JoinHandle<Told>),
    /// All of it is settled.
    Mixed(Box<Loaded>),
    /// Nothing: it is to be streamed.
    Not,
}

struct Pusher {
    transfer: Arc<Transfer>,
    /// The phase with the size of its batches.
    phase: Arc<Phase>,
    /// Where what identifies a new row is among its fields, when the ledger wants it.
    identity: Option<Vec<usize>>,
    /// Whether the parts of the key are text.
    text: Vec<bool>,
    /// The keys, from `position` on; `None` when they are to be read anew.
    keys: Option<Feed<KeyBatch>>,
    position: Option<Vec<u8>>,
    transformer: Transformer,
    /// The batch whose entries are being made.
    open: Option<(JoinHandle<Told>, Checkpoint, usize)>,
}

impl Pusher {
    async fn open(writer: &mut Writer<'_>, transfer: Transfer) -> Result<Self, RunError> {
        let context = writer.context;
        let mut phase = Phase::clone(&context.phase);
        let target = context.stores.get(phase.target.connection);
        let target = target.describe(&transfer.target).await?;
        if phase.transaction != Transaction::Batch
            && !target.is_some_and(|target| order_matters(&phase, &transfer, &target))
        {
            phase.batch = phase.batch.max(PUSHED_BATCH);
        }
        let schema = context.stores.get(phase.source.connection).describe(&transfer.source).await?;
        let is_text = |part: &String| {
            let column = schema.as_ref().and_then(|schema| schema.column(part));
            column.is_some_and(|column| matches!(column.data_type, DataType::Text { .. }))
        };
        let phase = Arc::new(phase);
        let shape = &writer.loader.shape;
        let now = writer.pending.now;
        Ok(Self {
            identity: shape.identity_to_keep().map(<[usize]>::to_vec),
            text: transfer.key.iter().map(is_text).collect(),
            transformer: Transformer::open(
                &context.plan,
                &phase,
                shape,
                &context.stores,
                now,
                None,
            )
            .await?,
            transfer: Arc::new(transfer),
            phase,
            keys: None,
            position: writer.pending.checkpoint.clone(),
            open: None,
        })
    }

    async fn push_all(
        &mut self,
        writer: &mut Writer<'_>,
        committed: &mut PhaseRecord,
        started: &mut Instant,
    ) -> Result<bool, Stop> {
        let context = writer.context;
        let mut in_vain = 0;
        loop {
            if context.cancel.is_cancelled() {
                self.settle_open(writer).await?;
                return Err(Stop::Source(RunError::new(RunErrorKind::Cancelled, "interrupted")));
            }
            let batch = match self.next(context).await {
                Ok(Some(batch)) => batch,
                Ok(None) => {
                    self.settle_open(writer).await?;
                    return Ok(true);
                }
                Err(error) => {
                    self.settle_open(writer).await?;
                    return Err(Stop::Source(error));
                }
            };
            // The one before may still be open.
            let seq = writer.pending.batches + u64::from(self.open.is_some());
            let mut session = writer.open().await.map_err(in_target)?;
            let pushed = self
                .push(writer, &mut *session, &batch)
                .await
                .map_err(|error| Stop::Target(error.in_batch(seq)))?;
            writer.session = Some(session);
            self.settle_open(writer).await?;
            let checkpoint = batch.checkpoint.clone();
            match pushed {
                Pushed::Whole(telling) => {
                    in_vain = 0;
                    self.open = Some((telling, checkpoint.clone(), batch.bytes));
                    self.position = Some(checkpoint.0);
                }
                Pushed::Mixed(loaded) => {
                    let new = loaded.counts.inserted * 2 >= loaded.counts.read;
                    in_vain = if new { 0 } else { in_vain + 1 };
                    self.position = Some(checkpoint.0.clone());
                    writer.settle(*loaded, checkpoint, batch.bytes).await.map_err(in_target)?;
                }
                Pushed::Not => {
                    in_vain += 1;
                    self.stream(writer, &batch).await?;
                }
            }
            if writer.group_is_full() {
                self.settle_open(writer).await?;
                writer.commit(committed, started).await.map_err(in_target)?;
            }
            if in_vain == PATIENCE {
                self.settle_open(writer).await?;
                return Ok(false);
            }
        }
    }

    /// The keys of the next batch.
    async fn next(&mut self, context: &PhaseContext) -> Result<Option<KeyBatch>, RunError> {
        if let Some(keys) = &mut self.keys {
            return Ok(keys.next().await?);
        }
        let source = &self.phase.source;
        let request = ScanRequest {
            source: source.scan.clone(),
            key: self.transfer.key.clone(),
            columns: Some(self.transfer.key.clone()),
            filter: source.filter.clone(),
            batch: self.phase.batch,
            after: self.position.clone().map(Checkpoint),
        };
        let scan = context.stores.get(source.connection).scan(request).await?;
        Ok(self.keys.insert(read_ahead(scan, self.text.clone())).next().await?)
    }

    /// Lets the database do a batch. While it does, the batch before is made ready for the ledger.
    async fn push(
        &mut self,
        writer: &mut Writer<'_>,
        session: &mut dyn Session,
        batch: &KeyBatch,
    ) -> Result<Pushed, RunError> {
        let Some(Extent { keys, first, last }) = &batch.extent else { return Ok(Pushed::Not) };
        failpoint::pass("intent").await;
        session.savepoint().await?;
        let (sender, rows) = mpsc::channel(QUEUE);
        let count = keys.len() as u64;
        let telling = tokio::spawn(tell(Arc::clone(keys), rows));
        let (transfer, identity) = (Arc::clone(&self.transfer), self.identity.clone());
        let look = !writer.loader.started_empty;
        let portion = Portion { first, last, look, identity: identity.as_deref() };
        let statement = session.transfer(&transfer, portion, sender);
        let (new, gathered) = tokio::join!(statement, self.gather_open(writer));
        gathered?;
        let new = match new {
            Ok(new) => new,
            Err(WriteError::Store(error)) if !is_of_a_record(error.kind) => {
                return Err(error.into());
            }
            Err(_) => {
                session.rollback_to_savepoint().await?;
                return Ok(Pushed::Not);
            }
        };
        failpoint::pass("data").await;
        if new == count {
            session.release().await?;
            return Ok(Pushed::Whole(telling));
        }
        let told = joined(telling).await?;
        let left = told.left();
        let mostly_left = left.len() > keys.len() / 2;
        let loaded = if told.strangers > 0 || mostly_left {
            None
        } else {
            self.take_left(writer, session, batch, keys, told, &left).await?
        };
        match loaded {
            Some(loaded) => {
                session.release().await?;
                Ok(Pushed::Mixed(Box::new(loaded)))
            }
            None => {
                session.rollback_to_savepoint().await?;
                Ok(Pushed::Not)
            }
        }
    }

    /// Takes the records that are not new the usual way, and puts both together. `None` when what
    /// becomes of them may depend on the rows that are new.
    async fn take_left(
        &mut self,
        writer: &mut Writer<'_>,
        session: &mut dyn Session,
        batch: &KeyBatch,
        keys: &[Key],
        told: Told,
        left: &[usize],
    ) -> Result<Option<Loaded>, RunError> {
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
        let columns = source::columns(&self.phase, &context.stores, &self.transfer.key).await?;
        for some in all.chunks(KEYS_PER_QUERY) {
            let tuples = some.iter().filter_map(|key| key.values()).collect();
            let by_key = Filter::Tuples { paths: self.transfer.key.clone(), tuples };
            let select = Select {
                entity: self.transfer.source.clone(),
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
            let places: Vec<usize> = self.transfer.key.iter().filter_map(position).collect();
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

    /// Streams one batch from the position on.
    async fn stream(&mut self, writer: &mut Writer<'_>, keys: &KeyBatch) -> Result<(), Stop> {
        let stores = &writer.context.stores;
        let read = async {
            let mut scan = source::open(&self.phase, stores, self.position.clone()).await?;
            Ok::<_, RunError>(scan.next().await?)
        };
        let Some(batch) = read.await.map_err(Stop::Source)? else { return Ok(()) };
        let mapped = self.transformer.map(batch).await.map_err(Stop::Source)?;
        self.position = Some(mapped.checkpoint.0.clone());
        if self.position.as_ref() != Some(&keys.checkpoint.0) {
            // The source changed between the two: its keys are read anew from here.
            self.keys = None;
        }
        writer.write(mapped).await.map_err(in_target)
    }

    /// Makes the batch whose entries were being made ready for the ledger.
    async fn gather_open(&mut self, writer: &mut Writer<'_>) -> Result<(), RunError> {
        let Some((telling, checkpoint, bytes)) = self.open.take() else { return Ok(()) };
        let told = joined(telling).await?;
        if told.strangers > 0 {
            let message = "the source changed while it was read";
            return Err(RunError::new(RunErrorKind::Store(StoreErrorKind::Conflict), message));
        }
        writer.gather(&told.loaded(), checkpoint, bytes)
    }

    /// Puts it into the ledger, when there is one.
    async fn settle_open(&mut self, writer: &mut Writer<'_>) -> Result<(), Stop> {
        self.gather_open(writer).await.map_err(in_target)?;
        writer.append_full().await.map_err(in_target)
    }
}

/// Whether what becomes of a record may depend on the size of batches: in each, new rows come before
/// changed ones, and a changed one may take a unique value, or give it free.
fn order_matters(phase: &Phase, transfer: &Transfer, target: &Schema) -> bool {
    let changes =
        matches!(phase.target.write, WriteMode::Insert(OnConflict::Update | OnConflict::Replace));
    let is_key = |columns: &[&String]| {
        columns.len() == transfer.conflict.len()
            && columns.iter().all(|column| transfer.conflict.contains(column))
    };
    let other_index = target.indexes.iter().any(|index| {
        index.unique && !is_key(&index.keys.iter().map(|key| &key.path).collect::<Vec<_>>())
    });
    let other_key = !is_key(&target.primary_key.iter().collect::<Vec<_>>());
    changes && (other_index || other_key)
}

/// Whether a failure may be of single records, so that streaming finds out which.
fn is_of_a_record(kind: StoreErrorKind) -> bool {
    matches!(kind, StoreErrorKind::Query | StoreErrorKind::Corrupt | StoreErrorKind::Unsupported)
}

async fn joined(telling: JoinHandle<Told>) -> Result<Told, RunError> {
    telling
        .await
        .map_err(|_| RunError::new(RunErrorKind::Internal, "making ledger entries was stopped"))
}

//! The batches of a phase that its database does by itself.
//!
//! The keys of a batch are read first: they are its extent and its order. The statement then gives
//! back the rows that are new, of which the ledger's entries are made while it runs. Records that
//! are not among them (their key is there already, or something about them has no exact
//! equivalent) are read, mapped and decided as ever, inside the same savepoint. When the store
//! refuses one of those, or the statement as a whole, the savepoint is undone and the batch streams,
//! so that what becomes of each record never depends on the way.
//!
//! Where the store allows it, the next batch's statement runs beside it in a transaction of its own,
//! which commits afterwards.

use std::sync::Arc;
use std::time::Instant;

use super::keys::Keys;
use super::settle::{Settled, Settler, Stop, in_target};
use super::statements::{Statements, Task};
use crate::connectors::{Checkpoint, ScanRequest, Session};
use crate::ledger::PhaseRecord;
use crate::plan::{OnConflict, PUSHED_BATCH, Phase, Transaction, WriteMode};
use crate::run::phase::PhaseContext;
use crate::run::writer::Writer;
use crate::run::{RunError, RunErrorKind, Transformer};
use crate::value::statement::Transfer;
use crate::value::{DataType, Schema};

/// After so many batches in a row of which little was new, the rest of the phase streams.
const PATIENCE: u32 = 3;

/// Statements under way at a time, where the store allows several: each keeps a processor of the
/// server busy, and one here.
const SIDE_BY_SIDE: usize = 2;

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

struct Pusher {
    keys: Keys,
    /// Why there are no more keys.
    failure: Option<RunError>,
    statements: Statements,
    /// How many statements may be under way. With several, each batch is a commit.
    width: usize,
    /// Sessions without a transaction, for the next statements.
    sessions: Vec<Box<dyn Session>>,
    settler: Settler,
}

impl Pusher {
    async fn open(writer: &mut Writer<'_>, transfer: Transfer) -> Result<Self, RunError> {
        let context = writer.context;
        let mut phase = Phase::clone(&context.phase);
        let store = context.stores.get(phase.target.connection);
        let target = store.describe(&transfer.target).await?;
        if phase.transaction != Transaction::Batch
            && !target.as_ref().is_some_and(|target| order_matters(&phase, &transfer, target))
        {
            phase.batch = phase.batch.max(PUSHED_BATCH);
        }
        let mut sessions = Vec::new();
        if phase.transaction != Transaction::Phase && writer.loader.flow.side_by_side {
            let mut session = store.session().await?;
            let columns: Vec<&str> = transfer.columns().collect();
            if session.side_by_side(&transfer.target, &columns).await? {
                sessions.push(session);
            }
        }
        let keys = keys(context, &phase, &transfer, writer.pending.checkpoint.clone()).await?;
        let phase = Arc::new(phase);
        let loader = &writer.loader;
        let (plan, shape, stores) = (&context.plan, &loader.shape, &context.stores);
        let transformer =
            Transformer::open(plan, &phase, shape, stores, writer.pending.now, None).await?;
        let identity = shape.identity_to_keep().map(<[usize]>::to_vec);
        let task = Arc::new(Task { transfer, identity, look: !loader.started_empty });
        Ok(Self {
            keys,
            failure: None,
            statements: Statements::default(),
            width: if sessions.is_empty() { 1 } else { SIDE_BY_SIDE },
            sessions,
            settler: Settler { task, phase, transformer },
        })
    }

    async fn push_all(
        &mut self,
        writer: &mut Writer<'_>,
        committed: &mut PhaseRecord,
        started: &mut Instant,
    ) -> Result<bool, Stop> {
        let mut in_vain = 0;
        loop {
            if writer.context.cancel.is_cancelled() {
                return Err(Stop::Source(RunError::new(RunErrorKind::Cancelled, "interrupted")));
            }
            self.start(writer).await.map_err(in_target)?;
            let Some(batch) = self.statements.first().map(Arc::clone) else {
                return self.failure.take().map_or(Ok(true), |error| Err(Stop::Source(error)));
            };
            let seq = writer.pending.batches;
            let done = self.statements.finish_first().await;
            let done = done.map_err(|error| Stop::Target(error.in_batch(seq)))?;
            let settling = Box::pin(self.settler.settle(writer, &batch, done));
            let settled = match self.statements.during(settling).await {
                Err(Stop::Target(error)) => return Err(Stop::Target(error.in_batch(seq))),
                settled => settled?,
            };
            if self.width > 1 || writer.group_is_full() {
                let committing = writer.commit(committed, started);
                let session = self.statements.during(committing).await.map_err(in_target)?;
                // Where only one writes at a time, a session must not be kept. A batch without a
                // statement has one more.
                let keep = self.width > 1 && self.sessions.len() < self.width;
                self.sessions.extend(session.filter(|_| keep));
            }
            in_vain = match settled {
                Settled::MostlyNew => 0,
                Settled::MostlyLeft | Settled::Streamed(_) | Settled::Gone => in_vain + 1,
            };
            if in_vain == PATIENCE {
                return Ok(false);
            }
            match settled {
                Settled::Streamed(checkpoint) if checkpoint != batch.checkpoint => {
                    // The source changed between the two: its keys are read anew from here.
                    self.statements = Statements::default();
                    self.keys.go_on_from(checkpoint);
                }
                _ => self.take_up_again(),
            }
        }
    }

    /// Starts statements, as many as may be under way.
    async fn start(&mut self, writer: &mut Writer<'_>) -> Result<(), RunError> {
        while self.statements.len() < self.width && self.failure.is_none() {
            let batch = match self.keys.next().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(error) => {
                    self.failure = Some(error.into());
                    break;
                }
            };
            let session = match &batch.extent {
                None => None,
                Some(_) if self.width > 1 => Some(writer.begin(self.sessions.pop()).await?),
                Some(_) => Some(writer.open().await?),
            };
            self.statements.start(batch, &self.settler.task, session);
        }
        Ok(())
    }

    /// After statements that ran ahead had to be given up, none does.
    fn take_up_again(&mut self) {
        let batches = self.statements.given_up();
        if !batches.is_empty() {
            self.width = 1;
            self.sessions.clear();
            self.keys.give_back(batches);
        }
    }
}

/// The keys of a phase's source, from a checkpoint on.
async fn keys(
    context: &PhaseContext,
    phase: &Phase,
    transfer: &Transfer,
    checkpoint: Option<Vec<u8>>,
) -> Result<Keys, RunError> {
    let store = context.stores.get(phase.source.connection);
    let schema = store.describe(&transfer.source).await?;
    let is_text = |part: &String| {
        let column = schema.as_ref().and_then(|schema| schema.column(part));
        column.is_some_and(|column| matches!(column.data_type, DataType::Text { .. }))
    };
    let request = ScanRequest {
        source: phase.source.scan.clone(),
        key: transfer.key.clone(),
        columns: Some(transfer.key.clone()),
        filter: phase.source.filter.clone(),
        batch: phase.batch,
        after: checkpoint.map(Checkpoint),
    };
    Ok(Keys::new(store, request, transfer.key.iter().map(is_text).collect()))
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

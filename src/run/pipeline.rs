//! Reading and mapping beside the writing, with a short queue between; and the passes over a source
//! that come before the writing.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::load::Loader;
use super::phase::PhaseContext;
use super::seen::{Seen, Winners};
use super::{ItemOutcome, MappedBatch, RunError, RunErrorKind, Shape, Transformer, changes};
use crate::ledger::{Fate, KeyMap, PhaseRecord};

/// How many mapped batches wait to be written.
const QUEUE: usize = 1;

pub(super) type Batches = mpsc::Receiver<Result<MappedBatch, RunError>>;

/// Starts reading and mapping.
pub(super) async fn pipeline(
    context: &PhaseContext,
    record: &PhaseRecord,
    shape: &Arc<Shape>,
    checkpoint: Option<Vec<u8>>,
) -> Result<(Batches, JoinHandle<()>), RunError> {
    let mut scan = changes::open(context, record, checkpoint).await?;
    let mut transformer = Transformer::open(
        &context.plan,
        &context.phase,
        shape,
        &context.stores,
        record.now,
        context.given.as_deref(),
    )
    .await?;
    let (mapped, batches) = mpsc::channel(QUEUE);
    let cancel = context.cancel.clone();
    // Every scan reads ahead by itself.
    let mapper = tokio::spawn(async move {
        loop {
            let message = if cancel.is_cancelled() {
                Err(RunError::new(RunErrorKind::Cancelled, "interrupted"))
            } else {
                match scan.next().await {
                    Ok(Some(batch)) => transformer.map(batch).await,
                    Ok(None) => return,
                    Err(error) => Err(RunError::from(error)),
                }
            };
            let failed = message.is_err();
            if mapped.send(message).await.is_err() || failed {
                return;
            }
        }
    });
    Ok((batches, mapper))
}

/// Whether the mapping came to its end: when it broke down, the batches end early without a word.
///
/// # Errors
/// When it broke down.
pub(super) async fn ended(mapper: JoinHandle<()>) -> Result<(), RunError> {
    mapper.await.map_err(|_| {
        RunError::new(RunErrorKind::Internal, "the mapping broke down before the source's end")
    })
}

/// Reads and maps the whole source once to learn the last record of each target key.
pub(super) async fn find_winners(
    context: &PhaseContext,
    record: &PhaseRecord,
    shape: &Arc<Shape>,
) -> Result<Winners, RunError> {
    let mut winners = Winners::default();
    let mut number = 0;
    let (mut batches, mapper) = pipeline(context, record, shape, None).await?;
    while let Some(batch) = batches.recv().await {
        for item in batch?.items {
            if let ItemOutcome::Row { target: Some(target), .. } = &item.outcome {
                winners.note(target, number);
            }
            number += 1;
        }
    }
    ended(mapper).await?;
    Ok(winners)
}

/// Which target keys arrived before the checkpoint: the source is read again up to there.
pub(super) async fn find_seen(
    context: &PhaseContext,
    record: &PhaseRecord,
    shape: &Arc<Shape>,
    loader: &Loader,
) -> Result<Seen, RunError> {
    let mut seen = Seen::default();
    let Some(end) = &record.checkpoint else { return Ok(seen) };
    let ledger = context.stores.ledger(context.phase.target.connection);
    let mut arrived = KeyMap::open(&ledger, &record.phase).await?;
    let (mut batches, mapper) = pipeline(context, record, shape, None).await?;
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        let done = batch.checkpoint.0 == *end;
        let keys: Vec<_> = batch.items.iter().map(|item| item.key.clone()).collect();
        let known =
            if loader.known.is_empty() { HashMap::default() } else { arrived.get(&keys).await? };
        for item in &batch.items {
            let fate = known.get(&item.key).map(|known| &known.entry.fate);
            if let ItemOutcome::Row { target: Some(target), .. } = &item.outcome
                && fate.is_some_and(Fate::arrived)
            {
                seen.insert(target);
            }
        }
        if done {
            mapper.abort();
            return Ok(seen);
        }
    }
    ended(mapper).await?;
    Ok(seen)
}

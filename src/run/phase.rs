//! One phase from start, or from its checkpoint, to its end.
//!
//! While `pipeline` reads and maps, batches are written here, and committed in groups; data, fates
//! and checkpoint go into one commit.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use super::apart::{duplicates_possible, keeps_apart};
use super::enrich::{Enricher, Opening, Services};
use super::flow::Flow;
use super::intent::{self, Intents};
use super::load::Loader;
use super::lookup::PhaseIds;
use super::pipeline::{ended, find_seen, find_winners, pipeline};
use super::switches::Violated;
use super::writer::Writer;
use super::{
    Cancel, Event, KeptRecord, Observer, Options, Progress, RunError, RunErrorKind, Shape, Stores,
    changes, deleted, failpoint, push_down, source, switches,
};
use crate::connectors::{ScanSource, Store, StoreError, StoreErrorKind};
use crate::ledger::{KeyMap, Ledger, ObjectKind, ObjectRecord, PhaseRecord, PhaseState};
use crate::plan::{OnDuplicate, Phase, Plan};
use crate::value::query::Select;

/// How often a phase goes on from its checkpoint after a passing failure.
const ATTEMPTS: u32 = 5;

/// Everything that a phase works with.
#[derive(Clone)]
pub(super) struct PhaseContext {
    pub(super) plan: Arc<Plan>,
    pub(super) phase: Arc<Phase>,
    pub(super) index: usize,
    pub(super) stores: Stores,
    pub(super) options: Arc<Options>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) cancel: Cancel,
    /// Ids that take the place of other phases' ledgers, for tests.
    pub(super) given: Option<Arc<PhaseIds>>,
    /// What all phases of the run share.
    pub(super) services: Arc<Services>,
}

/// What became of a phase.
pub(super) struct Ran {
    /// What is durable, also after an error.
    pub(super) record: PhaseRecord,
    /// How it ended.
    pub(super) result: Result<(), RunError>,
    /// The rows that violate foreign keys whose check it put off.
    pub(super) violated: Vec<Violated>,
}

/// Runs a phase of a run, from the beginning or from its checkpoint.
pub(super) async fn run_phase(
    context: &PhaseContext,
    run: &str,
    before: Option<PhaseRecord>,
) -> Ran {
    let name = context.phase.full_name();
    let mut record = match start(context, run, before).await {
        Ok(record) => record,
        Err((record, error)) => return ran(*record, Err(error.in_phase(&name))),
    };
    if let Err(error) = take_off(context, &record).await {
        let result = finish(context, &mut record, Err(error)).await;
        return ran(record, result.map_err(|error| error.in_phase(&name)));
    }
    let (result, known) = persevere(context, &mut record, Job::Read).await;
    if !known {
        // What became of the last commit can't be told; the next run sees it.
        return ran(record, result.map_err(|error| error.in_phase(&name)));
    }
    let (mut result, violated) = put_back(context, &record, result).await;
    if result.is_ok() {
        match deleted::is_due(context, &record).await {
            // It ends when what is gone from the source is handled.
            Ok(true) => return ran(record, Ok(())),
            Ok(false) => {}
            Err(error) => result = Err(error),
        }
    }
    let result = finish(context, &mut record, result).await;
    Ran { violated, ..ran(record, result.map_err(|error| error.in_phase(&name))) }
}

fn ran(record: PhaseRecord, result: Result<(), RunError>) -> Ran {
    Ran { record, result, violated: Vec::new() }
}

/// Switches off what the phase wants off in its target.
async fn take_off(context: &PhaseContext, record: &PhaseRecord) -> Result<(), RunError> {
    switches::take_off(&context.stores, &context.phase, record, &context.cancel).await
}

/// Puts back what was off in the target, whatever became of the phase, and finds the rows that the
/// target would not have taken.
async fn put_back(
    context: &PhaseContext,
    record: &PhaseRecord,
    result: Result<(), RunError>,
) -> (Result<(), RunError>, Vec<Violated>) {
    let show_values = context.options.show_values;
    let on = switches::put_back(&context.stores, &context.phase, record, show_values).await;
    match (result, on) {
        (Err(error), _) | (Ok(()), Err(error)) => (Err(error), Vec::new()),
        (Ok(()), Ok(violated)) if violated.is_empty() => (Ok(()), violated),
        (Ok(()), Ok(violated)) => {
            let phase = context.phase.full_name();
            context.observer.event(&Event::Violated { phase, violated: violated.clone() });
            (Err(switches::failure(&violated)), violated)
        }
    }
}

/// Handles what is gone from the source of a phase that read it, and ends the phase. Tells what of
/// it stays as it is.
pub(super) async fn run_deletions(
    context: &PhaseContext,
    mut record: PhaseRecord,
) -> (Ran, Vec<KeptRecord>) {
    let name = context.phase.full_name();
    let mut kept = Vec::new();
    let (result, known) = match take_off(context, &record).await {
        Ok(()) => persevere(context, &mut record, Job::Delete(&mut kept)).await,
        Err(error) => (Err(error), true),
    };
    if !known {
        return (ran(record, result.map_err(|error| error.in_phase(&name))), kept);
    }
    let (result, violated) = put_back(context, &record, result).await;
    let result = finish(context, &mut record, result).await;
    (Ran { violated, ..ran(record, result.map_err(|error| error.in_phase(&name))) }, kept)
}

/// What is done of a phase.
enum Job<'j> {
    /// Its source is read, and written to the target.
    Read,
    /// What is gone from its source is handled; what stays is told.
    Delete(&'j mut Vec<KeptRecord>),
}

/// Does a job, and again from where it stands after failures that pass. Tells also whether the
/// record is what the ledger holds.
async fn persevere(
    context: &PhaseContext,
    record: &mut PhaseRecord,
    mut job: Job<'_>,
) -> (Result<(), RunError>, bool) {
    let mut attempt = 1;
    // A commit that failed may have been made.
    let mut known = true;
    let result = loop {
        let committed = (record.batches, record.counts.read);
        let result = match (refresh(context, record, &mut known).await, &mut job) {
            (Err(error), _) => Err(error),
            // After a failure one thing after the other.
            (Ok(()), Job::Read) => attempt_phase(context, record, attempt == 1).await,
            (Ok(()), Job::Delete(kept)) => deleted::handle(context, record, kept).await,
        };
        known &= result.is_ok();
        match result {
            Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                // Progress since the last failure starts the count anew.
                attempt =
                    if (record.batches, record.counts.read) == committed { attempt + 1 } else { 2 };
                let phase = context.phase.full_name();
                let message = error.message.clone();
                context.observer.event(&Event::Retry { phase, attempt, message });
                tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
                let target = context.stores.get(context.phase.target.connection);
                // One that was lost is taken again by asking; another process that took it stops us.
                match target.keep_lock().await {
                    Err(error) if !error.is_transient() => break Err(error.into()),
                    Ok(()) | Err(_) => {}
                }
            }
            other => break other,
        }
    };
    if result.is_err() {
        let refreshed = refresh(context, record, &mut known).await;
        if refreshed.is_ok() {
            known = true;
        }
    } else {
        known = true;
    }
    (result, known)
}

/// Reads the record again after a failure, and takes back a batch that was not finished.
async fn refresh(
    context: &PhaseContext,
    record: &mut PhaseRecord,
    known: &mut bool,
) -> Result<(), RunError> {
    let target = context.stores.get(context.phase.target.connection);
    let ledger = Ledger::new(Arc::clone(target));
    if !*known {
        // The server may still be at the commit whose answer was lost.
        ledger.settled().await?;
        let records = ledger.phases(Some(&record.phase)).await?;
        if let Some(saved) = records.into_iter().find(|saved| saved.run == record.run) {
            *record = saved;
        }
        *known = true;
    }
    intent::recover_phase(target, &ledger, record, &*context.observer).await
}

/// Writes the phase's record as under way, and the ledger and the target's collection when they are
/// not there.
async fn start(
    context: &PhaseContext,
    run: &str,
    before: Option<PhaseRecord>,
) -> Result<PhaseRecord, (Box<PhaseRecord>, RunError)> {
    let phase = &context.phase;
    let resumed = before.is_some();
    let now = context.options.now();
    let mut record = before.unwrap_or_else(|| PhaseRecord {
        run: run.to_owned(),
        phase: phase.history_name(),
        checksum: phase.checksum.clone(),
        state: PhaseState::NotStarted,
        counts: crate::ledger::Counts::default(),
        checkpoint: None,
        batches: 0,
        now,
        started_at: Utc::now(),
        finished_at: None,
        seconds: 0.0,
        expected: phase.expected,
        error: None,
        target: crate::ledger::TargetShape::default(),
    });
    if record.checkpoint.is_none() {
        // Nothing was committed, or a rollback began: all is read again.
        record.counts = crate::ledger::Counts::default();
    }
    let mut attempt = 1;
    loop {
        match try_start(context, &mut record, resumed).await {
            Ok(()) => return Ok(record),
            // Phases that start at the same time may be in each other's way in the ledger.
            Err(error)
                if error.kind == RunErrorKind::Store(StoreErrorKind::Conflict)
                    && attempt < ATTEMPTS =>
            {
                attempt += 1;
                let message = error.message.clone();
                context.observer.event(&Event::Retry {
                    phase: phase.full_name(),
                    attempt,
                    message,
                });
                tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
            }
            Err(error) => return Err((Box::new(record), error)),
        }
    }
}

async fn try_start(
    context: &PhaseContext,
    record: &mut PhaseRecord,
    resumed: bool,
) -> Result<(), RunError> {
    let phase = &context.phase;
    let target = context.stores.get(phase.target.connection);
    let ledger = Ledger::new(Arc::clone(target));
    // Before anything is read, so that what changes from now on is found by the next run.
    let reading = changes::prepare(context, &ledger, record).await?;
    // A large source takes a while to count; meanwhile the rest is made ready.
    let counting = context.clone();
    let partly = reading.as_ref().is_some_and(|reading| reading.since.is_some());
    let expected = tokio::spawn(async move {
        // How much of it changed is known when it was read.
        if partly { None } else { expected(&counting).await }
    });
    if !resumed && let Some(first) = ledger_now(&ledger, &record.phase).await? {
        record.now = context.options.now.unwrap_or(first);
    }
    let schema = target.describe(&phase.target.entity).await?;
    if schema.is_none() && !target.capabilities().implicit_entities {
        let message = format!("the target has no table `{}`", phase.target.entity);
        return Err(RunError::new(RunErrorKind::Refused, message)
            .help("create it, or correct `target.table`"));
    }
    record.target = Shape::new(phase, &**target, schema.as_ref())?.target(phase);
    // Before anything is written, so that nothing waits for a mark that can't be made.
    deleted::check(context, target, schema.as_ref())?;
    record.state = PhaseState::InProgress;
    record.error = None;
    record.finished_at = None;
    let mut open =
        if ledger.exists().await? { ledger.open_rejects(&record.phase).await? } else { Vec::new() };
    open.retain(|reject| reject.run != record.run);
    let mut session = target.session().await?;
    session.begin().await?;
    ledger.create(&mut *session).await?;
    // Another phase may have created the collection since.
    if schema.is_none() && session.describe(&phase.target.entity).await?.is_none() {
        let entity = phase.target.entity.clone();
        let object = ObjectRecord {
            run: record.run.clone(),
            kind: ObjectKind::Entity,
            entity: entity.clone(),
            name: entity.clone(),
        };
        ledger.add_object(&mut *session, &object).await?;
        session.define(&crate::connectors::Definition::CreateCollection { entity }).await?;
    }
    // In this order, so that a run that goes on comes back to them where it was killed between.
    if let Some(reading) = &reading {
        ledger.save_reading(&mut *session, record, reading).await?;
    }
    ledger.save_phase(&mut *session, record).await?;
    ledger.resolve_rejects(&mut *session, &open).await?;
    session.commit().await?;
    context.observer.event(&Event::PhaseStarted {
        phase: phase.full_name(),
        expected: expected.await.ok().flatten(),
        resumed,
    });
    Ok(())
}

/// When the phase first started, in any run that was not taken back.
async fn ledger_now(
    ledger: &Ledger,
    phase: &str,
) -> Result<Option<chrono::DateTime<Utc>>, RunError> {
    if !ledger.exists().await? {
        return Ok(None);
    }
    let records = ledger.phases(Some(phase)).await?;
    Ok(records
        .into_iter()
        .filter(|record| record.state != PhaseState::RolledBack)
        .map(|record| record.now)
        .min())
}

/// How many records the source holds, for progress. A source that can't be counted is not.
async fn expected(context: &PhaseContext) -> Option<u64> {
    let source = &context.phase.source;
    match &source.scan {
        ScanSource::Entity(entity) => {
            context.stores.get(source.connection).count(entity, &source.filter).await.ok()
        }
        _ => context.phase.expected,
    }
}

/// One attempt, from the record's checkpoint to the end or a failure. The record tells what is
/// committed. `side_by_side` says whether several transactions may be open.
async fn attempt_phase(
    context: &PhaseContext,
    record: &mut PhaseRecord,
    side_by_side: bool,
) -> Result<(), RunError> {
    let phase = &context.phase;
    let target = Arc::clone(context.stores.get(phase.target.connection));
    let ledger = Ledger::new(Arc::clone(&target));
    let schema = target.describe(&phase.target.entity).await?;
    let shape = Arc::new(Shape::new(phase, &*target, schema.as_ref())?);
    let source_key = source::key(phase, &context.stores).await?;
    let known = KeyMap::open(&ledger, &record.phase).await?;
    let asked = context.options.update.contains(&context.index);
    let changed = phase.source.changes.is_some() && !known.is_empty();
    let duplicates = duplicates_possible(phase, &source_key);
    let apart = !duplicates
        && schema.is_some_and(|schema| keeps_apart(&phase.mapping, &source_key, &schema));
    let mut loader = Loader {
        phase: Arc::clone(phase),
        shape: Arc::clone(&shape),
        update: asked || changed,
        // A record that was deleted and came back needs its references again.
        trusts: changed && !asked && !follows_deletions(context),
        unmarks: false,
        known,
        seen: None,
        winners: None,
        started_empty: record.checkpoint.is_none() && is_empty(&*target, &shape, phase).await?,
        intents: Intents::of(&target, &ledger, record),
        flow: Flow::new(&target, side_by_side && apart),
    };
    if duplicates {
        if phase.on_duplicate == OnDuplicate::Last {
            loader.winners = Some(find_winners(context, record, &shape).await?);
        }
        loader.seen = Some(find_seen(context, record, &shape, &loader).await?);
    }
    // A test of a mapping asks nobody.
    let enricher = if context.given.is_some() {
        None
    } else {
        let opening = Opening {
            phase,
            index: context.index,
            shape: &shape,
            target: &target,
            services: &context.services,
            observer: &*context.observer,
            update: loader.update,
            dry_run: context.options.dry_run,
        };
        Enricher::open(&opening, record).await?
    };
    let mut writer = Writer::new(context, record, loader, enricher);
    let again = !writer.loader.known.is_empty() && record.checkpoint.is_none();
    if !again
        && let Some(transfer) = push_down::transfer_of(context).await?
        && Box::pin(push_down::push_batches(&mut writer, transfer, record)).await?
    {
        return Ok(());
    }
    loop {
        let checkpoint = writer.pending.checkpoint.clone();
        let (batches, mapper) = pipeline(context, record, &shape, checkpoint).await?;
        let result = writer.write_all(batches, record).await;
        if !writer.loader.flow.refused {
            result?;
            return ended(mapper).await;
        }
        mapper.abort();
        writer.go_back(record);
    }
}

/// Whether a phase is the second pass of one whose records may be deleted in between.
fn follows_deletions(context: &PhaseContext) -> bool {
    let first = context.phase.follows.as_ref();
    context
        .plan
        .phases
        .iter()
        .any(|phase| phase.deleted.is_some() && Some(&phase.history_name()) == first)
}

/// Whether the target holds no record.
async fn is_empty(target: &dyn Store, shape: &Shape, phase: &Phase) -> Result<bool, StoreError> {
    let select = Select {
        entity: phase.target.entity.clone(),
        columns: (!shape.identity.is_empty()).then(|| shape.identity.clone()),
        limit: Some(1),
        ..Select::default()
    };
    Ok(target.select(&select).await?.rows.is_empty())
}

/// Writes how the phase ended.
async fn finish(
    context: &PhaseContext,
    record: &mut PhaseRecord,
    result: Result<(), RunError>,
) -> Result<(), RunError> {
    failpoint::pass("phase_end").await;
    let mut ended = record.clone();
    match &result {
        Ok(()) => {
            ended.state = PhaseState::Completed;
            ended.finished_at = Some(Utc::now());
        }
        Err(error) if error.kind == RunErrorKind::Cancelled => {}
        Err(error) => {
            ended.state = PhaseState::Failed;
            ended.finished_at = Some(Utc::now());
            ended.error = Some(error.message.clone());
        }
    }
    let mut saved = save(context, &ended).await;
    for attempt in 2..=ATTEMPTS {
        match &saved {
            Err(error) if error.is_transient() => {
                tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
                saved = save(context, &ended).await;
            }
            _ => break,
        }
    }
    if saved.is_ok() {
        *record = ended;
    }
    context.observer.event(&Event::PhaseFinished {
        phase: context.phase.full_name(),
        state: record.state.name().to_owned(),
        counts: Progress::from(&record.counts),
        seconds: record.seconds,
    });
    match (result, saved) {
        // The first failure is the one to tell.
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
        (Ok(()), Ok(())) => Ok(()),
    }
}

async fn save(context: &PhaseContext, record: &PhaseRecord) -> Result<(), RunError> {
    let target = context.stores.get(context.phase.target.connection);
    let mut session = target.session().await?;
    session.begin().await?;
    Ledger::new(Arc::clone(target)).save_phase(&mut *session, record).await?;
    session.commit().await?;
    Ok(())
}

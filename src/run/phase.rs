//! One phase from start, or from its checkpoint, to its end.
//!
//! While `pipeline` reads and maps, batches are written here, and committed in groups; data, fates
//! and checkpoint go into one commit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::enrich::{Enricher, Opening, Services};
use super::flow::Flow;
use super::intent::{self, Intents};
use super::load::{Loaded, Loader};
use super::lookup::PhaseIds;
use super::pipeline::{Batches, find_seen, find_winners, pipeline};
use super::seen::duplicates_possible;
use super::{
    Cancel, Event, KeptRecord, MappedBatch, Observer, Options, Progress, RunError, RunErrorKind,
    Shape, Stores, changes, deleted, failpoint, push_down, source,
};
use crate::connectors::{Checkpoint, ScanSource, Session, Store, StoreError, StoreErrorKind};
use crate::ledger::{
    BatchRows, KeyMap, Ledger, ObjectKind, ObjectRecord, PhaseRecord, PhaseState, RejectRecord,
    RejectState,
};
use crate::plan::{OnDuplicate, Phase, Plan, RejectLimit, Transaction};
use crate::value::query::Select;

/// A commit holds batches of about this many bytes of source rows, or of `Options::commit_after`.
const COMMIT_BYTES: usize = 16 << 20;

/// … or of about this many records: each may touch a page of its own.
const COMMIT_RECORDS: u64 = 50_000;

/// How long a group that waits for its source stays open.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a phase goes on from its checkpoint after a passing failure.
const ATTEMPTS: u32 = 5;

/// After so many streams that the target refused, the rest of the phase goes in batch by batch.
const REFUSALS: u32 = 3;

/// Before a share of rejects stops a phase, this many records are read.
const SHARE_AFTER: u64 = 100;

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

/// Runs a phase of a run, from the beginning or from its checkpoint. The record tells what is
/// durable, also after an error.
pub(super) async fn run_phase(
    context: &PhaseContext,
    run: &str,
    before: Option<PhaseRecord>,
) -> (PhaseRecord, Result<(), RunError>) {
    let name = context.phase.full_name();
    let mut record = match start(context, run, before).await {
        Ok(record) => record,
        Err((record, error)) => return (*record, Err(error.in_phase(&name))),
    };
    let (mut result, known) = persevere(context, &mut record, Job::Read).await;
    if !known {
        // What became of the last commit can't be told; the next run sees it.
        return (record, result.map_err(|error| error.in_phase(&name)));
    }
    if result.is_ok() {
        match deleted::is_due(context, &record).await {
            // It ends when what is gone from the source is handled.
            Ok(true) => return (record, Ok(())),
            Ok(false) => {}
            Err(error) => result = Err(error),
        }
    }
    let result = finish(context, &mut record, result).await;
    (record, result.map_err(|error| error.in_phase(&name)))
}

/// Handles what is gone from the source of a phase that read it, and ends the phase. Tells what of
/// it stays as it is.
pub(super) async fn run_deletions(
    context: &PhaseContext,
    mut record: PhaseRecord,
) -> (PhaseRecord, Vec<KeptRecord>, Result<(), RunError>) {
    let name = context.phase.full_name();
    let mut kept = Vec::new();
    let (result, known) = persevere(context, &mut record, Job::Delete(&mut kept)).await;
    if !known {
        return (record, kept, result.map_err(|error| error.in_phase(&name)));
    }
    let result = finish(context, &mut record, result).await;
    (record, kept, result.map_err(|error| error.in_phase(&name)))
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
            (Ok(()), Job::Read) => attempt_phase(context, record).await,
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
/// committed.
async fn attempt_phase(context: &PhaseContext, record: &mut PhaseRecord) -> Result<(), RunError> {
    let phase = &context.phase;
    let target = Arc::clone(context.stores.get(phase.target.connection));
    let ledger = Ledger::new(Arc::clone(&target));
    let schema = target.describe(&phase.target.entity).await?;
    let shape = Arc::new(Shape::new(phase, &*target, schema.as_ref())?);
    let source_key = source::key(phase, &context.stores).await?;
    let known = KeyMap::open(&ledger, &record.phase).await?;
    let asked = context.options.update.contains(&context.index);
    let changed = phase.source.changes.is_some() && !known.is_empty();
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
        flow: Flow::new(&target),
    };
    if duplicates_possible(phase, &source_key) {
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
    let mut writer = Writer {
        context,
        enricher,
        ledger,
        target,
        loader,
        session: None,
        group: Group::new(),
        pending: record.clone(),
        rows: BatchRows::default(),
        wants_records: context.observer.wants_records(),
        refusals: 0,
        careful: 0,
        told: 0,
    };
    let again = !writer.loader.known.is_empty() && record.checkpoint.is_none();
    if !again
        && let Some(transfer) = push_down::transfer_of(context).await?
        && push_down::push_batches(&mut writer, transfer, record).await?
    {
        return Ok(());
    }
    loop {
        let checkpoint = writer.pending.checkpoint.clone();
        let (batches, mapper) = pipeline(context, record, &shape, checkpoint).await?;
        let result = writer.write_all(batches, record).await;
        mapper.abort();
        if !writer.loader.flow.refused {
            return result;
        }
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

/// The batches of one commit.
struct Group {
    started: Instant,
    bytes: usize,
    batches: u64,
    records: u64,
}

impl Group {
    fn new() -> Self {
        Self { started: Instant::now(), bytes: 0, batches: 0, records: 0 }
    }

    fn is_full(&self, transaction: Transaction, commit_after: Duration) -> bool {
        match transaction {
            Transaction::Phase => false,
            Transaction::Batch => self.batches > 0,
            Transaction::Auto | Transaction::Record => {
                self.bytes >= COMMIT_BYTES
                    || self.records >= COMMIT_RECORDS
                    || self.started.elapsed() >= commit_after
            }
        }
    }
}

/// Writes batches, and commits them in groups.
pub(super) struct Writer<'c> {
    pub(super) context: &'c PhaseContext,
    enricher: Option<Enricher>,
    ledger: Ledger,
    target: Arc<dyn Store>,
    pub(super) loader: Loader,
    /// The session of the commit under way.
    pub(super) session: Option<Box<dyn Session>>,
    group: Group,
    /// The phase's record as it will be at the next commit.
    pub(super) pending: PhaseRecord,
    /// What the group's batches leave in the ledger.
    rows: BatchRows,
    wants_records: bool,
    /// How often the target refused a row of a stream.
    refusals: u32,
    /// Batches before this one do not stream.
    careful: u64,
    /// How many batches were told of.
    told: u64,
}

impl Writer<'_> {
    async fn write_all(
        &mut self,
        mut batches: Batches,
        committed: &mut PhaseRecord,
    ) -> Result<(), RunError> {
        let transaction = self.context.phase.transaction;
        let mut started = Instant::now();
        let mut interrupted = None;
        loop {
            // A group that waits for its source is committed, so that nothing is held for long.
            let waits = self.enricher.is_none() && transaction != Transaction::Phase;
            let next = if self.session.is_some() && waits {
                match tokio::time::timeout(PATIENCE, self.next(&mut batches)).await {
                    Ok(next) => next,
                    Err(_) => {
                        self.commit(committed, &mut started).await?;
                        continue;
                    }
                }
            } else {
                self.next(&mut batches).await
            };
            let batch = match next {
                None => break,
                Some(Ok(batch)) => batch,
                Some(Err(error)) => {
                    interrupted = Some(error);
                    break;
                }
            };
            let seq = self.pending.batches;
            // What is told of a record must stand.
            self.loader.flow.wanted =
                !self.wants_records && self.enricher.is_none() && seq >= self.careful;
            self.write(batch).await.map_err(|error| error.in_batch(seq))?;
            if self.context.cancel.is_cancelled() {
                interrupted = Some(RunError::new(RunErrorKind::Cancelled, "interrupted"));
                break;
            }
            if self.group_is_full() {
                self.commit(committed, &mut started).await?;
            }
        }
        if let Some(error) = interrupted {
            if transaction != Transaction::Phase {
                self.commit(committed, &mut started).await?;
            }
            return Err(error);
        }
        self.check_rejects(true)?;
        self.commit(committed, &mut started).await
    }

    /// The next batch, its answers with it.
    async fn next(&mut self, batches: &mut Batches) -> Option<Result<MappedBatch, RunError>> {
        match &mut self.enricher {
            Some(enricher) => {
                let cancel = &self.context.cancel;
                enricher.next(batches, || cancel.is_cancelled()).await
            }
            None => batches.recv().await,
        }
    }

    /// Goes back to the last commit, since the target refused a row of a stream.
    fn go_back(&mut self, committed: &PhaseRecord) {
        self.refusals += 1;
        self.careful = if self.refusals < REFUSALS { self.pending.batches + 1 } else { u64::MAX };
        self.session = None;
        self.pending.clone_from(committed);
        self.rows = BatchRows::default();
        self.loader.flow.refused = false;
        if let Some(seen) = &mut self.loader.seen {
            seen.take_back();
        }
    }

    /// The session of the commit under way, or of a new one. It is to be put back.
    pub(super) async fn open(&mut self) -> Result<Box<dyn Session>, RunError> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let mut session = self.target.session().await?;
        session.begin().await?;
        self.group = Group::new();
        Ok(session)
    }

    /// Writes a batch.
    pub(super) async fn write(&mut self, batch: MappedBatch) -> Result<(), RunError> {
        let mut session = self.open().await?;
        let checkpoint = batch.checkpoint.clone();
        let bytes = batch.bytes;
        match &mut self.loader.intents {
            Some(intents) => intents.begin(&self.pending),
            None => failpoint::pass("intent").await,
        }
        let loaded = self.loader.load(&mut *session, batch, self.pending.counts.read).await?;
        failpoint::pass("data").await;
        self.session = Some(session);
        self.settle(loaded, checkpoint, bytes).await
    }

    /// Puts what became of a batch into the ledger.
    pub(super) async fn settle(
        &mut self,
        loaded: Loaded,
        checkpoint: Checkpoint,
        bytes: usize,
    ) -> Result<(), RunError> {
        let mut session = self.open().await?;
        let seq = self.pending.batches;
        self.pending.counts.merge(&loaded.counts);
        self.pending.checkpoint = Some(checkpoint.0);
        self.pending.batches += 1;
        let rejects = self.rejects(&loaded, seq);
        match &mut self.loader.intents {
            Some(intents) => intents.settle(&mut *session, &loaded, &rejects).await?,
            None => {
                // Written before the commit: until then nothing reads them.
                self.rows.add(&self.pending, seq, &loaded.record, &loaded.journal, &rejects);
                if self.rows.is_full() {
                    self.loader.flow.end(&mut *session).await?;
                    self.ledger.append_rows(&mut *session, std::mem::take(&mut self.rows)).await?;
                }
            }
        }
        self.session = Some(session);
        self.group.batches += 1;
        self.group.bytes += bytes;
        self.group.records += loaded.counts.read;
        self.tell(&loaded, &rejects, seq);
        self.check_rejects(false)
    }

    /// Whether the commit under way has gathered enough.
    pub(super) fn group_is_full(&self) -> bool {
        let commit_after = self.context.options.commit_after;
        // Without transactions every batch is finished by itself, and what was paid for is kept.
        self.loader.intents.is_some()
            || self.enricher.is_some()
            || self.group.is_full(self.context.phase.transaction, commit_after)
    }

    fn rejects(&self, loaded: &Loaded, seq: u64) -> Vec<RejectRecord> {
        loaded
            .rejects
            .iter()
            .map(|(ordinal, key, problem)| RejectRecord {
                run: self.pending.run.clone(),
                phase: self.pending.phase.clone(),
                batch: seq,
                ordinal: *ordinal,
                key: key.clone(),
                reason: problem.reason.to_string(),
                field: problem.field.clone(),
                message: problem.message.clone(),
                state: RejectState::Open,
            })
            .collect()
    }

    fn tell(&mut self, loaded: &Loaded, rejects: &[RejectRecord], seq: u64) {
        let observer = &self.context.observer;
        let phase = self.context.phase.full_name();
        if self.wants_records {
            for entry in &loaded.record.entries {
                let reject = rejects.iter().find(|reject| reject.key == entry.key);
                observer.event(&Event::Record {
                    phase: phase.clone(),
                    key: entry.key.display(self.context.options.show_values),
                    fate: entry.fate.name().to_owned(),
                    reason: entry.fate.reason().map(str::to_owned),
                    message: reject.map(|reject| reject.message.clone()),
                });
            }
        }
        // Not again what was told before it was taken back.
        if seq < self.told {
            return;
        }
        self.told = seq + 1;
        let counts = Progress::from(&self.pending.counts);
        observer.event(&Event::Batch { phase, batch: seq + 1, counts });
    }

    /// Fails when more records are rejected than the phase allows.
    pub(super) fn check_rejects(&self, at_end: bool) -> Result<(), RunError> {
        let counts = &self.pending.counts;
        let exceeded = match self.context.phase.max_rejects {
            None => false,
            Some(RejectLimit::Count(limit)) => counts.rejected > limit,
            #[expect(clippy::cast_precision_loss, reason = "a share of a count")]
            Some(RejectLimit::Share(limit)) => {
                (at_end || counts.read >= SHARE_AFTER)
                    && counts.rejected as f64 > limit * counts.read as f64
            }
        };
        if !exceeded {
            return Ok(());
        }
        let message = format!(
            "{} of {} records are rejected, more than `max_rejects` allows",
            counts.rejected, counts.read
        );
        Err(RunError::new(RunErrorKind::TooManyRejects, message)
            .help("see `mapper rejects`; mend the source or the spec, and run again"))
    }

    /// Commits what is under way, when there is something.
    pub(super) async fn commit(
        &mut self,
        committed: &mut PhaseRecord,
        started: &mut Instant,
    ) -> Result<(), RunError> {
        let Some(mut session) = self.session.take() else { return Ok(()) };
        if !self.pending.counts.is_conserved() {
            return Err(RunError::new(
                RunErrorKind::Internal,
                "the counts of this phase do not add up; nothing of the last commit was kept",
            ));
        }
        self.pending.seconds += started.elapsed().as_secs_f64();
        *started = Instant::now();
        self.loader.flow.end(&mut *session).await?;
        failpoint::pass("checkpoint").await;
        self.ledger.append_rows(&mut *session, std::mem::take(&mut self.rows)).await?;
        if let Some(enricher) = &mut self.enricher {
            enricher.settle(&mut *session).await?;
        }
        self.ledger.save_phase(&mut *session, &self.pending).await?;
        self.target.keep_lock().await?;
        session.commit().await?;
        if let Some(enricher) = &mut self.enricher {
            enricher.committed();
        }
        committed.clone_from(&self.pending);
        if let Some(seen) = &mut self.loader.seen {
            seen.keep();
        }
        failpoint::pass("committed").await;
        self.context.observer.event(&Event::Commit {
            phase: self.context.phase.full_name(),
            batches: self.pending.batches,
        });
        Ok(())
    }
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

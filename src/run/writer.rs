//! Writes the batches of a phase and commits them in groups: data, fates and checkpoint together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::closing::{Closing, finish};
use super::enrich::Enricher;
use super::load::{Loaded, Loader};
use super::phase::PhaseContext;
use super::pipeline::Batches;
use super::{Event, MappedBatch, Progress, RunError, RunErrorKind, failpoint};
use crate::connectors::{Checkpoint, Session, Store, StoreErrorKind};
use crate::ledger::{BatchRows, Ledger, PhaseRecord, RejectRecord};
use crate::plan::{RejectLimit, Transaction};

/// A commit holds batches of about this many bytes of source rows, or of `Options::commit_after`.
const COMMIT_BYTES: usize = 64 << 20;

/// … or of about this many records: each may touch a page of its own.
const COMMIT_RECORDS: u64 = 100_000;

/// … or, where the next commit is gathered while this one ends, of about this many records: half of
/// them may still be on their way to the target then, so that it takes in two streams.
const SIDE_BY_SIDE_RECORDS: u64 = 32_000;

/// How long a group that waits for its source stays open.
const PATIENCE: Duration = Duration::from_secs(1);

/// After so many streams that the target refused, the rest of the phase goes in batch by batch.
const REFUSALS: u32 = 3;

/// Before a share of rejects stops a phase, this many records are read.
const SHARE_AFTER: u64 = 100;

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
    /// The commit before, while it ends.
    closing: Option<Closing>,
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

impl<'c> Writer<'c> {
    /// Makes ready to write on from where a phase's record stands.
    pub(super) fn new(
        context: &'c PhaseContext,
        record: &PhaseRecord,
        loader: Loader,
        enricher: Option<Enricher>,
    ) -> Self {
        let target = Arc::clone(context.stores.get(context.phase.target.connection));
        Self {
            context,
            enricher,
            ledger: Ledger::new(Arc::clone(&target)),
            target,
            loader,
            session: None,
            closing: None,
            group: Group::new(),
            pending: record.clone(),
            rows: BatchRows::default(),
            wants_records: context.observer.wants_records(),
            refusals: 0,
            careful: 0,
            told: 0,
        }
    }

    /// Writes all batches, to the end or a failure, and commits them.
    pub(super) async fn write_all(
        &mut self,
        batches: Batches,
        committed: &mut PhaseRecord,
    ) -> Result<(), RunError> {
        let result = self.write_batches(batches, committed).await;
        if result.is_err() && self.closing.is_some() {
            // Whatever failed: what became of the commit before must be known, and comes first.
            let refused = std::mem::take(&mut self.loader.flow.refused);
            self.session = None;
            self.end_closing(committed).await?;
            self.loader.flow.refused = refused;
        }
        result
    }

    async fn write_batches(
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
            if self.closing.is_some() && batch.leaves_fields_out() {
                // What the target counts goes on from what the commit before wrote.
                self.end_closing(committed).await?;
            }
            let seq = self.pending.batches;
            // What is told of a record must stand.
            self.loader.flow.wanted =
                !self.wants_records && self.enricher.is_none() && seq >= self.careful;
            self.write(batch).await.map_err(|error| error.in_batch(seq))?;
            if self.context.cancel.is_cancelled() {
                interrupted = Some(RunError::new(RunErrorKind::Cancelled, "interrupted"));
                break;
            }
            if self.hands_over() {
                self.hand_over(committed, &mut started).await?;
            } else if self.group_is_full() {
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
        self.commit(committed, &mut started).await?;
        Ok(())
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
    pub(super) fn go_back(&mut self, committed: &PhaseRecord) {
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
        let session = self.begin(None).await?;
        self.group = Group::new();
        Ok(session)
    }

    /// A session, by default a new one, in which a transaction began.
    pub(super) async fn begin(
        &mut self,
        session: Option<Box<dyn Session>>,
    ) -> Result<Box<dyn Session>, RunError> {
        let mut session = match session {
            Some(session) => session,
            None => self.target.session().await?,
        };
        if self.context.phase.off.foreign_keys {
            session.check_late().await?;
        }
        session.begin().await?;
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
        if self.loader.intents.is_none() {
            self.gather(&loaded, checkpoint, bytes)?;
            return self.append_full().await;
        }
        let mut session = self.open().await?;
        let (seq, rejects) = self.advance(&loaded, checkpoint, bytes);
        if let Some(intents) = &mut self.loader.intents {
            intents.settle(&mut *session, &loaded, &rejects).await?;
        }
        self.session = Some(session);
        self.tell(&loaded, &rejects, seq);
        self.check_rejects(false)
    }

    /// Gathers what became of a batch for the ledger of a store with transactions: until the commit
    /// nothing reads it. [`Writer::append_full`] is to follow when the session is free.
    pub(super) fn gather(
        &mut self,
        loaded: &Loaded,
        checkpoint: Checkpoint,
        bytes: usize,
    ) -> Result<(), RunError> {
        let (seq, rejects) = self.advance(loaded, checkpoint, bytes);
        self.rows.add(&self.pending, seq, &loaded.record, &loaded.journal, &rejects);
        self.tell(loaded, &rejects, seq);
        self.check_rejects(false)
    }

    /// Writes what was gathered for the ledger, when it is much.
    pub(super) async fn append_full(&mut self) -> Result<(), RunError> {
        if self.rows.is_full() {
            let mut session = self.open().await?;
            self.loader.flow.end(&mut *session).await?;
            self.ledger.append_rows(&mut *session, std::mem::take(&mut self.rows)).await?;
            self.session = Some(session);
        }
        Ok(())
    }

    /// Counts a batch. Gives its number, and its rejects as the ledger keeps them.
    fn advance(
        &mut self,
        loaded: &Loaded,
        checkpoint: Checkpoint,
        bytes: usize,
    ) -> (u64, Vec<RejectRecord>) {
        let seq = self.pending.batches;
        self.pending.counts.merge(&loaded.counts);
        self.pending.checkpoint = Some(checkpoint.0);
        self.pending.batches += 1;
        self.group.batches += 1;
        self.group.bytes += bytes;
        self.group.records += loaded.counts.read;
        (seq, loaded.reject_records(&self.pending, seq))
    }

    /// Whether the commit under way has gathered enough.
    pub(super) fn group_is_full(&self) -> bool {
        let commit_after = self.context.options.commit_after;
        // Without transactions every batch is finished by itself, and what was paid for is kept.
        self.loader.intents.is_some()
            || self.enricher.is_some()
            || self.group.is_full(self.context.phase.transaction, commit_after)
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

    /// Commits what is under way, when there is something. Gives its session.
    pub(super) async fn commit(
        &mut self,
        committed: &mut PhaseRecord,
        started: &mut Instant,
    ) -> Result<Option<Box<dyn Session>>, RunError> {
        self.end_closing(committed).await?;
        let Some(mut session) = self.session.take() else { return Ok(None) };
        self.round_off(started)?;
        self.loader.flow.end(&mut *session).await?;
        if let Some(enricher) = &mut self.enricher {
            enricher.settle(&mut *session).await?;
        }
        let rows = std::mem::take(&mut self.rows);
        finish(&mut *session, &self.ledger, &*self.target, rows, &self.pending).await?;
        if let Some(enricher) = &mut self.enricher {
            enricher.committed();
        }
        committed.clone_from(&self.pending);
        if let Some(seen) = &mut self.loader.seen {
            seen.keep();
        }
        self.tell_commit(committed);
        Ok(Some(session))
    }

    /// Whether the commit under way is to end while the next one is gathered.
    fn hands_over(&self) -> bool {
        self.loader.flow.is_open()
            && self.loader.flow.side_by_side
            && self.enricher.is_none()
            && self.context.phase.transaction != Transaction::Phase
            && (self.group.records >= SIDE_BY_SIDE_RECORDS || self.group_is_full())
    }

    /// Lets the commit under way end by itself.
    async fn hand_over(
        &mut self,
        committed: &mut PhaseRecord,
        started: &mut Instant,
    ) -> Result<(), RunError> {
        self.end_closing(committed).await?;
        let Some(session) = self.session.take() else { return Ok(()) };
        self.round_off(started)?;
        let ledger = Ledger::new(Arc::clone(&self.target));
        let rows = std::mem::take(&mut self.rows);
        let target = Arc::clone(&self.target);
        let record = self.pending.clone();
        self.closing = Some(Closing::start(session, ledger, target, rows, record));
        Ok(())
    }

    /// Waits for the commit before. When it does not end, it may wait for what the commit under way
    /// holds: that one is given up then, and the phase goes back to where it began.
    async fn end_closing(&mut self, committed: &mut PhaseRecord) -> Result<(), RunError> {
        let Some(mut closing) = self.closing.take() else { return Ok(()) };
        let mut given_up = false;
        let ended = match closing.wait().await {
            Some(ended) => ended,
            None => {
                given_up = self.session.take().is_some();
                self.loader.flow.side_by_side = false;
                closing.end().await
            }
        };
        *committed = ended.map_err(|error| self.loader.flow.failed(error))?;
        self.tell_commit(committed);
        if given_up {
            self.loader.flow.refused = true;
            let message = "two commits were in each other's way";
            return Err(RunError::new(RunErrorKind::Store(StoreErrorKind::Conflict), message));
        }
        Ok(())
    }

    /// Makes the phase's record ready for a commit.
    fn round_off(&mut self, started: &mut Instant) -> Result<(), RunError> {
        if !self.pending.counts.is_conserved() {
            return Err(RunError::new(
                RunErrorKind::Internal,
                "the counts of this phase do not add up; nothing of the last commit was kept",
            ));
        }
        self.pending.seconds += started.elapsed().as_secs_f64();
        *started = Instant::now();
        Ok(())
    }

    fn tell_commit(&self, committed: &PhaseRecord) {
        self.context.observer.event(&Event::Commit {
            phase: self.context.phase.full_name(),
            batches: committed.batches,
        });
    }
}

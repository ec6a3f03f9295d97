//! Fields that services fill: between mapping and writing, several batches at the same time, in
//! the order of the source.
//!
//! Nothing is paid for twice: what the target holds is not asked, what is being asked is claimed in
//! this process (`flights`) and in the ledger, and answers are committed batch by batch. So a run
//! that was killed asks again at most what was in flight: a batch for each request at a time.

mod asker;
mod flights;
mod held;
mod job;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use self::asker::Asker;
use self::flights::Flights;
use self::job::{Done, Job};
use super::pipeline::Batches;
use super::{Event, MappedBatch, Observer, RunError, RunErrorKind, Shape};
use crate::connectors::{Session, Store};
use crate::http::Limits;
use crate::ledger::{Ledger, PhaseRecord, Usage};
use crate::plan::Phase;

/// How often a wish to stop is looked for while a service is waited for.
const LOOK_UP: Duration = Duration::from_millis(100);

/// What the phases of one run share: rates, and what is being asked.
#[derive(Debug, Default)]
pub(super) struct Services {
    limits: Limits,
    flights: Flights,
}

/// What all batches of a phase share.
struct Stage {
    phase: Arc<Phase>,
    /// Its place in the plan.
    index: usize,
    /// Its name in history.
    history: String,
    run: String,
    shape: Arc<Shape>,
    target: Arc<dyn Store>,
    ledger: Ledger,
    services: Arc<Services>,
    /// Per enrichment: who asks; `None` where it is off.
    askers: Vec<Option<Asker>>,
    /// Per enrichment: where its field is among the mapped ones.
    fields: Vec<usize>,
    /// Per enrichment: where what is sent is among the mapped ones, when it is one.
    inputs: Vec<Option<usize>>,
    update: bool,
    dry_run: bool,
}

/// Asks for the batches of one phase.
pub(super) struct Enricher {
    stage: Arc<Stage>,
    /// How many batches are asked for at the same time.
    workers: usize,
    flying: VecDeque<Flying>,
    source: Source,
    /// What is to be given up with the next commit.
    claims: Vec<String>,
    questions: Vec<u128>,
    /// What was asked in this run of the phase, with what is to be committed next.
    usage: Vec<Usage>,
}

/// Where the batches come from.
enum Source {
    /// There may be more.
    Open,
    /// There are no more.
    Ended,
    /// There are no more, because of this.
    Failed(RunError),
}

/// A batch under way, which ends with us.
struct Flying(JoinHandle<Result<Done, RunError>>);

impl Drop for Flying {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What an enricher is opened with.
pub(super) struct Opening<'o> {
    pub(super) phase: &'o Arc<Phase>,
    pub(super) index: usize,
    pub(super) shape: &'o Arc<Shape>,
    pub(super) target: &'o Arc<dyn Store>,
    pub(super) services: &'o Arc<Services>,
    pub(super) observer: &'o dyn Observer,
    pub(super) update: bool,
    pub(super) dry_run: bool,
}

impl Enricher {
    /// Makes ready to ask for a phase's batches; `None` where nothing is asked.
    ///
    /// # Errors
    /// When the ledger can't be written.
    pub(super) async fn open(
        opening: &Opening<'_>,
        record: &PhaseRecord,
    ) -> Result<Option<Self>, RunError> {
        let Opening { phase, index, shape, target, services, observer, update, dry_run } = *opening;
        if phase.enrich.is_empty() {
            return Ok(None);
        }
        let ledger = Ledger::new(Arc::clone(target));
        let stage = Stage {
            index,
            history: record.phase.clone(),
            run: record.run.clone(),
            target: Arc::clone(target),
            services: Arc::clone(services),
            askers: phase
                .enrich
                .iter()
                .map(|enrich| {
                    enrich.enabled.then(|| Asker::new(enrich, &services.limits)).transpose()
                })
                .collect::<Result<_, _>>()?,
            fields: phase
                .enrich
                .iter()
                .filter_map(|enrich| shape.paths.iter().position(|path| *path == enrich.field))
                .collect(),
            inputs: phase
                .enrich
                .iter()
                .map(|enrich| {
                    let input = enrich.input.as_ref()?;
                    shape.paths.iter().position(|path| path == input)
                })
                .collect(),
            ledger,
            phase: Arc::clone(phase),
            shape: Arc::clone(shape),
            update,
            dry_run,
        };
        if stage.fields.len() != phase.enrich.len() {
            let message = "a field that a service fills is not in the mapping";
            return Err(RunError::new(RunErrorKind::Refused, message));
        }
        if !dry_run {
            clear_claims(&stage, observer).await?;
        }
        let mut usage = stage.ledger.usage(&stage.run, &stage.history).await?;
        usage.retain(|usage| phase.enrich.iter().any(|of| of.field.to_string() == usage.field));
        let workers =
            phase.enrich.iter().map(|enrich| enrich.service.concurrency).max().unwrap_or(1);
        Ok(Some(Self {
            stage: Arc::new(stage),
            workers: if dry_run { 1 } else { workers.max(1) },
            flying: VecDeque::new(),
            source: Source::Open,
            claims: Vec::new(),
            questions: Vec::new(),
            usage,
        }))
    }

    /// The next batch with its answers, in the order of the source. `cancelled` tells whether
    /// someone wishes to stop: then nobody waits for a service any longer.
    pub(super) async fn next(
        &mut self,
        batches: &mut Batches,
        cancelled: impl Fn() -> bool,
    ) -> Option<Result<MappedBatch, RunError>> {
        loop {
            if cancelled() {
                self.flying.clear();
                return Some(Err(RunError::new(RunErrorKind::Cancelled, "interrupted")));
            }
            let full = self.flying.len() >= self.workers || !matches!(self.source, Source::Open);
            let Some(first) = self.flying.front_mut() else {
                match std::mem::replace(&mut self.source, Source::Ended) {
                    Source::Open => self.source = Source::Open,
                    Source::Ended => return None,
                    Source::Failed(error) => return Some(Err(error)),
                }
                let batch = batches.recv().await;
                if let Err(error) = self.start(batch).await {
                    return Some(Err(error));
                }
                continue;
            };
            tokio::select! {
                biased;
                done = &mut first.0 => {
                    self.flying.pop_front();
                    return Some(done.map_err(RunError::from).flatten().map(|done| self.take(done)));
                }
                batch = batches.recv(), if !full => {
                    if let Err(error) = self.start(batch).await {
                        return Some(Err(error));
                    }
                }
                () = tokio::time::sleep(LOOK_UP) => {}
            }
        }
    }

    /// Asks for one batch, and waits.
    pub(super) async fn now(&mut self, batch: MappedBatch) -> Result<MappedBatch, RunError> {
        let done = Job::prepare(&self.stage, batch).await?.run().await?;
        Ok(self.take(done))
    }

    async fn start(
        &mut self,
        batch: Option<Result<MappedBatch, RunError>>,
    ) -> Result<(), RunError> {
        match batch {
            None => self.source = Source::Ended,
            Some(Err(error)) => self.source = Source::Failed(error),
            Some(Ok(batch)) => {
                let job = Job::prepare(&self.stage, batch).await?;
                self.flying.push_back(Flying(tokio::spawn(job.run())));
            }
        }
        Ok(())
    }

    /// A batch is about to be written: what it asked belongs to the next commit.
    fn take(&mut self, done: Done) -> MappedBatch {
        self.claims.extend(done.claims);
        self.questions.extend(done.questions);
        for (at, used) in done.usage.into_iter().enumerate() {
            let place = match self.usage.iter().position(|usage| usage.field == used.field) {
                Some(place) => {
                    self.usage[place].add(&used);
                    place
                }
                None => {
                    self.usage.push(used);
                    self.usage.len() - 1
                }
            };
            if let Some(asker) = &self.stage.askers[at] {
                asker.price(&mut self.usage[place]);
            }
        }
        done.batch
    }

    /// Writes what was asked into the commit that holds the answers.
    pub(super) async fn settle(&mut self, session: &mut dyn Session) -> Result<(), RunError> {
        let stage = &self.stage;
        stage.ledger.release(session, &self.claims).await?;
        stage.ledger.save_usage(session, &stage.run, &stage.history, &self.usage).await?;
        Ok(())
    }

    /// The commit was made.
    pub(super) fn committed(&mut self) {
        self.claims.clear();
        self.stage.services.flights.forget(&self.questions, self.stage.index);
        self.questions.clear();
    }
}

/// Gives up what an interrupted run of the phase had claimed.
async fn clear_claims(stage: &Stage, observer: &dyn Observer) -> Result<(), RunError> {
    let left = stage.ledger.claims(&stage.history).await?;
    let mut session = stage.target.session().await?;
    session.begin().await?;
    stage.ledger.create_claims(&mut *session).await?;
    stage.ledger.release(&mut *session, &left).await?;
    session.commit().await?;
    if !left.is_empty() {
        let message = format!(
            "phase {}: {} inputs were on their way to a service when it was interrupted; those \
             without an answer in the target are sent again",
            stage.phase.full_name(),
            left.len()
        );
        observer.event(&Event::Warning { message });
    }
    Ok(())
}

//! The graph: nodes whose predecessors are done run concurrently, and what depends on a failure does
//! not start.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Utc;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::checks::{self, CheckResult};
use super::phase::{PhaseContext, run_phase};
use super::{Cancel, Event, Observer, Options, RunError, RunErrorKind, Stores, failpoint, indexes};
use crate::ledger::{Counts, PhaseRecord, PhaseState, RunRecord, RunState};
use crate::plan::{Node, NodeId, Plan, Severity, Work};

/// How many nodes work at the same time.
const CONCURRENCY: usize = 4;

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The runs, by spec name.
    pub runs: Vec<(String, String)>,
    /// What became of each node, in the order of the graph.
    pub nodes: Vec<NodeOutcome>,
    /// Whether someone wished to stop.
    pub cancelled: bool,
    /// Whether nothing was written.
    pub dry_run: bool,
}

impl Outcome {
    /// Whether a node failed, or a check of severity `error` did.
    pub fn is_failed(&self) -> bool {
        self.nodes.iter().any(|node| {
            node.state == NodeState::Failed
                || node
                    .check
                    .as_ref()
                    .is_some_and(|check| !check.passed && check.severity == Severity::Error)
        })
    }

    /// Records that were rejected in this run.
    pub fn rejected(&self) -> u64 {
        self.nodes
            .iter()
            .filter_map(|node| node.phase.as_ref())
            .map(|phase| phase.counts.rejected)
            .sum()
    }
}

/// What became of a node.
#[derive(Clone, Debug)]
pub struct NodeOutcome {
    /// Which.
    pub work: Work,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: NodeState,
    /// For phases that ran, now or earlier in this run.
    pub phase: Option<PhaseRecord>,
    /// For checks that were made.
    pub check: Option<CheckResult>,
    /// Why it failed.
    pub error: Option<RunError>,
}

/// Where a node stands after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It was not asked for.
    NotSelected,
    /// It was not started, because something before it failed or someone wished to stop.
    NotStarted,
    /// It was done before, in the same run.
    DoneBefore,
    /// It was done.
    Done,
    /// It failed.
    Failed,
    /// It was interrupted and can go on.
    Interrupted,
}

impl NodeState {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotSelected => "not selected",
            Self::NotStarted => "not started",
            Self::DoneBefore => "done before",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    fn allows_next(self) -> bool {
        matches!(self, Self::NotSelected | Self::DoneBefore | Self::Done)
    }
}

/// One spec's part of the run.
struct SpecRun {
    record: RunRecord,
    connections: Vec<usize>,
    /// What this run did before, by the phase's name in history.
    before: BTreeMap<String, PhaseRecord>,
}

/// Runs a plan on open stores. The caller holds their locks.
///
/// # Errors
/// When the run can't start: a phase changed since it ran, a prerequisite is missing, a ledger can't
/// be written. What fails later is told in the outcome.
pub async fn run(
    plan: Arc<Plan>,
    stores: Stores,
    options: Arc<Options>,
    observer: Arc<dyn Observer>,
    cancel: Cancel,
) -> Result<Outcome, RunError> {
    prerequisites(&plan, &stores).await?;
    let changed = changed_phases(&plan, &stores, &options).await?;
    if !changed.is_empty() {
        return Err(refuse_changed(&changed));
    }
    let mut runs = Vec::with_capacity(plan.specs.len());
    for spec in 0..plan.specs.len() {
        runs.push(open_run(&plan, &stores, &options, spec).await?);
    }
    let mut executor = Executor {
        states: initial_states(&plan, &options, &runs),
        plan,
        stores,
        options,
        observer,
        cancel,
        runs,
    };
    executor.execute().await;
    executor.close().await
}

async fn prerequisites(plan: &Plan, stores: &Stores) -> Result<(), RunError> {
    for (connection, table) in &plan.prerequisites {
        let store = stores.get(*connection);
        if store.describe(table).await?.is_none() {
            let name = &plan.connections[*connection].name;
            let message = format!("connection `{name}` has no table `{table}`, which must exist");
            return Err(RunError::new(RunErrorKind::Refused, message)
                .help("create it first; `existing = true` means that this spec never does"));
        }
    }
    Ok(())
}

/// The selected phases whose meaning differs from what ran last, and was not accepted.
///
/// # Errors
/// When a ledger can't be read.
pub async fn changed_phases(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
) -> Result<Vec<String>, RunError> {
    let mut changed = Vec::new();
    for (index, phase) in plan.phases.iter().enumerate() {
        if !options.selects(index)
            || options.update.contains(&index)
            || options.keep.contains(&index)
        {
            continue;
        }
        let ledger = stores.ledger(phase.target.connection);
        if !ledger.exists().await? {
            continue;
        }
        let history = phase.history_name();
        let latest = ledger
            .phases(Some(&history))
            .await?
            .into_iter()
            .rfind(|record| record.state != PhaseState::RolledBack);
        let Some(latest) = latest.filter(|latest| latest.checksum != phase.checksum) else {
            continue;
        };
        let kept = ledger.fact(&kept_fact(&history)).await?;
        if kept.as_deref() != Some(&format!("{} {}", latest.checksum, phase.checksum)) {
            changed.push(phase.full_name());
        }
    }
    Ok(changed)
}

/// The fact under which an accepted change is kept: the checksum before and the one after.
fn kept_fact(history: &str) -> String {
    format!("kept {history}")
}

fn refuse_changed(changed: &[String]) -> RunError {
    let list = changed.join("`, `");
    let (subject, each) = match changed {
        [_] => ("phase", "it"),
        _ => ("phases", "each"),
    };
    let first = &changed[0];
    RunError::new(
        RunErrorKind::Refused,
        format!("the spec changed since {subject} `{list}` ran; say for {each} what shall happen"),
    )
    .help(format!(
        "`--redo {first}` takes it back and runs it again; `--update {first}` maps again and \
         changes what differs; `--keep {first}` accepts the change from now on; \
         `mapper rejects --retry` runs only the rejects"
    ))
}

async fn open_run(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    spec: usize,
) -> Result<SpecRun, RunError> {
    let info = &plan.specs[spec];
    let phases = || plan.phases.iter().enumerate().filter(|(_, phase)| phase.spec == info.name);
    let targets = phases()
        .map(|(_, phase)| phase.target.connection)
        .chain(plan.indexes.iter().filter(|task| task.spec == spec).map(|task| task.connection));
    let connections = stores.distinct(targets);
    let mut last: Option<RunRecord> = None;
    let mut before: BTreeMap<String, PhaseRecord> = BTreeMap::new();
    for connection in &connections {
        let ledger = stores.ledger(*connection);
        if !ledger.exists().await? {
            continue;
        }
        if let Some(newest) = ledger.runs(Some(&info.name)).await?.into_iter().next_back()
            && last.as_ref().is_none_or(|last| newest.id > last.id)
        {
            last = Some(newest);
        }
    }
    let last = last.filter(|run| matches!(run.state, RunState::InProgress | RunState::Failed));
    if let Some(last) = &last {
        for connection in &connections {
            let ledger = stores.ledger(*connection);
            if ledger.exists().await? {
                for record in ledger.phases(None).await? {
                    if record.run == last.id && record.state != PhaseState::RolledBack {
                        before.insert(record.phase.clone(), record);
                    }
                }
            }
        }
    }
    // An unfinished run goes on, if only to make its checks and be closed. One that failed with all
    // its phases done has nothing to go on with: the next run compares anew.
    let unfinished = phases().any(|(index, phase)| {
        options.selects(index)
            && before
                .get(&phase.history_name())
                .is_none_or(|record| record.state != PhaseState::Completed)
    });
    let record = match last {
        Some(mut last)
            if !options.dry_run && (unfinished || last.state == RunState::InProgress) =>
        {
            last.state = RunState::InProgress;
            last.finished_at = None;
            last.checksum.clone_from(&info.checksum);
            last
        }
        _ => {
            before.clear();
            RunRecord {
                id: Uuid::now_v7().to_string(),
                spec: info.name.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                checksum: info.checksum.clone(),
                command: options.command.clone(),
                who: options.who.clone(),
                started_at: Utc::now(),
                finished_at: None,
                state: RunState::InProgress,
            }
        }
    };
    let run = SpecRun { record, connections, before };
    run.save(stores).await?;
    for index in &options.keep {
        let phase = &plan.phases[*index];
        if phase.spec == info.name {
            keep(stores, phase).await?;
        }
    }
    Ok(run)
}

/// Accepts a phase's change from now on.
async fn keep(stores: &Stores, phase: &crate::plan::Phase) -> Result<(), RunError> {
    let store = stores.get(phase.target.connection);
    let ledger = stores.ledger(phase.target.connection);
    let history = phase.history_name();
    let Some(latest) = ledger
        .phases(Some(&history))
        .await?
        .into_iter()
        .rfind(|record| record.state != PhaseState::RolledBack)
    else {
        return Ok(());
    };
    let mut session = store.session().await?;
    session.begin().await?;
    let accepted = format!("{} {}", latest.checksum, phase.checksum);
    ledger.set_fact(&mut *session, &kept_fact(&history), &accepted).await?;
    session.commit().await?;
    Ok(())
}

impl SpecRun {
    async fn save(&self, stores: &Stores) -> Result<(), RunError> {
        for connection in &self.connections {
            let ledger = stores.ledger(*connection);
            let mut session = stores.get(*connection).session().await?;
            session.begin().await?;
            ledger.create(&mut *session).await?;
            ledger.save_run(&mut *session, &self.record).await?;
            session.commit().await?;
        }
        Ok(())
    }
}

fn initial_states(plan: &Plan, options: &Options, runs: &[SpecRun]) -> Vec<NodeOutcome> {
    plan.graph
        .nodes
        .iter()
        .map(|node| {
            let mut outcome = NodeOutcome {
                work: node.work,
                name: node.name.clone(),
                state: NodeState::NotStarted,
                phase: None,
                check: None,
                error: None,
            };
            match node.work {
                Work::Phase(index) => {
                    let phase = &plan.phases[index];
                    let before = runs
                        .iter()
                        .find(|run| run.record.spec == phase.spec)
                        .and_then(|run| run.before.get(&phase.history_name()));
                    if !options.selects(index) {
                        outcome.state = NodeState::NotSelected;
                    } else if let Some(record) = before
                        && record.state == PhaseState::Completed
                        && !options.update.contains(&index)
                    {
                        outcome.state = NodeState::DoneBefore;
                        outcome.phase = Some(record.clone());
                    }
                }
                Work::Check(_)
                    if options.dry_run || !options.checks || !is_asked_for(plan, options, node) =>
                {
                    outcome.state = NodeState::NotSelected;
                }
                Work::Index(_) | Work::Check(_) => {}
            }
            outcome
        })
        .collect()
}

/// Whether a check is about a phase that is run, or about none.
fn is_asked_for(plan: &Plan, options: &Options, check: &Node) -> bool {
    let mut phases = check
        .after
        .iter()
        .filter_map(|edge| match plan.graph.nodes[edge.node].work {
            Work::Phase(phase) => Some(phase),
            Work::Index(_) | Work::Check(_) => None,
        })
        .peekable();
    phases.peek().is_none() || phases.any(|phase| options.selects(phase))
}

struct Executor {
    plan: Arc<Plan>,
    stores: Stores,
    options: Arc<Options>,
    observer: Arc<dyn Observer>,
    cancel: Cancel,
    runs: Vec<SpecRun>,
    states: Vec<NodeOutcome>,
}

type Finished = (NodeId, NodeOutcome);

impl Executor {
    async fn execute(&mut self) {
        let mut tasks: JoinSet<Finished> = JoinSet::new();
        let mut running = vec![false; self.states.len()];
        loop {
            while tasks.len() < CONCURRENCY && !self.cancel.is_cancelled() {
                let Some(node) = self.ready(&running) else { break };
                running[node] = true;
                tasks.spawn(self.start(node));
            }
            match tasks.join_next().await {
                None => return,
                Some(Ok((node, outcome))) => {
                    running[node] = false;
                    self.states[node] = outcome;
                }
                Some(Err(_)) => {
                    // A task that panicked is a mistake of ours; its node is told as failed.
                    if let Some(node) = running.iter().position(|running| *running) {
                        running[node] = false;
                        let state = &mut self.states[node];
                        state.state = NodeState::Failed;
                        state.error = Some(RunError::new(
                            RunErrorKind::Internal,
                            "the work ended in a panic",
                        ));
                    }
                }
            }
        }
    }

    /// The first node that waits for nothing.
    fn ready(&self, running: &[bool]) -> Option<NodeId> {
        self.states.iter().enumerate().position(|(node, outcome)| {
            outcome.state == NodeState::NotStarted
                && !running[node]
                && self.plan.graph.nodes[node].after.iter().all(|edge| self.allows(edge.node))
        })
    }

    fn allows(&self, node: NodeId) -> bool {
        let outcome = &self.states[node];
        let check_failed = outcome
            .check
            .as_ref()
            .is_some_and(|check| !check.passed && check.severity == Severity::Error);
        outcome.state.allows_next() && !check_failed
    }

    fn start(&self, node: NodeId) -> impl Future<Output = Finished> + Send + 'static {
        let mut outcome = self.states[node].clone();
        let plan = Arc::clone(&self.plan);
        let stores = self.stores.clone();
        let options = Arc::clone(&self.options);
        let observer = Arc::clone(&self.observer);
        let cancel = self.cancel.clone();
        let spec = match outcome.work {
            Work::Phase(index) => {
                plan.specs.iter().position(|spec| spec.name == plan.phases[index].spec)
            }
            Work::Index(index) => Some(plan.indexes[index].spec),
            Work::Check(_) => None,
        };
        let (run, before) = match spec.and_then(|spec| self.runs.get(spec)) {
            Some(run) => (run.record.id.clone(), run.before.clone()),
            None => (String::new(), BTreeMap::new()),
        };
        let counts = self.counts();
        async move {
            match outcome.work {
                Work::Phase(index) => {
                    let phase = Arc::new(plan.phases[index].clone());
                    let before = before.get(&phase.history_name()).cloned();
                    let context = PhaseContext {
                        plan,
                        phase,
                        index,
                        stores,
                        options,
                        observer,
                        cancel,
                        given: None,
                    };
                    let (record, result) = run_phase(&context, &run, before).await;
                    outcome.phase = Some(record);
                    match result {
                        Ok(()) => outcome.state = NodeState::Done,
                        Err(error) if error.kind == RunErrorKind::Cancelled => {
                            outcome.state = NodeState::Interrupted;
                        }
                        Err(error) => {
                            outcome.state = NodeState::Failed;
                            outcome.error = Some(error);
                        }
                    }
                }
                Work::Index(index) => {
                    match indexes::create(&plan.indexes[index], &stores, &run, &*observer).await {
                        Ok(()) => outcome.state = NodeState::Done,
                        Err(error) => {
                            outcome.state = NodeState::Failed;
                            outcome.error = Some(error);
                        }
                    }
                }
                Work::Check(index) => {
                    let result =
                        checks::evaluate(&plan, &stores, &plan.checks[index], &counts).await;
                    observer.event(&Event::Check {
                        check: result.name.clone(),
                        passed: result.passed,
                        actual: result.actual.clone(),
                        severity: result.severity.name().to_owned(),
                    });
                    outcome.check = Some(result);
                    outcome.state = NodeState::Done;
                }
            }
            (node, outcome)
        }
    }

    /// The counts of each phase that ran, by its place in the plan.
    fn counts(&self) -> BTreeMap<usize, Counts> {
        self.states
            .iter()
            .filter_map(|outcome| match (outcome.work, &outcome.phase) {
                (Work::Phase(index), Some(record)) => Some((index, record.counts.clone())),
                _ => None,
            })
            .collect()
    }

    async fn close(mut self) -> Result<Outcome, RunError> {
        failpoint::pass("end").await;
        let cancelled = self.cancel.is_cancelled();
        for (spec, run) in self.runs.iter_mut().enumerate() {
            let own = self.states.iter().filter(|outcome| match outcome.work {
                Work::Phase(index) => self.plan.phases[index].spec == run.record.spec,
                Work::Index(index) => self.plan.indexes[index].spec == spec,
                Work::Check(index) => self.plan.checks[index].spec == spec,
            });
            let (mut failed, mut open) = (false, false);
            for outcome in own {
                failed |= outcome.state == NodeState::Failed
                    || outcome
                        .check
                        .as_ref()
                        .is_some_and(|check| !check.passed && check.severity == Severity::Error);
                open |= !outcome.state.allows_next();
            }
            run.record.state = match (failed, open) {
                (true, _) => RunState::Failed,
                (false, true) => RunState::InProgress,
                (false, false) => RunState::Completed,
            };
            if run.record.state != RunState::InProgress {
                run.record.finished_at = Some(Utc::now());
            }
            run.save(&self.stores).await?;
        }
        Ok(Outcome {
            runs: self
                .runs
                .iter()
                .map(|run| (run.record.spec.clone(), run.record.id.clone()))
                .collect(),
            nodes: self.states,
            cancelled,
            dry_run: self.options.dry_run,
        })
    }
}

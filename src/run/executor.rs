//! The graph: nodes whose predecessors are done run concurrently, and what depends on a failure does
//! not start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::Utc;
use tokio::task::JoinSet;

use super::backup;
use super::checks::{self, CheckResult};
use super::enrich::Services;
use super::phase::{PhaseContext, run_deletions, run_phase};
use super::runs::{SpecRun, changed_phases, open_run, refuse_changed};
use super::structure;
use super::switches::{self, Violated};
use super::undo::KeptWhy;
use super::{
    Cancel, Event, KeptRecord, Observer, Options, RunError, RunErrorKind, Stores, failpoint,
    indexes, intent,
};
use crate::diagnostics::wording;
use crate::ledger::{Counts, PhaseRecord, PhaseState, RunState, Usage};
use crate::plan::{Node, NodeId, Phase, Plan, Severity, Work};

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

    /// Records that the sources no longer have, and that can't go: others refer to them.
    pub fn referenced(&self) -> u64 {
        let reason = KeptWhy::Referenced.describe();
        self.nodes.iter().filter_map(|node| node.phase.as_ref()?.counts.kept.get(reason)).sum()
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
    /// For phases: records that are no longer in the source and stay as they are, at most
    /// [`super::LISTED`] of them.
    pub kept: Vec<KeptRecord>,
    /// What a phase asked of services, by field.
    pub usage: Vec<Usage>,
    /// Rows that violate foreign keys whose check a phase put off.
    pub violated: Vec<Violated>,
    /// For checks that were made.
    pub check: Option<CheckResult>,
    /// For enums and tables: what was done, in words.
    pub structure: Vec<String>,
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
    /// Its source was read, and what is gone from it is not handled yet.
    Read,
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
            Self::Read | Self::Interrupted => "interrupted",
        }
    }

    fn allows_next(self) -> bool {
        matches!(self, Self::NotSelected | Self::DoneBefore | Self::Done)
    }
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
    if options.dry_run {
        for entry in switches::standing(&plan, &stores).await?.iter().filter(|entry| entry.off) {
            let what = entry.switch.describe();
            let message =
                format!("{what} is off since a run was killed; the next run puts it back");
            observer.event(&Event::Warning { message });
        }
    } else {
        for violated in switches::recover(&stores, &plan, options.show_values, &*observer).await? {
            observer.event(&Event::Warning { message: violated.describe() });
        }
    }
    prerequisites(&plan, &stores).await?;
    let changed = changed_phases(&plan, &stores, &options).await?;
    if !changed.is_empty() {
        return Err(refuse_changed(&changed));
    }
    structure::refuse_edits(&structure::vanished(&plan, &stores).await?)?;
    // Nothing begins where something stands in the way.
    let mut pending = Vec::with_capacity(plan.structures.len());
    for index in 0..plan.structures.len() {
        let found = structure::look(&plan, index, &stores).await?;
        structure::refuse(&found)?;
        if !found.is_empty() {
            pending.push(plan.structures[index].spec);
        }
    }
    intent::recover(&stores, plan.target_connections(), &*observer).await?;
    let mut runs = Vec::with_capacity(plan.specs.len());
    for spec in 0..plan.specs.len() {
        let unmade = pending.contains(&spec);
        runs.push(open_run(&plan, &stores, &options, spec, unmade).await?);
    }
    let states = initial_states(&plan, &options, &runs);
    if !options.dry_run {
        back_up(&plan, &stores, &options, &*observer, &runs, &states).await?;
    }
    let services = Arc::default();
    let mut executor = Executor { plan, stores, options, observer, cancel, runs, states, services };
    executor.execute().await;
    executor.close().await
}

/// Backs up what is about to be touched, where a connection asks for it before each run.
async fn back_up(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    observer: &dyn Observer,
    runs: &[SpecRun],
    states: &[NodeOutcome],
) -> Result<(), RunError> {
    for run in runs {
        let to_do = states.iter().filter(|outcome| outcome.state == NodeState::NotStarted);
        let own: Vec<Work> = to_do
            .map(|outcome| outcome.work)
            .filter(|work| backup::spec_of(plan, *work) == Some(&run.record.spec))
            .collect();
        let of = (run.record.spec.as_str(), run.record.id.as_str());
        backup::before_run(plan, stores, options, observer, of, &own).await?;
    }
    Ok(())
}

async fn prerequisites(plan: &Plan, stores: &Stores) -> Result<(), RunError> {
    for needed in &plan.prerequisites {
        let table = &needed.table;
        let name = &plan.connections[needed.connection].name;
        let refused = |message: String, help: &str| {
            Err(RunError::new(RunErrorKind::Refused, message).help(help))
        };
        let store = stores.get(needed.connection);
        let Some(schema) = store.describe(table).await? else {
            let names = store.entities().await?;
            let close = wording::suggest(table, names.iter().map(String::as_str));
            let close = close.map(|close| format!("; did you mean `{close}`?")).unwrap_or_default();
            return refused(
                format!("connection `{name}` has no table `{table}`, which must exist{close}"),
                "create it first; `existing = true` means that this spec never does",
            );
        };
        if schema.open {
            continue;
        }
        for wanted in &needed.columns {
            let wrong = match schema.column(&wanted.name) {
                None => Some(needed.absent(wanted, &schema)),
                Some(found) => needed.mismatch(wanted, found),
            };
            if let Some(wrong) = wrong {
                return refused(
                    format!(
                        "column `{}` of table `{table}` on connection `{name}` is not as the spec \
                         says: {wrong}",
                        wanted.name
                    ),
                    "change the table, or what the spec says of it",
                );
            }
        }
    }
    Ok(())
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
                kept: Vec::new(),
                usage: Vec::new(),
                violated: Vec::new(),
                check: None,
                structure: Vec::new(),
                error: None,
            };
            match node.work {
                Work::Phase(index) => {
                    let phase = &plan.phases[index];
                    let before = runs
                        .iter()
                        .find(|run| run.record.spec == phase.spec)
                        .and_then(|run| run.before.get(&phase.history_name()));
                    if !options.runs(index, phase) {
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
                Work::Structure(_) | Work::Index(_) | Work::Check(_) => {}
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
            Work::Structure(_) | Work::Index(_) | Work::Check(_) => None,
        })
        .peekable();
    phases.peek().is_none() || phases.any(|phase| options.runs(phase, &plan.phases[phase]))
}

struct Executor {
    plan: Arc<Plan>,
    stores: Stores,
    options: Arc<Options>,
    observer: Arc<dyn Observer>,
    cancel: Cancel,
    runs: Vec<SpecRun>,
    states: Vec<NodeOutcome>,
    services: Arc<Services>,
}

type Finished = (NodeId, NodeOutcome);

/// Says how a node's work ended.
fn end(outcome: &mut NodeOutcome, result: Result<(), RunError>) {
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

/// A task that panicked is a mistake of ours; its node is told as failed.
fn panicked() -> RunError {
    RunError::new(RunErrorKind::Internal, "the work ended in a panic")
}

impl Executor {
    /// Does all that can be done. What is gone from the sources is handled when nothing else can
    /// start; then what waited for that goes on.
    async fn execute(&mut self) {
        loop {
            self.work().await;
            if !self.handle_deletions().await {
                return;
            }
        }
    }

    /// Handles what is gone from the sources that were read, of phases that refer to others before
    /// those. Tells whether a phase was ended so.
    async fn handle_deletions(&mut self) -> bool {
        let mut ended = false;
        for node in (0..self.states.len()).rev() {
            let outcome = &self.states[node];
            let (NodeState::Read, Work::Phase(index)) = (outcome.state, outcome.work) else {
                continue;
            };
            if self.cancel.is_cancelled() {
                break;
            }
            // What refers to its records may still stand, and a store may know nothing of that.
            let stands = |other: NodeId| {
                let deletes = match self.states[other].work {
                    Work::Phase(other) => self.plan.phases[other].deleted.is_some(),
                    _ => false,
                };
                let state = self.states[other].state;
                deletes
                    && matches!(state, NodeState::Failed | NodeState::Interrupted | NodeState::Read)
            };
            if self.plan.graph.descendants(node).into_iter().any(stands) {
                continue;
            }
            let Some(record) = outcome.phase.clone() else { continue };
            let context = self.context(index);
            let done = tokio::spawn(async move { run_deletions(&context, record).await });
            let outcome = &mut self.states[node];
            match done.await {
                Ok((ran, kept)) => {
                    outcome.phase = Some(ran.record);
                    outcome.violated = ran.violated;
                    outcome.kept = kept;
                    end(outcome, ran.result);
                }
                Err(_) => end(outcome, Err(panicked())),
            }
            ended = true;
        }
        ended
    }

    fn context(&self, index: usize) -> PhaseContext {
        PhaseContext {
            plan: Arc::clone(&self.plan),
            phase: Arc::new(self.plan.phases[index].clone()),
            index,
            stores: self.stores.clone(),
            options: Arc::clone(&self.options),
            observer: Arc::clone(&self.observer),
            cancel: self.cancel.clone(),
            given: None,
            services: Arc::clone(&self.services),
        }
    }

    async fn work(&mut self) {
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
                    if let Some(node) = running.iter().position(|running| *running) {
                        running[node] = false;
                        end(&mut self.states[node], Err(panicked()));
                    }
                }
            }
        }
    }

    /// The first node that waits for nothing.
    fn ready(&self, running: &[bool]) -> Option<NodeId> {
        let is_structure = |node: usize| matches!(self.states[node].work, Work::Structure(_));
        // Tables of one command are made one after the other, so that they never wait for each
        // other's locks.
        let making = running.iter().enumerate().any(|(node, runs)| *runs && is_structure(node));
        self.states.iter().enumerate().position(|(node, outcome)| {
            let blocked = (making && is_structure(node)) || self.must_be_alone(node, running);
            !blocked
                && outcome.state == NodeState::NotStarted
                && !running[node]
                && self.plan.graph.nodes[node]
                    .after
                    .iter()
                    .all(|edge| self.allows(edge.node, outcome.work))
        })
    }

    /// Whether another phase works on the table of a phase, and something of it is off meanwhile.
    fn must_be_alone(&self, node: NodeId, running: &[bool]) -> bool {
        let phase = |node: NodeId| match self.states[node].work {
            Work::Phase(index) => Some(&self.plan.phases[index]),
            Work::Structure(_) | Work::Index(_) | Work::Check(_) => None,
        };
        let Some(own) = phase(node) else { return false };
        let store = |phase: &Phase| self.stores.get(phase.target.connection);
        let others = running.iter().enumerate().filter(|(_, runs)| **runs);
        others.filter_map(|(node, _)| phase(node)).any(|other| {
            (own.off.any() || other.off.any())
                && own.target.entity == other.target.entity
                && Arc::ptr_eq(store(own), store(other))
        })
    }

    /// Whether what a node does lets another work begin. A check looks at what is there when all
    /// is done; others need only what was written.
    fn allows(&self, node: NodeId, next: Work) -> bool {
        let outcome = &self.states[node];
        let check_failed = outcome
            .check
            .as_ref()
            .is_some_and(|check| !check.passed && check.severity == Severity::Error);
        let written = outcome.state == NodeState::Read && !matches!(next, Work::Check(_));
        (outcome.state.allows_next() || written) && !check_failed
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
            Work::Structure(index) => Some(plan.structures[index].spec),
            Work::Index(index) => Some(plan.indexes[index].spec),
            Work::Check(_) => None,
        };
        let (run, before) = match spec.and_then(|spec| self.runs.get(spec)) {
            Some(run) => (run.record.id.clone(), run.before.clone()),
            None => (String::new(), BTreeMap::new()),
        };
        let counts = self.counts();
        let services = Arc::clone(&self.services);
        async move {
            let backed_up = backup::before_node(
                (&plan, &stores),
                &options,
                &*observer,
                &run,
                (outcome.work, &outcome.name),
            );
            if let Err(error) = backed_up.await {
                outcome.state = NodeState::Failed;
                outcome.error = Some(error);
                return (node, outcome);
            }
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
                        services,
                    };
                    let ran = run_phase(&context, &run, before).await;
                    let waits = ran.result.is_ok() && ran.record.state == PhaseState::InProgress;
                    outcome.phase = Some(ran.record);
                    outcome.violated = ran.violated;
                    end(&mut outcome, ran.result);
                    if waits {
                        outcome.state = NodeState::Read;
                    }
                }
                Work::Structure(index) => {
                    match structure::apply(&plan, index, &stores, &options, &run, &*observer).await
                    {
                        Ok(done) => {
                            outcome.state = NodeState::Done;
                            outcome.structure = done;
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

    /// Finds out what phases asked of services in this run, now or before.
    async fn find_usage(&mut self) -> Result<(), RunError> {
        for outcome in &mut self.states {
            let (Work::Phase(index), Some(record)) = (outcome.work, &outcome.phase) else {
                continue;
            };
            let phase = &self.plan.phases[index];
            if !phase.enrich.is_empty() {
                let ledger = self.stores.ledger(phase.target.connection);
                outcome.usage = ledger.usage(&record.run, &record.phase).await?;
            }
        }
        Ok(())
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
        for outcome in &mut self.states {
            if outcome.state == NodeState::Read {
                outcome.state = NodeState::Interrupted;
            }
        }
        for (spec, run) in self.runs.iter_mut().enumerate() {
            let own = self.states.iter().filter(|outcome| match outcome.work {
                Work::Phase(index) => self.plan.phases[index].spec == run.record.spec,
                Work::Structure(index) => self.plan.structures[index].spec == spec,
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
            match run.save(&self.stores).await {
                // What failed before is the one to tell; the next run sees an interrupted one.
                Err(_) if failed => {}
                saved => saved?,
            }
        }
        self.find_usage().await?;
        let mut notes = BTreeSet::new();
        for connection in self.stores.distinct(self.plan.target_connections()) {
            notes.extend(self.stores.get(connection).notes());
        }
        for message in notes {
            self.observer.event(&Event::Warning { message });
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

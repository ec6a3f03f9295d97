//! Takes runs back: what they inserted is deleted, what they changed becomes what it was, what they
//! created is dropped.
//!
//! It needs the ledger alone, neither source nor mapping. A record that someone edited since, or
//! that others refer to, is kept and told, unless forced. A batch and its part of the ledger go in
//! one commit, so a rollback that was killed goes on when it is asked for again.

mod objects;
mod phase;
mod structure;
mod units;
mod writer;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Utc;

use self::phase::PhaseUndo;
use self::units::{Part, Unit};
use self::writer::Writers;
use crate::ledger::{ObjectRecord, PhaseState, RunState};
use crate::plan::{Plan, Work};
use crate::run::switches::{self, Violated};
use crate::run::undo::References;
use crate::run::{Cancel, Observer, RunError, RunErrorKind, Stores};

pub use crate::run::undo::KeptWhy;

/// How many kept records are listed by key; all are counted.
pub const LISTED: usize = 1000;

/// What is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The newest runs, so many. A run is one spec's part of one command.
    Runs(usize),
    /// Every run.
    All,
    /// One phase, by its full or its short name, in every run.
    Phase(String),
}

/// How runs are taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is taken back.
    pub scope: Scope,
    /// Says what would be done, and writes nothing.
    pub dry_run: bool,
    /// Takes back also what was edited since or is referred to.
    pub force: bool,
    /// Whether keys that are text are told as they are, and not as a short hash.
    pub show_values: bool,
}

impl Default for Request {
    /// The last run.
    fn default() -> Self {
        Self { scope: Scope::Runs(1), dry_run: false, force: false, show_values: false }
    }
}

/// What a rollback did, or would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RollbackOutcome {
    /// The runs, newest first.
    pub units: Vec<UnitOutcome>,
    /// Records that were kept, at most [`LISTED`] of them.
    pub kept: Vec<Kept>,
    /// What the user should know besides.
    pub warnings: Vec<String>,
    /// Whether someone wished to stop; the same request goes on.
    pub cancelled: bool,
    /// Whether nothing was written.
    pub dry_run: bool,
}

impl RollbackOutcome {
    /// Whether all that was asked for is taken back.
    pub fn is_complete(&self) -> bool {
        !self.cancelled
            && self.kept_records() == 0
            && self.units.iter().all(|unit| unit.standing.is_empty())
    }

    /// How many records were kept.
    pub fn kept_records(&self) -> u64 {
        self.units.iter().flat_map(|unit| &unit.phases).map(|phase| phase.kept).sum()
    }
}

/// What became of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitOutcome {
    /// The run.
    pub run: String,
    /// Its spec.
    pub spec: String,
    /// Its phases in the order in which they were taken back.
    pub phases: Vec<PhaseOutcome>,
    /// Tables, collections and indexes that were dropped.
    pub dropped: Vec<ObjectRecord>,
    /// Changes of structure that were taken back, in words.
    pub undone: Vec<String>,
    /// Why changes of structure stay.
    pub standing: Vec<String>,
    /// Tables and collections that the run created and that hold other records now.
    pub left: Vec<ObjectRecord>,
    /// Whether nothing of the run is left.
    pub rolled_back: bool,
}

/// What became of one phase of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseOutcome {
    /// Its name in history.
    pub phase: String,
    /// Records that were deleted.
    pub deleted: u64,
    /// Records that became what they were.
    pub restored: u64,
    /// Records that were gone, or as before, already.
    pub gone: u64,
    /// Records that were kept.
    pub kept: u64,
}

impl PhaseOutcome {
    /// Adds what was done to the records that were kept before.
    fn add(&mut self, again: Self) {
        self.phase = again.phase;
        self.deleted += again.deleted;
        self.restored += again.restored;
        self.gone += again.gone;
        self.kept = again.kept;
    }
}

/// A record that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The run.
    pub run: String,
    /// The phase's name in history.
    pub phase: String,
    /// The source key, as it may be shown.
    pub key: String,
    /// Why.
    pub why: KeptWhy,
}

/// Takes runs back. The caller holds the locks of the stores.
///
/// # Errors
/// When a phase is not known, or a store fails; what was committed before stays taken back.
pub async fn rollback(
    plan: &Plan,
    stores: &Stores,
    request: &Request,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<RollbackOutcome, RunError> {
    let connections = stores.distinct(plan.target_connections());
    let overlaid;
    let mut stores = stores;
    if request.dry_run
        && connections.iter().any(|index| {
            let can = stores.get(*index).capabilities();
            !(can.transactions && can.transactional_definitions)
        })
    {
        overlaid = stores.overlaid();
        stores = &overlaid;
    }
    if !request.dry_run {
        switches::recover(stores, plan, request.show_values, observer).await?;
    }
    let mut units = units::select(plan, stores, &connections, &request.scope).await?;
    let mut outcome = RollbackOutcome {
        warnings: warnings(plan, &request.scope, &units),
        dry_run: request.dry_run,
        units: units.iter().map(Unit::outcome).collect(),
        ..RollbackOutcome::default()
    };
    let mut writers = Writers::new(stores, request.dry_run);
    if !matches!(request.scope, Scope::Phase(_)) {
        begin(&mut units, stores, &mut writers).await?;
        for (unit, told) in units.iter().zip(&mut outcome.units) {
            told.dropped.extend(objects::drop_indexes(unit, stores, &mut writers).await?);
        }
    }
    let order = units::newest_first(&units);
    let mut parts = Parts {
        stores,
        request,
        observer,
        cancel,
        writers: &mut writers,
        references: References::default(),
        units: &mut units,
        outcome: &mut outcome,
        waiting: Vec::new(),
    };
    for place in order {
        if cancel.is_cancelled() {
            parts.outcome.cancelled = true;
            break;
        }
        let mut helped = parts.take_back(place).await?;
        while helped && !parts.waiting.is_empty() {
            helped = false;
            for place in std::mem::take(&mut parts.waiting) {
                helped |= parts.take_back(place).await?;
            }
        }
    }
    if !matches!(request.scope, Scope::Phase(_)) {
        structure::take_back(&mut units, &mut outcome.units, stores, &mut writers, request).await?;
    }
    for (unit, told) in units.iter_mut().zip(&mut outcome.units) {
        let stands =
            unit.stands || matches!(request.scope, Scope::Phase(_)) && !unit.changes.is_empty();
        if !stands && unit.others.is_empty() && unit.parts.iter().all(Part::is_done) {
            told.dropped.extend(objects::drop_indexes(unit, stores, &mut writers).await?);
            let (dropped, left) = objects::drop_entities(unit, stores, &mut writers).await?;
            told.dropped.extend(dropped);
            told.left = left;
            finish(unit, stores, &mut writers).await?;
            told.rolled_back = true;
        }
    }
    writers.close().await?;
    if !request.dry_run {
        // What violated a foreign key may be gone now.
        let violated = switches::recover(stores, plan, request.show_values, observer).await?;
        outcome.warnings.extend(violated.iter().map(Violated::describe));
    }
    Ok(outcome)
}

/// The parts of the runs while they are taken back.
struct Parts<'p> {
    stores: &'p Stores,
    request: &'p Request,
    observer: &'p dyn Observer,
    cancel: &'p Cancel,
    writers: &'p mut Writers,
    references: References,
    units: &'p mut [Unit],
    outcome: &'p mut RollbackOutcome,
    /// Those that could not put a record back since what it refers to is not there yet: the phase
    /// that puts that back is taken back later.
    waiting: Vec<(usize, usize)>,
}

impl Parts<'_> {
    /// Takes a part back, and tells whether something came back with it.
    async fn take_back(&mut self, (unit, part): (usize, usize)) -> Result<bool, RunError> {
        let record = &mut self.units[unit].parts[part];
        let name = record.record.phase.clone();
        let run = record.record.run.clone();
        let undo = PhaseUndo {
            store: Arc::clone(self.stores.get(record.connection)),
            ledger: self.stores.ledger(record.connection),
            force: self.request.force,
            show_values: self.request.show_values,
            observer: self.observer,
            cancel: self.cancel,
        };
        let writer = self.writers.of(record.connection);
        let mut done = PhaseOutcome::default();
        let mut kept;
        loop {
            kept = Vec::new();
            let again = undo
                .undo(record, writer, &mut self.references, &mut kept)
                .await
                .map_err(|error| error.in_phase(&name))?;
            let fewer = again.deleted > 0;
            done.add(again);
            let referenced = kept.iter().any(|kept| kept.why == KeptWhy::Referenced);
            // Records may have been referred to by records of batches that went after them.
            if !fewer || !referenced || self.request.dry_run || self.cancel.is_cancelled() {
                break;
            }
        }
        if !record.is_done() {
            self.outcome.cancelled |= self.cancel.is_cancelled();
        }
        let helped = done.restored > 0;
        if kept.iter().any(|kept| kept.why == KeptWhy::Dangling) {
            self.waiting.push((unit, part));
        }
        // What was kept the last time is told by this one.
        self.outcome.kept.retain(|kept| kept.run != run || kept.phase != name);
        self.outcome.kept.extend(kept);
        self.outcome.kept.truncate(LISTED);
        let told = &mut self.outcome.units[unit].phases;
        match told.iter_mut().find(|told| told.phase == done.phase) {
            Some(told) => {
                told.deleted += done.deleted;
                told.restored += done.restored;
                told.kept = done.kept;
            }
            None => told.push(done),
        }
        Ok(helped)
    }
}

/// What a rollback of that scope loses beside the records that runs wrote, in words.
///
/// # Errors
/// When a ledger can't be read.
pub async fn losses(plan: &Plan, stores: &Stores, scope: &Scope) -> Result<Vec<String>, RunError> {
    if matches!(scope, Scope::Phase(_)) {
        return Ok(Vec::new());
    }
    let connections = stores.distinct(plan.target_connections());
    let units = units::select(plan, stores, &connections, scope).await?;
    Ok(structure::losses(&units, stores))
}

/// Marks the runs as no longer whole, so that a killed rollback is not mistaken for a finished run.
async fn begin(units: &mut [Unit], stores: &Stores, writers: &mut Writers) -> Result<(), RunError> {
    for unit in units {
        unit.record.state = RunState::Failed;
        unit.save(stores, writers).await?;
    }
    Ok(())
}

async fn finish(unit: &mut Unit, stores: &Stores, writers: &mut Writers) -> Result<(), RunError> {
    unit.record.state = RunState::RolledBack;
    unit.record.finished_at = Some(Utc::now());
    unit.save(stores, writers).await
}

/// With one phase: the phases that used what it made and stand.
fn warnings(plan: &Plan, scope: &Scope, units: &[Unit]) -> Vec<String> {
    let Scope::Phase(name) = scope else { return Vec::new() };
    if units.is_empty() {
        return Vec::new();
    }
    let node = plan.find_phase(name).and_then(|index| plan.graph.find(Work::Phase(index)));
    let Some(node) = node else { return Vec::new() };
    let standing: BTreeSet<&str> = units
        .iter()
        .flat_map(|unit| &unit.others)
        .filter(|other| {
            !matches!(other.state, PhaseState::RolledBack | PhaseState::NotStarted)
                && other.counts.read > 0
        })
        .map(|other| other.phase.as_str())
        .collect();
    plan.graph
        .descendants(node)
        .into_iter()
        .filter_map(|node| match plan.graph.nodes[node].work {
            Work::Phase(index) => Some(&plan.phases[index]),
            _ => None,
        })
        .filter(|phase| standing.contains(phase.history_name().as_str()))
        .map(|phase| {
            format!(
                "phase `{}` built on what is taken back, and stands; run it again afterwards",
                phase.full_name()
            )
        })
        .collect()
}

/// An error for a phase that nothing knows.
fn unknown_phase(name: &str) -> RunError {
    RunError::new(RunErrorKind::Refused, format!("there is no phase `{name}`"))
        .help("see `mapper status` for their names")
}

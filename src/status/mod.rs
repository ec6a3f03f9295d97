//! Where everything stands, by the ledger: phases, runs, and what may be done next.

mod nodes;
mod phases;

pub use nodes::node_states;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::ledger::{PhaseState, RunRecord, SwitchRecord};
use crate::plan::{Plan, Work};
use crate::run::{RunError, Stores, switches};

/// Where a plan stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Its phases, in the order of the graph.
    pub phases: Vec<PhaseStatus>,
    /// Its enums and tables, spec by spec, with their state in words.
    pub structures: Vec<(String, String)>,
    /// The runs of its specs, newest first, those that were taken back included.
    pub runs: Vec<RunRecord>,
    /// Triggers and foreign keys that are off, or that rows violate, in its stores.
    pub switches: Vec<SwitchRecord>,
}

/// Where a phase stands.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseStatus {
    /// Its full name.
    pub phase: String,
    /// The state of its newest run that was not taken back.
    pub state: PhaseState,
    /// How many records (or elements) there are: as the spec says, or as the source counts.
    pub expected: Option<u64>,
    /// How many arrived and stand.
    pub current: u64,
    /// How many were left out.
    pub skipped: u64,
    /// How many were rejected.
    pub rejected: u64,
    /// How many are still to come: `expected - current - skipped - rejected`, and never less than
    /// none.
    pub remaining: Option<u64>,
    /// How much of what is expected has a fate, from 0 to 100.
    pub percent: Option<f64>,
    /// What it failed with.
    pub error: Option<String>,
    /// When it started, in its newest run.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whether its meaning changed since it ran; a run then asks what shall happen.
    pub changed: bool,
    /// Whether it is not done, and all that it needs is.
    pub ready: bool,
}

/// What may be done about a changed phase.
pub const CHOICES: &str = "--redo | --update | --keep";

/// Where a plan stands.
///
/// # Errors
/// When a ledger can't be read.
pub async fn status(plan: &Plan, stores: &Stores) -> Result<Status, RunError> {
    let phases = phases::all(plan, stores).await?;
    let mut runs: BTreeMap<String, RunRecord> = BTreeMap::new();
    for connection in stores.distinct(plan.target_connections()) {
        let ledger = stores.ledger(connection);
        if !ledger.exists().await? {
            continue;
        }
        for run in ledger.runs(None).await? {
            if plan.specs.iter().any(|spec| spec.name == run.spec) {
                runs.insert(run.id.clone(), run);
            }
        }
    }
    let views = crate::run::structure::views(plan, stores).await?;
    let structures = plan
        .graph
        .nodes
        .iter()
        .filter_map(|node| match node.work {
            Work::Structure(index) => Some((node.name.clone(), nodes::of_structure(&views[index]))),
            _ => None,
        })
        .collect();
    let switches = switches::standing(plan, stores).await?;
    Ok(Status { phases, structures, runs: runs.into_values().rev().collect(), switches })
}

//! Does the plan: phases in the order of the graph, batches from source to target, and the fate of
//! every record into the ledger, all or nothing at every commit.

mod alone;
mod apart;
mod apply;
mod backup;
mod changes;
pub mod checks;
mod closing;
mod decide;
mod deleted;
mod enrich;
mod error;
mod event;
mod executor;
pub mod failpoint;
pub mod fixtures;
mod flow;
mod halving;
mod indexes;
mod intent;
mod load;
mod lookup;
mod phase;
mod pipeline;
mod push_down;
mod retry;
mod runs;
mod seen;
mod shape;
pub mod source;
mod stores;
pub mod structure;
pub mod switches;
mod transform;
pub mod undo;
mod writer;

pub use alone::run_alone;
pub use apply::problem_of;
pub use backup::exact;
pub use deleted::{KeptRecord, LISTED};
pub use error::{RunError, RunErrorKind};
pub use event::{Event, Observer, Progress, Silent};
pub use executor::{NodeOutcome, NodeState, Outcome, run};
pub use lookup::PhaseIds;
pub use push_down::{Way, way};
pub use retry::{Retried, retry};
pub use runs::changed_phases;
pub use shape::{Shape, identity_of};
pub use stores::{Stores, unopened};
pub use transform::{Item, ItemOutcome, MappedBatch, Transformer};

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// Says what would be done, and writes nothing.
    pub dry_run: bool,
    /// The phases to run, by their place in the plan; empty is all.
    pub only: BTreeSet<usize>,
    /// Phases that are mapped again, changing what this phase wrote before where it differs.
    pub update: BTreeSet<usize>,
    /// Phases whose change is accepted from now on.
    pub keep: BTreeSet<usize>,
    /// Whether checks are run too.
    pub checks: bool,
    /// Whether keys that are text are told as they are, and not as a short hash.
    pub show_values: bool,
    /// Whether a database that is source and target does a phase by itself where it can.
    pub push_down: bool,
    /// How long batches are gathered before they commit.
    pub commit_after: Duration,
    /// The moment that `now` is, for tests; the clock otherwise.
    pub now: Option<DateTime<Utc>>,
    /// Who runs it: user and host.
    pub who: String,
    /// The command line, secrets left out.
    pub command: String,
    /// The folder of backups; `backups` in the working directory otherwise.
    pub backups: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dry_run: false,
            only: BTreeSet::new(),
            update: BTreeSet::new(),
            keep: BTreeSet::new(),
            checks: true,
            show_values: false,
            push_down: true,
            commit_after: Duration::from_secs(1),
            now: None,
            who: String::new(),
            command: String::new(),
            backups: None,
        }
    }
}

impl Options {
    /// Whether a phase is to be run.
    pub fn selects(&self, phase: usize) -> bool {
        self.only.is_empty() || self.only.contains(&phase)
    }

    /// Whether a phase is to be run, when it is enabled.
    fn runs(&self, index: usize, phase: &crate::plan::Phase) -> bool {
        phase.enabled && self.selects(index)
    }

    /// The moment of the run: whole seconds, which every store's moments hold.
    fn now(&self) -> DateTime<Utc> {
        self.now.unwrap_or_else(|| Utc::now().trunc_subsecs(0))
    }
}

/// A wish to stop, shared by all that work. The batch under way is finished first.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Wishes to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether someone wishes to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

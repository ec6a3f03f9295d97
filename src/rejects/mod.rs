//! What was rejected and still stands, and trying it again.

use crate::plan::Plan;
use crate::run::{self, Cancel, Observer, Options, Retried, RunError, Stores};

/// A reject that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The phase's full name.
    pub phase: String,
    /// The source key, as it may be shown.
    pub key: String,
    /// Why, in a word that is counted.
    pub reason: String,
    /// The field that it is about.
    pub field: Option<String>,
    /// Why, in a sentence without values.
    pub message: String,
    /// The run.
    pub run: String,
}

impl Reject {
    /// The target's constraint that refused it, where one did and has a name.
    pub fn constraint(&self) -> Option<&str> {
        const REASONS: [&str; 5] = ["unique", "foreign_key", "not_null", "check", "value"];
        if !REASONS.contains(&self.reason.as_str()) {
            return None;
        }
        self.message.rsplit_once("(`")?.1.strip_suffix("`)")
    }
}

/// The rejects that stand, phase by phase. `show_values` shows text keys as they are.
///
/// # Errors
/// When a ledger can't be read.
pub async fn list(
    plan: &Plan,
    stores: &Stores,
    show_values: bool,
) -> Result<Vec<Reject>, RunError> {
    let mut all = Vec::new();
    for phase in &plan.phases {
        let ledger = stores.ledger(phase.target.connection);
        if !ledger.exists().await? {
            continue;
        }
        for reject in ledger.open_rejects(&phase.history_name()).await? {
            all.push(Reject {
                phase: phase.full_name(),
                key: reject.key.display(show_values),
                reason: reject.reason,
                field: reject.field,
                message: reject.message,
                run: reject.run,
            });
        }
    }
    Ok(all)
}

/// Tries all rejects that stand again, phase by phase in the order of the plan, under the spec as
/// it is now. Gives what became of each phase's, by its place in the plan. The caller holds the
/// locks of the stores.
///
/// # Errors
/// When a store fails; what was committed before stays.
pub async fn retry(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Vec<(usize, Retried)>, RunError> {
    let mut all = Vec::new();
    for index in plan.phases_in_order() {
        if !options.selects(index) {
            continue;
        }
        let retried = run::retry(plan, index, stores, options, observer, cancel).await?;
        let cancelled = retried.cancelled;
        all.push((index, retried));
        if cancelled {
            break;
        }
    }
    Ok(all)
}

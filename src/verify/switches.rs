//! Triggers and foreign keys that a run left off: they are put back, unless a run is under way; and
//! the rows that violate foreign keys are listed.

use super::result;
use crate::connectors::StoreErrorKind;
use crate::ledger::SwitchRecord;
use crate::plan::{Plan, Severity};
use crate::run::checks::CheckResult;
use crate::run::switches::{self, Violated};
use crate::run::{Observer, RunErrorKind, Stores};

/// How many rows are named.
const NAMED: usize = 10;

const ADVICE: &str = "Mend or remove these rows, or what they refer to, and verify again.";

/// Puts back what is off and tells what does not hold. Nothing is told where all is as it was.
pub(super) async fn put_back(
    plan: &Plan,
    stores: &Stores,
    observer: &dyn Observer,
) -> Vec<CheckResult> {
    let standing = match switches::standing(plan, stores).await {
        Ok(standing) if standing.is_empty() => return Vec::new(),
        Ok(standing) => standing,
        // Whatever reads the ledger next says why it can't be read.
        Err(_) => return Vec::new(),
    };
    let lock = match stores.lock(plan).await {
        Ok(locks) => locks,
        Err(error) if error.kind == RunErrorKind::Store(StoreErrorKind::Locked) => {
            return standing.iter().map(under_way).collect();
        }
        Err(error) => return standing.iter().map(|entry| failed(entry, &error.message)).collect(),
    };
    let results = match switches::recover(stores, plan, false, observer).await {
        Ok(violated) => standing
            .iter()
            .map(|entry| match violated.iter().find(|violated| is_of(violated, entry)) {
                Some(violated) => lists(violated),
                None => held(entry),
            })
            .collect(),
        Err(error) => standing.iter().map(|entry| failed(entry, &error.message)).collect(),
    };
    drop(lock);
    results
}

fn is_of(violated: &Violated, entry: &SwitchRecord) -> bool {
    violated.table == entry.switch.table && violated.constraint == entry.switch.name
}

/// What it is called among the checks.
fn name_of(entry: &SwitchRecord) -> String {
    let switch = &entry.switch;
    format!("{} {} of {}", switch.kind.name(), switch.name, switch.table)
}

fn held(entry: &SwitchRecord) -> CheckResult {
    let actual = if entry.off { "it was off, and is put back" } else { "no row violates it" };
    result(name_of(entry), true, actual.to_owned(), "")
}

fn lists(violated: &Violated) -> CheckResult {
    let name = format!("foreign key {} of {}", violated.constraint, violated.table);
    let rows = crate::diagnostics::wording::plural(
        usize::try_from(violated.rows).unwrap_or(usize::MAX),
        "row",
    );
    let verb = if violated.rows == 1 { "violates" } else { "violate" };
    let mut told = result(name, false, format!("{rows} {verb} it"), ADVICE);
    told.keys = violated.keys.iter().take(NAMED).cloned().collect();
    told
}

/// A run is under way, or something else that has the lock.
fn under_way(entry: &SwitchRecord) -> CheckResult {
    let actual = if entry.off { "it is off while a run is under way" } else { "rows violate it" };
    let advice = "Verify again when the run has ended.";
    let mut told = result(name_of(entry), false, actual.to_owned(), advice);
    if entry.off {
        told.severity = Severity::Warning;
    }
    told
}

fn failed(entry: &SwitchRecord, why: &str) -> CheckResult {
    let advice = "Give the user of the connection the right to do it, or run `mapper run`.";
    result(name_of(entry), false, format!("it can't be put back: {why}"), advice)
}

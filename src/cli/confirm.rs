//! Asking before something can't be taken back.

use super::Failure;
use super::console::Console;
use crate::diagnostics::wording::and_list;
use crate::plan::{Deed, Plan};

/// Asks to type `name` before `deed` is done ("takes back 3 phases of `shop`"), unless `yes`.
///
/// # Errors
/// When something else is typed, or when nobody can be asked.
pub(super) fn confirm(console: &Console, yes: bool, deed: &str, name: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !console.can_ask() {
        return Err(Failure::usage(format!("this {deed}, and nobody can be asked here"))
            .help("say `--yes` if that is what you want"));
    }
    let answer = console
        .ask(&format!("This {deed}.\nType `{name}` to go on:"))
        .map_err(|error| Failure::usage(format!("the answer can't be read: {error}")))?;
    if answer == name { Ok(()) } else { Err(Failure::usage("not confirmed, so nothing was done")) }
}

/// What is typed to confirm: the name of the spec, or of the first of several.
pub(super) fn name(plan: &Plan) -> String {
    plan.specs.first().map(|spec| spec.name.clone()).unwrap_or_default()
}

/// Asks before connections with `production = true` are written to.
///
/// # Errors
/// As [`confirm`].
pub(super) fn production(console: &Console, yes: bool, plan: &Plan) -> Result<(), Failure> {
    match writes_to_production(plan) {
        Some(deed) => confirm(console, yes, &deed, &name(plan)),
        None => Ok(()),
    }
}

/// The production connections that a plan writes to, as a deed.
pub(super) fn writes_to_production(plan: &Plan) -> Option<String> {
    let names: Vec<&str> = plan
        .target_connections()
        .into_iter()
        .map(|index| &plan.connections[index])
        .filter(|connection| connection.production)
        .map(|connection| connection.name.as_str())
        .collect();
    (!names.is_empty()).then(|| format!("writes to {}, which is production", and_list(&names)))
}

/// The phases that delete from a production connection what their sources no longer have, as a deed.
pub(super) fn deletes_in_production(plan: &Plan, runs: impl Fn(&usize) -> bool) -> Option<String> {
    let names: Vec<&str> = plan
        .phases
        .iter()
        .enumerate()
        .filter(|(index, phase)| {
            let deletes = phase.deleted.as_ref().is_some_and(|how| how.deed == Deed::Delete);
            let production = plan.connections[phase.target.connection].production;
            deletes && production && phase.enabled && runs(index)
        })
        .map(|(_, phase)| phase.target.entity.as_str())
        .collect();
    (!names.is_empty())
        .then(|| format!("deletes from {} what its source no longer has", and_list(&names)))
}

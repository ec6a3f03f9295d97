//! Asking before something can't be taken back.

use super::Failure;
use super::console::Console;
use crate::plan::Plan;

/// Asks to type `name` before `deed` is done ("takes back 3 phases of `shop`"), unless `yes`.
///
/// # Errors
/// When something else is typed, or when nobody can be asked.
pub(super) fn confirm(console: &Console, yes: bool, deed: &str, name: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !console.can_ask() {
        return Err(Failure::usage(format!("{deed}, and nobody can be asked here"))
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

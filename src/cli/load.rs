//! From paths of specs to a plan, or to every mistake told.

use std::path::PathBuf;

use super::console::Console;
use super::environment::Environment;
use super::failure::Failure;
use crate::check::{self, Checked};
use crate::diagnostics::{Diagnostics, SourceMap, render};
use crate::plan::Plan;
use crate::spec::{self, FileSystem};

/// Specs that were read and checked.
pub(super) struct Loaded {
    /// The plan with its places; `None` when there are errors.
    pub(super) checked: Option<Checked>,
    /// What was found: warnings, and errors.
    pub(super) diagnostics: Diagnostics,
    /// The texts that they point into.
    pub(super) sources: SourceMap,
}

/// Reads and checks specs.
pub(super) fn load(paths: &[PathBuf], environment: &Environment) -> Loaded {
    let (set, sources, mut diagnostics) = spec::load(paths, &environment.variables, &FileSystem);
    let options = check::Options { working_directory: environment.directory.clone() };
    let checked = set
        .and_then(|set| check::check(&set, &sources, &options, &mut diagnostics))
        .filter(|_| !diagnostics.has_errors());
    Loaded { checked, diagnostics, sources }
}

/// Reads and checks a spec for a command that needs its plan. Warnings are told.
///
/// # Errors
/// With every mistake of the spec.
pub(super) fn plan(
    path: &PathBuf,
    environment: &Environment,
    console: &Console,
) -> Result<Plan, Failure> {
    Ok(checked(path, environment, console)?.plan.with_second_passes())
}

/// The same with what belongs to the plan: places, and seeds. Second passes are not in it.
///
/// # Errors
/// With every mistake of the spec.
pub(super) fn checked(
    path: &PathBuf,
    environment: &Environment,
    console: &Console,
) -> Result<Checked, Failure> {
    let Loaded { checked, diagnostics, sources } = load(std::slice::from_ref(path), environment);
    match checked {
        Some(checked) => {
            if !diagnostics.is_empty() {
                console.say(&render::text(&diagnostics, &sources, console.style()));
            }
            Ok(checked)
        }
        None => Err(Failure::Spec(Box::new((diagnostics, sources)))),
    }
}

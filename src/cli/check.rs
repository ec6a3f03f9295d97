//! `mapper check`: every mistake of the specs, in one go.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::environment::Environment;
use super::load::{self, Loaded};
use super::{ExitCode, Failure};
use crate::check;
use crate::diagnostics::wording::plural;
use crate::diagnostics::{Severity, render};
use crate::run::{Silent, fixtures};

/// Find every mistake of specs before any data is touched
///
/// Without `--connect` no database is looked at. All mistakes are told in one go, each with its
/// place, and with what to write instead; `mapper explain CODE` tells more.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Spec files, or folders of them; all of them are checked as one graph
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// Compare with the tables and collections that are really there
    ///
    /// Nothing is written: a database that its fixtures would fill is filled as a temporary copy.
    #[arg(long)]
    connect: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let Loaded { mut checked, mut diagnostics, sources } =
        load::load(&arguments.specs, environment);
    if arguments.connect
        && let Some(checked) = &mut checked
    {
        let (stores, _temporary) =
            fixtures::open(&checked.plan, fixtures::Fill::Copies, &Silent).await?;
        let stores: Vec<_> =
            (0..checked.plan.connections.len()).map(|at| stores.get(at).clone()).collect();
        check::connect(checked, &stores, &mut diagnostics).await;
    }
    let (errors, warnings) =
        (diagnostics.count(Severity::Error), diagnostics.count(Severity::Warning));
    let exit = if errors > 0 { ExitCode::Usage } else { ExitCode::Done };
    let plan = checked.as_ref().map(|checked| &checked.plan);
    if console.is_json() {
        let specs: Vec<&str> =
            plan.iter().flat_map(|plan| &plan.specs).map(|spec| spec.name.as_str()).collect();
        console.document(&json!({
            "exit": exit.number(),
            "specs": specs,
            "errors": errors,
            "warnings": warnings,
            "diagnostics": render::json(&diagnostics, &sources),
        }))?;
        return Ok(exit);
    }
    if !diagnostics.is_empty() {
        let text = render::text(&diagnostics, &sources, console.style());
        if errors > 0 {
            console.error_text(&text);
        } else {
            console.say(&text);
        }
        console.say("");
    }
    let found = match (errors, warnings) {
        (0, 0) => "no mistakes".to_owned(),
        (errors, 0) => plural(errors, "error"),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => {
            format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
        }
    };
    let size = plan.map(|plan| {
        format!(
            " in {}{}, {}, {} and {}",
            match plan.structures.iter().map(|task| task.tables.len()).sum() {
                0 => String::new(),
                tables => format!("{}, ", plural(tables, "table")),
            },
            plural(plan.phases.len(), "phase"),
            plural(plan.indexes.len(), "index").replace("indexs", "indexes"),
            plural(plan.checks.len(), "check"),
            plural(plan.tests.len(), "test"),
        )
    });
    let seeds = checked.as_ref().map_or(0, |checked| checked.seeds.len());
    let seeds = match seeds {
        0 => String::new(),
        seeds => format!(", and {}", plural(seeds, "seed")),
    };
    console.say(&format!("{found}{}{seeds}", size.unwrap_or_default()));
    Ok(exit)
}

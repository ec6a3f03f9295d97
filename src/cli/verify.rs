//! `mapper verify`: whether what is there is what should be.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::console::Console;
use super::environment::Environment;
use super::progress::Watcher;
use super::summary::{self, ReportFile};
use super::{ExitCode, Failure, load, open};
use crate::report::Report;
use crate::verify::{Options, verify};

/// Verify the result: tables, indexes, the checks of the spec, and the ledger's own sums
///
/// Nothing is written. The exit code is 1 when something of severity `error` does not hold, and 3
/// when unresolved rejects exist.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Map every source record again, and compare with the target cell by cell
    #[arg(long)]
    full: bool,
    /// Write a report, as JSON or Markdown by the ending of its name (.json, .md)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let report_file = ReportFile::new(arguments.report.as_deref())?;
    let plan = Arc::new(load::plan(&arguments.spec, environment, console)?);
    let stores = open::existing(&plan).await?;
    let watcher = Watcher::new(console, None)?;
    let found = verify(&plan, &stores, Options { full: arguments.full }, &watcher).await;
    watcher.finish();
    open::close(&plan, &stores).await;
    let report = Report::of_verification(&plan, &found);
    let exit = ExitCode::from_number(report.exit);
    report_file.write(&report)?;
    if console.is_json() {
        console.document(&summary::json(&report)?)?;
        return Ok(exit);
    }
    summary::tell(&report, console);
    let spec = arguments.spec.display();
    console.say(&match exit {
        ExitCode::Done => "Verified.".to_owned(),
        ExitCode::Rejects => format!(
            "What arrived is verified, and unresolved rejects exist: `mapper rejects {spec}` lists \
             what and why."
        ),
        _ => "Not verified.".to_owned(),
    });
    Ok(exit)
}

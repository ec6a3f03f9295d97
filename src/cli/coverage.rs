//! `mapper coverage`: whether something is left behind.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::summary::ReportFile;
use super::{ExitCode, Failure, Format, load, open, parse};
use crate::coverage::{ColumnState, Coverage, SourceState, coverage};
use crate::report::{coverage_markdown, coverage_text};
use crate::run::{Silent, fixtures};

/// Tell what the specs leave behind, table by table and column by column
///
/// Each table or collection of a store that phases read from is read, ignored with a reason, or
/// forgotten; each column, and each path of documents, is mapped, used by a rule, ignored with a
/// reason, constant, or forgotten. `ignore` of a phase and of a connection says what is left out on
/// purpose. The specs of a folder are taken together. Nothing is written. The exit code is 1 when
/// something is forgotten, or a column that must be filled is not.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Give the answer as text, as Markdown or as JSON
    #[arg(id = "format", long = "format", value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = parse::text_markdown_or_json())]
    _format: Format,
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
    let plan = open::with_absent_targets(load::plan(&arguments.spec, environment, console)?);
    // An absent file that fixtures fill, or that is only written, is stood in for.
    let (stores, _temporary) = fixtures::open(&plan, fixtures::Fill::Copies, &Silent).await?;
    let found = coverage(&plan, &stores).await;
    open::close(&plan, &stores).await;
    let found = found?;
    let exit = if found.is_failed() { ExitCode::Failed } else { ExitCode::Done };
    report_file.write_either(&document(&found, exit), || coverage_markdown(&found))?;
    match console.format() {
        Format::Json => console.document(&document(&found, exit))?,
        Format::Markdown => console.answer(&coverage_markdown(&found), || Json::Null)?,
        Format::Text | Format::Mermaid => {
            console.answer(&coverage_text(&found), || Json::Null)?;
        }
    }
    if exit == ExitCode::Failed && !console.is_json() {
        console.error(
            "something is left behind",
            &[],
            Some(
                "map it, or say in `ignore` of the phase, or of the connection, why it is left out",
            ),
        );
    }
    Ok(exit)
}

fn document(found: &Coverage, exit: ExitCode) -> Json {
    let tables = |state| found.tables(state);
    let columns = |state| found.columns(state);
    json!({
        "exit": exit.number(),
        "tables": {
            "read": tables(SourceState::Read),
            "ignored": tables(SourceState::Ignored),
            "forgotten": tables(SourceState::Forgotten),
        },
        "columns": {
            "mapped": columns(ColumnState::Mapped),
            "used": columns(ColumnState::Used),
            "ignored": columns(ColumnState::Ignored),
            "kept": columns(ColumnState::Kept),
            "constant": columns(ColumnState::Constant),
            "forgotten": columns(ColumnState::Forgotten),
        },
        "sources": found.sources,
        "targets": found.targets,
        "absent": found.absent,
    })
}

//! What a command did: the table on the terminal, and the report file.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::Failure;
use super::console::Console;
use crate::diagnostics::wording::plural;
use crate::report::{Report, summary_table};

/// Where a report goes, and in which form.
#[derive(Debug)]
pub(super) struct ReportFile(Option<(PathBuf, Form)>);

/// The form of a report file.
#[derive(Clone, Copy, Debug)]
enum Form {
    Json,
    Markdown,
}

impl ReportFile {
    /// The form goes by the ending. A folder that is not there is told before anything is done.
    ///
    /// # Errors
    /// When the ending is another one, or the folder is not there.
    pub(super) fn new(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(None)) };
        let shown = path.display();
        let form = match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Form::Json,
            Some("md" | "markdown") => Form::Markdown,
            _ => {
                return Err(Failure::usage(format!("the report `{shown}` has no known ending"))
                    .help("end it with .json or .md"));
            }
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder {
            Some(folder) if !folder.is_dir() => {
                Err(Failure::usage(format!("the report `{shown}` has no folder to go to"))
                    .help(format!("make the folder {}", folder.display())))
            }
            _ => Ok(Self(Some((path.to_owned(), form)))),
        }
    }

    /// Writes the report, when one is wanted.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(super) fn write(&self, report: &Report) -> Result<(), Failure> {
        self.put(|| report.to_json() + "\n", || report.to_markdown())
    }

    /// Writes a document of another kind than a run's.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(super) fn write_either(
        &self,
        json: &Json,
        markdown: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        self.put(|| format!("{json:#}\n"), markdown)
    }

    fn put(
        &self,
        json: impl FnOnce() -> String,
        markdown: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let Some((path, form)) = &self.0 else { return Ok(()) };
        let text = match form {
            Form::Json => json(),
            Form::Markdown => markdown(),
        };
        std::fs::write(path, text).map_err(|error| {
            Failure::failed(format!("the report {} can't be written: {error}", path.display()))
        })
    }
}

/// The report as the document of a command.
///
/// # Errors
/// Never for a report that this program made.
pub(super) fn json(report: &Report) -> Result<Json, Failure> {
    serde_json::to_value(report)
        .map_err(|error| Failure::failed(format!("the report is no document: {error}")))
}

/// Tells the table, and which checks do not hold.
pub(super) fn tell(report: &Report, console: &Console) {
    let table = summary_table(report);
    if !table.is_empty() {
        console.say(&format!("\n{table}"));
    }
    checks(report, console);
}

/// Tells which checks do not hold, and what to do.
pub(super) fn checks(report: &Report, console: &Console) {
    let failed = report.failed_checks();
    let passed = report.checks.len() - failed.len();
    if passed > 0 {
        let hold = if passed == 1 { "holds" } else { "hold" };
        console.say(&format!("{} {hold}", plural(passed, "check")));
    }
    for check in failed {
        let color = match check.severity {
            "error" => "31;1",
            "warning" => "33;1",
            _ => "34",
        };
        let mut text = format!(
            "{} {} `{}` does not hold: {}",
            console.paint(&format!("{}:", check.severity), color),
            check.about,
            check.name,
            check.actual
        );
        if !check.keys.is_empty() {
            text.push_str(&format!("\n  at records {}", check.keys.join("; ")));
        }
        if let Some(advice) = &check.advice {
            text.push_str(&format!("\n  {} {advice}", console.paint("help:", "36")));
        }
        if check.severity == "error" { console.error_text(&text) } else { console.say(&text) }
    }
}

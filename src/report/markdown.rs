//! A report as Markdown, for people.

use std::fmt::Write as _;

use super::table::{HEADS, WORDS, row};
use super::{CheckReport, ComparedPhase, Report, progress, sections};

/// Renders the whole report.
pub(super) fn render(report: &Report) -> String {
    let mut text = format!("# Report: {}\n\n{}\n", escape(&report.spec), head(report));
    text.push_str(&progress::markdown(report));
    if !report.phases.is_empty() {
        text.push_str("\n## Phases\n\n");
        let rows: Vec<_> = report.phases.iter().map(row).collect();
        text.push_str(&table(&HEADS, WORDS, &rows));
        for phase in &report.phases {
            if let Some(elements) = phase.elements() {
                let _ = writeln!(text, "\n`{}`: {elements}.", phase.phase);
            }
            for asked in phase.asked(report.dry_run) {
                let _ = writeln!(text, "\n`{}`, service of {asked}.", phase.phase);
            }
        }
        text.push_str(&reasons(report));
        text.push_str(&repairs(report));
        text.push_str(&violations(report));
        text.push_str(&gone(report));
    }
    text.push_str(&checks(report));
    if let Some(verification) = &report.verification
        && !verification.phases.is_empty()
    {
        text.push_str("\n## Cells\n\n");
        text.push_str(
            "Every source record was mapped again and compared with the target, field by field.\n\n",
        );
        let heads = ["phase", "compared", "missing", "differing", "left out", "fields that differ"];
        let rows: Vec<_> = verification.phases.iter().map(compared).collect();
        text.push_str(&table(&heads, 1, &rows));
    }
    text
}

fn head(report: &Report) -> String {
    let state = match report.exit {
        0 => "**Done.**",
        3 => "**Done, and some records were rejected.** `mapper rejects` lists them.",
        130 => "**Interrupted.** Run it again to go on.",
        _ => "**Failed.**",
    };
    let mut lines = vec![format!("{state} Exit code {}.", report.exit)];
    if report.dry_run {
        lines.push("This was a dry run: nothing was written.".to_owned());
    }
    if let Some(started) = &report.started_at {
        lines.push(format!("Started {started}."));
    }
    for run in report.runs.iter().filter(|run| !run.run.is_empty()) {
        lines.push(format!("Run of {}: `{}`.", escape(&run.spec), run.run));
    }
    if let Some(error) = &report.error {
        lines.push(format!("Error: {}.", escape(error)));
    }
    lines.join("\n\n")
}

fn reasons(report: &Report) -> String {
    let heads = ["phase", "reason", "records"];
    section("Why records were skipped or rejected", &heads, 2, &sections::reasons(report))
}

fn repairs(report: &Report) -> String {
    let heads = ["phase", "field", "how", "records"];
    section("What was repaired", &heads, 3, &sections::repairs(report))
}

fn violations(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .phases
        .iter()
        .flat_map(|phase| phase.violations.iter().map(move |of| (phase, of)))
        .map(|(phase, of)| {
            let mut keys = of.keys.join(", ");
            if of.rows > of.keys.len() as u64 {
                keys.push_str(", and more");
            }
            let names = [&phase.phase, &of.table, &of.constraint].map(Clone::clone);
            names.into_iter().chain([keys, of.rows.to_string()]).collect()
        })
        .collect();
    let heads = ["phase", "table", "foreign key", "keys", "rows"];
    section("Rows that violate foreign keys", &heads, 4, &rows)
}

fn gone(report: &Report) -> String {
    section("No longer in the source", &["phase", "records"], 2, &sections::gone(report))
}

/// A titled table; without rows there is none.
fn section(title: &str, heads: &[&str], words: usize, rows: &[impl AsRef<[String]>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("\n## {title}\n\n{}", table(heads, words, rows))
}

fn checks(report: &Report) -> String {
    if report.checks.is_empty() {
        return String::new();
    }
    let failed = report.failed_checks();
    let passed = report.checks.len() - failed.len();
    let mut text = format!("\n## Checks\n\n{passed} of {} hold.\n", report.checks.len());
    for check in &failed {
        let (name, actual) = (escape(&check.name), escape(&check.actual));
        let _ = writeln!(text, "\n- **{name}** ({}): {actual}", check.severity);
        if !check.keys.is_empty() {
            let _ = writeln!(text, "  - Records: {}", escape(&check.keys.join("; ")));
        }
        if let Some(advice) = &check.advice {
            let _ = writeln!(text, "  - What to do: {}", escape(advice));
        }
    }
    let held: Vec<Vec<String>> = report
        .checks
        .iter()
        .filter(|check| check.passed)
        .map(|CheckReport { name, actual, .. }| vec![name.clone(), actual.clone()])
        .collect();
    if !held.is_empty() {
        text.push('\n');
        text.push_str(&table(&["what holds", "found"], 2, &held));
    }
    text
}

fn compared(phase: &ComparedPhase) -> Vec<String> {
    let fields: Vec<String> =
        phase.fields.iter().map(|(field, count)| format!("{field} {count}")).collect();
    vec![
        phase.phase.clone(),
        phase.compared.to_string(),
        phase.missing.to_string(),
        phase.differing.to_string(),
        phase.left_out.to_string(),
        match &phase.error {
            Some(error) => error.clone(),
            None => fields.join(", "),
        },
    ]
}

/// A table whose first columns are words and the others numbers.
pub(super) fn table(heads: &[&str], words: usize, rows: &[impl AsRef<[String]>]) -> String {
    let mut text = format!("| {} |\n|", heads.join(" | "));
    for column in 0..heads.len() {
        text.push_str(if column < words { "---|" } else { "---:|" });
    }
    text.push('\n');
    for row in rows {
        let cells: Vec<String> = row.as_ref().iter().map(|cell| escape(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

/// Text that stays on its line and in its cell.
pub(super) fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

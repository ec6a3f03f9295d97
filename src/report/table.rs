//! The summary table, plain text with aligned columns.

use std::fmt::Write as _;

use super::{PhaseReport, Report, sections};

/// The heads of the summary's columns.
pub(super) const HEADS: [&str; 9] = [
    "phase",
    "state",
    "read",
    "inserted",
    "updated",
    "unchanged",
    "skipped",
    "rejected",
    "seconds",
];

/// How many of the columns, from the left, are words.
pub(super) const WORDS: usize = 2;

/// The summary of a report: one line per phase, then why records were skipped or rejected. Ends with
/// a line break; empty without phases.
pub fn summary_table(report: &Report) -> String {
    if report.phases.is_empty() {
        return String::new();
    }
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(report.phases.iter().map(row));
    let mut text = aligned(&rows, |column| column < WORDS, "");
    let reasons = sections::reasons(report).into_iter();
    let reasons: Vec<_> = reasons.map(|[phase, why, count]| [phase, count, why]).collect();
    section(&mut text, "reasons", &reasons, |column| column != 1);
    let repairs = sections::repairs(report).into_iter();
    let repairs: Vec<_> = repairs
        .map(|[phase, field, how, count]| [phase, count, format!("{field}: {how}")])
        .collect();
    section(&mut text, "repairs", &repairs, |column| column != 1);
    section(&mut text, "elements", &sections::elements(report), |_| true);
    section(&mut text, "no longer in the source", &sections::gone(report), |_| true);
    section(&mut text, "services", &sections::asked(report), |_| true);
    text
}

/// A titled part below the summary; without rows there is none.
fn section(
    text: &mut String,
    title: &str,
    rows: &[impl AsRef<[String]>],
    is_word: impl Fn(usize) -> bool,
) {
    if !rows.is_empty() {
        let _ = write!(text, "\n{title}\n{}", aligned(rows, is_word, "  "));
    }
}

/// A phase's cells, in the order of [`HEADS`].
pub(super) fn row(phase: &PhaseReport) -> [String; 9] {
    [
        phase.phase.clone(),
        phase.state_words(),
        phase.read.to_string(),
        phase.inserted.to_string(),
        phase.updated.to_string(),
        phase.unchanged.to_string(),
        phase.skipped.to_string(),
        phase.rejected.to_string(),
        format!("{:.1}", phase.seconds),
    ]
}

/// Rows as lines of columns, two blanks apart; words to the left, numbers to the right.
pub(super) fn aligned(
    rows: &[impl AsRef<[String]>],
    is_word: impl Fn(usize) -> bool,
    indent: &str,
) -> String {
    let rows: Vec<&[String]> = rows.iter().map(AsRef::as_ref).collect();
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            if column > 0 {
                line.push_str("  ");
            }
            let _ = if is_word(column) {
                write!(line, "{cell:<width$}")
            } else {
                write!(line, "{cell:>width$}")
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

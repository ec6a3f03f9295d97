//! The summary table, plain text with aligned columns.

use std::fmt::Write as _;

use super::{PhaseReport, Report};

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
    let mut rows = vec![HEADS.map(str::to_owned).to_vec()];
    rows.extend(report.phases.iter().map(|phase| row(phase).to_vec()));
    let mut text = aligned(&rows, |column| column < WORDS, "");
    let notes: Vec<Vec<String>> = report
        .phases
        .iter()
        .flat_map(|phase| {
            let reasons = phase.reasons.iter().map(|(reason, count)| {
                vec![phase.phase.clone(), count.to_string(), reason.clone()]
            });
            reasons.collect::<Vec<_>>()
        })
        .collect();
    if !notes.is_empty() {
        text.push_str("\nreasons\n");
        text.push_str(&aligned(&notes, |column| column != 1, "  "));
    }
    let repairs: Vec<Vec<String>> = report
        .phases
        .iter()
        .flat_map(|phase| {
            let fields = phase.repairs.iter();
            fields.flat_map(move |(field, of)| {
                let row = |(what, count): (&String, &u64)| {
                    vec![phase.phase.clone(), count.to_string(), format!("{field}: {what}")]
                };
                of.iter().map(row).collect::<Vec<_>>()
            })
        })
        .collect();
    if !repairs.is_empty() {
        text.push_str("\nrepairs\n");
        text.push_str(&aligned(&repairs, |column| column != 1, "  "));
    }
    let elements: Vec<Vec<String>> = report
        .phases
        .iter()
        .filter_map(|phase| Some(vec![phase.phase.clone(), phase.elements()?]))
        .collect();
    if !elements.is_empty() {
        text.push_str("\nelements\n");
        text.push_str(&aligned(&elements, |_| true, "  "));
    }
    let gone: Vec<Vec<String>> = report
        .phases
        .iter()
        .flat_map(|phase| {
            let gone = phase.gone(report.dry_run).into_iter();
            gone.map(|gone| vec![phase.phase.clone(), gone])
        })
        .collect();
    if !gone.is_empty() {
        text.push_str("\nno longer in the source\n");
        text.push_str(&aligned(&gone, |_| true, "  "));
    }
    let asked: Vec<Vec<String>> = report
        .phases
        .iter()
        .flat_map(|phase| {
            let asked = phase.asked(report.dry_run).into_iter();
            asked.map(|asked| vec![phase.phase.clone(), asked])
        })
        .collect();
    if !asked.is_empty() {
        text.push_str("\nservices\n");
        text.push_str(&aligned(&asked, |_| true, "  "));
    }
    text
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
    rows: &[Vec<String>],
    is_word: impl Fn(usize) -> bool,
    indent: &str,
) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
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

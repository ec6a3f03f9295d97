//! A rehearsal as a document.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::Rehearsal;

impl Rehearsal {
    /// As JSON.
    pub fn json(&self, exit: u8) -> Json {
        json!({
            "exit": exit,
            "passed": self.is_passed(),
            "cancelled": self.cancelled,
            "specs": self.specs,
            "data": self.data.iter().map(|data| json!({
                "connection": data.connection,
                "from": data.from,
                "records": data.records,
                "tables": data.tables.iter()
                    .map(|(table, rows)| json!({ "table": table, "records": rows }))
                    .collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "steps": self.steps.iter().map(|step| json!({
                "step": step.name,
                "passed": step.passed,
                "seconds": step.seconds,
                "found": step.found,
            })).collect::<Vec<_>>(),
            "phases": self.phases.iter().map(|phase| json!({
                "phase": phase.phase,
                "read": phase.read,
                "rejected": phase.rejected,
                "seconds": phase.seconds,
                "records_per_second": phase.rate(),
                "full": phase.full,
                "estimated_seconds": phase.estimate(),
            })).collect::<Vec<_>>(),
            "estimated_seconds": self.estimate(),
            "places": self.places,
            "kept": self.kept,
            "removed": self.removed,
            "warnings": self.warnings,
        })
    }

    /// How many seconds the real sources would take, phase after phase; `None` when one is not known.
    pub fn estimate(&self) -> Option<f64> {
        if self.phases.is_empty() {
            return None;
        }
        let known = self.phases.iter().filter(|phase| phase.read > 0 || phase.full.is_none());
        known.map(super::PhaseTime::estimate).sum()
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("# Rehearsal of {}\n\n", self.specs.join(", "));
        let verdict = match (self.cancelled, self.is_passed()) {
            (true, _) => "Interrupted.",
            (false, true) => "All held.",
            (false, false) => "Something did not hold.",
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{verdict}\n");
        let _ = writeln!(text, "| connection | data | records |\n|---|---|---:|");
        for data in &self.data {
            let _ = writeln!(text, "| {} | {} | {} |", data.connection, data.from, data.records);
        }
        let _ = writeln!(text, "\n| step | result | seconds | found |\n|---|---|---:|---|");
        for step in &self.steps {
            let result = if step.passed { "held" } else { "FAILED" };
            let found = step.found.join("; ").replace('|', "\\|");
            let _ = writeln!(text, "| {} | {result} | {:.2} | {found} |", step.name, step.seconds);
        }
        let _ = writeln!(
            text,
            "\n| phase | read | rejected | seconds | records/s | full size | estimate |\n\
             |---|---:|---:|---:|---:|---:|---:|"
        );
        for phase in &self.phases {
            let full = phase.full.map_or("–".to_owned(), |full| full.to_string());
            let estimate = phase.estimate().map_or("–".to_owned(), |time| format!("{time:.1} s"));
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.2} | {:.0} | {full} | {estimate} |",
                phase.phase,
                phase.read,
                phase.rejected,
                phase.seconds,
                phase.rate()
            );
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "\n{warning}");
        }
        text
    }
}

//! Where the phases stand, in a report.

use std::fmt::Write as _;

use serde::Serialize;

use super::markdown::{escape, table};
use super::{CheckReport, Report};
use crate::diagnostics::wording::and_list;
use crate::ledger::PhaseState;
use crate::plan::{Plan, Work};
use crate::status::{CHOICES, PhaseStatus, Status};
use crate::value::time;

/// Where a phase stands, over all runs that were not taken back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseProgress {
    /// Its full name.
    pub phase: String,
    /// `not_started`, `in_progress`, `completed`, `failed` or `rolled_back`.
    pub state: &'static str,
    /// How many records there are: as the spec says, or as the source counts.
    pub expected: Option<u64>,
    /// How many arrived and stand.
    pub current: u64,
    /// How many were left out.
    pub skipped: u64,
    /// How many were rejected.
    pub rejected: u64,
    /// How many are still to come: `expected - current - skipped - rejected`, never less than none.
    pub remaining: Option<u64>,
    /// How much of what is expected has a fate, from 0 to 100.
    pub percent: Option<f64>,
    /// What it failed with.
    pub error: Option<String>,
    /// When it started, in its newest run.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// Whether its meaning changed since it ran.
    pub changed: bool,
    /// Whether it is not done, and all that it needs is.
    pub ready: bool,
    /// The checks of this phase that hold, among those that were made.
    pub checks_passed: u64,
    /// The checks of this phase that were made.
    pub checks_made: u64,
}

impl From<&PhaseStatus> for PhaseProgress {
    fn from(status: &PhaseStatus) -> Self {
        Self {
            phase: status.phase.clone(),
            state: status.state.name(),
            expected: status.expected,
            current: status.current,
            skipped: status.skipped,
            rejected: status.rejected,
            remaining: status.remaining,
            percent: status.percent,
            error: status.error.clone(),
            started_at: status.started_at.map(time::timestamp_text),
            finished_at: status.finished_at.map(time::timestamp_text),
            changed: status.changed,
            ready: status.ready,
            checks_passed: 0,
            checks_made: 0,
        }
    }
}

impl PhaseProgress {
    /// The state in words, with a note when the spec changed since.
    pub fn state_words(&self) -> String {
        let changed = if self.changed { ", changed" } else { "" };
        format!("{}{changed}", self.state.replace('_', " "))
    }

    /// The share that has a fate: `100 %`, rounded down so that nothing looks done that is not.
    pub fn percent_words(&self) -> String {
        self.percent.map_or("-".to_owned(), |percent| format!("{:.0} %", percent.floor()))
    }
}

impl Report {
    /// Tells where a plan stands, without a run.
    pub fn of_status(plan: &Plan, status: &Status) -> Self {
        let runs = plan
            .specs
            .iter()
            .map(|spec| super::SpecRun {
                spec: spec.name.clone(),
                run: status
                    .runs
                    .iter()
                    .find(|run| run.spec == spec.name)
                    .map(|run| run.id.clone())
                    .unwrap_or_default(),
            })
            .collect();
        Self::of_runs(runs).with_progress(plan, status)
    }

    /// Adds where the phases stand. Checks that the report has are counted with the phases that they
    /// look at.
    #[must_use]
    pub fn with_progress(mut self, plan: &Plan, status: &Status) -> Self {
        let mut progress: Vec<PhaseProgress> =
            status.phases.iter().map(PhaseProgress::from).collect();
        for check in &self.checks {
            for phase in phases_of(plan, check) {
                if let Some(found) = progress.iter_mut().find(|one| one.phase == phase) {
                    found.checks_made += 1;
                    found.checks_passed += u64::from(check.passed);
                }
            }
        }
        self.progress = progress;
        self
    }
}

/// The phases that a check comes directly after.
fn phases_of(plan: &Plan, check: &CheckReport) -> Vec<String> {
    let nodes = &plan.graph.nodes;
    let of_name = |work: &Work| match work {
        Work::Check(index) => plan.checks[*index].name == check.name,
        Work::Phase(_) | Work::Structure(_) | Work::Index(_) => false,
    };
    let Some(node) = nodes.iter().find(|node| of_name(&node.work)) else { return Vec::new() };
    node.after
        .iter()
        .filter_map(|edge| match nodes[edge.node].work {
            Work::Phase(index) => Some(plan.phases[index].full_name()),
            Work::Structure(_) | Work::Index(_) | Work::Check(_) => None,
        })
        .collect()
}

/// The progress as a section of Markdown; empty when the report has none.
pub(super) fn markdown(report: &Report) -> String {
    if report.progress.is_empty() {
        return String::new();
    }
    let heads = [
        "phase",
        "state",
        "completed",
        "checks",
        "expected",
        "current",
        "skipped",
        "rejected",
        "remaining",
        "done",
    ];
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let done = |phase: &PhaseProgress| phase.state == PhaseState::Completed.name();
    let rows: Vec<_> = report
        .progress
        .iter()
        .map(|phase| {
            vec![
                phase.phase.clone(),
                phase.state_words(),
                match &phase.finished_at {
                    Some(at) if done(phase) => to_the_second(at),
                    _ => "-".to_owned(),
                },
                match phase.checks_made {
                    0 => "-".to_owned(),
                    made => format!("{} of {made} hold", phase.checks_passed),
                },
                number(phase.expected),
                phase.current.to_string(),
                phase.skipped.to_string(),
                phase.rejected.to_string(),
                number(phase.remaining),
                phase.percent_words(),
            ]
        })
        .collect();
    let mut text = format!(
        "\n## Progress\n\n{} of {} phases are done. \
         remaining = expected - current - skipped - rejected.\n\n{}",
        report.progress.iter().filter(|phase| done(phase)).count(),
        report.progress.len(),
        table(&heads, 4, &rows)
    );
    text.push_str("\n### Next\n\n");
    for sentence in next(report) {
        let _ = writeln!(text, "- {sentence}");
    }
    text
}

/// `2026-11-21 07:44:44` of a moment's text.
fn to_the_second(at: &str) -> String {
    at.get(..19).unwrap_or(at).replace('T', " ")
}

/// What should be done next, a sentence each; never none.
fn next(report: &Report) -> Vec<String> {
    let named = |which: &dyn Fn(&PhaseProgress) -> bool| -> Vec<String> {
        let found = report.progress.iter().filter(|phase| which(phase));
        found.map(|phase| phase.phase.clone()).collect()
    };
    let list = |names: &[String]| and_list(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut sentences = Vec::new();
    for phase in &report.progress {
        if let Some(error) = &phase.error {
            sentences.push(format!(
                "`{}` failed: {}. Mend that and run again; it goes on where it stood.",
                phase.phase,
                escape(error)
            ));
        }
    }
    let changed = named(&|phase| phase.changed);
    if !changed.is_empty() {
        sentences
            .push(format!("Changed since they ran: {}. A run asks for {CHOICES}.", list(&changed)));
    }
    let failed = report.failed_checks().iter().filter(|check| check.severity == "error").count();
    if failed > 0 {
        sentences.push(format!(
            "Look at the checks that do not hold ({failed}); what depends on them waits."
        ));
    }
    let rejecting = named(&|phase| phase.rejected > 0);
    if !rejecting.is_empty() {
        sentences.push(format!(
            "Records were rejected in {}: `mapper rejects` lists them, `--retry` tries them again.",
            list(&rejecting)
        ));
    }
    let ready = named(&|phase| phase.ready && phase.error.is_none());
    if !ready.is_empty() {
        sentences.push(format!("Run next: {}.", list(&ready)));
    }
    let waiting = named(&|phase| {
        !phase.ready && phase.error.is_none() && phase.state != PhaseState::Completed.name()
    });
    if !waiting.is_empty() {
        sentences.push(format!("After that: {}.", list(&waiting)));
    }
    let all = report.progress.iter().all(|phase| phase.state == PhaseState::Completed.name());
    if all && report.verification.is_none() {
        sentences.push(
            "All phases are done. `mapper verify --full` compares every field with its source."
                .to_owned(),
        );
    }
    if sentences.is_empty() {
        sentences.push("Nothing is left to do.".to_owned());
    }
    sentences
}

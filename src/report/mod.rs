//! What a command did, for people and machines.
//!
//! The JSON form is fixed by `schemas/report.schema.json` and is only ever added to. There are no
//! values of records in a report: names, counts, reasons, and keys as they may be shown.

mod coverage;
mod exit;
mod markdown;
mod phase;
mod progress;
mod sections;
mod table;

pub use coverage::{coverage_markdown, coverage_text};
pub use exit::{exit_code, exit_code_of_verification};
pub use phase::{KeptReport, PhaseReport, Violation};
pub use progress::PhaseProgress;
pub use table::summary_table;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::{Plan, Severity, Work};
use crate::rejects::Reject;
use crate::run::checks::CheckResult;
use crate::run::{Outcome, RunError};
use crate::value::time;
use crate::verify::{About, PhaseDifferences, VerifyReport};

/// What a command did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// The run's id; of several specs all ids, with commas between them.
    pub run: String,
    /// The spec's name; of several specs all names, with commas between them.
    pub spec: String,
    /// The exit code of the command.
    pub exit: u8,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// When the first of the phases started.
    pub started_at: Option<String>,
    /// What went wrong, when something did; never a value of a record.
    pub error: Option<String>,
    /// Each spec's part of the run.
    pub runs: Vec<SpecRun>,
    /// The phases, in the order of the work.
    pub phases: Vec<PhaseReport>,
    /// Where the phases stand, over all runs; empty where that was not asked.
    pub progress: Vec<PhaseProgress>,
    /// What was done to enums and tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub structures: Vec<StructureReport>,
    /// Of a dry run: the records that a run would reject, the first thousand of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejects: Vec<RejectReport>,
    /// The checks that were made, and whatever else a verification looks at.
    pub checks: Vec<CheckReport>,
    /// What a verification found beyond that.
    pub verification: Option<Verification>,
}

/// A spec's part of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpecRun {
    /// The spec's name.
    pub spec: String,
    /// The run's id.
    pub run: String,
}

/// What was done to one spec's enums and tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StructureReport {
    /// The work's name in the plan.
    pub name: String,
    /// Where it stands.
    pub state: String,
    /// What was changed, in words.
    pub changes: Vec<String>,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Its name.
    pub name: String,
    /// What a failure means: `error`, `warning` or `info`.
    pub severity: &'static str,
    /// Whether it holds.
    pub passed: bool,
    /// What was found, and what was expected where it does not hold.
    pub actual: String,
    /// What to do when it fails.
    pub advice: Option<String>,
    /// What it is about: `check`, `table`, `index`, `ledger` or `cells`.
    pub about: &'static str,
    /// Keys of records that are to blame, as they may be shown; at most ten.
    pub keys: Vec<String>,
}

/// A record that a run would reject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectReport {
    /// The phase's full name.
    pub phase: String,
    /// The source key, as it may be shown.
    pub key: String,
    /// Why, in a word that is counted.
    pub reason: String,
    /// The target's constraint that refuses it, where one does and has a name.
    pub constraint: Option<String>,
    /// The field or column that it is about.
    pub field: Option<String>,
    /// Why, in a sentence without values.
    pub message: String,
}

impl From<&Reject> for RejectReport {
    fn from(reject: &Reject) -> Self {
        Self {
            phase: reject.phase.clone(),
            key: reject.key.clone(),
            reason: reject.reason.clone(),
            constraint: reject.constraint().map(str::to_owned),
            field: reject.field.clone(),
            message: reject.message.clone(),
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Whether it found nothing that matters.
    pub passed: bool,
    /// Rejects that still stand.
    pub open_rejects: u64,
    /// The phases whose cells were compared.
    pub phases: Vec<ComparedPhase>,
}

/// A phase whose cells were compared; the fields are those of [`PhaseDifferences`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of PhaseDifferences")]
pub struct ComparedPhase {
    pub phase: String,
    pub equal: bool,
    pub compared: u64,
    pub missing: u64,
    pub differing: u64,
    pub fields: BTreeMap<String, u64>,
    pub left_out: u64,
    pub unknown: u64,
    pub not_compared: Vec<String>,
    pub keys: Vec<String>,
    pub error: Option<String>,
}

impl Report {
    /// Tells of a run.
    pub fn of_run(plan: &Plan, outcome: &Outcome) -> Self {
        let phase_nodes = || {
            outcome.nodes.iter().filter_map(|node| match node.work {
                Work::Phase(index) => Some((node, &plan.phases[index])),
                _ => None,
            })
        };
        let errors: Vec<String> = outcome
            .nodes
            .iter()
            .filter_map(|node| node.error.as_ref().map(|error| (node, error)))
            .map(|(node, error)| match (&error.phase, node.work) {
                (None, Work::Index(_) | Work::Structure(_)) => format!("{}: {error}", node.name),
                _ => error.to_string(),
            })
            .collect();
        let runs = outcome
            .runs
            .iter()
            .map(|(spec, run)| SpecRun { spec: spec.clone(), run: run.clone() })
            .collect();
        let started = phase_nodes()
            .filter_map(|(node, _)| node.phase.as_ref().map(|record| record.started_at))
            .min();
        Self {
            exit: exit_code(outcome),
            dry_run: outcome.dry_run,
            started_at: started.map(time::timestamp_text),
            error: (!errors.is_empty()).then(|| errors.join("; ")),
            phases: phase_nodes().map(|(node, phase)| PhaseReport::of_node(phase, node)).collect(),
            structures: outcome
                .nodes
                .iter()
                .filter(|node| matches!(node.work, Work::Structure(_)))
                .map(|node| StructureReport {
                    name: node.name.clone(),
                    state: node.state.name().replace(' ', "_"),
                    changes: node.structure.clone(),
                })
                .collect(),
            checks: outcome
                .nodes
                .iter()
                .filter_map(|node| node.check.as_ref())
                .map(|check| CheckReport::new(About::Check, check))
                .collect(),
            ..Self::of_runs(runs)
        }
    }

    /// Tells of a verification. The phases are as the ledger has them.
    pub fn of_verification(plan: &Plan, report: &VerifyReport) -> Self {
        let records = || report.phases.iter().filter_map(|phase| phase.record.as_ref());
        let runs = plan
            .specs
            .iter()
            .map(|spec| {
                let own = plan.phases.iter().zip(&report.phases);
                let newest = own
                    .filter(|(phase, _)| phase.spec == spec.name)
                    .filter_map(|(_, state)| state.record.as_ref())
                    .map(|record| &record.run)
                    .max();
                SpecRun { spec: spec.name.clone(), run: newest.cloned().unwrap_or_default() }
            })
            .collect();
        Self {
            exit: exit_code_of_verification(report),
            started_at: records().map(|record| record.started_at).min().map(time::timestamp_text),
            phases: report
                .phases
                .iter()
                .map(|state| PhaseReport::of_record(&state.phase, state.record.as_ref()))
                .collect(),
            ..Self::of_runs(runs)
        }
        .with_verification(report)
    }

    /// Tells of a command that could not start.
    pub fn of_error(plan: &Plan, error: &RunError) -> Self {
        let runs = plan
            .specs
            .iter()
            .map(|spec| SpecRun { spec: spec.name.clone(), run: String::new() })
            .collect();
        let message = match &error.help {
            Some(help) => format!("{error}; {help}"),
            None => error.to_string(),
        };
        Self { exit: exit::FAILED, error: Some(message), ..Self::of_runs(runs) }
    }

    /// Adds what a verification after the run found. Its checks, which are newer, take the place of
    /// the run's.
    #[must_use]
    pub fn with_verification(mut self, report: &VerifyReport) -> Self {
        self.checks = report
            .results
            .iter()
            .map(|verified| CheckReport::new(verified.about, &verified.result))
            .collect();
        self.verification = Some(Verification {
            passed: !report.is_failed(),
            open_rejects: report.open_rejects(),
            phases: report.differences.iter().map(ComparedPhase::from).collect(),
        });
        if self.exit == exit::DONE || self.exit == exit::REJECTS {
            self.exit = self.exit.max(exit_code_of_verification(report));
            if report.is_failed() {
                self.exit = exit::FAILED;
            }
        }
        self
    }

    fn of_runs(runs: Vec<SpecRun>) -> Self {
        let join = |part: fn(&SpecRun) -> &String| {
            let parts: Vec<&str> =
                runs.iter().map(|run| part(run).as_str()).filter(|part| !part.is_empty()).collect();
            parts.join(", ")
        };
        Self { run: join(|run| &run.run), spec: join(|run| &run.spec), runs, ..Self::default() }
    }

    /// The report as JSON, after `schemas/report.schema.json`.
    ///
    /// # Panics
    ///
    /// Never: a report holds only texts, numbers and lists of them.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has nothing that JSON does not hold")
    }

    /// The report as Markdown.
    pub fn to_markdown(&self) -> String {
        markdown::render(self)
    }

    /// The checks that do not hold, the worst first.
    pub fn failed_checks(&self) -> Vec<&CheckReport> {
        let rank = |check: &CheckReport| {
            [Severity::Error, Severity::Warning, Severity::Info]
                .iter()
                .position(|severity| severity.name() == check.severity)
        };
        let mut failed: Vec<&CheckReport> =
            self.checks.iter().filter(|check| !check.passed).collect();
        failed.sort_by_key(|check| rank(check));
        failed
    }
}

impl CheckReport {
    fn new(about: About, check: &CheckResult) -> Self {
        Self {
            name: check.name.clone(),
            severity: check.severity.name(),
            passed: check.passed,
            actual: check.actual.clone(),
            advice: check.advice.clone(),
            about: about.name(),
            keys: check.keys.clone(),
        }
    }
}

impl From<&PhaseDifferences> for ComparedPhase {
    fn from(differences: &PhaseDifferences) -> Self {
        Self {
            phase: differences.phase.clone(),
            equal: differences.is_equal(),
            compared: differences.compared,
            missing: differences.missing,
            differing: differences.differing,
            fields: differences.fields.clone(),
            left_out: differences.left_out,
            unknown: differences.unknown,
            not_compared: differences.not_compared.clone(),
            keys: differences.keys.clone(),
            error: differences.error.clone(),
        }
    }
}

//! Verification after the fact: what the spec expects, what must be there, what the ledger says of
//! itself, and, on request, every cell.

mod cells;
mod differences;
mod full;
mod ledger;
mod structure;
mod switches;
mod tables;
mod written;

pub use differences::PhaseDifferences;
pub use ledger::LedgerState;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ledger::{Counts, PhaseState};
use crate::plan::{Plan, Severity, Work};
use crate::run::checks::{self, CheckResult};
use crate::run::{Event, Observer, Stores};

/// What is verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether every source record is mapped again and compared with the target, cell by cell.
    pub full: bool,
}

/// What a verification found.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Every single result, in the order in which things were looked at.
    pub results: Vec<Verified>,
    /// What the ledger holds of each phase, in the order of the plan.
    pub phases: Vec<LedgerState>,
    /// What the comparison of all cells found, for the phases that were completed; empty unless
    /// [`Options::full`].
    pub differences: Vec<PhaseDifferences>,
}

/// One result.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// What it is about.
    pub about: About,
    /// What was found.
    pub result: CheckResult,
}

/// What a result is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A table that the spec makes, or that must exist.
    Table,
    /// An enum that the spec makes.
    Enum,
    /// An extension that must be there.
    Extension,
    /// What the ledger says of the changes of structure.
    History,
    /// A trigger or a foreign key that a phase had off.
    Switch,
    /// An index that the spec declares.
    Index,
    /// The ledger's sums of a phase.
    Ledger,
    /// A check of the spec.
    Check,
    /// The cells of a phase.
    Cells,
}

impl About {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Enum => "enum",
            Self::Extension => "extension",
            Self::History => "history",
            Self::Switch => "switch",
            Self::Index => "index",
            Self::Ledger => "ledger",
            Self::Check => "check",
            Self::Cells => "cells",
        }
    }
}

impl VerifyReport {
    /// Whether something that matters does not hold.
    pub fn is_failed(&self) -> bool {
        self.results
            .iter()
            .any(|Verified { result, .. }| !result.passed && result.severity == Severity::Error)
    }

    /// Rejects that still stand.
    pub fn open_rejects(&self) -> u64 {
        self.phases.iter().map(|phase| phase.open_rejects).sum()
    }
}

/// Verifies a plan's stores. What can't be looked at does not hold, with the reason. Nothing is
/// written but what a killed run left off, which is put back.
pub async fn verify(
    plan: &Arc<Plan>,
    stores: &Stores,
    options: Options,
    observer: &dyn Observer,
) -> VerifyReport {
    let mut report = VerifyReport::default();
    let add = |report: &mut VerifyReport, about, result: CheckResult| {
        observer.event(&Event::Check {
            check: result.name.clone(),
            passed: result.passed,
            actual: result.actual.clone(),
            severity: result.severity.name().to_owned(),
        });
        report.results.push(Verified { about, result });
    };
    for result in switches::put_back(plan, stores, observer).await {
        add(&mut report, About::Switch, result);
    }
    for needed in &plan.prerequisites {
        let result = structure::table(plan, stores, needed).await;
        add(&mut report, About::Table, result);
    }
    for Verified { about, result } in tables::all(plan, stores).await {
        add(&mut report, about, result);
    }
    for task in &plan.indexes {
        add(&mut report, About::Index, structure::index(stores, task).await);
    }
    let mut counts: BTreeMap<usize, Counts> = BTreeMap::new();
    for (index, phase) in plan.phases.iter().enumerate() {
        let (state, result) = ledger::verify(stores, phase).await;
        if let Some(record) = &state.record {
            counts.insert(index, record.counts.clone());
        }
        report.phases.push(state);
        add(&mut report, About::Ledger, result);
    }
    // What waits for a phase that is off and never ran has nothing to look at yet.
    let off: Vec<usize> = (0..plan.phases.len())
        .filter(|&index| !plan.phases[index].enabled && report.phases[index].record.is_none())
        .filter_map(|index| plan.graph.find(Work::Phase(index)))
        .flat_map(|node| plan.graph.descendants(node))
        .collect();
    for (index, check) in plan.checks.iter().enumerate() {
        if plan.graph.find(Work::Check(index)).is_some_and(|node| off.contains(&node)) {
            continue;
        }
        let result = checks::evaluate(plan, stores, check, &counts).await;
        add(&mut report, About::Check, result);
    }
    if options.full {
        for index in 0..plan.phases.len() {
            let record = report.phases[index].record.clone();
            // What is not completed is told by its ledger.
            let Some(record) = record.filter(|record| record.state == PhaseState::Completed) else {
                continue;
            };
            let differences = full::compare(plan, stores, index, &record, observer).await;
            add(&mut report, About::Cells, differences.result());
            report.differences.push(differences);
        }
    }
    report
}

/// A result of severity `error`.
fn result(name: String, passed: bool, actual: String, advice: &str) -> CheckResult {
    CheckResult {
        name,
        severity: Severity::Error,
        passed,
        actual,
        advice: Some(advice.to_owned()),
        keys: Vec::new(),
    }
}

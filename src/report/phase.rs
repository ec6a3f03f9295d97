//! A phase in a report.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::diagnostics::wording;
use crate::ledger::{Counts, PhaseRecord, PhaseState, Usage};
use crate::plan::Phase;
use crate::run::switches::Violated;
use crate::run::{NodeOutcome, NodeState};

/// What a phase did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseReport {
    /// Its full name.
    pub phase: String,
    /// `not_selected`, `not_started`, `in_progress`, `completed` or `failed`.
    pub state: &'static str,
    /// Source records read.
    pub sources: u64,
    /// Source records without an element, when the phase explodes.
    pub sources_without_elements: u64,
    /// Records, or elements, read.
    pub read: u64,
    /// Records that are new in the target.
    pub inserted: u64,
    /// Records that were changed in the target.
    pub updated: u64,
    /// Records that the target held already with the same content.
    pub unchanged: u64,
    /// Records left out, with a reason.
    pub skipped: u64,
    /// Records refused, with a reason.
    pub rejected: u64,
    /// How long it worked.
    pub seconds: f64,
    /// How many were skipped or rejected for each reason (`skipped: exists`).
    pub reasons: BTreeMap<String, u64>,
    /// How often something was done to bring a record in all the same: by field, what and how often.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub repairs: BTreeMap<String, BTreeMap<String, u64>>,
    /// Records that are no longer in the source and were deleted from the target. This and the
    /// next three are absent where nothing is done about such records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<u64>,
    /// Records that are no longer in the source and were marked in the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked: Option<u64>,
    /// Records that are no longer in the source and stay as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_kept: Option<u64>,
    /// Why they stay, how many for each reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_reasons: Option<BTreeMap<String, u64>>,
    /// Which they are, as far as they are listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptReport>,
    /// What it failed with.
    pub error: Option<String>,
    /// What it asked of services, by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enrich: Vec<Usage>,
    /// Rows that violate foreign keys whose check it put off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}

/// Rows that violate a foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The foreign key.
    pub constraint: String,
    /// The table.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// The keys of the first thousand, as they may be shown.
    pub keys: Vec<String>,
}

impl From<&Violated> for Violation {
    fn from(violated: &Violated) -> Self {
        Self {
            constraint: violated.constraint.clone(),
            table: violated.table.clone(),
            rows: violated.rows,
            keys: violated.keys.clone(),
        }
    }
}

/// A record that is no longer in the source and stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptReport {
    /// The source key, as it may be shown.
    pub key: String,
    /// Why.
    pub reason: &'static str,
}

/// How many kept records are named where people read.
const NAMED: usize = 10;

const NOT_SELECTED: &str = "not_selected";

impl PhaseReport {
    /// Tells of a phase of a run.
    pub(super) fn of_node(phase: &Phase, node: &NodeOutcome) -> Self {
        let state = match node.state {
            NodeState::NotSelected => NOT_SELECTED,
            NodeState::NotStarted => PhaseState::NotStarted.name(),
            NodeState::Read | NodeState::Interrupted => PhaseState::InProgress.name(),
            NodeState::DoneBefore | NodeState::Done => PhaseState::Completed.name(),
            NodeState::Failed => PhaseState::Failed.name(),
        };
        let error = node.error.as_ref().map(ToString::to_string);
        let kept = node.kept.iter();
        let mut report = Self {
            state,
            error,
            kept: kept
                .map(|kept| KeptReport { key: kept.key.clone(), reason: kept.why.describe() })
                .collect(),
            enrich: node.usage.clone(),
            violations: node.violated.iter().map(Violation::from).collect(),
            ..Self::of_record(&phase.full_name(), node.phase.as_ref())
        };
        if phase.deleted.is_some() {
            report.deleted.get_or_insert_default();
            report.marked.get_or_insert_default();
            report.deleted_kept.get_or_insert_default();
            report.kept_reasons.get_or_insert_default();
        }
        report
    }

    /// Tells of a phase as the ledger has it.
    pub(super) fn of_record(phase: &str, record: Option<&PhaseRecord>) -> Self {
        let counts = record.map_or_else(Counts::default, |record| record.counts.clone());
        let seconds = record.map_or(0.0, |record| record.seconds);
        Self {
            phase: phase.to_owned(),
            state: record.map_or(PhaseState::NotStarted, |record| record.state).name(),
            sources: counts.sources,
            sources_without_elements: counts.empty_sources,
            read: counts.read,
            inserted: counts.inserted,
            updated: counts.updated,
            unchanged: counts.unchanged,
            skipped: counts.skipped,
            rejected: counts.rejected,
            seconds: (seconds * 1000.0).round() / 1000.0,
            deleted: Some(counts.deleted).filter(|count| *count > 0),
            marked: Some(counts.marked).filter(|count| *count > 0),
            deleted_kept: Some(counts.deleted_kept()).filter(|count| *count > 0),
            kept_reasons: Some(counts.kept).filter(|reasons| !reasons.is_empty()),
            kept: Vec::new(),
            reasons: counts.reasons,
            repairs: by_field(counts.repairs),
            error: record.and_then(|record| record.error.clone()),
            enrich: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Sentences about what was asked of services, one a field; in a dry run what would be.
    pub(super) fn asked(&self, dry_run: bool) -> Vec<String> {
        self.enrich.iter().map(|usage| asked(usage, dry_run)).collect()
    }

    /// Sentences about records that are no longer in the source: what was done, and what stays.
    pub(super) fn gone(&self, dry_run: bool) -> Vec<String> {
        let (deleted, marked) = (self.deleted.unwrap_or(0), self.marked.unwrap_or(0));
        let kept = self.deleted_kept.unwrap_or(0);
        let would = if dry_run { " (nothing was written)" } else { "" };
        let done = wording::counts(&[(deleted, "deleted"), (marked, "marked"), (kept, "kept")]);
        let Some(mut done) = done else { return Vec::new() };
        if let Some(reasons) = self.kept_reasons.as_ref().filter(|reasons| !reasons.is_empty()) {
            let reasons: Vec<String> =
                reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            done.push_str(&format!(", of these {}", reasons.join(", ")));
        }
        let mut lines = vec![format!("{done}{would}")];
        let named = self.kept.iter().take(NAMED);
        lines.extend(named.map(|kept| format!("kept {}: {}", kept.key, kept.reason)));
        let more = self.deleted_kept.unwrap_or(0).saturating_sub(NAMED as u64);
        if !self.kept.is_empty() && more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines
    }

    /// The state in words.
    pub(super) fn state_words(&self) -> String {
        self.state.replace('_', " ")
    }

    /// A sentence about the source records of a phase that explodes; `None` where each record is
    /// one element.
    pub(super) fn elements(&self) -> Option<String> {
        if self.sources == self.read && self.sources_without_elements == 0 {
            return None;
        }
        let mut text = format!("{} elements of {} source records", self.read, self.sources);
        if self.sources_without_elements > 0 {
            text = format!("{text}, {} of them without an element", self.sources_without_elements);
        }
        Some(text)
    }
}

fn by_field(repairs: BTreeMap<String, u64>) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut fields: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (name, count) in repairs {
        let (field, what) = name.rsplit_once(": ").unwrap_or((&name, "repaired"));
        fields.entry(field.to_owned()).or_default().insert(what.to_owned(), count);
    }
    fields
}

fn asked(usage: &Usage, dry_run: bool) -> String {
    let Usage { field, sent, held, shared, refused, calls, throttled, failed, .. } = usage;
    if dry_run {
        return format!(
            "{field}: no request was sent; a run would send {} in {}, {held} are held already",
            plural(*sent, "input"),
            plural(*calls, "request"),
        );
    }
    let mut text = format!(
        "{field}: {} sent in {}, {held} held already, {shared} answered with another",
        plural(*sent, "input"),
        plural(*calls, "request"),
    );
    let trouble = [(*throttled, "throttled"), (*failed, "failed"), (*refused, "refused")];
    if let Some(trouble) = wording::counts(&trouble) {
        text.push_str(&format!(", {trouble}"));
    }
    if let Some(cost) = &usage.cost {
        let currency = usage.currency.as_deref().unwrap_or_default();
        text.push_str(&format!("; {} for {cost} {currency}", plural(usage.units, "unit")));
    }
    text
}

fn plural(count: u64, noun: &str) -> String {
    wording::plural(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

//! What the comparison of a phase's cells found.

use std::collections::BTreeMap;

use super::result;
use crate::run::checks::CheckResult;
use crate::value::Key;

/// How many keys are named.
const KEYS: usize = 10;

/// How a phase's target differs from what its source maps to now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseDifferences {
    /// The phase's full name.
    pub phase: String,
    /// Records that were compared, or looked for.
    pub compared: u64,
    /// Of these, records that the target does not hold.
    pub missing: u64,
    /// Of these, records of which a field differs.
    pub differing: u64,
    /// How often each field differs.
    pub fields: BTreeMap<String, u64>,
    /// Records that were not compared: the phase skipped or rejected them, or the mapping leaves
    /// them out now.
    pub left_out: u64,
    /// Of the compared ones, records that the ledger does not know: the source got them later.
    pub unknown: u64,
    /// Fields that were not compared, because a later phase writes them too.
    pub not_compared: Vec<String>,
    /// Keys of records that are missing or differ, as they may be shown; at most ten.
    pub keys: Vec<String>,
    /// Why the comparison did not come to its end.
    pub error: Option<String>,
}

impl PhaseDifferences {
    /// Whether the target holds what the source maps to.
    pub fn is_equal(&self) -> bool {
        self.missing == 0 && self.differing == 0 && self.error.is_none()
    }

    pub(super) fn blame(&mut self, key: &Key) {
        if self.keys.len() < KEYS {
            self.keys.push(key.display(false));
        }
    }

    pub(super) fn result(&self) -> CheckResult {
        let mut parts = vec![format!("{} compared", self.compared)];
        if self.missing > 0 {
            parts.push(format!("{} missing in the target", self.missing));
        }
        if self.differing > 0 {
            let fields: Vec<String> =
                self.fields.iter().map(|(field, count)| format!("`{field}` {count}")).collect();
            parts.push(format!("{} differ ({})", self.differing, fields.join(", ")));
        }
        if self.is_equal() {
            parts.push("all equal".to_owned());
        }
        if self.unknown > 0 {
            parts.push(format!("{} not in the ledger", self.unknown));
        }
        if self.left_out > 0 {
            parts.push(format!("{} left out", self.left_out));
        }
        if !self.not_compared.is_empty() {
            let fields = self.not_compared.join("`, `");
            parts.push(format!("`{fields}` not compared, as a later phase writes it too"));
        }
        let mut actual = parts.join(", ");
        if let Some(error) = &self.error {
            actual = format!("{actual}; the comparison did not come to its end: {error}");
        }
        let advice = "Find out who changed the target or the source since. `mapper run --update` \
                      sets what differs to what the mapping gives.";
        let name = format!("cells of {}", self.phase);
        CheckResult { keys: self.keys.clone(), ..result(name, self.is_equal(), actual, advice) }
    }
}

//! What a phase asked of services in a run, for the report.

use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::connectors::{Session, StoreError, StoreErrorKind};

/// What was asked for one field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The field.
    pub field: String,
    /// Different inputs that were sent, or would be.
    pub sent: u64,
    /// Records that took what the target held already.
    pub held: u64,
    /// Records that took the answer to the same input of another one.
    pub shared: u64,
    /// Inputs without an answer that could be used.
    pub refused: u64,
    /// Requests.
    pub calls: u64,
    /// Requests that were answered with 429.
    pub throttled: u64,
    /// Requests that failed otherwise.
    pub failed: u64,
    /// Units, as the answers tell them; requests that were answered where they do not.
    pub units: u64,
    /// What it cost, as a number.
    pub cost: Option<String>,
    /// In what.
    pub currency: Option<String>,
}

impl Usage {
    /// Adds what was asked besides; the cost is the caller's affair.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.held += other.held;
        self.shared += other.shared;
        self.refused += other.refused;
        self.calls += other.calls;
        self.throttled += other.throttled;
        self.failed += other.failed;
        self.units += other.units;
    }
}

fn fact(run: &str, phase: &str) -> String {
    format!("enrich/{run}/{phase}")
}

impl Ledger {
    /// What a phase asked in a run, by field.
    pub async fn usage(&self, run: &str, phase: &str) -> Result<Vec<Usage>, StoreError> {
        let Some(text) = self.fact(&fact(run, phase)).await? else { return Ok(Vec::new()) };
        serde_json::from_str(&text).map_err(|_| {
            StoreError::new(StoreErrorKind::Corrupt, "the ledger holds a usage that is unreadable")
        })
    }

    /// Writes what a phase asked in a run so far.
    pub async fn save_usage(
        &self,
        session: &mut dyn Session,
        run: &str,
        phase: &str,
        usage: &[Usage],
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(usage)
            .map_err(|error| StoreError::new(StoreErrorKind::Internal, error.to_string()))?;
        self.set_fact(session, &fact(run, phase), &text).await
    }
}

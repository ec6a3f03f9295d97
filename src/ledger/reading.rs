//! What part of its source a phase of a run reads, and how far that source stood when it began: what
//! the next run goes on from.

use serde::{Deserialize, Serialize};

use super::{Ledger, PhaseRecord};
use crate::connectors::{Session, StoreError, StoreErrorKind};
use crate::value::{Key, Value};

/// What part of its source a phase of a run reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The columns or paths whose highest values are the mark.
    pub by: Vec<String>,
    /// Where it begins; `None` reads all.
    pub since: Option<Since>,
    /// The highest values when it began; `None` of a source without any.
    pub mark: Option<Mark>,
}

/// Where a reading begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// The run whose mark it goes on from.
    pub run: String,
    /// The values, the overlap taken off.
    pub from: Mark,
    /// Whether what stands at these values is read already.
    pub after: bool,
}

/// Values of a source's columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(Vec<u8>);

impl Mark {
    /// A mark of these values; `None` when one of them is null.
    pub fn new(values: &[Value]) -> Option<Self> {
        Key::new(values).ok().map(|key| Self(key.as_bytes().to_vec()))
    }

    /// The values.
    pub fn values(&self) -> Option<Vec<Value>> {
        Key::from_bytes(&self.0).values()
    }
}

impl Ledger {
    /// What a phase of a run reads; `None` when nothing was said of it.
    pub async fn reading(&self, phase: &PhaseRecord) -> Result<Option<Reading>, StoreError> {
        let Some(text) = self.fact(&name(phase)).await? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|_| {
            let message = format!("the ledger's note of what `{}` reads is damaged", phase.phase);
            StoreError::new(StoreErrorKind::Corrupt, message)
        })
    }

    /// Writes what a phase of a run reads.
    pub async fn save_reading(
        &self,
        session: &mut dyn Session,
        phase: &PhaseRecord,
        reading: &Reading,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(reading).map_err(|error| {
            StoreError::new(StoreErrorKind::Internal, format!("a reading can't be kept: {error}"))
        })?;
        self.set_fact(session, &name(phase), &text).await
    }
}

fn name(phase: &PhaseRecord) -> String {
    format!("reading {}", phase.id())
}

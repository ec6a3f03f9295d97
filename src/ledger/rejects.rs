//! Rejects in the ledger.

use super::fields::store_error;
use super::tables::REJECTS;
use super::{Ledger, RejectRecord, RejectState};
use crate::connectors::{Session, StoreError, Update};
use crate::value::{Row, Value};

impl Ledger {
    /// Marks rejects as resolved.
    pub async fn resolve_rejects(
        &self,
        session: &mut dyn Session,
        rejects: &[RejectRecord],
    ) -> Result<(), StoreError> {
        self.mark_rejects(session, rejects, RejectState::Resolved.name()).await
    }

    /// Marks rejects as tried again by a batch: resolved if that is finished, open if it is taken
    /// back.
    pub async fn mark_retried(
        &self,
        session: &mut dyn Session,
        rejects: &[RejectRecord],
        seq: u64,
    ) -> Result<(), StoreError> {
        self.mark_rejects(session, rejects, &retried(seq)).await
    }

    async fn mark_rejects(
        &self,
        session: &mut dyn Session,
        rejects: &[RejectRecord],
        state: &str,
    ) -> Result<(), StoreError> {
        let rows: Vec<Row> = rejects
            .iter()
            .map(|reject| {
                let id = format!(
                    "{}/{}/{:09}/{:06}",
                    reject.run, reject.phase, reject.batch, reject.ordinal
                );
                vec![Value::text(id), Value::text(state)]
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let update = Update {
            entity: REJECTS.name,
            key: &["_id".to_owned()],
            set: &["state".to_owned()],
            rows: &rows,
        };
        session.update(update).await.map(|_| ()).map_err(store_error)
    }
}

/// The word for rejects that a batch tries again.
pub(super) fn retried(seq: u64) -> String {
    format!("{RETRIED}{seq:09}")
}

/// How [`retried`] begins.
pub(super) const RETRIED: &str = "retried in batch ";

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
        let rows: Vec<Row> = rejects
            .iter()
            .map(|reject| {
                let id = format!(
                    "{}/{}/{:09}/{:06}",
                    reject.run, reject.phase, reject.batch, reject.ordinal
                );
                vec![Value::text(id), Value::text(RejectState::Resolved.name())]
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

//! What is being asked of services: claimed before it is sent, and given up with the commit that
//! holds the answers. What is claimed and nobody holds was in flight when a run was killed.

use chrono::{DateTime, Utc};

use super::Ledger;
use super::fields::{Fields, equal};
use super::tables::CLAIMS;
use crate::connectors::{Session, StoreError};
use crate::value::query::Select;
use crate::value::{Row, Value, time};

/// How many claims one statement takes.
const CLAIMS_PER_STATEMENT: usize = 500;

/// Something that is being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRecord {
    /// A hash of what is sent, and where.
    pub id: String,
    /// The run.
    pub run: String,
    /// The phase's name in history.
    pub phase: String,
    /// The field that the answer is for.
    pub field: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

impl Ledger {
    /// Makes the table of claims, unless it is there.
    pub async fn create_claims(&self, session: &mut dyn Session) -> Result<(), StoreError> {
        if session.describe(CLAIMS.name).await?.is_some() {
            return Ok(());
        }
        self.create_table(session, &CLAIMS).await
    }

    /// What a phase has claimed, by hash.
    pub async fn claims(&self, phase: &str) -> Result<Vec<String>, StoreError> {
        if self.store.describe(CLAIMS.name).await?.is_none() {
            return Ok(Vec::new());
        }
        let select = Select {
            entity: CLAIMS.name.to_owned(),
            columns: Some(vec!["_id".to_owned()]),
            filter: equal("phase", Value::text(phase)),
            ..Select::default()
        };
        let rows = self.store.select(&select).await?.rows;
        rows.into_iter().map(|row| Fields::new(row, &CLAIMS).text()).collect()
    }

    /// Claims what is about to be sent. A claim of the same that was left behind is replaced.
    pub async fn claim(
        &self,
        session: &mut dyn Session,
        claims: &[ClaimRecord],
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = claims.iter().map(|claim| claim.id.clone()).collect();
        self.release(session, &ids).await?;
        for part in claims.chunks(CLAIMS_PER_STATEMENT) {
            let row = |claim: &ClaimRecord| -> Row {
                vec![
                    Value::text(&claim.id),
                    Value::text(&claim.run),
                    Value::text(&claim.phase),
                    Value::text(&claim.field),
                    Value::text(time::timestamp_text(claim.at)),
                ]
            };
            self.insert(session, &CLAIMS, part.iter().map(row).collect()).await?;
        }
        Ok(())
    }

    /// Gives claims up.
    pub async fn release(
        &self,
        session: &mut dyn Session,
        ids: &[String],
    ) -> Result<(), StoreError> {
        for part in ids.chunks(CLAIMS_PER_STATEMENT) {
            let rows = part.iter().map(|id| vec![Value::text(id)]).collect();
            self.delete(session, &CLAIMS, &["_id"], rows).await?;
        }
        Ok(())
    }
}

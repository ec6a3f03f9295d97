//! What runs created, in the ledger.

use super::fields::equal;
use super::tables::OBJECTS;
use super::{Ledger, ObjectKind, ObjectRecord};
use crate::connectors::{Session, StoreError};
use crate::value::Value;

impl Ledger {
    /// Records something that a run is about to create; again after an interruption.
    pub async fn add_object(
        &self,
        session: &mut dyn Session,
        object: &ObjectRecord,
    ) -> Result<(), StoreError> {
        let values = vec![
            Value::text(&object.run),
            Value::text(object.kind.name()),
            Value::text(&object.entity),
            Value::text(&object.name),
        ];
        self.save(session, &OBJECTS, &object_id(object), values).await
    }

    /// What a run created, in order of creation.
    pub async fn objects(&self, run: &str) -> Result<Vec<ObjectRecord>, StoreError> {
        let rows = self.rows(&OBJECTS, equal("run", Value::text(run))).await?;
        rows.into_iter()
            .map(|mut row| {
                row.text()?;
                let run = row.text()?;
                let kind = match row.text()?.as_str() {
                    "entity" => ObjectKind::Entity,
                    "index" => ObjectKind::Index,
                    _ => return Err(row.damaged()),
                };
                Ok(ObjectRecord { run, kind, entity: row.text()?, name: row.text()? })
            })
            .collect()
    }

    /// Forgets something that a run created, after it was removed.
    pub async fn forget_object(
        &self,
        session: &mut dyn Session,
        object: &ObjectRecord,
    ) -> Result<(), StoreError> {
        let key = vec![Value::text(object_id(object))];
        self.delete(session, &OBJECTS, &["_id"], vec![key]).await
    }
}

fn object_id(object: &ObjectRecord) -> String {
    format!("{}/{}/{}/{}", object.run, object.kind.name(), object.entity, object.name)
}

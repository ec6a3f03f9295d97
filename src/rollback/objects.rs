//! What a run created beside records: indexes, and tables or collections that were not there.

use super::units::Unit;
use super::writer::Writers;
use crate::connectors::Definition;
use crate::ledger::{ObjectKind, ObjectRecord};
use crate::run::{RunError, Stores};
use crate::value::query::Select;

/// Drops the indexes that a run created.
pub(super) async fn drop_indexes(
    unit: &Unit,
    stores: &Stores,
    writers: &mut Writers,
) -> Result<Vec<ObjectRecord>, RunError> {
    let mut dropped = Vec::new();
    for (connection, object) in unit.objects.iter().rev() {
        if object.kind != ObjectKind::Index {
            continue;
        }
        let ledger = stores.ledger(*connection);
        let writer = writers.of(*connection);
        let session = writer.session().await?;
        let there = session
            .describe(&object.entity)
            .await?
            .is_some_and(|schema| schema.indexes.iter().any(|index| index.name == object.name));
        if there {
            let definition =
                Definition::DropIndex { entity: object.entity.clone(), name: object.name.clone() };
            session.define(&definition).await?;
            dropped.push(object.clone());
        }
        ledger.forget_object(session, object).await?;
        writer.commit().await?;
    }
    Ok(dropped)
}

/// Drops the tables and collections that a run created and that are empty. Gives what was dropped
/// and what holds other records.
pub(super) async fn drop_entities(
    unit: &Unit,
    stores: &Stores,
    writers: &mut Writers,
) -> Result<(Vec<ObjectRecord>, Vec<ObjectRecord>), RunError> {
    let (mut dropped, mut left) = (Vec::new(), Vec::new());
    for (connection, object) in unit.objects.iter().rev() {
        if object.kind != ObjectKind::Entity {
            continue;
        }
        let ledger = stores.ledger(*connection);
        let writer = writers.of(*connection);
        let session = writer.session().await?;
        let there = session.describe(&object.entity).await?.is_some();
        let one = Select { entity: object.entity.clone(), limit: Some(1), ..Select::default() };
        if there && !session.select(&one).await?.rows.is_empty() {
            left.push(object.clone());
        } else if there {
            let definition = Definition::DropEntity { entity: object.entity.clone() };
            session.define(&definition).await?;
            dropped.push(object.clone());
        }
        ledger.forget_object(session, object).await?;
        writer.commit().await?;
    }
    Ok((dropped, left))
}

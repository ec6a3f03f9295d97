//! The structure of the tables that a rehearsal uses, as the live catalog has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::links::{Entity, Uses};
use crate::connectors::{Definition, Store, StoreError, StoreErrorKind};
use crate::run::RunError;
use crate::value::Schema;
use crate::value::structure::{StructureChange, TableDefinition};

/// What was copied, and what comes when the rows are there.
#[derive(Debug, Default)]
pub(super) struct Copied {
    /// The shapes of the tables and collections that are there.
    pub(super) schemas: BTreeMap<Entity, Schema>,
    /// Foreign keys and indexes: the place and the change.
    later: Vec<(usize, Later)>,
    /// Tables of which only columns, primary key and indexes are known.
    pub(super) bare: BTreeSet<Entity>,
}

#[derive(Debug)]
enum Later {
    Change(StructureChange),
    Define(Definition),
}

/// The tables and collections of these that are there, and those that they refer to.
pub(super) async fn closed(
    origins: &[Option<Arc<dyn Store>>],
    uses: &Uses,
) -> Result<BTreeMap<Entity, Schema>, RunError> {
    let mut schemas = BTreeMap::new();
    let mut open: Vec<Entity> = uses.entities.iter().cloned().collect();
    while let Some(entity) = open.pop() {
        let Some(origin) = origins.get(entity.0).and_then(Option::as_ref) else { continue };
        // What the spec makes itself is made by its run.
        if schemas.contains_key(&entity) || uses.declared.contains(&entity) {
            continue;
        }
        let Some(schema) = origin.describe(&entity.1).await? else { continue };
        open.extend(schema.foreign_keys.iter().map(|key| (entity.0, key.table.clone())));
        schemas.insert(entity, schema);
    }
    Ok(schemas)
}

/// Creates tables and collections like the origins' in scratch databases, without their foreign keys
/// and indexes.
pub(super) async fn copy(
    origins: &[Option<Arc<dyn Store>>],
    scratch: &[Arc<dyn Store>],
    uses: &Uses,
    schemas: BTreeMap<Entity, Schema>,
) -> Result<Copied, RunError> {
    let mut copied = Copied { schemas, ..Copied::default() };
    let places: BTreeSet<usize> = copied.schemas.keys().map(|(place, _)| *place).collect();
    for place in places {
        let Some(origin) = &origins[place] else { continue };
        let mut session = scratch[place].session().await?;
        session.begin().await?;
        let documents = origin.capabilities().documents;
        if !documents {
            for name in origin.extensions().await? {
                session.change(&StructureChange::CreateExtension { name }).await?;
            }
            for definition in origin.enums().await? {
                if uses.declared_enums.contains(&(place, definition.name.clone())) {
                    continue;
                }
                session.change(&StructureChange::CreateEnum(definition)).await?;
            }
        }
        for (entity, schema) in copied.schemas.iter().filter(|((other, _), _)| *other == place) {
            let name = &entity.1;
            match definition(origin, name).await? {
                Some(mut definition) => {
                    // Whatever the order of tables and rows, both come when all are there; indexes
                    // first, as a foreign key may need one.
                    let (table, mut keys) =
                        (name.clone(), std::mem::take(&mut definition.foreign_keys));
                    let indexes = std::mem::take(&mut definition.indexes);
                    session.change(&StructureChange::CreateTable(definition)).await?;
                    copied.later.extend(indexes.into_iter().map(|index| {
                        let change = StructureChange::CreateIndex { table: table.clone(), index };
                        (place, Later::Change(change))
                    }));
                    keys.retain(|key| copied.schemas.contains_key(&(place, key.table.clone())));
                    copied.later.extend(keys.into_iter().map(|key| {
                        let change = StructureChange::AddForeignKey { table: table.clone(), key };
                        (place, Later::Change(change))
                    }));
                }
                None => {
                    let entity_name = name.clone();
                    let definition = if documents {
                        Definition::CreateCollection { entity: entity_name }
                    } else {
                        copied.bare.insert(entity.clone());
                        Definition::CreateTable { entity: entity_name, schema: schema.clone() }
                    };
                    session.define(&definition).await?;
                    copied.later.extend(schema.indexes.iter().map(|index| {
                        let (entity, index) = (name.clone(), index.clone());
                        (place, Later::Define(Definition::CreateIndex { entity, index }))
                    }));
                }
            }
        }
        session.commit().await?;
    }
    // Foreign keys last, whichever table they are of.
    copied.later.sort_by_key(|(_, later)| {
        matches!(later, Later::Change(StructureChange::AddForeignKey { .. }))
    });
    Ok(copied)
}

/// All that makes a table, where the store tells it.
async fn definition(
    origin: &Arc<dyn Store>,
    entity: &str,
) -> Result<Option<TableDefinition>, StoreError> {
    if origin.capabilities().documents {
        return Ok(None);
    }
    match origin.structure(entity).await {
        Err(error) if error.kind == StoreErrorKind::Unsupported => Ok(None),
        // A view has none, and its rows go into a table.
        told => told,
    }
}

impl Copied {
    /// Adds indexes and foreign keys, when the rows are there.
    pub(super) async fn complete(&self, scratch: &[Arc<dyn Store>]) -> Result<(), RunError> {
        for (place, store) in scratch.iter().enumerate() {
            let mut session = store.session().await?;
            session.begin().await?;
            for (_, later) in self.later.iter().filter(|(other, _)| *other == place) {
                match later {
                    Later::Change(change) => session.change(change).await?,
                    Later::Define(definition) => session.define(definition).await?,
                }
            }
            session.commit().await?;
        }
        Ok(())
    }
}

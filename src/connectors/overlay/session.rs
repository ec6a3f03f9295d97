//! A session that writes into memory.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OwnedMutexGuard;

use super::layer::{Definition as Became, Holder, Layer};
use super::shape::{Shape, Unique, layout_of};
use super::{Shared, layers, locked, structure};
use crate::connectors::{
    Definition, Delete, Insert, Rows, Session, StoreError, StoreErrorKind, Update, WriteError,
};
use crate::value::query::{Filter, Select};
use crate::value::structure::{ForeignKeyDefinition, StructureChange, TableDefinition};
use crate::value::switch::{Switch, Violating};
use crate::value::{ForeignKey, Index, Row, Schema};

/// A session; its layers are the transaction, each savepoint, and the statement that runs.
pub(super) struct OverlaySession {
    shared: Arc<Shared>,
    own: Vec<Layer>,
    in_transaction: bool,
    /// Whether references are not looked at.
    late: bool,
    _turn: OwnedMutexGuard<()>,
}

impl OverlaySession {
    pub(super) fn new(shared: Arc<Shared>, turn: OwnedMutexGuard<()>) -> Self {
        Self { shared, own: Vec::new(), in_transaction: false, late: false, _turn: turn }
    }

    /// The entity to write to, made where entities come into being by themselves.
    async fn writable(&mut self, entity: &str) -> Result<Shape, StoreError> {
        if let Some(shape) = self.shared.readable(entity, &mut self.own).await? {
            return Ok(shape);
        }
        let schema = Arc::new(collection());
        if let Some(top) = self.own.last_mut() {
            top.entity(entity).schema = Became::Is(Arc::clone(&schema));
        }
        Ok(Shape::new(entity, schema, self.shared.documents(), false))
    }

    /// Ends a statement: keeps its layer on success, drops it on failure.
    fn end<T, E>(&mut self, result: Result<T, E>) -> Result<T, E> {
        match self.own.pop() {
            Some(layer) if result.is_ok() => self.keep(layer),
            _ => {}
        }
        result
    }

    /// Puts a layer's changes into the one below it.
    fn keep(&mut self, layer: Layer) {
        let Some(below) = self.own.last_mut() else { return self.shared.commit(layer) };
        let documents = self.shared.documents();
        let committed = locked(&self.shared.committed);
        let known = |name: &str| {
            let shape = |layer: &Layer| layer.entities.get(name)?.schema.shape();
            match shape(&layer).or_else(|| shape(below)) {
                Some(schema) => layout_of(&schema, documents),
                None => self.shared.known_layout(&committed, name),
            }
        };
        let layouts: std::collections::HashMap<String, _> =
            layer.entities.keys().map(|name| (name.clone(), known(name))).collect();
        below.absorb(layer, |name| {
            layouts.get(name).cloned().unwrap_or(crate::connectors::Layout::Document)
        });
    }

    fn no(&self, what: &str) -> StoreError {
        StoreError::new(
            StoreErrorKind::Internal,
            format!("{}: {what}", self.shared.inner.location()),
        )
    }

    async fn apply(&mut self, definition: &Definition) -> Result<(), StoreError> {
        let documents = self.shared.documents();
        match definition {
            Definition::CreateTable { .. } | Definition::CreateCollection { .. }
                if documents != matches!(definition, Definition::CreateCollection { .. }) =>
            {
                let kinds = if documents { "no tables" } else { "no collections" };
                let message = format!("{}: this store has {kinds}", self.shared.inner.location());
                Err(StoreError::new(StoreErrorKind::Unsupported, message))
            }
            Definition::CreateTable { entity, schema } => self.create(entity, schema.clone()).await,
            Definition::CreateCollection { entity } => self.create(entity, collection()).await,
            Definition::DropEntity { entity } => {
                if let Some(top) = self.own.last_mut() {
                    let changes = top.entity(entity);
                    changes.schema = Became::Dropped;
                    changes.hides_below = true;
                    changes.rows.clear();
                    changes.unique.clear();
                }
                Ok(())
            }
            Definition::CreateIndex { entity, index } => self.create_index(entity, index).await,
            Definition::DropIndex { entity, name } => {
                let shape = self.writable(entity).await?;
                let mut schema = Schema::clone(&shape.schema);
                schema.indexes.retain(|index| index.name != *name);
                self.set_schema(entity, schema);
                Ok(())
            }
            Definition::CreateView { .. } => Err(StoreError::new(
                StoreErrorKind::Unsupported,
                "a view can't be made without writing",
            )),
            Definition::Script(_) => Err(StoreError::new(
                StoreErrorKind::Unsupported,
                "a script can't be run without writing",
            )),
        }
    }

    async fn create(&mut self, entity: &str, mut schema: Schema) -> Result<(), StoreError> {
        if self.shared.shape(entity, &mut self.own).await?.is_some() {
            return Ok(());
        }
        if !self.shared.documents() {
            fills_its_number(&mut schema);
        }
        self.set_schema(entity, schema);
        Ok(())
    }

    async fn add_foreign_key(
        &mut self,
        table: &str,
        key: &ForeignKeyDefinition,
    ) -> Result<(), StoreError> {
        let Some(shape) = self.shared.shape(table, &mut self.own).await? else { return Ok(()) };
        let mut schema = Schema::clone(&shape.schema);
        let added = ForeignKey {
            columns: key.columns.clone(),
            table: key.table.clone(),
            references: key.references.clone(),
        };
        if !schema.foreign_keys.contains(&added) {
            schema.foreign_keys.push(added);
            self.set_schema(table, schema);
        }
        Ok(())
    }

    fn set_schema(&mut self, entity: &str, schema: Schema) {
        if let Some(top) = self.own.last_mut() {
            top.entity(entity).schema = Became::Is(Arc::new(schema));
        }
    }

    /// Adds an index; a unique one claims what the changed rows hold.
    async fn create_index(&mut self, entity: &str, index: &Index) -> Result<(), StoreError> {
        let shape = self.writable(entity).await?;
        shape.check(index.keys.iter().map(|key| key.path.as_str()))?;
        if shape.schema.indexes.iter().any(|known| known.name == index.name) {
            let message = format!("index `{}` is there already", index.name);
            return Err(StoreError::new(StoreErrorKind::Query, message));
        }
        let mut schema = Schema::clone(&shape.schema);
        schema.indexes.push(index.clone());
        schema.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        if index.unique {
            let unique = Unique::of(index);
            let below = self.shared.merged(&shape, &Filter::All, &mut self.own).await?;
            let mut seen = std::collections::HashSet::new();
            if !below.iter().filter_map(|row| unique.claim(&shape, row)).all(|c| seen.insert(c)) {
                return Err(StoreError::new(
                    StoreErrorKind::Query,
                    format!("index \"{}\": the records are not unique by its keys", index.name),
                ));
            }
            let mut committed = locked(&self.shared.committed);
            let claims: Vec<_> = layers(&mut committed, &mut self.own)
                .rows(entity)
                .into_iter()
                .filter_map(|(id, changed)| {
                    let claim = unique.claim(&shape, changed.row.as_ref()?)?;
                    Some((claim, Holder::Row(id.clone())))
                })
                .collect();
            if let Some(top) = self.own.last_mut() {
                top.entity(entity).unique.extend(claims);
            }
        }
        self.set_schema(entity, schema);
        Ok(())
    }
}

fn unseen(table: &str) -> String {
    format!("what the checks of `{table}` refuse is not foretold: they are not there yet")
}

/// The shape of a new collection.
fn collection() -> Schema {
    Schema {
        primary_key: vec!["_id".to_owned()],
        open: true,
        sampled: Some(0),
        ..Schema::default()
    }
}

/// A whole number that is the whole primary key is filled by the store, as in SQLite.
fn fills_its_number(schema: &mut Schema) {
    if let [key] = schema.primary_key.as_slice()
        && let Some(column) = schema.columns.iter_mut().find(|column| column.name == *key)
        && matches!(column.data_type, crate::value::DataType::Int { .. })
    {
        column.has_default = true;
        column.nullable = false;
    }
}

#[async_trait]
impl Session for OverlaySession {
    async fn begin(&mut self) -> Result<(), StoreError> {
        if self.in_transaction {
            return Err(self.no("a transaction is open already"));
        }
        self.in_transaction = true;
        self.own = vec![Layer::default()];
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        while let Some(layer) = self.own.pop() {
            self.keep(layer);
        }
        self.in_transaction = false;
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.own.clear();
        self.in_transaction = false;
        Ok(())
    }

    async fn savepoint(&mut self) -> Result<(), StoreError> {
        if self.own.is_empty() {
            return Err(self.no("no transaction is open"));
        }
        self.own.push(Layer::default());
        Ok(())
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        if self.own.len() < 2 {
            return Err(self.no("no savepoint is set"));
        }
        if let Some(layer) = self.own.pop() {
            self.keep(layer);
        }
        Ok(())
    }

    async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        if self.own.len() < 2 {
            return Err(self.no("no savepoint is set"));
        }
        self.own.pop();
        Ok(())
    }

    async fn describe(&mut self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let shape = self.shared.shape(entity, &mut self.own).await?;
        Ok(shape.map(|shape| Schema::clone(&shape.schema)))
    }

    async fn select(&mut self, select: &Select) -> Result<Rows, StoreError> {
        self.shared.select(select, &mut self.own).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
        self.own.push(Layer::default());
        let result = match self.writable(insert.entity).await {
            Ok(shape) => self.shared.insert(&shape, insert, self.late, &mut self.own).await,
            Err(error) => Err(error.into()),
        };
        self.end(result)
    }

    async fn update(&mut self, update: Update<'_>) -> Result<u64, WriteError> {
        self.own.push(Layer::default());
        let result = match self.shared.readable(update.entity, &mut self.own).await {
            Ok(Some(shape)) => self.shared.update(&shape, update, self.late, &mut self.own).await,
            Ok(None) => Ok(0),
            Err(error) => Err(error.into()),
        };
        self.end(result)
    }

    async fn delete(&mut self, delete: Delete<'_>) -> Result<u64, WriteError> {
        self.own.push(Layer::default());
        let result = match self.shared.readable(delete.entity, &mut self.own).await {
            Ok(Some(shape)) => {
                self.shared.delete(&shape, delete.key, delete.rows, &mut self.own).await
            }
            Ok(None) => Ok(0),
            Err(error) => Err(error.into()),
        };
        self.end(result)
    }

    async fn define(&mut self, definition: &Definition) -> Result<(), StoreError> {
        self.own.push(Layer::default());
        let result = self.apply(definition).await;
        self.end(result)
    }

    async fn switch(&mut self, _switch: &Switch, _on: bool) -> Result<(), StoreError> {
        // What a killed run left off stays so below.
        Ok(())
    }

    async fn prove(&mut self, _switch: &Switch, _named: usize) -> Result<Violating, StoreError> {
        Ok(Violating::default())
    }

    async fn check_late(&mut self) -> Result<(), StoreError> {
        self.late = true;
        Ok(())
    }

    async fn change(&mut self, change: &StructureChange) -> Result<(), StoreError> {
        match change {
            StructureChange::CreateTable(table) if !table.checks.is_empty() => {
                locked(&self.shared.notes).push(unseen(&table.name));
            }
            StructureChange::AddCheck { table, .. } => {
                locked(&self.shared.notes).push(unseen(table));
            }
            StructureChange::AddForeignKey { table, key } => {
                self.add_foreign_key(table, key).await?;
            }
            _ => {}
        }
        for definition in structure::definitions(change, self.shared.documents()) {
            self.define(&definition).await?;
        }
        Ok(())
    }

    async fn structure(&mut self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        self.shared.inner.structure(entity).await
    }
}

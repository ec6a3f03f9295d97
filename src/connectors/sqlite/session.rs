//! A session that writes tables.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::catalog::Table;
use super::writer::Writer;
use super::{catalog, define, read, structure, switch, transfer, write};
use crate::connectors::{
    Definition, Delete, Insert, Rows, Session, StoreError, Update, WriteError,
};
use crate::value::query::Select;
use crate::value::statement::{NewRow, Portion, Transfer};
use crate::value::structure::{StructureChange, TableDefinition};
use crate::value::switch::{Switch, SwitchKind, Violating};
use crate::value::{Row, Schema};

/// A session on an SQLite file of tables.
pub(super) struct TableSession {
    writer: Writer,
    /// The tables that statements named, until the structure changes.
    tables: HashMap<String, Arc<Table>>,
}

impl TableSession {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer, tables: HashMap::new() }
    }

    async fn table(&mut self, entity: &str) -> Result<Arc<Table>, StoreError> {
        if let Some(table) = self.tables.get(entity) {
            return Ok(Arc::clone(table));
        }
        let (connection, context) = self.writer.parts();
        let table = Arc::new(context.table(connection, entity).await?);
        self.tables.insert(entity.to_owned(), Arc::clone(&table));
        Ok(table)
    }
}

#[async_trait]
impl Session for TableSession {
    async fn begin(&mut self) -> Result<(), StoreError> {
        self.writer.begin().await
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        self.writer.commit().await
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.tables.clear();
        self.writer.rollback().await
    }

    async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.writer.savepoint().await
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        self.writer.release().await
    }

    async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.tables.clear();
        self.writer.rollback_to_savepoint().await
    }

    async fn describe(&mut self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let described = catalog::describe(self.writer.connection(), entity).await;
        described.map_err(|error| self.writer.error(&error))
    }

    async fn select(&mut self, select: &Select) -> Result<Rows, StoreError> {
        let table = self.table(&select.entity).await?;
        let (connection, context) = self.writer.parts();
        read::select(connection, &table, select, context).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
        let table = self.table(insert.entity).await?;
        write::insert(&mut self.writer, &table, insert).await
    }

    async fn update(&mut self, update: Update<'_>) -> Result<u64, WriteError> {
        let table = self.table(update.entity).await?;
        write::update(&mut self.writer, &table, update).await
    }

    async fn delete(&mut self, delete: Delete<'_>) -> Result<u64, WriteError> {
        let table = self.table(delete.entity).await?;
        write::delete(&mut self.writer, &table, delete).await
    }

    async fn transfer(
        &mut self,
        transfer: &Transfer,
        portion: Portion<'_>,
        rows: mpsc::Sender<Vec<NewRow>>,
    ) -> Result<u64, WriteError> {
        let source = self.table(&transfer.source).await?;
        let target = self.table(&transfer.target).await?;
        transfer::transfer(&mut self.writer, &source, &target, transfer, portion, &rows).await
    }

    async fn define(&mut self, definition: &Definition) -> Result<(), StoreError> {
        self.tables.clear();
        define::define(&mut self.writer, definition).await
    }

    async fn change(&mut self, change: &StructureChange) -> Result<(), StoreError> {
        self.tables.clear();
        structure::change(&mut self.writer, change).await
    }

    async fn switches(
        &mut self,
        entity: &str,
        kind: SwitchKind,
    ) -> Result<Vec<Switch>, StoreError> {
        switch::switches(&mut self.writer, entity, kind).await
    }

    async fn switch(&mut self, switch: &Switch, on: bool) -> Result<(), StoreError> {
        self.tables.clear();
        switch::switch(&mut self.writer, switch, on).await
    }

    async fn prove(&mut self, switch: &Switch, named: usize) -> Result<Violating, StoreError> {
        switch::prove(&mut self.writer, switch, named).await
    }

    async fn check_late(&mut self) -> Result<(), StoreError> {
        self.writer.check_late().await
    }

    async fn structure(&mut self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let (connection, context) = self.writer.parts();
        structure::structure(connection, entity, context.location).await
    }
}

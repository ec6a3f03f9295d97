//! A session that writes: one connection with its transaction.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{OnceCell, mpsc};

use super::catalog::Table;
use super::encode::is_binary;
use super::stream::Running;
use super::writer::Writer;
use super::{catalog, define, read, side_by_side, structure, switch, transfer, write};
use crate::connectors::tables::CatalogTable as _;
use crate::connectors::{
    Definition, Delete, Insert, Layout, Rows, Session, StoreError, StoreErrorKind, Update,
    WriteError,
};
use crate::value::query::Select;
use crate::value::statement::{NewRow, Portion, Transfer};
use crate::value::structure::{StructureChange, TableDefinition};
use crate::value::switch::{Switch, SwitchKind, Violating};
use crate::value::{Row, Schema};

/// A session on a PostgreSQL database.
pub(super) struct TableSession {
    /// Lost while a stream has it.
    writer: Option<Writer>,
    stream: Option<Running>,
    /// The tables that statements named, until the structure changes.
    tables: HashMap<String, Arc<Table>>,
    /// The function that makes UUIDs of version 5, when there is one.
    uuid: OnceCell<Option<String>>,
}

impl TableSession {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer: Some(writer), stream: None, tables: HashMap::new(), uuid: OnceCell::new() }
    }

    fn writer(&mut self) -> Result<&mut Writer, StoreError> {
        self.writer.as_mut().ok_or_else(busy)
    }

    async fn table(&mut self, entity: &str) -> Result<Arc<Table>, StoreError> {
        if let Some(table) = self.tables.get(entity) {
            return Ok(Arc::clone(table));
        }
        let (connection, server) = self.writer()?.parts()?;
        let table = Arc::new(read::table(connection, entity, server).await?);
        self.tables.insert(entity.to_owned(), Arc::clone(&table));
        Ok(table)
    }
}

fn busy() -> StoreError {
    StoreError::new(StoreErrorKind::Internal, "rows are still flowing into a table")
}

#[async_trait]
impl Session for TableSession {
    async fn begin(&mut self) -> Result<(), StoreError> {
        self.writer()?.begin().await
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        self.writer()?.commit().await
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.tables.clear();
        self.writer()?.rollback().await
    }

    async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.writer()?.savepoint().await
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        self.writer()?.release().await
    }

    async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.tables.clear();
        self.writer()?.rollback_to_savepoint().await
    }

    async fn describe(&mut self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let (connection, server) = self.writer()?.parts()?;
        catalog::describe(connection, entity).await.map_err(|error| server.error(&error))
    }

    async fn select(&mut self, select: &Select) -> Result<Rows, StoreError> {
        let table = self.table(&select.entity).await?;
        let (connection, server) = self.writer()?.parts()?;
        read::select(connection, &table, select, server).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
        let table = self.table(insert.entity).await?;
        write::insert(self.writer()?, &table, insert).await
    }

    async fn streams(&mut self, entity: &str, layout: &Layout) -> Result<bool, StoreError> {
        let Layout::Columns(names) = layout else { return Ok(false) };
        let table = self.table(entity).await?;
        let binary =
            |name: &String| table.column(name).is_some_and(|column| is_binary(&column.codec));
        Ok(!names.is_empty() && names.iter().all(binary))
    }

    async fn stream(
        &mut self,
        entity: &str,
        layout: &Layout,
        rows: Vec<Row>,
    ) -> Result<(), WriteError> {
        if self.stream.is_none() {
            let table = self.table(entity).await?;
            let names = match layout {
                Layout::Columns(names) => &names[..],
                Layout::Document => &[],
            };
            let writer = self.writer.take().ok_or_else(busy)?;
            self.stream = Some(Running::start(writer, &table, names)?);
        }
        let Some(stream) = &mut self.stream else { return Err(busy().into()) };
        if stream.send(&rows).await {
            return Ok(());
        }
        self.end_stream().await?;
        Err(busy().into())
    }

    async fn end_stream(&mut self) -> Result<(), WriteError> {
        let Some(stream) = self.stream.take() else { return Ok(()) };
        let (writer, done) = stream.end().await;
        self.writer = writer;
        done
    }

    async fn update(&mut self, update: Update<'_>) -> Result<u64, WriteError> {
        let table = self.table(update.entity).await?;
        write::update(self.writer()?, &table, update).await
    }

    async fn delete(&mut self, delete: Delete<'_>) -> Result<u64, WriteError> {
        let table = self.table(delete.entity).await?;
        write::delete(self.writer()?, &table, delete).await
    }

    async fn side_by_side(&mut self, entity: &str, columns: &[&str]) -> Result<bool, StoreError> {
        let (connection, server) = self.writer()?.parts()?;
        side_by_side::allows(connection, entity, columns, server).await
    }

    async fn transfer(
        &mut self,
        transfer: &Transfer,
        portion: Portion<'_>,
        rows: mpsc::Sender<Vec<NewRow>>,
    ) -> Result<u64, WriteError> {
        let source = self.table(&transfer.source).await?;
        let target = self.table(&transfer.target).await?;
        let writer = self.writer.as_mut().ok_or_else(busy)?;
        let (connection, server) = writer.parts()?;
        let uuid = self
            .uuid
            .get_or_try_init(|| transfer::uuid_function(connection, server))
            .await?
            .as_deref();
        let tables = transfer::Tables { source: &source, target: &target, uuid };
        transfer::transfer(writer, tables, transfer, portion, &rows).await
    }

    async fn define(&mut self, definition: &Definition) -> Result<(), StoreError> {
        self.tables.clear();
        define::define(self.writer()?, definition).await
    }

    async fn change(&mut self, change: &StructureChange) -> Result<(), StoreError> {
        self.tables.clear();
        structure::change(self.writer()?, change).await
    }

    async fn switches(
        &mut self,
        entity: &str,
        kind: SwitchKind,
    ) -> Result<Vec<Switch>, StoreError> {
        switch::switches(self.writer()?, entity, kind).await
    }

    async fn switch(&mut self, switch: &Switch, on: bool) -> Result<(), StoreError> {
        self.tables.clear();
        switch::switch(self.writer()?, switch, on).await
    }

    async fn prove(&mut self, switch: &Switch, named: usize) -> Result<Violating, StoreError> {
        switch::prove(self.writer()?, switch, named).await
    }

    async fn structure(&mut self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let (connection, server) = self.writer()?.parts()?;
        structure::structure(connection, entity).await.map_err(|error| server.error(&error))
    }
}

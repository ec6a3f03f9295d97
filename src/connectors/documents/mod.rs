//! SQLite as a store of documents.
//!
//! A collection is a table of two columns: `_id`, the document's `_id` as extended JSON, and
//! `document`, the whole document as extended JSON. Indexes are on expressions over the latter.

mod define;
mod filter;
mod fit;
mod profile;
mod read;
pub(crate) mod shape;
mod structure;
mod write;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::prefetch::Prefetch;
use super::sqlite::catalog::{TableColumn, quote};
use super::sqlite::database::Database;
use super::sqlite::export;
use super::sqlite::page::{Pages, Shape};
use super::sqlite::render::Sql;
use super::sqlite::scan::TableScan;
use super::sqlite::text_column;
use super::sqlite::writer::Writer;
use super::{
    Capabilities, ConnectionConfig, Definition, Delete, Export, Fitter, Insert, Lock, Rows, Scan,
    ScanRequest, ScanSource, Session, Statistics, Store, StoreError, StoreErrorKind, TimePrecision,
    Update, WriteError,
};
use crate::value::query::{Filter, Select};
use crate::value::structure::{RenderedChange, StructureChange, TableDefinition};
use crate::value::{Column, Row, Schema};

pub(crate) use fit::fit;
pub(crate) use profile::{Profile, SAMPLE};

/// What SQLite as a store of documents can do.
pub static CAPABILITIES: Capabilities = Capabilities {
    connector: "sqlite-documents",
    summary: "Reads and writes collections of documents in an SQLite file.",
    schemes: &["sqlite"],
    documents: true,
    writes: true,
    transactions: true,
    transactional_definitions: true,
    queries: false,
    pipelines: false,
    implicit_entities: true,
    time_precision: TimePrecision::Milliseconds,
    nul_in_text: true,
    triggers_off: false,
    late_foreign_keys: false,
    row_by_row: false,
};

/// An SQLite file of collections.
#[derive(Debug)]
pub struct Documents {
    database: Database,
}

impl Documents {
    /// Opens the file of a connection.
    ///
    /// # Errors
    /// When it is not there (and is not to be created), can't be read, or is no database.
    pub async fn open(config: &ConnectionConfig) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(config).await? })
    }

    fn unsupported(&self, what: &str) -> StoreError {
        let message = format!("{}: documents in SQLite {what}", self.database.location);
        StoreError::new(StoreErrorKind::Unsupported, message)
    }
}

/// Opens the file of a connection, shared.
pub(super) async fn open(config: &ConnectionConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(Documents::open(config).await?))
}

#[async_trait]
impl Store for Documents {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn location(&self) -> &str {
        &self.database.location
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.database.reader().await?;
        read::entities(&mut connection, self.database.context()).await
    }

    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let mut connection = self.database.reader().await?;
        read::describe(&mut connection, entity, self.database.context()).await
    }

    async fn profile(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let mut connection = self.database.reader().await?;
        read::profile(&mut connection, entity, self.database.context()).await
    }

    async fn select(&self, select: &Select) -> Result<Rows, StoreError> {
        let mut connection = self.database.reader().await?;
        read::select(&mut connection, select, self.database.context()).await
    }

    async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, StoreError> {
        let mut connection = self.database.reader().await?;
        read::count(&mut connection, entity, filter, self.database.context()).await
    }

    async fn time(&self, select: &Select) -> Result<Duration, StoreError> {
        let mut connection = self.database.reader().await?;
        read::time(&mut connection, select, self.database.context()).await
    }

    async fn query(&self, _text: &str) -> Result<Rows, StoreError> {
        Err(self.unsupported("answer filters, not queries"))
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        let ScanSource::Entity(entity) = &request.source else {
            return Err(self.unsupported("are read by collection and filter"));
        };
        let mut connection = self.database.reader().await?;
        let there = read::exists(&mut connection, entity, self.database.context()).await?;
        drop(connection);
        let mut condition = Sql::default();
        filter::condition(&mut condition, &request.filter);
        let columns: Vec<TableColumn> = ["_id", "document"].map(text_column).into();
        let key = if request.key.is_empty() { vec!["_id".to_owned()] } else { request.key.clone() };
        let pages = Pages {
            from: if there {
                quote(entity)
            } else {
                "(SELECT '' AS _id, '' AS document WHERE 0)".to_owned()
            },
            entity: entity.clone(),
            shape: Shape::Documents(key),
            wanted: columns.len(),
            columns,
            key: vec![0],
            condition,
            verify: (request.filter != Filter::All).then(|| request.filter.clone()),
            row_number: None,
            page: request.batch.max(1),
        };
        let scan = TableScan::new(
            self.database.readers.clone(),
            self.database.location.clone(),
            self.database.policies.clone(),
            pages,
            request.batch,
            request.after.as_ref(),
        )?;
        Ok(Box::new(Prefetch::new(Box::new(scan))))
    }

    async fn export(&self, entities: &[String], batch: usize) -> Result<Export, StoreError> {
        export::export(self.database.writer().await?, entities.to_vec(), true, batch).await
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        let mut connection = self.database.reader().await?;
        if !read::exists(&mut connection, entity, self.database.context()).await? {
            return Ok(Statistics { records: 0, bytes: Some(0), index_bytes: Some(0) });
        }
        drop(connection);
        self.database.statistics(entity).await
    }

    fn fitter(&self, _column: &Column) -> Fitter {
        Arc::new(fit)
    }

    async fn structure(&self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let mut connection = self.database.reader().await?;
        structure::structure(&mut connection, entity, self.database.context()).await
    }

    fn render(&self, change: &StructureChange) -> Result<RenderedChange, String> {
        structure::render(change)
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(DocumentSession { writer: self.database.writer().await? }))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(self.database.lock()?))
    }

    async fn close(&self) {
        self.database.close().await;
    }
}

/// A session that writes documents.
struct DocumentSession {
    writer: Writer,
}

#[async_trait]
impl Session for DocumentSession {
    async fn begin(&mut self) -> Result<(), StoreError> {
        self.writer.begin().await
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        self.writer.commit().await
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.writer.rollback().await
    }

    async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.writer.savepoint().await
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        self.writer.release().await
    }

    async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.writer.rollback_to_savepoint().await
    }

    async fn describe(&mut self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let (connection, context) = self.writer.parts();
        read::describe(connection, entity, context).await
    }

    async fn select(&mut self, select: &Select) -> Result<Rows, StoreError> {
        let (connection, context) = self.writer.parts();
        read::select(connection, select, context).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
        write::insert(&mut self.writer, insert).await
    }

    async fn update(&mut self, update: Update<'_>) -> Result<u64, WriteError> {
        write::update(&mut self.writer, update).await
    }

    async fn delete(&mut self, delete: Delete<'_>) -> Result<u64, WriteError> {
        write::delete(&mut self.writer, delete).await
    }

    async fn define(&mut self, definition: &Definition) -> Result<(), StoreError> {
        define::define(&mut self.writer, definition).await
    }

    async fn change(&mut self, change: &StructureChange) -> Result<(), StoreError> {
        structure::change(&mut self.writer, change).await
    }

    async fn structure(&mut self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let (connection, context) = self.writer.parts();
        structure::structure(connection, entity, context).await
    }
}

//! SQLite as a store of tables.

pub(crate) mod catalog;
mod codec;
mod compare;
mod config;
pub(crate) mod database;
pub(crate) mod define;
mod error;
pub(crate) mod export;
mod fit;
mod lock;
pub(crate) mod page;
pub(crate) mod read;
pub(crate) mod render;
pub(crate) mod scan;
mod session;
mod structure;
mod switch;
mod transfer;
mod transfer_compute;
mod types;
mod write;
pub(crate) mod writer;

use std::sync::Arc;

use async_trait::async_trait;

use self::catalog::{TableColumn, quote};
use self::database::Database;
use self::page::{Pages, Shape};
use self::scan::TableScan;
use self::session::TableSession;
use super::prefetch::Prefetch;
use super::without_nul;
use super::{
    Capabilities, ConnectionConfig, Copied, Export, Fitter, Lock, Rows, Scan, ScanRequest,
    ScanSource, Session, Statistics, Store, StoreError, StoreErrorKind, TimePrecision,
};
use crate::connectors::tables::{CatalogTable as _, Scanned, key_of};
use crate::value::query::{Filter, Select};
use crate::value::statement::Transfer;
use crate::value::structure::{RenderedChange, StructureChange, TableDefinition};
use crate::value::{Column, Schema};

/// What SQLite as a store of tables can do.
pub static CAPABILITIES: Capabilities = Capabilities {
    connector: "sqlite",
    summary: "Reads and writes the tables of an SQLite file.",
    schemes: &["sqlite"],
    documents: false,
    writes: true,
    transactions: true,
    transactional_definitions: true,
    queries: true,
    pipelines: false,
    implicit_entities: false,
    time_precision: TimePrecision::Nanoseconds,
    nul_in_text: false,
    triggers_off: true,
    late_foreign_keys: true,
    row_by_row: false,
};

/// Rows per page of a query: it may cost as much for one row as for many.
const QUERY_PAGE: usize = 10_000;

/// An SQLite file of tables.
#[derive(Debug)]
pub struct Sqlite {
    database: Database,
}

impl Sqlite {
    /// Opens the file of a connection.
    ///
    /// # Errors
    /// When it is not there (and is not to be created), can't be read, or is no database.
    pub async fn open(config: &ConnectionConfig) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(config).await? })
    }

    async fn pages(&self, request: &ScanRequest) -> Result<Pages, StoreError> {
        let database = &self.database;
        let mut connection = database.reader().await?;
        let context = database.context();
        let (entity, from, table, row_number, page) = match &request.source {
            ScanSource::Entity(entity) => {
                let table = context.table(&mut connection, entity).await?;
                let number = catalog::row_number(&mut connection, &table)
                    .await
                    .map_err(|e| database.error(&e))?;
                (entity.clone(), quote(entity), table, number, request.batch)
            }
            ScanSource::Query(text) => {
                let text = text.trim().trim_end_matches(';');
                let columns = read::result_columns(&mut connection, text, context).await?;
                let name = "the query".to_owned();
                let table = catalog::Table { name: name.clone(), columns };
                let page = request.batch.max(QUERY_PAGE);
                // A comment at its end must not swallow the parenthesis.
                (name, format!("({text}\n)"), table, None, page)
            }
            ScanSource::Pipeline { .. } | ScanSource::Files => {
                return Err(StoreError::new(
                    StoreErrorKind::Unsupported,
                    format!("{}: SQLite reads tables and queries", database.location),
                ));
            }
        };
        let key = key_of(request, || table.primary_key(), &database.location, &entity)?;
        let mut condition = render::Sql::default();
        let exact = render::condition(&mut condition, &request.filter, &table)?;
        let Scanned { columns, wanted, key } = table.scanned(request, &key, exact)?;
        Ok(Pages {
            from,
            entity,
            shape: Shape::Columns,
            columns,
            wanted,
            key,
            condition,
            verify: (!exact).then(|| request.filter.clone()),
            row_number,
            page: page.max(1),
        })
    }
}

#[async_trait]
impl Store for Sqlite {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn location(&self) -> &str {
        &self.database.location
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.database.reader().await?;
        catalog::entities(&mut connection).await.map_err(|e| self.database.error(&e))
    }

    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let mut connection = self.database.reader().await?;
        catalog::describe(&mut connection, entity).await.map_err(|e| self.database.error(&e))
    }

    async fn select(&self, select: &Select) -> Result<Rows, StoreError> {
        let mut connection = self.database.reader().await?;
        let context = self.database.context();
        let table = context.table(&mut connection, &select.entity).await?;
        read::select(&mut connection, &table, select, context).await
    }

    async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, StoreError> {
        let mut connection = self.database.reader().await?;
        let context = self.database.context();
        let table = context.table(&mut connection, entity).await?;
        read::count(&mut connection, &table, filter, context).await
    }

    async fn query(&self, text: &str) -> Result<Rows, StoreError> {
        self.database.query(text).await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        let pages = self.pages(&request).await?;
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
        export::export(self.database.writer().await?, entities.to_vec(), false, batch).await
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        self.database.statistics(entity).await
    }

    fn fitter(&self, column: &Column) -> Fitter {
        let data_type = column.data_type.clone();
        let nul = self.database.policies.nul.clone();
        Arc::new(move |value| without_nul(fit::fit(value, &data_type)?, nul.as_ref()))
    }

    async fn can_transfer(&self, transfer: &Transfer) -> Result<Result<(), String>, StoreError> {
        let mut connection = self.database.reader().await?;
        transfer::check(&mut connection, transfer, self.database.context()).await
    }

    async fn structure(&self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let mut connection = self.database.reader().await?;
        structure::structure(&mut connection, entity, &self.database.location).await
    }

    async fn others(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.database.reader().await?;
        structure::others(&mut connection).await.map_err(|e| self.database.error(&e))
    }

    fn render(&self, change: &StructureChange) -> Result<RenderedChange, String> {
        Ok(structure::render(change))
    }

    async fn probe(&self, entity: &str) -> Result<Option<Copied>, StoreError> {
        let session = Box::new(TableSession::new(self.database.probe(entity).await?));
        Ok(Some(Copied { entity: entity.to_owned(), session }))
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(TableSession::new(self.database.writer().await?)))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(self.database.lock()?))
    }

    async fn close(&self) {
        self.database.close().await;
    }
}

/// A column of text that is never null.
pub(super) fn text_column(name: &str) -> TableColumn {
    TableColumn {
        name: name.to_owned(),
        declared: "TEXT".to_owned(),
        column_type: types::ColumnType::of("TEXT"),
        nullable: false,
        has_default: false,
        generated: false,
        primary: 0,
    }
}

/// Opens the file of a connection, shared.
pub(super) async fn open(config: &ConnectionConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(Sqlite::open(config).await?))
}

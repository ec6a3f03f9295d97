//! MySQL and MariaDB.
//!
//! Everything goes through the text protocol, as statements of literals: what a column holds comes
//! as the server spells it, zero dates and bytes of the wrong encoding included, and a statement may
//! have as many values as fit a packet.

mod catalog;
mod codec;
mod compare;
mod config;
mod database;
mod databases;
mod define;
mod error;
mod export;
mod fit;
mod lock;
mod probe;
mod read;
mod render;
mod scan;
mod session;
mod structure;
mod switch;
mod types;
mod write;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;

use self::catalog::quote;
use self::database::Database;
use self::render::Renderer;
use self::scan::Pages;
use self::session::TableSession;
use self::writer::Writer;
use super::{
    Capabilities, ConnectionConfig, Copied, Export, Fitter, Lock, Rows, Scan, ScanRequest,
    ScanSource, Session, Statistics, Store, StoreError, StoreErrorKind, TimePrecision,
};
use crate::connectors::tables::{CatalogTable as _, Scanned, key_of};
use crate::value::query::{Filter, Select};
use crate::value::structure::{RenderedChange, StructureChange, TableDefinition};
use crate::value::{Column, Schema};

/// What MySQL and MariaDB can do.
pub static CAPABILITIES: Capabilities = Capabilities {
    connector: "mysql",
    summary: "Reads and writes the tables of a MySQL or MariaDB database.",
    schemes: &["mysql", "mariadb"],
    documents: false,
    writes: true,
    transactions: true,
    transactional_definitions: false,
    queries: true,
    pipelines: false,
    implicit_entities: false,
    time_precision: TimePrecision::Microseconds,
    nul_in_text: true,
    triggers_off: false,
    late_foreign_keys: true,
    row_by_row: true,
};

/// A MySQL or MariaDB database.
#[derive(Debug)]
pub struct MySql {
    database: Database,
}

impl MySql {
    /// Connects to the database of a connection.
    ///
    /// # Errors
    /// When the URL is wrong, the server is not there or refuses, or the database is not there.
    pub async fn open(config: &ConnectionConfig) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(config).await? })
    }
}

#[async_trait]
impl Store for MySql {
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
        let context = self.database.context();
        catalog::describe(&mut connection, entity, context.server.mariadb, context.truths())
            .await
            .map_err(|e| self.database.error(&e))
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
        let mut connection = self.database.connect().await?;
        let prepared = read::prepare_for_queries(&mut connection).await;
        prepared.map_err(|e| self.database.error(&e))?;
        let text = text.trim().trim_end_matches(';');
        read::query(&mut connection, text, self.database.context()).await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        let database = &self.database;
        let context = database.context();
        let mut connection = database.connect().await?;
        let (entity, from, table) = match &request.source {
            ScanSource::Entity(entity) => {
                let table = context.table(&mut connection, entity).await?;
                (entity.clone(), quote(entity), table)
            }
            ScanSource::Query(text) => {
                let prepared = read::prepare_for_queries(&mut connection).await;
                prepared.map_err(|e| database.error(&e))?;
                let text = text.trim().trim_end_matches(';');
                let columns = read::result_columns(&mut connection, text, context).await?;
                let name = "the query".to_owned();
                let table = catalog::Table { name: name.clone(), columns, primary_key: Vec::new() };
                // A comment at its end must not swallow the parenthesis.
                (name, format!("({text}\n) AS mapper_query"), table)
            }
            ScanSource::Pipeline { .. } | ScanSource::Files => {
                return Err(StoreError::new(
                    StoreErrorKind::Unsupported,
                    format!("{}: MySQL and MariaDB read tables and queries", database.location),
                ));
            }
        };
        let pages = pages(&request, &entity, from, &table, database)?;
        let scan = scan::start(connection, context, pages, request.after.as_ref())?;
        Ok(Box::new(scan))
    }

    async fn export(&self, entities: &[String], batch: usize) -> Result<Export, StoreError> {
        export::export(&self.database, entities, batch).await
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        self.database.statistics(entity).await
    }

    fn fitter(&self, column: &Column) -> Fitter {
        let fit = fit::Fit::of(column, self.database.server);
        Arc::new(move |value| fit.fit(value))
    }

    async fn databases(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut connection = self.database.connect().await?;
        databases::list(&mut connection, prefix).await.map_err(|e| self.database.error(&e))
    }

    async fn create_database(&self, name: &str) -> Result<(), StoreError> {
        let mut connection = self.database.connect().await?;
        databases::create(&mut connection, name).await.map_err(|e| self.database.error(&e))
    }

    async fn drop_database(&self, name: &str) -> Result<(), StoreError> {
        let mut connection = self.database.connect().await?;
        databases::drop(&mut connection, name).await.map_err(|e| self.database.error(&e))
    }

    async fn structure(&self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let mut connection = self.database.reader().await?;
        structure::structure(&mut connection, entity, self.database.server)
            .await
            .map_err(|e| self.database.error(&e))
    }

    async fn others(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.database.reader().await?;
        structure::others(&mut connection).await.map_err(|e| self.database.error(&e))
    }

    fn render(&self, change: &StructureChange) -> Result<RenderedChange, String> {
        structure::render(change, self.database.server)
    }

    async fn probe(&self, entity: &str) -> Result<Option<Copied>, StoreError> {
        let mut writer = Writer::open(&self.database).await?;
        probe::probe(&mut writer, entity).await?;
        let entity = entity.to_owned();
        Ok(Some(Copied { entity, session: Box::new(TableSession::new(writer)) }))
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(TableSession::new(Writer::open(&self.database).await?)))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(self.database.lock().await?))
    }

    async fn keep_lock(&self) -> Result<(), StoreError> {
        self.database.keep_lock().await
    }

    async fn settled(&self, entities: &[&str]) -> Result<(), StoreError> {
        lock::settled(&self.database, entities).await
    }

    async fn close(&self) {
        self.database.close().await;
    }
}

/// What a scan reads of a table or query.
fn pages(
    request: &ScanRequest,
    entity: &str,
    from: String,
    table: &catalog::Table,
    database: &Database,
) -> Result<Pages, StoreError> {
    let key = key_of(request, || table.primary_key.clone(), &database.location, entity)?;
    let mut condition = String::new();
    let renderer = Renderer { table, reading: &database.reading };
    let exact = renderer.condition(&mut condition, &request.filter)?;
    let Scanned { columns, wanted, key } = table.scanned(request, &key, exact)?;
    Ok(Pages {
        from,
        columns,
        wanted,
        key,
        tie: table.primary_key.iter().map(|name| quote(name)).collect(),
        condition,
        verify: (!exact).then(|| request.filter.clone()),
        batch: request.batch.max(1),
    })
}

/// Connects to the database of a connection, shared.
pub(super) async fn open(config: &ConnectionConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(MySql::open(config).await?))
}

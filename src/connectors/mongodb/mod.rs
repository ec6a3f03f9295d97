//! MongoDB, and servers that speak as it does, as a store of documents.

mod catalog;
mod codec;
mod config;
mod define;
mod error;
mod fit;
mod lock;
mod position;
mod read;
mod render;
mod scan;
mod server;
mod session;
mod structure;
mod types;
mod write;

use std::sync::Arc;

use async_trait::async_trait;

use self::lock::LeaseLock;
use self::scan::DocumentScan;
use self::server::Server;
use self::session::DocumentSession;
use super::prefetch::Prefetch;
use super::{
    Capabilities, ConnectionConfig, Fitter, Lock, Rows, Scan, ScanRequest, Session, Statistics,
    Store, StoreError, StoreErrorKind, TimePrecision,
};
use crate::value::query::{Filter, Select};
use crate::value::structure::{RenderedChange, StructureChange, TableDefinition};
use crate::value::{Column, Schema};

/// What MongoDB can do. A server alone has no transactions over several documents.
pub static CAPABILITIES: Capabilities = Capabilities {
    connector: "mongodb",
    summary: "Reads and writes the collections of a MongoDB database.",
    schemes: &["mongodb", "mongodb+srv"],
    documents: true,
    writes: true,
    transactions: false,
    transactional_definitions: false,
    queries: false,
    pipelines: true,
    implicit_entities: true,
    time_precision: TimePrecision::Milliseconds,
    nul_in_text: true,
    triggers_off: false,
    late_foreign_keys: false,
    row_by_row: false,
};

/// A MongoDB database.
#[derive(Debug)]
pub struct MongoDb {
    server: Arc<Server>,
}

impl MongoDb {
    /// Connects to the database of a connection.
    ///
    /// # Errors
    /// When the URL is not understood or names no database, no server can be reached, or the user is
    /// refused.
    pub async fn open(config: &ConnectionConfig) -> Result<Self, StoreError> {
        Ok(Self { server: Server::open(config).await? })
    }
}

/// Connects to the database of a connection, shared.
pub(super) async fn open(config: &ConnectionConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(MongoDb::open(config).await?))
}

#[async_trait]
impl Store for MongoDb {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn location(&self) -> &str {
        &self.server.location
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        catalog::entities(&self.server).await
    }

    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        catalog::describe(&self.server, entity).await
    }

    async fn profile(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        catalog::profile(&self.server, entity).await
    }

    async fn select(&self, select: &Select) -> Result<Rows, StoreError> {
        read::select(&self.server, select).await
    }

    async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, StoreError> {
        read::count(&self.server, entity, filter).await
    }

    async fn query(&self, _text: &str) -> Result<Rows, StoreError> {
        Err(StoreError::new(
            StoreErrorKind::Unsupported,
            format!("{}: MongoDB answers filters and pipelines, not queries", self.location()),
        ))
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        let scan = DocumentScan::new(Arc::clone(&self.server), request)?;
        Ok(Box::new(Prefetch::new(Box::new(scan))))
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        catalog::statistics(&self.server, entity).await
    }

    fn fitter(&self, _column: &Column) -> Fitter {
        let ferret = self.server.ferret;
        Arc::new(move |value| fit::fit(value, ferret))
    }

    async fn structure(&self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        structure::structure(&self.server, entity).await
    }

    fn render(&self, change: &StructureChange) -> Result<RenderedChange, String> {
        structure::render(change, &self.server)
    }

    async fn databases(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.server.databases(prefix).await
    }

    async fn create_database(&self, _name: &str) -> Result<(), StoreError> {
        // It comes into being with its first collection.
        Ok(())
    }

    async fn drop_database(&self, name: &str) -> Result<(), StoreError> {
        self.server.drop_database(name).await
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(DocumentSession { server: Arc::clone(&self.server) }))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(LeaseLock::take(&self.server).await?))
    }

    async fn close(&self) {
        self.server.close().await;
    }
}

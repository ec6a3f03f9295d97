//! PostgreSQL, 12 and later.

mod batch;
mod catalog;
mod config;
mod databases;
mod decode;
mod define;
mod encode;
mod error;
mod export;
mod fit;
mod lock;
mod name;
mod probe;
mod read;
mod render;
mod scan;
mod session;
mod side_by_side;
mod stream;
mod structure;
mod switch;
mod text;
mod transfer;
mod transfer_compute;
mod types;
mod write;
mod writer;

use std::fmt;
use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use self::catalog::{Table, TableColumn};
use self::config::Server;
use self::lock::{AdvisoryLock, Holder};
use self::name::Name;
use self::scan::{Plan, TableScan};
use self::session::TableSession;
use self::writer::{Idle, Writer};
use super::{
    Capabilities, ConnectionConfig, Copied, Export, Fitter, Lock, Policies, Rows, Scan,
    ScanRequest, ScanSource, Session, Statistics, Store, StoreError, StoreErrorKind, TimePrecision,
};
use crate::connectors::tables::{CatalogTable as _, Scanned, key_of, layout};
use crate::value::query::{Filter, Select};
use crate::value::statement::Transfer;
use crate::value::structure::{EnumDefinition, RenderedChange, StructureChange, TableDefinition};
use crate::value::{Column, Schema};

/// What PostgreSQL can do.
pub static CAPABILITIES: Capabilities = Capabilities {
    connector: "postgres",
    summary: "Reads and writes the tables of a PostgreSQL database.",
    schemes: &["postgres", "postgresql"],
    documents: false,
    writes: true,
    transactions: true,
    transactional_definitions: true,
    queries: true,
    pipelines: false,
    implicit_entities: false,
    time_precision: TimePrecision::Microseconds,
    nul_in_text: false,
    triggers_off: true,
    late_foreign_keys: true,
    row_by_row: false,
};

/// A PostgreSQL database.
pub struct Postgres {
    server: Server,
    /// The server's version, such as 150004.
    version: u32,
    policies: Policies,
    /// Connections on which nothing can write, between two reads.
    readers: Mutex<Vec<PgConnection>>,
    /// Connections of sessions that ended.
    writers: Idle,
    /// The connection that holds the run's lock, while it is held.
    holder: Mutex<Weak<Holder>>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("location", &self.server.location).finish_non_exhaustive()
    }
}

/// How many connections are kept between two reads.
const KEPT_READERS: usize = 4;

impl Postgres {
    /// Opens a connection's database.
    ///
    /// # Errors
    /// When the server can't be reached, refuses the user, or has no such database.
    pub async fn open(config: &ConnectionConfig) -> Result<Self, StoreError> {
        let server = Server::of(&config.url)?;
        let reader = server.connect_to_read().await?;
        Ok(Self {
            server,
            version: structure::version(&reader),
            policies: config.policies.clone(),
            readers: Mutex::new(vec![reader]),
            writers: Idle::default(),
            holder: Mutex::default(),
        })
    }

    async fn reader(&self) -> Result<PgConnection, StoreError> {
        use sqlx::Connection as _;
        loop {
            let kept = self.readers.lock().ok().and_then(|mut kept| kept.pop());
            match kept {
                None => return self.server.connect_to_read().await,
                // One that broke meanwhile is left.
                Some(mut connection) => {
                    if connection.ping().await.is_ok() {
                        return Ok(connection);
                    }
                }
            }
        }
    }

    /// Keeps a connection whose read ended well.
    fn keep<T>(
        &self,
        connection: PgConnection,
        done: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if done.is_ok()
            && let Ok(mut kept) = self.readers.lock()
            && kept.len() < KEPT_READERS
        {
            kept.push(connection);
        }
        done
    }

    async fn plan(
        &self,
        connection: &mut PgConnection,
        request: &ScanRequest,
    ) -> Result<Plan, StoreError> {
        let (entity, table) = match &request.source {
            ScanSource::Entity(entity) => {
                (entity.clone(), read::table(connection, entity, &self.server).await?)
            }
            ScanSource::Query(text) => {
                let text = text.trim().trim_end_matches(';');
                let columns = read::result_columns(connection, text, &self.server).await?;
                let name = "the query".to_owned();
                let table = Table {
                    // A comment at its end must not swallow the parenthesis.
                    from: format!("({text}\n) AS query"),
                    name: name.clone(),
                    columns,
                    placed: false,
                    constraints: Vec::new(),
                };
                (name, table)
            }
            ScanSource::Pipeline { .. } | ScanSource::Files => {
                return Err(StoreError::new(
                    StoreErrorKind::Unsupported,
                    format!("{}: PostgreSQL reads tables and queries", self.server.location),
                ));
            }
        };
        let key = key_of(request, || table.primary_key(), &self.server.location, &entity)?;
        let mut condition = String::new();
        let exact = render::condition(&mut condition, &request.filter, &table)?;
        let Scanned { columns, wanted, key: places } = table.scanned(request, &key, exact)?;
        let given: Vec<&TableColumn> = columns[..wanted].iter().collect();
        let layout = layout(&given);
        let primary = table.primary_key();
        let unique = !primary.is_empty() && primary.iter().all(|name| key.contains(name));
        Ok(Plan {
            from: table.from,
            columns,
            wanted,
            key: places,
            condition,
            verify: (!exact).then(|| request.filter.clone()),
            place: table.placed.then_some("tableoid, ctid"),
            repeats: !unique,
            bounded: matches!(request.source, ScanSource::Entity(_)),
            batch: request.batch.max(1),
            layout,
        })
    }
}

#[async_trait]
impl Store for Postgres {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn location(&self) -> &str {
        &self.server.location
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.reader().await?;
        let done = catalog::entities(&mut connection).await.map_err(|e| self.server.error(&e));
        self.keep(connection, done)
    }

    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let mut connection = self.reader().await?;
        let done = catalog::describe(&mut connection, entity).await;
        self.keep(connection, done.map_err(|e| self.server.error(&e)))
    }

    async fn select(&self, select: &Select) -> Result<Rows, StoreError> {
        let mut connection = self.reader().await?;
        let done = async {
            let table = read::table(&mut connection, &select.entity, &self.server).await?;
            read::select(&mut connection, &table, select, &self.server).await
        }
        .await;
        self.keep(connection, done)
    }

    async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, StoreError> {
        let mut connection = self.reader().await?;
        let done = async {
            let table = read::table(&mut connection, entity, &self.server).await?;
            read::count(&mut connection, &table, filter, &self.server).await
        }
        .await;
        self.keep(connection, done)
    }

    async fn query(&self, text: &str) -> Result<Rows, StoreError> {
        let mut connection = self.reader().await?;
        let text = text.trim().trim_end_matches(';');
        let done = read::query(&mut connection, text, &self.server).await;
        self.keep(connection, done)
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        let mut connection = self.reader().await?;
        let plan = self.plan(&mut connection, &request).await?;
        let after = request.after.as_ref();
        Ok(Box::new(TableScan::start(plan, connection, self.server.clone(), after)?))
    }

    async fn export(&self, entities: &[String], batch: usize) -> Result<Export, StoreError> {
        let connection = self.server.connect_to_read().await?;
        export::export(connection, self.server.clone(), entities, batch).await
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        let records = self.count(entity, &Filter::All).await?;
        let mut connection = self.reader().await?;
        let row =
            sqlx::query("SELECT pg_table_size(to_regclass($1)), pg_indexes_size(to_regclass($1))")
                .bind(Name::parse(entity).to_string())
                .fetch_one(&mut connection)
                .await
                .map_err(|e| self.server.error(&e));
        let row = self.keep(connection, row)?;
        let size = |index| {
            let bytes: Option<i64> = row.try_get(index).ok()?;
            u64::try_from(bytes?).ok()
        };
        Ok(Statistics { records, bytes: size(0), index_bytes: size(1) })
    }

    fn fitter(&self, column: &Column) -> Fitter {
        let column = column.clone();
        let nul = self.policies.nul.clone();
        Arc::new(move |value| fit::fit(value, &column, nul.as_ref()))
    }

    async fn can_transfer(&self, transfer: &Transfer) -> Result<Result<(), String>, StoreError> {
        let mut connection = self.reader().await?;
        let done = transfer::check(&mut connection, transfer, &self.server).await;
        self.keep(connection, done)
    }

    async fn databases(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut connection = self.server.connect().await?;
        databases::list(&mut connection, prefix).await.map_err(|e| self.server.error(&e))
    }

    async fn create_database(&self, name: &str) -> Result<(), StoreError> {
        let mut connection = self.server.connect().await?;
        databases::create(&mut connection, name).await.map_err(|e| self.server.error(&e))
    }

    async fn drop_database(&self, name: &str) -> Result<(), StoreError> {
        let mut connection = self.server.connect().await?;
        databases::drop(&mut connection, name).await.map_err(|e| self.server.error(&e))
    }

    async fn structure(&self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let mut connection = self.reader().await?;
        let done = structure::structure(&mut connection, entity).await;
        self.keep(connection, done.map_err(|e| self.server.error(&e)))
    }

    async fn enums(&self) -> Result<Vec<EnumDefinition>, StoreError> {
        let mut connection = self.reader().await?;
        let done = structure::enums(&mut connection).await.map_err(|e| self.server.error(&e));
        self.keep(connection, done)
    }

    async fn extensions(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.reader().await?;
        let done = structure::extensions(&mut connection).await.map_err(|e| self.server.error(&e));
        self.keep(connection, done)
    }

    async fn others(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.reader().await?;
        let done = structure::others(&mut connection).await.map_err(|e| self.server.error(&e));
        self.keep(connection, done)
    }

    fn render(&self, change: &StructureChange) -> Result<RenderedChange, String> {
        structure::render(change, self.version)
    }

    async fn probe(&self, entity: &str) -> Result<Option<Copied>, StoreError> {
        let connection = self.server.connect().await?;
        // Not among those that are used again.
        let mut writer = Writer::new(connection, self.server.clone(), Idle::default());
        let entity = probe::probe(&mut writer, entity).await?;
        Ok(Some(Copied { entity, session: Box::new(TableSession::new(writer)) }))
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        use sqlx::Connection as _;
        let connection = loop {
            let kept = self.writers.lock().ok().and_then(|mut kept| kept.pop());
            match kept {
                None => break self.server.connect().await?,
                Some(mut connection) => {
                    if connection.ping().await.is_ok() {
                        break connection;
                    }
                }
            }
        };
        let writer = Writer::new(connection, self.server.clone(), Arc::clone(&self.writers));
        Ok(Box::new(TableSession::new(writer)))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        let lock = AdvisoryLock::take(&self.server).await?;
        if let Ok(mut holder) = self.holder.lock() {
            *holder = lock.holder();
        }
        Ok(Box::new(lock))
    }

    async fn keep_lock(&self) -> Result<(), StoreError> {
        let holder = self.holder.lock().ok().and_then(|holder| holder.upgrade());
        match holder {
            Some(holder) => lock::keep(&self.server, &holder).await,
            None => Ok(()),
        }
    }

    async fn settled(&self, entities: &[&str]) -> Result<(), StoreError> {
        lock::settled(&self.server, entities).await
    }

    async fn close(&self) {
        use sqlx::Connection as _;
        for kept in [&self.readers, &*self.writers] {
            let all = kept.lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default();
            for connection in all {
                // The server ends it anyway when it is gone.
                let _ = connection.close().await;
            }
        }
    }
}

/// Opens a connection's database, shared.
pub(super) async fn open(config: &ConnectionConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(Postgres::open(config).await?))
}

//! A database: its pool of readers, and connections of their own.

use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use encoding_rs::Encoding;
use sqlx::MySql;
use sqlx::mysql::{MySqlConnection, MySqlPool, MySqlPoolOptions};
use sqlx::pool::PoolConnection;

use super::codec::{Reading, bytes, quoted};
use super::config::{self, Address, Server};
use super::error::{number_of, store_error};
use super::read::Context;
use super::{catalog, lock};
use crate::connectors::{ConnectionConfig, Statistics, StoreError, StoreErrorKind};

/// Connections that read at the same time, scans aside.
const READERS: u32 = 6;

/// A database that can be reached.
#[derive(Clone)]
pub(super) struct Database {
    address: Address,
    pub(super) location: String,
    readers: MySqlPool,
    pub(super) reading: Reading,
    pub(super) server: Server,
    /// The connection that holds the run's lock, while it is held.
    holder: Arc<Mutex<Weak<lock::Holder>>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("location", &self.location).finish_non_exhaustive()
    }
}

impl Database {
    /// Connects, creating the database when the connection says so.
    ///
    /// # Errors
    /// When the server is not there or refuses, or the database is not there.
    pub(super) async fn open(config: &ConnectionConfig) -> Result<Self, StoreError> {
        let location = crate::connectors::location_of(&config.url);
        let address = config::address_of(&config.url)?;
        let encoding = match &config.policies.encoding {
            None => None,
            Some(label) => Some(Encoding::for_label(label.as_bytes()).ok_or_else(|| {
                let message = format!("{location}: the encoding of the connection is not known");
                StoreError::new(StoreErrorKind::Unsupported, message)
            })?),
        };
        let mut connected = config::connect(&address).await;
        if config.create && matches!(&connected, Err(error) if number_of(error) == 1049) {
            config::create(&address).await.map_err(|e| store_error(&e, &location))?;
            connected = config::connect(&address).await;
        }
        let (_, server) = connected.map_err(|e| store_error(&e, &location))?;
        let readers = MySqlPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_mins(1))
            .after_connect(|connection, _| Box::pin(config::set_up(connection)))
            .connect_lazy_with(address.options.clone());
        let reading = Reading { policies: config.policies.clone(), encoding };
        let holder = Arc::default();
        Ok(Self { address, location, readers, reading, server, holder })
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context { location: &self.location, reading: &self.reading, server: self.server }
    }

    pub(super) fn error(&self, error: &sqlx::Error) -> StoreError {
        store_error(error, &self.location)
    }

    /// A connection to read on.
    pub(super) async fn reader(&self) -> Result<PoolConnection<MySql>, StoreError> {
        self.readers.acquire().await.map_err(|e| self.error(&e))
    }

    /// A connection of its own.
    pub(super) async fn connect(&self) -> Result<MySqlConnection, StoreError> {
        let connected = config::connect(&self.address).await;
        connected.map(|(connection, _)| connection).map_err(|e| self.error(&e))
    }

    /// How large a table is.
    pub(super) async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        let mut connection = self.reader().await?;
        self.context().table(&mut connection, entity).await?;
        let sql = format!(
            "SELECT (SELECT COUNT(*) FROM {}), \
             (SELECT MAX(DATA_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name}), \
             (SELECT MAX(INDEX_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name})",
            catalog::quote(entity),
            name = quoted(entity)
        );
        let rows = catalog::rows(&mut connection, sql).await.map_err(|e| self.error(&e))?;
        let number = |index| {
            let bytes = rows.first().and_then(|row| bytes(row, index))?;
            std::str::from_utf8(bytes).ok()?.parse::<u64>().ok()
        };
        Ok(Statistics { records: number(0).unwrap_or(0), bytes: number(1), index_bytes: number(2) })
    }

    /// Takes the run's lock.
    pub(super) async fn lock(&self) -> Result<lock::NamedLock, StoreError> {
        let lock = lock::NamedLock::take(self).await?;
        if let Ok(mut holder) = self.holder.lock() {
            *holder = lock.holder();
        }
        Ok(lock)
    }

    /// Looks whether the run's lock is still held, when it was taken.
    pub(super) async fn keep_lock(&self) -> Result<(), StoreError> {
        let holder = self.holder.lock().ok().and_then(|holder| holder.upgrade());
        match holder {
            Some(holder) => lock::keep(self, &holder).await,
            None => Ok(()),
        }
    }

    /// Its name on the server.
    pub(super) fn name(&self) -> &str {
        &self.address.database
    }

    /// Closes the readers.
    pub(super) async fn close(&self) {
        self.readers.close().await;
    }
}

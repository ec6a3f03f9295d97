//! An SQLite file: its readers, its one writer, its lock. Tables and documents share it.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqlitePoolOptions};
use sqlx::{Connection as _, Row as _, Sqlite, SqlitePool};
use tokio::sync::Mutex;

use super::config;
use super::error::store_error;
use super::lock::FileLock;
use super::read::Context;
use super::writer::{Turn, Writer};
use crate::connectors::{ConnectionConfig, Policies, Rows, Statistics, StoreError, StoreErrorKind};

/// Connections that read at the same time.
const READERS: u32 = 4;

/// An open database file.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    pub(crate) location: String,
    pub(crate) readers: SqlitePool,
    pub(crate) policies: Policies,
    /// Held by the session that writes.
    turn: Arc<Mutex<Turn>>,
}

/// With a rollback journal, pages that leave memory before the commit would shut readers out, so
/// they stay; a write-ahead log takes them, and memory stays small.
async fn keep_readers_going(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    // In a write-ahead log, `NORMAL` loses at worst the newest commits, when the power fails: data,
    // fates and checkpoint together, so that a run goes on from the commit before.
    let pragma = match mode.as_str() {
        "wal" => "PRAGMA synchronous = NORMAL",
        _ => "PRAGMA cache_spill = OFF",
    };
    super::catalog::execute(connection, pragma).await
}

impl Database {
    /// Opens a file, or creates it when the connection says so.
    ///
    /// # Errors
    /// When it is not there, can't be read, or is no database.
    pub(crate) async fn open(config: &ConnectionConfig) -> Result<Self, StoreError> {
        let path = config::path_of(&config.url)?;
        let location = format!("sqlite:{}", path.display());
        if !path.exists() {
            if !config.create {
                return Err(StoreError::new(
                    StoreErrorKind::NotFound,
                    format!("{location}: there is no such file"),
                ));
            }
            create(&path, &location).await?;
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_mins(1))
            .connect_lazy_with(config::reader(&path));
        let policies = config.policies.clone();
        let database = Self { path, location, readers, policies, turn: Arc::default() };
        // A file that is no database says so at the first statement.
        let mut connection = database.reader().await?;
        sqlx::query("SELECT count(*) FROM sqlite_schema")
            .execute(&mut *connection)
            .await
            .map_err(|e| database.error(&e))?;
        Ok(database)
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context { location: &self.location, policies: &self.policies }
    }

    pub(crate) fn error(&self, error: &sqlx::Error) -> StoreError {
        store_error(error, &self.location)
    }

    /// A connection to read on.
    pub(crate) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(|e| self.error(&e))
    }

    /// The connection to write on. Waits until no other session has it.
    pub(crate) async fn writer(&self) -> Result<Writer, StoreError> {
        let mut turn = Arc::clone(&self.turn).lock_owned().await;
        if let Err(error) = OpenOptions::new().write(true).open(&self.path) {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => StoreErrorKind::NotFound,
                _ => StoreErrorKind::ReadOnly,
            };
            let message = format!("{}: the file can't be written: {error}", self.location);
            return Err(StoreError::new(kind, message));
        }
        if turn.connection.is_none() {
            let connection = SqliteConnection::connect_with(&config::writer(&self.path)).await;
            let mut connection = connection.map_err(|e| self.error(&e))?;
            keep_readers_going(&mut connection).await.map_err(|e| self.error(&e))?;
            turn.connection = Some(connection);
            turn.unchecked = false;
        }
        let mut writer = Writer::new(turn, self.location.clone(), self.policies.clone());
        writer.check().await?;
        Ok(writer)
    }

    /// A connection to an empty copy of a table, in memory, in an open transaction. Foreign keys are
    /// not checked there.
    pub(crate) async fn probe(&self, entity: &str) -> Result<Writer, StoreError> {
        let mut reader = self.reader().await?;
        let sql: Option<String> = sqlx::query_scalar(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
        )
        .bind(entity)
        .fetch_optional(&mut *reader)
        .await
        .map_err(|e| self.error(&e))?;
        let options = config::memory().map_err(|e| self.error(&e))?;
        let connection =
            SqliteConnection::connect_with(&options).await.map_err(|e| self.error(&e))?;
        let turn = Turn { connection: Some(connection), unchecked: false };
        let turn = Arc::new(Mutex::new(turn)).lock_owned().await;
        let mut writer = Writer::new(turn, self.location.clone(), self.policies.clone());
        writer.run(sql.unwrap_or_default()).await?;
        writer.begin().await?;
        Ok(writer)
    }

    /// Runs a query on a connection that can't write.
    pub(crate) async fn query(&self, text: &str) -> Result<Rows, StoreError> {
        // Held meanwhile, so that the connection that can't tidy up is not the last one.
        let _reader = self.reader().await?;
        let mut connection = SqliteConnection::connect_with(&config::strict_reader(&self.path))
            .await
            .map_err(|e| self.error(&e))?;
        let rows = super::read::query(&mut connection, text, self.context()).await;
        connection.close().await.map_err(|e| self.error(&e))?;
        rows
    }

    /// How large a table is.
    pub(crate) async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        let mut connection = self.reader().await?;
        self.context().table(&mut connection, entity).await?;
        let count = format!("SELECT count(*) FROM {}", super::catalog::quote(entity));
        let error = |error: sqlx::Error| self.error(&error);
        let row = sqlx::query(sqlx::AssertSqlSafe(count))
            .fetch_one(&mut *connection)
            .await
            .map_err(error)?;
        let records: i64 = row.try_get(0).map_err(error)?;
        let sizes = sqlx::query(
            "SELECT sum(iif(name = ?1, pgsize, 0)), sum(iif(name = ?1, 0, pgsize)) FROM dbstat
             WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?1)",
        )
        .bind(entity.to_owned())
        .fetch_one(&mut *connection)
        .await
        .map_err(error)?;
        let size = |index| {
            let bytes: Option<i64> = sizes.try_get(index).ok()?;
            u64::try_from(bytes?).ok()
        };
        Ok(Statistics {
            records: u64::try_from(records).unwrap_or(0),
            bytes: size(0),
            index_bytes: size(1),
        })
    }

    /// Takes the run's lock.
    pub(crate) fn lock(&self) -> Result<FileLock, StoreError> {
        FileLock::take(&self.path)
    }

    /// Closes the connections, so that the file is whole on its own.
    pub(crate) async fn close(&self) {
        if let Some(connection) = self.turn.lock().await.connection.take() {
            // What was committed is in the file or its log; the next opening tidies up.
            let _ = connection.close().await;
        }
        self.readers.close().await;
    }
}

async fn create(path: &Path, location: &str) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| {
            let message = format!("{location}: its folder can't be created: {error}");
            StoreError::new(StoreErrorKind::Unavailable, message)
        })?;
    }
    let connection = SqliteConnection::connect_with(&config::creator(path))
        .await
        .map_err(|error| store_error(&error, location))?;
    connection.close().await.map_err(|error| store_error(&error, location))
}

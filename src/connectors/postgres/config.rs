//! How a connection is opened.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::error::store_error;
use crate::connectors::nodelay::send_at_once;
use crate::connectors::{StoreError, StoreErrorKind, location_of};

/// How long opening a connection may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every connection is set to: one spelling of every text, whatever the server's defaults, no
/// compiling of statements that run once, and no notices: while rows flow in, nobody reads them.
const SETTINGS: &str = "SET standard_conforming_strings = on; SET IntervalStyle = 'iso_8601'; \
                        SET bytea_output = 'hex'; SET jit = off; SET client_min_messages = error";

/// Where connections are made to.
#[derive(Clone)]
pub(super) struct Server {
    options: PgConnectOptions,
    /// The database, without user and password.
    pub(super) location: String,
}

impl Server {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it, or an option in it, is wrong.
    pub(super) fn of(url: &str) -> Result<Self, StoreError> {
        let location = location_of(url);
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            StoreError::new(
                StoreErrorKind::Unsupported,
                format!("{location}: the URL, or an option in it, is wrong"),
            )
        })?;
        let mut options = options.disable_statement_logging();
        if options.get_application_name().is_none() {
            options = options.application_name(&holder());
        }
        Ok(Self { options, location })
    }

    /// Opens a connection that can write.
    pub(super) async fn connect(&self) -> Result<PgConnection, StoreError> {
        self.open(SETTINGS).await
    }

    /// Opens a connection on which nothing can write.
    pub(super) async fn connect_to_read(&self) -> Result<PgConnection, StoreError> {
        self.open(&format!("{SETTINGS}; SET default_transaction_read_only = on")).await
    }

    async fn open(&self, settings: &str) -> Result<PgConnection, StoreError> {
        let opening = async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            send_at_once(self.options.get_port());
            run(&mut connection, settings).await?;
            Ok(connection)
        };
        match tokio::time::timeout(PATIENCE, opening).await {
            Ok(connection) => connection.map_err(|e: sqlx::Error| self.error(&e)),
            Err(_) => Err(StoreError::new(
                StoreErrorKind::Unavailable,
                format!("{}: the server does not answer", self.location),
            )),
        }
    }

    /// Maps a failure.
    pub(super) fn error(&self, error: &sqlx::Error) -> StoreError {
        store_error(error, &self.location)
    }
}

/// Runs statements that have no parameters and give no rows.
pub(super) async fn run(
    connection: &mut PgConnection,
    sql: impl Into<String>,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.map(|_| ())
}

/// Who this process is, as other processes see it in `pg_stat_activity`.
fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let id = std::process::id();
    match host.trim() {
        "" => format!("mapper {id}"),
        host => format!("mapper {host} {id}"),
    }
}

//! The run's lock: an advisory lock on a connection of its own, so that it dies with its holder.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::config::Server;
use super::name::Name;
use crate::connectors::{Lock, StoreError, StoreErrorKind};

/// What the lock is told by, among the advisory locks of a database.
const KEY: i64 = 0x006d_6170_7065_7221;

/// How often it is tried, and the time between: a server notices late that a holder died.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// How many seconds a commit may take whose sender is gone.
const SETTLED_IN: u32 = 60;

/// The connection that holds the lock.
pub(super) type Holder = tokio::sync::Mutex<PgConnection>;

/// A held lock. Advisory locks are a database's own, and end with the connection.
pub(super) struct AdvisoryLock {
    holder: Arc<Holder>,
}

impl fmt::Debug for AdvisoryLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdvisoryLock")
    }
}

impl Lock for AdvisoryLock {}

impl AdvisoryLock {
    /// Takes the lock of a database.
    ///
    /// # Errors
    /// When another process holds it, or the server can't be reached.
    pub(super) async fn take(server: &Server) -> Result<Self, StoreError> {
        Ok(Self { holder: Arc::new(Holder::new(acquire(server).await?)) })
    }

    /// The connection that holds it, as long as it is held.
    pub(super) fn holder(&self) -> Weak<Holder> {
        Arc::downgrade(&self.holder)
    }
}

/// Looks whether a lock is still held, and takes it again when it was lost.
///
/// # Errors
/// When it was lost, or another process holds it now.
pub(super) async fn keep(server: &Server, holder: &Holder) -> Result<(), StoreError> {
    let mut connection = holder.lock().await;
    if connection.ping().await.is_ok() {
        return Ok(());
    }
    *connection = acquire(server).await?;
    Err(StoreError::new(
        StoreErrorKind::Unavailable,
        format!("{}: the connection that held the run's lock broke", server.location),
    ))
}

/// Waits until no transaction is open that wrote to one of these tables, as far as they are there.
///
/// # Errors
/// When one stays open, or the server can't be reached.
pub(super) async fn settled(server: &Server, entities: &[&str]) -> Result<(), StoreError> {
    let names: Vec<String> = entities.iter().map(|name| Name::parse(name).to_string()).collect();
    let mut connection = server.connect().await?;
    let done = wait_for_writers(&mut connection, &names).await;
    // The server ends it anyway when it is gone.
    let _ = connection.close().await;
    done.map_err(|error| server.error(&error))
}

async fn wait_for_writers(
    connection: &mut PgConnection,
    names: &[String],
) -> Result<(), sqlx::Error> {
    let there = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL";
    let there: Vec<String> =
        sqlx::query_scalar(there).bind(names).fetch_all(&mut *connection).await?;
    if there.is_empty() {
        return Ok(());
    }
    // The weakest lock that is in the way of every writer, and of no reader.
    let sql = format!(
        "BEGIN; SET LOCAL lock_timeout = '{SETTLED_IN}s'; LOCK TABLE {} IN SHARE MODE; COMMIT",
        there.join(", ")
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(|_| ())
}

/// A new connection that holds the lock.
async fn acquire(server: &Server) -> Result<PgConnection, StoreError> {
    let mut connection = server.connect().await?;
    for attempt in 1.. {
        let row = sqlx::query("SELECT pg_try_advisory_lock($1)")
            .bind(KEY)
            .fetch_one(&mut connection)
            .await
            .map_err(|error| server.error(&error))?;
        if row.try_get(0).map_err(|error| server.error(&error))? {
            return Ok(connection);
        }
        if attempt == TRIES {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let holder = sqlx::query(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND (l.classid::bigint << 32) + l.objid::bigint = $1",
    )
    .bind(KEY)
    .fetch_optional(&mut connection)
    .await
    .map_err(|error| server.error(&error))?;
    let name: Option<String> = holder.and_then(|row| row.try_get(0).ok()).flatten();
    let holder = name.filter(|name| !name.is_empty());
    let holder = holder.unwrap_or_else(|| "another process".to_owned());
    Err(StoreError::new(
        StoreErrorKind::Locked,
        format!("{}: {holder} is working on this database", server.location),
    ))
}

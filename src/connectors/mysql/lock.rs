//! The run's lock: a named lock of the server, held by a connection of its own, so that it goes
//! with it.

use std::sync::{Arc, Weak};

use sqlx::Connection as _;
use sqlx::mysql::MySqlConnection;

use super::catalog::{quote, rows};
use super::codec::{optional_text, plain_text, quoted};
use super::database::Database;
use super::error::store_error;
use crate::connectors::{Lock, StoreError, StoreErrorKind};

/// Seconds to wait, so that a connection that was just closed can give its lock back.
const PATIENCE: u32 = 2;

/// The connection that holds the lock.
pub(super) type Holder = tokio::sync::Mutex<MySqlConnection>;

/// A held lock. Closing its connection gives it back.
#[derive(Debug)]
pub(super) struct NamedLock {
    holder: Arc<Holder>,
}

impl Lock for NamedLock {}

impl NamedLock {
    /// Takes the lock of a database.
    ///
    /// # Errors
    /// When another connection holds it, or the server fails.
    pub(super) async fn take(database: &Database) -> Result<Self, StoreError> {
        Ok(Self { holder: Arc::new(Holder::new(acquire(database).await?)) })
    }

    /// The connection that holds it, as long as it is held.
    pub(super) fn holder(&self) -> Weak<Holder> {
        Arc::downgrade(&self.holder)
    }
}

/// Looks whether a lock is still held, and takes it again when it was lost.
///
/// # Errors
/// When it was lost, or another connection holds it now.
pub(super) async fn keep(database: &Database, holder: &Holder) -> Result<(), StoreError> {
    let mut connection = holder.lock().await;
    if connection.ping().await.is_ok() {
        return Ok(());
    }
    *connection = acquire(database).await?;
    Err(StoreError::new(
        StoreErrorKind::Unavailable,
        format!("{}: the connection that held the run's lock broke", database.location),
    ))
}

/// Waits until no transaction is open that wrote to one of these tables, as far as they are there:
/// reads that lock wait for the rows that it wrote.
///
/// # Errors
/// When one stays open, or the server can't be reached.
pub(super) async fn settled(database: &Database, entities: &[&str]) -> Result<(), StoreError> {
    let mut connection = database.connect().await?;
    let mut done = Ok(());
    for entity in entities {
        let sql = format!("SELECT COUNT(*) FROM {} FOR UPDATE", quote(entity));
        match rows(&mut connection, sql).await.map_err(|e| store_error(&e, &database.location)) {
            Ok(_) => {}
            Err(error) if error.kind == StoreErrorKind::NotFound => {}
            Err(error) => {
                done = Err(error);
                break;
            }
        }
    }
    // The server ends it anyway when it is gone.
    let _ = connection.close().await;
    done
}

/// A new connection that holds the lock.
async fn acquire(database: &Database) -> Result<MySqlConnection, StoreError> {
    let mut connection = database.connect().await?;
    let location = &database.location;
    let name = quoted(&name_of(database.name()));
    let failed = |error: sqlx::Error| store_error(&error, location);
    let sql = format!("SELECT GET_LOCK({name}, {PATIENCE}), IS_USED_LOCK({name})");
    let found = rows(&mut connection, sql).await.map_err(failed)?;
    if found.first().is_some_and(|row| plain_text(row, 0) == "1") {
        return Ok(connection);
    }
    let id = found.first().and_then(|row| optional_text(row, 1)).unwrap_or_default();
    let holder = match id.parse::<u64>() {
        Ok(id) => {
            // Only those with the right to see it do.
            let sql = format!("SELECT HOST FROM information_schema.PROCESSLIST WHERE ID = {id}");
            let found = rows(&mut connection, sql).await.unwrap_or_default();
            match found.first().map(|row| plain_text(row, 0)).filter(|host| !host.is_empty()) {
                Some(host) => format!("connection {id} from {host}"),
                None => format!("connection {id}"),
            }
        }
        Err(_) => "another connection".to_owned(),
    };
    let message = format!("{location}: {holder} is working on this database");
    Err(StoreError::new(StoreErrorKind::Locked, message))
}

/// Names of locks are the server's, of at most 64 characters.
fn name_of(database: &str) -> String {
    if database.len() <= 48 {
        format!("mapper:{database}")
    } else {
        format!("mapper:{:016x}", xxhash_rust::xxh3::xxh3_64(database.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        assert_eq!(name_of("shop"), "mapper:shop");
        assert!(name_of(&"x".repeat(64)).len() <= 64);
        assert_ne!(name_of(&"x".repeat(64)), name_of(&"x".repeat(63)));
    }
}

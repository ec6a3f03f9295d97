//! The one connection that writes, and its transactions.

use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteQueryResult};
use tokio::sync::OwnedMutexGuard;

use super::catalog::execute;
use super::error::{code_of, store_error, write_error};
use super::read::Context;
use crate::connectors::{Policies, StoreError, StoreErrorKind, WriteError};

/// The place of the connection that writes; the lock around it is whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    pub(super) connection: Option<SqliteConnection>,
    /// Whether it checks no foreign keys.
    pub(super) unchecked: bool,
}

/// A connection that writes. Dropping it rolls back what was not committed.
pub(crate) struct Writer {
    turn: OwnedMutexGuard<Turn>,
    location: String,
    policies: Policies,
    in_transaction: bool,
    /// Whether statements that belong together are a transaction of their own.
    in_group: bool,
    savepoints: usize,
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.in_transaction || self.in_group {
            // Closing the connection rolls back.
            self.turn.connection = None;
        }
    }
}

impl Writer {
    pub(super) fn new(turn: OwnedMutexGuard<Turn>, location: String, policies: Policies) -> Self {
        Self { turn, location, policies, in_transaction: false, in_group: false, savepoints: 0 }
    }

    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.turn.connection.as_mut().expect("only dropping the writer takes its connection")
    }

    /// The connection, and what reads on it need to know.
    pub(crate) fn parts(&mut self) -> (&mut SqliteConnection, Context<'_>) {
        let context = Context { location: &self.location, policies: &self.policies };
        let connection = self.turn.connection.as_mut();
        (connection.expect("only dropping the writer takes its connection"), context)
    }

    /// Checks foreign keys again, when the session before did not.
    pub(super) async fn check(&mut self) -> Result<(), StoreError> {
        if self.turn.unchecked {
            self.run("PRAGMA foreign_keys = ON").await?;
            self.turn.unchecked = false;
        }
        Ok(())
    }

    /// Checks no foreign keys until the next session.
    pub(crate) async fn check_late(&mut self) -> Result<(), StoreError> {
        self.turn.unchecked = true;
        self.run("PRAGMA foreign_keys = OFF").await
    }

    pub(crate) fn error(&self, error: &sqlx::Error) -> StoreError {
        store_error(error, &self.location)
    }

    /// Runs statements without parameters.
    pub(crate) async fn run(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
        let done = execute(self.connection(), sql).await;
        done.map_err(|e| self.error(&e))
    }

    /// Runs one statement that changes rows.
    pub(crate) async fn change(
        &mut self,
        sql: String,
        arguments: SqliteArguments,
    ) -> Result<SqliteQueryResult, WriteError> {
        sqlx::query_with(AssertSqlSafe(sql), arguments)
            .execute(self.connection())
            .await
            .map_err(|e| write_error(&e, &self.location))
    }

    pub(crate) fn write_error(&self, error: &sqlx::Error) -> WriteError {
        write_error(error, &self.location)
    }

    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        if self.in_transaction {
            return Err(StoreError::new(
                StoreErrorKind::Internal,
                format!("{}: a transaction is open already", self.location),
            ));
        }
        // The lock is taken at once: waiting for it later could not end well for two writers.
        self.run("BEGIN IMMEDIATE").await?;
        self.in_transaction = true;
        self.savepoints = 0;
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").await?;
        self.in_transaction = false;
        self.savepoints = 0;
        Ok(())
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), StoreError> {
        self.in_transaction = false;
        self.in_group = false;
        self.savepoints = 0;
        match execute(self.connection(), "ROLLBACK").await {
            // SQLite rolled back by itself, as it does when the disk is full.
            Err(sqlx::Error::Database(error)) if code_of(error.as_ref()) == 1 => Ok(()),
            done => done.map_err(|e| self.error(&e)),
        }
    }

    pub(crate) async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.run(format!("SAVEPOINT mapper_{}", self.savepoints + 1)).await?;
        self.savepoints += 1;
        Ok(())
    }

    pub(crate) async fn release(&mut self) -> Result<(), StoreError> {
        self.newest()?;
        self.run(format!("RELEASE mapper_{}", self.savepoints)).await?;
        self.savepoints -= 1;
        Ok(())
    }

    pub(crate) async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.newest()?;
        let name = self.savepoints;
        self.run(format!("ROLLBACK TO mapper_{name}; RELEASE mapper_{name}")).await?;
        self.savepoints -= 1;
        Ok(())
    }

    fn newest(&self) -> Result<(), StoreError> {
        if self.savepoints > 0 {
            return Ok(());
        }
        let message = format!("{}: no savepoint is set", self.location);
        Err(StoreError::new(StoreErrorKind::Internal, message))
    }

    /// Starts statements that belong together.
    pub(crate) async fn group(&mut self) -> Result<(), StoreError> {
        if self.in_transaction { self.savepoint().await } else { self.begin_group().await }
    }

    async fn begin_group(&mut self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE").await?;
        self.in_group = true;
        Ok(())
    }

    /// Ends them: keeps all on success, none on failure.
    pub(crate) async fn end<T>(&mut self, result: Result<T, WriteError>) -> Result<T, WriteError> {
        match (&result, self.in_transaction) {
            (Ok(_), true) => self.release().await?,
            (Ok(_), false) => {
                let done = execute(self.connection(), "COMMIT").await;
                if let Err(error) = done {
                    let error = write_error(&error, &self.location);
                    self.rollback().await?;
                    return Err(error);
                }
                self.in_group = false;
            }
            // When the store failed it may have rolled back everything by itself; its failure is
            // the one to tell.
            (Err(WriteError::Store(_)), true) => {
                let _ = self.rollback_to_savepoint().await;
            }
            (Err(WriteError::Record(_)), true) => self.rollback_to_savepoint().await?,
            (Err(_), false) => self.rollback().await?,
        }
        result
    }
}

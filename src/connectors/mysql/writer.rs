//! A connection that writes, and its transactions.

use futures_util::TryStreamExt as _;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Either};

use super::catalog::execute;
use super::database::Database;
use super::error::{number_of, store_error, write_error};
use super::read::Context;
use crate::connectors::{StoreError, StoreErrorKind, WriteError};

/// A connection that writes. Dropping it closes the connection, and the server rolls back.
pub(super) struct Writer {
    connection: MySqlConnection,
    pub(super) database: Database,
    in_transaction: bool,
    savepoints: usize,
}

impl Writer {
    pub(super) async fn open(database: &Database) -> Result<Self, StoreError> {
        let connection = database.connect().await?;
        Ok(Self { connection, database: database.clone(), in_transaction: false, savepoints: 0 })
    }

    /// The connection, and what reads on it need to know.
    pub(super) fn parts(&mut self) -> (&mut MySqlConnection, Context<'_>) {
        (&mut self.connection, self.database.context())
    }

    pub(super) fn error(&self, error: &sqlx::Error) -> StoreError {
        store_error(error, &self.database.location)
    }

    /// Runs statements that give no rows.
    pub(super) async fn run(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
        let done = execute(&mut self.connection, sql).await;
        done.map(|_| ()).map_err(|e| self.error(&e))
    }

    /// Runs a statement that changes the structure. The server commits what came before it by
    /// itself; a transaction that was open goes on as a new one.
    pub(super) async fn define(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
        let done = execute(&mut self.connection, sql).await;
        if self.in_transaction {
            let mut again = "START TRANSACTION".to_owned();
            for number in 1..=self.savepoints {
                again.push_str(&format!("; SAVEPOINT mapper_{number}"));
            }
            self.run(again).await?;
        }
        done.map(|_| ()).map_err(|e| self.error(&e))
    }

    /// Runs statements that change rows; gives how many rows they matched.
    pub(super) async fn change(&mut self, sql: String) -> Result<u64, WriteError> {
        let mut matched = 0;
        let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(&mut self.connection);
        loop {
            match stream.try_next().await {
                Ok(None) => return Ok(matched),
                Ok(Some(Either::Left(done))) => matched += done.rows_affected(),
                Ok(Some(Either::Right(_))) => {}
                Err(error) => {
                    drop(stream);
                    return Err(self.failed(&error));
                }
            }
        }
    }

    /// What a failed write means. A deadlock has rolled the whole transaction back, and so may a
    /// lock wait: nothing may go on in it.
    pub(super) fn failed(&mut self, error: &sqlx::Error) -> WriteError {
        if number_of(error) == 1213 {
            self.in_transaction = false;
            self.savepoints = 0;
        }
        write_error(error, &self.database.location)
    }

    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        if self.in_transaction {
            let message = format!("{}: a transaction is open already", self.database.location);
            return Err(StoreError::new(StoreErrorKind::Internal, message));
        }
        self.run("START TRANSACTION").await?;
        self.in_transaction = true;
        self.savepoints = 0;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").await?;
        self.in_transaction = false;
        self.savepoints = 0;
        Ok(())
    }

    pub(super) async fn rollback(&mut self) -> Result<(), StoreError> {
        self.in_transaction = false;
        self.savepoints = 0;
        self.run("ROLLBACK").await
    }

    pub(super) async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.run(format!("SAVEPOINT mapper_{}", self.savepoints + 1)).await?;
        self.savepoints += 1;
        Ok(())
    }

    pub(super) async fn release(&mut self) -> Result<(), StoreError> {
        self.newest()?;
        self.run(format!("RELEASE SAVEPOINT mapper_{}", self.savepoints)).await?;
        self.savepoints -= 1;
        Ok(())
    }

    pub(super) async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.newest()?;
        let name = self.savepoints;
        let sql = format!("ROLLBACK TO SAVEPOINT mapper_{name}; RELEASE SAVEPOINT mapper_{name}");
        self.run(sql).await?;
        self.savepoints -= 1;
        Ok(())
    }

    fn newest(&self) -> Result<(), StoreError> {
        if self.savepoints > 0 {
            return Ok(());
        }
        let message = format!("{}: no savepoint is set", self.database.location);
        Err(StoreError::new(StoreErrorKind::Internal, message))
    }

    /// Starts statements that belong together. Gives whether they are a transaction of their own.
    pub(super) async fn group(&mut self) -> Result<bool, StoreError> {
        if self.in_transaction {
            self.savepoint().await?;
            return Ok(false);
        }
        self.begin().await?;
        Ok(true)
    }

    /// Ends them: keeps all on success, none on failure.
    pub(super) async fn end<T>(
        &mut self,
        own: bool,
        result: Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        match (&result, own) {
            (Ok(_), true) => self.commit().await?,
            (Ok(_), false) => self.release().await?,
            // When the store failed it may have rolled back everything by itself; its failure is
            // the one to tell.
            (Err(WriteError::Store(_)), true) => {
                let _ = self.rollback().await;
            }
            (Err(WriteError::Store(_)), false) => {
                let _ = self.rollback_to_savepoint().await;
            }
            (Err(WriteError::Record(_)), true) => self.rollback().await?,
            (Err(WriteError::Record(_)), false) => self.rollback_to_savepoint().await?,
        }
        result
    }
}

//! The connection of a session: its transaction, and what a failed statement leaves of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::catalog::Table;
use super::config::{Server, run};
use super::error::{store_error, write_error};
use super::name::literal;
use crate::connectors::{StoreError, StoreErrorKind, WriteError};

/// Connections of sessions that ended well, for the next ones.
pub(super) type Idle = Arc<Mutex<Vec<PgConnection>>>;

/// How many of them are kept.
const KEPT: usize = 4;

/// A connection that writes.
pub(super) struct Writer {
    connection: Option<PgConnection>,
    server: Server,
    idle: Idle,
    in_transaction: bool,
    savepoints: usize,
    /// Whether nothing was done since the transaction or its newest savepoint began, so that going
    /// back there undoes one statement.
    fresh: bool,
    /// Where rows are put into binary form.
    pub(super) buffer: Vec<u8>,
    /// The greatest number that was written into a column that a sequence fills.
    numbers: HashMap<String, i64>,
}

impl Writer {
    pub(super) fn new(connection: PgConnection, server: Server, idle: Idle) -> Self {
        Self {
            connection: Some(connection),
            server,
            idle,
            in_transaction: false,
            savepoints: 0,
            fresh: false,
            buffer: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// The connection, and how its failures are told.
    pub(super) fn parts(&mut self) -> Result<(&mut PgConnection, &Server), StoreError> {
        match &mut self.connection {
            Some(connection) => Ok((connection, &self.server)),
            None => Err(StoreError::new(
                StoreErrorKind::Unavailable,
                format!("{}: the connection broke", self.server.location),
            )),
        }
    }

    async fn plain(&mut self, sql: String) -> Result<(), StoreError> {
        let (connection, server) = self.parts()?;
        let done = run(connection, sql).await.map_err(|error| server.error(&error));
        self.keep_if_whole(done)
    }

    /// Drops a connection that can't be used any more.
    fn keep_if_whole<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &done
            && super::error::is_broken(error)
        {
            self.connection = None;
        }
        done
    }

    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.plain("BEGIN".to_owned()).await?;
        self.in_transaction = true;
        self.savepoints = 0;
        self.fresh = true;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        self.advance_sequences().await?;
        self.plain("COMMIT".to_owned()).await?;
        self.in_transaction = false;
        self.savepoints = 0;
        Ok(())
    }

    pub(super) async fn rollback(&mut self) -> Result<(), StoreError> {
        self.numbers.clear();
        self.in_transaction = false;
        self.savepoints = 0;
        if self.connection.is_none() {
            // The server rolled it back when the connection broke.
            return Ok(());
        }
        self.plain("ROLLBACK".to_owned()).await
    }

    pub(super) async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.plain(format!("SAVEPOINT mapper_{}", self.savepoints)).await?;
        self.savepoints += 1;
        self.fresh = true;
        Ok(())
    }

    pub(super) async fn release(&mut self) -> Result<(), StoreError> {
        self.savepoints = self.savepoints.saturating_sub(1);
        self.fresh = false;
        self.plain(format!("RELEASE SAVEPOINT mapper_{}", self.savepoints)).await
    }

    pub(super) async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.savepoints = self.savepoints.saturating_sub(1);
        self.fresh = false;
        let name = format!("mapper_{}", self.savepoints);
        self.plain(format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")).await
    }

    /// Prepares for a statement that may fail without harm to what was done before.
    pub(super) async fn guard(&mut self, many: bool) -> Result<(), StoreError> {
        match (self.in_transaction, self.fresh) {
            (true, false) => self.plain("SAVEPOINT mapper_statement".to_owned()).await,
            (true, true) => Ok(()),
            (false, _) if many => self.plain("BEGIN".to_owned()).await,
            (false, _) => Ok(()),
        }
    }

    /// Ends what [`Writer::guard`] began, as its outcome says.
    pub(super) async fn settle<T>(
        &mut self,
        many: bool,
        table: &Table,
        done: Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        if let Err(WriteError::Store(error)) = &done
            && super::error::is_broken(error)
        {
            self.connection = None;
            return done;
        }
        let good = done.is_ok();
        let sql = match (self.in_transaction, self.fresh, good) {
            (true, false, true) => "RELEASE SAVEPOINT mapper_statement".to_owned(),
            (true, false, false) => {
                "ROLLBACK TO SAVEPOINT mapper_statement; RELEASE SAVEPOINT mapper_statement"
                    .to_owned()
            }
            (true, true, true) => String::new(),
            (true, true, false) if self.savepoints > 0 => {
                format!("ROLLBACK TO SAVEPOINT mapper_{}", self.savepoints - 1)
            }
            (true, true, false) => "ROLLBACK; BEGIN".to_owned(),
            (false, _, good) if many => if good { "COMMIT" } else { "ROLLBACK" }.to_owned(),
            (false, _, _) => String::new(),
        };
        if !sql.is_empty() {
            self.plain(sql).await?;
        }
        if self.in_transaction && good {
            self.fresh = false;
        }
        if !self.in_transaction && good {
            self.advance_sequences().await?;
        }
        done.map_err(|error| named(error, table))
    }

    /// Ends a stream, with which a transaction that failed is given up as a whole.
    pub(super) fn streamed<T>(
        &mut self,
        table: &Table,
        done: Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        self.fresh = false;
        if let Err(WriteError::Store(error)) = &done
            && super::error::is_broken(error)
        {
            self.connection = None;
        }
        done.map_err(|error| named(error, table))
    }

    /// Maps a failure of a statement that writes.
    pub(super) fn write_error(&self, error: &sqlx::Error) -> WriteError {
        write_error(error, &self.server.location)
    }

    /// Remembers a number that was written into a column that a sequence fills.
    pub(super) fn number(&mut self, sequence: &str, number: i64) {
        match self.numbers.get_mut(sequence) {
            Some(highest) => *highest = (*highest).max(number),
            None => {
                self.numbers.insert(sequence.to_owned(), number);
            }
        }
    }

    /// Puts sequences behind what was written; never back.
    async fn advance_sequences(&mut self) -> Result<(), StoreError> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        let numbers = std::mem::take(&mut self.numbers);
        let (connection, server) = self.parts()?;
        for (sequence, number) in numbers {
            let name = literal(&sequence);
            let sql = format!(
                "SELECT setval({name}::regclass, {number}) FROM {sequence} AS held, pg_sequence AS s
                 WHERE s.seqrelid = {name}::regclass AND s.seqincrement > 0
                   AND {number} BETWEEN s.seqmin AND s.seqmax
                   AND (held.last_value < {number} OR (held.last_value = {number} AND NOT held.is_called))"
            );
            sqlx::query(AssertSqlSafe(sql))
                .persistent(false)
                .execute(&mut *connection)
                .await
                .map_err(|error| {
                    let mut error = store_error(&error, &server.location);
                    error.message = format!("{} (sequence {sequence})", error.message);
                    error
                })?;
        }
        Ok(())
    }

    /// Runs a change of structure: part of the transaction, if there is one.
    pub(super) async fn define(&mut self, sql: String) -> Result<(), StoreError> {
        self.guard(false).await?;
        let (connection, server) = self.parts()?;
        let done = run(connection, sql).await.map_err(|error| server.error(&error));
        let nothing = Table {
            from: String::new(),
            name: String::new(),
            columns: Vec::new(),
            placed: false,
            constraints: Vec::new(),
        };
        match self.settle(false, &nothing, done.map_err(WriteError::Store)).await {
            Ok(()) => Ok(()),
            Err(WriteError::Store(error)) => Err(error),
            Err(WriteError::Record(_)) => {
                Err(StoreError::new(StoreErrorKind::Query, "the records do not fit"))
            }
        }
    }
}

/// Names the columns of a constraint that a record violates.
fn named(error: WriteError, table: &Table) -> WriteError {
    match error {
        WriteError::Record(mut violation) => {
            if violation.column.is_none()
                && let Some(constraint) = &violation.constraint
                && let Some((_, columns)) =
                    table.constraints.iter().find(|(name, _)| name == constraint)
            {
                violation.column = Some(columns.clone());
            }
            WriteError::Record(violation)
        }
        error @ WriteError::Store(_) => error,
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without it the server rolls back, since the connection goes.
        if self.in_transaction {
            return;
        }
        if let (Some(connection), Ok(mut idle)) = (self.connection.take(), self.idle.lock())
            && idle.len() < KEPT
        {
            idle.push(connection);
        }
    }
}

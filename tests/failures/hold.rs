//! A transaction of somebody else, in the way of a run for as long as a test wishes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};
use tokio::runtime::Runtime;

use super::shop::{MARKER, until};
use crate::servers::{Database, Kind};

/// A connection with a transaction that changed something and is not over.
pub struct Hold {
    runtime: Runtime,
    connection: Option<Either>,
}

enum Either {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

impl Hold {
    /// Connects as a user who may do everything, and runs statements in a transaction.
    pub fn new(database: &Database, sql: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = database.admin_url();
        let connection = match database.server().kind {
            Kind::Postgres => {
                Either::Postgres(runtime.block_on(PgConnection::connect(&url)).unwrap())
            }
            _ => Either::MySql(runtime.block_on(MySqlConnection::connect(&url)).unwrap()),
        };
        let mut hold = Self { runtime, connection: Some(connection) };
        hold.execute("BEGIN").unwrap();
        if database.server().kind == Kind::Postgres {
            hold.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED").unwrap();
        }
        hold.execute(sql).unwrap();
        hold
    }

    /// Holds the place of a record that a run is about to insert.
    pub fn record(database: &Database, number: u32) -> Self {
        let sql = format!("INSERT INTO items (number, name) VALUES ({number}, '{MARKER} held')");
        Self::new(database, &sql)
    }

    /// Runs statements in the transaction.
    pub fn execute(&mut self, sql: &str) -> Result<(), String> {
        let text = AssertSqlSafe(sql.to_owned());
        let done = match self.connection.as_mut().unwrap() {
            Either::Postgres(connection) => {
                self.runtime.block_on(sqlx::raw_sql(text).execute(connection)).map(|_| ())
            }
            Either::MySql(connection) => {
                self.runtime.block_on(sqlx::raw_sql(text).execute(connection)).map(|_| ())
            }
        };
        done.map_err(|error| error.to_string())
    }

    /// Ends the transaction without a trace.
    pub fn release(mut self) {
        // It may have been ended from outside.
        let _ = self.execute("ROLLBACK");
    }
}

/// MariaDB shows a picture of its transactions that it takes anew only when nobody has looked at the
/// last one for 100 ms. So one test looks at a time, and not soon again.
static LOOK: Mutex<()> = Mutex::new(());

/// Waits until somebody waits for a lock in a database.
pub fn until_blocked(database: &Database) {
    until("a wait for a lock", || {
        if database.server().kind == Kind::Postgres {
            let waiting = "SELECT pid::text FROM pg_stat_activity \
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            return !database.query(waiting).is_empty();
        }
        let waiting = format!(
            "SELECT trx.trx_id FROM information_schema.innodb_trx AS trx \
             JOIN information_schema.processlist AS own ON own.id = trx.trx_mysql_thread_id \
             WHERE trx.trx_state = 'LOCK WAIT' AND own.db = '{}'",
            database.name()
        );
        let _turn = LOOK.lock().unwrap_or_else(PoisonError::into_inner);
        std::thread::sleep(Duration::from_millis(150));
        !database.query(&waiting).is_empty()
    });
}

/// Waits until so many wait for a lock in a database of PostgreSQL.
pub fn until_so_many_blocked(database: &Database, count: usize) {
    let waiting = "SELECT pid::text FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("waits for locks", || database.query(waiting).len() >= count);
}

/// Waits until somebody waits to change the structure of a table in a database.
pub fn until_waits_for_table(database: &Database) {
    if database.server().kind == Kind::Postgres {
        let waiting = "SELECT pid::text FROM pg_locks \
                       WHERE NOT granted AND mode = 'AccessExclusiveLock' \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        return until("a wait for a table", || !database.query(waiting).is_empty());
    }
    let waiting = format!(
        "SELECT id FROM information_schema.processlist \
         WHERE db = '{}' AND state = 'Waiting for table metadata lock'",
        database.name()
    );
    until("a wait for a table", || !database.query(&waiting).is_empty());
}

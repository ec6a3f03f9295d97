//! Databases of single tests, and the few things that tests do to a server beside the connectors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mongodb::bson::doc;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};

use super::{Kind, Server, USER};

/// A database of one test, dropped with this.
pub(crate) struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    pub(super) fn new(server: &Arc<Server>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}", std::process::id());
        let own = server.user != server.admin;
        match server.kind {
            Kind::Postgres => {
                let owner = if own { format!(" OWNER {}", USER.0) } else { String::new() };
                server.execute("postgres", &format!("CREATE DATABASE {name}{owner}"));
            }
            Kind::MariaDb => {
                server.execute("", &format!("CREATE DATABASE {name}"));
                if own {
                    server
                        .execute("", &format!("GRANT ALL ON {name}.* TO '{}'@'127.0.0.1'", USER.0));
                }
            }
            Kind::FerretDb | Kind::MongoJava => {}
        }
        Self { server: server.clone(), name }
    }

    /// Its URL, with the user who owns it.
    pub(crate) fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its URL, with a user who may do everything.
    pub(crate) fn admin_url(&self) -> String {
        self.server.admin_url(&self.name)
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its server.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Asks it, as a user who may do everything; every value as the server writes it.
    pub(crate) fn query(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.server.query(&self.name, sql)
    }

    /// Runs SQL statements in it, as a user who may do everything.
    pub(crate) fn execute(&self, sql: &str) {
        self.server.execute(&self.name, sql);
    }
}

impl Database {
    fn drop_user(&self, drop: &str) -> Result<(), String> {
        let database = if self.server.kind == Kind::Postgres { "postgres" } else { "" };
        self.server.try_execute(database, drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        // The server may be gone, on purpose.
        let _ = match self.server.kind {
            Kind::Postgres => self
                .server
                .try_execute("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                .and_then(|()| self.drop_user(&format!("DROP ROLE IF EXISTS reader_{name}"))),
            Kind::MariaDb => {
                let drop = format!("DROP DATABASE IF EXISTS {name}");
                let user = format!("DROP USER IF EXISTS 'reader_{name}'@'%'");
                self.server.try_execute("", &drop).and_then(|()| self.drop_user(&user))
            }
            Kind::FerretDb | Kind::MongoJava => self.server.command(name, doc! {"dropDatabase": 1}),
        };
    }
}

impl Server {
    /// Whether it takes commands, or why not.
    pub(super) fn answers(&self) -> Result<(), String> {
        match self.kind {
            Kind::Postgres => self.try_execute("postgres", "SELECT 1"),
            Kind::MariaDb => self.try_execute("", "SELECT 1"),
            Kind::FerretDb | Kind::MongoJava => self.command("admin", doc! {"ping": 1}),
        }
    }

    /// Runs SQL statements in a database, as a user who may do everything.
    pub(crate) fn execute(&self, database: &str, sql: &str) {
        if let Err(reason) = self.try_execute(database, sql) {
            panic!("{:?}: {sql}: {reason}", self.kind);
        }
    }

    /// Runs SQL statements in a database, or says why they failed.
    pub(crate) fn try_execute(&self, database: &str, sql: &str) -> Result<(), String> {
        let url = self.admin_url(database);
        let text = AssertSqlSafe(sql.to_owned());
        blocking(async move || {
            if self.kind == Kind::Postgres {
                let mut connection = PgConnection::connect(&url).await?;
                sqlx::raw_sql(text).execute(&mut connection).await?;
                connection.close().await
            } else {
                let mut connection = MySqlConnection::connect(&url).await?;
                sqlx::raw_sql(text).execute(&mut connection).await?;
                connection.close().await
            }
        })
        .map_err(|error: sqlx::Error| error.to_string())
    }

    /// Asks a database, as a user who may do everything; every value as the server writes it.
    pub(crate) fn query(&self, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
        let url = self.admin_url(database);
        let text = AssertSqlSafe(sql.to_owned());
        blocking(async move || {
            if self.kind == Kind::Postgres {
                let mut connection = PgConnection::connect(&url).await?;
                let rows = sqlx::raw_sql(text).fetch_all(&mut connection).await?;
                rows.iter().map(texts).collect::<Result<Vec<_>, _>>()
            } else {
                let mut connection = MySqlConnection::connect(&url).await?;
                let rows = sqlx::raw_sql(text).fetch_all(&mut connection).await?;
                rows.iter().map(texts).collect::<Result<Vec<_>, _>>()
            }
        })
        .unwrap_or_else(|error: sqlx::Error| panic!("{:?}: {sql}: {error}", self.kind))
    }

    /// Runs a MongoDB command in a database.
    pub(crate) fn command(
        &self,
        database: &str,
        command: mongodb::bson::Document,
    ) -> Result<(), String> {
        let url = self.admin.to_string();
        blocking(async move || {
            let mut options = mongodb::options::ClientOptions::parse(&url).await?;
            options.server_selection_timeout = Some(Duration::from_secs(10));
            let client = mongodb::Client::with_options(options)?;
            client.database(database).run_command(command).await?;
            close(client).await;
            Ok(())
        })
        .map_err(|error: mongodb::error::Error| error.to_string())
    }
}

/// Closes a client; the driver has been seen to wait for its own tasks without an end.
pub(crate) async fn close(client: mongodb::Client) {
    let _ = tokio::time::timeout(Duration::from_secs(2), client.shutdown()).await;
}

/// The values of a row that came as text.
fn texts<'r, R: sqlx::Row>(row: &'r R) -> Result<Vec<Option<String>>, sqlx::Error>
where
    String: sqlx::Decode<'r, R::Database>,
    usize: sqlx::ColumnIndex<R>,
{
    (0..row.len()).map(|column| row.try_get_unchecked(column)).collect()
}

/// Runs a future to its end on a thread of its own, so that it works inside and outside of others.
pub(super) fn blocking<T: Send, F: AsyncFnOnce() -> T + Send>(future: F) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(future())
        });
        thread.join().unwrap()
    })
}

//! The servers that tests run against: each started when a test first asks for it, on a free
//! loopback port in a temporary folder, and gone with the test process however that ends.
//!
//! ```ignore
//! let database = servers::postgres().database();      // new and empty, dropped with the guard
//! let store = open(&config(database.url(), …)).await;
//! ```
//!
//! A server that can't be had fails the test that asked for it. `MAPPER_TEST_POSTGRES_URL`,
//! `MAPPER_TEST_MYSQL_URL`, `MAPPER_TEST_MONGODB_URL` and `MAPPER_TEST_MONGODB2_URL` name servers
//! that run already, with a user who may create databases.

mod bed;
mod bed_trouble;
mod database;
mod mariadb;
mod mongodb;
mod postgres;
mod process;
mod proxy;
mod tls;
mod trouble;

use std::path::Path;
use std::sync::{Arc, OnceLock};

pub(crate) use database::{Database, close};
use process::Process;
pub(crate) use process::cache;
pub(crate) use proxy::Proxy;
pub(crate) use tls::{TlsServer, ferretdb_tls, ferretdb_with_password, mariadb_tls, postgres_tls};
pub(crate) use trouble::SmallDisk;
use url::Url;

/// The name and password of the user that tests connect as, who owns their databases.
pub(crate) const USER: (&str, &str) = ("mapper_test", "s3cret-of-the-test/user");
const ADMIN_PASSWORD: &str = "s3cret-of-the-admin";

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MariaDb,
    FerretDb,
    MongoJava,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    /// With a user who may do everything.
    admin: Url,
    /// With the user that tests connect as; the same where the server knows no users, or where it is
    /// not ours.
    user: Url,
    process: Option<Process>,
}

/// The PostgreSQL server.
pub(crate) fn postgres() -> Arc<Server> {
    static SERVER: Shared = OnceLock::new();
    shared(&SERVER, Kind::Postgres, "MAPPER_TEST_POSTGRES_URL", || postgres::start(&[]))
}

/// The MariaDB server.
pub(crate) fn mariadb() -> Arc<Server> {
    static SERVER: Shared = OnceLock::new();
    shared(&SERVER, Kind::MariaDb, "MAPPER_TEST_MYSQL_URL", || mariadb::start(&[]))
}

/// The first MongoDB-compatible server: FerretDB on SQLite.
pub(crate) fn ferretdb() -> Arc<Server> {
    static SERVER: Shared = OnceLock::new();
    shared(&SERVER, Kind::FerretDb, "MAPPER_TEST_MONGODB_URL", mongodb::start_ferretdb)
}

/// The second one, for what the first refuses: mongo-java-server, in memory.
pub(crate) fn mongo_java() -> Arc<Server> {
    static SERVER: Shared = OnceLock::new();
    shared(&SERVER, Kind::MongoJava, "MAPPER_TEST_MONGODB2_URL", mongodb::start_mongo_java)
}

/// A server of a test's own, with settings beside those that all have, as its programs take them:
/// `fsync=on` for PostgreSQL, `--read-only` for MariaDB. It ends with the last of its handles.
pub(crate) fn alone(kind: Kind, settings: &[&str]) -> Arc<Server> {
    let started = process::persistent(|| match kind {
        Kind::Postgres => postgres::start(settings),
        Kind::MariaDb => mariadb::start(settings),
        Kind::FerretDb => mongodb::start_ferretdb(),
        Kind::MongoJava => mongodb::start_mongo_java(),
    });
    had(kind, started.map(Arc::new))
}

type Shared = OnceLock<Result<Arc<Server>, String>>;

fn shared(
    slot: &'static Shared,
    kind: Kind,
    variable: &str,
    start: impl Fn() -> Result<Server, String>,
) -> Arc<Server> {
    let server = slot.get_or_init(|| match std::env::var_os(variable) {
        Some(url) if !url.is_empty() => Server::running(kind, &url.to_string_lossy())
            .map_err(|reason| format!("{variable}: {reason}"))
            .map(Arc::new),
        _ => process::persistent(&start).map(Arc::new),
    });
    had(kind, server.clone())
}

/// The server, or a failed test that says why there is none.
fn had<T>(kind: Kind, server: Result<T, String>) -> T {
    server.unwrap_or_else(|reason| {
        panic!("no {kind:?} server for this test: {reason}\nWhat is missing comes with: scripts/servers install")
    })
}

impl Server {
    /// A server that somebody else started.
    fn running(kind: Kind, url: &str) -> Result<Self, String> {
        let mut admin = Url::parse(url).map_err(|error| error.to_string())?;
        if kind == Kind::Postgres && admin.path().len() < 2 {
            admin.set_path("postgres");
        }
        let server = Self { kind, user: admin.clone(), admin, process: None };
        server.answers()?;
        Ok(server)
    }

    /// The URL of a database, with the user that tests connect as.
    pub(crate) fn url(&self, database: &str) -> String {
        with_path(&self.user, database)
    }

    /// The URL of a database, with a user who may do everything.
    pub(crate) fn admin_url(&self, database: &str) -> String {
        with_path(&self.admin, database)
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.admin.port().unwrap_or(match self.kind {
            Kind::Postgres => 5432,
            Kind::MariaDb => 3306,
            Kind::FerretDb | Kind::MongoJava => 27017,
        })
    }

    /// Its temporary folder, when it was started here.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.process.as_ref().map(Process::folder)
    }

    /// Its product and version, as the table of fidelity names it.
    pub(crate) fn version(&self) -> String {
        let first =
            |text: String, marks: &[char]| text.split(marks).next().unwrap_or("").to_owned();
        let asked =
            |sql| self.query(if self.kind == Kind::Postgres { "postgres" } else { "" }, sql);
        match self.kind {
            Kind::Postgres => {
                let version = asked("SHOW server_version")[0][0].clone().unwrap_or_default();
                format!("PostgreSQL {}", first(version, &[' ']))
            }
            Kind::MariaDb => {
                let version = asked("SELECT version()")[0][0].clone().unwrap_or_default();
                format!("MariaDB {}", first(version, &['-']))
            }
            Kind::FerretDb => "FerretDB 1.24.0".into(),
            Kind::MongoJava => "mongo-java-server 1.47.0".into(),
        }
    }

    /// A new and empty database, dropped with the guard.
    pub(crate) fn database(self: &Arc<Self>) -> Database {
        Database::new(self)
    }
}

fn with_path(url: &Url, database: &str) -> String {
    let mut url = url.clone();
    url.set_path(database);
    url.into()
}

fn url(scheme: &str, port: u16, (name, password): (&str, &str), database: &str) -> Url {
    let mut url = Url::parse(&format!("{scheme}://127.0.0.1:{port}/{database}"))
        .unwrap_or_else(|error| unreachable!("{scheme}: {error}"));
    url.set_username(name).unwrap();
    url.set_password(Some(password).filter(|password| !password.is_empty())).unwrap();
    url
}

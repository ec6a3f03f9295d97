//! What the bed does to servers on demand does happen. Seen through the drivers, not through the
//! connectors, which have tests of their own.

use std::path::Path;
use std::time::{Duration, Instant};

use mongodb::bson::doc;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};

use super::database::blocking;
use super::tls::option;
use super::{
    Database, Kind, Proxy, SmallDisk, TlsServer, alone, ferretdb, ferretdb_tls,
    ferretdb_with_password, mariadb, mariadb_tls, postgres, postgres_tls,
};

/// Connects and runs statements; how it went.
fn sql(url: &str, statements: &str) -> Result<(), String> {
    let text = AssertSqlSafe(statements.to_owned());
    let postgres = url.starts_with("postgres");
    blocking(async move || {
        if postgres {
            let mut connection = PgConnection::connect(url).await?;
            sqlx::raw_sql(text).execute(&mut connection).await.map(|_| ())
        } else {
            let mut connection = MySqlConnection::connect(url).await?;
            sqlx::raw_sql(text).execute(&mut connection).await.map(|_| ())
        }
    })
    .map_err(|error| match error {
        sqlx::Error::Database(error) => error.code().unwrap_or_default().into_owned(),
        error => error.to_string(),
    })
}

/// Connects and pings; how it went.
fn ping(url: &str) -> Result<(), String> {
    blocking(async move || {
        let mut options = mongodb::options::ClientOptions::parse(url).await?;
        options.server_selection_timeout = Some(Duration::from_secs(5));
        let client = mongodb::Client::with_options(options)?;
        let found = client.database("test").collection::<mongodb::bson::Document>("items");
        found.find_one(doc! {}).await.map(|_| ())
    })
    .map_err(|error: mongodb::error::Error| error.to_string())
}

/// A change to the URL's password.
fn with_wrong_password(url: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_password(Some("wrong")).unwrap();
    url.into()
}

#[test]
fn passwords_count() {
    for (server, code) in [(postgres(), "28P01"), (mariadb(), "28000")] {
        let database = server.database();
        for url in [database.url(), database.admin_url()] {
            assert_eq!(sql(&url, "SELECT 1"), Ok(()));
            assert_eq!(sql(&with_wrong_password(&url), "SELECT 1"), Err(code.into()));
        }
    }
    let url = ferretdb_with_password().url("test");
    let without = ping(&url).unwrap_err();
    assert!(without.contains("Unauthorized"), "{without}");
    let with = url.replace("//", "//admin@") + "?authSource=admin";
    let wrong = ping(&with_wrong_password(&with)).unwrap_err();
    assert!(wrong.contains("SCRAM"), "{wrong}");
}

#[test]
fn tests_are_ordinary_users_of_their_own_databases() {
    for server in [postgres(), mariadb()] {
        let database = server.database();
        assert_eq!(sql(&database.url(), "CREATE TABLE items (id INTEGER)"), Ok(()));
        assert!(sql(&database.url(), "CREATE DATABASE another").is_err());
    }
}

#[test]
fn readers_only_read() {
    for (server, code) in [(postgres(), "42501"), (mariadb(), "42000")] {
        let database = server.database();
        database.execute("CREATE TABLE items (id INTEGER)");
        let reader = database.reader_url();
        assert_eq!(sql(&reader, "SELECT * FROM items"), Ok(()));
        for statement in ["INSERT INTO items VALUES (1)", "CREATE TABLE others (id INTEGER)"] {
            assert_eq!(sql(&reader, statement), Err(code.into()), "{statement}");
        }
    }
}

#[test]
fn what_is_read_only_does_not_write() {
    let database = postgres().database();
    database.execute("CREATE TABLE items (id INTEGER)");
    database.execute(&format!("ALTER TABLE items OWNER TO {}", super::USER.0));
    database.set_read_only(true);
    assert_eq!(sql(&database.url(), "INSERT INTO items VALUES (1)"), Err("25006".into()));
    database.set_read_only(false);
    assert_eq!(sql(&database.url(), "INSERT INTO items VALUES (1)"), Ok(()));

    let replica = alone(Kind::MariaDb, &["--read-only"]).database();
    assert_eq!(sql(&replica.url(), "CREATE TABLE items (id INTEGER)"), Err("HY000".into()));
}

/// Connects, ends its connections in another way, and uses it once more.
fn survives(database: &Database, url: &str, end: impl FnOnce(&Database) + Send) -> bool {
    let postgres = database.server().kind == Kind::Postgres;
    blocking(async move || {
        if postgres {
            let mut connection = PgConnection::connect(url).await.unwrap();
            end(database);
            sqlx::raw_sql("SELECT 1").execute(&mut connection).await.is_ok()
        } else {
            let mut connection = MySqlConnection::connect(url).await.unwrap();
            end(database);
            sqlx::raw_sql("SELECT 1").execute(&mut connection).await.is_ok()
        }
    })
}

#[test]
fn connections_are_ended_by_the_server() {
    for server in [postgres(), mariadb()] {
        let database = server.database();
        let url = database.url();
        assert!(survives(&database, &url, |_| ()));
        assert!(!survives(&database, &url, |database| {
            assert_eq!(database.end_connections(), 1);
        }));
    }
}

#[test]
fn a_small_disk_is_full_soon() {
    let disk = SmallDisk::new(24);
    assert_eq!(sql(&disk.url(), "CREATE TABLE items (name TEXT)"), Ok(()));
    let fill = "INSERT INTO items SELECT md5(n::text) FROM generate_series(1, 1000000) AS n";
    assert_eq!(sql(&disk.url(), fill), Err("53100".into()));
    assert_eq!(sql(&disk.url(), "SELECT count(*) FROM items"), Ok(()));
}

#[test]
fn a_proxy_cuts_refuses_and_stalls() {
    for server in [postgres(), mariadb()] {
        let proxy = Proxy::before(&server);
        let database = server.database();
        let url = proxy.url(&database.url());
        assert!(survives(&database, &url, |_| ()));
        assert!(!survives(&database, &url, |_| proxy.cut()));
        assert_eq!((proxy.accepted(), proxy.cuts()), (2, 1));

        // A message of a thousand bytes and more does not get through what is left.
        let before = proxy.forwarded();
        let long = format!("SELECT '{}'", "x".repeat(100_000));
        proxy.cut_after(50_000);
        assert!(sql(&url, &long).is_err());
        assert_eq!((proxy.forwarded() - before, proxy.cuts()), (50_000, 2));
        assert_eq!(sql(&url, &long), Ok(()));

        proxy.refuse(true);
        assert!(sql(&url, "SELECT 1").is_err());
        proxy.refuse(false);

        proxy.stall(true);
        let start = Instant::now();
        let went = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| sql(&url, "SELECT 1"));
            std::thread::sleep(Duration::from_millis(300));
            assert!(!waiting.is_finished());
            proxy.stall(false);
            waiting.join().unwrap()
        });
        assert_eq!(went, Ok(()));
        assert!(start.elapsed() >= Duration::from_millis(300));
    }
}

#[test]
fn a_proxy_stands_before_mongodb_too() {
    let server = ferretdb();
    let proxy = Proxy::before(&server);
    let url = proxy.url(server.database().url().as_str());
    assert_eq!(ping(&url), Ok(()));
    proxy.refuse(true);
    assert!(ping(&url).is_err());
    assert!(proxy.forwarded() > 0);
}

#[test]
fn certificates_are_checked() {
    let postgres = postgres_tls();
    let mariadb = mariadb_tls();
    let (own, other) = (postgres.certificates.authority(), postgres.certificates.other_authority());
    let options = |mode: &str, ca: &Path| format!("sslmode={mode}&sslrootcert={}", option(ca));
    let database = postgres.server.database();
    let address = format!("{}?{}", database.url(), options("verify-full", &own));
    let of = |mode: &str, ca: &Path| {
        sql(&TlsServer::named(&database.url(), &options(mode, ca)), "SELECT 1")
    };
    assert_eq!(of("verify-full", &own), Ok(()));
    assert!(of("verify-full", &other).is_err());
    assert!(of("verify-ca", &other).is_err());
    assert_eq!(of("disable", &own), Err("28000".into()), "it refuses what is not encrypted");
    assert!(sql(&address, "SELECT 1").is_err(), "the name is not in the certificate");

    let (own, other) = (mariadb.certificates.authority(), mariadb.certificates.other_authority());
    let options = |mode: &str, ca: &Path| format!("ssl-mode={mode}&ssl-ca={}", option(ca));
    let database = mariadb.server.database();
    let of = |mode: &str, ca: &Path| {
        sql(&TlsServer::named(&database.url(), &options(mode, ca)), "SELECT 1")
    };
    assert_eq!(of("VERIFY_IDENTITY", &own), Ok(()));
    assert!(of("VERIFY_IDENTITY", &other).is_err());
    assert!(of("DISABLED", &own).is_err());

    let ferretdb = ferretdb_tls();
    let (own, other) = (ferretdb.certificates.authority(), ferretdb.certificates.other_authority());
    let of = |ca: &Path| {
        let options = format!("tls=true&tlsCAFile={}", option(ca));
        ping(&TlsServer::named(&ferretdb.server.url("test"), &options))
    };
    assert_eq!(of(&own), Ok(()));
    assert!(of(&other).is_err());
    assert!(ping(&ferretdb.server.url("test")).is_err());
}

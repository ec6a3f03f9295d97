//! Where a MySQL or MariaDB database is, and how its connections are set up.

use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, Row as _};
use url::Url;

use super::catalog::quote;
use crate::connectors::nodelay::send_at_once;
use crate::connectors::{StoreError, StoreErrorKind};

/// Options of a URL that mean something here.
const OPTIONS: &[&str] = &["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key"];

/// What every connection is set to.
///
/// Text goes as UTF-8 and comes as it is stored, so that bytes that are not what the column declares
/// are seen and not replaced on the way. Zero dates can be read and stay where they are when a
/// table is altered; our own values have none. Zero in an `AUTO_INCREMENT` column is zero. A
/// reader may take its time, and nobody waits for a table lock for longer than a minute.
const SETUP: &str = "SET NAMES utf8mb4; \
    SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,\
NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', character_set_results = NULL, \
    autocommit = 1, foreign_key_checks = 1, unique_checks = 1, sql_auto_is_null = 0, \
    sql_safe_updates = 0, net_write_timeout = 3600, wait_timeout = 86400, lock_wait_timeout = 60; \
    SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";

/// Where a database is.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) options: MySqlConnectOptions,
    pub(super) database: String,
}

/// Reads a URL: `mysql://user:password@host:port/database?ssl-mode=VERIFY_IDENTITY`.
///
/// # Errors
/// When it is no such URL, names no database, or has an option that is not known. The message has
/// nothing of the URL but the option's name.
pub(super) fn address_of(url: &str) -> Result<Address, StoreError> {
    let refuse = |message: String| StoreError::new(StoreErrorKind::Unsupported, message);
    let wrong = || refuse("the URL is not one of the form mysql://user@host/database".to_owned());
    let parsed = Url::parse(url).ok().filter(Url::has_host).ok_or_else(wrong)?;
    for (name, _) in parsed.query_pairs() {
        if !OPTIONS.contains(&&*name) {
            let known = OPTIONS.join(", ");
            return Err(refuse(format!(
                "`{name}` is not an option of MySQL and MariaDB URLs; supported are {known}"
            )));
        }
    }
    let database = percent_encoding::percent_decode_str(parsed.path().trim_start_matches('/'))
        .decode_utf8()
        .map_err(|_| wrong())?
        .into_owned();
    if database.is_empty() {
        return Err(refuse("the URL names no database: mysql://user@host/database".to_owned()));
    }
    let options = MySqlConnectOptions::from_url(&parsed).map_err(|_| {
        refuse("the URL has an option with a value that is not known (ssl-mode)".to_owned())
    })?;
    let options = options
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        .statement_cache_capacity(4)
        .disable_statement_logging();
    Ok(Address { options, database })
}

/// What the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) mariadb: bool,
    /// Major and minor version.
    pub(super) version: (u32, u32),
    /// The greatest statement that it takes, in bytes.
    pub(super) packet: usize,
}

impl Server {
    fn of(version: &str, packet: usize) -> Self {
        let mut numbers = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
        let version_numbers = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Self { mariadb: version.contains("MariaDB"), version: version_numbers, packet }
    }

    /// Whether a collation of UTF-8 is there that compares bytes, blanks at the end included.
    pub(super) fn exact_collation(self) -> &'static str {
        if self.mariadb {
            "utf8mb4_nopad_bin"
        } else if self.version >= (8, 0) {
            "utf8mb4_0900_bin"
        } else {
            "utf8mb4_bin"
        }
    }

    /// Whether columns can be of type `UUID`.
    pub(super) fn has_uuid(self) -> bool {
        self.mariadb && self.version >= (10, 7)
    }
}

/// Sets a new connection up.
pub(super) async fn set_up(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SETUP).execute(connection).await.map(|_| ())
}

/// Connects, sets the connection up and asks what the server is.
pub(super) async fn connect(address: &Address) -> Result<(MySqlConnection, Server), sqlx::Error> {
    let mut connection = address.options.connect().await?;
    send_at_once(address.options.get_port());
    set_up(&mut connection).await?;
    let row =
        sqlx::raw_sql("SELECT VERSION(), @@max_allowed_packet").fetch_one(&mut connection).await?;
    let version = super::codec::plain_text(&row, 0);
    let packet = super::codec::plain_text(&row, 1).parse().unwrap_or(1 << 20);
    debug_assert_eq!(row.len(), 2);
    Ok((connection, Server::of(&version, packet)))
}

/// Creates the database of an address.
pub(super) async fn create(address: &Address) -> Result<(), sqlx::Error> {
    // A connection without a database: the name in the options is taken out by an empty one.
    let mut connection = address.options.clone().database("").connect().await?;
    let name = quote(&address.database);
    let sql = format!("CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let address = address_of("mysql://me:p%40ss@db.example:3307/sh%20op").unwrap();
        assert_eq!(address.database, "sh op");
        assert!(address_of("mariadb://me@host/shop?ssl-mode=REQUIRED").is_ok());
        for url in [
            "mysql://secret@host",
            "mysql://secret@h/d?charset=latin1",
            "mysql:secret",
            "mysql://secret@h/d?ssl-mode=perhaps",
        ] {
            let error = address_of(url).err().unwrap();
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }

    #[test]
    fn servers() {
        let maria = Server::of("10.11.6-MariaDB-0+deb12u1", 1);
        assert!(maria.mariadb && maria.has_uuid());
        let old = Server::of("5.7.44-log", 1);
        assert_eq!(
            (old.mariadb, old.version, old.exact_collation()),
            (false, (5, 7), "utf8mb4_bin")
        );
        assert_eq!(Server::of("8.4.0", 1).exact_collation(), "utf8mb4_0900_bin");
    }
}

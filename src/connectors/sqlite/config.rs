//! Where an SQLite database is, and how its file is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

use crate::connectors::{StoreError, StoreErrorKind};

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The file of an `sqlite:` URL.
///
/// # Errors
/// When the URL names no file, a database in memory, or options.
pub(crate) fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let refuse = |message: &str| Err(StoreError::new(StoreErrorKind::Unsupported, message));
    let rest = url.strip_prefix("sqlite:").unwrap_or(url);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    if rest.is_empty() {
        return refuse("an SQLite URL names a file: sqlite:path/to/file.db");
    }
    if rest.starts_with(":memory:") {
        return refuse(
            "an SQLite database in memory ends with the process; name a file: sqlite:path/to/file.db",
        );
    }
    if rest.contains('?') {
        return refuse("options in an SQLite URL are not supported; leave out what follows `?`");
    }
    match percent_decode_str(rest).decode_utf8() {
        Ok(path) => Ok(PathBuf::from(path.as_ref())),
        Err(_) => refuse("the path in the SQLite URL is not UTF-8"),
    }
}

fn base(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(4096)
        .disable_statement_logging()
}

/// Options of connections that only read. The file is opened for writing where the system allows
/// it, so that the last connection can tidy up its write-ahead log; statements can't write.
pub(super) fn reader(path: &Path) -> SqliteConnectOptions {
    base(path).pragma("query_only", "ON")
}

/// Options of a database in memory, in which nothing is looked at but the row itself.
pub(super) fn memory() -> Result<SqliteConnectOptions, sqlx::Error> {
    let options: SqliteConnectOptions = "sqlite::memory:".parse()?;
    Ok(options.foreign_keys(false).disable_statement_logging())
}

/// Options of connections that can't write, whatever the statement.
pub(super) fn strict_reader(path: &Path) -> SqliteConnectOptions {
    base(path).read_only(true)
}

/// Options of the writer: 16 MiB of pages in memory, and 64 MiB of write-ahead log before they are
/// put in place, so that pages which ids in no order meet again and again are written once.
pub(super) fn writer(path: &Path) -> SqliteConnectOptions {
    base(path)
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", "16384")
}

/// Options that create the file, with a write-ahead log.
pub(super) fn creator(path: &Path) -> SqliteConnectOptions {
    base(path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        assert_eq!(path_of("sqlite:a/b.db").unwrap(), Path::new("a/b.db"));
        assert_eq!(path_of("sqlite:///a/b%20c.db").unwrap(), Path::new("/a/b c.db"));
        assert_eq!(path_of("sqlite:/a/b.db").unwrap(), Path::new("/a/b.db"));
        for url in ["sqlite::memory:", "sqlite:", "sqlite://", "sqlite:a.db?mode=ro"] {
            assert!(path_of(url).is_err(), "{url}");
        }
    }
}

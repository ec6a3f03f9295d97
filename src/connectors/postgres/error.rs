//! The server's failures as store errors and violations, without values.

use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use crate::connectors::{StoreError, StoreErrorKind, Violation, ViolationKind, WriteError};

const NO_TLS: &str = "TLS can't be agreed: the server has none, or its certificate is not trusted or \
                      not for this host (sslmode, sslrootcert)";

/// Maps a failure to a store error. `location` is the database, for the message.
pub(super) fn store_error(error: &sqlx::Error, location: &str) -> StoreError {
    use StoreErrorKind as Kind;
    let (kind, what) = match error {
        sqlx::Error::Database(error) => {
            let Some(error) = error.try_downcast_ref::<PgDatabaseError>() else {
                return StoreError::new(Kind::Internal, format!("{location}: the server failed"));
            };
            return coded(error, location);
        }
        sqlx::Error::Io(error) => {
            use std::io::ErrorKind;
            let what = match error.kind() {
                ErrorKind::ConnectionRefused => "no server listens there".to_owned(),
                ErrorKind::NotFound => {
                    "there is no such host or socket, or no such file of certificates".to_owned()
                }
                ErrorKind::InvalidData => {
                    return StoreError::new(Kind::Denied, format!("{location}: {NO_TLS}"));
                }
                ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe => "the connection broke".to_owned(),
                kind => format!("the server can't be reached: {kind}"),
            };
            (Kind::Unavailable, what)
        }
        sqlx::Error::Tls(_) => (Kind::Denied, NO_TLS.to_owned()),
        sqlx::Error::PoolTimedOut => (Kind::Unavailable, "all connections are busy".to_owned()),
        sqlx::Error::PoolClosed => (Kind::Unavailable, "the connection is closed".to_owned()),
        sqlx::Error::Configuration(_) => {
            (Kind::Unsupported, "an option of the connection's URL is wrong".to_owned())
        }
        sqlx::Error::Protocol(_) => {
            (Kind::Unavailable, "the connection broke, or this is no PostgreSQL".to_owned())
        }
        sqlx::Error::Encode(_) => (Kind::Query, "a value is too large for the protocol".to_owned()),
        _ => (Kind::Internal, "the driver failed".to_owned()),
    };
    StoreError::new(kind, format!("{location}: {what}"))
}

/// Maps a failure of a write: a constraint's is the record's, anything else the store's.
pub(super) fn write_error(error: &sqlx::Error, location: &str) -> WriteError {
    if let sqlx::Error::Database(database) = error
        && let Some(error) = database.try_downcast_ref::<PgDatabaseError>()
        && let Some(kind) = violation_kind(error.code())
    {
        return WriteError::Record(Violation {
            kind,
            constraint: error.constraint().map(str::to_owned),
            column: error.column().map(str::to_owned).or_else(|| copied_column(error)),
        });
    }
    WriteError::Store(store_error(error, location))
}

/// Whether the connection can't be used any more.
pub(super) fn is_broken(error: &StoreError) -> bool {
    matches!(error.kind, StoreErrorKind::Unavailable | StoreErrorKind::Internal)
}

/// The column of `COPY items, line 3, column price: …`; what follows may hold the value.
fn copied_column(error: &PgDatabaseError) -> Option<String> {
    let context = error.r#where()?.lines().find(|line| line.starts_with("COPY "))?;
    let (_, column) = context.split_once(", column ")?;
    let end = column.find([':', ',']).unwrap_or(column.len());
    Some(column[..end].to_owned())
}

fn violation_kind(code: &str) -> Option<ViolationKind> {
    Some(match code {
        "23505" => ViolationKind::Unique,
        "23503" | "23001" => ViolationKind::ForeignKey,
        "23502" => ViolationKind::NotNull,
        // A check, an exclusion, a view's check option, a trigger that refuses.
        "23514" | "23P01" | "44000" | "P0001" | "23000" => ViolationKind::Check,
        // Too much for an index entry or a row.
        "54000" | "54001" => ViolationKind::Value,
        _ if code.starts_with("22") => ViolationKind::Value,
        _ => return None,
    })
}

fn coded(error: &PgDatabaseError, location: &str) -> StoreError {
    let code = error.code();
    let (kind, what) = meaning(code);
    let mut message = format!("{location}: {what}");
    let named = [("table", error.table()), ("column", error.column())];
    for (kind, name) in named {
        if let Some(name) = name {
            message.push_str(&format!(", {kind} `{name}`"));
        }
    }
    if let Some(constraint) = error.constraint() {
        message.push_str(&format!(", constraint `{constraint}`"));
    }
    if kind == StoreErrorKind::Query
        && let Some(PgErrorPosition::Original(position)) = error.position()
    {
        message.push_str(&format!(", at character {position}"));
    }
    message.push_str(&format!(" (SQLSTATE {code})"));
    StoreError::new(kind, message)
}

/// What a code says: whose turn it is, and in words.
fn meaning(code: &str) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind as Kind;
    match code {
        "57014" => (
            Kind::Conflict,
            "the server stopped a statement that took too long (statement_timeout), or somebody did",
        ),
        "57P01" => (Kind::Unavailable, "the connection was ended by an administrator"),
        "57P02" | "57P03" => (Kind::Unavailable, "the server is starting, stopping or recovering"),
        "53300" => (Kind::Unavailable, "the server takes no more connections"),
        "25P03" | "25P04" | "57P05" => {
            (Kind::Unavailable, "the server ended a connection that was idle for too long")
        }
        "53100" => (Kind::Full, "the server has no disk space left"),
        "53200" => (Kind::Full, "the server has no memory left"),
        "28P01" => (Kind::Denied, "the password is refused"),
        "42501" => (Kind::Denied, "the user lacks a right"),
        "25006" => (Kind::ReadOnly, "the database can only be read"),
        "40001" => (Kind::Conflict, "another transaction changed the same records"),
        "40P01" => (Kind::Conflict, "a deadlock with another transaction"),
        "55P03" => (Kind::Conflict, "a lock could not be had in time"),
        "3D000" => (Kind::NotFound, "there is no such database"),
        "3F000" => (Kind::NotFound, "there is no such schema"),
        "42P01" => (Kind::NotFound, "there is no such table"),
        "42703" => (Kind::NotFound, "there is no such column"),
        "42704" => (Kind::NotFound, "there is no such object"),
        "42601" => (Kind::Query, "a syntax error"),
        "42P07" | "42710" => (Kind::Query, "something of that name is there already"),
        "2BP01" => (Kind::Query, "other things still need it"),
        "55P04" => (
            Kind::Query,
            "a value that this transaction adds to an enum can be used after its commit only",
        ),
        "22021" | "22P05" => {
            (Kind::Corrupt, "a text can't be converted between the database's encoding and UTF-8")
        }
        "23505" => (Kind::Query, "the records are not unique by the index's keys"),
        _ if code.starts_with("08") => (Kind::Unavailable, "the connection broke"),
        _ if code.starts_with("28") => (Kind::Denied, "the user is refused"),
        _ if code.starts_with("57") => (Kind::Unavailable, "the server was interrupted"),
        _ if code.starts_with("53") => (Kind::Unavailable, "the server lacks resources"),
        _ if code.starts_with("58") || code.starts_with("XX001") => {
            (Kind::Unavailable, "the server can't read or write its files")
        }
        _ if code.starts_with("XX") => (Kind::Corrupt, "the server found damaged data"),
        _ if code.starts_with("40") => (Kind::Conflict, "the transaction was rolled back"),
        _ if code.starts_with("23") => (Kind::Query, "a constraint is violated"),
        _ if code.starts_with("22") => (Kind::Query, "a value is not one of its type"),
        _ if code.starts_with("42") => (Kind::Query, "the statement is not understood"),
        _ if code.starts_with("0A") => (Kind::Unsupported, "the server can't do this"),
        _ => (Kind::Query, "the statement failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_turn_it_is() {
        use StoreErrorKind as Kind;
        for (code, kind) in [
            ("57P01", Kind::Unavailable),
            ("08006", Kind::Unavailable),
            ("28000", Kind::Denied),
            ("42501", Kind::Denied),
            ("25006", Kind::ReadOnly),
            ("53100", Kind::Full),
            ("40P01", Kind::Conflict),
            ("57014", Kind::Conflict),
            ("3D000", Kind::NotFound),
            ("42883", Kind::Query),
        ] {
            assert_eq!(meaning(code).0, kind, "{code}");
        }
        assert_eq!(violation_kind("23505"), Some(ViolationKind::Unique));
        assert_eq!(violation_kind("22003"), Some(ViolationKind::Value));
        assert_eq!(violation_kind("40001"), None);
    }
}

//! The server's failures as store errors and violations, without values.

use sqlx::mysql::MySqlDatabaseError;

use crate::connectors::{StoreError, StoreErrorKind, Violation, ViolationKind, WriteError};

/// The server's error number; 0 when the failure is not the server's.
pub(super) fn number_of(error: &sqlx::Error) -> u16 {
    server(error).map_or(0, MySqlDatabaseError::number)
}

fn server(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    match error {
        sqlx::Error::Database(error) => error.try_downcast_ref::<MySqlDatabaseError>(),
        _ => None,
    }
}

const NO_TLS: &str = "TLS can't be agreed: the server has none, or its certificate is not trusted or \
                      not for this host (ssl-mode, ssl-ca)";

/// Maps a failure to a store error. `location` is the database, for the message.
pub(super) fn store_error(error: &sqlx::Error, location: &str) -> StoreError {
    use StoreErrorKind as Kind;
    if let Some(error) = server(error) {
        let (kind, what) = numbered(error.number(), error.message());
        return StoreError::new(kind, format!("{location}: {what} (error {})", error.number()));
    }
    let (kind, what) = match error {
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            (Kind::Denied, NO_TLS.to_owned())
        }
        sqlx::Error::Io(error) => (Kind::Unavailable, unreached(error.kind())),
        sqlx::Error::Tls(_) => (Kind::Denied, NO_TLS.to_owned()),
        sqlx::Error::PoolTimedOut => (Kind::Unavailable, "all connections are busy".to_owned()),
        sqlx::Error::Protocol(_) => {
            (Kind::Unavailable, "the connection broke, or this is no such server".to_owned())
        }
        _ => (Kind::Internal, "the driver failed".to_owned()),
    };
    StoreError::new(kind, format!("{location}: {what}"))
}

/// Maps a failure of a write: a constraint's is the record's, anything else the store's.
pub(super) fn write_error(error: &sqlx::Error, location: &str) -> WriteError {
    match server(error).and_then(|error| violation(error.number(), error.message())) {
        Some(violation) => WriteError::Record(violation),
        None => WriteError::Store(store_error(error, location)),
    }
}

/// Why a server that was to be there is not, in words.
fn unreached(kind: std::io::ErrorKind) -> String {
    use std::io::ErrorKind as Kind;
    match kind {
        Kind::ConnectionRefused => "no server listens there".to_owned(),
        Kind::NotFound => {
            "there is no such host or socket, or no such file of certificates".to_owned()
        }
        Kind::UnexpectedEof
        | Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe => "the connection broke".to_owned(),
        kind => format!("the server can't be reached: {kind}"),
    }
}

fn numbered(number: u16, message: &str) -> (StoreErrorKind, String) {
    use StoreErrorKind as Kind;
    let plain = |kind, what: &str| (kind, what.to_owned());
    match number {
        1045 | 1698 => plain(Kind::Denied, "user or password are refused"),
        1044 | 1142 | 1143 | 1227 | 1370 => plain(Kind::Denied, "the user lacks a right"),
        1049 => plain(Kind::NotFound, "there is no such database"),
        1146 => match name_after(message, "Table '") {
            Some(name) => (Kind::NotFound, format!("there is no table `{name}`")),
            None => plain(Kind::NotFound, "there is no such table"),
        },
        1054 => match name_after(message, "Unknown column '") {
            Some(name) => (Kind::NotFound, format!("there is no column `{name}`")),
            None => plain(Kind::NotFound, "there is no such column"),
        },
        1051 | 1091 => plain(Kind::NotFound, "what is to be dropped is not there"),
        1290 | 1792 | 1836 | 3989 => {
            plain(Kind::ReadOnly, "the server or the transaction is read-only")
        }
        1021 | 1114 | 3675 => plain(Kind::Full, "no space is left on the server"),
        1205 | 1213 | 1020 | 3572 => {
            plain(Kind::Conflict, "another transaction is in the way (lock wait or deadlock)")
        }
        1969 | 3024 | 1317 => plain(
            Kind::Conflict,
            "the statement took longer than the server allows, or was stopped",
        ),
        1040 | 1203 | 1226 => plain(Kind::Unavailable, "the server takes no more connections"),
        1053 | 1077 | 1927 | 2002 | 2003 | 2006 | 2013 | 4031 => {
            plain(Kind::Unavailable, "the server ended the connection")
        }
        1153 => plain(Kind::Query, "a statement is larger than the server's max_allowed_packet"),
        1064 | 1149 => plain(Kind::Query, "the statement is not one that the server understands"),
        1062 | 1169 | 1586 => plain(Kind::Query, "the records are not unique by a key"),
        1170 => plain(Kind::Query, "a column of text or bytes needs a length to be in a key"),
        1071 => plain(Kind::Query, "a key is longer than the server allows"),
        1194 | 1195 | 1034 | 1035 => plain(Kind::Corrupt, "a table is damaged"),
        1158..=1161 => plain(Kind::Unavailable, "the connection broke"),
        1295 => plain(Kind::Query, "the statement is not one that can be prepared"),
        number => {
            let what = if matches!(number, 1100..=1499) {
                "refused by the server"
            } else {
                "the server failed"
            };
            plain(Kind::Query, what)
        }
    }
}

/// A name in quotes after a phrase that the server's message begins with. Names, never values,
/// stand there.
fn name_after<'m>(message: &'m str, phrase: &str) -> Option<&'m str> {
    message.strip_prefix(phrase)?.split_once('\'').map(|(name, _)| name)
}

/// The name after the last such phrase: what stands before it may be a value.
fn last_name<'m>(message: &'m str, phrase: &str, end: char) -> Option<&'m str> {
    let (_, rest) = message.rsplit_once(phrase)?;
    rest.split_once(end).map(|(name, _)| name).filter(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_$.".contains(c))
}

/// What a failed write violates; `None` when it is not the record's fault. A violated primary key
/// has the constraint `PRIMARY`.
fn violation(number: u16, message: &str) -> Option<Violation> {
    let of = |kind, constraint: Option<&str>, column: Option<&str>| {
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        Some(Violation { kind, constraint: constraint.map(last), column: column.map(last) })
    };
    let first_column = || name_after(message, "Column '").or(name_after(message, "Field '"));
    match number {
        1022 | 1062 | 1169 | 1586 | 1859 => {
            of(ViolationKind::Unique, last_name(message, "for key '", '\''), None)
        }
        1216 | 1217 | 1451 | 1452 | 1761 | 1762 => {
            of(ViolationKind::ForeignKey, last_name(message, "CONSTRAINT `", '`'), None)
        }
        1048 | 1263 | 1364 => of(ViolationKind::NotNull, None, first_column()),
        3819 => of(ViolationKind::Check, name_after(message, "Check constraint '"), None),
        4025 => of(ViolationKind::Check, check_of(message), None),
        // A trigger that refuses; its message is free text.
        1644 => of(ViolationKind::Check, None, None),
        1264 | 1265 | 1292 | 1366 | 1406 | 1411 | 1416 | 1426 | 1690 | 3140 | 3156 | 3157
        | 1267 | 1300 | 1367 | 3854 => of(ViolationKind::Value, None, column_at_end(message)),
        // A generated column takes no value; a row that is too large.
        1906 | 3105 | 1118 | 139 => of(ViolationKind::Value, None, None),
        _ => None,
    }
}

/// The column of "… for column 'c' at row 1", or of "… for column `db`.`t`.`c` at row 1". What
/// stands before the last such phrase may be a value.
fn column_at_end(message: &str) -> Option<&str> {
    let plain = message.rfind("for column '");
    let path = message.rfind("for column `");
    if plain > path {
        return last_name(message, "for column '", '\'');
    }
    let (_, rest) = message.rsplit_once("for column `")?;
    let (path, _) = rest.rsplit_once("` at row")?;
    path.rsplit('`').next().filter(|name| is_name(name))
}

/// "CONSTRAINT `positive` failed for `db`.`t`", or "`t.n`" of a column's own check.
fn check_of(message: &str) -> Option<&str> {
    let name = message.strip_prefix("CONSTRAINT `")?.split_once('`')?.0;
    is_name(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_have_names_and_no_values() {
        let unique =
            violation(1062, "Duplicate entry 'for key 'x'-1' for key 'shop.by_code'").unwrap();
        assert_eq!(
            (unique.kind, unique.constraint.as_deref()),
            (ViolationKind::Unique, Some("by_code"))
        );
        let null = violation(1048, "Column 'b' cannot be null").unwrap();
        assert_eq!(null.column.as_deref(), Some("b"));
        let long = violation(
            1366,
            "Incorrect string value: '\\xFF for column 'z'' for column `d`.`t`.`a` at row 1",
        )
        .unwrap();
        assert_eq!(long.column.as_deref(), Some("a"));
        let range = violation(1264, "Out of range value for column 'n' at row 1").unwrap();
        assert_eq!(range.column.as_deref(), Some("n"));
        let check = violation(4025, "CONSTRAINT `positive` failed for `d`.`t`").unwrap();
        assert_eq!(check.constraint.as_deref(), Some("positive"));
        let key = "Cannot add or update a child row: a foreign key constraint fails (`d`.`t`, CONSTRAINT `t_ibfk_1` FOREIGN KEY (`p`) REFERENCES `p` (`id`))";
        assert_eq!(violation(1452, key).unwrap().constraint.as_deref(), Some("t_ibfk_1"));
        assert_eq!(violation(1064, "near 'secret'"), None);
    }

    #[test]
    fn whose_turn_it_is() {
        for (number, kind) in [
            (1045, StoreErrorKind::Denied),
            (1049, StoreErrorKind::NotFound),
            (1213, StoreErrorKind::Conflict),
            (1290, StoreErrorKind::ReadOnly),
            (1114, StoreErrorKind::Full),
            (1927, StoreErrorKind::Unavailable),
        ] {
            let (found, what) = numbered(number, "secret");
            assert_eq!(found, kind);
            assert!(!what.contains("secret"));
        }
    }
}

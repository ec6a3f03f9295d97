//! SQLite's failures as store errors and violations, without values.

use crate::connectors::{StoreError, StoreErrorKind, Violation, ViolationKind, WriteError};

/// Maps a failure to a store error. `location` is the file, for the message.
pub(crate) fn store_error(error: &sqlx::Error, location: &str) -> StoreError {
    use StoreErrorKind as Kind;
    let (kind, what) = match error {
        sqlx::Error::Database(error) => {
            let code = code_of(error.as_ref());
            return coded(code, error.message(), location);
        }
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            (Kind::Full, "no space is left".to_owned())
        }
        sqlx::Error::Io(error) => (Kind::Unavailable, format!("can't be read or written: {error}")),
        sqlx::Error::PoolTimedOut => (Kind::Unavailable, "is busy with other reads".to_owned()),
        _ => (Kind::Internal, "the driver failed".to_owned()),
    };
    StoreError::new(kind, format!("{location}: {what}"))
}

/// Maps a failure of a write: a constraint's is the record's, anything else the store's.
pub(crate) fn write_error(error: &sqlx::Error, location: &str) -> WriteError {
    if let sqlx::Error::Database(database) = error
        && let Some(violation) = violation(code_of(database.as_ref()), database.message())
    {
        return WriteError::Record(violation);
    }
    WriteError::Store(store_error(error, location))
}

/// SQLite's extended result code; 0 when there is none.
pub(super) fn code_of(error: &dyn sqlx::error::DatabaseError) -> i32 {
    error.code().and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn coded(code: i32, message: &str, location: &str) -> StoreError {
    use StoreErrorKind as Kind;
    let (kind, what) = match (code & 0xff, code) {
        (1, _) => {
            let missing = message.starts_with("no such table")
                || message.starts_with("no such column")
                || message.starts_with("no such index");
            let kind = if missing { Kind::NotFound } else { Kind::Query };
            return StoreError::new(kind, format!("{location}: {message}"));
        }
        (3 | 23, _) => (Kind::Denied, "access is refused"),
        (5 | 6, _) => (Kind::Locked, "the database is locked by another process"),
        (8, _) => (Kind::ReadOnly, "the database can't be written"),
        (10, 778 | 4874) => (Kind::Full, "writing failed; the disk or a quota may be full"),
        (10, _) => (Kind::Unavailable, "the file can't be read or written"),
        (11, _) => (Kind::Corrupt, "the database file is damaged"),
        (13, _) => (Kind::Full, "no space is left on the disk"),
        (14, _) => (Kind::Unavailable, "the database file, or one beside it, can't be opened"),
        (17, _) => (Kind::Conflict, "the schema changed meanwhile"),
        (18, _) => (Kind::Query, "a value or statement is larger than SQLite allows"),
        (19, _) => (Kind::Query, "a constraint is violated"),
        (26, _) => (Kind::Corrupt, "the file is not an SQLite database"),
        _ => (Kind::Internal, "SQLite failed"),
    };
    StoreError::new(kind, format!("{location}: {what} (code {code})"))
}

/// What a failed write violates; `None` when it is not the record's fault.
fn violation(code: i32, message: &str) -> Option<Violation> {
    let after = message.split_once(": ").map(|(_, rest)| rest);
    let kind = match code {
        2067 | 1555 | 2579 => ViolationKind::Unique,
        1299 => ViolationKind::NotNull,
        275 => ViolationKind::Check,
        // A trigger that refuses; its message is free text and may hold values.
        1811 => {
            return Some(Violation { kind: ViolationKind::Check, constraint: None, column: None });
        }
        787 => {
            return Some(Violation {
                kind: ViolationKind::ForeignKey,
                constraint: None,
                column: None,
            });
        }
        18 | 20 | 3091 => {
            return Some(Violation { kind: ViolationKind::Value, constraint: None, column: None });
        }
        _ => return None,
    };
    let constraint = after
        .and_then(|text| text.strip_prefix("index '").and_then(|text| text.strip_suffix('\'')))
        .or(after.filter(|text| kind == ViolationKind::Check && is_name(text)));
    let column = after.filter(|_| constraint.is_none() && kind != ViolationKind::Check);
    Some(Violation {
        kind,
        constraint: constraint.map(str::to_owned),
        column: column.map(columns_of),
    })
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// `t.a, t.b` without the table: `a, b`.
fn columns_of(text: &str) -> String {
    let names: Vec<&str> = text
        .split(", ")
        .map(|name| name.split_once('.').map_or(name, |(_, column)| column))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_name_columns_only() {
        let unique = violation(2067, "UNIQUE constraint failed: t.a, t.b").unwrap();
        assert_eq!((unique.kind, unique.column.as_deref()), (ViolationKind::Unique, Some("a, b")));
        let index = violation(2067, "UNIQUE constraint failed: index 'by_code'").unwrap();
        assert_eq!((index.constraint.as_deref(), index.column), (Some("by_code"), None));
        let check = violation(275, "CHECK constraint failed: amount > 0").unwrap();
        assert_eq!((check.kind, check.constraint), (ViolationKind::Check, None));
        assert_eq!(violation(1, "near \"x\": syntax error"), None);
    }

    #[test]
    fn whose_turn_it_is() {
        assert_eq!(coded(1, "no such table: t", "f").kind, StoreErrorKind::NotFound);
        assert_eq!(coded(5, "database is locked", "f").kind, StoreErrorKind::Locked);
        assert_eq!(coded(26, "", "f").kind, StoreErrorKind::Corrupt);
        assert_eq!(coded(778, "", "f").kind, StoreErrorKind::Full);
        assert_eq!(coded(1032, "", "f").kind, StoreErrorKind::ReadOnly);
    }
}

//! The driver's failures as ours: by code, never by what the server says, which may hold values.

use mongodb::bson::Document;
use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::connectors::{StoreError, StoreErrorKind, Violation, ViolationKind};

/// The code of a failure that the server told, and its name there.
fn code_of(error: &Error) -> Option<(i32, String)> {
    match error.kind.as_ref() {
        ErrorKind::Command(error) => Some((error.code, error.code_name.clone())),
        ErrorKind::Write(WriteFailure::WriteError(error)) => {
            Some((error.code, error.code_name.clone().unwrap_or_default()))
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => {
            Some((error.code, error.code_name.clone()))
        }
        _ => None,
    }
}

/// Whether the server told this code.
pub(super) fn is_code(error: &Error, codes: &[i32]) -> bool {
    code_of(error).is_some_and(|(code, _)| codes.contains(&code))
}

/// Whether a cursor is lost and the same read may go on from where it stands.
pub(super) fn is_lost_cursor(error: &Error) -> bool {
    const LOST: [i32; 4] = [43, 175, 237, 239];
    match error.kind.as_ref() {
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => true,
        _ => code_of(error).is_some_and(|(code, _)| LOST.contains(&code) || is_state(code)),
    }
}

/// Whether a code says that the server is not the primary, or is going away.
fn is_state(code: i32) -> bool {
    const STATES: [i32; 10] = [91, 189, 10107, 11600, 11602, 13435, 13436, 10058, 6, 7];
    STATES.contains(&code)
}

/// A failure without values and secrets.
pub(super) fn store_error(error: &Error, location: &str) -> StoreError {
    use StoreErrorKind::{Denied, Internal, Query, Unavailable, Unsupported};
    if let Some((code, name)) = code_of(error) {
        return of_code(code, &name, location);
    }
    let (kind, message) = match error.kind.as_ref() {
        ErrorKind::Authentication { .. } => (Denied, "user or password are refused"),
        ErrorKind::InvalidTlsConfig { .. } => {
            (Denied, "the TLS settings of the URL can't be used; are its files there and readable?")
        }
        ErrorKind::ServerSelection { message, .. } if tells_of_tls(message) => (
            Denied,
            "TLS was refused: the server's certificate is not trusted or not for this host, or \
             the server speaks no TLS (`tlsCAFile` names the authority)",
        ),
        ErrorKind::DnsResolve { .. } => (Unavailable, "the host's name can't be resolved"),
        ErrorKind::ServerSelection { .. } => {
            (Unavailable, "no server can be reached within the time given to it")
        }
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => {
            (Unavailable, "the connection to the server broke")
        }
        ErrorKind::IncompatibleServer { .. } | ErrorKind::SessionsNotSupported => {
            (Unsupported, "the server is too old; MongoDB 4.4 or later is needed")
        }
        ErrorKind::InvalidArgument { .. } => (
            Query,
            "the driver refuses the URL or a command: are the URL's options right, user and \
             password percent-encoded?",
        ),
        ErrorKind::InvalidResponse { .. } | ErrorKind::Bson(_) => {
            (Internal, "the server's answer can't be read")
        }
        _ => (Internal, "the driver failed"),
    };
    StoreError::new(kind, format!("{location}: {message}"))
}

fn tells_of_tls(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["certificate", "tls", "corruptmessage"].iter().any(|word| message.contains(word))
}

/// What a code of the server means.
pub(super) fn of_code(code: i32, name: &str, location: &str) -> StoreError {
    use StoreErrorKind::{
        Conflict, Corrupt, Denied, Full, NotFound, Query, ReadOnly, Unavailable, Unsupported,
    };
    let (kind, message) = match code {
        18 | 8000 => (Denied, "user or password are refused"),
        13 => (Denied, "the user lacks a right that this needs"),
        10107 | 13435 | 10058 => (Unavailable, "the server is not the primary"),
        code if is_state(code) => (Unavailable, "the server is starting, stopping or unreachable"),
        20 | 166 => (ReadOnly, "the server refuses writes"),
        14031 | 39 => (Full, "the server has no space left"),
        112 | 251 | 24 | 246 => (Conflict, "the server gave a write up because of another"),
        64 | 100 => (Unavailable, "the write was not confirmed by enough servers in time"),
        43 | 175 | 237 | 239 => (Unavailable, "the server closed the cursor"),
        50 | 262 => (Query, "the server stopped a command at its time limit"),
        26 => (NotFound, "a collection is not there"),
        27 => (NotFound, "an index is not there"),
        73 => (Query, "the name of a collection or database is not one that the server takes"),
        59 | 115 | 238 | 303 | 40324 | 31002 => {
            (Unsupported, "the server does not have a command, stage or option that this needs")
        }
        292 | 16819 | 16945 | 5_643_013 => {
            (Query, "a pipeline needs more memory than the server gives it")
        }
        22 | 10334 => (Corrupt, "the server can't read or send a document"),
        _ => (Query, "the server refuses a command"),
    };
    // A name is the server's own word for the code; anything else is not shown.
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    let name = if plain { format!(" {name}") } else { String::new() };
    StoreError::new(kind, format!("{location}: {message} (code {code}{name})"))
}

/// What a record violates, by the server's answer to its write; `None` when the code is none that
/// says so of a record.
pub(super) fn violation(error: &Document) -> Option<Violation> {
    let code = error.get("code").and_then(number).unwrap_or_default();
    let text = error.get_str("errmsg").unwrap_or_default();
    let of = |kind| Some(Violation { kind, constraint: None, column: None });
    match code {
        11000 | 11001 | 12582 => {
            let index = index_of(text);
            let keys = error.get_document("keyPattern").ok();
            let column = keys.map(|keys| keys.keys().cloned().collect::<Vec<_>>().join(", "));
            let primary = index.as_deref() == Some("_id_") || column.as_deref() == Some("_id");
            let constraint = index.filter(|_| !primary);
            // The index says more than its fields.
            let column = column.filter(|_| constraint.is_none());
            Some(Violation {
                kind: ViolationKind::Unique,
                column: if primary { Some("_id".to_owned()) } else { column },
                constraint,
            })
        }
        121 => of(ViolationKind::Check),
        // Too large or too deep; a path that ends in a scalar; two paths of which one holds the
        // other; names, values and ids that the server does not take.
        17419 | 17420 | 10334 | 15 | 28 | 40 | 2 | 9 | 14 | 52 | 53 | 54 | 55 | 56 | 57 | 66
        | 16755 | 171 | 17280 | 17261 => of(ViolationKind::Value),
        _ => None,
    }
}

/// A whole number, in whichever type a server sends it.
pub(super) fn number(value: &mongodb::bson::Bson) -> Option<i64> {
    use mongodb::bson::Bson;
    match value {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) if number.fract() == 0.0 => number.to_string().parse().ok(),
        _ => None,
    }
}

/// The index that a duplicate-key message names: `… index: NAME dup key: …`.
fn index_of(text: &str) -> Option<String> {
    let rest = text.split_once(" index: ")?.1;
    let name = rest.split_once(" dup key:").map_or(rest, |(name, _)| name);
    let name = name.split_once(" collation:").map_or(name, |(name, _)| name).trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    #[test]
    fn a_duplicate_names_its_index_and_nothing_of_the_value() {
        let error = doc! {
            "index": 0, "code": 11000,
            "errmsg": "E11000 duplicate key error collection: a.b index: by mail dup key: { mail: \"x index: y\" }",
            "keyPattern": { "mail": 1 }, "keyValue": { "mail": "x index: y" },
        };
        let found = violation(&error).unwrap();
        assert_eq!((found.constraint.as_deref(), found.column.as_deref()), (Some("by mail"), None));
        let error = doc! { "code": 11000, "errmsg": "… index: _id_ dup key: { _id: 1 }" };
        let found = violation(&error).unwrap();
        assert_eq!((found.constraint.as_deref(), found.column.as_deref()), (None, Some("_id")));
    }

    #[test]
    fn codes_say_whose_turn_it_is() {
        let kind = |code| of_code(code, "Name", "mongodb://h/d").kind;
        assert_eq!(kind(18), StoreErrorKind::Denied);
        assert_eq!(kind(13), StoreErrorKind::Denied);
        assert_eq!(kind(10107), StoreErrorKind::Unavailable);
        assert_eq!(kind(14031), StoreErrorKind::Full);
        assert_eq!(kind(112), StoreErrorKind::Conflict);
        assert!(!of_code(1, "secret value", "x").message.contains("secret"));
    }
}

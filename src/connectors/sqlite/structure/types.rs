//! Types and defaults of columns: how they are declared, and read back.

use super::parse::text_of;
use crate::connectors::sqlite::types::declare;
use crate::value::DataType;
use crate::value::structure::{ColumnType, DefaultValue};

/// What a column is declared as. An enum is a text with a check.
pub(super) fn declared(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Portable(data_type) => portable(data_type),
        ColumnType::Enum(_) => "TEXT".to_owned(),
        ColumnType::Native(text) => text.clone(),
    }
}

fn portable(data_type: &DataType) -> String {
    match data_type {
        DataType::Int { bits, signed } => {
            let name = match (bits, signed) {
                (16, _) => "SMALLINT",
                (32, _) => "INT",
                (_, true) => "INTEGER",
                (_, false) => "BIGINT",
            };
            if *signed { name.to_owned() } else { format!("UNSIGNED {name}") }
        }
        DataType::Float { bits: 32 } => "FLOAT".to_owned(),
        other => declare(other),
    }
}

/// The portable type that is declared exactly so; `None` when there is none.
pub(super) fn read(declared: &str) -> Option<DataType> {
    let (name, arguments) = match declared.split_once('(') {
        None => (declared, None),
        Some((name, rest)) => (name, Some(rest.strip_suffix(')')?)),
    };
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let decimal = || {
        let (precision, scale) = arguments?.split_once(',')?;
        Some(DataType::Decimal { precision: Some(number(precision)?), scale: Some(number(scale)?) })
    };
    let int = |bits, signed| DataType::Int { bits, signed };
    let read = match name {
        "" => DataType::Any,
        "BOOLEAN" => DataType::Bool,
        "SMALLINT" => int(16, true),
        "INT" => int(32, true),
        "INTEGER" => DataType::INT64,
        "UNSIGNED SMALLINT" => int(16, false),
        "UNSIGNED INT" => int(32, false),
        "UNSIGNED BIGINT" => int(64, false),
        "FLOAT" => DataType::Float { bits: 32 },
        "REAL" => DataType::FLOAT64,
        "DECIMAL_TEXT" if arguments.is_none() => DataType::DECIMAL,
        "DECIMAL" | "DECIMAL_TEXT" => decimal()?,
        "VARCHAR" => DataType::Text { length: Some(number(arguments?)?) },
        "TEXT" => DataType::TEXT,
        "BLOB" => DataType::Bytes,
        "DATE" => DataType::Date,
        "TIME" => DataType::Time,
        "DATETIME" => DataType::DateTime,
        "TIMESTAMPTZ" => DataType::Timestamp,
        "UUID" => DataType::Uuid,
        "OBJECTID_TEXT" => DataType::ObjectId,
        "JSON" => DataType::Json,
        _ => return None,
    };
    (portable(&read) == declared).then_some(read)
}

/// What takes the place of a type that SQLite does not have.
pub(super) fn replaced(column_type: &ColumnType) -> Option<String> {
    match column_type {
        ColumnType::Enum(definition) => {
            Some(format!("enum `{}` is TEXT with a CHECK of its values", definition.name))
        }
        ColumnType::Portable(data_type @ DataType::Array(_)) => {
            Some(format!("`{data_type}` is JSON"))
        }
        ColumnType::Portable(data_type @ DataType::Int { bits: 64, signed: false }) => {
            Some(format!("`{data_type}` holds no more than 9223372036854775807"))
        }
        ColumnType::Portable(DataType::Text { length: Some(length) }) => Some(format!(
            "the length {length} is checked by what writes through `mapper`, not by SQLite"
        )),
        _ => None,
    }
}

/// Sixteen random bytes as a UUID of version 4.
const UUID: &str = "(lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || \
                    substr(lower(hex(randomblob(2))), 2) || '-' || \
                    substr('89ab', abs(random()) % 4 + 1, 1) || \
                    substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6))))";

/// The present moment in the form in which values of the type are held.
fn now(column_type: &ColumnType) -> &'static str {
    match column_type {
        ColumnType::Portable(DataType::Date) => "(strftime('%Y-%m-%d', 'now'))",
        ColumnType::Portable(DataType::Time) => "(strftime('%H:%M:%f', 'now'))",
        ColumnType::Portable(DataType::DateTime) => "(strftime('%Y-%m-%d %H:%M:%f', 'now'))",
        _ => "(strftime('%Y-%m-%d %H:%M:%fZ', 'now'))",
    }
}

/// What stands after DEFAULT; `None` for an identity.
pub(super) fn default_text(default: &DefaultValue, column_type: &ColumnType) -> Option<String> {
    Some(match default {
        DefaultValue::Identity => return None,
        DefaultValue::Uuid => UUID.to_owned(),
        DefaultValue::Now => now(column_type).to_owned(),
        DefaultValue::Text(text) | DefaultValue::Json(text) => literal(text),
        DefaultValue::Number(digits) => match column_type {
            // As text it keeps its digits.
            ColumnType::Portable(DataType::Decimal { .. })
                if declared(column_type).starts_with("DECIMAL_TEXT") =>
            {
                literal(digits)
            }
            _ => digits.clone(),
        },
        DefaultValue::Boolean(true) => "TRUE".to_owned(),
        DefaultValue::Boolean(false) => "FALSE".to_owned(),
        DefaultValue::Expression(expression) => format!("({expression})"),
    })
}

/// What a default is that stands there so; `None` for null.
pub(super) fn read_default(text: &str, column_type: &ColumnType) -> Option<DefaultValue> {
    if text == UUID {
        return Some(DefaultValue::Uuid);
    }
    if text == now(column_type) {
        return Some(DefaultValue::Now);
    }
    if text.eq_ignore_ascii_case("null") {
        return None;
    }
    if let Some(value) = text_of(text) {
        return Some(match column_type {
            ColumnType::Portable(DataType::Json) => DefaultValue::Json(value),
            ColumnType::Portable(DataType::Decimal { .. }) if is_number(&value) => {
                DefaultValue::Number(value)
            }
            _ => DefaultValue::Text(value),
        });
    }
    Some(match text {
        _ if text.eq_ignore_ascii_case("true") => DefaultValue::Boolean(true),
        _ if text.eq_ignore_ascii_case("false") => DefaultValue::Boolean(false),
        _ if is_number(text) => DefaultValue::Number(text.to_owned()),
        _ => {
            let inside = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
            let inside = inside.unwrap_or(text).trim();
            // A literal in parentheses is that literal.
            if is_number(inside) || text_of(inside).is_some() {
                return read_default(inside, column_type);
            }
            DefaultValue::Expression(inside.to_owned())
        }
    })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Quotes a text.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

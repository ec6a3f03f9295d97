//! Types and defaults of columns: how they are declared, and read back out of the catalog.

use super::super::codec::quoted;
use super::super::config::Server;
use super::super::types::{Declared, declare, members};
use crate::value::DataType;
use crate::value::structure::{ColumnType, DefaultValue, EnumDefinition};

/// A column's type as the catalog tells it.
pub(super) struct Found<'c> {
    pub(super) name: &'c str,
    /// As it is spelled; `json` where it is kept as text with a check.
    pub(super) declared: &'c str,
    pub(super) charset: Option<&'c str>,
    pub(super) collation: Option<&'c str>,
}

/// What a column is declared as.
pub(super) fn declared(column_type: &ColumnType, server: Server) -> String {
    match column_type {
        ColumnType::Portable(data_type) => declare(data_type, None, server),
        ColumnType::Enum(definition) => {
            declare(&DataType::Enum(definition.values.clone()), None, server)
        }
        ColumnType::Native(text) => text.clone(),
    }
}

/// What a column holds. A type that is not exactly what a portable one is declared as is the
/// server's own.
pub(super) fn read(found: &Found<'_>, server: Server) -> ColumnType {
    let Declared { name, first, second, unsigned } = Declared::of(found.declared);
    let exact = found.collation.is_none_or(|collation| collation == server.exact_collation());
    let int = |bits| Some(DataType::Int { bits, signed: !unsigned });
    // How wide a number is shown is no part of it; zeros before it are.
    let plain = !found.declared.contains("zerofill");
    let portable = match (name, first, second) {
        ("bit", Some(1), None) => Some(DataType::Bool),
        ("smallint", ..) if plain => int(16),
        ("int", ..) if plain => int(32),
        ("bigint", ..) if plain => int(64),
        ("float", None, None) if !unsigned => Some(DataType::Float { bits: 32 }),
        ("double", None, None) if !unsigned => Some(DataType::FLOAT64),
        ("decimal", Some(65), Some(30)) if !unsigned => Some(DataType::DECIMAL),
        ("decimal", Some(precision), Some(scale)) if !unsigned && plain => {
            Some(DataType::Decimal { precision: Some(precision), scale: Some(scale) })
        }
        ("varchar", Some(length), None) if exact => Some(DataType::Text { length: Some(length) }),
        ("longtext", None, None) if exact => Some(DataType::TEXT),
        ("longblob", None, None) => Some(DataType::Bytes),
        ("date", None, None) => Some(DataType::Date),
        ("time", Some(6), None) => Some(DataType::Time),
        ("datetime", Some(6), None) => Some(DataType::DateTime),
        ("timestamp", Some(6), None) => Some(DataType::Timestamp),
        ("uuid", None, None) => Some(DataType::Uuid),
        ("char", Some(36), None) if exact && !server.has_uuid() => Some(DataType::Uuid),
        ("char", Some(24), None) if exact => Some(DataType::ObjectId),
        ("json", None, None) => Some(DataType::Json),
        ("enum", ..) if exact => {
            let values = members(found.declared);
            // The type has no name of its own.
            return ColumnType::Enum(EnumDefinition { name: found.name.to_owned(), values });
        }
        _ => None,
    };
    match portable {
        Some(data_type) => ColumnType::Portable(data_type),
        None => ColumnType::Native(match (found.charset, found.collation) {
            (Some(charset), Some(collation)) => {
                format!("{} CHARACTER SET {charset} COLLATE {collation}", found.declared)
            }
            _ => found.declared.to_owned(),
        }),
    }
}

/// What takes the place of a type that the server does not have.
pub(super) fn replaced(column_type: &ColumnType, server: Server) -> Option<String> {
    let declared = || {
        let text = declared(column_type, server);
        text.split(" CHARACTER SET").next().unwrap_or_default().to_owned()
    };
    match column_type {
        ColumnType::Enum(definition) => {
            Some(format!("enum `{}` is an ENUM of the column", definition.name))
        }
        ColumnType::Portable(
            data_type @ (DataType::Any
            | DataType::Bool
            | DataType::Array(_)
            | DataType::ObjectId
            | DataType::Decimal { precision: None, .. }),
        ) => Some(format!("`{data_type}` is {}", declared())),
        ColumnType::Portable(data_type @ DataType::Uuid) if !server.has_uuid() => {
            Some(format!("`{data_type}` is {}", declared()))
        }
        ColumnType::Portable(data_type @ DataType::Text { length: Some(length) })
            if *length > 16_000 =>
        {
            Some(format!("`{data_type}` is {}", declared()))
        }
        ColumnType::Portable(data_type @ DataType::Timestamp) => {
            Some(format!("`{data_type}` ends in the year 2038, or 2106"))
        }
        ColumnType::Portable(DataType::Json) if server.mariadb => {
            Some("`json` is LONGTEXT with a check that it is JSON".to_owned())
        }
        _ => None,
    }
}

fn now(column_type: &ColumnType) -> &'static str {
    match column_type {
        ColumnType::Portable(DataType::Date) => "(curdate())",
        ColumnType::Portable(DataType::Time) => "(curtime(6))",
        _ => "current_timestamp(6)",
    }
}

/// What stands after DEFAULT; `None` for an identity.
pub(super) fn default_text(
    default: &DefaultValue,
    column_type: &ColumnType,
    server: Server,
) -> Option<String> {
    // MySQL takes only expressions for types without a bound.
    let unbounded = !server.mariadb
        && matches!(
            column_type,
            ColumnType::Portable(
                DataType::Text { length: None } | DataType::Json | DataType::Bytes
            )
        );
    let literal = |text: &str| {
        if unbounded { format!("({})", quoted(text)) } else { quoted(text) }
    };
    Some(match default {
        DefaultValue::Identity => return None,
        DefaultValue::Uuid => "(uuid())".to_owned(),
        DefaultValue::Now => now(column_type).to_owned(),
        DefaultValue::Text(text) | DefaultValue::Json(text) => literal(text),
        DefaultValue::Number(digits) => digits.clone(),
        DefaultValue::Boolean(value) => format!("b'{}'", u8::from(*value)),
        DefaultValue::Expression(expression) => format!("({expression})"),
    })
}

/// What a default is that the catalog spells so; `None` for null. `computed` says that MySQL, which
/// leaves quotes out, tells an expression.
pub(super) fn read_default(
    text: &str,
    column_type: &ColumnType,
    server: Server,
    computed: bool,
) -> Option<DefaultValue> {
    let of_text = |text: String| match column_type {
        ColumnType::Portable(DataType::Json) => DefaultValue::Json(text),
        ColumnType::Portable(
            DataType::Int { .. } | DataType::Float { .. } | DataType::Decimal { .. },
        ) => DefaultValue::Number(text),
        _ => DefaultValue::Text(text),
    };
    let lower = text.to_ascii_lowercase();
    let plain = lower.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(&lower);
    if plain == "uuid()" {
        return Some(DefaultValue::Uuid);
    }
    if plain == now(column_type) || format!("({plain})") == now(column_type) {
        return Some(DefaultValue::Now);
    }
    match lower.as_str() {
        "null" if server.mariadb => return None,
        "b'1'" => return Some(DefaultValue::Boolean(true)),
        "b'0'" => return Some(DefaultValue::Boolean(false)),
        _ => {}
    }
    if !server.mariadb && !computed {
        return Some(of_text(text.to_owned()));
    }
    if let Some(literal) = literal(text) {
        return Some(of_text(literal));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Some(if is_number {
        DefaultValue::Number(text.to_owned())
    } else {
        DefaultValue::Expression(text.to_owned())
    })
}

/// What a text literal says; `None` when it is more than one.
fn literal(text: &str) -> Option<String> {
    let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut value = String::new();
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' if characters.next() == Some('\'') => value.push('\''),
            '\'' => return None,
            '\\' => value.push(match characters.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                other => other,
            }),
            other => value.push(other),
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_read() {
        let server = Server { mariadb: true, version: (10, 11), packet: 1 };
        let of = |text: &str, data_type| {
            read_default(text, &ColumnType::Portable(data_type), server, false)
        };
        assert_eq!(of("'it''s'", DataType::TEXT), Some(DefaultValue::Text("it's".into())));
        assert_eq!(of("NULL", DataType::TEXT), None);
        assert_eq!(of("-7", DataType::INT64), Some(DefaultValue::Number("-7".into())));
        assert_eq!(of("uuid()", DataType::Uuid), Some(DefaultValue::Uuid));
        assert_eq!(of("current_timestamp(6)", DataType::Timestamp), Some(DefaultValue::Now));
        assert_eq!(of("curdate()", DataType::Date), Some(DefaultValue::Now));
        assert_eq!(of("b'1'", DataType::Bool), Some(DefaultValue::Boolean(true)));
        assert_eq!(
            of("concat('a','b')", DataType::TEXT),
            Some(DefaultValue::Expression("concat('a','b')".into()))
        );
    }
}

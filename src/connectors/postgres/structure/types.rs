//! Types and defaults of columns: how they are declared, and read back out of the catalog.

use crate::connectors::postgres::name::{Name, literal};
use crate::value::DataType;
use crate::value::structure::{ColumnType, DefaultValue};

/// What a column is declared as.
pub(super) fn declared(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Portable(data_type) => portable(data_type),
        ColumnType::Enum(definition) => Name::parse(&definition.name).to_string(),
        ColumnType::Native(text) => text.clone(),
    }
}

/// A portable type as the catalog spells it.
fn portable(data_type: &DataType) -> String {
    match data_type {
        DataType::Any | DataType::Enum(_) => "text".to_owned(),
        DataType::Bool => "boolean".to_owned(),
        DataType::Int { bits: 16, signed: true } => "smallint".to_owned(),
        DataType::Int { bits: 32, signed: true } | DataType::Int { bits: 16, signed: false } => {
            "integer".to_owned()
        }
        DataType::Int { bits: 64, signed: false } => "numeric(20,0)".to_owned(),
        DataType::Int { .. } => "bigint".to_owned(),
        DataType::Float { bits: 32 } => "real".to_owned(),
        DataType::Float { .. } => "double precision".to_owned(),
        DataType::Decimal { precision: Some(precision), scale } => {
            format!("numeric({precision},{})", scale.unwrap_or(0))
        }
        DataType::Decimal { .. } => "numeric".to_owned(),
        DataType::Text { length: Some(length) } => format!("character varying({length})"),
        DataType::Text { length: None } => "text".to_owned(),
        DataType::Bytes => "bytea".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::Time => "time without time zone".to_owned(),
        DataType::DateTime => "timestamp without time zone".to_owned(),
        DataType::Timestamp => "timestamp with time zone".to_owned(),
        DataType::Uuid => "uuid".to_owned(),
        DataType::ObjectId => "character varying(24)".to_owned(),
        DataType::Json => "jsonb".to_owned(),
        DataType::Array(element) => match element.as_ref() {
            // Arrays have no fixed number of dimensions.
            DataType::Array(_) => portable(element),
            DataType::Any => "jsonb".to_owned(),
            element => format!("{}[]", portable(element)),
        },
    }
}

/// The portable type that is spelled so; `None` when none is exactly that.
pub(super) fn read(spelled: &str) -> Option<DataType> {
    if let Some(element) = spelled.strip_suffix("[]") {
        return Some(DataType::Array(Box::new(read(element)?)));
    }
    let (name, arguments) = match spelled.split_once('(') {
        None => (spelled, None),
        Some((name, rest)) => (name, Some(rest.strip_suffix(')')?)),
    };
    Some(match (name, arguments) {
        ("boolean", None) => DataType::Bool,
        ("smallint", None) => DataType::Int { bits: 16, signed: true },
        ("integer", None) => DataType::Int { bits: 32, signed: true },
        ("bigint", None) => DataType::INT64,
        ("real", None) => DataType::Float { bits: 32 },
        ("double precision", None) => DataType::FLOAT64,
        ("numeric", None) => DataType::DECIMAL,
        ("numeric", Some(arguments)) => {
            let (precision, scale) = arguments.split_once(',')?;
            DataType::Decimal {
                precision: Some(precision.parse().ok()?),
                // One below zero is PostgreSQL's own.
                scale: Some(scale.parse().ok()?),
            }
        }
        ("character varying", Some(length)) => {
            DataType::Text { length: Some(length.parse().ok()?) }
        }
        ("text", None) => DataType::TEXT,
        ("bytea", None) => DataType::Bytes,
        ("date", None) => DataType::Date,
        ("time without time zone", None) => DataType::Time,
        ("timestamp without time zone", None) => DataType::DateTime,
        ("timestamp with time zone", None) => DataType::Timestamp,
        ("uuid", None) => DataType::Uuid,
        ("jsonb", None) => DataType::Json,
        _ => return None,
    })
}

/// What takes the place of a type that PostgreSQL does not have.
pub(super) fn replaced(column_type: &ColumnType) -> Option<String> {
    let ColumnType::Portable(data_type) = column_type else { return None };
    let kept = portable(data_type);
    (read(&kept).as_ref() != Some(data_type)).then(|| format!("`{data_type}` is {kept}"))
}

/// What makes a UUID: built in from version 13 on, of the extension `uuid-ossp` before.
pub(super) fn uuid_function(version: u32) -> &'static str {
    if version < 130_000 { "uuid_generate_v4()" } else { "gen_random_uuid()" }
}

/// What stands after DEFAULT; `None` for an identity.
pub(super) fn default_text(default: &DefaultValue, version: u32) -> Option<String> {
    Some(match default {
        DefaultValue::Identity => return None,
        DefaultValue::Uuid => uuid_function(version).to_owned(),
        DefaultValue::Now => "now()".to_owned(),
        DefaultValue::Text(text) | DefaultValue::Json(text) => literal(text),
        DefaultValue::Number(digits) => digits.clone(),
        DefaultValue::Boolean(value) => value.to_string(),
        DefaultValue::Expression(expression) => expression.clone(),
    })
}

/// What a default is that the catalog spells so. `base` is the column's type without arguments.
pub(super) fn read_default(text: &str, column_type: &ColumnType, base: &str) -> DefaultValue {
    match text {
        "gen_random_uuid()" | "uuid_generate_v4()" => return DefaultValue::Uuid,
        "now()" => return DefaultValue::Now,
        "true" => return DefaultValue::Boolean(true),
        "false" => return DefaultValue::Boolean(false),
        _ if is_number(text) => return DefaultValue::Number(text.to_owned()),
        _ => {}
    }
    let expression = || DefaultValue::Expression(text.to_owned());
    let Some((value, cast)) = quoted(text) else { return expression() };
    let is_numeric = matches!(
        column_type,
        ColumnType::Portable(
            DataType::Int { .. } | DataType::Float { .. } | DataType::Decimal { .. }
        )
    );
    if is_numeric && is_number(&value) && read(cast).is_some() {
        return DefaultValue::Number(value);
    }
    if cast != base {
        return expression();
    }
    match column_type {
        ColumnType::Portable(DataType::Json) => DefaultValue::Json(value),
        _ => DefaultValue::Text(value),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}

/// `'it''s'::text` as its value and its type; `None` for anything else.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => {
                let cast = after.strip_prefix("::")?;
                // More than a cast is an expression.
                let is_type = cast.chars().all(|c| c.is_alphanumeric() || "_ \".[]".contains(c));
                return is_type.then_some((value, cast));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portable_types_are_read_back() {
        for data_type in [
            DataType::Bool,
            DataType::Int { bits: 16, signed: true },
            DataType::INT64,
            DataType::Float { bits: 32 },
            DataType::DECIMAL,
            DataType::Decimal { precision: Some(12), scale: Some(2) },
            DataType::Text { length: Some(9) },
            DataType::Time,
            DataType::Timestamp,
            DataType::Json,
            DataType::Array(Box::new(DataType::Text { length: Some(3) })),
        ] {
            assert_eq!(read(&portable(&data_type)).as_ref(), Some(&data_type));
            assert_eq!(replaced(&ColumnType::Portable(data_type)), None);
        }
        for native in ["json", "timestamp(3) with time zone", "numeric(5,-2)", "character(4)"] {
            assert_eq!(read(native), None, "{native}");
        }
        let unsigned = ColumnType::Portable(DataType::Int { bits: 64, signed: false });
        assert_eq!(replaced(&unsigned).unwrap(), "`unsigned(64)` is numeric(20,0)");
    }

    #[test]
    fn defaults_are_recognised_where_they_are_clear() {
        let of = |text: &str, data_type: DataType, base: &str| {
            read_default(text, &ColumnType::Portable(data_type), base)
        };
        let text = |text: &str| DefaultValue::Text(text.into());
        assert_eq!(of("'it''s'::text", DataType::TEXT, "text"), text("it's"));
        assert_eq!(
            of("'a'::character varying", DataType::Text { length: Some(9) }, "character varying"),
            text("a")
        );
        assert_eq!(of("0.00", DataType::DECIMAL, "numeric"), DefaultValue::Number("0.00".into()));
        assert_eq!(
            of("'-1'::integer", DataType::INT64, "bigint"),
            DefaultValue::Number("-1".into())
        );
        assert_eq!(of("'{}'::jsonb", DataType::Json, "jsonb"), DefaultValue::Json("{}".into()));
        for expression in ["('a'::text || 'b'::text)", "'a'::text || 'b'::text", "CURRENT_DATE"] {
            let default = of(expression, DataType::TEXT, "text");
            assert_eq!(default, DefaultValue::Expression(expression.into()));
        }
        let other = of("'2020'::text", DataType::Date, "date");
        assert_eq!(other, DefaultValue::Expression("'2020'::text".into()));
    }
}

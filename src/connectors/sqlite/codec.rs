//! Values into SQLite's five storage classes and back.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use sqlx::sqlite::{SqliteArguments, SqliteRow, SqliteValueRef};
use sqlx::{Arguments as _, Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use super::types::{Affinity, ColumnType, FLOAT_DIGITS, held_as_number};
use crate::connectors::Policies;
use crate::value::extended_json::{parse_plain, to_plain_text};
use crate::value::{DataType, Decimal, Value, time};

/// A stored text is not UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BadText;

/// A stored value as SQLite has it; what pages are bounded by.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Raw {
    Null,
    Int(i64),
    /// The bits of a float, so that all of them come back.
    Real(u64),
    Text(String),
    Blob(Vec<u8>),
    /// Text that is not UTF-8.
    BadText(Vec<u8>),
}

/// Reads one stored value as it is.
pub(crate) fn raw(row: &SqliteRow, index: usize) -> Raw {
    let Ok(value) = row.try_get_raw(index) else { return Raw::Null };
    if value.is_null() {
        return Raw::Null;
    }
    let class = value.type_info().name().as_bytes().first().copied();
    match class {
        Some(b'I') => <i64 as Decode<Sqlite>>::decode(value).map_or(Raw::Null, Raw::Int),
        Some(b'R') => <f64 as Decode<Sqlite>>::decode(value)
            .map_or(Raw::Null, |value| Raw::Real(value.to_bits())),
        Some(b'T') => {
            let bytes = bytes_of(value);
            String::from_utf8(bytes.to_vec())
                .map_or_else(|error| Raw::BadText(error.into_bytes()), Raw::Text)
        }
        _ => Raw::Blob(bytes_of(value).to_vec()),
    }
}

fn bytes_of(value: SqliteValueRef<'_>) -> &[u8] {
    <&[u8] as Decode<Sqlite>>::decode(value).unwrap_or_default()
}

/// Binds a stored value, and gives the SQL that stands for it.
pub(crate) fn bind_raw(arguments: &mut SqliteArguments, value: &Raw) -> &'static str {
    match value {
        Raw::Null => put(arguments, None::<i64>),
        Raw::Int(value) => put(arguments, *value),
        Raw::Real(bits) => put(arguments, f64::from_bits(*bits)),
        Raw::Text(text) => put(arguments, text.clone()),
        Raw::Blob(bytes) => put(arguments, bytes.clone()),
        Raw::BadText(bytes) => {
            put(arguments, bytes.clone());
            return "CAST(? AS TEXT)";
        }
    }
    "?"
}

fn put<'t, T: sqlx::Encode<'t, Sqlite> + sqlx::Type<Sqlite>>(
    arguments: &mut SqliteArguments,
    value: T,
) {
    // Encoding into a list in memory has no way to fail.
    let _ = arguments.add(value);
}

/// Reads one value as its column's type says. What does not have that form stays what it is: text
/// stays text, a number a number.
pub(crate) fn decode(
    row: &SqliteRow,
    index: usize,
    column: &ColumnType,
    policies: &Policies,
) -> Result<Value, BadText> {
    let Ok(value) = row.try_get_raw(index) else { return Ok(Value::Null) };
    if value.is_null() {
        return Ok(Value::Null);
    }
    let class = value.type_info().name().as_bytes().first().copied();
    Ok(match class {
        Some(b'I') => {
            let number = <i64 as Decode<Sqlite>>::decode(value).map_err(|_| BadText)?;
            decode_int(number, column, policies)
        }
        Some(b'R') => {
            let number = <f64 as Decode<Sqlite>>::decode(value).map_err(|_| BadText)?;
            decode_real(number, column)
        }
        Some(b'T') => {
            let text = <&str as Decode<Sqlite>>::decode(value).map_err(|_| BadText)?;
            decode_text(text, column, policies)
        }
        _ => Value::Bytes(Arc::from(bytes_of(value))),
    })
}

fn decode_int(number: i64, column: &ColumnType, policies: &Policies) -> Value {
    match &column.data_type {
        DataType::Bool => match number {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            _ => boolean(&number.to_string(), policies).unwrap_or(Value::Int(number)),
        },
        DataType::Decimal { scale, .. } => rescale(&BigDecimal::from(number), *scale),
        _ => Value::Int(number),
    }
}

fn decode_real(number: f64, column: &ColumnType) -> Value {
    match &column.data_type {
        DataType::Decimal { scale, .. } => match Decimal::from_value(&Value::Float(number)) {
            Some(decimal) => rescale(decimal.number(), *scale),
            None => Value::Float(number),
        },
        _ => Value::Float(number),
    }
}

fn decode_text(text: &str, column: &ColumnType, policies: &Policies) -> Value {
    let typed = match &column.data_type {
        DataType::Text { .. } | DataType::Any => None,
        DataType::Date => time::parse_date(text).filter(|_| text.len() == 10).map(Value::Date),
        DataType::Time => time::parse_time(text).map(Value::Time),
        DataType::DateTime | DataType::Timestamp => time::parse_date_time(text)
            .map(Value::DateTime)
            .or_else(|| time::parse_timestamp(text).map(Value::Timestamp)),
        DataType::Uuid if text.len() == 36 && is_one_case(text) => {
            uuid::Uuid::try_parse(text).ok().map(Value::Uuid)
        }
        DataType::ObjectId if is_one_case(text) => text.parse().ok().map(Value::ObjectId),
        DataType::Json => parse_plain(text).ok(),
        DataType::Decimal { .. } => text.parse().ok().map(Value::Decimal),
        DataType::Bool => boolean(text, policies),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::Text(Arc::from(text)))
}

/// Whether hexadecimal digits are all lower-case or all upper-case: the spellings that are looked
/// for when an id is.
fn is_one_case(text: &str) -> bool {
    !(text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// The truth value that the connection's policy gives a text.
fn boolean(text: &str, policies: &Policies) -> Option<Value> {
    let (yes, no) = policies.booleans.as_ref()?;
    let is = |texts: &[String]| texts.iter().any(|known| known == text);
    if is(yes) {
        Some(Value::Bool(true))
    } else if is(no) {
        Some(Value::Bool(false))
    } else {
        None
    }
}

/// A decimal with its column's scale, or without trailing zeros when the column has none. Digits
/// beyond the scale are kept.
pub(super) fn rescale(number: &BigDecimal, scale: Option<u32>) -> Value {
    let number = number.normalized();
    let scale = scale.map_or(0, i64::from).max(number.fractional_digit_count());
    Value::Decimal(Decimal::new(number.with_scale(scale)))
}

/// Significant decimal digits.
pub(super) fn digits(number: &BigDecimal) -> u64 {
    number.normalized().digits()
}

/// Binds a value for a column.
///
/// # Errors
/// When the column can't hold it exactly; says what is wrong, without the value.
pub(crate) fn bind(
    arguments: &mut SqliteArguments,
    value: &Value,
    column: &ColumnType,
) -> Result<(), &'static str> {
    if matches!(column.data_type, DataType::Json) && !value.is_absent() {
        let text = to_plain_text(value).map_err(|_| "has no counterpart in JSON")?;
        put(arguments, text);
        return Ok(());
    }
    match value {
        Value::Missing | Value::Null => put(arguments, None::<i64>),
        Value::Bool(value) => put(arguments, i64::from(*value)),
        Value::Int(value) => put(arguments, *value),
        Value::Float(value) if value.is_nan() => return Err("SQLite holds no NaN"),
        Value::Float(value) => put(arguments, *value),
        Value::Decimal(value) => bind_decimal(arguments, value, column)?,
        Value::Text(text) => {
            if column.affinity != Affinity::Text
                && column.affinity != Affinity::Blob
                && looks_numeric(text)
            {
                return Err("text that looks like a number would be stored as one in this column");
            }
            put(arguments, Arc::clone(text));
        }
        Value::Bytes(bytes) => put(arguments, bytes.to_vec()),
        Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Timestamp(_) => {
            put(arguments, stored_time(value)?);
        }
        Value::Uuid(id) => put(arguments, id.hyphenated().to_string()),
        Value::ObjectId(id) => put(arguments, id.to_string()),
        Value::Array(_) | Value::Object(_) => {
            let text = to_plain_text(value).map_err(|_| "has no counterpart in JSON")?;
            put(arguments, text);
        }
    }
    Ok(())
}

fn bind_decimal(
    arguments: &mut SqliteArguments,
    value: &Decimal,
    column: &ColumnType,
) -> Result<(), &'static str> {
    let as_text = match &column.data_type {
        DataType::Decimal { precision, scale } => !held_as_number(*precision, *scale),
        _ => false,
    };
    if as_text || matches!(column.affinity, Affinity::Text | Affinity::Blob) {
        put(arguments, value.to_string());
    } else if let Some(whole) = value.to_i64() {
        put(arguments, whole);
    } else if digits(value.number()) <= u64::from(FLOAT_DIGITS)
        && let Some(float) = value.to_f64().filter(|float| float.is_finite())
    {
        put(arguments, float);
    } else {
        return Err("has more than 15 significant digits");
    }
    Ok(())
}

/// Dates and times as they are stored: `2024-01-31`, `14:30:00`, `2024-01-31 14:30:00`, and the
/// latter with `Z` for a moment.
pub(super) fn stored_time(value: &Value) -> Result<String, &'static str> {
    use chrono::Datelike as _;
    let year = match value {
        Value::Date(date) => date.year(),
        Value::DateTime(at) => at.year(),
        Value::Timestamp(at) => at.year(),
        _ => 0,
    };
    if !(0..=9999).contains(&year) {
        return Err("lies outside the years 0 to 9999");
    }
    let local = |at: chrono::NaiveDateTime| {
        format!("{} {}", time::date_text(at.date()), time::time_text(at.time()))
    };
    Ok(match value {
        Value::Date(date) => time::date_text(*date),
        Value::Time(at) => time::time_text(*at),
        Value::DateTime(at) => local(*at),
        Value::Timestamp(at) => format!("{}Z", local(at.naive_utc())),
        _ => return Err("is no time"),
    })
}

/// Whether SQLite would turn the text into a number under a numeric affinity.
fn looks_numeric(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    text.bytes().next().is_some_and(|first| first.is_ascii_digit() || b"+-.".contains(&first))
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(value: &Value, declared: &str) -> bool {
        bind(&mut SqliteArguments::default(), value, &ColumnType::of(declared)).is_err()
    }

    #[test]
    fn what_would_change_is_refused() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        assert!(refused(&Value::Float(f64::NAN), "REAL"));
        assert!(refused(&Value::text("007"), "STRING"));
        assert!(refused(&Value::text(" 1e5"), "INTEGER"));
        assert!(!refused(&Value::text("2024-01-31"), "DATE"));
        assert!(!refused(&Value::text("007"), "VARCHAR(9)"));
        assert!(refused(&decimal("1234567890.1234567"), "NUMERIC"));
        assert!(!refused(&decimal("1234567890.1234567"), "DECIMAL_TEXT(38,10)"));
        assert!(!refused(&decimal("123456789012345678"), "NUMERIC"));
    }

    #[test]
    fn times_are_stored_with_a_blank() {
        let at = time::parse_timestamp("2024-01-31T14:30:00.25Z").unwrap();
        assert_eq!(stored_time(&Value::Timestamp(at)), Ok("2024-01-31 14:30:00.250Z".into()));
        let far = chrono::NaiveDate::from_ymd_opt(12000, 1, 1).unwrap();
        assert!(stored_time(&Value::Date(far)).is_err());
    }

    #[test]
    fn decimals_take_the_scale_of_the_column() {
        let text = |number: &str, scale| match rescale(&number.parse().unwrap(), scale) {
            Value::Decimal(decimal) => decimal.to_string(),
            _ => String::new(),
        };
        assert_eq!(text("3", Some(2)), "3.00");
        assert_eq!(text("1.10", None), "1.1");
        assert_eq!(text("100", None), "100");
        assert_eq!(text("1.234", Some(2)), "1.234");
    }
}

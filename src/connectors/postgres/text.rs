//! Values as the text that PostgreSQL reads them from.

use chrono::{Datelike as _, NaiveDate};

use super::catalog::TableColumn;
use super::decode::{first_day, micros_of, micros_of_day};
use super::encode::Refused;
use super::types::Codec;
use crate::value::extended_json::to_plain_text;
use crate::value::{Decimal, Value, time};

/// The text of a value for a column, which can't be null.
///
/// # Errors
/// When the column can't hold the value.
pub(super) fn text_of(value: &Value, column: &TableColumn) -> Result<String, Refused> {
    text(value, &column.codec)
}

fn text(value: &Value, codec: &Codec) -> Result<String, Refused> {
    Ok(match (codec, value) {
        (Codec::Bool, Value::Bool(value)) => value.to_string(),
        (Codec::Int2 | Codec::Int4 | Codec::Int8, value) => match value {
            Value::Int(value) => value.to_string(),
            Value::Decimal(value) => value.to_i64().ok_or(Refused)?.to_string(),
            _ => return Err(Refused),
        },
        (Codec::Float4 | Codec::Float8, Value::Float(value)) => float(*value),
        (Codec::Float4 | Codec::Float8, Value::Int(value)) => value.to_string(),
        (Codec::Numeric, value) => Decimal::from_value(value).ok_or(Refused)?.to_string(),
        (Codec::Text, Value::Text(text)) => without_nul(text)?,
        (Codec::Text, Value::Uuid(_) | Value::ObjectId(_)) => {
            value.canonical_text().unwrap_or_default().into_owned()
        }
        (Codec::Bytea, Value::Bytes(bytes)) => {
            format!("\\x{}", hex::encode(bytes))
        }
        (Codec::Date, Value::Date(date)) => {
            let (text, era) = day(*date)?;
            format!("{text}{era}")
        }
        (Codec::Time, Value::Time(at)) => {
            micros_of_day(*at).ok_or(Refused)?;
            time::time_text(*at)
        }
        (Codec::Timestamp, Value::DateTime(at)) => {
            micros_of(at.and_utc()).ok_or(Refused)?;
            let (text, era) = day(at.date())?;
            format!("{text} {}{era}", time::time_text(at.time()))
        }
        (Codec::TimestampTz, Value::Timestamp(at)) => {
            micros_of(*at).ok_or(Refused)?;
            let (text, era) = day(at.date_naive())?;
            format!("{text} {}+00{era}", time::time_text(at.time()))
        }
        (Codec::Uuid, Value::Uuid(id)) => id.to_string(),
        (Codec::Json | Codec::Jsonb, value) => to_plain_text(value).map_err(|_| Refused)?,
        (Codec::Array(element, _), Value::Array(values)) => list(values, element)?,
        (Codec::Vector, Value::Array(values)) => {
            let number = |value: &Value| match value {
                Value::Float(number) if number.is_finite() => Ok(number.to_string()),
                Value::Int(number) => Ok(number.to_string()),
                _ => Err(Refused),
            };
            let numbers: Vec<String> = values.iter().map(number).collect::<Result<_, _>>()?;
            format!("[{}]", numbers.join(","))
        }
        // The server reads the text of its own types.
        (Codec::AsText, Value::Array(_) | Value::Object(_)) => return Err(Refused),
        (Codec::AsText, value) => without_nul(&value.canonical_text().unwrap_or_default())?,
        _ => return Err(Refused),
    })
}

fn without_nul(text: &str) -> Result<String, Refused> {
    if text.contains('\0') { Err(Refused) } else { Ok(text.to_owned()) }
}

fn float(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{value:e}")
    }
}

fn day(date: NaiveDate) -> Result<(String, &'static str), Refused> {
    if date < first_day() {
        return Err(Refused);
    }
    let (month, day) = (date.month(), date.day());
    let (year, era) = match date.year() {
        year if year > 0 => (year, ""),
        year => (1 - year, " BC"),
    };
    Ok((format!("{year:04}-{month:02}-{day:02}"), era))
}

fn list(values: &[Value], element: &Codec) -> Result<String, Refused> {
    let mut parts = Vec::with_capacity(values.len());
    for value in values {
        parts.push(match value {
            Value::Missing | Value::Null => "NULL".to_owned(),
            Value::Array(inner) if !matches!(element, Codec::Json | Codec::Jsonb) => {
                list(inner, element)?
            }
            value => quoted(&text(value, element)?),
        });
    }
    Ok(format!("{{{}}}", parts.join(",")))
}

/// An element of a list in its text form.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_before_the_common_era() {
        let date = |year| NaiveDate::from_ymd_opt(year, 3, 15).unwrap();
        assert_eq!(text(&Value::Date(date(-43)), &Codec::Date).unwrap(), "0044-03-15 BC");
        assert_eq!(text(&Value::Date(date(12345)), &Codec::Date).unwrap(), "12345-03-15");
        assert_eq!(text(&Value::Date(date(-4800)), &Codec::Date), Err(Refused));
    }

    #[test]
    fn lists_are_quoted() {
        let codec = Codec::Array(Box::new(Codec::Text), 25);
        let list = Value::array(vec!["a\"b\\".into(), Value::Null, "NULL".into()]);
        assert_eq!(text(&list, &codec).unwrap(), r#"{"a\"b\\",NULL,"NULL"}"#);
    }
}

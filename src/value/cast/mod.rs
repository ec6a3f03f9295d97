//! Conversions: the ones that an author asks for, and the ones that need no asking.
//!
//! [`cast`] is explicit (`cast = "date"`); [`fit`] happens at every target column and never changes
//! content. Both are exact or a [`Problem`].

mod fit;
mod local;
mod number;
mod pattern;

pub use fit::{Fit, can_fit, fit};
pub use local::{from_local, to_local};
pub use pattern::{TimePattern, format_time, parse_time};

use base64::Engine as _;
use chrono::NaiveTime;
use chrono_tz::Tz;

use super::{DataType, Decimal, Problem, Value, extended_json, time};

/// What a conversion may need to know beside the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CastOptions {
    /// The zone that local dates and times are in.
    pub timezone: Option<Tz>,
    /// The texts that are true and those that are false, in place of the usual ones.
    pub booleans: Option<(Vec<String>, Vec<String>)>,
}

/// Converts a value as the author asked. Null and missing stay what they are.
///
/// # Errors
/// Reason `cast` when the value has no exact counterpart, `timezone` when a zone is needed and none
/// is given, `local_time` when a local time is skipped or repeated by a clock change.
pub fn cast(value: Value, to: &DataType, options: &CastOptions) -> Result<Value, Problem> {
    if value.is_absent() {
        return Ok(value);
    }
    let zone = options.timezone;
    match (to, value) {
        (DataType::Any, value) => Ok(value),
        (DataType::Bool, value) => boolean(&value, options),
        (DataType::Int { bits, signed }, value) => {
            let decimal = match &value {
                Value::Bool(truth) => Decimal::from(i64::from(*truth)),
                value => number_of(value, to)?,
            };
            number::to_int(&decimal, *bits, *signed).map_err(as_cast)
        }
        (DataType::Float { bits }, Value::Float(float)) if !float.is_finite() => {
            number::narrow(float, *bits).map_err(as_cast)
        }
        (DataType::Float { bits }, value) => {
            number::to_float(&number_of(&value, to)?, *bits).map_err(as_cast)
        }
        (DataType::Decimal { precision, scale }, value) => {
            let decimal = number_of(&value, to)?;
            number::to_decimal(&decimal, *precision, *scale).map_err(as_cast)
        }
        (DataType::Text { length }, value) => {
            let text = match value {
                Value::Text(_) => value,
                value => Value::text(value.canonical_text().ok_or_else(|| no_way(&value, to))?),
            };
            fit::text_length(text, *length).map_err(as_cast)
        }
        (DataType::Bytes, Value::Bytes(bytes)) => Ok(Value::Bytes(bytes)),
        (DataType::Bytes, Value::Text(text)) => base64::engine::general_purpose::STANDARD
            .decode(text.trim())
            .map(Value::bytes)
            .map_err(|_| not_read("base64", to)),
        (DataType::Date, Value::Date(date)) => Ok(Value::Date(date)),
        (DataType::Date, Value::DateTime(at)) => Ok(Value::Date(at.date())),
        (DataType::Date, Value::Timestamp(at)) => Ok(Value::Date(to_local(at, zone)?.date())),
        (DataType::Time, Value::Time(time)) => Ok(Value::Time(time)),
        (DataType::Time, Value::DateTime(at)) => Ok(Value::Time(at.time())),
        (DataType::Time, Value::Timestamp(at)) => Ok(Value::Time(to_local(at, zone)?.time())),
        (DataType::DateTime, Value::DateTime(at)) => Ok(Value::DateTime(at)),
        (DataType::DateTime, Value::Date(date)) => {
            Ok(Value::DateTime(date.and_time(NaiveTime::MIN)))
        }
        (DataType::DateTime, Value::Timestamp(at)) => Ok(Value::DateTime(to_local(at, zone)?)),
        (DataType::Timestamp, Value::Timestamp(at)) => Ok(Value::Timestamp(at)),
        (DataType::Timestamp, Value::DateTime(at)) => Ok(Value::Timestamp(from_local(at, zone)?)),
        (DataType::Timestamp, Value::Date(date)) => {
            Ok(Value::Timestamp(from_local(date.and_time(NaiveTime::MIN), zone)?))
        }
        (
            DataType::Date | DataType::Time | DataType::DateTime | DataType::Timestamp,
            Value::Text(text),
        ) => cast(moment(text.trim()).ok_or_else(|| not_read("ISO 8601", to))?, to, options),
        (DataType::Uuid, Value::Uuid(id)) => Ok(Value::Uuid(id)),
        (DataType::Uuid, Value::Text(text)) => {
            uuid::Uuid::try_parse(text.trim()).map(Value::Uuid).map_err(|_| not_read("a UUID", to))
        }
        (DataType::ObjectId, Value::ObjectId(id)) => Ok(Value::ObjectId(id)),
        (DataType::ObjectId, Value::Text(text)) => text
            .trim()
            .parse()
            .map(Value::ObjectId)
            .map_err(|_| not_read("24 hexadecimal digits", to)),
        (DataType::Json, Value::Text(text)) => {
            extended_json::parse_plain(&*text).map_err(|_| not_read("JSON", to))
        }
        (DataType::Json, value) => fit(value, to).map_err(as_cast),
        (DataType::Array(element), Value::Array(values)) => {
            let values = values.iter().map(|value| cast(value.clone(), element, options));
            Ok(Value::array(values.collect::<Result<_, _>>()?))
        }
        (DataType::Enum(_), value) => {
            let text = value.canonical_text().ok_or_else(|| no_way(&value, to))?;
            fit(Value::text(text), to).map_err(as_cast)
        }
        (to, value) => Err(no_way(&value, to)),
    }
}

/// Whether some value of one type can be cast to another, for the checker. When not, every cast is
/// a problem.
pub fn can_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Any, Array, Bool, Bytes, Date, DateTime, Decimal, Enum, Float, Int, Json, ObjectId, Text,
        Time, Timestamp, Uuid,
    };
    match (from, to) {
        (Any | Json, _) | (_, Any | Json) => true,
        (Array(from), Array(to)) => can_cast(from, to),
        (Array(_), _) | (_, Array(_)) => false,
        (Text { .. } | Enum(_), _) | (_, Text { .. } | Enum(_)) => true,
        (Bool, Bool | Int { .. }) => true,
        (Int { .. } | Float { .. } | Decimal { .. }, Bool) => true,
        (
            Int { .. } | Float { .. } | Decimal { .. },
            Int { .. } | Float { .. } | Decimal { .. },
        ) => true,
        (Date, Date | DateTime | Timestamp) => true,
        (DateTime | Timestamp, Date | Time | DateTime | Timestamp) => true,
        (Bytes, Bytes) | (Time, Time) | (Uuid, Uuid) | (ObjectId, ObjectId) => true,
        _ => false,
    }
}

/// The number that a value is or spells.
fn number_of(value: &Value, to: &DataType) -> Result<Decimal, Problem> {
    match value {
        Value::Text(text) => text.trim().parse().map_err(|_| not_read("a number", to)),
        value => Decimal::from_value(value).ok_or_else(|| no_way(value, to)),
    }
}

fn boolean(value: &Value, options: &CastOptions) -> Result<Value, Problem> {
    const TRUE: [&str; 5] = ["true", "t", "yes", "y", "1"];
    const FALSE: [&str; 5] = ["false", "f", "no", "n", "0"];
    if let Value::Bool(_) = value {
        return Ok(value.clone());
    }
    let text = match (value, Decimal::from_value(value)) {
        // 1.0 and 1.00 are 1, as integers are.
        (_, Some(number)) => number.number().normalized().to_plain_string(),
        (Value::Text(text), None) => text.trim().to_owned(),
        (value, None) => return Err(no_way(value, &DataType::Bool)),
    };
    let (is_true, is_false) = if let Some((yes, no)) = &options.booleans {
        (yes.contains(&text), no.contains(&text))
    } else {
        let text = text.to_ascii_lowercase();
        (TRUE.contains(&text.as_str()), FALSE.contains(&text.as_str()))
    };
    match (is_true, is_false) {
        (true, false) => Ok(Value::Bool(true)),
        (false, true) => Ok(Value::Bool(false)),
        _ => Err(not_read("one of the words for true and false", &DataType::Bool)),
    }
}

/// The date, time or moment that ISO text spells.
fn moment(text: &str) -> Option<Value> {
    time::parse_date(text)
        .map(Value::Date)
        .or_else(|| time::parse_date_time(text).map(Value::DateTime))
        .or_else(|| time::parse_timestamp(text).map(Value::Timestamp))
        .or_else(|| time::parse_time(text).map(Value::Time))
}

fn as_cast(problem: Problem) -> Problem {
    Problem { reason: "cast".into(), ..problem }
}

fn no_way(value: &Value, to: &DataType) -> Problem {
    Problem::new("cast", format!("{} can't be cast to {to}", value.kind()))
}

fn not_read(form: &str, to: &DataType) -> Problem {
    Problem::new("cast", format!("text that is not {form} can't be cast to {to}"))
}

#[cfg(test)]
mod tests;

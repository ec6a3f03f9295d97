//! Writing: extended JSON for documents, plain JSON for JSON columns and reports.

use std::cell::RefCell;
use std::fmt::Display;

use base64::Engine as _;
use chrono::{DateTime, Datelike as _, NaiveTime, Timelike as _, Utc};
use serde::ser::{Error as _, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use super::wrapper;
use crate::value::{Object, Problem, Value, time};

/// As deep as [`super::parse`] reads.
const DEPTH: usize = 127;

/// Writes a value as relaxed extended JSON, in the form in which documents are stored: every moment
/// as `{"$date": …}` with three digits of milliseconds, so that the text sorts as time does.
///
/// Missing fields are left out; missing elements of lists are null. A datetime is taken as UTC and
/// a date as midnight UTC, as in MongoDB; a time of day is text.
///
/// # Errors
/// Reason `precision` for a moment finer than milliseconds, `wrapper` for an object whose first
/// name would be read as a wrapper, `depth` for nesting that could not be read back.
pub fn to_text(value: &Value) -> Result<String, Problem> {
    let failure = RefCell::new(None);
    let text = serde_json::to_string(&Extended { value, depth: 0, failure: &failure });
    text.map_err(|error| failed(&failure, &error))
}

/// Appends what [`to_text`] gives.
///
/// # Errors
/// As [`to_text`]; what was appended by then is taken back.
pub fn write(into: &mut Vec<u8>, value: &Value) -> Result<(), Problem> {
    let (before, failure) = (into.len(), RefCell::new(None));
    let written =
        serde_json::to_writer(&mut *into, &Extended { value, depth: 0, failure: &failure });
    written.map_err(|error| {
        into.truncate(before);
        failed(&failure, &error)
    })
}

/// Writes a value as plain JSON: decimals as numbers with all their digits, dates and times as ISO
/// text, ids as text, bytes as base64. Missing as in [`to_text`].
///
/// # Errors
/// Reason `number` for a float that is not finite.
pub fn to_plain_text(value: &Value) -> Result<String, Problem> {
    let failure = RefCell::new(None);
    serde_json::to_string(&Plain(value)).map_err(|error| failed(&failure, &error))
}

/// Appends what [`to_plain_text`] gives.
///
/// # Errors
/// As [`to_plain_text`]; what was appended by then is taken back.
pub fn write_plain(into: &mut Vec<u8>, value: &Value) -> Result<(), Problem> {
    let before = into.len();
    append_plain(into, value).map_err(|error| {
        into.truncate(before);
        failed(&RefCell::new(None), &error)
    })
}

fn append_plain(into: &mut Vec<u8>, value: &Value) -> Result<(), serde_json::Error> {
    match value {
        Value::Array(values) => {
            into.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    into.push(b',');
                }
                append_plain(into, value)?;
            }
            into.push(b']');
        }
        Value::Object(object) => {
            into.push(b'{');
            for (index, (name, value)) in present(object).enumerate() {
                if index > 0 {
                    into.push(b',');
                }
                serde_json::to_writer(&mut *into, name)?;
                into.push(b':');
                append_plain(into, value)?;
            }
            into.push(b'}');
        }
        scalar => serde_json::to_writer(into, &Plain(scalar))?,
    }
    Ok(())
}

/// A value that serializes as plain JSON, as [`to_plain_text`] says.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'v>(pub &'v Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Missing | Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Float(value) if value.is_finite() => serializer.serialize_f64(*value),
            Value::Float(_) => Err(S::Error::custom("JSON has no NaN and no infinity")),
            Value::Decimal(value) => value
                .to_string()
                .parse::<serde_json::Number>()
                .map_err(|_| S::Error::custom("the decimal is no JSON number"))?
                .serialize(serializer),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Array(values) => serializer.collect_seq(values.iter().map(Plain)),
            Value::Object(object) => {
                serializer.collect_map(present(object).map(|(name, value)| (name, Plain(value))))
            }
            value => serializer.serialize_str(&value.canonical_text().unwrap_or_default()),
        }
    }
}

fn present(object: &Object) -> impl Iterator<Item = (&str, &Value)> {
    object.iter().filter(|(_, value)| !matches!(value, Value::Missing))
}

fn failed(failure: &RefCell<Option<Problem>>, error: &serde_json::Error) -> Problem {
    failure.take().unwrap_or_else(|| Problem::new("number", error.to_string()))
}

#[derive(Clone, Copy)]
struct Extended<'a> {
    value: &'a Value,
    depth: usize,
    failure: &'a RefCell<Option<Problem>>,
}

impl Serialize for Extended<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let levels = match self.value {
            Value::Array(_) | Value::Object(_) => 1,
            Value::Bytes(_) | Value::Uuid(_) => 2,
            Value::Float(value) if !value.is_finite() => 1,
            Value::Decimal(_) | Value::ObjectId(_) => 1,
            // A moment far off is a number in a wrapper in a wrapper.
            Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) => 2,
            _ => 0,
        };
        if self.depth + levels > DEPTH {
            let message = format!("the value is nested deeper than {DEPTH} levels");
            return Err(self.fail("depth", message));
        }
        match self.value {
            Value::Float(value) if value.is_nan() => wrap(serializer, "$numberDouble", "NaN"),
            Value::Float(value) if value.is_infinite() => {
                let text = if *value > 0.0 { "Infinity" } else { "-Infinity" };
                wrap(serializer, "$numberDouble", text)
            }
            Value::Decimal(value) => wrap(serializer, "$numberDecimal", value),
            Value::Bytes(bytes) => binary(serializer, bytes, "00"),
            Value::Uuid(id) => binary(serializer, id.as_bytes(), "04"),
            Value::ObjectId(id) => wrap(serializer, "$oid", id),
            Value::Date(date) => self.moment(serializer, date.and_time(NaiveTime::MIN).and_utc()),
            Value::DateTime(at) => self.moment(serializer, at.and_utc()),
            Value::Timestamp(at) => self.moment(serializer, *at),
            Value::Time(at) => serializer.serialize_str(&time::time_text(*at)),
            Value::Array(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values.iter() {
                    list.serialize_element(&self.inside(value))?;
                }
                list.end()
            }
            Value::Object(object) => {
                if present(object).next().is_some_and(|(name, _)| wrapper::is_reserved(name)) {
                    let message = "an object whose first name starts with `$` would be read as an \
                                   extended JSON wrapper";
                    return Err(self.fail("wrapper", message));
                }
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in present(object) {
                    map.serialize_entry(name, &self.inside(value))?;
                }
                map.end()
            }
            value => Plain(value).serialize(serializer),
        }
    }
}

impl<'a> Extended<'a> {
    fn inside(&self, value: &'a Value) -> Self {
        Self { value, depth: self.depth + 1, ..*self }
    }

    fn fail<E: serde::ser::Error>(&self, reason: &'static str, message: impl Into<String>) -> E {
        *self.failure.borrow_mut() = Some(Problem::new(reason, message));
        E::custom("")
    }

    fn moment<S: Serializer>(&self, serializer: S, at: DateTime<Utc>) -> Result<S::Ok, S::Error> {
        let nanoseconds = at.nanosecond();
        if !nanoseconds.is_multiple_of(1_000_000) || nanoseconds >= 1_000_000_000 {
            let message = "documents keep milliseconds, and the moment is finer";
            return Err(self.fail("precision", message));
        }
        let mut map = serializer.serialize_map(Some(1))?;
        if (0..=9999).contains(&at.year()) {
            let text = format!(
                "{}T{:02}:{:02}:{:02}.{:03}Z",
                time::date_text(at.date_naive()),
                at.hour(),
                at.minute(),
                at.second(),
                nanoseconds / 1_000_000
            );
            map.serialize_entry("$date", &text)?;
        } else {
            let number = Wrapped("$numberLong", at.timestamp_millis());
            map.serialize_entry("$date", &number)?;
        }
        map.end()
    }
}

fn wrap<S: Serializer>(serializer: S, name: &str, text: impl Display) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, &text.to_string())?;
    map.end()
}

fn binary<S: Serializer>(serializer: S, bytes: &[u8], subtype: &str) -> Result<S::Ok, S::Error> {
    let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("$binary", &Binary { base64: &base64, subtype })?;
    map.end()
}

#[derive(serde::Serialize)]
struct Binary<'a> {
    base64: &'a str,
    #[serde(rename = "subType")]
    subtype: &'a str,
}

struct Wrapped(&'static str, i64);

impl Serialize for Wrapped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        wrap(serializer, self.0, self.1)
    }
}

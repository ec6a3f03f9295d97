//! The `$…` objects of extended JSON, which stand for values that JSON lacks.

use base64::Engine as _;
use chrono::DateTime;

use super::read::{Failure, whole};
use crate::value::{Decimal, Value, time};

/// Whether an object whose first name is this one is a wrapper, or may be one that is not known.
/// A database reference (`$ref`, `$id`) is an ordinary object.
pub(super) fn is_reserved(first: &str) -> bool {
    first.starts_with('$') && first != "$ref"
}

pub(super) fn not_alone() -> Failure {
    Failure::new("wrapper", "a `$…` wrapper has further names beside it")
}

/// The value that a wrapper stands for. Only `$binary` may have a second name.
pub(super) fn read(
    name: &str,
    content: &Value,
    second: Option<(&str, &Value)>,
) -> Result<Value, Failure> {
    let expects = |what| Failure::new("wrapper", format!("`{name}` takes {what}"));
    if second.is_some() && name != "$binary" {
        return Err(not_alone());
    }
    let text = content.as_text();
    match name {
        "$oid" => text
            .and_then(|text| text.parse().ok())
            .map(Value::ObjectId)
            .ok_or_else(|| expects("24 hexadecimal digits")),
        "$date" => match content {
            Value::Int(milliseconds) => DateTime::from_timestamp_millis(*milliseconds),
            Value::Text(text) => time::parse_timestamp(text),
            _ => None,
        }
        .map(Value::Timestamp)
        .ok_or_else(|| expects("a moment of ISO 8601, or milliseconds since 1970")),
        "$numberInt" => text
            .and_then(whole)
            .filter(|number| i32::try_from(*number).is_ok())
            .map(Value::Int)
            .ok_or_else(|| expects("an integer of 32 bits, as text")),
        "$numberLong" => text
            .and_then(whole)
            .map(Value::Int)
            .ok_or_else(|| expects("an integer of 64 bits, as text")),
        "$numberDouble" => match text {
            Some("NaN") => Some(f64::NAN),
            Some("Infinity") => Some(f64::INFINITY),
            Some("-Infinity") => Some(f64::NEG_INFINITY),
            Some(text) => text
                .parse::<Decimal>()
                .ok()
                .and_then(|_| text.parse().ok())
                .filter(|number: &f64| number.is_finite()),
            None => None,
        }
        .map(Value::Float)
        .ok_or_else(|| expects("a number, NaN, Infinity or -Infinity, as text")),
        "$numberDecimal" => text
            .and_then(|text| text.parse().ok())
            .map(Value::Decimal)
            .ok_or_else(|| expects("a finite decimal number, as text")),
        "$uuid" => text
            .and_then(|text| uuid::Uuid::try_parse(text).ok())
            .map(Value::Uuid)
            .ok_or_else(|| expects("a UUID")),
        "$null" if *content == Value::Bool(true) => Ok(Value::Null),
        "$null" => Err(expects("true")),
        "$binary" => {
            let (base64, subtype) = match (content, second) {
                (Value::Text(base64), None) => (Some(&**base64), Some("00")),
                (Value::Text(base64), Some(("$type", subtype))) => {
                    (Some(&**base64), subtype.as_text())
                }
                (Value::Object(parts), None) if parts.len() == 2 => {
                    let part = |name| parts.get(name).and_then(Value::as_text);
                    (part("base64"), part("subType"))
                }
                _ => (None, None),
            };
            let bytes =
                base64.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
            let subtype = subtype
                .filter(|text| text.len() <= 2)
                .and_then(|text| u8::from_str_radix(text, 16).ok());
            match (bytes, subtype) {
                (Some(bytes), Some(subtype)) => binary(&bytes, subtype),
                _ => Err(expects("base64 text, or `base64` and `subType`")),
            }
        }
        _ => Err(Failure::new("wrapper", format!("`{name}` has no counterpart in the data model"))),
    }
}

/// What bytes of a BSON binary subtype are.
fn binary(bytes: &[u8], subtype: u8) -> Result<Value, Failure> {
    match (subtype, uuid::Uuid::from_slice(bytes)) {
        (4, Ok(id)) => Ok(Value::Uuid(id)),
        (3, Ok(_)) => Err(Failure::new(
            "uuid_order",
            "a UUID of binary subtype 3 has an unknown byte order: its writer's driver decides it",
        )),
        _ => Ok(Value::bytes(bytes)),
    }
}

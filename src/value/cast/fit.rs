//! What needs no asking: the same content in the form of the column that takes it.

use super::number;
use crate::value::{DataType, Decimal, Problem, Value, extended_json, time};

/// Makes a value one that a column of this type holds, with the same content. Null and missing
/// stay what they are.
///
/// # Errors
/// Reason `type` for another kind of value, `range` and `precision` for numbers that do not fit,
/// `length` for text that is too long, `enum` for text that is none of the names.
pub fn fit(value: Value, column: &DataType) -> Result<Value, Problem> {
    if value.is_absent() {
        return Ok(value);
    }
    match (column, value) {
        (DataType::Any, value) => Ok(value),
        (DataType::Bool, value @ Value::Bool(_))
        | (DataType::Bytes, value @ Value::Bytes(_))
        | (DataType::Date, value @ Value::Date(_))
        | (DataType::Time, value @ Value::Time(_))
        | (DataType::DateTime, value @ Value::DateTime(_))
        | (DataType::Timestamp, value @ Value::Timestamp(_))
        | (DataType::Uuid, value @ Value::Uuid(_))
        | (DataType::ObjectId, value @ Value::ObjectId(_)) => Ok(value),
        (DataType::Int { bits: 64, signed: true }, value @ Value::Int(_)) => Ok(value),
        (DataType::Int { bits: 32, signed: true }, Value::Int(number))
            if i32::try_from(number).is_ok() =>
        {
            Ok(Value::Int(number))
        }
        (DataType::Float { bits }, Value::Float(float)) => number::narrow(float, *bits),
        (
            DataType::Int { .. } | DataType::Float { .. } | DataType::Decimal { .. },
            value @ (Value::Int(_) | Value::Float(_) | Value::Decimal(_)),
        ) => {
            let number = Decimal::from_value(&value).ok_or_else(|| wrong_type(&value, column))?;
            match column {
                DataType::Int { bits, signed } => number::to_int(&number, *bits, *signed),
                DataType::Float { bits } => number::to_float(&number, *bits),
                DataType::Decimal { precision, scale } => {
                    number::to_decimal(&number, *precision, *scale)
                }
                _ => Err(wrong_type(&value, column)),
            }
        }
        (DataType::Text { length }, value @ Value::Text(_)) => text_length(value, *length),
        (DataType::Text { length }, Value::Uuid(id)) => {
            text_length(Value::from(id.to_string()), *length)
        }
        (DataType::Text { length }, Value::ObjectId(id)) => {
            text_length(Value::from(id.to_string()), *length)
        }
        (DataType::Enum(names), value @ Value::Text(_)) => {
            if value.as_text().is_some_and(|text| names.iter().any(|name| name == text)) {
                Ok(value)
            } else {
                let message = format!("the text is none of {}", names.join(", "));
                Err(Problem::new("enum", message))
            }
        }
        (DataType::Json, value @ Value::Text(_)) => Ok(value),
        (column, Value::Text(text)) => from_text(&text, column),
        (DataType::Json, value) if is_plain_json(&value) => Ok(value),
        (DataType::Json, value) => match extended_json::to_plain_text(&value) {
            Ok(_) => Ok(value),
            Err(problem) => Err(Problem { reason: "type".into(), ..problem }),
        },
        (DataType::Array(element), Value::Array(values)) => {
            let values = values.iter().map(|value| fit(value.clone(), element));
            Ok(Value::array(values.collect::<Result<_, _>>()?))
        }
        (column, value) => Err(wrong_type(&value, column)),
    }
}

/// Whether JSON can be written of a value without a question: nothing in it is a float, which may be
/// infinite.
fn is_plain_json(value: &Value) -> bool {
    match value {
        Value::Float(_) => false,
        Value::Array(values) => values.iter().all(is_plain_json),
        Value::Object(object) => {
            object.json().is_some() || object.iter().all(|(_, value)| is_plain_json(value))
        }
        _ => true,
    }
}

/// Text in a column that is not of text: its ISO form, an id, a name of the enum.
fn from_text(text: &str, column: &DataType) -> Result<Value, Problem> {
    let read = match column {
        DataType::Date => time::parse_date(text).map(Value::Date),
        DataType::Time => time::parse_time(text).map(Value::Time),
        DataType::DateTime => time::parse_date_time(text).map(Value::DateTime),
        DataType::Timestamp => time::parse_timestamp(text).map(Value::Timestamp),
        DataType::Uuid => uuid::Uuid::try_parse(text).ok().map(Value::Uuid),
        DataType::ObjectId => text.parse().ok().map(Value::ObjectId),
        _ => None,
    };
    read.ok_or_else(|| wrong_type(&Value::text(text), column))
}

/// The text, when it is not longer than that many characters.
pub(super) fn text_length(value: Value, length: Option<u32>) -> Result<Value, Problem> {
    if let (Some(most), Some(text)) = (length, value.as_text()) {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if text.len() > most {
            let characters = text.chars().count();
            if characters > most {
                let message = format!("text of {characters} characters does not fit text({most})");
                return Err(Problem::new("length", message));
            }
        }
    }
    Ok(value)
}

fn wrong_type(value: &Value, column: &DataType) -> Problem {
    let message = match value {
        Value::Text(_) => format!("this text does not fit {column}"),
        Value::Float(float) if !float.is_finite() => {
            format!("a float that is not a number does not fit {column}")
        }
        value => format!("{} does not fit {column}", value.kind()),
    };
    Problem::new("type", message)
}

/// Whether values of one type fit a column of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// All do.
    Always,
    /// It depends on the value; the phrase says on what.
    Maybe(&'static str),
    /// None does.
    Never,
}

/// Whether values of type `from` fit a column of type `to`, before any is seen.
pub fn can_fit(from: &DataType, to: &DataType) -> Fit {
    use DataType::{
        Any, Array, Bool, Bytes, Date, DateTime, Decimal, Enum, Float, Int, Json, ObjectId, Text,
        Time, Timestamp, Uuid,
    };
    let when = |always: bool, otherwise| if always { Fit::Always } else { Fit::Maybe(otherwise) };
    match (from, to) {
        (_, Any) => Fit::Always,
        (Any, _) => Fit::Maybe("the kind of value is not known before"),
        (Float { .. }, Json) => Fit::Maybe("JSON has no NaN and no infinity"),
        (Array(element), Json) => can_fit(element, &Json),
        (_, Json) => Fit::Always,
        (Json, _) => Fit::Maybe("the kind of value is not known before"),
        (Int { bits, signed }, Int { bits: to_bits, signed: to_signed }) => when(
            match (signed, to_signed) {
                (true, true) | (false, false) => bits <= to_bits,
                (false, true) => bits < to_bits,
                (true, false) => false,
            },
            "the number may be out of range",
        ),
        (Int { bits, .. }, Float { bits: to_bits }) => {
            let exact = if *to_bits == 64 { *bits <= 32 } else { *bits <= 16 };
            when(exact, "a float can't hold every number of that size")
        }
        (Int { bits, .. }, Decimal { precision, scale }) => {
            let digits = match bits {
                16 => 5,
                32 => 10,
                _ => 20,
            };
            let whole = precision.map(|precision| precision.saturating_sub(scale.unwrap_or(0)));
            when(whole.is_none_or(|whole| whole >= digits), "the number may have too many digits")
        }
        (Float { bits }, Float { bits: to_bits }) => {
            when(bits <= to_bits, "the number may have too many digits")
        }
        (Float { .. }, Int { .. } | Decimal { .. }) => {
            Fit::Maybe("the number may have a fraction or too many digits")
        }
        (Decimal { .. }, Int { .. }) => Fit::Maybe("the number may have a fraction"),
        (Decimal { .. }, Float { .. }) => Fit::Maybe("a float can't hold every decimal"),
        (Decimal { .. }, Decimal { precision: None, .. }) => Fit::Always,
        (
            Decimal { precision, scale },
            Decimal { precision: Some(to_precision), scale: to_scale },
        ) => {
            let (scale, to_scale) = (scale.unwrap_or(0), to_scale.unwrap_or(0));
            let fits = precision.is_some_and(|precision| {
                scale <= to_scale
                    && precision.saturating_sub(scale) <= to_precision.saturating_sub(to_scale)
            });
            when(fits, "the number may have too many digits")
        }
        (Text { length }, Text { length: most }) => when(
            most.is_none_or(|most| length.is_some_and(|length| length <= most)),
            "the text may be too long",
        ),
        (Enum(names), Text { length: most }) => when(
            most.is_none_or(|most| {
                names.iter().all(|name| name.chars().count() <= usize::try_from(most).unwrap_or(0))
            }),
            "the text may be too long",
        ),
        (Uuid, Text { length }) => exact_length(*length, 36),
        (ObjectId, Text { length }) => exact_length(*length, 24),
        (Enum(names), Enum(of)) => when(
            names.iter().all(|name| of.contains(name)),
            "the text may be none of the enum's names",
        ),
        (Text { .. }, Enum(_)) => Fit::Maybe("the text may be none of the enum's names"),
        (Text { .. } | Enum(_), Date | Time | DateTime | Timestamp) => {
            Fit::Maybe("the text must be of the ISO form")
        }
        (Text { .. } | Enum(_), Uuid | ObjectId) => Fit::Maybe("the text must be an id"),
        (Array(from), Array(to)) => match can_fit(from, to) {
            // A list may be empty, and an empty one fits.
            Fit::Never => Fit::Maybe("only an empty list fits"),
            fit => fit,
        },
        (Bool, Bool)
        | (Bytes, Bytes)
        | (Date, Date)
        | (Time, Time)
        | (DateTime, DateTime)
        | (Timestamp, Timestamp)
        | (Uuid, Uuid)
        | (ObjectId, ObjectId) => Fit::Always,
        _ => Fit::Never,
    }
}

fn exact_length(most: Option<u32>, length: u32) -> Fit {
    if most.is_none_or(|most| most >= length) { Fit::Always } else { Fit::Never }
}

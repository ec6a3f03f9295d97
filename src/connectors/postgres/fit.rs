//! What a column of a PostgreSQL table holds exactly.

use chrono::{NaiveDate, Timelike as _};

use super::decode::first_day;
use crate::connectors::{NulPolicy, without_nul};
use crate::value::cast::fit as cast_fit;
use crate::value::extended_json::{parse_plain, to_plain_text};
use crate::value::{Column, DataType, Decimal, Object, Problem, Value};

/// Digits that a numeric without a scale holds after the point.
const MOST_SCALE: i64 = 16_383;

/// Bytes that a `name` holds.
const NAME_BYTES: usize = 63;

/// Makes a value one that the column holds, in the form in which it comes back.
pub(super) fn fit(
    value: Value,
    column: &Column,
    nul: Option<&NulPolicy>,
) -> Result<Value, Problem> {
    fit_type(value, &column.data_type, &column.declared, nul)
}

fn fit_type(
    value: Value,
    data_type: &DataType,
    declared: &str,
    nul: Option<&NulPolicy>,
) -> Result<Value, Problem> {
    if value.is_absent() {
        return Ok(value);
    }
    match data_type {
        DataType::Array(_) if declared == "vector" || declared.starts_with("vector(") => {
            return vector(&value);
        }
        DataType::Array(element) => {
            return array(&value, element, declared.trim_end_matches("[]"), nul);
        }
        DataType::Json if comes_back(&value, declared == "jsonb") => return Ok(value),
        DataType::Json if declared == "jsonb" => return sorted(&through_json(&value)?, nul),
        DataType::Json => return through_json(&value),
        _ => {}
    }
    let value = cast_fit(without_nul(value, nul)?, data_type)?;
    match value {
        Value::Decimal(number) => decimal(number, data_type, declared),
        Value::ObjectId(id) if *data_type == DataType::ObjectId => Ok(Value::from(id.to_string())),
        Value::Text(text) => self::text(Value::Text(text), data_type, declared),
        Value::Date(day) => since(day).map(|()| Value::Date(day)),
        Value::Time(time) => {
            fraction(time.nanosecond(), declared)?;
            Ok(Value::Time(time))
        }
        Value::DateTime(at) => {
            since(at.date())?;
            fraction(at.nanosecond(), declared)?;
            Ok(Value::DateTime(at))
        }
        Value::Timestamp(at) => {
            since(at.date_naive())?;
            fraction(at.nanosecond(), declared)?;
            Ok(Value::Timestamp(at))
        }
        value => Ok(value),
    }
}

fn decimal(number: Decimal, data_type: &DataType, declared: &str) -> Result<Value, Problem> {
    if let DataType::Decimal { scale: Some(scale), .. } = data_type {
        let exact = number.with_scale(*scale).ok_or_else(|| {
            Problem::new("precision", format!("the column holds {scale} digits after the point"))
        })?;
        return Ok(Value::Decimal(exact));
    }
    if number.scale() > MOST_SCALE {
        return Err(Problem::new(
            "precision",
            format!("the column holds {MOST_SCALE} digits after the point"),
        ));
    }
    // numeric(5,-2) holds hundreds.
    if let Some((_, rest)) = declared.split_once(",-") {
        let power = rest.trim_end_matches(')').parse::<i64>().unwrap_or(0);
        if number.number().normalized().fractional_digit_count() > -power {
            return Err(Problem::new("precision", "the column rounds to whole powers of ten"));
        }
        return Ok(Value::Decimal(number.with_scale(0).unwrap_or(number)));
    }
    if *data_type == DataType::DECIMAL && number.number().fractional_digit_count() < 0 {
        return Ok(Value::Decimal(number.with_scale(0).unwrap_or(number)));
    }
    Ok(Value::Decimal(number))
}

fn text(value: Value, data_type: &DataType, declared: &str) -> Result<Value, Problem> {
    let Some(text) = value.as_text() else { return Ok(value) };
    if declared == "name" && text.len() > NAME_BYTES {
        return Err(Problem::new("length", format!("the column holds {NAME_BYTES} bytes")));
    }
    if declared == "\"char\"" && text.len() > 1 {
        return Err(Problem::new("length", "the column holds one byte"));
    }
    if let DataType::Text { length: Some(length) } = data_type
        && declared.starts_with("character(")
    {
        // Padded with blanks, and so it comes back.
        let length = usize::try_from(*length).unwrap_or(0);
        let missing = length.saturating_sub(text.chars().count());
        return Ok(Value::from(format!("{text}{}", " ".repeat(missing))));
    }
    Ok(value)
}

fn since(day: NaiveDate) -> Result<(), Problem> {
    if day < first_day() {
        return Err(Problem::new("range", "the column holds no date before 4713 BC"));
    }
    Ok(())
}

/// `timestamp(3) without time zone` holds milliseconds.
fn fraction(nanosecond: u32, declared: &str) -> Result<(), Problem> {
    let digits = declared
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .and_then(|(digits, _)| digits.parse::<u32>().ok())
        .unwrap_or(6)
        .min(6);
    if nanosecond >= 1_000_000_000 {
        return Err(Problem::new("range", "the column holds no leap second"));
    }
    if !nanosecond.is_multiple_of(10_u32.pow(9 - digits)) {
        return Err(Problem::new(
            "precision",
            format!("the column holds {digits} digits of a second's fraction"),
        ));
    }
    Ok(())
}

fn array(
    value: &Value,
    element: &DataType,
    declared: &str,
    nul: Option<&NulPolicy>,
) -> Result<Value, Problem> {
    let Value::Array(values) = value else {
        let message = format!("{} does not fit array({element})", value.kind());
        return Err(Problem::new("type", message));
    };
    let whole = matches!(element, DataType::Json);
    let mut fitted = Vec::with_capacity(values.len());
    for value in values.iter() {
        fitted.push(match value {
            Value::Missing => Value::Null,
            Value::Array(inner) if !whole => {
                if inner.is_empty() {
                    return Err(Problem::new("array", "the column holds no empty list in a list"));
                }
                array(value, element, declared, nul)?
            }
            value => fit_type(value.clone(), element, declared, nul)?,
        });
    }
    let shape = |value: &Value| match value {
        Value::Array(inner) if !whole => lengths(inner),
        _ => Vec::new(),
    };
    if fitted.windows(2).any(|pair| shape(&pair[0]) != shape(&pair[1])) {
        return Err(Problem::new("array", "the column holds lists in a list of one length only"));
    }
    Ok(Value::array(fitted))
}

/// The numbers of a vector, rounded to short floats, as pgvector does with whatever it gets.
fn vector(value: &Value) -> Result<Value, Problem> {
    let Value::Array(values) = value else {
        let message = format!("{} does not fit a vector", value.kind());
        return Err(Problem::new("type", message));
    };
    let short = |value: &Value| {
        let number = match value {
            Value::Float(number) => Some(*number),
            Value::Int(_) | Value::Decimal(_) => {
                Decimal::from_value(value).and_then(|number| number.to_f64())
            }
            _ => None,
        };
        #[expect(clippy::cast_possible_truncation, reason = "it is rounded")]
        let short = number.map(|number| f64::from(number as f32));
        match short {
            Some(short) if short.is_finite() => Ok(Value::Float(short)),
            Some(_) => Err(Problem::new("range", "a number does not fit a vector")),
            None => {
                let message = format!("{} in a list does not fit a vector", value.kind());
                Err(Problem::new("type", message))
            }
        }
    };
    Ok(Value::array(values.iter().map(short).collect::<Result<_, _>>()?))
}

fn lengths(values: &[Value]) -> Vec<usize> {
    let mut lengths = vec![values.len()];
    if let Some(Value::Array(inner)) = values.first() {
        lengths.extend(self::lengths(inner));
    }
    lengths
}

/// Whether JSON is kept as it is, which is seen without writing it out. What comes out of a JSON
/// column is nearly always of this form.
fn comes_back(value: &Value, jsonb: bool) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) => true,
        // Neither whole nor with an exponent: the shortest digits read as the same float.
        Value::Float(float) => float.fract() != 0.0 && (1e-4..1e15).contains(&float.abs()),
        Value::Text(text) => !text.contains('\0'),
        Value::Array(values) => values.iter().all(|value| comes_back(value, jsonb)),
        // Only what `jsonb` writes is held as text.
        Value::Object(object) if jsonb && object.json().is_some() => true,
        Value::Object(object) => {
            let names = || object.iter().map(|(name, _)| (name.len(), name));
            (!jsonb || names().is_sorted())
                && object
                    .iter()
                    .all(|(name, value)| !name.contains('\0') && comes_back(value, jsonb))
        }
        _ => false,
    }
}

fn through_json(value: &Value) -> Result<Value, Problem> {
    let text =
        to_plain_text(value).map_err(|problem| Problem { reason: "type".into(), ..problem })?;
    parse_plain(text).map_err(|_| Problem::new("value", "the value has no counterpart in JSON"))
}

/// As `jsonb` keeps it: names by length, then by bytes; numbers written out; no NUL.
fn sorted(value: &Value, nul: Option<&NulPolicy>) -> Result<Value, Problem> {
    Ok(match value {
        Value::Text(_) => without_nul(value.clone(), nul)?,
        Value::Float(_) => {
            let plain = Decimal::from_value(value).map(|number| number.to_string());
            plain.and_then(|text| parse_plain(text).ok()).unwrap_or_else(|| value.clone())
        }
        Value::Array(values) => {
            let values = values.iter().map(|value| sorted(value, nul));
            Value::array(values.collect::<Result<_, _>>()?)
        }
        Value::Object(object) => {
            let mut fields = Vec::with_capacity(object.len());
            for (name, value) in object.iter() {
                let name = without_nul(Value::text(name), nul)?;
                let name = name.as_text().unwrap_or_default().to_owned();
                fields.push((name, sorted(value, nul)?));
            }
            fields.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            Value::object(fields.into_iter().collect::<Object>())
        }
        value => value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(data_type: DataType, declared: &str) -> Column {
        Column { declared: declared.into(), ..Column::of(data_type) }
    }

    fn reason(value: Value, column: &Column) -> String {
        fit(value, column, None).unwrap_err().reason.into_owned()
    }

    #[test]
    fn padding_scale_and_fractions() {
        let padded = column(DataType::Text { length: Some(3) }, "character(3)");
        assert_eq!(fit("ä".into(), &padded, None), Ok("ä  ".into()));
        let money =
            column(DataType::Decimal { precision: Some(5), scale: Some(2) }, "numeric(5,2)");
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        assert_eq!(fit(decimal("1.1"), &money, None), Ok(decimal("1.10")));
        let millis = column(DataType::Timestamp, "timestamp(3) with time zone");
        let at = |nanos| Value::Timestamp(chrono::DateTime::from_timestamp(0, nanos).unwrap());
        assert_eq!(fit(at(5_000_000), &millis, None), Ok(at(5_000_000)));
        assert_eq!(reason(at(5_000), &millis), "precision");
        let hundreds = column(DataType::DECIMAL, "numeric(5,-2)");
        assert_eq!(reason(decimal("150"), &hundreds), "precision");
        assert_eq!(fit(decimal("200"), &hundreds, None), Ok(decimal("200")));
    }

    #[test]
    fn jsonb_sorts_and_holds_no_nul() {
        let jsonb = column(DataType::Json, "jsonb");
        let read = |text: &str| parse_plain(text).unwrap();
        let Ok(Value::Object(object)) = fit(read(r#"{"bb":1,"a":1e3}"#), &jsonb, None) else {
            panic!()
        };
        assert_eq!(object.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "bb"]);
        assert_eq!(reason(read(r#"["\u0000"]"#), &jsonb), "nul");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            Just(Value::Missing),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::Float),
            (-1_000_000_i32..1_000_000, 0..9_u8).prop_map(|(digits, scale)| {
                Value::Float(f64::from(digits) / 10_f64.powi(scale.into()))
            }),
            "[a\\x00\"]{0,3}".prop_map(Value::from),
        ];
        scalar.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::array),
                prop::collection::vec(("[ab\\x00]{0,3}", inner), 0..4)
                    .prop_map(|fields| Value::object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_that_comes_back_is_what_writing_it_out_gives(value in any_json()) {
            if comes_back(&value, true) {
                let slowly = through_json(&value).and_then(|value| sorted(&value, None));
                prop_assert_eq!(slowly, Ok(value.clone()));
            }
            if comes_back(&value, false) {
                prop_assert_eq!(through_json(&value), Ok(value));
            }
        }
    }

    #[test]
    fn lists_are_rectangles() {
        let list = column(DataType::Array(Box::new(DataType::INT64)), "bigint[]");
        let inner = |n: usize| Value::array(vec![Value::Int(1); n]);
        assert!(fit(Value::array(vec![inner(2), inner(2)]), &list, None).is_ok());
        assert_eq!(reason(Value::array(vec![inner(2), inner(1)]), &list), "array");
        assert_eq!(reason(Value::array(vec![inner(2), Value::Null]), &list), "array");
    }
}

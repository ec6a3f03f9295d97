//! Rows as extended JSON that loses nothing.
//!
//! MongoDB's form has moments of milliseconds and no dates, times or datetimes without a zone, and
//! takes an object whose first name begins with `$` for something else. Those are written as
//! `{"mapper:date": "2026-01-31"}` and the like; everything else is extended JSON as it is.

use std::sync::Arc;

use chrono::Timelike as _;

use crate::value::{Object, Problem, Value, extended_json, time};

const PREFIX: &str = "mapper:";
const DATE: &str = "mapper:date";
const TIME: &str = "mapper:time";
const DATE_TIME: &str = "mapper:datetime";
const TIMESTAMP: &str = "mapper:timestamp";
const OBJECT: &str = "mapper:object";
const MISSING: &str = "mapper:missing";

/// Appends a value so that [`read`] gives exactly it.
///
/// # Errors
/// When there is no such form: nesting that is too deep, or a year that has no text.
pub fn write(into: &mut Vec<u8>, value: &Value) -> Result<(), Problem> {
    match packed(value)? {
        None => extended_json::write(into, value),
        Some(packed) => extended_json::write(into, &packed),
    }
}

/// The value that was written, from what extended JSON gives; `None` when it is none of ours.
pub fn read(value: Value) -> Option<Value> {
    match value {
        Value::Array(values) => {
            let values = Arc::unwrap_or_clone(values);
            Some(Value::array(values.into_iter().map(read).collect::<Option<_>>()?))
        }
        Value::Object(object) => match object.iter().next() {
            Some((name, content)) if name.starts_with(PREFIX) => unpacked(name, content),
            _ => {
                let fields = object.iter().map(|(name, value)| Some((name, read(value.clone())?)));
                Some(Value::object(fields.collect::<Option<Object>>()?))
            }
        },
        value => Some(value),
    }
}

fn unpacked(name: &str, content: &Value) -> Option<Value> {
    let text = content.as_text();
    match name {
        DATE => text.and_then(time::parse_date).map(Value::Date),
        TIME => text.and_then(time::parse_time).map(Value::Time),
        DATE_TIME => text.and_then(time::parse_date_time).map(Value::DateTime),
        TIMESTAMP => text.and_then(time::parse_timestamp).map(Value::Timestamp),
        MISSING => Some(Value::Missing),
        OBJECT => {
            let fields = content.as_array()?.iter().map(|field| match field.as_array() {
                Some([Value::Text(name), value]) => Some((&**name, read(value.clone())?)),
                _ => None,
            });
            Some(Value::object(fields.collect::<Option<Object>>()?))
        }
        _ => None,
    }
}

/// The value in the form in which it is written; `None` when that is its own.
fn packed(value: &Value) -> Result<Option<Value>, Problem> {
    let form = |name: &str, text: String| {
        let form = wrapped(name, Value::from(text));
        // A year of more or less than four digits may have no text.
        if read(form.clone()).as_ref() == Some(value) {
            Ok(Some(form))
        } else {
            Err(Problem::new("precision", "a date or time has no exact text"))
        }
    };
    match value {
        Value::Missing => Ok(Some(wrapped(MISSING, Value::Bool(true)))),
        Value::Date(date) => form(DATE, time::date_text(*date)),
        Value::Time(at) => form(TIME, time::time_text(*at)),
        Value::DateTime(at) => form(DATE_TIME, time::date_time_text(*at)),
        Value::Timestamp(at) if !at.nanosecond().is_multiple_of(1_000_000) => {
            form(TIMESTAMP, time::timestamp_text(*at))
        }
        Value::Array(values) => {
            let mut all = Vec::new();
            for (place, value) in values.iter().enumerate() {
                if let Some(packed) = packed(value)? {
                    if all.is_empty() {
                        all = values.to_vec();
                    }
                    all[place] = packed;
                }
            }
            Ok((!all.is_empty()).then(|| Value::array(all)))
        }
        Value::Object(object) => {
            let mut fields: Vec<(&str, Value)> = Vec::with_capacity(object.len());
            let mut changed = false;
            for (name, value) in object.iter() {
                let packed = packed(value)?;
                changed |= packed.is_some();
                fields.push((name, packed.unwrap_or_else(|| value.clone())));
            }
            let reserved = |name: &str| name.starts_with('$') || name.starts_with(PREFIX);
            if object.names().next().is_some_and(|name| reserved(name)) {
                let pairs = fields.into_iter();
                let pairs = pairs.map(|(name, value)| Value::array(vec![name.into(), value]));
                return Ok(Some(wrapped(OBJECT, Value::array(pairs.collect()))));
            }
            Ok(changed.then(|| Value::object(fields.into_iter().collect())))
        }
        _ => Ok(None),
    }
}

fn wrapped(name: &str, content: Value) -> Value {
    Value::object([(name, content)].into_iter().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        use chrono::{DateTime, NaiveDate, NaiveTime};
        let seconds = -60_000_000_000_i64..250_000_000_000;
        let moment = (seconds, 0..1_000_000_000_u32);
        let moment =
            moment.prop_map(|(s, n)| DateTime::from_timestamp(s, n / 1000 * 1000).unwrap());
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_filter("equal to itself", |f| !f.is_nan()).prop_map(Value::Float),
            "-?[1-9][0-9]{0,25}(\\.[0-9]{1,9})?".prop_map(|t| Value::Decimal(t.parse().unwrap())),
            "\\PC{0,8}".prop_map(Value::from),
            any::<Vec<u8>>().prop_map(Value::bytes),
            (1..3_000_000_i32)
                .prop_map(|d| Value::Date(NaiveDate::from_num_days_from_ce_opt(d).unwrap())),
            (0..86_400_u32, 0..1_000_000_u32).prop_map(|(s, n)| {
                Value::Time(NaiveTime::from_num_seconds_from_midnight_opt(s, n * 1000).unwrap())
            }),
            moment.clone().prop_map(|at| Value::DateTime(at.naive_utc())),
            moment.prop_map(Value::Timestamp),
        ];
        scalar.prop_recursive(3, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::array),
                prop::collection::vec(("(\\$|mapper:)?[a-z]{0,4}", inner), 0..5)
                    .prop_map(|fields| Value::object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in any_value()) {
            let mut text = Vec::new();
            write(&mut text, &value).unwrap();
            prop_assert_eq!(read(extended_json::parse(&text).unwrap()), Some(value));
        }
    }

    #[test]
    fn what_is_none_of_ours_is_not_read() {
        for text in [r#"{"mapper:date":"soon"}"#, r#"{"mapper:x":1}"#, r#"[{"mapper:object":[1]}]"#]
        {
            assert_eq!(read(extended_json::parse(text).unwrap()), None, "{text}");
        }
    }
}

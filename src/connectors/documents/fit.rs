//! What a document holds exactly.

use std::sync::Arc;

use chrono::{NaiveTime, Timelike as _};

use crate::value::{Object, Problem, Value};

/// Nesting that can be read back.
const DEPTH: usize = 100;
/// Digits of a decimal.
const DIGITS: u64 = 34;

/// Makes a value one that a document holds: dates become midnight UTC. A collection promises no
/// types, so any other kind may stand in any field.
pub(crate) fn fit(value: Value) -> Result<Value, Problem> {
    nested(value, 0)
}

fn nested(value: Value, depth: usize) -> Result<Value, Problem> {
    if depth > DEPTH {
        return Err(Problem::new("depth", format!("the value is nested deeper than {DEPTH}")));
    }
    match value {
        Value::Date(date) => Ok(Value::Timestamp(date.and_time(NaiveTime::MIN).and_utc())),
        Value::Timestamp(at) if at.nanosecond() % 1_000_000 != 0 => {
            Err(Problem::new("precision", "a document holds times to the millisecond"))
        }
        Value::DateTime(_) => Err(Problem::new(
            "timezone",
            "a document holds moments; cast the datetime to a timestamp with its timezone",
        )),
        Value::Time(_) => {
            Err(Problem::new("type", "a document holds no time of day; format it as text"))
        }
        Value::Decimal(number) if number.number().normalized().digits() > DIGITS => {
            Err(Problem::new("precision", format!("a document holds {DIGITS} digits")))
        }
        Value::Array(values) if values.iter().all(is_plain) => Ok(Value::Array(values)),
        Value::Array(values) => {
            let values = Arc::unwrap_or_clone(values);
            let values = values.into_iter().map(|value| nested(value, depth + 1));
            Ok(Value::array(values.collect::<Result<_, _>>()?))
        }
        Value::Object(object) => {
            // A database reference begins with `$ref`.
            let reserved = |name: &Arc<str>| name.starts_with('$') && **name != *"$ref";
            if object.names().next().is_some_and(reserved) {
                return Err(Problem::new("field_name", "a field's name begins with `$`"));
            }
            if object.names().any(|name| name.contains('\0')) {
                return Err(Problem::new("field_name", "a field's name holds a NUL character"));
            }
            if object.iter().all(|(_, value)| is_plain(value)) {
                return Ok(Value::Object(object));
            }
            let fields = Arc::unwrap_or_clone(object).into_iter();
            let mut fitted = Object::with_capacity(fields.len());
            for (name, value) in fields {
                let value = nested(value, depth + 1).map_err(|problem| problem.at(&name))?;
                fitted.insert(name, value);
            }
            Ok(Value::object(fitted))
        }
        value => Ok(value),
    }
}

/// Whether a value needs no look.
fn is_plain(value: &Value) -> bool {
    matches!(
        value,
        Value::Missing
            | Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Uuid(_)
            | Value::ObjectId(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::time;

    #[test]
    fn dates_become_moments_at_any_depth() {
        let date = Value::Date(time::parse_date("2024-01-31").unwrap());
        let midnight = Value::Timestamp(time::parse_timestamp("2024-01-31T00:00:00Z").unwrap());
        let wrap = |value| Value::object([("a", Value::array(vec![value]))].into_iter().collect());
        assert_eq!(fit(wrap(date)), Ok(wrap(midnight)));
    }

    #[test]
    fn what_a_document_can_not_hold() {
        let object = |name: &str| Value::object([(name, Value::Null)].into_iter().collect());
        let refused = |value| fit(value).unwrap_err().reason.into_owned();
        let at = time::parse_timestamp("2024-01-31T00:00:00.000001Z").unwrap();
        assert_eq!(refused(Value::Timestamp(at)), "precision");
        assert_eq!(refused(Value::Time(NaiveTime::MIN)), "type");
        assert_eq!(refused(object("a\0")), "field_name");
        assert_eq!(refused(object("$a")), "field_name");
        assert_eq!(refused(Value::Decimal("1".repeat(35).parse().unwrap())), "precision");
        assert!(fit(object("a.b")).is_ok());
        assert!(fit(object("$ref")).is_ok());
    }
}

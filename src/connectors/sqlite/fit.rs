//! What a column of an SQLite table holds exactly.

use super::codec::{digits, rescale, stored_time};
use super::types::{FLOAT_DIGITS, held_as_number};
use crate::value::cast::fit as cast_fit;
use crate::value::extended_json::{parse_plain, to_plain_text};
use crate::value::{DataType, Problem, Value};

/// Makes a value one that a column of this type holds, in the form in which it comes back.
pub(crate) fn fit(value: Value, data_type: &DataType) -> Result<Value, Problem> {
    if value.is_absent() {
        return Ok(value);
    }
    let value = match data_type {
        DataType::Decimal { precision: Some(_), scale: None } => {
            cast_fit(value, &DataType::DECIMAL)?
        }
        _ => cast_fit(value, data_type)?,
    };
    match (&value, data_type) {
        (_, DataType::Json | DataType::Array(_)) => through_json(&value),
        (Value::Float(number), _) if number.is_nan() => {
            Err(Problem::new("value", "SQLite holds no NaN"))
        }
        (Value::Decimal(number), DataType::Decimal { precision, scale })
            if held_as_number(*precision, *scale) =>
        {
            let whole = number.to_i64().is_some();
            if !whole && digits(number.number()) > u64::from(FLOAT_DIGITS) {
                return Err(Problem::new(
                    "precision",
                    format!("the column holds {FLOAT_DIGITS} significant digits exactly"),
                ));
            }
            Ok(rescale(number.number(), *scale))
        }
        (Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) | Value::Time(_), _) => {
            let text = stored_time(&value).map_err(|what| Problem::new("range", what))?;
            Ok(if *data_type == DataType::Any { Value::from(text) } else { value })
        }
        (_, DataType::Any) => untyped(value),
        _ => Ok(value),
    }
}

/// A value in a column without a type: as the storage class that it takes.
fn untyped(value: Value) -> Result<Value, Problem> {
    Ok(match value {
        Value::Bool(value) => Value::Int(value.into()),
        Value::Array(_) | Value::Object(_) => Value::from(to_plain_text(&value)?),
        Value::Decimal(_) | Value::Uuid(_) | Value::ObjectId(_) => {
            Value::text(value.canonical_text().unwrap_or_default())
        }
        value => value,
    })
}

fn through_json(value: &Value) -> Result<Value, Problem> {
    parse_plain(&to_plain_text(value)?)
        .map_err(|_| Problem::new("value", "the value has no counterpart in JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    #[test]
    fn decimals_within_a_float_take_the_scale_and_others_are_refused() {
        let money = DataType::Decimal { precision: Some(10), scale: Some(2) };
        assert_eq!(fit(decimal("1.1"), &money), Ok(decimal("1.10")));
        let plain = DataType::Decimal { precision: Some(15), scale: None };
        assert_eq!(fit(decimal("1.10"), &plain), Ok(decimal("1.1")));
        let long = fit(decimal("1234567890.1234567"), &plain).unwrap_err();
        assert_eq!(long.reason, "precision");
        assert_eq!(fit(decimal("1.10"), &DataType::DECIMAL), Ok(decimal("1.10")));
    }

    #[test]
    fn untyped_columns_give_back_the_storage_class() {
        assert_eq!(fit(Value::Bool(true), &DataType::Any), Ok(Value::Int(1)));
        let date = chrono::NaiveDate::from_ymd_opt(2024, 1, 31).unwrap();
        assert_eq!(fit(Value::Date(date), &DataType::Any), Ok(Value::text("2024-01-31")));
    }
}

//! What a document on a server holds exactly.

use super::types::decimal128;
use crate::connectors::documents;
use crate::value::{Problem, Value};

/// Makes a value one that a document holds, as on every store of documents; decimals have the
/// range of Decimal128. FerretDB holds less.
pub(super) fn fit(value: Value, ferret: bool) -> Result<Value, Problem> {
    let value = documents::fit(value)?;
    check(&value, ferret, false)?;
    Ok(value)
}

fn check(value: &Value, ferret: bool, in_list: bool) -> Result<(), Problem> {
    let none = |what: &str| Err(Problem::new("type", format!("FerretDB holds no {what}")));
    match value {
        Value::Decimal(_) if ferret => none("decimals; cast to text or float"),
        Value::Float(number) if ferret && !number.is_finite() => none("NaN and no infinity"),
        Value::Array(_) if ferret && in_list => none("list in a list"),
        Value::Object(object)
            if ferret && object.names().any(|name| name.starts_with('$') || name.contains('.')) =>
        {
            none("field whose name begins with `$` or has a dot")
        }
        Value::Decimal(number) => decimal128(number).map(|_| ()),
        Value::Array(values) => values.iter().try_for_each(|value| check(value, ferret, true)),
        Value::Object(object) => object.iter().try_for_each(|(name, value)| {
            check(value, ferret, false).map_err(|problem| problem.at(name))
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_out_of_range_is_refused_at_any_depth() {
        let far = Value::Decimal("1e7000".parse().unwrap());
        let near = Value::Decimal("1e6000".parse().unwrap());
        let wrap = |value| Value::object([("a", Value::array(vec![value]))].into_iter().collect());
        assert_eq!(fit(wrap(far), false).unwrap_err().field.as_deref(), Some("a"));
        assert_eq!(fit(wrap(near.clone()), false), Ok(wrap(near.clone())));
        assert!(fit(near, true).is_err());
    }

    #[test]
    fn what_ferretdb_holds_not() {
        let list = Value::array(vec![Value::array(vec![])]);
        let named = Value::object([("a.b", Value::Null)].into_iter().collect());
        for value in [list, named, Value::Float(f64::NAN)] {
            assert!(fit(value.clone(), true).is_err());
            assert!(fit(value, false).is_ok());
        }
    }
}

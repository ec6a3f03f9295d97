//! Filters as specs write them, read into the statement tree.

use crate::value::query::{Comparison, Filter};
use crate::value::{Object, Value};

const SUPPORTED: &str = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $not, $and, $or, $nor";

/// Reads a filter from its table: `{ status = "open", amount = { "$gt" = 5 } }`. A field with a
/// plain value must equal it; several fields must all hold.
///
/// # Errors
/// When it is no table, or uses an operator outside the documented subset; the message names those
/// that are supported.
pub fn parse_filter(filter: &Value) -> Result<Filter, String> {
    let Value::Object(fields) = filter else {
        return Err("a filter is a table of fields and conditions".to_owned());
    };
    let mut all = Vec::with_capacity(fields.len());
    for (name, value) in fields.iter() {
        all.push(match name {
            "$and" => Filter::And(filters(name, value)?),
            "$or" => Filter::Or(filters(name, value)?),
            "$nor" => Filter::Not(Box::new(Filter::Or(filters(name, value)?))),
            name if name.starts_with('$') => return Err(unknown(name)),
            path => field(path, value)?,
        });
    }
    Ok(match all.len() {
        0 => Filter::All,
        1 => all.remove(0),
        _ => Filter::And(all),
    })
}

fn filters(name: &str, value: &Value) -> Result<Vec<Filter>, String> {
    match value {
        Value::Array(filters) if !filters.is_empty() => filters.iter().map(parse_filter).collect(),
        _ => Err(format!("`{name}` takes a list of filters")),
    }
}

fn field(path: &str, value: &Value) -> Result<Filter, String> {
    match value {
        Value::Object(object) if is_operators(object) => operators(path, object),
        value => Ok(compare(path, Comparison::Equal, value)),
    }
}

fn is_operators(object: &Object) -> bool {
    object.iter().next().is_some_and(|(name, _)| name.starts_with('$'))
}

fn operators(path: &str, operators: &Object) -> Result<Filter, String> {
    let mut all = Vec::with_capacity(operators.len());
    for (name, value) in operators.iter() {
        all.push(match name {
            "$eq" => compare(path, Comparison::Equal, value),
            "$ne" => compare(path, Comparison::NotEqual, value),
            "$gt" => compare(path, Comparison::Greater, value),
            "$gte" => compare(path, Comparison::GreaterOrEqual, value),
            "$lt" => compare(path, Comparison::Less, value),
            "$lte" => compare(path, Comparison::LessOrEqual, value),
            "$in" => one_of(path, name, value)?,
            "$nin" => Filter::Not(Box::new(one_of(path, name, value)?)),
            "$exists" => match value {
                Value::Bool(exists) => Filter::Exists { path: path.to_owned(), exists: *exists },
                _ => return Err("`$exists` takes true or false".to_owned()),
            },
            "$not" => match value {
                Value::Object(inner) if is_operators(inner) => {
                    Filter::Not(Box::new(self::operators(path, inner)?))
                }
                _ => return Err("`$not` takes a table of operators".to_owned()),
            },
            name => return Err(unknown(name)),
        });
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Filter::And(all) })
}

fn compare(path: &str, operator: Comparison, value: &Value) -> Filter {
    Filter::Compare { path: path.to_owned(), operator, value: value.clone() }
}

fn one_of(path: &str, name: &str, value: &Value) -> Result<Filter, String> {
    match value {
        Value::Array(values) => {
            Ok(Filter::In { path: path.to_owned(), values: values.as_ref().clone() })
        }
        _ => Err(format!("`{name}` takes a list of values")),
    }
}

fn unknown(name: &str) -> String {
    format!("`{name}` is not a supported operator; supported are {SUPPORTED}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(fields: Vec<(&str, Value)>) -> Value {
        Value::object(fields.into_iter().collect())
    }

    #[test]
    fn fields_and_operators() {
        let filter = table(vec![
            ("a", Value::Int(1)),
            ("b", table(vec![("$gt", Value::Int(1)), ("$lte", Value::Int(5))])),
        ]);
        let Ok(Filter::And(all)) = parse_filter(&filter) else { panic!("two conditions") };
        assert_eq!(all[0], compare("a", Comparison::Equal, &Value::Int(1)));
        assert!(matches!(&all[1], Filter::And(range) if range.len() == 2));
        assert_eq!(parse_filter(&table(vec![])), Ok(Filter::All));
    }

    #[test]
    fn an_unknown_operator_is_told_with_those_supported() {
        let error = parse_filter(&table(vec![("a", table(vec![("$regex", "x".into())]))]));
        assert!(error.is_err_and(|message| message.contains("$regex") && message.contains("$nin")));
        assert!(parse_filter(&table(vec![("$where", "x".into())])).is_err());
        assert!(parse_filter(&table(vec![("$or", Value::array(vec![]))])).is_err());
    }
}

//! Filters as SQL conditions over documents.
//!
//! A condition lets through at least every document that the filter wants; the reader then asks
//! [`matches`](crate::connectors::matches). Conditions are written so that indexes on the same
//! paths serve them: what may be hidden in a list is found by a range of its own.

use crate::connectors::sqlite::render::Sql;
use crate::value::extended_json::{to_plain_text, to_text};
use crate::value::query::{Comparison, Filter};
use crate::value::{Kind, Value};

/// Parameters in one list before it is passed as one JSON text instead.
const MANY: usize = 400;

/// The SQL expression of a path inside the column `document`; `None` when SQL can't name it.
pub(super) fn expression(path: &str) -> Option<String> {
    Some(format!("json_extract(document, {})", literal(path)?))
}

/// The path as an SQL literal: `'$."a"."b"'`.
fn literal(path: &str) -> Option<String> {
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(['"', '\\']) && !part.chars().any(char::is_control)
    };
    if !path.split('.').all(plain) {
        return None;
    }
    let parts: Vec<String> = path.split('.').map(|part| format!(".\"{part}\"")).collect();
    Some(format!("'${}'", parts.concat().replace('\'', "''")))
}

/// Renders a filter.
pub(super) fn condition(sql: &mut Sql, filter: &Filter) {
    match filter {
        Filter::And(all) if !all.is_empty() => join(sql, all, " AND "),
        Filter::Or(any) if !any.is_empty() => join(sql, any, " OR "),
        Filter::Or(_) => sql.push("0"),
        Filter::Compare { path, operator: Comparison::Equal, value } => {
            one_of(sql, path, std::slice::from_ref(&value));
        }
        Filter::Compare { path, operator, value } if *operator != Comparison::NotEqual => {
            range(sql, path, *operator, value);
        }
        Filter::In { path, values } => one_of(sql, path, &values.iter().collect::<Vec<_>>()),
        Filter::Tuples { paths, tuples } => {
            sql.push("(1");
            for (part, path) in paths.iter().enumerate() {
                let values: Vec<&Value> = tuples.iter().filter_map(|t| t.get(part)).collect();
                sql.push(" AND (");
                one_of(sql, path, &values);
                sql.push(")");
            }
            sql.push(")");
        }
        // What is not, or not there, is asked of the document itself.
        _ => sql.push("1"),
    }
}

fn join(sql: &mut Sql, filters: &[Filter], with: &str) {
    for (index, filter) in filters.iter().enumerate() {
        sql.push(if index == 0 { "((" } else { with });
        sql.push(if index == 0 { "" } else { "(" });
        condition(sql, filter);
        sql.push(")");
    }
    sql.push(")");
}

/// How a value stands in the result of an expression; `None` when that can't be told.
fn stored(path: &str, value: &Value) -> Option<Value> {
    if path == "_id" {
        return to_text(value).ok().map(Value::from);
    }
    match value {
        Value::Int(_) => Some(value.clone()),
        Value::Float(float) if float.is_finite() => Some(value.clone()),
        Value::Bool(value) => Some(Value::Int((*value).into())),
        Value::Text(text) if !text.contains('\0') => Some(value.clone()),
        Value::Date(_)
        | Value::DateTime(_)
        | Value::Timestamp(_)
        | Value::ObjectId(_)
        | Value::Uuid(_)
        | Value::Bytes(_) => to_text(value).ok().map(Value::from),
        _ => None,
    }
}

fn name_of(path: &str) -> Option<String> {
    if path == "_id" { Some("_id".to_owned()) } else { expression(path) }
}

fn one_of(sql: &mut Sql, path: &str, values: &[&Value]) {
    let start = sql.clone();
    if !try_one_of(sql, path, values) {
        *sql = start;
        sql.push("1");
    }
}

fn try_one_of(sql: &mut Sql, path: &str, values: &[&Value]) -> bool {
    let Some(name) = name_of(path) else { return false };
    let (absent, present): (Vec<&Value>, Vec<&Value>) =
        values.iter().copied().partition(|value| value.is_absent());
    let mut listed = Vec::with_capacity(present.len());
    let mut numbers = false;
    for value in present {
        let Some(stored) = stored(path, value) else { return false };
        if path == "_id" && matches!(value.kind(), Kind::Int | Kind::Float | Kind::Decimal) {
            listed.extend(spellings(value));
        }
        numbers |= matches!(value.kind(), Kind::Int | Kind::Float | Kind::Decimal);
        listed.push(stored);
    }
    let start = sql.text.len();
    sql.push("(");
    if !absent.is_empty() {
        sql.push(&format!(" OR {name} IS NULL"));
    }
    if !listed.is_empty() {
        sql.push(&format!(" OR {name} IN ("));
        let texts = listed.iter().all(|value| matches!(value, Value::Text(_) | Value::Int(_)));
        if listed.len() > MANY && texts {
            sql.push("SELECT value FROM json_each(");
            let list = to_plain_text(&Value::array(listed)).unwrap_or_default();
            sql.plain(&Value::from(list));
            sql.push(")");
        } else {
            for (index, value) in listed.iter().enumerate() {
                sql.push(if index == 0 { "" } else { "," });
                sql.plain(value);
            }
        }
        sql.push(")");
    }
    if numbers {
        prefix(sql, &name, "{\"$numberDecimal\":", "{\"$numberDecimal\";");
    }
    if path != "_id" {
        hidden_in_lists(sql, &name, path);
    }
    // No constant stands beside the terms: SQLite would not use an index then.
    if sql.text[start..].starts_with("( OR ") {
        sql.text.replace_range(start..start + "( OR ".len(), "(");
        sql.push(")");
    } else {
        sql.text.replace_range(start.., "0");
    }
    true
}

/// The texts under which a whole number may be an `_id`.
fn spellings(value: &Value) -> Vec<Value> {
    let number = crate::value::Decimal::from_value(value);
    let whole = number.as_ref().and_then(crate::value::Decimal::to_i64).map(Value::Int);
    let float = number.and_then(|number| number.to_f64()).map(Value::Float);
    [whole, float]
        .into_iter()
        .flatten()
        .filter_map(|value| to_text(&value).ok().map(Value::from))
        .collect()
}

/// Lists are JSON text, and a list on the way makes the whole path null.
fn hidden_in_lists(sql: &mut Sql, name: &str, path: &str) {
    prefix(sql, name, "[", "\\");
    let parts: Vec<&str> = path.split('.').collect();
    for length in 1..parts.len() {
        if let Some(outer) = literal(&parts[..length].join(".")) {
            sql.push(&format!(" OR ({name} IS NULL AND json_type(document, {outer}) = 'array')"));
        }
    }
}

/// Texts from one up to another.
fn prefix(sql: &mut Sql, name: &str, from: &str, to: &str) {
    sql.push(&format!(" OR ({name} >= "));
    sql.plain(&Value::from(from));
    sql.push(&format!(" AND {name} < "));
    sql.plain(&Value::from(to));
    sql.push(")");
}

fn range(sql: &mut Sql, path: &str, operator: Comparison, value: &Value) {
    let start = sql.clone();
    if !try_range(sql, path, operator, value) {
        *sql = start;
        sql.push("1");
    }
}

fn try_range(sql: &mut Sql, path: &str, operator: Comparison, value: &Value) -> bool {
    let Some(name) = name_of(path).filter(|_| path != "_id") else { return false };
    let symbol = match operator {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        _ => ">=",
    };
    let upward = symbol.starts_with('>');
    let Some(bound) = stored(path, value) else { return false };
    sql.push(&format!("(({name} {symbol} "));
    sql.plain(&bound);
    // The other end of what compares with the value: numbers come before all text.
    let (lowest, beyond) = match value {
        Value::Int(_) | Value::Float(_) => (None, Some("")),
        Value::Text(_) => (Some(""), None),
        Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) => {
            (Some("{\"$date\":\""), Some("{\"$date\":#"))
        }
        _ => return false,
    };
    let other = if upward { beyond.map(|end| ("<", end)) } else { lowest.map(|end| (">=", end)) };
    if let Some((symbol, end)) = other {
        sql.push(&format!(" AND {name} {symbol} "));
        sql.plain(&Value::from(end));
    }
    sql.push(")");
    match value {
        Value::Int(_) | Value::Float(_) => {
            prefix(sql, &name, "{\"$numberDecimal\":", "{\"$numberDecimal\";");
            // Infinities and NaN.
            prefix(sql, &name, "{\"$numberDouble\":", "{\"$numberDouble\";");
        }
        Value::Text(_) => {}
        // Years beyond four digits are numbers.
        _ => prefix(sql, &name, "{\"$date\":{", "{\"$date\":|"),
    }
    hidden_in_lists(sql, &name, path);
    sql.push(")");
    true
}

//! The meaning of filters and of order, for stores that have no engine of their own.
//!
//! It is MongoDB's: a path goes through lists, a list also matches when an element does, null also
//! finds what is missing, and only values of comparable kinds compare.

mod filter;
mod order;
mod path;

pub use filter::parse_filter;
pub use order::{compare_rows, compare_values};

use std::cmp::Ordering;

use super::Layout;
use crate::value::query::{Comparison, Filter};
use crate::value::{Row, Value};
use order::{bracket, compare_in_bracket};

/// Whether a row is one that the filter wants.
pub fn matches(filter: &Filter, layout: &Layout, row: &Row) -> bool {
    match filter {
        Filter::All => true,
        Filter::And(all) => all.iter().all(|filter| matches(filter, layout, row)),
        Filter::Or(any) => any.iter().any(|filter| matches(filter, layout, row)),
        Filter::Not(inner) => !matches(inner, layout, row),
        Filter::Compare { path, operator, value } => compare(layout, row, path, *operator, value),
        Filter::In { path, values } => values.iter().any(|value| equals(layout, row, path, value)),
        Filter::Exists { path, exists } => exists_at(layout, row, path) == *exists,
        Filter::Tuples { paths, tuples } => tuples.iter().any(|tuple| {
            paths.iter().zip(tuple).all(|(path, value)| equals(layout, row, path, value))
        }),
        Filter::After { paths, tuple } => against(layout, row, paths, tuple).is_gt(),
        Filter::UpTo { paths, tuple } => against(layout, row, paths, tuple).is_le(),
    }
}

/// The value at a column or dotted path, `Missing` when there is none. It does not look into lists.
pub fn value_at<'r>(layout: &Layout, row: &'r [Value], path: &str) -> &'r Value {
    match layout {
        Layout::Columns(names) => names
            .iter()
            .position(|name| name == path)
            .and_then(|index| row.get(index))
            .unwrap_or(&Value::Missing),
        Layout::Document => {
            row.first().map_or(&Value::Missing, |document| path::get(document, path))
        }
    }
}

/// The columns or paths that a filter names.
pub(crate) fn paths_of<'f>(filter: &'f Filter, paths: &mut Vec<&'f str>) {
    match filter {
        Filter::All => {}
        Filter::And(all) | Filter::Or(all) => all.iter().for_each(|f| paths_of(f, paths)),
        Filter::Not(inner) => paths_of(inner, paths),
        Filter::Compare { path, .. } | Filter::In { path, .. } | Filter::Exists { path, .. } => {
            paths.push(path);
        }
        Filter::Tuples { paths: all, .. }
        | Filter::After { paths: all, .. }
        | Filter::UpTo { paths: all, .. } => paths.extend(all.iter().map(String::as_str)),
    }
}

/// Whether some candidate at the path holds: the value itself, and the elements of lists.
fn any_at(layout: &Layout, row: &Row, path: &str, mut holds: impl FnMut(&Value) -> bool) -> bool {
    match layout {
        Layout::Columns(_) => path::any(value_at(layout, row, path), &[], &mut holds),
        Layout::Document => {
            let parts: Vec<&str> = path.split('.').collect();
            row.first().is_some_and(|document| path::any(document, &parts, &mut holds))
        }
    }
}

fn exists_at(layout: &Layout, row: &Row, path: &str) -> bool {
    match layout {
        Layout::Columns(_) => !value_at(layout, row, path).is_absent(),
        Layout::Document => any_at(layout, row, path, |found| !matches!(found, Value::Missing)),
    }
}

fn equals(layout: &Layout, row: &Row, path: &str, value: &Value) -> bool {
    any_at(layout, row, path, |found| {
        if value.is_absent() {
            found.is_absent()
        } else {
            bracket(found) == bracket(value) && compare_in_bracket(found, value).is_eq()
        }
    })
}

fn compare(layout: &Layout, row: &Row, path: &str, operator: Comparison, value: &Value) -> bool {
    let wanted: fn(Ordering) -> bool = match operator {
        Comparison::Equal => return equals(layout, row, path, value),
        Comparison::NotEqual => return !equals(layout, row, path, value),
        Comparison::Less => Ordering::is_lt,
        Comparison::LessOrEqual => Ordering::is_le,
        Comparison::Greater => Ordering::is_gt,
        Comparison::GreaterOrEqual => Ordering::is_ge,
    };
    let is_nan = |value: &Value| matches!(value, Value::Float(number) if number.is_nan());
    any_at(layout, row, path, |found| {
        bracket(found) == bracket(value)
            && (is_nan(found) == is_nan(value))
            && wanted(compare_in_bracket(found, value))
    })
}

fn against(layout: &Layout, row: &Row, paths: &[String], tuple: &[Value]) -> Ordering {
    paths
        .iter()
        .zip(tuple)
        .map(|(path, value)| compare_values(value_at(layout, row, path), value))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Object;

    fn document(fields: Vec<(&str, Value)>) -> Row {
        vec![Value::object(fields.into_iter().collect::<Object>())]
    }

    fn find(row: &Row, path: &str, operator: Comparison, value: impl Into<Value>) -> bool {
        let filter = Filter::Compare { path: path.into(), operator, value: value.into() };
        matches(&filter, &Layout::Document, row)
    }

    #[test]
    fn a_list_matches_by_its_elements_and_whole() {
        let row = document(vec![("tags", vec![Value::from("a"), Value::from("b")].into())]);
        assert!(find(&row, "tags", Comparison::Equal, "a"));
        assert!(find(&row, "tags", Comparison::Equal, vec!["a".into(), "b".into()]));
        assert!(!find(&row, "tags", Comparison::Equal, vec!["b".into(), "a".into()]));
        assert!(!find(&row, "tags", Comparison::NotEqual, "a"));
        assert!(find(&row, "tags.1", Comparison::Equal, "b"));
    }

    #[test]
    fn null_finds_missing_and_missing_is_not_there() {
        let row = document(vec![("a", Value::Null)]);
        assert!(find(&row, "a", Comparison::Equal, Value::Null));
        assert!(find(&row, "b", Comparison::Equal, Value::Null));
        assert!(find(&row, "b.c", Comparison::Equal, Value::Null));
        let exists = |path: &str| {
            matches(&Filter::Exists { path: path.into(), exists: true }, &Layout::Document, &row)
        };
        assert!(exists("a"));
        assert!(!exists("b"));
    }

    #[test]
    fn paths_go_through_lists_of_objects() {
        let item = |n: i64| Value::object([("n", Value::Int(n))].into_iter().collect());
        let row = document(vec![("items", vec![item(1), item(5)].into())]);
        assert!(find(&row, "items.n", Comparison::Greater, 4));
        assert!(find(&row, "items.0.n", Comparison::Equal, 1));
        assert!(!find(&row, "items.0.n", Comparison::Equal, 5));
        assert!(!find(&row, "items.n", Comparison::Equal, Value::Null));
    }

    #[test]
    fn kinds_that_do_not_compare_never_match() {
        let row = document(vec![("a", 5.into()), ("t", "5".into())]);
        assert!(find(&row, "a", Comparison::Less, 5.5));
        assert!(!find(&row, "a", Comparison::Less, "9"));
        assert!(!find(&row, "t", Comparison::Equal, 5));
        assert!(find(&row, "t", Comparison::NotEqual, 5));
    }

    #[test]
    fn tuples_and_pages() {
        let layout = Layout::Columns(vec!["a".to_owned(), "b".to_owned()].into());
        let paths = vec!["a".to_owned(), "b".to_owned()];
        let row = vec![Value::Int(1), Value::Int(11)];
        let tuple = vec![Value::Int(11), Value::Int(1)];
        let tuples = Filter::Tuples { paths: paths.clone(), tuples: vec![tuple.clone()] };
        assert!(!matches(&tuples, &layout, &row));
        let after = Filter::After { paths: paths.clone(), tuple: vec![1.into(), 10.into()] };
        assert!(matches(&after, &layout, &row));
        assert!(matches(&Filter::UpTo { paths, tuple }, &layout, &row));
    }
}

//! The order of values of all kinds, as MongoDB sorts them.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveTime, Utc};

use super::{Layout, value_at};
use crate::value::{Decimal, IndexKey, Value};

/// Kinds whose values compare with each other, in sort order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bracket {
    Absent,
    Number,
    Text,
    Object,
    Array,
    Bytes,
    Uuid,
    ObjectId,
    Bool,
    Moment,
    Time,
}

pub(super) fn bracket(value: &Value) -> Bracket {
    match value {
        Value::Missing | Value::Null => Bracket::Absent,
        Value::Bool(_) => Bracket::Bool,
        Value::Int(_) | Value::Float(_) | Value::Decimal(_) => Bracket::Number,
        Value::Text(_) => Bracket::Text,
        Value::Bytes(_) => Bracket::Bytes,
        Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) => Bracket::Moment,
        Value::Time(_) => Bracket::Time,
        Value::Uuid(_) => Bracket::Uuid,
        Value::ObjectId(_) => Bracket::ObjectId,
        Value::Array(_) => Bracket::Array,
        Value::Object(_) => Bracket::Object,
    }
}

/// Compares any two values: by kind first (null, numbers, text, objects, lists, bytes, ids,
/// booleans, times), then by content. A date is its midnight UTC.
pub fn compare_values(a: &Value, b: &Value) -> Ordering {
    bracket(a).cmp(&bracket(b)).then_with(|| compare_in_bracket(a, b))
}

/// Compares two rows by sort keys. A list sorts by its least element, or its greatest when
/// descending.
pub fn compare_rows(layout: &Layout, a: &[Value], b: &[Value], order: &[IndexKey]) -> Ordering {
    for key in order {
        let side = |row| sort_value(value_at(layout, row, &key.path), key.descending);
        let found = compare_values(side(a), side(b));
        if found.is_ne() {
            return if key.descending { found.reverse() } else { found };
        }
    }
    Ordering::Equal
}

fn sort_value(value: &Value, descending: bool) -> &Value {
    let Value::Array(elements) = value else { return value };
    let chosen = if descending {
        elements.iter().max_by(|a, b| compare_values(a, b))
    } else {
        elements.iter().min_by(|a, b| compare_values(a, b))
    };
    chosen.unwrap_or(&Value::Missing)
}

/// Compares two values of one bracket.
pub(super) fn compare_in_bracket(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => compare_floats(*a, *b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        (Value::ObjectId(a), Value::ObjectId(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => a
            .iter()
            .zip(b.iter())
            .map(|(a, b)| compare_values(a, b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.len().cmp(&b.len())),
        (Value::Object(a), Value::Object(b)) => a
            .iter()
            .zip(b.iter())
            .map(|((a_name, a), (b_name, b))| {
                bracket(a)
                    .cmp(&bracket(b))
                    .then_with(|| a_name.cmp(b_name))
                    .then_with(|| compare_in_bracket(a, b))
            })
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.len().cmp(&b.len())),
        _ => match (moment(a), moment(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => compare_numbers(a, b),
        },
    }
}

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::Date(date) => Some(date.and_time(NaiveTime::MIN).and_utc()),
        Value::DateTime(at) => Some(at.and_utc()),
        Value::Timestamp(at) => Some(*at),
        _ => None,
    }
}

/// NaN is the least number, and equal to itself.
fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn compare_numbers(a: &Value, b: &Value) -> Ordering {
    match (Decimal::from_value(a), Decimal::from_value(b)) {
        (Some(a), Some(b)) => a.number().cmp(b.number()),
        // One of them is NaN or infinite.
        _ => compare_floats(approximate(a), approximate(b)),
    }
}

fn approximate(value: &Value) -> f64 {
    match value {
        Value::Float(value) => *value,
        // Only its sign against NaN and the infinities matters.
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_in_mongodb_order() {
        let sorted = [
            Value::Null,
            Value::Float(f64::NAN),
            Value::Float(f64::NEG_INFINITY),
            Value::Int(-3),
            Value::Float(2.5),
            Value::Int(3),
            Value::Decimal("3.1".parse().unwrap()),
            Value::Float(f64::INFINITY),
            Value::text("A"),
            Value::text("a"),
            Value::array(vec![]),
            Value::Bool(false),
            Value::Bool(true),
        ];
        for pair in sorted.windows(2) {
            assert_eq!(compare_values(&pair[0], &pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare_values(&pair[1], &pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(compare_values(&Value::Missing, &Value::Null), Ordering::Equal);
        assert_eq!(compare_values(&Value::Int(1), &Value::Float(1.0)), Ordering::Equal);
    }

    #[test]
    fn a_list_sorts_by_its_extreme() {
        let layout = Layout::Columns(vec!["a".to_owned()].into());
        let list = vec![Value::array(vec![Value::Int(1), Value::Int(9)])];
        let five = vec![Value::Int(5)];
        let key = |descending| [IndexKey { path: "a".into(), descending }];
        assert_eq!(compare_rows(&layout, &list, &five, &key(false)), Ordering::Less);
        assert_eq!(compare_rows(&layout, &list, &five, &key(true)), Ordering::Less);
    }
}

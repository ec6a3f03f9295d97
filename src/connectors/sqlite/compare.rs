//! One column compared with one value, as far as SQL compares as filters mean it.

use chrono::{Days, NaiveDate};
use sqlx::sqlite::SqliteArguments;

use super::codec::bind;
use super::render::Sql;
use super::types::{Affinity, ColumnType, held_as_number};
use crate::value::query::Comparison;
use crate::value::{DataType, Value, time};

/// How far SQL's `=` on a column and a value is the filter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Push {
    /// It is.
    Exact,
    /// The same content has several spellings; days can be compared.
    Days,
    /// The two spellings of an id.
    Spellings,
    /// It is not.
    No,
}

impl Push {
    /// How far for this column and value.
    pub(super) fn of(column: &ColumnType, value: &Value) -> Self {
        let numeric = matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_));
        let exact = match &column.data_type {
            DataType::Int { .. } | DataType::Float { .. } => numeric,
            DataType::Decimal { precision, scale } => numeric && held_as_number(*precision, *scale),
            DataType::Bool => matches!(value, Value::Bool(_)),
            DataType::Text { .. } => {
                column.affinity == Affinity::Text && matches!(value, Value::Text(_))
            }
            DataType::Bytes => matches!(value, Value::Bytes(_)),
            DataType::Any => {
                matches!(value, Value::Int(_) | Value::Float(_))
                    || (matches!(value, Value::Text(_) | Value::Bytes(_))
                        && column.affinity == Affinity::Blob)
            }
            DataType::Date => matches!(value, Value::Date(_)),
            DataType::Uuid if matches!(value, Value::Uuid(_)) => return Self::Spellings,
            DataType::ObjectId if matches!(value, Value::ObjectId(_)) => return Self::Spellings,
            DataType::DateTime | DataType::Timestamp if day_of(value).is_some() => {
                return Self::Days;
            }
            _ => false,
        };
        let holds = exact && bind(&mut SqliteArguments::default(), value, column).is_ok();
        if holds { Self::Exact } else { Self::No }
    }
}

/// The UTC day of a moment.
fn day_of(value: &Value) -> Option<NaiveDate> {
    match value {
        Value::Date(date) => Some(*date),
        Value::DateTime(at) => Some(at.date()),
        Value::Timestamp(at) => Some(at.date_naive()),
        _ => None,
    }
}

/// Renders `column = value`; gives whether it is exact.
pub(super) fn equality(sql: &mut Sql, name: &str, column: &ColumnType, value: &Value) -> bool {
    match Push::of(column, value) {
        Push::Exact => {
            sql.push(name);
            sql.push(" = ");
            sql.value(value, column);
            true
        }
        Push::Spellings => {
            let lower = value.canonical_text().unwrap_or_default().into_owned();
            let upper = Value::from(lower.to_uppercase());
            sql.push(name);
            sql.push(" IN (");
            sql.value(&Value::from(lower), &ColumnType::UNKNOWN);
            sql.push(",");
            sql.value(&upper, &ColumnType::UNKNOWN);
            sql.push(")");
            true
        }
        Push::Days => {
            days(sql, name, day_of(value), day_of(value));
            false
        }
        Push::No => {
            sql.push("1");
            false
        }
    }
}

/// Whether SQL's order of a column is the order of its values, compared with this one.
pub(super) fn is_ranged(column: &ColumnType, value: &Value) -> bool {
    Push::of(column, value) == Push::Exact && !matches!(value, Value::Bool(_))
}

/// Renders a comparison by order; gives whether it is exact.
pub(super) fn range(
    sql: &mut Sql,
    name: &str,
    column: &ColumnType,
    operator: Comparison,
    value: &Value,
) -> bool {
    let symbol = match operator {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        _ => ">=",
    };
    let upward = symbol.starts_with('>');
    match Push::of(column, value) {
        Push::Exact if is_ranged(column, value) => {
            sql.push(&format!("({name} {symbol} "));
            sql.value(value, column);
            let class = match value {
                Value::Text(_) => "= 'text'",
                Value::Bytes(_) => "= 'blob'",
                Value::Date(_) => {
                    // Text that is no date sorts among the dates.
                    sql.push(")");
                    return false;
                }
                _ => "IN ('integer', 'real')",
            };
            sql.push(&format!(" AND typeof({name}) {class})"));
            true
        }
        Push::Days => {
            let day = day_of(value);
            days(sql, name, day.filter(|_| upward), day.filter(|_| !upward));
            false
        }
        _ => {
            sql.push("1");
            false
        }
    }
}

/// Every spelling of a moment begins with a date at most a day away from its UTC day.
fn days(sql: &mut Sql, name: &str, from: Option<NaiveDate>, to: Option<NaiveDate>) {
    let from = from.and_then(|day| day.checked_sub_days(Days::new(1)));
    let to = to.and_then(|day| day.checked_add_days(Days::new(2)));
    sql.push("(1");
    for (day, symbol) in [(from, ">="), (to, "<")] {
        if let Some(day) = day {
            sql.push(&format!(" AND {name} {symbol} "));
            sql.value(&Value::from(time::date_text(day)), &ColumnType::UNKNOWN);
        }
    }
    sql.push(")");
}

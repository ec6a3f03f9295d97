//! One column compared with one value, as far as SQL compares as filters mean it.

use super::catalog::{TableColumn, quote};
use super::codec::{Reading, push_literal, push_moment};
use super::types::{Charset, Class, ColumnType};
use crate::value::query::Comparison;
use crate::value::{DataType, Decimal, Value};

/// What a literal says when a column is compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    /// Equality is the filter's.
    Exact,
    /// Equality also finds other spellings: case, blanks at the end.
    Wider,
    /// No value of the column equals it; what was added is of no use.
    Nothing,
    /// SQL does not compare as the filter means.
    Unknown,
}

/// Integers of which a float holds each.
const FLOAT_EXACT: i64 = 1 << 53;

/// Adds a value as a literal to compare a column with.
pub(super) fn operand(
    sql: &mut String,
    column: &TableColumn,
    value: &Value,
    reading: &Reading,
) -> Operand {
    let column = &column.column_type;
    if reading.changes(column) {
        return Operand::Unknown;
    }
    let exact = |held: bool| if held { Operand::Exact } else { Operand::Nothing };
    match (column.class, value) {
        (Class::Int | Class::Bit | Class::Decimal, Value::Int(_) | Value::Decimal(_)) => {
            exact(push_literal(sql, value, column).is_ok())
        }
        (Class::Int | Class::Bit | Class::Decimal, Value::Float(_)) => {
            match Decimal::from_value(value) {
                Some(number) => exact(push_literal(sql, &Value::Decimal(number), column).is_ok()),
                None => Operand::Nothing,
            }
        }
        (Class::Double | Class::Float, Value::Float(number)) if number.is_finite() => {
            exact(push_literal(sql, value, column).is_ok())
        }
        (Class::Double | Class::Float, Value::Int(number))
            if (-FLOAT_EXACT..=FLOAT_EXACT).contains(number) =>
        {
            exact(push_literal(sql, value, column).is_ok())
        }
        (Class::Double | Class::Float, Value::Int(_) | Value::Decimal(_)) => Operand::Unknown,
        (Class::Bool, Value::Bool(_))
        | (Class::Bytes, Value::Bytes(_))
        | (Class::Uuid, Value::Uuid(_)) => exact(push_literal(sql, value, column).is_ok()),
        (Class::Text, Value::Text(_)) => {
            let enumerated = matches!(column.data_type, DataType::Enum(_));
            if enumerated || push_literal(sql, value, column).is_err() {
                return Operand::Unknown;
            }
            if column.by_bytes && !column.padded { Operand::Exact } else { Operand::Wider }
        }
        (
            Class::Date | Class::DateTime | Class::Timestamp,
            Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_),
        ) => moment(sql, value),
        (Class::Time, Value::Time(at)) => {
            use chrono::Timelike as _;
            let fine = at.nanosecond() % 1000 != 0;
            exact(!fine && push_literal(sql, value, column).is_ok())
        }
        (Class::Json | Class::Time | Class::Formed, _) => Operand::Unknown,
        _ => Operand::Nothing,
    }
}

fn moment(sql: &mut String, value: &Value) -> Operand {
    use chrono::{Datelike as _, Timelike as _};
    let at = match value {
        Value::Date(date) => date.and_time(chrono::NaiveTime::MIN),
        Value::DateTime(at) => *at,
        Value::Timestamp(at) => at.naive_utc(),
        _ => return Operand::Nothing,
    };
    if !(1..=9999).contains(&at.year()) || at.nanosecond() % 1000 != 0 {
        return Operand::Unknown;
    }
    push_moment(sql, at);
    Operand::Exact
}

/// The bytes of a text column as UTF-8.
fn as_bytes(column: &ColumnType, name: &str) -> String {
    match column.charset {
        Charset::Utf8mb4 | Charset::Utf8mb3 | Charset::Ascii => format!("CAST({name} AS BINARY)"),
        _ => format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)"),
    }
}

/// Renders `column = value`; gives whether it is exact.
pub(super) fn equality(
    sql: &mut String,
    column: &TableColumn,
    value: &Value,
    reading: &Reading,
) -> bool {
    listed(sql, column, &[value], reading)
}

/// Renders that a column is one of some values, none of them null; gives whether it is exact.
///
/// Text is looked for as the column compares, so that an index helps, and by its bytes, so that
/// `A` is not found for `a`.
pub(super) fn listed(
    sql: &mut String,
    column: &TableColumn,
    values: &[&Value],
    reading: &Reading,
) -> bool {
    let name = quote(&column.name);
    let start = sql.len();
    let mut list = String::new();
    let mut wider = false;
    for value in values {
        let length = list.len();
        if length > 0 {
            list.push(',');
        }
        match operand(&mut list, column, value, reading) {
            Operand::Exact => {}
            Operand::Wider => wider = true,
            Operand::Nothing => list.truncate(length),
            Operand::Unknown => {
                sql.truncate(start);
                sql.push_str("TRUE");
                return false;
            }
        }
    }
    if list.is_empty() {
        sql.push_str("FALSE");
        return true;
    }
    if wider {
        let bytes = as_bytes(&column.column_type, &name);
        sql.push_str(&format!("({name} IN ({list}) AND {bytes} IN ("));
        for (index, value) in values.iter().enumerate() {
            sql.push_str(if index == 0 { "" } else { "," });
            super::codec::push_bytes(sql, value.as_text().unwrap_or_default().as_bytes());
        }
        sql.push_str("))");
    } else {
        sql.push_str(&format!("{name} IN ({list})"));
    }
    true
}

/// Whether SQL's order of a column is the order of its values, compared with this one.
pub(super) fn is_ranged(column: &TableColumn, value: &Value, reading: &Reading) -> bool {
    let held = operand(&mut String::new(), column, value, reading);
    matches!(held, Operand::Exact | Operand::Wider)
        && !matches!(column.column_type.class, Class::Uuid)
}

/// Renders a comparison by order; gives whether it is exact.
pub(super) fn range(
    sql: &mut String,
    column: &TableColumn,
    operator: Comparison,
    value: &Value,
    reading: &Reading,
) -> bool {
    let symbol = match operator {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        _ => ">=",
    };
    let mut literal = String::new();
    let held = operand(&mut literal, column, value, reading);
    let name = quote(&column.name);
    if column.column_type.class == Class::Uuid {
        sql.push_str("TRUE");
        return false;
    }
    match held {
        Operand::Exact => sql.push_str(&format!("{name} {symbol} {literal}")),
        Operand::Wider => {
            sql.push_str(&format!("{} {symbol} ", as_bytes(&column.column_type, &name)));
            super::codec::push_bytes(sql, value.as_text().unwrap_or_default().as_bytes());
        }
        Operand::Nothing if is_number(column) == is_numeric(value) => {
            sql.push_str("TRUE");
            return false;
        }
        Operand::Nothing => sql.push_str("FALSE"),
        Operand::Unknown => {
            sql.push_str("TRUE");
            return false;
        }
    }
    true
}

fn is_number(column: &TableColumn) -> bool {
    use Class::{Bit, Decimal, Double, Float, Int};
    matches!(column.column_type.class, Int | Bit | Decimal | Double | Float)
}

fn is_numeric(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_))
}

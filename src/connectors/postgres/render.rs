//! Filters as SQL conditions.
//!
//! A condition is *exact* when SQL decides as the filter means; otherwise it lets through at least
//! every record that the filter wants, and the reader asks [`matches`](crate::connectors::matches).

use super::catalog::{Collation, Table, TableColumn};
use super::name::{literal, quote};
use super::text::{quoted, text_of};
use super::types::Codec;
use crate::connectors::StoreError;
use crate::connectors::tables::CatalogTable as _;
use crate::value::query::{Comparison, Filter};
use crate::value::{Decimal, Value};

/// How far SQL compares a column with a value as filters mean it.
enum Push {
    /// As this text of the column's type.
    As(String),
    /// No record has this value.
    Never,
    /// It does not.
    No,
}

/// Renders a filter. Gives whether it is exact.
///
/// # Errors
/// When it names a column that is not there.
pub(super) fn condition(
    sql: &mut String,
    filter: &Filter,
    table: &Table,
) -> Result<bool, StoreError> {
    Ok(match filter {
        Filter::All => constant(sql, true),
        Filter::And(all) => join(sql, all, table, " AND ", true)?,
        Filter::Or(any) => join(sql, any, table, " OR ", false)?,
        Filter::Not(inner) => {
            let start = sql.len();
            sql.push_str("((");
            let exact = condition(sql, inner, table)?;
            sql.push_str(") IS NOT TRUE)");
            if !exact {
                sql.truncate(start);
                sql.push_str("TRUE");
            }
            exact
        }
        Filter::Compare { path, operator, value } => {
            compare(sql, table.required(path)?, *operator, value)
        }
        Filter::In { path, values } => {
            one_of(sql, table.required(path)?, &values.iter().collect::<Vec<_>>())
        }
        Filter::Exists { path, exists } => {
            let name = quote(&table.required(path)?.name);
            sql.push_str(&format!("{name} IS {}NULL", if *exists { "NOT " } else { "" }));
            true
        }
        Filter::Tuples { paths, tuples } => self::tuples(sql, table, paths, tuples)?,
        Filter::After { paths, tuple } => page(sql, table, paths, tuple, "IS TRUE")?,
        Filter::UpTo { paths, tuple } => page(sql, table, paths, tuple, "IS NOT TRUE")?,
    })
}

fn constant(sql: &mut String, value: bool) -> bool {
    sql.push_str(if value { "TRUE" } else { "FALSE" });
    true
}

fn join(
    sql: &mut String,
    filters: &[Filter],
    table: &Table,
    with: &str,
    empty: bool,
) -> Result<bool, StoreError> {
    if filters.is_empty() {
        return Ok(constant(sql, empty));
    }
    let mut exact = true;
    for (index, filter) in filters.iter().enumerate() {
        sql.push_str(if index == 0 { "((" } else { with });
        if index > 0 {
            sql.push('(');
        }
        exact &= condition(sql, filter, table)?;
        sql.push(')');
    }
    sql.push(')');
    Ok(exact)
}

impl Push {
    /// How equality is decided.
    fn of(column: &TableColumn, value: &Value) -> Self {
        let numeric = matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_));
        let text = |value: &Value| text_of(value, column).map_or(Self::Never, Self::As);
        match (&column.codec, value) {
            (Codec::Int2 | Codec::Int4 | Codec::Int8, value) if numeric => {
                let whole = Decimal::from_value(value).and_then(|number| number.to_i64());
                whole.map_or(Self::Never, |whole| Self::As(whole.to_string()))
            }
            (Codec::Float4 | Codec::Float8, Value::Float(_)) => text(value),
            (Codec::Float4 | Codec::Float8, Value::Int(number))
                if number.unsigned_abs() < 1 << 53 =>
            {
                text(value)
            }
            (Codec::Numeric, value) if numeric => text(value),
            (Codec::Text, Value::Text(_))
            | (Codec::Bool, Value::Bool(_))
            | (Codec::Bytea, Value::Bytes(_))
            | (Codec::Date, Value::Date(_))
            | (Codec::Time, Value::Time(_))
            | (Codec::Uuid, Value::Uuid(_)) => text(value),
            (Codec::Timestamp, Value::DateTime(_)) | (Codec::TimestampTz, Value::Timestamp(_)) => {
                text(value)
            }
            (Codec::Timestamp, Value::Timestamp(at)) => text(&Value::DateTime(at.naive_utc())),
            (Codec::TimestampTz, Value::DateTime(at)) => text(&Value::Timestamp(at.and_utc())),
            (
                Codec::Bool
                | Codec::Bytea
                | Codec::Uuid
                | Codec::Time
                | Codec::Text
                | Codec::Int2
                | Codec::Int4
                | Codec::Int8
                | Codec::Numeric,
                _,
            ) => Self::Never,
            _ => Self::No,
        }
    }
}

/// The type that a value is compared as.
fn compared(column: &TableColumn) -> &str {
    match column.codec {
        Codec::Int2 | Codec::Int4 | Codec::Int8 => "int8",
        Codec::Float4 | Codec::Float8 => "float8",
        _ if column.collation == Collation::Loose => "text",
        _ => &column.base,
    }
}

/// The expression that equals a value when the column holds it.
fn equal_expression(column: &TableColumn) -> String {
    match column.collation {
        Collation::Loose => column.ordered(),
        _ => quote(&column.name),
    }
}

fn compare(sql: &mut String, column: &TableColumn, operator: Comparison, value: &Value) -> bool {
    let name = quote(&column.name);
    let absent = value.is_absent();
    match operator {
        Comparison::Equal if absent => sql.push_str(&format!("{name} IS NULL")),
        Comparison::Equal => return one_of(sql, column, &[value]),
        Comparison::NotEqual if absent => sql.push_str(&format!("{name} IS NOT NULL")),
        Comparison::NotEqual => {
            let start = sql.len();
            sql.push_str("((");
            let exact = one_of(sql, column, &[value]);
            sql.push_str(") IS NOT TRUE)");
            if !exact {
                sql.truncate(start);
                sql.push_str("TRUE");
            }
            return exact;
        }
        Comparison::LessOrEqual | Comparison::GreaterOrEqual if absent => {
            sql.push_str(&format!("{name} IS NULL"));
        }
        Comparison::Less | Comparison::Greater if absent => return constant(sql, false),
        Comparison::Less => return range(sql, column, "<", value),
        Comparison::LessOrEqual => return range(sql, column, "<=", value),
        Comparison::Greater => return range(sql, column, ">", value),
        Comparison::GreaterOrEqual => return range(sql, column, ">=", value),
    }
    true
}

fn range(sql: &mut String, column: &TableColumn, symbol: &str, value: &Value) -> bool {
    let name = column.ordered();
    let whole = matches!(column.codec, Codec::Int2 | Codec::Int4 | Codec::Int8);
    match (Push::of(column, value), value) {
        // NaN compares with NaN only, as its equal.
        (Push::As(_), Value::Float(number)) if number.is_nan() => {
            let equal = symbol.len() > 1;
            sql.push_str(&if equal { format!("{name} = 'NaN'") } else { "FALSE".to_owned() });
            true
        }
        (_, Value::Bool(_)) => {
            sql.push_str("TRUE");
            false
        }
        (Push::As(text), _) => {
            let value = format!("{}::{}", literal(&text), compared(column));
            sql.push_str(&format!("({name} {symbol} {value}"));
            if matches!(column.codec, Codec::Float4 | Codec::Float8) {
                sql.push_str(&format!(" AND {name} <> 'NaN'"));
            }
            sql.push(')');
            true
        }
        (Push::Never, Value::Int(_) | Value::Float(_) | Value::Decimal(_)) if whole => {
            match Decimal::from_value(value) {
                Some(number) => {
                    sql.push_str(&format!("{name} {symbol} '{number}'::numeric"));
                    true
                }
                None => {
                    sql.push_str("TRUE");
                    false
                }
            }
        }
        // Of another kind; a value of the same kind that the type can't hold is left to the reader.
        (Push::Never, Value::Text(text)) if column.codec != Codec::Text || !text.contains('\0') => {
            constant(sql, false)
        }
        (Push::Never, Value::Int(_) | Value::Uuid(_) | Value::ObjectId(_))
            if column.codec != Codec::Numeric =>
        {
            constant(sql, false)
        }
        _ => {
            sql.push_str("TRUE");
            false
        }
    }
}

fn one_of(sql: &mut String, column: &TableColumn, values: &[&Value]) -> bool {
    let mut texts = Vec::with_capacity(values.len());
    let mut absent = false;
    for value in values {
        if value.is_absent() {
            absent = true;
            continue;
        }
        match Push::of(column, value) {
            Push::As(text) => texts.push(text),
            Push::Never => {}
            Push::No => {
                sql.push_str("TRUE");
                return false;
            }
        }
    }
    let name = equal_expression(column);
    let cast = compared(column);
    sql.push('(');
    match texts.as_slice() {
        [] => sql.push_str("FALSE"),
        [text] => sql.push_str(&format!("{name} = {}::{cast}", literal(text))),
        texts => sql.push_str(&format!("{name} = ANY({}::{cast}[])", array(texts))),
    }
    if absent {
        sql.push_str(&format!(" OR {} IS NULL", quote(&column.name)));
    }
    sql.push(')');
    true
}

/// A list of texts as SQL.
fn array<T: AsRef<str>>(texts: &[T]) -> String {
    let parts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    literal(&format!("{{{}}}", parts.join(",")))
}

fn tuples(
    sql: &mut String,
    table: &Table,
    paths: &[String],
    tuples: &[Vec<Value>],
) -> Result<bool, StoreError> {
    let columns = table.named(paths)?;
    if let [column] = columns.as_slice() {
        let values: Vec<&Value> = tuples.iter().filter_map(|tuple| tuple.first()).collect();
        return Ok(one_of(sql, column, &values));
    }
    let mut lists: Vec<Vec<String>> = vec![Vec::new(); columns.len()];
    'tuples: for tuple in tuples {
        let mut texts = Vec::with_capacity(columns.len());
        for (column, value) in columns.iter().zip(tuple) {
            match Push::of(column, value) {
                Push::As(text) => texts.push(text),
                Push::Never => continue 'tuples,
                Push::No => {
                    sql.push_str("TRUE");
                    return Ok(false);
                }
            }
        }
        for (list, text) in lists.iter_mut().zip(texts) {
            list.push(text);
        }
    }
    if columns.is_empty() || lists[0].is_empty() {
        return Ok(constant(sql, false));
    }
    let names: Vec<String> = columns.iter().map(|column| equal_expression(column)).collect();
    let lists: Vec<String> = columns
        .iter()
        .zip(&lists)
        .map(|(column, list)| format!("{}::{}[]", array(list), compared(column)))
        .collect();
    sql.push_str(&format!("({}) IN (SELECT * FROM unnest({}))", names.join(","), lists.join(",")));
    Ok(true)
}

fn page(
    sql: &mut String,
    table: &Table,
    paths: &[String],
    tuple: &[Value],
    test: &str,
) -> Result<bool, StoreError> {
    let mut names = Vec::with_capacity(paths.len());
    let mut values = Vec::with_capacity(paths.len());
    for (path, value) in paths.iter().zip(tuple) {
        let column = table.required(path)?;
        let float = matches!(column.codec, Codec::Float4 | Codec::Float8);
        match Push::of(column, value) {
            // NaN is the least number in a filter and the greatest in SQL.
            Push::As(text) if !float => {
                names.push(column.ordered());
                values.push(format!("{}::{}", literal(&text), compared(column)));
            }
            _ => {
                sql.push_str("TRUE");
                return Ok(false);
            }
        }
    }
    if names.is_empty() {
        sql.push_str("TRUE");
        return Ok(false);
    }
    sql.push_str(&format!("((({}) > ({})) {test})", names.join(","), values.join(",")));
    Ok(true)
}

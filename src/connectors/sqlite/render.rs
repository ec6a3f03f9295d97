//! Filters as SQL conditions.
//!
//! A condition is *exact* when SQL decides as the filter means; otherwise it lets through at least
//! every record that the filter wants, and the reader asks [`matches`](crate::connectors::matches).

use sqlx::sqlite::SqliteArguments;

use super::catalog::{Table, quote};
use super::codec::{Raw, bind, bind_raw};
use super::compare::{Push, equality, is_ranged, range};
use super::types::ColumnType;
use crate::connectors::StoreError;
use crate::connectors::tables::CatalogTable as _;
use crate::value::Value;
use crate::value::query::{Comparison, Filter};

/// SQL text with its parameters.
#[derive(Clone, Default)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) arguments: SqliteArguments,
}

impl Sql {
    /// Adds text.
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a stored value as a parameter.
    pub(crate) fn raw(&mut self, value: &Raw) {
        let mark = bind_raw(&mut self.arguments, value);
        self.text.push_str(mark);
    }

    /// Adds a parameter as it is, as into a column of unknown type.
    pub(crate) fn plain(&mut self, value: &Value) {
        self.value(value, &ColumnType::UNKNOWN);
    }

    /// Adds a parameter; false when the column can't hold the value at all.
    pub(crate) fn value(&mut self, value: &Value, column: &ColumnType) -> bool {
        let bound = bind(&mut self.arguments, value, column).is_ok();
        if bound {
            self.text.push('?');
        }
        bound
    }
}

/// Parameters in one list before it is passed as one JSON text instead.
const MANY: usize = 800;

/// Renders a filter. Gives whether it is exact.
///
/// # Errors
/// When it names a column that is not there.
pub(crate) fn condition(sql: &mut Sql, filter: &Filter, table: &Table) -> Result<bool, StoreError> {
    Ok(match filter {
        Filter::All => {
            sql.push("1");
            true
        }
        Filter::And(all) => join(sql, all, table, " AND ", "1")?,
        Filter::Or(any) => join(sql, any, table, " OR ", "0")?,
        Filter::Not(inner) => {
            let start = sql.clone();
            sql.push("((");
            let exact = condition(sql, inner, table)?;
            sql.push(") IS NOT TRUE)");
            if !exact {
                *sql = start;
                sql.push("1");
            }
            exact
        }
        Filter::Compare { path, operator, value } => {
            let (name, column) = column(table, path)?;
            compare(sql, &name, column, *operator, value)
        }
        Filter::In { path, values } => {
            let (name, column) = column(table, path)?;
            one_of(sql, &name, column, values)
        }
        Filter::Exists { path, exists } => {
            let (name, _) = column(table, path)?;
            sql.push(&name);
            sql.push(if *exists { " IS NOT NULL" } else { " IS NULL" });
            true
        }
        Filter::Tuples { paths, tuples } => self::tuples(sql, table, paths, tuples)?,
        Filter::After { paths, tuple } => page(sql, table, paths, tuple, ">", "IS TRUE")?,
        Filter::UpTo { paths, tuple } => page(sql, table, paths, tuple, ">", "IS NOT TRUE")?,
    })
}

fn column<'t>(table: &'t Table, path: &str) -> Result<(String, &'t ColumnType), StoreError> {
    Ok((quote(path), &table.required(path)?.column_type))
}

fn join(
    sql: &mut Sql,
    filters: &[Filter],
    table: &Table,
    with: &str,
    empty: &str,
) -> Result<bool, StoreError> {
    if filters.is_empty() {
        sql.push(empty);
        return Ok(true);
    }
    let mut exact = true;
    for (index, filter) in filters.iter().enumerate() {
        sql.push(if index == 0 { "((" } else { with });
        if index > 0 {
            sql.push("(");
        }
        exact &= condition(sql, filter, table)?;
        sql.push(")");
    }
    sql.push(")");
    Ok(exact)
}

fn compare(
    sql: &mut Sql,
    name: &str,
    column: &ColumnType,
    operator: Comparison,
    value: &Value,
) -> bool {
    let absent = value.is_absent();
    match operator {
        Comparison::Equal if absent => sql.push(&format!("{name} IS NULL")),
        Comparison::Equal => return equality(sql, name, column, value),
        Comparison::NotEqual if absent => sql.push(&format!("{name} IS NOT NULL")),
        Comparison::NotEqual => {
            let start = sql.clone();
            sql.push("((");
            let exact = equality(sql, name, column, value);
            sql.push(") IS NOT TRUE)");
            if !exact {
                *sql = start;
                sql.push("1");
            }
            return exact;
        }
        Comparison::LessOrEqual | Comparison::GreaterOrEqual if absent => {
            sql.push(&format!("{name} IS NULL"));
        }
        Comparison::Less | Comparison::Greater if absent => sql.push("0"),
        operator => return range(sql, name, column, operator, value),
    }
    true
}

fn one_of(sql: &mut Sql, name: &str, column: &ColumnType, values: &[Value]) -> bool {
    let (absent, present): (Vec<&Value>, Vec<&Value>) =
        values.iter().partition(|value| value.is_absent());
    let listed = present.iter().all(|value| Push::of(column, value) == Push::Exact);
    if !listed && present.len() > 100 {
        sql.push("1");
        return false;
    }
    // No constant stands beside the terms: SQLite would not use an index then.
    let mut terms = 0;
    let mut term = |sql: &mut Sql| {
        sql.push(if terms == 0 { "(" } else { " OR " });
        terms += 1;
    };
    if !absent.is_empty() {
        term(sql);
        sql.push(&format!("{name} IS NULL"));
    }
    let mut exact = true;
    if listed && !present.is_empty() {
        term(sql);
        sql.push(&format!("{name} IN ("));
        if present.len() > MANY && present.iter().all(|value| is_simple(value)) {
            sql.push("SELECT value FROM json_each(?)");
            json_argument(sql, present.into_iter().cloned().collect());
        } else {
            for (index, value) in present.iter().enumerate() {
                sql.push(if index == 0 { "" } else { "," });
                sql.value(value, column);
            }
        }
        sql.push(")");
    } else {
        for value in present {
            term(sql);
            sql.push("(");
            exact &= equality(sql, name, column, value);
            sql.push(")");
        }
    }
    sql.push(if terms == 0 { "0" } else { ")" });
    exact
}

/// Whether a value means the same inside a JSON text.
fn is_simple(value: &Value) -> bool {
    match value {
        Value::Int(_) => true,
        Value::Text(text) => !text.contains('\0'),
        _ => false,
    }
}

fn json_argument(sql: &mut Sql, values: Vec<Value>) {
    let text =
        crate::value::extended_json::to_plain_text(&Value::array(values)).unwrap_or_default();
    let text = Value::from(text);
    // Text always fits a column of unknown type.
    let _ = bind(&mut sql.arguments, &text, &ColumnType::UNKNOWN);
}

fn tuples(
    sql: &mut Sql,
    table: &Table,
    paths: &[String],
    tuples: &[Vec<Value>],
) -> Result<bool, StoreError> {
    let columns: Vec<_> = paths.iter().map(|path| column(table, path)).collect::<Result<_, _>>()?;
    if let [(name, column)] = columns.as_slice() {
        let values: Vec<Value> = tuples.iter().filter_map(|tuple| tuple.first().cloned()).collect();
        return Ok(one_of(sql, name, column, &values));
    }
    // Columns that SQL compares as the filter means go into the condition, the others are left to
    // the reader.
    let pushed: Vec<usize> = (0..columns.len())
        .filter(|&part| {
            tuples.iter().all(|tuple| Push::of(columns[part].1, &tuple[part]) == Push::Exact)
        })
        .collect();
    let simple = tuples.iter().all(|tuple| pushed.iter().all(|&part| is_simple(&tuple[part])));
    let parameters = tuples.len() * pushed.len();
    if pushed.is_empty() || tuples.is_empty() || (!simple && parameters > 30_000) {
        sql.push(if tuples.is_empty() { "0" } else { "1" });
        return Ok(tuples.is_empty());
    }
    let names: Vec<&str> = pushed.iter().map(|&part| columns[part].0.as_str()).collect();
    if let ([name], true) = (names.as_slice(), pushed.len() < columns.len()) {
        let values: Vec<Value> = tuples.iter().map(|tuple| tuple[pushed[0]].clone()).collect();
        one_of(sql, name, columns[pushed[0]].1, &values);
        return Ok(false);
    }
    sql.push(&format!("({}) IN (", names.join(",")));
    if simple && parameters > MANY {
        let parts: Vec<String> =
            (0..pushed.len()).map(|part| format!("json_extract(value, '$[{part}]')")).collect();
        sql.push(&format!("SELECT {} FROM json_each(?)", parts.join(",")));
        let rows = tuples
            .iter()
            .map(|tuple| Value::array(pushed.iter().map(|&part| tuple[part].clone()).collect()));
        json_argument(sql, rows.collect());
    } else {
        for (index, tuple) in tuples.iter().enumerate() {
            sql.push(if index == 0 { "VALUES (" } else { ",(" });
            for (place, &part) in pushed.iter().enumerate() {
                sql.push(if place == 0 { "" } else { "," });
                sql.value(&tuple[part], columns[part].1);
            }
            sql.push(")");
        }
    }
    sql.push(")");
    Ok(pushed.len() == columns.len())
}

fn page(
    sql: &mut Sql,
    table: &Table,
    paths: &[String],
    tuple: &[Value],
    operator: &str,
    test: &str,
) -> Result<bool, StoreError> {
    let columns: Vec<_> = paths.iter().map(|path| column(table, path)).collect::<Result<_, _>>()?;
    let ranged = columns.iter().zip(tuple).all(|((_, column), value)| is_ranged(column, value));
    if !ranged || columns.is_empty() {
        sql.push("1");
        return Ok(false);
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    sql.push(&format!("(({}) {operator} (", names.join(",")));
    for (index, ((_, column), value)) in columns.iter().zip(tuple).enumerate() {
        sql.push(if index == 0 { "" } else { "," });
        sql.value(value, column);
    }
    sql.push(&format!(")) {test}"));
    Ok(true)
}

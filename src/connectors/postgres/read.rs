//! Reads of tables: whole results and counts.

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{
    AssertSqlSafe, Column as _, Executor as _, Row as _, SqlSafeStr as _, Statement as _,
    TypeInfo as _, ValueRef as _,
};

use super::catalog::{self, Table, TableColumn};
use super::config::Server;
use super::decode::decode;
use super::name::quote;
use super::render::condition;
use crate::connectors::tables::{CatalogTable as _, layout, most, no_table};
use crate::connectors::{Rows, StoreError, StoreErrorKind, matches};
use crate::value::extended_json::Parser;
use crate::value::query::{Filter, Select};
use crate::value::{Problem, Row, Value};

/// A table that must be there.
pub(super) async fn table(
    connection: &mut PgConnection,
    entity: &str,
    server: &Server,
) -> Result<Table, StoreError> {
    catalog::table(connection, entity)
        .await
        .map_err(|e| server.error(&e))?
        .ok_or_else(|| no_table(&server.location, entity))
}

/// Reads what a statement asks for.
pub(super) async fn select(
    connection: &mut PgConnection,
    table: &Table,
    select: &Select,
    server: &Server,
) -> Result<Rows, StoreError> {
    let mut columns = table.chosen(select.columns.as_deref())?;
    let wanted = columns.len();
    let mut text = String::from(" WHERE ");
    let exact = condition(&mut text, &select.filter, table)?;
    if !exact {
        columns.extend(table.filtered(&select.filter)?);
    }
    order(&mut text, table, select)?;
    if exact && let Some(limit) = select.limit {
        text.push_str(&format!(" LIMIT {limit}"));
    }
    let text = format!("SELECT {} FROM {}{text}", list(&columns), table.from);
    let full = layout(&columns);
    let most = most(select);
    let mut rows = Vec::new();
    let mut stream = once(text, &columns).fetch(&mut *connection);
    while let Some(row) = stream.try_next().await.map_err(|e| server.error(&e))? {
        if rows.len() >= most {
            continue;
        }
        let mut row = whole_row(&row, &columns, server)?;
        if exact || matches(&select.filter, &full, &row) {
            row.truncate(wanted);
            rows.push(row);
        }
    }
    Ok(Rows { layout: layout(&columns[..wanted]), rows })
}

/// A statement that is not kept prepared. The driver looks up types that are not PostgreSQL's own,
/// and forgets the statement over it, so one that gives them is kept.
pub(super) fn once(
    text: String,
    columns: &[&TableColumn],
) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
    let plain = columns.iter().all(|column| column.builtin || column.codec.is_text());
    sqlx::query(AssertSqlSafe(text)).persistent(!plain)
}

/// Counts records.
pub(super) async fn count(
    connection: &mut PgConnection,
    table: &Table,
    filter: &Filter,
    server: &Server,
) -> Result<u64, StoreError> {
    let mut text = String::new();
    let exact = condition(&mut text, filter, table)?;
    if exact {
        let text = format!("SELECT count(*) FROM {} WHERE {text}", table.from);
        let row = sqlx::query(AssertSqlSafe(text))
            .persistent(false)
            .fetch_one(connection)
            .await
            .map_err(|e| server.error(&e))?;
        let count: i64 = row.try_get(0).map_err(|e| server.error(&e))?;
        return Ok(u64::try_from(count).unwrap_or(0));
    }
    let columns = table.filtered(filter)?;
    let full = layout(&columns);
    let text = format!("SELECT {} FROM {} WHERE {text}", list(&columns), table.from);
    let mut stream = once(text, &columns).fetch(connection);
    let mut count = 0;
    while let Some(row) = stream.try_next().await.map_err(|e| server.error(&e))? {
        let row = whole_row(&row, &columns, server)?;
        count += u64::from(matches(filter, &full, &row));
    }
    Ok(count)
}

/// Runs a query as it is written.
pub(super) async fn query(
    connection: &mut PgConnection,
    text: &str,
    server: &Server,
) -> Result<Rows, StoreError> {
    let columns = result_columns(connection, text, server).await?;
    let references: Vec<&TableColumn> = columns.iter().collect();
    let text = if columns.iter().any(|column| column.codec.is_text()) {
        format!("SELECT {} FROM ({text}\n) AS query", list(&references))
    } else {
        text.to_owned()
    };
    let mut stream = once(text, &references).fetch(&mut *connection);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await.map_err(|e| server.error(&e))? {
        rows.push(whole_row(&row, &references, server)?);
    }
    Ok(Rows { layout: layout(&references), rows })
}

/// The columns that a query gives.
pub(super) async fn result_columns(
    connection: &mut PgConnection,
    text: &str,
    server: &Server,
) -> Result<Vec<TableColumn>, StoreError> {
    let statement = (&mut *connection)
        .prepare(AssertSqlSafe(text.to_owned()).into_sql_str())
        .await
        .map_err(|e| server.error(&e))?;
    let mut names = Vec::with_capacity(statement.columns().len());
    for column in statement.columns() {
        let Some(id) = column.type_info().oid() else {
            return Err(StoreError::new(
                StoreErrorKind::Query,
                format!(
                    "{}: the type of the query's column `{}`, {}, is not known",
                    server.location,
                    column.name(),
                    column.type_info().name()
                ),
            ));
        };
        names.push((column.name().to_owned(), id));
    }
    catalog::result_columns(connection, names).await.map_err(|e| server.error(&e))
}

/// Decodes a row that must be readable.
pub(super) fn whole_row(
    row: &PgRow,
    columns: &[&TableColumn],
    server: &Server,
) -> Result<Row, StoreError> {
    let parser = Parser::plain();
    let mut values = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let value = one(row, index, column, &parser).map_err(|problem| {
            let message =
                format!("{}: column `{}`: {}", server.location, column.name, problem.message);
            StoreError::new(StoreErrorKind::Corrupt, message)
        })?;
        values.push(value);
    }
    Ok(values)
}

fn one(row: &PgRow, index: usize, column: &TableColumn, parser: &Parser) -> Result<Value, Problem> {
    let damaged = || Problem::new("value", "the value can't be read");
    let value = row.try_get_raw(index).map_err(|_| damaged())?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    decode(&column.codec, value.as_bytes().map_err(|_| damaged())?, parser)
}

/// The columns as a list of what reads them.
pub(super) fn list(columns: &[&TableColumn]) -> String {
    let mut parts = Vec::with_capacity(columns.len());
    for column in columns {
        let read = column.read();
        let name = quote(&column.name);
        parts.push(if read == name { name } else { format!("{read} AS {name}") });
    }
    parts.join(",")
}

fn order(text: &mut String, table: &Table, select: &Select) -> Result<(), StoreError> {
    for (index, key) in select.order.iter().enumerate() {
        let column = table.required(&key.path)?;
        text.push_str(if index == 0 { " ORDER BY " } else { ", " });
        text.push_str(&column.ordered());
        text.push_str(if key.descending { " DESC NULLS LAST" } else { " NULLS FIRST" });
    }
    Ok(())
}

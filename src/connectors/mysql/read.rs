//! Reads of tables: whole results and counts.

use futures_util::TryStreamExt as _;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{
    AssertSqlSafe, Column as _, Executor as _, SqlSafeStr as _, Statement as _, TypeInfo as _,
};

use super::catalog::{self, Table, TableColumn, execute, quote};
use super::codec::{Reading, bytes};
use super::config::Server;
use super::error::store_error;
use super::render::Renderer;
use super::types::{Charset, Class, ColumnType};
use crate::connectors::tables::{CatalogTable as _, layout, most, no_table};
use crate::connectors::{Rows, StoreError, StoreErrorKind, matches};
use crate::value::query::{Filter, Select};
use crate::value::{Problem, Row, Value};

/// What every read needs to know about the database.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The database, for messages.
    pub(super) location: &'a str,
    /// How columns are read.
    pub(super) reading: &'a Reading,
    /// What the server is.
    pub(super) server: Server,
}

impl Context<'_> {
    pub(super) fn error(&self, error: &sqlx::Error) -> StoreError {
        store_error(error, self.location)
    }

    /// Whether `TINYINT(1)` holds truth values.
    pub(super) fn truths(&self) -> bool {
        self.reading.policies.booleans.is_some()
    }

    /// A table that must be there.
    pub(super) async fn table(
        &self,
        connection: &mut MySqlConnection,
        entity: &str,
    ) -> Result<Table, StoreError> {
        let found = catalog::table(connection, entity, self.server.mariadb, self.truths()).await;
        found.map_err(|e| self.error(&e))?.ok_or_else(|| no_table(self.location, entity))
    }

    /// Decodes a row that must be readable.
    pub(super) fn row(&self, row: &MySqlRow, columns: &[&TableColumn]) -> Result<Row, StoreError> {
        decode_row(self.reading, row, columns).map_err(|problem| {
            let column = problem.field.as_deref().unwrap_or_default();
            let message = format!("{}: column `{column}`: {}", self.location, problem.message);
            StoreError::new(StoreErrorKind::Corrupt, message)
        })
    }
}

/// Decodes a row; the problem names the column.
pub(super) fn decode_row(
    reading: &Reading,
    row: &MySqlRow,
    columns: &[&TableColumn],
) -> Result<Row, Problem> {
    let mut values = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        values.push(match bytes(row, index) {
            None => Value::Null,
            Some(bytes) => reading
                .decode(bytes, &column.column_type)
                .map_err(|problem| problem.at(&column.name))?,
        });
    }
    Ok(values)
}

/// Reads what a statement asks for.
pub(super) async fn select(
    connection: &mut MySqlConnection,
    table: &Table,
    select: &Select,
    context: Context<'_>,
) -> Result<Rows, StoreError> {
    let mut columns = table.chosen(select.columns.as_deref())?;
    let wanted = columns.len();
    let mut condition = String::new();
    let renderer = Renderer { table, reading: context.reading };
    let exact = renderer.condition(&mut condition, &select.filter)?;
    if !exact {
        columns.extend(table.filtered(&select.filter)?);
    }
    let list = list(&columns, context.reading);
    let mut sql = format!("SELECT {list} FROM {} WHERE {condition}", quote(&table.name));
    order(&mut sql, table, select)?;
    if exact && let Some(limit) = select.limit {
        sql.push_str(&format!(" LIMIT {limit}"));
    }
    let full = layout(&columns);
    let most = most(select);
    let mut rows = Vec::new();
    let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut *connection);
    while rows.len() < most
        && let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))?
    {
        let mut row = context.row(&row, &columns)?;
        if exact || matches(&select.filter, &full, &row) {
            row.truncate(wanted);
            rows.push(row);
        }
    }
    Ok(Rows { layout: layout(&columns[..wanted]), rows })
}

/// Counts records.
pub(super) async fn count(
    connection: &mut MySqlConnection,
    table: &Table,
    filter: &Filter,
    context: Context<'_>,
) -> Result<u64, StoreError> {
    let renderer = Renderer { table, reading: context.reading };
    let mut condition = String::new();
    let exact = renderer.condition(&mut condition, filter)?;
    let columns = table.filtered(filter)?;
    let what = if exact { "COUNT(*)".to_owned() } else { list(&columns, context.reading) };
    let sql = format!("SELECT {what} FROM {} WHERE {condition}", quote(&table.name));
    let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut *connection);
    let full = layout(&columns);
    let mut found = 0;
    while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
        if exact {
            let text = super::codec::plain_text(&row, 0);
            found = text.parse().unwrap_or(0);
        } else if matches(filter, &full, &context.row(&row, &columns)?) {
            found += 1;
        }
    }
    Ok(found)
}

/// Makes a connection read what queries of any kind give: results as UTF-8, and nothing written.
pub(super) async fn prepare_for_queries(
    connection: &mut MySqlConnection,
) -> Result<(), sqlx::Error> {
    let sql = "SET character_set_results = utf8mb4; SET SESSION TRANSACTION READ ONLY";
    execute(connection, sql).await.map(|_| ())
}

/// Runs a query on a connection that can't write.
pub(super) async fn query(
    connection: &mut MySqlConnection,
    text: &str,
    context: Context<'_>,
) -> Result<Rows, StoreError> {
    let columns = result_columns(connection, text, context).await?;
    if let Some(column) = columns.iter().find(|column| column.column_type.class == Class::Float) {
        // The server sends six digits of it.
        return Err(StoreError::new(
            StoreErrorKind::Unsupported,
            format!(
                "{}: column `{name}` of the query is a FLOAT, of which the server does not send \
                 all digits; write `{name} + 0e0 AS {name}`",
                context.location,
                name = column.name
            ),
        ));
    }
    let references: Vec<&TableColumn> = columns.iter().collect();
    let mut stream = sqlx::raw_sql(AssertSqlSafe(text.to_owned())).fetch(&mut *connection);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
        rows.push(context.row(&row, &references)?);
    }
    Ok(Rows { layout: layout(&references), rows })
}

/// The columns that a query gives. Preparing it also makes sure that it is one statement.
pub(super) async fn result_columns(
    connection: &mut MySqlConnection,
    text: &str,
    context: Context<'_>,
) -> Result<Vec<TableColumn>, StoreError> {
    let statement = (&mut *connection)
        .prepare(AssertSqlSafe(text.to_owned()).into_sql_str())
        .await
        .map_err(|e| context.error(&e))?;
    let column = |column: &sqlx::mysql::MySqlColumn| TableColumn {
        name: column.name().to_owned(),
        declared: String::new(),
        column_type: ColumnType::of_result(column.type_info().name()),
        nullable: true,
        has_default: false,
        generated: false,
        auto_increment: false,
    };
    Ok(statement.columns().iter().map(column).collect())
}

/// What is asked of the server for a column: floats with all their digits, and text of character
/// sets that are not decoded here as UTF-8.
fn expression(column: &TableColumn, reading: &Reading) -> String {
    let name = quote(&column.name);
    match (column.column_type.class, column.column_type.charset) {
        (Class::Float, _) => format!("{name} + 0e0"),
        (Class::Text, Charset::Other) if reading.encoding.is_none() => {
            format!("CONVERT({name} USING utf8mb4)")
        }
        _ => name,
    }
}

/// The columns as a list in SQL.
pub(super) fn list(columns: &[&TableColumn], reading: &Reading) -> String {
    let names: Vec<String> = columns.iter().map(|column| expression(column, reading)).collect();
    if names.is_empty() { "NULL".to_owned() } else { names.join(",") }
}

/// How a key's column is sorted and bounded: text by its bytes.
pub(super) fn sorted(column: &TableColumn) -> String {
    let name = quote(&column.name);
    match column.column_type.class {
        Class::Float => format!("({name} + 0e0)"),
        Class::Text if !column.column_type.by_bytes => format!("CAST({name} AS BINARY)"),
        _ => name,
    }
}

fn order(sql: &mut String, table: &Table, select: &Select) -> Result<(), StoreError> {
    for (index, key) in select.order.iter().enumerate() {
        let column = table.required(&key.path)?;
        sql.push_str(if index == 0 { " ORDER BY " } else { ", " });
        sql.push_str(&sorted(column));
        if key.descending {
            sql.push_str(" DESC");
        }
    }
    Ok(())
}

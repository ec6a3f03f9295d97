//! Reads of tables: whole results and counts.

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Column as _, Executor as _, Row as _, SqlSafeStr as _, Statement as _};

use super::catalog::{self, Table, TableColumn, quote};
use super::codec::decode;
use super::error::store_error;
use super::render::{Sql, condition};
use super::types::ColumnType;
use crate::connectors::tables::{CatalogTable as _, layout, most, no_table};
use crate::connectors::{Policies, Rows, StoreError, StoreErrorKind, matches};
use crate::value::query::{Filter, Select};
use crate::value::{DataType, Row};

/// What every read needs to know about the database.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The file, for messages.
    pub(crate) location: &'a str,
    /// The connection's policies.
    pub(crate) policies: &'a Policies,
}

impl Context<'_> {
    pub(crate) fn error(&self, error: &sqlx::Error) -> StoreError {
        store_error(error, self.location)
    }

    /// A table that must be there.
    pub(crate) async fn table(
        &self,
        connection: &mut SqliteConnection,
        entity: &str,
    ) -> Result<Table, StoreError> {
        catalog::table(connection, entity)
            .await
            .map_err(|e| self.error(&e))?
            .ok_or_else(|| no_table(self.location, entity))
    }

    /// Decodes a row that must be readable.
    pub(super) fn row(&self, row: &SqliteRow, columns: &[&TableColumn]) -> Result<Row, StoreError> {
        let mut values = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let value = decode(row, index, &column.column_type, self.policies).map_err(|_| {
                StoreError::new(
                    StoreErrorKind::Corrupt,
                    format!(
                        "{}: column `{}` holds text that is not UTF-8",
                        self.location, column.name
                    ),
                )
            })?;
            values.push(value);
        }
        Ok(values)
    }
}

/// Reads what a statement asks for.
pub(crate) async fn select(
    connection: &mut SqliteConnection,
    table: &Table,
    select: &Select,
    context: Context<'_>,
) -> Result<Rows, StoreError> {
    let mut sql = Sql::default();
    let mut columns = table.chosen(select.columns.as_deref())?;
    let wanted = columns.len();
    sql.push(" WHERE ");
    let exact = condition(&mut sql, &select.filter, table)?;
    if !exact {
        columns.extend(table.filtered(&select.filter)?);
    }
    order(&mut sql, table, select)?;
    if exact && let Some(limit) = select.limit {
        sql.push(&format!(" LIMIT {limit}"));
    }
    sql.text = format!("SELECT {} FROM {}{}", list(&columns), quote(&table.name), sql.text);

    let full = layout(&columns);
    let most = most(select);
    let mut rows = Vec::new();
    let mut stream =
        sqlx::query_with(AssertSqlSafe(sql.text), sql.arguments).fetch(&mut *connection);
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
pub(crate) async fn count(
    connection: &mut SqliteConnection,
    table: &Table,
    filter: &Filter,
    context: Context<'_>,
) -> Result<u64, StoreError> {
    let mut sql = Sql::default();
    let exact = condition(&mut sql, filter, table)?;
    let from = quote(&table.name);
    if exact {
        let text = format!("SELECT count(*) FROM {from} WHERE {}", sql.text);
        let row = sqlx::query_with(AssertSqlSafe(text), sql.arguments)
            .fetch_one(connection)
            .await
            .map_err(|e| context.error(&e))?;
        let count: i64 = row.try_get(0).map_err(|e| context.error(&e))?;
        return Ok(u64::try_from(count).unwrap_or(0));
    }
    let columns = table.filtered(filter)?;
    let full = layout(&columns);
    let text = format!("SELECT {} FROM {from} WHERE {}", list(&columns), sql.text);
    let mut stream = sqlx::query_with(AssertSqlSafe(text), sql.arguments).fetch(connection);
    let mut count = 0;
    while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
        let row = context.row(&row, &columns)?;
        count += u64::from(matches(filter, &full, &row));
    }
    Ok(count)
}

/// Runs a query as it is written; a column that comes from a table has that column's type.
pub(crate) async fn query(
    connection: &mut SqliteConnection,
    text: &str,
    context: Context<'_>,
) -> Result<Rows, StoreError> {
    let columns = result_columns(connection, text, context).await?;
    let references: Vec<&TableColumn> = columns.iter().collect();
    let mut stream = sqlx::query(AssertSqlSafe(text.to_owned())).fetch(&mut *connection);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
        rows.push(context.row(&row, &references)?);
    }
    Ok(Rows { layout: layout(&references), rows })
}

/// The columns that a query gives.
pub(crate) async fn result_columns(
    connection: &mut SqliteConnection,
    text: &str,
    context: Context<'_>,
) -> Result<Vec<TableColumn>, StoreError> {
    let statement = (&mut *connection)
        .prepare(AssertSqlSafe(text.to_owned()).into_sql_str())
        .await
        .map_err(|e| context.error(&e))?;
    let mut tables: Vec<Table> = Vec::new();
    let mut columns = Vec::new();
    for column in statement.columns() {
        let mut column_type = ColumnType::UNKNOWN;
        if let Some(origin) = column.origin().table_column() {
            let name = origin.table.rsplit('.').next().unwrap_or_default().to_owned();
            if !tables.iter().any(|table| table.name == name)
                && let Some(table) =
                    catalog::table(connection, &name).await.map_err(|e| context.error(&e))?
            {
                tables.push(table);
            }
            let found = tables.iter().find(|table| table.name == name);
            if let Some(found) = found.and_then(|table| table.column(&origin.name)) {
                column_type = found.column_type.clone();
            }
        }
        columns.push(TableColumn {
            name: column.name().to_owned(),
            declared: String::new(),
            column_type,
            nullable: true,
            has_default: false,
            generated: false,
            primary: 0,
        });
    }
    Ok(columns)
}

/// The columns as a list in SQL.
pub(crate) fn list(columns: &[&TableColumn]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    if names.is_empty() { "NULL".to_owned() } else { names.join(",") }
}

fn order(sql: &mut Sql, table: &Table, select: &Select) -> Result<(), StoreError> {
    for (index, key) in select.order.iter().enumerate() {
        let column = table.required(&key.path)?;
        sql.push(if index == 0 { " ORDER BY " } else { ", " });
        let name = quote(&column.name);
        let as_text = matches!(column.column_type.data_type, DataType::Decimal { .. })
            && column.column_type.affinity == super::types::Affinity::Text;
        // Decimals held as text sort by number; digits beyond a float's decide among equals.
        if as_text {
            let direction = if key.descending { " DESC" } else { "" };
            sql.push(&format!("CAST({name} AS REAL){direction}, "));
        }
        sql.push(&name);
        if key.descending {
            sql.push(" DESC");
        }
    }
    Ok(())
}

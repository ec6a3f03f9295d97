//! Inserts, updates and deletes, as statements of literals.

use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;

use super::catalog::{Table, TableColumn, quote};
use super::codec::push_literal;
use super::compare::equality;
use super::read::{decode_row, list};
use super::writer::Writer;
use crate::connectors::tables::{CatalogTable as _, inserted};
use crate::connectors::{
    Delete, Insert, StoreError, StoreErrorKind, Update, Violation, ViolationKind, WriteError,
};
use crate::value::{Row, Value};

/// Bytes of a statement, where the server takes that many: beyond it nothing is gained.
const STATEMENT: usize = 512 << 10;

/// A statement may be so large; one row is sent whatever its size is.
fn largest(writer: &Writer) -> usize {
    STATEMENT.min(writer.database.server.packet / 2)
}

/// Inserts rows.
pub(super) async fn insert(
    writer: &mut Writer,
    table: &Table,
    insert: Insert<'_>,
) -> Result<Vec<Row>, WriteError> {
    let targets = table.named(inserted(&insert, &table.name)?)?;
    let returning = table.named(insert.returning)?;
    let limit = largest(writer);
    // One row at a time where rows are given back: their order is certain then.
    let singly = !returning.is_empty();
    let statements = statements(table, &targets, insert.rows, limit, singly)?;
    if statements.len() <= 1 && !singly {
        for sql in statements {
            change(writer, table, sql).await?;
        }
        return Ok(Vec::new());
    }
    let own = writer.group().await?;
    let mut given = Vec::new();
    let mut result = Ok(());
    for (index, sql) in statements.into_iter().enumerate() {
        let done = if singly {
            let row =
                insert_returning(writer, table, sql, &returning, &targets, &insert.rows[index]);
            row.await.map(|row| given.push(row))
        } else {
            change(writer, table, sql).await.map(|_| ())
        };
        if let Err(error) = done {
            result = Err(error);
            break;
        }
    }
    writer.end(own, result.map(|()| given)).await
}

/// The statements that insert rows.
fn statements(
    table: &Table,
    targets: &[&TableColumn],
    rows: &[Row],
    limit: usize,
    singly: bool,
) -> Result<Vec<String>, WriteError> {
    let names: Vec<String> = targets.iter().map(|column| quote(&column.name)).collect();
    let head = format!("INSERT INTO {} ({}) VALUES ", quote(&table.name), names.join(","));
    let mut statements = Vec::new();
    let mut sql = String::new();
    let mut tuple = String::new();
    for row in rows {
        tuple.clear();
        tuple.push('(');
        for (index, (column, value)) in targets.iter().zip(row).enumerate() {
            tuple.push_str(if index == 0 { "" } else { "," });
            if matches!(value, Value::Missing) && column.auto_increment {
                // Where zero is zero, only null asks for the next number.
                tuple.push_str("NULL");
            } else if matches!(value, Value::Missing) {
                // Where there is no default, the server says which column it misses.
                tuple.push_str("DEFAULT");
            } else {
                push_literal(&mut tuple, value, &column.column_type)
                    .map_err(|_| refused(column))?;
            }
        }
        tuple.push(')');
        if !sql.is_empty() && (singly || sql.len() + tuple.len() >= limit) {
            statements.push(std::mem::take(&mut sql));
        }
        if sql.is_empty() {
            sql.push_str(&head);
        } else {
            sql.push(',');
        }
        sql.push_str(&tuple);
    }
    if !sql.is_empty() {
        statements.push(sql);
    }
    Ok(statements)
}

fn refused(column: &TableColumn) -> WriteError {
    WriteError::Record(Violation {
        kind: ViolationKind::Value,
        constraint: None,
        column: Some(column.name.clone()),
    })
}

/// Runs statements; a violated primary key is named by its columns.
async fn change(writer: &mut Writer, table: &Table, sql: String) -> Result<u64, WriteError> {
    writer.change(sql).await.map_err(|error| named(error, table))
}

fn named(error: WriteError, table: &Table) -> WriteError {
    match error {
        WriteError::Record(violation) if violation.constraint.as_deref() == Some("PRIMARY") => {
            WriteError::Record(Violation {
                constraint: None,
                column: Some(table.primary_key.join(", ")),
                ..violation
            })
        }
        other => other,
    }
}

/// Inserts one row and gives back some of its columns. MariaDB does it in one statement from 10.5
/// on; elsewhere the row is read again by its primary key, of which the server tells what it
/// generated.
async fn insert_returning(
    writer: &mut Writer,
    table: &Table,
    mut sql: String,
    returning: &[&TableColumn],
    targets: &[&TableColumn],
    row: &[Value],
) -> Result<Row, WriteError> {
    let server = writer.database.server;
    if server.mariadb && server.version >= (10, 5) {
        sql.push_str(" RETURNING ");
        sql.push_str(&list(returning, &writer.database.reading));
    } else {
        change(writer, table, sql).await?;
        sql = read_again(writer, table, returning, targets, row)?;
    }
    let found = {
        let (connection, _) = writer.parts();
        let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(connection);
        let mut found = Ok(None);
        loop {
            match stream.try_next().await {
                Ok(Some(row)) => found = Ok(Some(row)),
                Ok(None) => break found,
                Err(error) => break Err(error),
            }
        }
    };
    let found = found.map_err(|error| named(writer.failed(&error), table))?;
    let unreadable = || {
        let message = format!("{}: the inserted row can't be read back", writer.database.location);
        WriteError::Store(StoreError::new(StoreErrorKind::Corrupt, message))
    };
    let found = found.ok_or_else(unreadable)?;
    decode_row(&writer.database.reading, &found, returning).map_err(|_| unreadable())
}

fn read_again(
    writer: &Writer,
    table: &Table,
    returning: &[&TableColumn],
    targets: &[&TableColumn],
    row: &[Value],
) -> Result<String, StoreError> {
    let reading = &writer.database.reading;
    let mut sql = format!("SELECT {} FROM {} WHERE ", list(returning, reading), quote(&table.name));
    let key = table.named(&table.primary_key)?;
    for (index, column) in key.iter().enumerate() {
        sql.push_str(if index == 0 { "" } else { " AND " });
        let given = targets.iter().position(|target| target.name == column.name);
        match given.map(|index| &row[index]).filter(|value| !value.is_absent()) {
            Some(value) => {
                equality(&mut sql, column, value, reading);
            }
            None if column.auto_increment => {
                sql.push_str(&format!("{} = LAST_INSERT_ID()", quote(&column.name)));
            }
            None => {
                let message = format!(
                    "{}: this server gives back no columns of a row whose key it does not tell",
                    writer.database.location
                );
                return Err(StoreError::new(StoreErrorKind::Unsupported, message));
            }
        }
    }
    if key.is_empty() {
        sql.push_str("FALSE");
    }
    Ok(sql)
}

/// Changes rows by key, in statements of their own that travel together.
pub(super) async fn update(
    writer: &mut Writer,
    table: &Table,
    update: Update<'_>,
) -> Result<u64, WriteError> {
    let (keys, sets) = (table.named(update.key)?, table.named(update.set)?);
    let limit = largest(writer);
    let mut batches = Vec::new();
    let mut sql = String::new();
    let mut matched = 0;
    for row in update.rows {
        let (key, set) = row.split_at(keys.len().min(row.len()));
        let Some(condition) = condition(writer, &keys, key)? else { continue };
        if sets.is_empty() {
            matched += count(writer, table, &condition).await?;
            continue;
        }
        if sql.len() >= limit {
            batches.push(std::mem::take(&mut sql));
        }
        sql.push_str(if sql.is_empty() { "UPDATE " } else { ";UPDATE " });
        sql.push_str(&quote(&table.name));
        for (index, (column, value)) in sets.iter().zip(set).enumerate() {
            sql.push_str(if index == 0 { " SET " } else { "," });
            sql.push_str(&quote(&column.name));
            sql.push('=');
            push_literal(&mut sql, value, &column.column_type).map_err(|_| refused(column))?;
        }
        sql.push_str(" WHERE ");
        sql.push_str(&condition);
    }
    if !sql.is_empty() {
        batches.push(sql);
    }
    Ok(matched + all(writer, table, batches, update.rows.len()).await?)
}

/// Deletes rows by key.
pub(super) async fn delete(
    writer: &mut Writer,
    table: &Table,
    delete: Delete<'_>,
) -> Result<u64, WriteError> {
    let keys = table.named(delete.key)?;
    let mut batches = Vec::new();
    for rows in delete.rows.chunks(500) {
        let filter = crate::value::query::Filter::Tuples {
            paths: delete.key.to_vec(),
            tuples: rows.iter().filter(|row| row.len() == keys.len()).cloned().collect(),
        };
        let mut sql = format!("DELETE FROM {} WHERE ", quote(&table.name));
        let renderer = super::render::Renderer { table, reading: &writer.database.reading };
        if renderer.condition(&mut sql, &filter)? {
            batches.push(sql);
            continue;
        }
        // Not all kinds of key are found by a list; each row then has a condition of its own.
        for row in rows {
            if let Some(condition) = condition(writer, &keys, row)? {
                batches.push(format!("DELETE FROM {} WHERE {condition}", quote(&table.name)));
            }
        }
    }
    let rows = batches.len();
    all(writer, table, batches, rows).await
}

/// Runs statements, all or none.
async fn all(
    writer: &mut Writer,
    table: &Table,
    batches: Vec<String>,
    rows: usize,
) -> Result<u64, WriteError> {
    if rows <= 1 && batches.len() <= 1 {
        return match batches.into_iter().next() {
            Some(sql) => change(writer, table, sql).await,
            None => Ok(0),
        };
    }
    let own = writer.group().await?;
    let mut result = Ok(0);
    for sql in batches {
        match change(writer, table, sql).await {
            Ok(matched) => result.iter_mut().for_each(|sum| *sum += matched),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    writer.end(own, result).await
}

async fn count(writer: &mut Writer, table: &Table, condition: &str) -> Result<u64, WriteError> {
    let sql = format!("SELECT COUNT(*) FROM {} WHERE {condition}", quote(&table.name));
    let (connection, context) = writer.parts();
    let rows = super::catalog::rows(connection, sql).await.map_err(|e| context.error(&e))?;
    Ok(rows.first().and_then(|row| super::codec::plain_text(row, 0).parse().ok()).unwrap_or(0))
}

/// The condition that picks one record; `None` when no record has such a key.
fn condition(
    writer: &Writer,
    keys: &[&TableColumn],
    key: &[Value],
) -> Result<Option<String>, WriteError> {
    if key.len() != keys.len() || key.iter().any(Value::is_absent) {
        return Ok(None);
    }
    let mut sql = String::new();
    for (index, (column, value)) in keys.iter().zip(key).enumerate() {
        sql.push_str(if index == 0 { "" } else { " AND " });
        if !equality(&mut sql, column, value, &writer.database.reading) {
            let message = format!(
                "{}: records can't be found by column `{}` for writing: what is read of it is not \
                 what the server compares",
                writer.database.location, column.name
            );
            return Err(StoreError::new(StoreErrorKind::Unsupported, message).into());
        }
    }
    Ok(Some(sql))
}

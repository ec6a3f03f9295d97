//! Transfers between two tables of the file: an `INSERT … SELECT` whose conditions leave out every
//! row that would not arrive exactly as the engine would write it.
//!
//! A column holds what was put into it, whatever it was declared as, so the conditions ask for the
//! storage class and the spelling of each value. Text that is not UTF-8 is found when it comes back.

use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::mpsc;

use super::catalog::{Table, TableColumn, quote};
use super::codec::decode;
use super::read::{Context, list};
use super::render::{Sql, condition};
use super::transfer_compute::{compute, fit};
use super::writer::Writer;
use crate::connectors::conditions::Conditions;
use crate::connectors::tables::CatalogTable as _;
use crate::connectors::{StoreError, StoreErrorKind, WriteError};
use crate::value::codec::content_hash;
use crate::value::statement::{NewRow, Portion, Transfer};
use crate::value::{DataType, Value};

/// New rows that are given at a time.
const CHUNK: usize = 500;

/// What SQLite has no exact equivalent for in a transfer.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    transfer: &Transfer,
    context: Context<'_>,
) -> Result<Result<(), String>, StoreError> {
    let triggers: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_schema WHERE (type = 'trigger' AND tbl_name = ?1)
         OR (type = 'view' AND name = ?1)",
    )
    .bind(transfer.target.clone())
    .fetch_one(&mut *connection)
    .await
    .map_err(|e| context.error(&e))?;
    if triggers > 0 {
        return Ok(Err("the target has triggers".into()));
    }
    let source = context.table(connection, &transfer.source).await?;
    let target = context.table(connection, &transfer.target).await?;
    for part in &transfer.key {
        let known = source.column(part).map(|column| &column.column_type.data_type);
        if !matches!(known, Some(DataType::Int { .. } | DataType::Text { .. })) {
            return Ok(Err(format!("the source's key `{part}` is neither integer nor text")));
        }
    }
    match statement(&source, &target, transfer, &[], &[], true)? {
        Ok(_) => Ok(Ok(())),
        Err(reason) => Ok(Err(reason)),
    }
}

/// The statement of a portion, or what it has no exact equivalent for.
fn statement(
    source: &Table,
    target: &Table,
    transfer: &Transfer,
    first: &[Value],
    last: &[Value],
    look: bool,
) -> Result<Result<Sql, String>, StoreError> {
    let schema = source.schema();
    let mut conditions = Conditions::default();
    let mut values = Vec::with_capacity(transfer.fields.len());
    let mut names = Vec::with_capacity(transfer.fields.len());
    let mut there = Vec::new();
    for (name, value) in &transfer.fields {
        let Some(column) = target.column(name) else {
            return Ok(Err(format!("the target has no column `{name}`")));
        };
        let in_key = transfer.conflict.contains(name);
        let sql = compute(value, &schema, &mut conditions)
            .and_then(|sql| fit(sql, value, &schema, column, in_key, &mut conditions));
        let sql = match sql {
            Ok(sql) => sql,
            Err(what) => return Ok(Err(format!("`{name}`: {what}"))),
        };
        if in_key {
            match same_key(column, &sql) {
                Some(same) => there.push(same),
                None => return Ok(Err(format!("`{name}` is a key that is spelled in many ways"))),
            }
        }
        names.push(quote(name));
        values.push(sql);
    }
    let mut sql = Sql::default();
    sql.push(&format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} AS s WHERE ",
        quote(&target.name),
        names.join(","),
        values.join(","),
        quote(&source.name),
    ));
    if !condition(&mut sql, &transfer.filter, source)? {
        return Ok(Err("its filter has no exact equivalent".into()));
    }
    let key: Vec<String> = transfer.key.iter().map(|part| format!("s.{}", quote(part))).collect();
    for (operator, bound) in [(">=", first), ("<=", last)] {
        if bound.is_empty() {
            continue;
        }
        sql.push(&format!(" AND ({}) {operator} (", key.join(",")));
        for (index, (value, part)) in bound.iter().zip(&transfer.key).enumerate() {
            sql.push(if index == 0 { "" } else { "," });
            let held =
                source.column(part).is_some_and(|column| sql.value(value, &column.column_type));
            if !held {
                return Ok(Err("the key's values are of several types".into()));
            }
        }
        sql.push(")");
    }
    for condition in conditions.all() {
        sql.push(" AND ");
        sql.push(condition);
    }
    if look {
        let name = quote(&target.name);
        let there = there.join(" AND ");
        sql.push(&format!(" AND NOT EXISTS (SELECT 1 FROM {name} AS t WHERE {there})"));
    }
    sql.push(&format!(" ORDER BY {}", key.join(",")));
    Ok(Ok(sql))
}

/// Whether a row of the target has a key's value; it may find too many, never too few.
fn same_key(column: &TableColumn, sql: &str) -> Option<String> {
    let name = format!("t.{}", quote(&column.name));
    match column.column_type.data_type {
        DataType::Int { .. } | DataType::Text { .. } | DataType::Date | DataType::Bool => {
            Some(format!("{name} = {sql}"))
        }
        DataType::Uuid => Some(format!("{name} IN ({sql}, upper({sql}))")),
        _ => None,
    }
}

/// Does a portion.
pub(super) async fn transfer(
    writer: &mut Writer,
    source: &Table,
    target: &Table,
    transfer: &Transfer,
    portion: Portion<'_>,
    rows: &mpsc::Sender<Vec<NewRow>>,
) -> Result<u64, WriteError> {
    let Portion { first, last, look, .. } = portion;
    let mut sql = statement(source, target, transfer, first, last, look)?
        .map_err(|what| StoreError::new(StoreErrorKind::Unsupported, what))?;
    let returning = target.named(&transfer.columns().collect::<Vec<_>>())?;
    sql.push(&format!(" RETURNING {}", list(&returning)));
    let (connection, context) = writer.parts();
    let mut stream = sqlx::query_with(AssertSqlSafe(sql.text), sql.arguments).fetch(connection);
    let mut count = 0;
    let mut chunk = Vec::with_capacity(CHUNK);
    let failed = loop {
        let row = match stream.try_next().await {
            Ok(Some(row)) => row,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        let mut values = Vec::with_capacity(returning.len());
        for (index, column) in returning.iter().enumerate() {
            let value = decode(&row, index, &column.column_type, context.policies);
            values.push(value.map_err(|_| {
                let message = format!("`{}` holds text that is not UTF-8", transfer.source);
                StoreError::new(StoreErrorKind::Corrupt, message)
            })?);
        }
        let hash = content_hash(&values);
        chunk.push(NewRow::new(&values, hash, transfer, portion));
        count += 1;
        if chunk.len() == CHUNK {
            let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
            // Who no longer listens has its own reason to tell.
            let _ = rows.send(full).await;
        }
    };
    drop(stream);
    if let Some(error) = failed {
        return Err(writer.write_error(&error));
    }
    if !chunk.is_empty() {
        let _ = rows.send(chunk).await;
    }
    Ok(count)
}

//! Inserts, updates and deletes in tables.

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Row as _};

use super::catalog::{Collation, Table, TableColumn};
use super::encode::{field, is_binary};
use super::name::quote;
use super::read::{list, whole_row};
use super::text::text_of;
use super::writer::Writer;
use crate::connectors::tables::{CatalogTable as _, inserted, runs};
use crate::connectors::{
    Delete, Insert, StoreError, StoreErrorKind, Update, Violation, ViolationKind, WriteError,
};
use crate::value::{Row, Value};

/// What a COPY stream in binary form begins with: signature, no flags, no more header.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with.
pub(super) const END: &[u8] = &[0xff, 0xff];

/// Bytes that are sent at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// Texts by column, as parameters of one statement.
type Lists = Vec<Vec<Option<String>>>;

/// Inserts rows into a table.
pub(super) async fn insert(
    writer: &mut Writer,
    table: &Table,
    insert: Insert<'_>,
) -> Result<Vec<Row>, WriteError> {
    let targets = table.named(inserted(&insert, &table.name)?)?;
    let returning = table.named(insert.returning)?;
    if insert.rows.is_empty() {
        return Ok(Vec::new());
    }
    let copied = returning.is_empty()
        && !targets.is_empty()
        && targets.iter().all(|column| is_binary(&column.codec))
        && !insert.rows.iter().flatten().any(|value| matches!(value, Value::Missing));
    let runs = if copied { Vec::new() } else { runs(insert.rows, usize::MAX) };
    let many = runs.len() > 1;
    writer.guard(many).await?;
    let done = if copied {
        copy(writer, table, &targets, insert.rows).await.map(|()| Vec::new())
    } else {
        insert_runs(writer, table, &targets, &runs, &returning).await
    };
    if done.is_ok() {
        for (index, column) in targets.iter().enumerate() {
            if let Some(sequence) = &column.sequence {
                let numbers = insert.rows.iter().filter_map(|row| match row[index] {
                    Value::Int(number) => Some(number),
                    _ => None,
                });
                if let Some(highest) = numbers.max() {
                    writer.number(sequence, highest);
                }
            }
        }
    }
    writer.settle(many, table, done).await
}

/// Streams rows into a table.
async fn copy(
    writer: &mut Writer,
    table: &Table,
    targets: &[&TableColumn],
    rows: &[Row],
) -> Result<(), WriteError> {
    let (sql, count) = copying(table, targets)?;
    let mut buffer = std::mem::take(&mut writer.buffer);
    buffer.clear();
    buffer.reserve(CHUNK + CHUNK / 4);
    buffer.extend_from_slice(HEADER);
    let mut rows = rows.iter();
    // What can't be written is found before anything is sent, as far as one chunk goes.
    let mut done = fill(&mut buffer, &mut rows, targets, count)?;
    let (connection, _) = writer.parts()?;
    let sent: Result<Result<(), WriteError>, sqlx::Error> = async {
        let mut stream = connection.copy_in_raw(&sql).await?;
        loop {
            stream.send(buffer.as_slice()).await?;
            if done {
                stream.finish().await?;
                return Ok(Ok(()));
            }
            buffer.clear();
            match fill(&mut buffer, &mut rows, targets, count) {
                Ok(last) => done = last,
                Err(error) => {
                    stream.abort("a value does not fit").await?;
                    return Ok(Err(error));
                }
            }
        }
    }
    .await;
    if buffer.capacity() <= 2 * CHUNK {
        writer.buffer = buffer;
    }
    sent.map_err(|error| writer.write_error(&error))?
}

/// The statement that takes in rows in binary form, and how each of them begins.
pub(super) fn copying(
    table: &Table,
    targets: &[&TableColumn],
) -> Result<(String, [u8; 2]), StoreError> {
    let names: Vec<String> = targets.iter().map(|column| quote(&column.name)).collect();
    let sql = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.from, names.join(","));
    let count = i16::try_from(targets.len()).map_err(|_| too_many(table))?.to_be_bytes();
    Ok((sql, count))
}

/// Encodes rows until a chunk is full; true when it was the last one.
fn fill<'r>(
    buffer: &mut Vec<u8>,
    rows: &mut impl Iterator<Item = &'r Row>,
    targets: &[&TableColumn],
    count: [u8; 2],
) -> Result<bool, WriteError> {
    for row in rows {
        one(buffer, row, targets, count)?;
        if buffer.len() >= CHUNK {
            return Ok(false);
        }
    }
    buffer.extend_from_slice(END);
    Ok(true)
}

/// Encodes a row.
pub(super) fn one(
    buffer: &mut Vec<u8>,
    row: &Row,
    targets: &[&TableColumn],
    count: [u8; 2],
) -> Result<(), WriteError> {
    buffer.extend_from_slice(&count);
    for (value, column) in row.iter().zip(targets) {
        field(buffer, &column.codec, value).map_err(|_| refused(column))?;
    }
    Ok(())
}

fn too_many(table: &Table) -> StoreError {
    StoreError::new(
        StoreErrorKind::Unsupported,
        format!("`{}`: more columns than a table can have", table.name),
    )
}

fn refused(column: &TableColumn) -> WriteError {
    WriteError::Record(Violation {
        kind: ViolationKind::Value,
        constraint: None,
        column: Some(column.name.clone()),
    })
}

async fn insert_runs(
    writer: &mut Writer,
    table: &Table,
    targets: &[&TableColumn],
    runs: &[&[Row]],
    returning: &[&TableColumn],
) -> Result<Vec<Row>, WriteError> {
    let mut given = Vec::new();
    for run in runs {
        given.extend(insert_run(writer, table, targets, run, returning).await?);
    }
    Ok(given)
}

async fn insert_run(
    writer: &mut Writer,
    table: &Table,
    targets: &[&TableColumn],
    rows: &[Row],
    returning: &[&TableColumn],
) -> Result<Vec<Row>, WriteError> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let present: Vec<usize> =
        (0..targets.len()).filter(|&index| !matches!(first[index], Value::Missing)).collect();
    let mut sql = format!("INSERT INTO {}", table.from);
    let mut lists: Lists = vec![Vec::with_capacity(rows.len()); present.len()];
    if present.is_empty() {
        sql.push_str(" DEFAULT VALUES");
    } else {
        for row in rows {
            for (list, &index) in lists.iter_mut().zip(&present) {
                list.push(parameter(&row[index], targets[index])?);
            }
        }
        let names: Vec<String> = present.iter().map(|&index| quote(&targets[index].name)).collect();
        let values: Vec<String> = present
            .iter()
            .enumerate()
            .map(|(place, &index)| format!("s.c{place}::{}", targets[index].assigned))
            .collect();
        sql.push_str(&format!(
            " ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} ORDER BY s.n",
            names.join(","),
            values.join(","),
            unnest(present.len())
        ));
    }
    if !returning.is_empty() {
        sql.push_str(&format!(" RETURNING {}", list(returning)));
    }
    let query = bound(sql, lists);
    let (connection, _) = writer.parts()?;
    let rows = query.fetch_all(connection).await.map_err(|error| writer.write_error(&error))?;
    let (_, server) = writer.parts()?;
    if returning.is_empty() {
        return Ok(Vec::new());
    }
    rows.iter().map(|row| Ok(whole_row(row, returning, server)?)).collect()
}

/// Lists of texts as rows `s(c0, c1, …, n)`.
fn unnest(count: usize) -> String {
    let lists: Vec<String> = (1..=count).map(|place| format!("${place}::text[]")).collect();
    let names: Vec<String> = (0..count).map(|place| format!("c{place}")).collect();
    format!("unnest({}) WITH ORDINALITY AS s({},n)", lists.join(","), names.join(","))
}

fn bound(sql: String, lists: Lists) -> Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for list in lists {
        query = query.bind(list);
    }
    query
}

fn parameter(value: &Value, column: &TableColumn) -> Result<Option<String>, WriteError> {
    if value.is_absent() {
        return Ok(None);
    }
    text_of(value, column).map(Some).map_err(|_| refused(column))
}

/// What a key's column is compared with.
fn matched(column: &TableColumn, place: usize) -> String {
    match column.collation {
        Collation::Loose => format!("t.{} = s.c{place}", column.ordered()),
        _ => format!("t.{} = s.c{place}::{}", quote(&column.name), column.base),
    }
}

/// The texts of keys; a key that the columns can't hold is in no record and left out. Gives the
/// places of those that are there.
fn keys(rows: &[Row], columns: &[&TableColumn], lists: &mut Lists) -> Vec<usize> {
    let mut places = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let texts: Result<Vec<Option<String>>, _> =
            columns.iter().zip(row).map(|(column, value)| parameter(value, column)).collect();
        if let Ok(texts) = texts
            && texts.len() == columns.len()
            && texts.iter().all(Option::is_some)
        {
            for (list, text) in lists.iter_mut().zip(texts) {
                list.push(text);
            }
            places.push(place);
        }
    }
    places
}

/// Changes rows by key.
pub(super) async fn update(
    writer: &mut Writer,
    table: &Table,
    update: Update<'_>,
) -> Result<u64, WriteError> {
    let (key, set) = (table.named(update.key)?, table.named(update.set)?);
    let mut lists: Lists = vec![Vec::with_capacity(update.rows.len()); key.len() + set.len()];
    let places = keys(update.rows, &key, &mut lists);
    if places.is_empty() || key.is_empty() {
        return Ok(0);
    }
    for place in places {
        let values = &update.rows[place][key.len()..];
        for ((list, value), column) in lists[key.len()..].iter_mut().zip(values).zip(&set) {
            list.push(parameter(value, column)?);
        }
    }
    let matches: Vec<String> =
        key.iter().enumerate().map(|(place, column)| matched(column, place)).collect();
    let assignments: Vec<String> = set
        .iter()
        .zip(key.len()..)
        .map(|(column, place)| format!("{} = s.c{place}::{}", quote(&column.name), column.assigned))
        .collect();
    let (from, rows, matches) = (&table.from, unnest(key.len() + set.len()), matches.join(" AND "));
    if set.is_empty() {
        // Nothing to set: which rows are there is still told.
        let sql = format!("SELECT count(*) FROM {from} AS t, {rows} WHERE {matches}");
        let (connection, server) = writer.parts()?;
        let row = bound(sql, lists).fetch_one(connection).await;
        let row = row.map_err(|error| server.error(&error))?;
        let count: i64 = row.try_get(0).map_err(|error| server.error(&error))?;
        return Ok(u64::try_from(count).unwrap_or(0));
    }
    let sql =
        format!("UPDATE {from} AS t SET {} FROM {rows} WHERE {matches}", assignments.join(","));
    change(writer, table, sql, lists).await
}

/// Deletes rows by key.
pub(super) async fn delete(
    writer: &mut Writer,
    table: &Table,
    delete: Delete<'_>,
) -> Result<u64, WriteError> {
    let key = table.named(delete.key)?;
    let mut lists: Lists = vec![Vec::with_capacity(delete.rows.len()); key.len()];
    if keys(delete.rows, &key, &mut lists).is_empty() || key.is_empty() {
        return Ok(0);
    }
    let matches: Vec<String> =
        key.iter().enumerate().map(|(place, column)| matched(column, place)).collect();
    let sql = format!(
        "DELETE FROM {} AS t USING {} WHERE {}",
        table.from,
        unnest(key.len()),
        matches.join(" AND ")
    );
    change(writer, table, sql, lists).await
}

async fn change(
    writer: &mut Writer,
    table: &Table,
    sql: String,
    lists: Lists,
) -> Result<u64, WriteError> {
    writer.guard(false).await?;
    let (connection, _) = writer.parts()?;
    let done = bound(sql, lists).execute(connection).await;
    let done = done.map(|done| done.rows_affected()).map_err(|error| writer.write_error(&error));
    writer.settle(false, table, done).await
}

//! Reads of collections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::define::sort_key;
use super::filter::condition;
use super::profile::{Profile, SAMPLE};
use crate::connectors::sqlite::catalog::{self, quote};
use crate::connectors::sqlite::read::Context;
use crate::connectors::sqlite::render::Sql;
use crate::connectors::{
    Layout, Rows, StoreError, StoreErrorKind, compare_rows, matches, value_at,
};
use crate::value::extended_json::Parser;
use crate::value::query::{Filter, Select};
use crate::value::{Object, Row, Schema, Value};

/// Whether a collection is there.
///
/// # Errors
/// When a table of that name is no collection.
pub(super) async fn exists(
    connection: &mut SqliteConnection,
    entity: &str,
    context: Context<'_>,
) -> Result<bool, StoreError> {
    let table = catalog::table(connection, entity).await.map_err(|e| context.error(&e))?;
    match table {
        None => Ok(false),
        Some(table) if table.columns.iter().map(|c| c.name.as_str()).eq(["_id", "document"]) => {
            Ok(true)
        }
        Some(_) => Err(StoreError::new(
            StoreErrorKind::Query,
            format!("{}: `{entity}` is a table, not a collection", context.location),
        )),
    }
}

/// The collections, the ledger's left out.
pub(super) async fn entities(
    connection: &mut SqliteConnection,
    context: Context<'_>,
) -> Result<Vec<String>, StoreError> {
    let mut collections = Vec::new();
    for entity in catalog::entities(connection).await.map_err(|e| context.error(&e))? {
        let table = catalog::table(connection, &entity).await.map_err(|e| context.error(&e))?;
        let names = table.iter().flat_map(|table| &table.columns).map(|c| c.name.as_str());
        if names.eq(["_id", "document"]) {
            collections.push(entity);
        }
    }
    Ok(collections)
}

/// Documents that a filter wants, at most so many.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    entity: &str,
    filter: &Filter,
    limit: usize,
    context: Context<'_>,
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    each(connection, entity, filter, context, |row| {
        rows.push(row);
        rows.len() < limit
    })
    .await?;
    Ok(rows)
}

async fn each(
    connection: &mut SqliteConnection,
    entity: &str,
    filter: &Filter,
    context: Context<'_>,
    mut take: impl FnMut(Row) -> bool,
) -> Result<(), StoreError> {
    let mut sql = Sql::default();
    condition(&mut sql, filter);
    let text = format!("SELECT document FROM {} WHERE {}", quote(entity), sql.text);
    let mut stream = sqlx::query_with(AssertSqlSafe(text), sql.arguments).fetch(connection);
    let parser = Parser::extended();
    while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
        let row = vec![document(&row, entity, &parser, context)?];
        if matches(filter, &Layout::Document, &row) && !take(row) {
            break;
        }
    }
    Ok(())
}

fn document(
    row: &sqlx::sqlite::SqliteRow,
    entity: &str,
    parser: &Parser,
    context: Context<'_>,
) -> Result<Value, StoreError> {
    let text: Option<&str> = row.try_get(0).ok();
    let document = text.and_then(|text| parser.parse(text.as_bytes()).ok());
    document.filter(|document| matches!(document, Value::Object(_))).ok_or_else(|| {
        StoreError::new(
            StoreErrorKind::Corrupt,
            format!("{}: a document in `{entity}` can't be read", context.location),
        )
    })
}

/// Reads what a statement asks for. With columns, each row has the values at those paths.
pub(super) async fn select(
    connection: &mut SqliteConnection,
    select: &Select,
    context: Context<'_>,
) -> Result<Rows, StoreError> {
    let layout = Layout::Document;
    let most =
        select.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut rows = Vec::new();
    if most > 0 && exists(connection, &select.entity, context).await? {
        let limit = if select.order.is_empty() { most } else { usize::MAX };
        rows = find(connection, &select.entity, &select.filter, limit, context).await?;
    }
    if !select.order.is_empty() {
        rows.sort_by(|a, b| compare_rows(&layout, a, b, &select.order));
        rows.truncate(most);
    }
    let Some(columns) = &select.columns else { return Ok(Rows { layout, rows }) };
    let values =
        |row: &Row| columns.iter().map(|path| value_at(&layout, row, path).clone()).collect();
    let rows = rows.iter().map(values).collect();
    Ok(Rows { layout: Layout::Columns(columns.iter().cloned().collect::<Arc<[_]>>()), rows })
}

/// Times the statement that serves a read best, until its last document is there as text: what making
/// records of them takes is not the store's.
pub(super) async fn time(
    connection: &mut SqliteConnection,
    select: &Select,
    context: Context<'_>,
) -> Result<Duration, StoreError> {
    let start = Instant::now();
    if !exists(connection, &select.entity, context).await? {
        return Ok(start.elapsed());
    }
    let mut sql = Sql::default();
    condition(&mut sql, &select.filter);
    let from = quote(&select.entity);
    let mut text = format!("SELECT document FROM {from} WHERE {}", sql.text);
    let order: Vec<String> = select.order.iter().filter_map(sort_key).collect();
    if !order.is_empty() {
        text.push_str(&format!(" ORDER BY {}", order.join(",")));
    }
    if let Some(limit) = select.limit {
        text.push_str(&format!(" LIMIT {limit}"));
    }
    let mut stream = sqlx::query_with(AssertSqlSafe(text), sql.arguments).fetch(connection);
    while stream.try_next().await.map_err(|e| context.error(&e))?.is_some() {}
    Ok(start.elapsed())
}

/// Counts documents.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    entity: &str,
    filter: &Filter,
    context: Context<'_>,
) -> Result<u64, StoreError> {
    if !exists(connection, entity, context).await? {
        return Ok(0);
    }
    if *filter == Filter::All {
        return total(connection, entity, context).await;
    }
    let mut count = 0;
    each(connection, entity, filter, context, |_| {
        count += 1;
        true
    })
    .await?;
    Ok(count)
}

async fn total(
    connection: &mut SqliteConnection,
    entity: &str,
    context: Context<'_>,
) -> Result<u64, StoreError> {
    let text = format!("SELECT count(*) FROM {}", quote(entity));
    let row = sqlx::query(AssertSqlSafe(text))
        .fetch_one(connection)
        .await
        .map_err(|e| context.error(&e))?;
    let count: i64 = row.try_get(0).map_err(|e| context.error(&e))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// What is known of a collection without looking at its documents.
pub(super) async fn describe(
    connection: &mut SqliteConnection,
    entity: &str,
    context: Context<'_>,
) -> Result<Option<Schema>, StoreError> {
    if !exists(connection, entity, context).await? {
        return Ok(None);
    }
    let mut indexes = catalog::indexes(connection, entity).await.map_err(|e| context.error(&e))?;
    for index in &mut indexes {
        index.name = super::define::logical_name(entity, &index.name).to_owned();
    }
    Ok(Some(Schema {
        columns: Vec::new(),
        primary_key: vec!["_id".to_owned()],
        foreign_keys: Vec::new(),
        indexes,
        open: true,
        sampled: None,
    }))
}

/// A profile of a collection: of all documents, or of a sample of a large one.
pub(super) async fn profile(
    connection: &mut SqliteConnection,
    entity: &str,
    context: Context<'_>,
) -> Result<Option<Schema>, StoreError> {
    let Some(described) = describe(connection, entity, context).await? else {
        return Ok(None);
    };
    let total = total(connection, entity, context).await?;
    let step = (total / SAMPLE).max(1);
    let text = format!("SELECT document FROM {} WHERE rowid % {step} = 0", quote(entity));
    let mut stream = sqlx::query(AssertSqlSafe(text)).fetch(&mut *connection);
    let parser = Parser::extended();
    let mut profile = Profile::default();
    while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
        // A document that can't be read is told by the scan; a profile goes on without it.
        if let Ok(Value::Object(document)) = document(&row, entity, &parser, context) {
            profile.add(&document);
        }
    }
    let sampled = Some(profile.documents());
    Ok(Some(Schema { columns: profile.columns(), sampled, ..described }))
}

/// The document of a row.
pub(super) fn object(row: &Row) -> Option<&Object> {
    row.first().and_then(Value::as_object)
}

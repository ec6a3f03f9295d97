//! Reading tables or collections whole, as they were at one moment: nobody writes meanwhile.

use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;

use super::catalog::{self, TableColumn, quote};
use super::read::list;
use super::writer::Writer;
use crate::connectors::export::{Batches, Export, Gather};
use crate::connectors::feed;
use crate::connectors::tables::layout;
use crate::connectors::{Layout, StoreError, StoreErrorKind};
use crate::value::Value;
use crate::value::extended_json::Parser;

/// Starts reading on the connection that writes, which nobody else has meanwhile.
///
/// # Errors
/// When the file can't be locked.
pub(crate) async fn export(
    mut writer: Writer,
    entities: Vec<String>,
    documents: bool,
    batch: usize,
) -> Result<Export, StoreError> {
    writer.begin().await?;
    let (sender, export) = Export::new(true);
    tokio::spawn(async move {
        let mut done = all(&mut writer, &entities, documents, batch, &sender).await;
        if let Err(error) = writer.rollback().await {
            done = done.and(Err(error));
        }
        drop(writer);
        feed::end(&sender, done).await;
    });
    Ok(export)
}

async fn all(
    writer: &mut Writer,
    entities: &[String],
    documents: bool,
    batch: usize,
    sender: &Batches,
) -> Result<(), StoreError> {
    for (place, entity) in entities.iter().enumerate() {
        let more = if documents {
            collection(writer, place, entity, batch, sender).await?
        } else {
            table(writer, place, entity, batch, sender).await?
        };
        if !more {
            break;
        }
    }
    Ok(())
}

/// Reads a table; false when nobody wants more.
async fn table(
    writer: &mut Writer,
    place: usize,
    entity: &str,
    batch: usize,
    sender: &Batches,
) -> Result<bool, StoreError> {
    let (connection, context) = writer.parts();
    let table = context.table(connection, entity).await?;
    let columns: Vec<&TableColumn> =
        table.columns.iter().filter(|column| !column.generated).collect();
    let mut sql = format!("SELECT {} FROM {}", list(&columns), quote(&table.name));
    let key: Vec<String> = table.primary_key().iter().map(|name| quote(name)).collect();
    if !key.is_empty() {
        sql.push_str(&format!(" ORDER BY {}", key.join(",")));
    }
    let mut gather = Gather::new(sender, place, layout(&columns), batch);
    let mut stream = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
    while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
        if !gather.add(context.row(&row, &columns)?).await {
            return Ok(false);
        }
    }
    Ok(gather.flush().await)
}

/// Reads a collection; false when nobody wants more.
async fn collection(
    writer: &mut Writer,
    place: usize,
    entity: &str,
    batch: usize,
    sender: &Batches,
) -> Result<bool, StoreError> {
    use sqlx::Row as _;
    let (connection, context) = writer.parts();
    if catalog::table(connection, entity).await.map_err(|e| context.error(&e))?.is_none() {
        return Ok(true);
    }
    let parser = Parser::extended();
    let mut gather = Gather::new(sender, place, Layout::Document, batch);
    let sql = format!("SELECT document FROM {} ORDER BY _id", quote(entity));
    let mut stream = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
    while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
        let text: Option<&str> = row.try_get(0).ok();
        let document = text
            .and_then(|text| parser.parse(text.as_bytes()).ok())
            .filter(|document| matches!(document, Value::Object(_)))
            .ok_or_else(|| {
                let message =
                    format!("{}: a document in `{entity}` can't be read", context.location);
                StoreError::new(StoreErrorKind::Corrupt, message)
            })?;
        if !gather.add(vec![document]).await {
            return Ok(false);
        }
    }
    Ok(gather.flush().await)
}

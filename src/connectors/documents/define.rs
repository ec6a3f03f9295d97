//! Collections and their indexes.

use sqlx::Row as _;

use super::filter::expression;
use crate::connectors::sqlite::catalog::{execute, quote};
use crate::connectors::sqlite::define::{create_index, descending};
use crate::connectors::sqlite::writer::Writer;
use crate::connectors::{Definition, StoreError, StoreErrorKind};
use crate::value::{Index, IndexKey};

/// Carries out a change of structure in a file of documents.
pub(super) async fn define(writer: &mut Writer, definition: &Definition) -> Result<(), StoreError> {
    match definition {
        Definition::CreateTable { .. } => Err(StoreError::new(
            StoreErrorKind::Unsupported,
            "a connection of documents has no tables; leave out model = \"documents\"",
        )),
        Definition::CreateCollection { entity } => create(writer, entity).await,
        Definition::DropEntity { entity } => {
            writer.run(format!("DROP TABLE IF EXISTS {}", quote(entity))).await
        }
        Definition::CreateIndex { entity, index } => {
            create(writer, entity).await?;
            let name = physical_name(writer, entity, &index.name).await?;
            let keys = keys(index)?;
            create_index(writer, entity, &name, index.unique, &keys).await
        }
        Definition::DropIndex { entity, name } => {
            let name = physical_name(writer, entity, name).await?;
            writer.run(format!("DROP INDEX IF EXISTS {}", quote(&name))).await
        }
        Definition::CreateView { .. } => Err(StoreError::new(
            StoreErrorKind::Unsupported,
            "a connection of documents has no views",
        )),
        Definition::Script(_) => Err(StoreError::new(
            StoreErrorKind::Unsupported,
            "a connection of documents runs no scripts",
        )),
    }
}

/// Creates a collection, unless it is there.
pub(super) async fn create(writer: &mut Writer, entity: &str) -> Result<(), StoreError> {
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS {} (_id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL)",
        quote(entity)
    );
    let done = execute(writer.connection(), sql).await;
    done.map_err(|e| writer.error(&e))
}

fn keys(index: &Index) -> Result<Vec<String>, StoreError> {
    let key = |key: &IndexKey| {
        sort_key(key).ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Unsupported,
                format!("`{}` can't be a key of an index", key.path),
            )
        })
    };
    index.keys.iter().map(key).collect()
}

/// What an index, or a statement that it serves, sorts by; `None` when SQL can't name it.
pub(super) fn sort_key(key: &IndexKey) -> Option<String> {
    let expression = if key.path == "_id" { Some("_id".to_owned()) } else { expression(&key.path) };
    Some(format!("{}{}", expression?, descending(key.descending)))
}

/// The name of an index in the file. Names are unique in a file and only within a collection for
/// its users: when another collection has the name, the collection's goes before it.
async fn physical_name(
    writer: &mut Writer,
    entity: &str,
    name: &str,
) -> Result<String, StoreError> {
    let (connection, context) = writer.parts();
    let taken = sqlx::query("SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name = ?")
        .bind(name.to_owned())
        .fetch_optional(connection)
        .await
        .map_err(|e| context.error(&e))?;
    let other = taken.is_some_and(|row| row.try_get::<String, _>(0).is_ok_and(|t| t != entity));
    Ok(if other { format!("{entity}.{name}") } else { name.to_owned() })
}

/// The name of an index for its users.
pub(super) fn logical_name<'n>(entity: &str, name: &'n str) -> &'n str {
    name.strip_prefix(entity).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
}

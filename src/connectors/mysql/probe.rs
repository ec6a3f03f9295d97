//! An empty copy of a table, in which checks can be tried.

use super::catalog::{execute, quote, rows};
use super::codec::plain_text;
use super::writer::Writer;
use crate::connectors::{StoreError, StoreErrorKind};

/// The name that the copy has until it takes the table's.
const MADE: &str = "copy of a table";

/// Makes a temporary table of the same name, which stands before the other one on this connection
/// alone, and begins a transaction. The catalog, which does not know temporary tables, describes
/// both: they have the same columns.
pub(super) async fn probe(writer: &mut Writer, entity: &str) -> Result<(), StoreError> {
    let (connection, context) = writer.parts();
    let failed = |error: sqlx::Error| context.error(&error);
    let made = quote(MADE);
    let table = quote(entity);
    execute(connection, format!("CREATE TEMPORARY TABLE {made} LIKE {table}"))
        .await
        .map_err(failed)?;
    execute(connection, format!("ALTER TABLE {made} RENAME TO {table}")).await.map_err(failed)?;
    // Nothing is ever written to the other one.
    let shown = rows(connection, format!("SHOW CREATE TABLE {table}")).await.map_err(failed)?;
    let is_copy = shown.first().is_some_and(|row| {
        plain_text(row, 1).trim_start().to_ascii_uppercase().starts_with("CREATE TEMPORARY TABLE")
    });
    if !is_copy {
        let message = format!("{}: `{entity}` can't be copied", context.location);
        return Err(StoreError::new(StoreErrorKind::Unsupported, message));
    }
    writer.begin().await
}

//! An empty copy of a table, in which checks can be tried.

use super::name::{Name, quote};
use super::structure::structure;
use super::writer::Writer;
use crate::connectors::{StoreError, StoreErrorKind};

/// Begins a transaction and makes a temporary table in it. Gives its name, which says that it is
/// temporary, so that nothing is ever written to the other one. What is not null there may be null here: where the store fills
/// a column, the copy does not.
pub(super) async fn probe(writer: &mut Writer, entity: &str) -> Result<String, StoreError> {
    let (connection, server) = writer.parts()?;
    let table = structure(connection, entity).await.map_err(|error| server.error(&error))?;
    let Some(table) = table else {
        let message = format!("{}: `{entity}` can't be copied", server.location);
        return Err(StoreError::new(StoreErrorKind::Unsupported, message));
    };
    let name = Name::parse(entity);
    let copy = quote(&name.table);
    let mut sql = format!(
        "CREATE TEMPORARY TABLE pg_temp.{copy} (LIKE {name} INCLUDING CONSTRAINTS INCLUDING GENERATED) \
         ON COMMIT DROP"
    );
    for column in table.columns.iter().filter(|column| !column.nullable) {
        let column = quote(&column.name);
        sql.push_str(&format!(";\nALTER TABLE pg_temp.{copy} ALTER COLUMN {column} DROP NOT NULL"));
    }
    writer.begin().await?;
    writer.define(sql).await?;
    Ok(Name::entity(Some("pg_temp"), &name.table))
}

//! Foreign keys that are not checked while a table is written to: an affair of each session, which
//! leaves the catalog as it is. The server does not look at the rows afterwards, so they are asked
//! for here.

use super::catalog::rows;
use super::codec::{plain_text, quoted};
use super::read;
use super::structure::{SPELLING, structure};
use super::writer::Writer;
use crate::connectors::structure as shared;
use crate::connectors::{StoreError, StoreErrorKind};
use crate::value::switch::{Switch, SwitchKind, Violating};

/// What is on.
pub(super) async fn switches(
    writer: &mut Writer,
    entity: &str,
    kind: SwitchKind,
) -> Result<Vec<Switch>, StoreError> {
    let server = writer.database.server;
    let (connection, context) = writer.parts();
    if kind == SwitchKind::Trigger {
        let message = format!("{}: triggers can't be switched off", context.location);
        return Err(StoreError::new(StoreErrorKind::Unsupported, message));
    }
    let failed = |error: sqlx::Error| context.error(&error);
    let Some(table) = structure(connection, entity, server).await.map_err(failed)? else {
        return Ok(Vec::new());
    };
    let mut switches: Vec<Switch> =
        table.foreign_keys.iter().map(|key| shared::unchecked(&table.name, key)).collect();
    // What happens to the rows of other tables that refer here is not looked at either.
    let sql = format!(
        "SELECT DISTINCT TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE \
         WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE() \
         AND REFERENCED_TABLE_NAME = {name} AND TABLE_NAME <> {name} ORDER BY TABLE_NAME",
        name = quoted(entity)
    );
    let others = rows(connection, sql).await.map_err(failed)?;
    let others: Vec<String> = others.iter().map(|row| plain_text(row, 0)).collect();
    for other in &others {
        let found = structure(connection, other, server).await.map_err(failed)?;
        for key in found.iter().flat_map(|other| &other.foreign_keys) {
            if key.table == entity {
                switches.push(shared::unchecked(other, key));
            }
        }
    }
    Ok(switches)
}

/// Finds the rows that violate a foreign key.
pub(super) async fn prove(
    writer: &mut Writer,
    switch: &Switch,
    named: usize,
) -> Result<Violating, StoreError> {
    let Some(key) = &switch.key else { return Ok(Violating::default()) };
    let server = writer.database.server;
    let (connection, context) = writer.parts();
    let table =
        structure(connection, &switch.table, server).await.map_err(|e| context.error(&e))?;
    let Some(table) = table.filter(|table| table.foreign_keys.contains(key)) else {
        return Ok(Violating::default());
    };
    let (count, keys) = shared::violations(&table, (key, false), &key.references, named, &SPELLING);
    let count = read::query(connection, &count, context).await?;
    let keys = read::query(connection, &keys, context).await?;
    Ok(shared::violating(&table, &count, keys))
}

//! Triggers and foreign keys that are off while a table is written to.
//!
//! A trigger is dropped and made again from its own text. Whether foreign keys are checked is the
//! affair of each connection.

use sqlx::Row as _;

use super::catalog::{self, quote};
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
    let (connection, context) = writer.parts();
    let Some(table) = structure(connection, entity, context.location).await? else {
        let message =
            format!("{}: `{entity}` is no table: nothing of it can be off", context.location);
        return Err(StoreError::new(StoreErrorKind::Unsupported, message));
    };
    if kind == SwitchKind::Trigger {
        let rows = sqlx::query(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'
               AND tbl_name = ?1 COLLATE NOCASE ORDER BY rowid",
        )
        .bind(entity)
        .fetch_all(connection)
        .await
        .map_err(|error| context.error(&error))?;
        let switch = |row: &sqlx::sqlite::SqliteRow| -> Result<Switch, sqlx::Error> {
            let name: String = row.try_get(0)?;
            Ok(Switch {
                kind,
                table: entity.to_owned(),
                off: vec![format!("DROP TRIGGER {}", quote(&name))],
                on: vec![row.try_get(1)?],
                name,
                prove: None,
                key: None,
                full: false,
            })
        };
        return rows
            .iter()
            .map(switch)
            .collect::<Result<_, _>>()
            .map_err(|error| context.error(&error));
    }
    // Those of other tables too: what happens to the rows that refer here is not looked at either.
    let mut switches: Vec<Switch> =
        table.foreign_keys.iter().map(|key| shared::unchecked(&table.name, key)).collect();
    let others = catalog::entities(connection).await.map_err(|error| context.error(&error))?;
    for other in others.iter().filter(|other| !other.eq_ignore_ascii_case(entity)) {
        let Some(other) = structure(connection, other, context.location).await? else { continue };
        let refers = other.foreign_keys.iter().filter(|key| key.table.eq_ignore_ascii_case(entity));
        switches.extend(refers.map(|key| shared::unchecked(&other.name, key)));
    }
    Ok(switches)
}

/// Switches off or on.
pub(super) async fn switch(
    writer: &mut Writer,
    switch: &Switch,
    on: bool,
) -> Result<(), StoreError> {
    if switch.kind == SwitchKind::ForeignKey {
        return Ok(());
    }
    let (connection, context) = writer.parts();
    let (table, known): (bool, bool) = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE),
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = ?2 COLLATE NOCASE)",
    )
    .bind(&switch.table)
    .bind(&switch.name)
    .fetch_one(connection)
    .await
    .map_err(|error| context.error(&error))?;
    if !table || known == on {
        return Ok(());
    }
    for statement in if on { &switch.on } else { &switch.off } {
        writer.run(statement.clone()).await?;
    }
    Ok(())
}

/// Finds the rows that violate a foreign key.
pub(super) async fn prove(
    writer: &mut Writer,
    switch: &Switch,
    named: usize,
) -> Result<Violating, StoreError> {
    let Some(key) = &switch.key else { return Ok(Violating::default()) };
    let (connection, context) = writer.parts();
    let table = structure(connection, &switch.table, context.location).await?;
    let Some(table) = table.filter(|table| table.foreign_keys.contains(key)) else {
        return Ok(Violating::default());
    };
    let parent = structure(connection, &key.table, context.location).await?;
    let references = match (key.references.is_empty(), parent) {
        (true, Some(parent)) => parent.primary_key,
        _ => key.references.clone(),
    };
    let (count, keys) = shared::violations(&table, (key, false), &references, named, &SPELLING);
    let count = read::query(connection, &count, context).await?;
    let keys = read::query(connection, &keys, context).await?;
    Ok(shared::violating(&table, &count, keys))
}

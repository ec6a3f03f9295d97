//! Triggers and foreign keys that are off while a table is written to.
//!
//! Both need no more than to own the table. A trigger is disabled, and gets back the state that it
//! had. A foreign key is dropped and added again from the server's own definition, at first without
//! a look at the rows: so it is there again whatever they hold, and is then validated.

use sqlx::AssertSqlSafe;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::config::Server;
use super::name::{Name, literal, quote};
use super::read;
use super::structure::{SPELLING, structure};
use super::writer::Writer;
use crate::connectors::structure as shared;
use crate::connectors::{StoreError, StoreErrorKind};
use crate::value::switch::{Switch, SwitchKind, Violating};

/// How long a change of the table waits for others. Behind it all that want the table wait too,
/// some of which it may be waiting for.
const PATIENCE: &str = "SET LOCAL lock_timeout = '3s'";

/// A table as the catalog has it.
struct Place {
    oid: i64,
    kind: String,
    /// Schema and name, quoted.
    name: String,
}

/// What is on.
pub(super) async fn switches(
    writer: &mut Writer,
    entity: &str,
    kind: SwitchKind,
) -> Result<Vec<Switch>, StoreError> {
    let (connection, server) = writer.parts()?;
    let Some(place) = place(connection, entity, server).await? else { return Ok(Vec::new()) };
    if !matches!(place.kind.as_str(), "r" | "p") {
        return Err(refused(server, entity, "is no table"));
    }
    match kind {
        SwitchKind::Trigger => {
            triggers(connection, &place).await.map_err(|error| server.error(&error))
        }
        SwitchKind::ForeignKey => foreign_keys(connection, entity, &place, server).await,
    }
}

fn refused(server: &Server, entity: &str, why: &str) -> StoreError {
    let message = format!("{}: `{entity}` {why}: nothing of it can be off", server.location);
    StoreError::new(StoreErrorKind::Unsupported, message)
}

async fn place(
    connection: &mut PgConnection,
    entity: &str,
    server: &Server,
) -> Result<Option<Place>, StoreError> {
    let found = sqlx::query(
        "SELECT c.oid::int8, c.relkind::text, format('%I.%I', n.nspname, c.relname)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass($1)",
    )
    .bind(Name::parse(entity).to_string())
    .fetch_optional(connection)
    .await
    .map_err(|error| server.error(&error))?;
    let place = |row: &sqlx::postgres::PgRow| {
        Ok(Place { oid: row.try_get(0)?, kind: row.try_get(1)?, name: row.try_get(2)? })
    };
    found.as_ref().map(place).transpose().map_err(|error: sqlx::Error| server.error(&error))
}

/// The triggers of a table and of its partitions, which have copies of their own. Those of the table
/// come first: where putting them back reaches the copies too, these get their own state afterwards.
async fn triggers(
    connection: &mut PgConnection,
    place: &Place,
) -> Result<Vec<Switch>, sqlx::Error> {
    let rows = sqlx::query(
        r"WITH RECURSIVE tree AS (
            SELECT $1::oid AS oid, 0 AS depth
            UNION ALL
            SELECT i.inhrelid, tree.depth + 1 FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid
              JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition
          )
          SELECT t.tgname::text, t.tgenabled::text, format('%I.%I', n.nspname, c.relname),
            CASE WHEN pg_table_is_visible(c.oid) THEN NULL ELSE n.nspname::text END,
            c.relname::text
          FROM tree JOIN pg_trigger t ON t.tgrelid = tree.oid JOIN pg_class c ON c.oid = tree.oid
            JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE NOT t.tgisinternal AND (t.tgenabled IN ('O', 'A') OR c.relispartition)
          ORDER BY tree.depth, c.relname, t.tgname",
    )
    .bind(sqlx::postgres::types::Oid(u32::try_from(place.oid).unwrap_or_default()))
    .fetch_all(connection)
    .await?;
    let mut switches = Vec::with_capacity(rows.len());
    for row in &rows {
        let name: String = row.try_get(0)?;
        let state: String = row.try_get(1)?;
        let table: String = row.try_get(2)?;
        let schema: Option<String> = row.try_get(3)?;
        let entity: String = row.try_get(4)?;
        let alter = |how: &str| format!("ALTER TABLE ONLY {table} {how} TRIGGER {}", quote(&name));
        let (off, on) = match state.as_str() {
            "D" => (Vec::new(), "DISABLE"),
            "R" => (vec![alter("DISABLE")], "ENABLE REPLICA"),
            "A" => (vec![alter("DISABLE")], "ENABLE ALWAYS"),
            _ => (vec![alter("DISABLE")], "ENABLE"),
        };
        switches.push(Switch {
            kind: SwitchKind::Trigger,
            table: Name::entity(schema.as_deref(), &entity),
            off,
            on: vec![alter(on)],
            name,
            prove: None,
            key: None,
            full: false,
        });
    }
    Ok(switches)
}

async fn foreign_keys(
    connection: &mut PgConnection,
    entity: &str,
    place: &Place,
    server: &Server,
) -> Result<Vec<Switch>, StoreError> {
    let failed = |error: sqlx::Error| server.error(&error);
    let Some(table) = structure(connection, entity).await.map_err(failed)? else {
        return Ok(Vec::new());
    };
    // With an empty path every name in a definition has its schema, so that it means the same on
    // any connection.
    let path: String = sqlx::query_scalar("SELECT current_setting('search_path')")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    set_path(connection, "").await.map_err(failed)?;
    let found = definitions(connection, place).await;
    set_path(connection, &path).await.map_err(failed)?;
    let mut switches = Vec::new();
    for found in found.map_err(failed)? {
        if found.inherited {
            return Err(refused(server, entity, "has foreign keys of the table it is a part of"));
        }
        if place.kind == "p" {
            return Err(refused(server, entity, "is divided into partitions and has foreign keys"));
        }
        let key = table.foreign_keys.iter().find(|key| key.name == found.name).cloned();
        let (name, on) = (quote(&found.name), &place.name);
        let later = if found.validated { " NOT VALID" } else { "" };
        let mut back =
            vec![format!("ALTER TABLE {on} ADD CONSTRAINT {name} {}{later}", found.definition)];
        if let Some(comment) = &found.comment {
            back.push(format!("COMMENT ON CONSTRAINT {name} ON {on} IS {}", literal(comment)));
        }
        switches.push(Switch {
            kind: SwitchKind::ForeignKey,
            table: entity.to_owned(),
            off: vec![format!("ALTER TABLE {on} DROP CONSTRAINT {name}")],
            on: back,
            prove: found.validated.then(|| format!("ALTER TABLE {on} VALIDATE CONSTRAINT {name}")),
            key,
            full: found.full,
            name: found.name,
        });
    }
    Ok(switches)
}

async fn set_path(connection: &mut PgConnection, path: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('search_path', $1, true)")
        .bind(path)
        .execute(connection)
        .await
        .map(|_| ())
}

struct Found {
    name: String,
    definition: String,
    validated: bool,
    inherited: bool,
    full: bool,
    comment: Option<String>,
}

async fn definitions(
    connection: &mut PgConnection,
    place: &Place,
) -> Result<Vec<Found>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT conname::text, pg_get_constraintdef(oid), convalidated, conparentid <> 0,
            confmatchtype = 'f', obj_description(oid, 'pg_constraint')
         FROM pg_constraint WHERE conrelid = $1 AND contype = 'f' ORDER BY conname",
    )
    .bind(sqlx::postgres::types::Oid(u32::try_from(place.oid).unwrap_or_default()))
    .fetch_all(connection)
    .await?;
    let found = |row: &sqlx::postgres::PgRow| {
        Ok(Found {
            name: row.try_get(0)?,
            definition: row.try_get(1)?,
            validated: row.try_get(2)?,
            inherited: row.try_get(3)?,
            full: row.try_get(4)?,
            comment: row.try_get(5)?,
        })
    };
    rows.iter().map(found).collect()
}

/// Switches off or on.
pub(super) async fn switch(
    writer: &mut Writer,
    switch: &Switch,
    on: bool,
) -> Result<(), StoreError> {
    let (connection, server) = writer.parts()?;
    let catalog = match switch.kind {
        SwitchKind::Trigger => "SELECT tgrelid AS owner, tgname AS name FROM pg_trigger",
        SwitchKind::ForeignKey => "SELECT conrelid, conname FROM pg_constraint",
    };
    let query = format!(
        "SELECT c.oid IS NOT NULL, EXISTS (SELECT 1 FROM ({catalog}) AS known (owner, name)
           WHERE known.owner = c.oid AND known.name = $2)
         FROM (SELECT to_regclass($1) AS oid) AS c"
    );
    let row = sqlx::query(AssertSqlSafe(query))
        .bind(Name::parse(&switch.table).to_string())
        .bind(&switch.name)
        .fetch_one(connection)
        .await
        .map_err(|error| server.error(&error))?;
    let there = |at: usize| row.try_get::<bool, _>(at).map_err(|error| server.error(&error));
    let (table, known) = (there(0)?, there(1)?);
    // A foreign key that is off is not there; a trigger always is, unless someone dropped it.
    let wanted = match switch.kind {
        SwitchKind::Trigger => known,
        SwitchKind::ForeignKey => known != on,
    };
    let statements = if on { &switch.on } else { &switch.off };
    if !table || !wanted || statements.is_empty() {
        return Ok(());
    }
    writer.define(format!("{PATIENCE};\n{}", statements.join(";\n"))).await.map_err(|mut error| {
        error.message = format!("{} ({})", error.message, switch.describe());
        error
    })
}

/// Validates a foreign key, and finds the rows that stand in the way.
pub(super) async fn prove(
    writer: &mut Writer,
    switch: &Switch,
    named: usize,
) -> Result<Violating, StoreError> {
    let Some(key) = &switch.key else { return Ok(Violating::default()) };
    let (connection, server) = writer.parts()?;
    let failed = |error: sqlx::Error| server.error(&error);
    let table = structure(connection, &switch.table).await.map_err(failed)?;
    // Someone may have dropped it since.
    let Some(table) = table.filter(|table| table.foreign_keys.contains(key)) else {
        return Ok(Violating::default());
    };
    if let Some(statement) = &switch.prove {
        match writer.define(format!("{PATIENCE};\n{statement}")).await {
            Ok(()) => return Ok(Violating::default()),
            Err(error) if error.message.contains("(SQLSTATE 23503)") => {}
            Err(error) => return Err(error),
        }
    }
    let (count, keys) =
        shared::violations(&table, (key, switch.full), &key.references, named, &SPELLING);
    let (connection, server) = writer.parts()?;
    let count = read::query(connection, &count, server).await?;
    let keys = read::query(connection, &keys, server).await?;
    Ok(shared::violating(&table, &count, keys))
}

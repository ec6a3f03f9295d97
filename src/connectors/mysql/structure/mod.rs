//! The structure of a MySQL or MariaDB database: read out of the catalog, and changed.

mod catalog;
mod render;
mod types;

use super::catalog::quote;
use super::config::Server;
use super::read;
use super::writer::Writer;
use crate::connectors::structure::{self as shared, Spelling, State};
use crate::connectors::{StoreError, StoreErrorKind};
use crate::value::DataType;
use crate::value::structure::{ColumnType, ForeignKeyDefinition, StructureChange, TableDefinition};

pub(super) use catalog::{others, structure};
pub(super) use render::render;

/// The comment of a unique index that was declared as an index: to the server every unique index is
/// a constraint too.
const INDEX: &str = "index";

/// Characters of a text without a bound that an index looks at.
const PREFIX: u32 = 191;

pub(super) const SPELLING: Spelling = Spelling { column: quote, table: quote };

/// Makes a change, unless it is made already.
pub(super) async fn change(
    writer: &mut Writer,
    change: &StructureChange,
) -> Result<(), StoreError> {
    let server = writer.database.server;
    let rendered = render(change, server)
        .map_err(|message| StoreError::new(StoreErrorKind::Unsupported, message))?;
    let Some(entity) = shared::table_of(change).filter(|_| !rendered.statements.is_empty()) else {
        return Ok(());
    };
    let state = state(writer, entity, change).await?;
    let same = |one: &ColumnType, other: &ColumnType| same_type(one, other, server);
    if shared::is_done(change, &state, &same)? {
        return Ok(());
    }
    // Otherwise the first TIMESTAMP that is not null would take the time of each change. Where that
    // can't be set, it is the default since MySQL 8.0 and MariaDB 10.10.
    let (connection, _) = writer.parts();
    let set =
        super::catalog::execute(connection, "SET SESSION explicit_defaults_for_timestamp = 1");
    let _ = set.await;
    let mut statements = rendered.statements;
    if let (StructureChange::CreateIndex { table, index }, Some(before)) = (change, &state.table) {
        statements = vec![render::create_index(table, index, &|name| is_long(before, name))];
    }
    for statement in statements {
        if let Err(error) = writer.define(statement).await {
            return Err(explained(writer, change, &state, error).await);
        }
    }
    if let (StructureChange::DropForeignKey { table, key }, false) = (change, server.mariadb) {
        drop_index_of(writer, table, key).await?;
    }
    Ok(())
}

/// Drops the index that MySQL made for a foreign key.
async fn drop_index_of(
    writer: &mut Writer,
    table: &str,
    key: &ForeignKeyDefinition,
) -> Result<(), StoreError> {
    let server = writer.database.server;
    let (connection, context) = writer.parts();
    let left = structure(connection, table, server).await.map_err(|e| context.error(&e))?;
    let is_there =
        left.is_some_and(|table| table.indexes.iter().any(|index| index.name == key.name));
    if is_there {
        writer.define(format!("DROP INDEX {} ON {}", quote(&key.name), quote(table))).await?;
    }
    Ok(())
}

fn is_long(table: &TableDefinition, name: &str) -> bool {
    table.column(name).is_some_and(|column| match &column.column_type {
        ColumnType::Portable(data_type) => matches!(
            data_type,
            DataType::Text { length: None } | DataType::Bytes | DataType::Json | DataType::Any
        ),
        ColumnType::Native(text) => text.contains("text") || text.contains("blob"),
        ColumnType::Enum(_) => false,
    })
}

fn same_type(one: &ColumnType, other: &ColumnType, server: Server) -> bool {
    types::declared(one, server) == types::declared(other, server)
}

async fn state(
    writer: &mut Writer,
    entity: &str,
    change: &StructureChange,
) -> Result<State, StoreError> {
    let server = writer.database.server;
    let (connection, context) = writer.parts();
    let table = structure(connection, entity, server).await.map_err(|e| context.error(&e))?;
    let mut state = State { table, ..State::default() };
    if let StructureChange::RenameTable { to, .. } = change {
        state.renamed = structure(connection, to, server).await.map_err(|e| context.error(&e))?;
    }
    Ok(state)
}

/// Says what stands in the way, as far as it can be found out.
async fn explained(
    writer: &mut Writer,
    change: &StructureChange,
    state: &State,
    mut error: StoreError,
) -> StoreError {
    use StructureChange as C;
    let what = match change {
        C::AddForeignKey { key, .. } => {
            return orphans(writer, state, key).await.unwrap_or(error);
        }
        C::AddUnique { unique, .. } => format!("unique constraint `{}`", unique.name),
        C::CreateIndex { index, .. } => format!("index `{}`", index.name),
        C::AddCheck { check, .. } => format!("check `{}`", check.name),
        C::AlterColumn { table, after, .. } => format!("`{table}`.`{}`", after.name),
        _ => return error,
    };
    error.message = format!("{} ({what})", error.message);
    error
}

/// The rows that a foreign key can't be made over; `None` when it is not they that stand in the way.
async fn orphans(
    writer: &mut Writer,
    state: &State,
    key: &ForeignKeyDefinition,
) -> Option<StoreError> {
    let table = state.table.as_ref()?;
    let query = shared::orphans(table, key, &key.references, &SPELLING);
    let (connection, context) = writer.parts();
    let rows = read::query(connection, &query, context).await.ok()?;
    if rows.rows.is_empty() {
        return None;
    }
    Some(shared::violated(context.location, table, key, &rows))
}

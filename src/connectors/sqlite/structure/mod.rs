//! The structure of an SQLite file of tables: read out of its definitions, and changed.

mod catalog;
mod parse;
mod rebuild;
mod render;
mod types;

use super::catalog::quote;
use super::read;
use super::writer::Writer;
use crate::connectors::structure::{self as shared, Spelling, State};
use crate::connectors::{StoreError, StoreErrorKind, WriteError};
use crate::value::structure::{StructureChange, TableDefinition};

use self::render::Way;

pub(super) use catalog::{others, structure};
pub(super) use render::render;

pub(super) const SPELLING: Spelling = Spelling { column: quote, table: quote };

/// Makes a change, unless it is made already.
pub(super) async fn change(
    writer: &mut Writer,
    change: &StructureChange,
) -> Result<(), StoreError> {
    let way = render::way(change);
    let Some(entity) = shared::table_of(change) else { return Ok(()) };
    if matches!(way, Way::Nothing) {
        return Ok(());
    }
    let state = state(writer, entity, change).await?;
    if shared::is_done(change, &state, &render::same_type)? {
        return Ok(());
    }
    writer.group().await?;
    let done = make(writer, change, way, state.table.as_ref()).await;
    if done.is_err() {
        rebuild::close_catalog(writer).await;
    }
    match writer.end(done.map_err(WriteError::Store)).await {
        Ok(()) => Ok(()),
        Err(WriteError::Store(error)) => Err(error),
        Err(WriteError::Record(_)) => {
            Err(StoreError::new(StoreErrorKind::Query, "the records do not fit"))
        }
    }
}

async fn state(
    writer: &mut Writer,
    entity: &str,
    change: &StructureChange,
) -> Result<State, StoreError> {
    let (connection, context) = writer.parts();
    let mut state =
        State { table: structure(connection, entity, context.location).await?, ..State::default() };
    if let StructureChange::RenameTable { to, .. } = change {
        state.renamed = structure(connection, to, context.location).await?;
    }
    Ok(state)
}

async fn make(
    writer: &mut Writer,
    change: &StructureChange,
    way: Way,
    before: Option<&TableDefinition>,
) -> Result<(), StoreError> {
    let table = match (way, before) {
        (Way::Nothing, _) => return Ok(()),
        (Way::Statements(statements), _) => {
            for statement in statements {
                writer.run(statement).await.map_err(|error| named(change, error))?;
            }
            return Ok(());
        }
        (Way::Rebuild(table, _), None) => {
            let (_, context) = writer.parts();
            let message = format!("{}: there is no table `{table}`", context.location);
            return Err(StoreError::new(StoreErrorKind::NotFound, message));
        }
        (Way::Rebuild(..), Some(before)) => before,
    };
    match change {
        StructureChange::AlterColumn { after, .. } => {
            rebuild::refuse_unfit(writer, &table.name, after).await?;
        }
        StructureChange::AddForeignKey { key, .. } => {
            let (connection, context) = writer.parts();
            let parent = structure(connection, &key.table, context.location).await?;
            let Some(parent) = parent else {
                let message = format!("{}: there is no table `{}`", context.location, key.table);
                return Err(StoreError::new(StoreErrorKind::NotFound, message));
            };
            let references =
                if key.references.is_empty() { &parent.primary_key } else { &key.references };
            let query = shared::orphans(table, key, references, &SPELLING);
            let rows = read::query(connection, &query, context).await?;
            if !rows.rows.is_empty() {
                return Err(shared::violated(context.location, table, key, &rows));
            }
        }
        _ => {}
    }
    rebuild::rebuild(writer, change, table).await.map_err(|error| named(change, error))
}

/// Says which constraint it is that rows violate.
fn named(change: &StructureChange, mut error: StoreError) -> StoreError {
    use StructureChange as C;
    let what = match change {
        C::CreateIndex { index, .. } => format!("index `{}`", index.name),
        C::AddUnique { unique, .. } => format!("unique constraint `{}`", unique.name),
        C::AddCheck { check, .. } => format!("check `{}`", check.name),
        C::SetPrimaryKey { table, .. } => format!("the primary key of `{table}`"),
        C::AlterColumn { table, after, .. } => format!("`{table}`.`{}`", after.name),
        _ => return error,
    };
    if error.message.contains("a constraint is violated") {
        error.message = format!("{}, by rows that are there: {what}", error.message);
    }
    error
}

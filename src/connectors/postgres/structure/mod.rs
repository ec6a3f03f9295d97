//! The structure of a PostgreSQL database: read out of the catalog, and changed.

mod catalog;
mod column;
mod enumeration;
mod render;
mod types;

use sqlx::postgres::PgConnection;

use super::name::{Name, quote};
use super::read;
use super::writer::Writer;
use crate::connectors::structure::{self as shared, Spelling, State};
use crate::connectors::{StoreError, StoreErrorKind};
use crate::value::structure::{ForeignKeyDefinition, StructureChange};

pub(super) use catalog::{enums, extensions, others, structure};
pub(super) use render::render;

pub(super) const SPELLING: Spelling =
    Spelling { column: quote, table: |entity| Name::parse(entity).to_string() };

/// The server's version as a number, such as 150004.
pub(super) fn version(connection: &PgConnection) -> u32 {
    connection.server_version_num().unwrap_or(120_000)
}

/// Makes a change, unless it is made already.
pub(super) async fn change(
    writer: &mut Writer,
    change: &StructureChange,
) -> Result<(), StoreError> {
    let (connection, server) = writer.parts()?;
    let version = version(connection);
    let state = state(connection, change).await.map_err(|error| server.error(&error))?;
    if shared::is_done(change, &state, &render::same_type)? {
        return Ok(());
    }
    let rendered = render(change, version)
        .map_err(|message| StoreError::new(StoreErrorKind::Unsupported, message))?;
    match writer.define(rendered.statements.join(";\n")).await {
        Ok(()) => Ok(()),
        Err(error) => Err(explained(writer, change, &state, error).await),
    }
}

async fn state(
    connection: &mut PgConnection,
    change: &StructureChange,
) -> Result<State, sqlx::Error> {
    let mut state = State::default();
    if let Some(entity) = shared::table_of(change) {
        state.table = structure(connection, entity).await?;
        if let StructureChange::RenameTable { to, .. } = change {
            state.renamed = structure(connection, to).await?;
        }
    } else {
        state.enums = enums(connection).await?;
        state.extensions = extensions(connection).await?;
    }
    Ok(state)
}

/// Says what stands in the way, as far as it can be found out.
async fn explained(
    writer: &mut Writer,
    change: &StructureChange,
    state: &State,
    error: StoreError,
) -> StoreError {
    use StructureChange as C;
    let has = |code: &str| error.message.contains(&format!("(SQLSTATE {code})"));
    let told = match change {
        C::AddForeignKey { key, .. } if has("23503") => orphans(writer, state, key).await,
        C::AddUnique { unique, .. } if has("23505") => {
            Some(not_unique(writer, &format!("unique constraint `{}`", unique.name)))
        }
        C::CreateIndex { index, .. } if has("23505") => {
            Some(not_unique(writer, &format!("index `{}`", index.name)))
        }
        C::CreateExtension { name } if has("0A000") || has("58P01") => Some(StoreError::new(
            StoreErrorKind::NotFound,
            format!(
                "{}: the server does not have the extension `{name}`; its package has to be \
                 installed first",
                location(writer)
            ),
        )),
        C::RemoveEnumValues { after, .. } if has("22P02") => Some(StoreError::new(
            StoreErrorKind::Query,
            format!(
                "{}: rows still hold a value that enum `{}` is to lose; change them first",
                location(writer),
                after.name
            ),
        )),
        _ => None,
    };
    told.unwrap_or(error)
}

fn location(writer: &mut Writer) -> String {
    writer.parts().map(|(_, server)| server.location.clone()).unwrap_or_default()
}

fn not_unique(writer: &mut Writer, what: &str) -> StoreError {
    let message = format!("{}: {what}: the records are not unique by its keys", location(writer));
    StoreError::new(StoreErrorKind::Query, message)
}

/// The rows that a foreign key can't be made over; `None` when they can't be read either.
async fn orphans(
    writer: &mut Writer,
    state: &State,
    key: &ForeignKeyDefinition,
) -> Option<StoreError> {
    let table = state.table.as_ref()?;
    let (connection, server) = writer.parts().ok()?;
    let references = match key.references.as_slice() {
        [] => structure(connection, &key.table).await.ok()??.primary_key,
        references => references.to_vec(),
    };
    let query = shared::orphans(table, key, &references, &SPELLING);
    let rows = read::query(connection, &query, server).await.ok()?;
    Some(shared::violated(&server.location, table, key, &rows))
}

//! Collections and their indexes.

use mongodb::bson::{Document, doc};
use mongodb::error::{Error, Result as DriverResult};

use super::error::is_code;
use super::server::Server;
use crate::connectors::{Definition, StoreError, StoreErrorKind};
use crate::value::Index;

/// Carries out a change of structure.
pub(super) async fn define(server: &Server, definition: &Definition) -> Result<(), StoreError> {
    let unsupported = |message: &str| {
        let message = format!("{}: {message}", server.location);
        Err(StoreError::new(StoreErrorKind::Unsupported, message))
    };
    match definition {
        Definition::CreateTable { .. } => unsupported("MongoDB has collections, no tables"),
        Definition::CreateView { .. } => unsupported("no views of several collections are made"),
        Definition::Script(_) => unsupported("MongoDB runs no scripts of statements"),
        Definition::CreateCollection { entity } => {
            let command = doc! { "create": entity };
            unless(server, server.command(confirmed(server, command)).await, &[48])
        }
        Definition::DropEntity { entity } => {
            let command = doc! { "drop": entity };
            unless(server, server.command(confirmed(server, command)).await, &[26])
        }
        Definition::CreateIndex { entity, index } => create_index(server, entity, index).await,
        Definition::DropIndex { entity, name } => {
            let command = doc! { "dropIndexes": entity, "index": name };
            unless(server, server.command(confirmed(server, command)).await, &[26, 27])
        }
    }
}

fn confirmed(server: &Server, mut command: Document) -> Document {
    command.insert("writeConcern", server.write_concern.clone());
    command
}

/// What a command gave, codes aside that say that there is nothing to do.
fn unless(
    server: &Server,
    done: DriverResult<Document>,
    nothing_to_do: &[i32],
) -> Result<(), StoreError> {
    match done {
        Err(error) if !is_code(&error, nothing_to_do) => Err(server.error(&error)),
        _ => Ok(()),
    }
}

async fn create_index(server: &Server, entity: &str, index: &Index) -> Result<(), StoreError> {
    let mut keys = Document::new();
    for key in &index.keys {
        keys.insert(&key.path, if key.descending { -1 } else { 1 });
    }
    let mut wanted = doc! { "key": keys, "name": &index.name };
    if index.unique {
        wanted.insert("unique", true);
    }
    let command = doc! { "createIndexes": entity, "indexes": [wanted] };
    let done = server.command(confirmed(server, command)).await;
    done.map(|_| ()).map_err(|error| {
        let name = &index.name;
        if is_duplicate(&error) {
            let message = format!("index {name}: the records are not unique by its keys");
            return StoreError::new(StoreErrorKind::Query, message);
        }
        if is_code(&error, &[85, 86]) {
            let message = format!(
                "{}: `{entity}` has an index `{name}`, or one of these keys, that is another",
                server.location
            );
            return StoreError::new(StoreErrorKind::Query, message);
        }
        server.error(&error)
    })
}

/// Whether an index can't be made because of records that are not unique.
pub(super) fn is_duplicate(error: &Error) -> bool {
    // FerretDB gives its own database's words, without a code.
    let told_so = || {
        is_code(error, &[1])
            && matches!(error.kind.as_ref(), mongodb::error::ErrorKind::Command(error)
                if error.message.contains("UNIQUE constraint failed"))
    };
    is_code(error, &[11000]) || told_so()
}

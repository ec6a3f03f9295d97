//! What a server says of its collections.

use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};

use super::error::{is_code, number};
use super::read::sample;
use super::server::Server;
use crate::connectors::documents::{Profile, SAMPLE};
use crate::connectors::{Statistics, StoreError};
use crate::value::query::Filter;
use crate::value::{Index, IndexKey, Schema, Value};

/// The collections and views, the ledger's and the server's own left out, sorted.
pub(super) async fn entities(server: &Server) -> Result<Vec<String>, StoreError> {
    let names = server.database.list_collection_names().await;
    let mut names = names.map_err(|error| server.error(&error))?;
    names.retain(|name| !name.starts_with("mapper_") && !name.starts_with("system."));
    names.sort();
    Ok(names)
}

/// What is known of a collection without looking at its documents.
pub(super) async fn describe(server: &Server, entity: &str) -> Result<Option<Schema>, StoreError> {
    let error = |error| server.error(&error);
    let found = server.database.list_collections().filter(doc! { "name": entity });
    let found: Vec<_> = found.await.map_err(error)?.try_collect().await.map_err(error)?;
    let Some(found) = found.into_iter().find(|found| found.name == entity) else {
        return Ok(None);
    };
    let view = matches!(found.collection_type, mongodb::results::CollectionType::View);
    let indexes = if view { Vec::new() } else { indexes(server, entity).await? };
    Ok(Some(Schema {
        columns: Vec::new(),
        primary_key: vec!["_id".to_owned()],
        foreign_keys: Vec::new(),
        indexes,
        open: true,
        sampled: None,
    }))
}

/// The indexes of a collection as the server tells them.
pub(super) async fn index_documents(
    server: &Server,
    entity: &str,
) -> Result<Vec<Document>, StoreError> {
    let found = server.database.run_cursor_command(doc! { "listIndexes": entity }).await;
    match found {
        Ok(found) => found.try_collect().await.map_err(|error| server.error(&error)),
        Err(error) if is_code(&error, &[26]) => Ok(Vec::new()),
        Err(error) => Err(server.error(&error)),
    }
}

async fn indexes(server: &Server, entity: &str) -> Result<Vec<Index>, StoreError> {
    let found = index_documents(server, entity).await?;
    Ok(found.iter().filter_map(index).collect())
}

/// An index by value; `None` for that of `_id`, and for those of other kinds (text, places, hashes).
fn index(found: &Document) -> Option<Index> {
    let name = found.get_str("name").ok()?;
    if name == "_id_" {
        return None;
    }
    let key = |(path, direction): (&String, &mongodb::bson::Bson)| {
        Some(IndexKey { path: path.clone(), descending: number(direction)? < 0 })
    };
    let keys = found.get_document("key").ok()?.iter().map(key).collect::<Option<Vec<_>>>()?;
    let is = |name| found.get(name).is_some_and(|value| value.as_bool() == Some(true));
    // An index of some documents only says nothing of the others.
    let partial = is("sparse") || found.contains_key("partialFilterExpression");
    Some(Index { name: name.to_owned(), keys, unique: is("unique") && !partial })
}

/// What a collection's documents hold, path by path.
pub(super) async fn profile(server: &Server, entity: &str) -> Result<Option<Schema>, StoreError> {
    let Some(described) = describe(server, entity).await? else { return Ok(None) };
    let mut profile = Profile::default();
    sample(server, entity, SAMPLE, |document| {
        if let Value::Object(document) = &document {
            profile.add(document);
        }
    })
    .await?;
    let sampled = Some(profile.documents());
    Ok(Some(Schema { columns: profile.columns(), sampled, ..described }))
}

/// How large a collection is.
pub(super) async fn statistics(server: &Server, entity: &str) -> Result<Statistics, StoreError> {
    let records = super::read::count(server, entity, &Filter::All).await?;
    // A view has no size, and some servers tell none.
    let told = server.command(doc! { "collStats": entity }).await.unwrap_or_default();
    let size = |name| told.get(name).and_then(number).and_then(|bytes| u64::try_from(bytes).ok());
    Ok(Statistics { records, bytes: size("size"), index_bytes: size("totalIndexSize") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_index_of_all_documents_is_unique() {
        let unique = |more: Document| {
            let mut found = doc! { "name": "a", "key": { "x": 1, "y": -1.0 }, "unique": true };
            found.extend(more);
            index(&found).unwrap().unique
        };
        assert!(unique(doc! {}));
        assert!(!unique(doc! { "sparse": true }));
        assert!(!unique(doc! { "partialFilterExpression": { "x": 1 } }));
        assert_eq!(index(&doc! { "name": "_id_", "key": { "_id": 1 } }), None);
        assert_eq!(index(&doc! { "name": "t", "key": { "_fts": "text" } }), None);
    }
}

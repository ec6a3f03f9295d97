//! Reads of collections.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, RawDocument, doc};

use super::codec::Reader;
use super::error::number;
use super::render::{Dialect, is_plain};
use super::server::Server;
use crate::connectors::{Layout, Rows, StoreError, StoreErrorKind, matches, value_at};
use crate::value::query::{Filter, Select};
use crate::value::{Problem, Row, Value};

/// Documents that a server sends at once.
const BATCH: u32 = 1000;

/// Reads what a statement asks for. With columns, each row has the values at those paths.
pub(super) async fn select(server: &Server, select: &Select) -> Result<Rows, StoreError> {
    let most =
        select.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut rows = Vec::new();
    if most > 0 {
        each(server, select, |row| {
            rows.push(row);
            rows.len() < most
        })
        .await?;
    }
    let layout = Layout::Document;
    let Some(columns) = &select.columns else { return Ok(Rows { layout, rows }) };
    let values =
        |row: &Row| columns.iter().map(|path| value_at(&layout, row, path).clone()).collect();
    let rows = rows.iter().map(values).collect();
    Ok(Rows { layout: Layout::Columns(columns.iter().cloned().collect::<Arc<[_]>>()), rows })
}

/// Gives the documents that a statement wants, in its order, until `take` has enough.
async fn each(
    server: &Server,
    select: &Select,
    mut take: impl FnMut(Row) -> bool,
) -> Result<(), StoreError> {
    let condition = Dialect::of(server).condition(&select.filter);
    let collection = server.collection(&select.entity);
    let mut find = collection.find(condition.document).batch_size(BATCH);
    if !select.order.is_empty() {
        let mut sort = Document::new();
        for key in &select.order {
            sort.insert(&key.path, if key.descending { -1 } else { 1 });
        }
        find = find.sort(sort).allow_disk_use(true);
    }
    if condition.exact {
        if let Some(limit) = select.limit.and_then(|limit| i64::try_from(limit).ok()) {
            find = find.limit(limit);
        }
        if let Some(columns) = &select.columns
            && let Some(projection) = projection(columns)
        {
            find = find.projection(projection);
        }
    }
    let mut batches = find.batch().await.map_err(|error| server.error(&error))?;
    let reader = Reader::new(server.policies.uuid_order);
    while let Some(batch) = batches.try_next().await.map_err(|error| server.error(&error))? {
        for document in documents(batch.doc_slices().map_err(|error| server.error(&error))?) {
            let document = reader.document(document?);
            let row = vec![document.map_err(|problem| corrupt(server, &select.entity, &problem))?];
            let wanted = condition.exact || matches(&select.filter, &Layout::Document, &row);
            if wanted && !take(row) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The documents of a batch.
pub(super) fn documents(
    batch: &mongodb::bson::RawArray,
) -> impl Iterator<Item = Result<&RawDocument, StoreError>> {
    batch.into_iter().map(|element| {
        element.ok().and_then(mongodb::bson::raw::RawBsonRef::as_document).ok_or_else(|| {
            StoreError::new(StoreErrorKind::Internal, "the server's answer can't be read")
        })
    })
}

fn corrupt(server: &Server, entity: &str, problem: &Problem) -> StoreError {
    StoreError::new(
        StoreErrorKind::Corrupt,
        format!("{}: a document in `{entity}` can't be read: {problem}", server.location),
    )
}

/// What a server sends of each document, so that `paths` can be read from it; `None` when it must
/// be all.
fn projection(paths: &[String]) -> Option<Document> {
    // Of `a` and `a.b` a server takes only one.
    let inside = |path: &str| {
        paths
            .iter()
            .any(|outer| path.strip_prefix(outer.as_str()).is_some_and(|r| r.starts_with('.')))
    };
    if paths.is_empty() || !paths.iter().all(|path| is_plain(path)) {
        return None;
    }
    let mut projection = Document::new();
    for path in paths.iter().filter(|path| !inside(path)) {
        projection.insert(path, 1);
    }
    if !projection.contains_key("_id") && !projection.keys().any(|path| path.starts_with("_id.")) {
        projection.insert("_id", 0);
    }
    Some(projection)
}

/// Counts documents.
pub(super) async fn count(
    server: &Server,
    entity: &str,
    filter: &Filter,
) -> Result<u64, StoreError> {
    let condition = Dialect::of(server).condition(filter);
    if condition.exact {
        // The `count` command is not exact on a cluster of shards.
        let stages = [doc! { "$match": condition.document }, doc! { "$count": "n" }];
        let collection = server.collection(entity);
        let counted = collection.aggregate(stages).await.map_err(|error| server.error(&error))?;
        let counted: Vec<Document> =
            counted.try_collect().await.map_err(|error| server.error(&error))?;
        let n = counted.first().and_then(|document| document.get("n")).and_then(number);
        return Ok(n.and_then(|n| u64::try_from(n).ok()).unwrap_or_default());
    }
    let mut count = 0;
    let select = Select { entity: entity.to_owned(), filter: filter.clone(), ..Select::default() };
    each(server, &select, |_| {
        count += 1;
        true
    })
    .await?;
    Ok(count)
}

/// Gives documents of a collection, at most so many, chosen by the server where it can.
pub(super) async fn sample(
    server: &Server,
    entity: &str,
    most: u64,
    mut take: impl FnMut(Value),
) -> Result<(), StoreError> {
    let total = count(server, entity, &Filter::All).await?;
    let collection = server.collection(entity);
    let size = i64::try_from(most).unwrap_or(i64::MAX);
    let sampled = if total > most {
        collection.aggregate([doc! { "$sample": { "size": size } }]).batch().await.ok()
    } else {
        None
    };
    let mut batches = match sampled {
        Some(batches) => batches,
        // Some servers can't choose; then it is the first ones.
        None => collection
            .find(Document::new())
            .limit(size)
            .batch_size(BATCH)
            .batch()
            .await
            .map_err(|error| server.error(&error))?,
    };
    let reader = Reader::new(server.policies.uuid_order);
    while let Some(batch) = batches.try_next().await.map_err(|error| server.error(&error))? {
        for document in documents(batch.doc_slices().map_err(|error| server.error(&error))?) {
            // A document that can't be read is told by the scan; a profile goes on without it.
            if let Ok(document) = reader.document(document?) {
                take(document);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_has_no_path_inside_another() {
        let paths = |paths: &[&str]| {
            projection(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(paths(&["a.b", "a", "ab"]), Some(doc! { "a": 1, "ab": 1, "_id": 0 }));
        assert_eq!(paths(&["_id", "x"]), Some(doc! { "_id": 1, "x": 1 }));
        assert_eq!(paths(&["$x"]), None);
        assert_eq!(paths(&[]), None);
    }
}

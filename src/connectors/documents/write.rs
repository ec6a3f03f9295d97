//! Inserts, updates and deletes of documents.

use std::collections::HashMap;

use sqlx::sqlite::SqliteArguments;

use super::define::{create, logical_name};
use super::read::{exists, find, object};
use super::shape::{path_of, refused, to_document};
use crate::connectors::sqlite::catalog::quote;
use crate::connectors::sqlite::render::Sql;
use crate::connectors::sqlite::writer::Writer;
use crate::connectors::{Delete, Insert, Layout, Update, WriteError, value_at};
use crate::value::extended_json::to_text;
use crate::value::query::Filter;
use crate::value::{FieldPath, Object, Row, Value};

/// Documents per statement.
const DOCUMENTS: usize = 500;

/// Inserts documents, making the collection when it is not there.
pub(super) async fn insert(
    writer: &mut Writer,
    insert: Insert<'_>,
) -> Result<Vec<Row>, WriteError> {
    let documents: Vec<Object> =
        insert.rows.iter().map(|row| to_document(insert.layout, row)).collect::<Result<_, _>>()?;
    let mut texts = Vec::with_capacity(documents.len());
    for document in &documents {
        texts.push((id_text(document)?, text_of(document)?));
    }
    writer.group().await?;
    let result = insert_texts(writer, insert.entity, texts).await;
    writer.end(result).await?;
    if insert.returning.is_empty() {
        return Ok(Vec::new());
    }
    let given = |document| {
        let row = vec![Value::object(document)];
        let value = |path: &String| value_at(&Layout::Document, &row, path).clone();
        insert.returning.iter().map(value).collect()
    };
    Ok(documents.into_iter().map(given).collect())
}

async fn insert_texts(
    writer: &mut Writer,
    entity: &str,
    texts: Vec<(String, String)>,
) -> Result<(), WriteError> {
    create(writer, entity).await?;
    let mut texts = texts.into_iter().peekable();
    while texts.peek().is_some() {
        let mut sql = Sql::default();
        sql.push(&format!("INSERT INTO {}(_id, document) VALUES ", quote(entity)));
        for (index, (id, text)) in texts.by_ref().take(DOCUMENTS).enumerate() {
            sql.push(if index == 0 { "(" } else { ",(" });
            sql.plain(&Value::from(id));
            sql.push(",");
            sql.plain(&Value::from(text));
            sql.push(")");
        }
        let done = writer.change(sql.text, sql.arguments).await;
        done.map_err(|error| named(error, entity))?;
    }
    Ok(())
}

fn id_text(document: &Object) -> Result<String, WriteError> {
    match document.get("_id") {
        Some(Value::Array(_) | Value::Missing) | None => Err(refused("_id")),
        Some(id) => to_text(id).map_err(|_| refused("_id")),
    }
}

fn text_of(document: &Object) -> Result<String, WriteError> {
    to_text(&Value::object(document.clone()))
        .map_err(|problem| refused(problem.field.as_deref().unwrap_or("the document")))
}

/// A violation with the index's own name.
fn named(error: WriteError, entity: &str) -> WriteError {
    match error {
        WriteError::Record(mut violation) => {
            violation.constraint =
                violation.constraint.map(|name| logical_name(entity, &name).to_owned());
            WriteError::Record(violation)
        }
        error @ WriteError::Store(_) => error,
    }
}

/// Sets fields of documents by key.
pub(super) async fn update(writer: &mut Writer, update: Update<'_>) -> Result<u64, WriteError> {
    let (connection, context) = writer.parts();
    if update.rows.is_empty() || !exists(connection, update.entity, context).await? {
        return Ok(0);
    }
    let paths: Vec<FieldPath> =
        update.set.iter().map(|path| path_of(path)).collect::<Result<_, _>>()?;
    writer.group().await?;
    let mut matched = 0;
    let mut result = Ok(());
    for rows in update.rows.chunks(DOCUMENTS) {
        match update_chunk(writer, &update, &paths, rows).await {
            Ok(count) => matched += count,
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    writer.end(result).await?;
    Ok(matched)
}

async fn update_chunk(
    writer: &mut Writer,
    update: &Update<'_>,
    paths: &[FieldPath],
    rows: &[Row],
) -> Result<u64, WriteError> {
    let mut changes = Changes::load(writer, update.entity, update.key, rows).await?;
    let mut matched = 0;
    for row in rows {
        let (key, set) = row.split_at(update.key.len().min(row.len()));
        for document in changes.matching(update.key, key) {
            matched += 1;
            let before = document.get("_id").cloned();
            for (path, value) in paths.iter().zip(set) {
                path.set(document, value.clone());
            }
            if document.get("_id") != before.as_ref() {
                return Err(refused("_id"));
            }
        }
    }
    for (id, document) in changes.documents {
        let mut sql = Sql::default();
        sql.push(&format!("UPDATE {} SET document = ", quote(update.entity)));
        sql.plain(&Value::from(text_of(&document)?));
        sql.push(" WHERE _id = ");
        sql.plain(&Value::from(id));
        let done = writer.change(sql.text, sql.arguments).await;
        done.map_err(|error| named(error, update.entity))?;
    }
    Ok(matched)
}

/// The documents that a statement may change.
struct Changes {
    documents: Vec<(String, Object)>,
    by_id: HashMap<String, usize>,
}

impl Changes {
    async fn load(
        writer: &mut Writer,
        entity: &str,
        key: &[String],
        rows: &[Row],
    ) -> Result<Self, WriteError> {
        let tuples = rows.iter().map(|row| row[..key.len().min(row.len())].to_vec()).collect();
        let filter = Filter::Tuples { paths: key.to_vec(), tuples };
        let (connection, context) = writer.parts();
        let found = find(connection, entity, &filter, usize::MAX, context).await?;
        let mut changes =
            Self { documents: Vec::with_capacity(found.len()), by_id: HashMap::new() };
        for row in &found {
            let Some(document) = object(row) else { continue };
            let id = id_text(document)?;
            changes.by_id.insert(id.clone(), changes.documents.len());
            changes.documents.push((id, document.clone()));
        }
        Ok(changes)
    }

    /// The documents of a key, as they are by now.
    fn matching(&mut self, key: &[String], values: &[Value]) -> Vec<&mut Object> {
        if let ([path], [value]) = (key, values)
            && path == "_id"
            && let Some(&place) = to_text(value).ok().and_then(|id| self.by_id.get(&id))
        {
            return vec![&mut self.documents[place].1];
        }
        let filter = Filter::Tuples { paths: key.to_vec(), tuples: vec![values.to_vec()] };
        let wanted = |document: &Object| {
            let row = vec![Value::object(document.clone())];
            crate::connectors::matches(&filter, &Layout::Document, &row)
        };
        let all = self.documents.iter_mut().map(|(_, document)| document);
        all.filter(|document| wanted(document)).collect()
    }
}

/// Deletes documents by key.
pub(super) async fn delete(writer: &mut Writer, delete: Delete<'_>) -> Result<u64, WriteError> {
    let (connection, context) = writer.parts();
    if delete.rows.is_empty() || !exists(connection, delete.entity, context).await? {
        return Ok(0);
    }
    writer.group().await?;
    let mut deleted = 0;
    let mut result = Ok(());
    for rows in delete.rows.chunks(DOCUMENTS) {
        match delete_chunk(writer, &delete, rows).await {
            Ok(count) => deleted += count,
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    writer.end(result).await?;
    Ok(deleted)
}

async fn delete_chunk(
    writer: &mut Writer,
    delete: &Delete<'_>,
    rows: &[Row],
) -> Result<u64, WriteError> {
    let changes = Changes::load(writer, delete.entity, delete.key, rows).await?;
    let mut deleted = 0;
    for ids in changes.documents.chunks(DOCUMENTS) {
        let mut sql = Sql { text: String::new(), arguments: SqliteArguments::default() };
        sql.push(&format!("DELETE FROM {} WHERE _id IN (", quote(delete.entity)));
        for (index, (id, _)) in ids.iter().enumerate() {
            sql.push(if index == 0 { "" } else { "," });
            sql.plain(&Value::text(id));
        }
        sql.push(")");
        deleted += writer.change(sql.text, sql.arguments).await?.rows_affected();
    }
    Ok(deleted)
}

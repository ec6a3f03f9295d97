//! Inserts, updates and deletes of documents.
//!
//! Each is a command of many entries. A server without transactions carries out what it can of one:
//! so an insert that fails takes back what it put in, and an update that fails may have changed the
//! other records, which the same update again does not change further.

use mongodb::bson::{Bson, Document, RawDocumentBuf, doc, spec::ElementType};

use super::catalog::index_documents;
use super::codec::{fields, to_bson, write_document, write_name, write_value};
use super::define::is_duplicate;
use super::error::{number, of_code, violation};
use super::read::count;
use super::render::{Dialect, is_plain};
use super::server::Server;
use crate::connectors::documents::shape::{path_of, refused, to_document};
use crate::connectors::{
    Delete, Insert, Layout, StoreError, StoreErrorKind, Update, Violation, ViolationKind,
    WriteError, value_at,
};
use crate::value::query::{Comparison, Filter};
use crate::value::{Object, Problem, Row, Value};

/// The most bytes that a document may have.
const DOCUMENT: usize = 16 * 1024 * 1024;
/// Bytes of entries in one command, which must not be much larger than a document.
const COMMAND: usize = 12 * 1024 * 1024;
/// The index on `_id`.
const PRIMARY: &str = "_id_";
/// Records found by one filter.
const KEYS: usize = 1000;

/// Commands of many entries each.
struct Commands {
    head: Document,
    list: &'static str,
    most: usize,
    entries: Vec<u8>,
    count: usize,
    ready: Vec<(RawDocumentBuf, usize)>,
}

impl Commands {
    fn new(server: &Server, name: &str, entity: &str, list: &'static str) -> Self {
        let concern = server.write_concern.clone();
        let head = doc! { name: entity, "ordered": false, "writeConcern": concern };
        let (entries, ready) = (Vec::new(), Vec::new());
        Self { head, list, most: server.most, entries, count: 0, ready }
    }

    fn push(&mut self, entry: &[u8]) -> Result<(), Problem> {
        if self.count == self.most || self.entries.len() + entry.len() > COMMAND {
            self.flush()?;
        }
        write_name(&mut self.entries, ElementType::EmbeddedDocument, &self.count.to_string())?;
        self.entries.extend_from_slice(entry);
        self.count += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Problem> {
        if self.count == 0 {
            return Ok(());
        }
        let head = raw(&self.head)?.into_bytes();
        let mut command = Vec::with_capacity(self.entries.len() + head.len() + 32);
        let inner = head.get(4..head.len() - 1).unwrap_or_default();
        fields(&mut command, |into| {
            into.extend_from_slice(inner);
            write_name(into, ElementType::Array, self.list)?;
            fields(into, |into| {
                into.append(&mut self.entries);
                Ok(())
            })
        })?;
        let command = RawDocumentBuf::from_bytes(command)
            .map_err(|_| Problem::new("internal", "a command is not BSON"))?;
        self.ready.push((command, self.count));
        self.count = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<(RawDocumentBuf, usize)>, Problem> {
        self.flush()?;
        Ok(self.ready)
    }
}

fn raw(document: &Document) -> Result<RawDocumentBuf, Problem> {
    RawDocumentBuf::try_from(document)
        .map_err(|_| Problem::new("field_name", "a name holds a NUL character"))
}

fn unfit(problem: &Problem) -> WriteError {
    refused(problem.field.as_deref().unwrap_or("the document"))
}

/// What a server answered.
struct Reply {
    n: u64,
    /// The entries that failed.
    failed: Vec<(usize, Document)>,
}

/// Sends a command.
async fn send(server: &Server, command: RawDocumentBuf) -> Result<Reply, WriteError> {
    server.still_locked()?;
    let reply = server.database.run_raw_command(command).await.map_err(|error| {
        if is_duplicate(&error) {
            let kind = ViolationKind::Unique;
            return WriteError::Record(Violation { kind, constraint: None, column: None });
        }
        WriteError::Store(server.error(&error))
    })?;
    let failed: Vec<(usize, Document)> = match reply.get_array("writeErrors") {
        Ok(errors) => errors
            .iter()
            .filter_map(Bson::as_document)
            .map(|error| {
                let index = error.get("index").and_then(number);
                (index.and_then(|i| usize::try_from(i).ok()).unwrap_or(0), error.clone())
            })
            .collect(),
        Err(_) => Vec::new(),
    };
    if failed.is_empty()
        && let Ok(error) = reply.get_document("writeConcernError")
    {
        return Err(store_error(server, error).into());
    }
    let n = reply.get("n").and_then(number).and_then(|n| u64::try_from(n).ok());
    Ok(Reply { n: n.unwrap_or_default(), failed })
}

fn store_error(server: &Server, error: &Document) -> StoreError {
    let code = error.get("code").and_then(number).and_then(|code| i32::try_from(code).ok());
    let name = error.get_str("codeName").unwrap_or_default();
    of_code(code.unwrap_or(64), name, &server.location)
}

/// Inserts documents, all or none; the collection comes into being with the first.
pub(super) async fn insert(server: &Server, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
    let documents: Vec<Object> =
        insert.rows.iter().map(|row| to_document(insert.layout, row)).collect::<Result<_, _>>()?;
    let mut commands = Commands::new(server, "insert", insert.entity, "documents");
    let mut bytes = Vec::new();
    for document in &documents {
        if matches!(document.get("_id"), Some(Value::Array(_))) {
            return Err(refused("_id"));
        }
        bytes.clear();
        write_document(&mut bytes, document).map_err(|problem| unfit(&problem))?;
        if bytes.len() > DOCUMENT {
            return Err(refused("the document"));
        }
        commands.push(&bytes).map_err(|problem| unfit(&problem))?;
    }
    let mut start = 0;
    for (command, count) in commands.finish().map_err(|problem| unfit(&problem))? {
        let part = &documents[start..start + count];
        let reply = send(server, command).await?;
        if !reply.failed.is_empty() {
            let error = why(server, insert.entity, part, &reply.failed).await;
            let is_in = |index: &usize| !reply.failed.iter().any(|(failed, _)| failed == index);
            let inserted = (0..count).filter(is_in).filter_map(|index| part.get(index));
            let inserted: Vec<&Object> = documents[..start].iter().chain(inserted).collect();
            take_back(server, insert.entity, &inserted).await?;
            return Err(error);
        }
        start += count;
    }
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

/// Why the first of the documents failed that did.
async fn why(
    server: &Server,
    entity: &str,
    documents: &[Object],
    failed: &[(usize, Document)],
) -> WriteError {
    let stores = failed.iter().find(|(_, error)| violation(error).is_none());
    if let Some((_, error)) = stores {
        return store_error(server, error).into();
    }
    let Some((index, error)) = failed.first() else { return refused("the document") };
    let Some(mut found) = violation(error) else { return store_error(server, error).into() };
    if found.kind == ViolationKind::Unique
        && found.constraint.is_none()
        && found.column.is_none()
        && let Some(document) = documents.get(*index)
        && let Ok(Some(index)) = duplicate_of(server, entity, document).await
    {
        if index == PRIMARY {
            found.column = Some("_id".to_owned());
        } else {
            found.constraint = Some(index);
        }
    }
    WriteError::Record(found)
}

/// The unique indexes of a collection: their names and paths.
async fn unique_indexes(
    server: &Server,
    entity: &str,
) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let unique = |index: &Document| {
        let name = index.get_str("name").ok()?;
        let unique = name == PRIMARY || index.get_bool("unique").unwrap_or(false);
        let keys = index.get_document("key").ok()?.keys().cloned().collect();
        unique.then(|| (name.to_owned(), keys))
    };
    Ok(index_documents(server, entity).await?.iter().filter_map(unique).collect())
}

/// The unique index by which a document is refused, where the server does not name it.
async fn duplicate_of(
    server: &Server,
    entity: &str,
    document: &Object,
) -> Result<Option<String>, StoreError> {
    let row = vec![Value::object(document.clone())];
    for (name, keys) in unique_indexes(server, entity).await? {
        let equal = |path: &String| Filter::Compare {
            path: path.clone(),
            operator: Comparison::Equal,
            value: value_at(&Layout::Document, &row, path).clone(),
        };
        let same = Filter::And(keys.iter().map(equal).collect());
        if count(server, entity, &same).await? > 0 {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Removes what an insert put in before it failed.
async fn take_back(server: &Server, entity: &str, documents: &[&Object]) -> Result<(), WriteError> {
    for part in documents.chunks(KEYS) {
        let ids = part.iter().filter_map(|document| to_bson(document.get("_id")?).ok());
        let filter = doc! { "_id": { "$in": ids.collect::<Vec<_>>() } };
        let mut commands = Commands::new(server, "delete", entity, "deletes");
        push_delete(&mut commands, filter).map_err(|problem| unfit(&problem))?;
        for (command, _) in commands.finish().map_err(|problem| unfit(&problem))? {
            let reply = send(server, command).await?;
            if let Some((_, error)) = reply.failed.first() {
                return Err(store_error(server, error).into());
            }
        }
    }
    Ok(())
}

fn push_delete(commands: &mut Commands, filter: Document) -> Result<(), Problem> {
    commands.push(raw(&doc! { "q": filter, "limit": 0 })?.as_bytes())
}

/// A filter for the documents of a key; never one for all documents.
fn of_keys(
    server: &Server,
    key: &[String],
    tuples: Vec<Vec<Value>>,
) -> Result<Document, WriteError> {
    let filter = Filter::Tuples { paths: key.to_vec(), tuples };
    let condition = Dialect::of(server).strictly().condition(&filter);
    if key.is_empty() || condition.document.is_empty() {
        let message = format!("{}: documents can't be found by this key", server.location);
        return Err(StoreError::new(StoreErrorKind::Query, message).into());
    }
    Ok(condition.document)
}

fn key_of(row: &Row, key: &[String]) -> Vec<Value> {
    row[..key.len().min(row.len())].to_vec()
}

/// Sets fields of documents by key.
pub(super) async fn update(server: &Server, update: Update<'_>) -> Result<u64, WriteError> {
    for path in update.set {
        path_of(path)?;
        if !is_plain(path) {
            return Err(refused(path));
        }
    }
    if update.set.is_empty() {
        let tuples = update.rows.iter().map(|row| key_of(row, update.key)).collect();
        let filter = Filter::Tuples { paths: update.key.to_vec(), tuples };
        return Ok(count(server, update.entity, &filter).await?);
    }
    let mut commands = Commands::new(server, "update", update.entity, "updates");
    let mut entry = Vec::new();
    for row in update.rows {
        let found = of_keys(server, update.key, vec![key_of(row, update.key)])?;
        let set = row.get(update.key.len()..).unwrap_or_default();
        entry.clear();
        write_update(&mut entry, &found, update.set, set).map_err(|problem| unfit(&problem))?;
        if entry.len() > DOCUMENT {
            return Err(refused("the document"));
        }
        commands.push(&entry).map_err(|problem| unfit(&problem))?;
    }
    let mut matched = 0;
    let mut refusal = None;
    for (command, _) in commands.finish().map_err(|problem| unfit(&problem))? {
        let reply = match send(server, command).await {
            Ok(reply) => reply,
            Err(WriteError::Record(mut found)) => {
                found.constraint = only_unique(server, update).await;
                return Err(WriteError::Record(found));
            }
            Err(error) => return Err(error),
        };
        matched += reply.n;
        for (_, error) in &reply.failed {
            match violation(error) {
                Some(found) => refusal = refusal.or(Some(found)),
                None => return Err(store_error(server, error).into()),
            }
        }
    }
    match refusal {
        Some(mut found) => {
            // An `_id` does not change: that is a value that can't be set.
            if found.kind == ViolationKind::Value && update.set.iter().any(|path| path == "_id") {
                found.column = Some("_id".to_owned());
            }
            Err(WriteError::Record(found))
        }
        None => Ok(matched),
    }
}

/// The one unique index that an update can violate, when there is one.
async fn only_unique(server: &Server, update: Update<'_>) -> Option<String> {
    let mut indexes = unique_indexes(server, update.entity).await.ok()?;
    indexes.retain(|(_, keys)| keys.iter().any(|key| update.set.contains(key)));
    let first = indexes.pop().map(|(name, _)| name);
    first.filter(|_| indexes.is_empty())
}

fn write_update(
    into: &mut Vec<u8>,
    found: &Document,
    paths: &[String],
    set: &[Value],
) -> Result<(), Problem> {
    fields(into, |into| {
        write_name(into, ElementType::EmbeddedDocument, "q")?;
        into.extend_from_slice(raw(found)?.as_bytes());
        write_name(into, ElementType::EmbeddedDocument, "u")?;
        fields(into, |into| {
            let (out, kept): (Vec<_>, Vec<_>) =
                paths.iter().zip(set).partition(|(_, value)| matches!(value, Value::Missing));
            if !kept.is_empty() {
                write_name(into, ElementType::EmbeddedDocument, "$set")?;
                fields(into, |into| {
                    kept.iter().try_for_each(|(path, value)| write_value(into, path, value))
                })?;
            }
            if !out.is_empty() {
                write_name(into, ElementType::EmbeddedDocument, "$unset")?;
                fields(into, |into| {
                    let nothing = Value::from("");
                    out.iter().try_for_each(|(path, _)| write_value(into, path, &nothing))
                })?;
            }
            Ok(())
        })?;
        write_value(into, "multi", &Value::Bool(true))
    })
}

/// Deletes documents by key.
pub(super) async fn delete(server: &Server, delete: Delete<'_>) -> Result<u64, WriteError> {
    let mut deleted = 0;
    for rows in delete.rows.chunks(KEYS) {
        let tuples = rows.iter().map(|row| key_of(row, delete.key)).collect();
        let filter = of_keys(server, delete.key, tuples)?;
        let mut commands = Commands::new(server, "delete", delete.entity, "deletes");
        push_delete(&mut commands, filter).map_err(|problem| unfit(&problem))?;
        for (command, _) in commands.finish().map_err(|problem| unfit(&problem))? {
            let reply = send(server, command).await?;
            deleted += reply.n;
            if let Some((_, error)) = reply.failed.first() {
                return Err(match violation(error) {
                    Some(found) => WriteError::Record(found),
                    None => store_error(server, error).into(),
                });
            }
        }
    }
    Ok(deleted)
}

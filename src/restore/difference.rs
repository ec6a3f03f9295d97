//! How what is there differs from a backup: by row, with 32 bytes of memory for each of its rows,
//! and the keys of those that came since.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::select::Part;
use crate::backup::{BATCH, form};
use crate::connectors::{Layout, Store};
use crate::run::{RunError, RunErrorKind};
use crate::value::{Object, Row, Schema, Value};

/// The difference of one table or collection.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// The columns that identify a row.
    pub(super) key: Vec<String>,
    /// Rows of the backup that are not there, by the hash of their key.
    pub(super) missing: HashSet<u128>,
    /// Rows that differ.
    pub(super) changed: HashSet<u128>,
    /// Rows that are not in the backup: what `carried` names of them.
    pub(super) extra: Vec<Row>,
    /// The columns of `extra`: the key's, then others that foreign keys may refer to.
    pub(super) carried: Vec<String>,
    /// How many rows are as before.
    pub(super) unchanged: u64,
}

impl Difference {
    /// Compares what is there with a backup.
    pub(super) async fn find(
        store: &Arc<dyn Store>,
        part: &Part,
        schema: Option<&Schema>,
    ) -> Result<Self, RunError> {
        let key = part.key(schema)?;
        let mut carried = key.clone();
        for index in schema.iter().flat_map(|schema| &schema.indexes).filter(|index| index.unique) {
            for column in &index.keys {
                if !carried.contains(&column.path) {
                    carried.push(column.path.clone());
                }
            }
        }
        let mut backed: HashMap<u128, u128> = HashMap::new();
        let mut rows = part.backup.rows(&part.table)?;
        loop {
            let rows = rows.next(BATCH)?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let Value::Object(row) = row else { continue };
                if backed.insert(key_of(row, &key)?, whole(row)?).is_some() {
                    return Err(twice(&part.table.table));
                }
            }
        }
        let mut found = Self { key, carried, ..Self::default() };
        if schema.is_some() {
            let mut export = store.export(std::slice::from_ref(&part.table.table), BATCH).await?;
            while let Some(batch) = export.next().await? {
                for row in batch.rows {
                    found.compare(&object_of(&batch.layout, row), &mut backed)?;
                }
            }
        }
        found.missing = backed.into_keys().collect();
        Ok(found)
    }

    fn compare(&mut self, row: &Object, backed: &mut HashMap<u128, u128>) -> Result<(), RunError> {
        let key = key_of(row, &self.key)?;
        match backed.remove(&key) {
            None => {
                let value = |name: &String| row.get(name).cloned().unwrap_or_default();
                self.extra.push(self.carried.iter().map(value).collect());
            }
            Some(hash) if hash == whole(row)? => self.unchanged += 1,
            Some(_) => {
                self.changed.insert(key);
            }
        }
        Ok(())
    }
}

fn twice(table: &str) -> RunError {
    let message = format!("the backup of `{table}` has two rows with one key");
    RunError::new(RunErrorKind::Refused, message)
}

/// A hash of what identifies a row.
pub(super) fn key_of(row: &Object, key: &[String]) -> Result<u128, RunError> {
    let values = key.iter().map(|name| row.get(name).cloned().unwrap_or_default()).collect();
    hash(&Value::array(values))
}

/// A hash of a row. The order of its fields counts in a document, and is the table's in a table.
fn whole(row: &Object) -> Result<u128, RunError> {
    hash(&Value::object(row.clone()))
}

fn hash(value: &Value) -> Result<u128, RunError> {
    let mut text = Vec::new();
    form::write(&mut text, value)
        .map_err(|problem| RunError::new(RunErrorKind::Refused, problem.message))?;
    Ok(xxh3_128(&text))
}

/// A row as an object.
pub(super) fn object_of(layout: &Layout, mut row: Row) -> Object {
    match layout {
        Layout::Document => match row.pop() {
            Some(Value::Object(document)) => Arc::unwrap_or_clone(document),
            _ => Object::default(),
        },
        Layout::Columns(names) => names.iter().map(String::as_str).zip(row).collect(),
    }
}

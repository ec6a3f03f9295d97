//! Records of a table or collection for checks: all of them batch by batch, and those that a
//! batch's keys belong to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::connectors::{
    Fitter, Scan, ScanRequest, ScanSource, SourceBatch, Store, StoreError, StoreErrorKind,
    fitters_of,
};
use crate::value::query::{Comparison, Filter, Select};
use crate::value::{Key, Row, Value};

/// Records read together.
const BATCH: usize = 2000;

/// How many keys one query asks for.
const KEYS_PER_QUERY: usize = 500;

/// Reads records in key order.
pub(super) struct Records {
    scan: Box<dyn Scan>,
    entity: String,
}

impl Records {
    /// Starts reading these fields of the records that a filter wants.
    pub(super) async fn open(
        store: &dyn Store,
        entity: &str,
        columns: &[&String],
        filter: Filter,
    ) -> Result<Self, StoreError> {
        let mut names: Vec<String> = Vec::with_capacity(columns.len());
        for column in columns {
            if !names.contains(column) {
                names.push((*column).clone());
            }
        }
        let request = ScanRequest {
            source: ScanSource::Entity(entity.to_owned()),
            key: scan_key(store, entity, &names).await?,
            columns: Some(names),
            filter,
            batch: BATCH,
            after: None,
        };
        Ok(Self { scan: store.scan(request).await?, entity: entity.to_owned() })
    }

    /// The next records; `None` at the end. A record that can't be read is an error: nothing can be
    /// said about it.
    pub(super) async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        let batch = self.scan.next().await?;
        match batch.as_ref().and_then(|batch| batch.broken.first()) {
            Some(broken) => {
                let (entity, problem) = (&self.entity, &broken.problem.message);
                let message = format!("a record of `{entity}` can't be read: {problem}");
                Err(StoreError::new(StoreErrorKind::Corrupt, message))
            }
            None => Ok(batch),
        }
    }
}

/// What the records are read in order of: the primary key, else unique columns that are never null,
/// else the fields that are looked at.
async fn scan_key(
    store: &dyn Store,
    entity: &str,
    columns: &[String],
) -> Result<Vec<String>, StoreError> {
    if store.capabilities().documents {
        return Ok(vec!["_id".to_owned()]);
    }
    let Some(schema) = store.describe(entity).await? else { return Ok(columns.to_vec()) };
    if !schema.primary_key.is_empty() {
        return Ok(schema.primary_key);
    }
    let never_null = |name: &str| schema.column(name).is_some_and(|column| !column.nullable);
    let unique = schema
        .indexes
        .iter()
        .find(|index| index.unique && index.keys.iter().all(|key| never_null(&key.path)));
    Ok(match unique {
        Some(index) => index.keys.iter().map(|key| key.path.clone()).collect(),
        None => columns.to_vec(),
    })
}

/// The condition that a field is there and not null.
pub(super) fn is_present(path: &str) -> Filter {
    let (path, operator) = (path.to_owned(), Comparison::NotEqual);
    Filter::Compare { path, operator, value: Value::Null }
}

/// Finds records by some of their fields.
pub(super) struct Probe {
    store: Arc<dyn Store>,
    entity: String,
    by: Vec<String>,
    take: Vec<String>,
    fitters: Vec<Fitter>,
}

impl Probe {
    /// Makes ready to find records by the fields `by`, and to give the fields `take` of them.
    pub(super) async fn open(
        store: &Arc<dyn Store>,
        entity: &str,
        by: Vec<String>,
        take: Vec<String>,
    ) -> Result<Self, StoreError> {
        let fitters = fitters_of(&**store, entity, &by).await?;
        Ok(Self { store: Arc::clone(store), entity: entity.to_owned(), by, take, fitters })
    }

    /// The records with these keys: the values of `take` for each, by the key that was asked for.
    pub(super) async fn find(
        &self,
        keys: HashSet<Key>,
    ) -> Result<HashMap<Key, Vec<Row>>, StoreError> {
        let keys: Vec<Key> = keys.into_iter().collect();
        let mut found = HashMap::new();
        for keys in keys.chunks(KEYS_PER_QUERY) {
            self.find_some(keys, &mut found).await?;
        }
        Ok(found)
    }

    async fn find_some(
        &self,
        keys: &[Key],
        found: &mut HashMap<Key, Vec<Row>>,
    ) -> Result<(), StoreError> {
        // A value that the column can't hold is in none of its records.
        let mut asked: HashMap<Key, Vec<&Key>> = HashMap::new();
        let mut tuples = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(values) = key.values() else { continue };
            let fitted: Result<Row, _> = values
                .into_iter()
                .zip(&self.fitters)
                .map(|(value, fitter)| fitter(value))
                .collect();
            if let Ok(tuple) = fitted
                && let Ok(fitted) = Key::new(&tuple)
            {
                let same = asked.entry(fitted).or_default();
                if same.is_empty() {
                    tuples.push(tuple);
                }
                same.push(key);
            }
        }
        let mut columns = self.by.clone();
        columns.extend(self.take.iter().cloned());
        let select = Select {
            entity: self.entity.clone(),
            columns: Some(columns),
            filter: Filter::Tuples { paths: self.by.clone(), tuples },
            ..Select::default()
        };
        for mut row in self.store.select(&select).await?.rows {
            let taken = row.split_off(self.by.len());
            let Ok(key) = Key::new(&row) else { continue };
            for asking in asked.get(&key).into_iter().flatten() {
                found.entry((*asking).clone()).or_default().push(taken.clone());
            }
        }
        Ok(())
    }
}

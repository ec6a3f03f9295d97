//! Lookups in a table or collection.
//!
//! A small one is read once and answers from memory. A large one, or one that may change while the
//! phase runs, is asked, with one query for many keys. Both give the same: what is found is told from
//! what is not by [`Key`]s of what the store holds, so that no collation has a say.

use std::collections::HashMap;
use std::sync::Arc;

use super::answers::Answers;
use crate::connectors::{Fitter, Store, StoreError, StoreErrorKind, fitters, row_bytes};
use crate::expr::Found;
use crate::plan::OnMany;
use crate::value::query::{Filter, Select};
use crate::value::{IndexKey, Key, Row, Value};

/// A table or collection of so many records or fewer is held in memory, …
const SMALL_RECORDS: usize = 10_000;

/// … unless it takes more bytes than these.
const SMALL_BYTES: usize = 8 << 20;

/// From so many records it is told how large the others are.
const TASTE: usize = 200;

/// How many keys one query asks for.
const KEYS_PER_QUERY: usize = 500;

/// How many records a query gives before its keys are asked for in halves.
const RECORDS_PER_QUERY: usize = 10_000;

/// What a lookup looks in, and how.
pub(super) struct Target<'p> {
    /// The table or collection.
    pub(super) entity: &'p str,
    /// What is taken.
    pub(super) take: &'p str,
    /// What is matched.
    pub(super) by: &'p [String],
    /// What happens when several match.
    pub(super) on_many: OnMany,
}

pub(super) struct Entity {
    store: Arc<dyn Store>,
    name: String,
    take: String,
    by: Vec<String>,
    fitters: Vec<Fitter>,
    order: Vec<IndexKey>,
    on_many: OnMany,
    reading: Reading,
}

/// How answers are found.
enum Reading {
    /// It is not known yet whether it is small.
    Untried,
    /// It is small: all that can be found.
    Whole(HashMap<Key, Found>),
    /// The store is asked.
    Asked,
}

impl Entity {
    /// Makes ready to look up. `steady` says that nothing changes it while the phase runs.
    pub(super) async fn open(
        store: &Arc<dyn Store>,
        target: &Target<'_>,
        steady: bool,
    ) -> Result<Self, StoreError> {
        let documents = store.capabilities().documents;
        let schema = if documents { None } else { store.describe(target.entity).await? };
        let order = match &schema {
            Some(schema) => schema.primary_key.clone(),
            None if documents => vec!["_id".to_owned()],
            None => Vec::new(),
        };
        // What has no key may be a view of something that is written.
        let steady = steady && !order.is_empty();
        let order = order.into_iter().map(|path| IndexKey { path, descending: false }).collect();
        Ok(Self {
            fitters: fitters(&**store, schema.as_ref(), target.by),
            store: Arc::clone(store),
            name: target.entity.to_owned(),
            take: target.take.to_owned(),
            by: target.by.to_vec(),
            order,
            on_many: target.on_many,
            reading: if steady { Reading::Untried } else { Reading::Asked },
        })
    }

    /// Finds the answers for keys.
    pub(super) async fn resolve(
        &mut self,
        keys: &[Key],
        answers: &mut Answers,
    ) -> Result<(), StoreError> {
        if matches!(self.reading, Reading::Untried) {
            self.reading = match self.read_whole().await? {
                Some(whole) => Reading::Whole(whole),
                None => Reading::Asked,
            };
        }
        for keys in keys.chunks(KEYS_PER_QUERY) {
            // Several keys may be one for the column.
            let mut asking: HashMap<Key, Vec<&Key>> = HashMap::new();
            let mut tuples = Vec::with_capacity(keys.len());
            for key in keys {
                // A value that the column can't hold is in none of its records.
                let Some((fitted, tuple)) = self.fit(key) else {
                    answers.insert(key.clone(), Found::Nothing);
                    continue;
                };
                let same = asking.entry(fitted).or_default();
                if same.is_empty() {
                    tuples.push(tuple);
                }
                same.push(key);
            }
            let asked;
            let found = match &self.reading {
                Reading::Whole(whole) => whole,
                Reading::Untried | Reading::Asked => {
                    asked = self.ask(tuples).await?;
                    &asked
                }
            };
            for (fitted, same) in asking {
                let answer = found.get(&fitted).unwrap_or(&Found::Nothing);
                for key in same {
                    answers.insert(key.clone(), answer.clone());
                }
            }
        }
        Ok(())
    }

    /// The key as the columns hold it.
    fn fit(&self, key: &Key) -> Option<(Key, Row)> {
        let values = key.values()?.into_iter().zip(&self.fitters);
        let tuple: Row =
            values.map(|(value, fitter)| fitter(value)).collect::<Result<_, _>>().ok()?;
        Some((Key::new(&tuple).ok()?, tuple))
    }

    /// Reads all of it; `None` when it is not small, or holds what can't be read.
    async fn read_whole(&self) -> Result<Option<HashMap<Key, Found>>, StoreError> {
        let mut found = Vec::new();
        for most in [TASTE, SMALL_RECORDS] {
            found = match self.select(Filter::All, false, Some(most + 1)).await {
                Ok(rows) => rows,
                // The record in question may be none that is looked for.
                Err(error) if is_about_content(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            let bytes: usize = found.iter().map(|row| row_bytes(row)).sum();
            if found.len() <= most {
                return Ok((bytes <= SMALL_BYTES).then(|| self.answers(found)));
            }
            if bytes / most * SMALL_RECORDS > SMALL_BYTES * 4 {
                return Ok(None);
            }
        }
        drop(found);
        Ok(None)
    }

    /// Asks the store.
    async fn ask(&self, tuples: Vec<Row>) -> Result<HashMap<Key, Found>, StoreError> {
        let mut found = HashMap::with_capacity(tuples.len());
        let mut parts = vec![tuples];
        while let Some(mut tuples) = parts.pop() {
            if tuples.is_empty() {
                continue;
            }
            let filter = |tuples| Filter::Tuples { paths: self.by.clone(), tuples };
            let rows =
                self.select(filter(tuples.clone()), false, Some(RECORDS_PER_QUERY + 1)).await?;
            if rows.len() <= RECORDS_PER_QUERY {
                found.extend(self.answers(rows));
            } else if tuples.len() > 1 {
                parts.push(tuples.split_off(tuples.len() / 2));
                parts.push(tuples);
            } else if let Ok(key) = Key::new(&tuples[0]) {
                let answer = self.ask_for_one(&key, rows, filter(tuples)).await?;
                found.insert(key, answer);
            }
        }
        Ok(found)
    }

    /// The answer for a key that very many records match, the first of which are these.
    async fn ask_for_one(
        &self,
        key: &Key,
        first: Vec<Row>,
        filter: Filter,
    ) -> Result<Found, StoreError> {
        let mut rows = first;
        if self.on_many == OnMany::Last && !self.order.is_empty() {
            rows = self.select(filter.clone(), true, Some(1)).await?;
        }
        let own = |rows: Vec<Row>| self.answers(rows).remove(key);
        let settled = match self.on_many {
            OnMany::Reject => own(rows).filter(|found| matches!(found, Found::Many)),
            OnMany::First => own(rows),
            OnMany::Last if !self.order.is_empty() => own(rows),
            OnMany::Last | OnMany::All => None,
        };
        match settled {
            Some(found) => Ok(found),
            None => Ok(own(self.select(filter, false, None).await?).unwrap_or(Found::Nothing)),
        }
    }

    async fn select(
        &self,
        filter: Filter,
        descending: bool,
        most: Option<usize>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut columns = self.by.clone();
        columns.push(self.take.clone());
        let order = self.order.iter().map(|key| IndexKey { descending, ..key.clone() }).collect();
        let select = Select {
            entity: self.name.clone(),
            columns: Some(columns),
            filter,
            order,
            limit: most.map(|most| most as u64),
        };
        Ok(self.store.select(&select).await?.rows)
    }

    /// The answers that rows hold, in the order of the rows.
    fn answers(&self, rows: Vec<Row>) -> HashMap<Key, Found> {
        let mut found: HashMap<Key, Vec<Value>> = HashMap::new();
        for mut row in rows {
            let taken = row.pop().unwrap_or_default();
            if let Ok(key) = Key::new(&row) {
                found.entry(key).or_default().push(taken);
            }
        }
        found.into_iter().map(|(key, values)| (key, self.answer(values))).collect()
    }

    fn answer(&self, mut values: Vec<Value>) -> Found {
        match (self.on_many, values.len()) {
            (_, 0) => Found::Nothing,
            (OnMany::All, _) => {
                values.retain(|value| !matches!(value, Value::Missing));
                Found::Value(Value::array(values))
            }
            (_, 1) | (OnMany::First, _) => Found::Value(values.swap_remove(0)),
            (OnMany::Last, _) => Found::Value(values.pop().unwrap_or_default()),
            (OnMany::Reject, _) => Found::Many,
        }
    }
}

/// Whether a failure is about what a store holds, and not about the store.
fn is_about_content(error: &StoreError) -> bool {
    matches!(
        error.kind,
        StoreErrorKind::Corrupt | StoreErrorKind::Query | StoreErrorKind::Unsupported
    )
}

//! Lookups while a phase is mapped: one query per batch for its distinct keys, behind a bounded
//! cache.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::{RunError, Stores};
use crate::connectors::{Fitter, Store, StoreError, fitters};
use crate::expr::{Found, Lookups};
use crate::ledger::KeyMap;
use crate::plan::{Lookup, LookupKind, OnMany, Plan};
use crate::value::query::{Filter, Select};
use crate::value::{IndexKey, Key, Row, Value};

/// How many answers a lookup keeps before it forgets them.
const CACHED_ANSWERS: usize = 100_000;

/// How many keys one query asks for.
const KEYS_PER_QUERY: usize = 500;

/// The ids of a phase's records that a test gives instead of a ledger, by canonical text of the
/// source key.
pub type PhaseIds = HashMap<String, HashMap<String, Value>>;

/// The lookups of a phase.
pub(super) struct LookupCache {
    lookups: Vec<Cached>,
}

struct Cached {
    source: Source,
    answers: HashMap<Key, Found>,
    pending: Mutex<HashSet<Key>>,
}

enum Source {
    Phase(KeyMap),
    Given(HashMap<String, Value>),
    Entity(Entity),
}

struct Entity {
    store: Arc<dyn Store>,
    name: String,
    take: String,
    by: Vec<String>,
    fitters: Vec<Fitter>,
    order: Vec<IndexKey>,
    on_many: OnMany,
}

impl LookupCache {
    /// Opens the lookups of a phase. `given` takes the place of ledgers, for tests.
    pub(super) async fn open(
        plan: &Plan,
        lookups: &[Lookup],
        stores: &Stores,
        given: Option<&PhaseIds>,
    ) -> Result<Self, RunError> {
        let mut cached = Vec::with_capacity(lookups.len());
        for lookup in lookups {
            let source = match &lookup.kind {
                LookupKind::Phase { phase } => match given {
                    Some(given) => Source::Given(given.get(phase).cloned().unwrap_or_default()),
                    None => Source::Phase(open_phase(plan, stores, phase).await?),
                },
                LookupKind::Entity { connection, entity, take, by, on_many } => {
                    let store = Arc::clone(stores.get(*connection));
                    let documents = store.capabilities().documents;
                    let schema = if documents { None } else { store.describe(entity).await? };
                    let fitters = fitters(&*store, schema.as_ref(), by);
                    let order = match &schema {
                        Some(schema) => schema.primary_key.clone(),
                        None if documents => vec!["_id".to_owned()],
                        None => Vec::new(),
                    };
                    let order = order
                        .into_iter()
                        .map(|path| IndexKey { path, descending: false })
                        .collect();
                    Source::Entity(Entity {
                        store,
                        name: entity.clone(),
                        take: take.clone(),
                        by: by.clone(),
                        fitters,
                        order,
                        on_many: *on_many,
                    })
                }
            };
            cached.push(Cached { source, answers: HashMap::new(), pending: Mutex::default() });
        }
        Ok(Self { lookups: cached })
    }

    /// Forgets answers where there are too many. Called between batches.
    pub(super) fn trim(&mut self) {
        for lookup in &mut self.lookups {
            if lookup.answers.len() > CACHED_ANSWERS {
                lookup.answers.clear();
            }
        }
    }

    /// Finds out everything that was asked for and is not known.
    pub(super) async fn resolve(&mut self) -> Result<(), RunError> {
        for lookup in &mut self.lookups {
            let pending =
                std::mem::take(&mut *lookup.pending.lock().unwrap_or_else(PoisonError::into_inner));
            if pending.is_empty() {
                continue;
            }
            let keys: Vec<Key> = pending.into_iter().collect();
            match &mut lookup.source {
                Source::Phase(map) => {
                    let known = map.get(&keys).await?;
                    for key in keys {
                        let found = known.get(&key).and_then(|known| map.identity(known));
                        let found = match found {
                            Some(mut id) if id.len() == 1 => Found::Value(id.remove(0)),
                            Some(id) => Found::Value(Value::array(id)),
                            None => Found::Nothing,
                        };
                        lookup.answers.insert(key, found);
                    }
                }
                Source::Given(given) => {
                    for key in keys {
                        let found = match given.get(&key.display(true)) {
                            Some(value) => Found::Value(value.clone()),
                            None => Found::Nothing,
                        };
                        lookup.answers.insert(key, found);
                    }
                }
                Source::Entity(entity) => {
                    for keys in keys.chunks(KEYS_PER_QUERY) {
                        entity.resolve(keys, &mut lookup.answers).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

async fn open_phase(plan: &Plan, stores: &Stores, phase: &str) -> Result<KeyMap, RunError> {
    let (connection, history) = match plan.find_phase(phase) {
        Some(index) => {
            let phase = &plan.phases[index];
            (phase.target.connection, phase.history_name())
        }
        None => {
            return Err(RunError::new(
                super::RunErrorKind::Internal,
                format!("a lookup names phase `{phase}`, which the plan does not have"),
            ));
        }
    };
    Ok(KeyMap::open(&stores.ledger(connection), &history).await?)
}

impl Entity {
    async fn resolve(
        &self,
        keys: &[Key],
        answers: &mut HashMap<Key, Found>,
    ) -> Result<(), StoreError> {
        // A value that the column can't hold is in none of its records.
        let mut asked: HashMap<Key, Vec<Key>> = HashMap::new();
        let mut tuples = Vec::with_capacity(keys.len());
        for key in keys {
            answers.insert(key.clone(), Found::Nothing);
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
                same.push(key.clone());
            }
        }
        let mut columns = self.by.clone();
        columns.push(self.take.clone());
        let select = Select {
            entity: self.name.clone(),
            columns: Some(columns),
            filter: Filter::Tuples { paths: self.by.clone(), tuples },
            order: self.order.clone(),
            limit: None,
        };
        let rows = self.store.select(&select).await?;
        let mut found: HashMap<Key, Vec<Value>> = HashMap::new();
        for mut row in rows.rows {
            let taken = row.pop().unwrap_or_default();
            if let Ok(key) = Key::new(&row) {
                found.entry(key).or_default().push(taken);
            }
        }
        for (key, asking) in asked {
            let answer = self.answer(found.remove(&key).unwrap_or_default());
            for key in asking {
                answers.insert(key, answer.clone());
            }
        }
        Ok(())
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

impl Lookups for LookupCache {
    fn find(&self, lookup: usize, key: &Key) -> Found {
        let Some(cached) = self.lookups.get(lookup) else { return Found::Nothing };
        match cached.answers.get(key) {
            Some(found) => found.clone(),
            None => {
                let mut pending = cached.pending.lock().unwrap_or_else(PoisonError::into_inner);
                pending.insert(key.clone());
                Found::Pending
            }
        }
    }
}

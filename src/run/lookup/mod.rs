//! Lookups while a phase is mapped: what is small is read whole, of the rest one query per batch
//! finds its distinct keys; both behind a bounded cache.

mod answers;
mod entity;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use answers::Answers;
use entity::{Entity, Target};

use super::{RunError, Stores};
use crate::expr::{Found, Lookups};
use crate::ledger::KeyMap;
use crate::plan::{ConnectionId, LookupKind, Phase, Plan, Work};
use crate::value::{Key, Value};

/// The ids of a phase's records that a test gives instead of a ledger, by canonical text of the
/// source key.
pub type PhaseIds = HashMap<String, HashMap<String, Value>>;

/// The lookups of a phase.
pub(super) struct LookupCache {
    lookups: Vec<Cached>,
}

struct Cached {
    source: Source,
    answers: Answers,
    pending: Mutex<HashSet<Key>>,
}

enum Source {
    Phase(KeyMap),
    Given(HashMap<String, Value>),
    Entity(Entity),
}

impl LookupCache {
    /// Opens the lookups of a phase. `given` takes the place of ledgers, for tests.
    pub(super) async fn open(
        plan: &Plan,
        phase: &Phase,
        stores: &Stores,
        given: Option<&PhaseIds>,
    ) -> Result<Self, RunError> {
        let mut cached = Vec::with_capacity(phase.lookups.len());
        for lookup in &phase.lookups {
            let source = match &lookup.kind {
                LookupKind::Phase { phase } => match given {
                    Some(given) => Source::Given(given.get(phase).cloned().unwrap_or_default()),
                    None => Source::Phase(open_phase(plan, stores, phase).await?),
                },
                LookupKind::Entity { connection, entity, take, by, on_many } => {
                    let target = Target { entity, take, by, on_many: *on_many };
                    let steady = is_steady(plan, phase, stores, (*connection, entity));
                    Source::Entity(Entity::open(stores.get(*connection), &target, steady).await?)
                }
            };
            cached.push(Cached { source, answers: Answers::default(), pending: Mutex::default() });
        }
        Ok(Self { lookups: cached })
    }

    /// Forgets answers where there are too many. Called between batches.
    pub(super) fn trim(&mut self) {
        for lookup in &mut self.lookups {
            lookup.answers.trim();
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
                    entity.resolve(&keys, &mut lookup.answers).await?;
                }
            }
        }
        Ok(())
    }
}

/// Whether no phase that may run at the same time as this one, itself included, writes to a table or
/// collection.
fn is_steady(
    plan: &Plan,
    phase: &Phase,
    stores: &Stores,
    (connection, entity): (ConnectionId, &str),
) -> bool {
    // Names are compared loosely, as they are spelled in several ways: at worst the store is asked.
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let place = stores.get(connection).location();
    let own = plan.find_phase(&phase.full_name());
    let node = own.and_then(|own| plan.graph.find(Work::Phase(own)));
    let ordered = node.map(|node| {
        let mut ordered = plan.graph.ancestors(node);
        ordered.extend(plan.graph.descendants(node));
        ordered
    });
    let apart = |index: usize| {
        let other = plan.graph.find(Work::Phase(index));
        other.zip(ordered.as_ref()).is_some_and(|(other, ordered)| ordered.contains(&other))
    };
    !plan.phases.iter().enumerate().any(|(index, other)| {
        last(&other.target.entity) == last(entity)
            && stores.get(other.target.connection).location() == place
            && !apart(index)
    })
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

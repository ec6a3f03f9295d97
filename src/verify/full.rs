//! Maps every source record of a phase again and compares it with the target, cell by cell.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::PhaseDifferences;
use super::cells::Cells;
use super::written::Written;
use crate::connectors::{Fitter, Scan, Store, fitters};
use crate::ledger::{Fate, KeyMap, Known, PhaseRecord};
use crate::plan::{Phase, Plan, WriteMode};
use crate::run::{
    Event, Item, ItemOutcome, MappedBatch, Observer, RunError, RunErrorKind, Shape, Stores,
    Transformer, source,
};
use crate::value::query::{Filter, Select};
use crate::value::{Key, Row, Schema, Value};

/// How many records one query asks for.
const RECORDS_PER_QUERY: usize = 500;

/// How many mapped batches wait to be compared.
const QUEUE: usize = 1;

/// Compares a phase that was completed. What goes wrong is told in the result.
pub(super) async fn compare(
    plan: &Arc<Plan>,
    stores: &Stores,
    index: usize,
    record: &PhaseRecord,
    observer: &dyn Observer,
) -> PhaseDifferences {
    let mut found =
        PhaseDifferences { phase: plan.phases[index].full_name(), ..PhaseDifferences::default() };
    if let Err(error) = try_compare(plan, stores, index, record, observer, &mut found).await {
        found.error = Some(error.to_string());
    }
    found
}

async fn try_compare(
    plan: &Arc<Plan>,
    stores: &Stores,
    index: usize,
    record: &PhaseRecord,
    observer: &dyn Observer,
    found: &mut PhaseDifferences,
) -> Result<(), RunError> {
    let phase = Arc::new(plan.phases[index].clone());
    let store = stores.get(phase.target.connection);
    let schema = store.describe(&phase.target.entity).await?;
    if schema.is_none() && !store.capabilities().implicit_entities {
        let message = format!("the target has no table `{}`", phase.target.entity);
        return Err(RunError::new(RunErrorKind::Refused, message));
    }
    let shape = Arc::new(Shape::new(&phase, &**store, schema.as_ref())?);
    let ledger = stores.ledger(phase.target.connection);
    let scan = source::open(&phase, stores, None).await?;
    let transformer = Transformer::open(plan, &phase, &shape, stores, record.now, None).await?;
    let mut comparison = Comparison {
        phase: &phase,
        shape: &shape,
        cells: Cells::new(plan, stores, index, &shape),
        target: Target::new(Arc::clone(store), &phase, &shape, schema.as_ref()),
        known: KeyMap::open(&ledger, &record.phase).await?,
        written: Written::new(ledger, &record.phase),
        found,
    };
    comparison.found.not_compared = comparison.cells.not_compared();
    let mut records = 0;
    let (mut batches, mapper) = mapped(scan, transformer);
    while let Some(batch) = batches.recv().await {
        let mapped = batch?;
        records += mapped.sources;
        comparison.add(mapped.items).await?;
        observer.event(&Event::Compared { phase: phase.full_name(), records });
    }
    mapper.await.map_err(|_| RunError::new(RunErrorKind::Internal, "the mapping broke off"))
}

/// Maps the source beside the comparison. It ends when nobody takes its batches any more.
fn mapped(
    mut scan: Box<dyn Scan>,
    mut transformer: Transformer,
) -> (mpsc::Receiver<Result<MappedBatch, RunError>>, JoinHandle<()>) {
    let (mapped, batches) = mpsc::channel(QUEUE);
    let mapper = tokio::spawn(async move {
        loop {
            let message = match scan.next().await {
                Ok(Some(batch)) => transformer.map(batch).await,
                Ok(None) => return,
                Err(error) => Err(RunError::from(error)),
            };
            let failed = message.is_err();
            if mapped.send(message).await.is_err() || failed {
                return;
            }
        }
    });
    (batches, mapper)
}

struct Comparison<'c> {
    phase: &'c Phase,
    shape: &'c Shape,
    cells: Cells<'c>,
    target: Target,
    known: KeyMap,
    written: Written,
    found: &'c mut PhaseDifferences,
}

/// A mapped record that the target should hold.
struct Candidate {
    key: Key,
    values: Row,
    /// What the ledger knows of it.
    known: Option<Known>,
    /// What identifies its record, when the ledger tells.
    identity: Option<Key>,
    /// Its target key.
    target: Option<Key>,
}

impl Comparison<'_> {
    async fn add(&mut self, items: Vec<Item>) -> Result<(), RunError> {
        let keys: Vec<Key> = items.iter().map(|item| item.key.clone()).collect();
        let mut known = self.known.get(&keys).await?;
        let mut candidates = Vec::with_capacity(items.len());
        for item in items {
            let known = known.remove(&item.key);
            let fate = known.as_ref().map(|known| &known.entry.fate);
            let left_out = matches!(fate, Some(Fate::Skipped(_) | Fate::Rejected(_)));
            let ItemOutcome::Row { values, target, .. } = item.outcome else {
                self.found.left_out += 1;
                continue;
            };
            if left_out {
                self.found.left_out += 1;
                continue;
            }
            let identity = known
                .as_ref()
                .and_then(|known| self.known.identity(known))
                .and_then(|identity| self.target.identity_key(identity));
            candidates.push(Candidate { key: item.key, values, known, identity, target });
        }
        let by_identity = candidates.iter().filter_map(|candidate| candidate.identity.as_ref());
        let by_identity = self.target.find(By::Identity, by_identity.collect()).await?;
        let by_key = candidates
            .iter()
            .filter(|candidate| candidate.identity.is_none())
            .filter_map(|candidate| candidate.target.as_ref());
        let by_key = self.target.find(By::Key, by_key.collect()).await?;
        for candidate in candidates {
            let row = match (&candidate.identity, &candidate.target) {
                (Some(identity), _) => by_identity.get(identity),
                (None, Some(target)) => by_key.get(target),
                (None, None) => None,
            };
            self.compare(&candidate, row).await?;
        }
        Ok(())
    }

    async fn compare(&mut self, candidate: &Candidate, row: Option<&Row>) -> Result<(), RunError> {
        self.found.compared += 1;
        if candidate.known.is_none() {
            self.found.unknown += 1;
        }
        let Some(row) = row else {
            self.found.missing += 1;
            self.found.blame(&candidate.key);
            return Ok(());
        };
        let fate = candidate.known.as_ref().map(|known| &known.entry.fate);
        let filled = match (&candidate.known, self.phase.target.write) {
            (Some(known), WriteMode::Fill { .. }) if known.entry.fate == Fate::Updated => {
                self.written.fields(known).await?
            }
            _ => Vec::new(),
        };
        let mut differs = false;
        for (field, expected) in candidate.values.iter().enumerate() {
            if !self.cells.is_written(field, expected, fate, &filled) {
                continue;
            }
            let actual = self.target.cell(self.shape, row, field);
            if !self.cells.is_equal(field, expected, actual) {
                differs = true;
                *self.found.fields.entry(self.shape.fields[field].clone()).or_default() += 1;
            }
        }
        if differs {
            self.found.differing += 1;
            self.found.blame(&candidate.key);
        }
        Ok(())
    }
}

/// By what records of the target are found.
#[derive(Clone, Copy)]
enum By {
    Identity,
    Key,
}

/// The target, as far as a phase writes it.
struct Target {
    store: Arc<dyn Store>,
    entity: String,
    identity: Vec<String>,
    identity_fitters: Vec<Fitter>,
    key: Vec<String>,
    /// The columns to read; `None` is the whole document.
    columns: Option<Vec<String>>,
}

impl Target {
    fn new(store: Arc<dyn Store>, phase: &Phase, shape: &Shape, schema: Option<&Schema>) -> Self {
        let schema = schema.filter(|_| !shape.documents);
        let identity_fitters = fitters(&*store, schema, &shape.identity);
        Self {
            store,
            entity: phase.target.entity.clone(),
            identity_fitters,
            identity: shape.identity.clone(),
            key: shape.key_names.clone(),
            columns: (!shape.documents).then(|| shape.fields.clone()),
        }
    }

    /// What identifies a record, in the form in which the target gives it back.
    fn identity_key(&self, identity: Vec<Value>) -> Option<Key> {
        if identity.len() != self.identity.len() {
            return None;
        }
        let fitted: Result<Row, _> = identity
            .into_iter()
            .zip(&self.identity_fitters)
            .map(|(value, fitter)| fitter(value))
            .collect();
        Key::new(&fitted.ok()?).ok()
    }

    /// The records with these keys. Each is the whole document, or the columns that the phase maps.
    async fn find(&self, by: By, keys: Vec<&Key>) -> Result<HashMap<Key, Row>, RunError> {
        let paths = match by {
            By::Identity => &self.identity,
            By::Key => &self.key,
        };
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(RECORDS_PER_QUERY) {
            let select = Select {
                entity: self.entity.clone(),
                columns: self.columns.as_ref().map(|columns| [&paths[..], columns].concat()),
                filter: Filter::Tuples {
                    paths: paths.clone(),
                    tuples: keys.iter().filter_map(|key| key.values()).collect(),
                },
                ..Select::default()
            };
            let rows = self.store.select(&select).await?;
            for mut row in rows.rows {
                let values =
                    |path: &String| crate::connectors::value_at(&rows.layout, &row, path).clone();
                let key: Row = if self.columns.is_some() {
                    let rest = row.split_off(paths.len());
                    std::mem::replace(&mut row, rest)
                } else {
                    paths.iter().map(values).collect()
                };
                if let Ok(key) = Key::new(&key) {
                    found.entry(key).or_insert(row);
                }
            }
        }
        Ok(found)
    }

    fn cell<'r>(&self, shape: &Shape, row: &'r Row, field: usize) -> &'r Value {
        static MISSING: Value = Value::Missing;
        if self.columns.is_some() {
            return row.get(field).unwrap_or(&MISSING);
        }
        match row.first().and_then(Value::as_object) {
            Some(document) => shape.paths[field].get(document),
            None => &MISSING,
        }
    }
}

//! A sample of the real source, with every row that a sampled one refers to. Nothing is written to
//! the real stores.
//!
//! A record is in the sample by the hash of its key, so the same share gives the same records. What
//! is kept in memory is a hash of each row that was taken.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::links::{Entity, Uses};
use super::structure::Copied;
use crate::backup::form;
use crate::connectors::{Insert, Layout, ScanRequest, ScanSource, Store, WriteError};
use crate::plan::Plan;
use crate::run::{Cancel, RunError, RunErrorKind, problem_of};
use crate::value::query::{Filter, Select};
use crate::value::{Column, Row, Schema, Value};

/// Rows that are read and written together.
const BATCH: usize = 500;

/// So many rows are chosen before they are taken in, with all that they refer to.
const STEP: usize = 10 * BATCH;

/// The share is told in parts of this many.
const PARTS: u32 = 1_000_000;

/// So many records of each source are taken whatever the share.
const LEAST: usize = 5;

/// A real database, when it is sampled.
pub(super) type Origin = Option<Arc<dyn Store>>;

/// Where the rows come from and where they go.
pub(super) struct Sampler<'s> {
    pub(super) plan: &'s Plan,
    pub(super) origins: &'s [Origin],
    pub(super) scratch: &'s [Arc<dyn Store>],
    pub(super) uses: &'s Uses,
    pub(super) copied: &'s Copied,
    pub(super) cancel: &'s Cancel,
    taken: BTreeMap<Entity, HashSet<u128>>,
    asked: HashSet<(usize, u128)>,
    /// Records that can't be read, and so are not in the sample.
    pub(super) unreadable: u64,
}

impl<'s> Sampler<'s> {
    pub(super) fn new(
        plan: &'s Plan,
        (origins, scratch): (&'s [Origin], &'s [Arc<dyn Store>]),
        (uses, copied): (&'s Uses, &'s Copied),
        cancel: &'s Cancel,
    ) -> Self {
        let (taken, asked) = (BTreeMap::new(), HashSet::new());
        Self { plan, origins, scratch, uses, copied, cancel, taken, asked, unreadable: 0 }
    }

    /// Takes the sample.
    pub(super) async fn take(&mut self, share: f64) -> Result<(), RunError> {
        for entity in self.copied.schemas.keys() {
            let whole = self.uses.whole.contains(entity);
            let root = self.uses.roots.contains(entity) || self.uses.any.contains(&entity.0);
            if whole || root {
                self.scan(entity, if whole { 1.0 } else { share }).await?;
            }
        }
        Ok(())
    }

    /// How many rows were taken of a table or collection.
    pub(super) fn rows(&self, entity: &Entity) -> u64 {
        self.taken.get(entity).map_or(0, |taken| taken.len() as u64)
    }

    async fn scan(&mut self, entity: &Entity, share: f64) -> Result<(), RunError> {
        let (Some(origin), Some(schema)) =
            (&self.origins[entity.0], self.copied.schemas.get(entity))
        else {
            return Ok(());
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 1")]
        let most = u128::from((share * f64::from(PARTS)) as u32);
        let request = ScanRequest {
            source: ScanSource::Entity(entity.1.clone()),
            key: key_of(self.plan, entity, schema, origin.capabilities().documents),
            columns: None,
            filter: Filter::All,
            batch: BATCH,
            after: None,
        };
        let mut scan = origin.scan(request).await?;
        let (mut seen, mut chosen) = (0, Vec::new());
        while let Some(batch) = scan.next().await? {
            if self.cancel.is_cancelled() {
                return Err(RunError::new(RunErrorKind::Cancelled, "interrupted"));
            }
            self.unreadable += batch.broken.len() as u64;
            for (row, key) in batch.rows.into_iter().zip(batch.keys) {
                seen += 1;
                let hash = match &key {
                    Ok(key) => key.hash128(),
                    Err(_) => hash(&Value::array(row.clone())),
                };
                if seen <= LEAST || hash % u128::from(PARTS) < most {
                    chosen.push(object_of(&batch.layout, row));
                }
            }
            if chosen.len() >= STEP {
                self.add(entity.clone(), std::mem::take(&mut chosen)).await?;
            }
        }
        self.add(entity.clone(), chosen).await
    }

    /// Takes rows in that are not there yet, and all that they refer to.
    async fn add(&mut self, entity: Entity, rows: Vec<Value>) -> Result<(), RunError> {
        // What several links lead to is taken in together.
        let mut open = BTreeMap::from([(entity, rows)]);
        while let Some((entity, rows)) = open.pop_last() {
            let rows = self.new_ones(&entity, rows);
            if rows.is_empty() {
                continue;
            }
            self.insert(&entity, &rows).await?;
            for place in 0..self.uses.links.len() {
                if self.uses.links[place].from == entity {
                    let to = self.uses.links[place].to.clone();
                    let found = self.referred(place, &rows).await?;
                    open.entry(to).or_insert_with(Vec::new).extend(found);
                }
            }
        }
        Ok(())
    }

    fn new_ones(&mut self, entity: &Entity, rows: Vec<Value>) -> Vec<Value> {
        let Some(schema) = self.copied.schemas.get(entity) else { return Vec::new() };
        let taken = self.taken.entry(entity.clone()).or_default();
        rows.into_iter()
            .filter(|row| {
                let identity = match (row, schema.primary_key.is_empty()) {
                    (Value::Object(fields), false) => Value::array(
                        schema
                            .primary_key
                            .iter()
                            .map(|name| fields.get(name).cloned().unwrap_or_default())
                            .collect(),
                    ),
                    _ => row.clone(),
                };
                taken.insert(hash(&identity))
            })
            .collect()
    }

    /// The rows that a link's rows refer to, and that were not asked for before.
    async fn referred(&mut self, place: usize, rows: &[Value]) -> Result<Vec<Value>, RunError> {
        let link = &self.uses.links[place];
        let (Some(Some(origin)), Some(schema)) =
            (self.origins.get(link.to.0), self.copied.schemas.get(&link.to))
        else {
            return Ok(Vec::new());
        };
        let documents = origin.capabilities().documents;
        let columns = if link.columns.is_empty() {
            key_of(self.plan, &link.to, schema, documents)
        } else {
            link.columns.clone()
        };
        let shapes: Vec<Column> = columns
            .iter()
            .map(|name| schema.column(name).filter(|_| !documents).cloned())
            .map(|column| column.unwrap_or_else(Column::any))
            .collect();
        let mut tuples: Vec<Row> = Vec::new();
        for row in rows {
            for tuple in link.tuples(self.plan, row) {
                if tuple.len() != columns.len() {
                    continue;
                }
                // A list of references refers to each.
                let tuples_of = match (&tuple[..], columns.len()) {
                    ([Value::Array(all)], 1) => all.iter().map(|one| vec![one.clone()]).collect(),
                    _ => vec![tuple],
                };
                for tuple in tuples_of {
                    let fitted: Option<Row> = tuple
                        .into_iter()
                        .zip(&shapes)
                        .map(|(value, column)| origin.fit(value, column).ok())
                        .map(|value| value.filter(|value| !value.is_absent()))
                        .collect();
                    if let Some(fitted) = fitted
                        && self.asked.insert((place, hash(&Value::array(fitted.clone()))))
                    {
                        tuples.push(fitted);
                    }
                }
            }
        }
        let mut found = Vec::new();
        for tuples in tuples.chunks(BATCH) {
            let select = Select {
                entity: link.to.1.clone(),
                filter: Filter::Tuples { paths: columns.clone(), tuples: tuples.to_vec() },
                ..Select::default()
            };
            let rows = origin.select(&select).await?;
            let layout = rows.layout;
            found.extend(rows.rows.into_iter().map(|row| object_of(&layout, row)));
        }
        Ok(found)
    }

    async fn insert(&self, entity: &Entity, rows: &[Value]) -> Result<(), RunError> {
        let store = &self.scratch[entity.0];
        let Some(schema) = self.copied.schemas.get(entity) else { return Ok(()) };
        let names: Vec<String> = schema
            .columns
            .iter()
            .filter(|column| !column.generated)
            .map(|column| column.name.clone())
            .collect();
        let (layout, rows): (Layout, Vec<Row>) = if store.capabilities().documents {
            (Layout::Document, rows.iter().map(|row| vec![row.clone()]).collect())
        } else {
            let values = |row: &Value| -> Row {
                let Value::Object(row) = row else { return Row::new() };
                names.iter().map(|name| row.get(name).cloned().unwrap_or(Value::Null)).collect()
            };
            (Layout::Columns(names.clone().into()), rows.iter().map(values).collect())
        };
        let mut session = store.session().await?;
        session.begin().await?;
        for rows in rows.chunks(BATCH) {
            let insert = Insert { entity: &entity.1, layout: &layout, rows, returning: &[] };
            session.insert(insert).await.map_err(|error| match error {
                WriteError::Store(error) => RunError::from(error),
                WriteError::Record(violation) => RunError::new(
                    RunErrorKind::Refused,
                    format!(
                        "a row of `{}` does not go into the scratch database: {}",
                        entity.1,
                        problem_of(&violation)
                    ),
                ),
            })?;
        }
        session.commit().await?;
        Ok(())
    }
}

/// What identifies the rows of a source: what its phase says, or else the table's primary key.
fn key_of(plan: &Plan, entity: &Entity, schema: &Schema, documents: bool) -> Vec<String> {
    if documents {
        return vec!["_id".to_owned()];
    }
    if !schema.primary_key.is_empty() {
        return schema.primary_key.clone();
    }
    let of_phase = plan.phases.iter().find(|phase| {
        matches!(&phase.source.scan, ScanSource::Entity(name) if *name == entity.1)
            && !phase.source.key.is_empty()
            && phase.source.key.iter().all(|name| schema.column(name).is_some())
    });
    match of_phase {
        Some(phase) => phase.source.key.clone(),
        None => schema.columns.iter().take(1).map(|column| column.name.clone()).collect(),
    }
}

/// A hash of a value's canonical form.
fn hash(value: &Value) -> u128 {
    let mut text = Vec::new();
    match form::write(&mut text, value) {
        Ok(()) => xxh3_128(&text),
        Err(_) => xxh3_128(format!("{value:?}").as_bytes()),
    }
}

fn object_of(layout: &Layout, mut row: Row) -> Value {
    match layout {
        Layout::Document => row.pop().unwrap_or_default(),
        Layout::Columns(names) => {
            Value::object(names.iter().map(String::as_str).zip(row).collect())
        }
    }
}

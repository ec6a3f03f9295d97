//! Source batches into mapped batches: explode, map, fit to the target.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::decide::row_hash;
use super::lookup::{LookupCache, PhaseIds};
use super::{RunError, RunErrorKind, Shape, Stores};
use crate::connectors::{Checkpoint, Layout, SourceBatch};
use crate::expr::{Element, Mapped, Program, Repairs};
use crate::ledger::{Fate, KeyMap};
use crate::plan::{Phase, Plan, Transaction, WriteMode};
use crate::value::{Key, Problem, Row, Value};

/// How often a batch is mapped again because lookups depend on lookups.
const LOOKUP_DEPTH: usize = 32;

/// A batch after the mapping.
#[derive(Clone, Debug)]
pub struct MappedBatch {
    /// The records, or elements, in order.
    pub items: Vec<Item>,
    /// Source records read.
    pub sources: u64,
    /// Source records without an element.
    pub empty_sources: u64,
    /// What was done to bring records in all the same, by field.
    pub repairs: Repairs,
    /// Where to go on after this batch.
    pub checkpoint: Checkpoint,
    /// About how many bytes the source rows took.
    pub bytes: usize,
}

impl MappedBatch {
    /// Whether the target fills in a field of one of the records.
    pub(super) fn leaves_fields_out(&self) -> bool {
        self.items.iter().any(|item| match &item.outcome {
            ItemOutcome::Row { values, .. } => values.contains(&Value::Missing),
            _ => false,
        })
    }
}

/// A record, or an element of one.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its source key, with the element's number when the phase explodes.
    pub key: Key,
    /// Which source record of the batch it belongs to.
    pub group: usize,
    /// What became of it.
    pub outcome: ItemOutcome,
}

/// What the mapping made of a record.
#[derive(Clone, Debug)]
pub enum ItemOutcome {
    /// The values of the target's fields, as the target will give them back.
    Row {
        /// In the order of the mapping.
        values: Row,
        /// The target key; `None` with `append`.
        target: Option<Key>,
        /// The hash that the ledger keeps of them.
        hash: u64,
        /// What services are asked about, in the order of the mapping's inputs.
        inputs: Row,
    },
    /// It is left out, for this reason.
    Skipped(Arc<str>),
    /// It is refused.
    Rejected(Problem),
}

/// Maps the batches of a phase.
pub struct Transformer {
    phase: Arc<Phase>,
    shape: Arc<Shape>,
    now: DateTime<Utc>,
    lookups: LookupCache,
    /// For a second pass: what the first one did.
    follows: Option<KeyMap>,
    program: Option<(Layout, Program)>,
}

impl Transformer {
    /// Makes ready to map a phase's records. `given` takes the place of other phases' ledgers, for
    /// tests.
    ///
    /// # Errors
    /// When a lookup's store fails.
    pub async fn open(
        plan: &Plan,
        phase: &Arc<Phase>,
        shape: &Arc<Shape>,
        stores: &Stores,
        now: DateTime<Utc>,
        given: Option<&PhaseIds>,
    ) -> Result<Self, RunError> {
        let follows = match &phase.follows {
            None => None,
            Some(first) => {
                let ledger = stores.ledger(phase.target.connection);
                Some(KeyMap::open(&ledger, first).await?)
            }
        };
        Ok(Self {
            follows,
            phase: Arc::clone(phase),
            shape: Arc::clone(shape),
            now,
            lookups: LookupCache::open(plan, phase, stores, given).await?,
            program: None,
        })
    }

    /// Maps a batch.
    ///
    /// # Errors
    /// When a lookup's store fails, or the mapping does not fit the records' columns.
    pub async fn map(&mut self, mut batch: SourceBatch) -> Result<MappedBatch, RunError> {
        self.lookups.trim();
        let program = match self.program.take() {
            Some((layout, program)) if layout == batch.layout => program,
            _ => self.compile(&batch.layout)?,
        };
        let result = self.map_with(&program, &mut batch).await;
        self.program = Some((batch.layout.clone(), program));
        let (mut items, empty_sources, repairs) = result?;
        let sources = (batch.rows.len() + batch.broken.len()) as u64;
        for (index, broken) in batch.broken.into_iter().enumerate() {
            items.push(Item {
                key: broken.key,
                group: batch.rows.len() + index,
                outcome: ItemOutcome::Rejected(broken.problem),
            });
        }
        if let Some(first) = &mut self.follows {
            skip_unwritten(first, &mut items).await?;
        }
        if self.phase.transaction == Transaction::Record {
            reject_whole_records(&mut items);
        }
        let checkpoint = batch.checkpoint;
        let bytes = batch.bytes;
        Ok(MappedBatch { items, sources, empty_sources, repairs, checkpoint, bytes })
    }

    fn compile(&self, layout: &Layout) -> Result<Program, RunError> {
        let columns = match layout {
            Layout::Columns(columns) => Some(&columns[..]),
            Layout::Document => None,
        };
        let mut program = Program::compile(&self.phase.mapping, columns)
            .map_err(|error| RunError::new(RunErrorKind::Refused, error.to_string()))?;
        program.leave_moves();
        Ok(program)
    }

    async fn map_with(
        &mut self,
        program: &Program,
        batch: &mut SourceBatch,
    ) -> Result<(Vec<Item>, u64, Repairs), RunError> {
        let mut repairs = Repairs::new();
        let mut inputs: Vec<Input> = Vec::with_capacity(batch.rows.len());
        let mut empty_sources = 0;
        for (group, (row, key)) in batch.rows.iter().zip(&batch.keys).enumerate() {
            let key = match key {
                Ok(key) => key.clone(),
                Err(error) => {
                    let problem = Problem::new("key", error.to_string());
                    inputs.push(Input::done(group, unkeyed(batch, group), problem));
                    continue;
                }
            };
            if !program.explodes() {
                inputs.push(Input { group, key, exploded: None, mapped: Mapped::Pending });
                continue;
            }
            let elements = program.elements(row);
            if elements.is_empty() {
                empty_sources += 1;
            }
            for (number, element) in elements.into_iter().enumerate() {
                let key = element_key(&key, number);
                inputs.push(Input { group, key, exploded: Some(element), mapped: Mapped::Pending });
            }
        }
        for _ in 0..LOOKUP_DEPTH {
            let mut pending = false;
            for input in &mut inputs {
                if input.mapped != Mapped::Pending {
                    continue;
                }
                let element = Element {
                    row: &batch.rows[input.group],
                    key: &input.key,
                    exploded: input.exploded.as_ref(),
                    now: self.now,
                };
                input.mapped = program.map_and_count(element, &self.lookups, &mut repairs);
                pending |= input.mapped == Mapped::Pending;
            }
            if !pending {
                let mut items = Vec::with_capacity(inputs.len() + batch.broken.len());
                for mut input in inputs {
                    if let Mapped::Row(values) = &mut input.mapped {
                        program.take_moves(&mut batch.rows[input.group], values);
                    }
                    items.push(self.finish(input));
                }
                return Ok((items, empty_sources, repairs));
            }
            self.lookups.resolve().await?;
        }
        Err(RunError::new(
            RunErrorKind::Refused,
            format!("lookups depend on lookups more than {LOOKUP_DEPTH} levels deep"),
        ))
    }

    fn finish(&self, input: Input) -> Item {
        let outcome = match input.mapped {
            Mapped::Row(mut values) => {
                let inputs = values.split_off(self.phase.mapping.fields.len());
                match self.fit(values) {
                    Ok((values, target)) => {
                        let hash = row_hash(&self.shape, self.phase.target.write, &values);
                        ItemOutcome::Row { values, target, hash, inputs }
                    }
                    Err(problem) => ItemOutcome::Rejected(problem),
                }
            }
            Mapped::Skipped(reason) => ItemOutcome::Skipped(reason.into()),
            Mapped::Rejected(problem) => ItemOutcome::Rejected(problem),
            Mapped::Pending => {
                ItemOutcome::Rejected(Problem::new("lookup", "a lookup gave no answer"))
            }
        };
        Item { key: input.key, group: input.group, outcome }
    }

    /// Makes values such that the target holds them exactly, and takes the target key out of them.
    fn fit(&self, mut values: Row) -> Result<(Row, Option<Key>), Problem> {
        let shape = &*self.shape;
        let inserts = matches!(self.phase.target.write, WriteMode::Insert(_) | WriteMode::Append);
        for (index, held) in values.iter_mut().enumerate() {
            // A service fills it later.
            if shape.enriched[index] {
                continue;
            }
            *held = match std::mem::take(held) {
                Value::Missing if shape.documents || !inserts || shape.defaulted[index] => {
                    Value::Missing
                }
                Value::Missing | Value::Null if shape.required[index] => {
                    let problem = Problem::new("not_null", "the target does not take null here");
                    return Err(problem.at(&shape.fields[index]));
                }
                Value::Missing | Value::Null => Value::Null,
                value => shape.fitters[index](value)
                    .map_err(|problem| problem.at(&shape.fields[index]))?,
            };
        }
        if shape.key.is_empty() {
            return Ok((values, None));
        }
        match Key::new(shape.key.iter().map(|index| &values[*index])) {
            Ok(key) => Ok((values, Some(key))),
            Err(error) => Err(Problem::new("key", format!("in the target, {error}"))),
        }
    }
}

struct Input {
    group: usize,
    key: Key,
    exploded: Option<Value>,
    mapped: Mapped,
}

impl Input {
    fn done(group: usize, key: Key, problem: Problem) -> Self {
        Self { group, key, exploded: None, mapped: Mapped::Rejected(problem) }
    }
}

/// The key of an element: its record's, and its number from 0.
pub(super) fn element_key(record: &Key, number: usize) -> Key {
    let mut values = record.values().unwrap_or_default();
    values.push(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)));
    Key::new(&values).unwrap_or_else(|_| record.clone())
}

/// Leaves out the records that the first pass did not write.
async fn skip_unwritten(first: &mut KeyMap, items: &mut [Item]) -> Result<(), RunError> {
    let keys: Vec<Key> = items.iter().map(|item| item.key.clone()).collect();
    let known = first.get(&keys).await?;
    for item in items {
        let fate = known.get(&item.key).map(|known| &known.entry.fate);
        if !fate.is_some_and(Fate::arrived) {
            item.outcome = ItemOutcome::Skipped("not_written".into());
        }
    }
    Ok(())
}

/// A stand-in for the key of a record that has none: a hash of its content.
fn unkeyed(batch: &SourceBatch, group: usize) -> Key {
    let hash = crate::value::codec::content_hash(&batch.rows[group]);
    let values = [Value::text("without key"), Value::text(format!("{hash:016x}"))];
    Key::new(&values).unwrap_or_else(|_| Key::from_bytes(Vec::new()))
}

/// Rejects all elements of a record of which one is rejected.
pub(super) fn reject_whole_records(items: &mut [Item]) {
    let mut start = 0;
    while start < items.len() {
        let group = items[start].group;
        let mut end = start + 1;
        while end < items.len() && items[end].group == group {
            end += 1;
        }
        reject_group(&mut items[start..end]);
        start = end;
    }
}

/// Rejects all elements of one record when one of them is rejected, naming that one.
pub(super) fn reject_group(items: &mut [Item]) {
    let culprit = items.iter().position(|item| matches!(item.outcome, ItemOutcome::Rejected(_)));
    let Some(culprit) = culprit else { return };
    for item in items {
        if !matches!(item.outcome, ItemOutcome::Rejected(_)) {
            item.outcome = ItemOutcome::Rejected(record_problem(culprit));
        }
    }
}

/// Why an element is rejected whose record has another that is.
pub(super) fn record_problem(culprit: usize) -> Problem {
    Problem::new("record", format!("element {} of the same record is rejected", culprit + 1))
}

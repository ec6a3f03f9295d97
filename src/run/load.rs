//! Mapped batches into the target, and every record's fate into the ledger.

use std::collections::hash_map;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::apply;
use super::decide::{Action, Content, Decision, Existing, decide, document};
use super::flow::Flow;
use super::intent::Intents;
use super::seen::{Seen, Winners};
use super::transform::record_problem;
use super::{Item, ItemOutcome, MappedBatch, RunError, Shape};
use crate::connectors::{Session, StoreError};
use crate::ledger::{
    BatchRecord, Counts, Entry, Fate, JournalEntry, KeyMap, Known, PhaseRecord, RejectRecord,
    RejectState,
};
use crate::plan::{OnConflict, OnDuplicate, Phase, Transaction, WriteMode};
use crate::value::codec::content_hash;
use crate::value::query::{Filter, Select};
use crate::value::{Key, Object, ObjectId, Problem, Row, Value};

/// A map whose keys no one chooses to make it slow.
type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// How many values one query for existing records asks for.
const VALUES_PER_QUERY: usize = 5_000;

/// Writes the batches of one phase.
pub(super) struct Loader {
    pub(super) phase: Arc<Phase>,
    pub(super) shape: Arc<Shape>,
    /// Whether what this phase wrote before is changed where it differs.
    pub(super) update: bool,
    /// Whether a record that maps to what this phase wrote before is left alone unseen.
    pub(super) trusts: bool,
    /// Whether a record of the batch under way was marked, since the source had it no longer.
    pub(super) unmarks: bool,
    /// What earlier runs did.
    pub(super) known: KeyMap,
    /// Target keys that arrived in this run; `None` where duplicates can't be.
    pub(super) seen: Option<Seen>,
    /// For `on_duplicate = "last"`.
    pub(super) winners: Option<Winners>,
    /// Whether the target had no record when the phase started, so that only this phase's own are
    /// there.
    pub(super) started_empty: bool,
    /// Where the store has no transactions: what a batch is about to do.
    pub(super) intents: Option<Intents>,
    /// New rows that flow into the target while the next batch is decided.
    pub(super) flow: Flow,
}

/// What a batch did.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) record: BatchRecord,
    pub(super) journal: Vec<JournalEntry>,
    /// Ordinal, key and problem of each reject.
    pub(super) rejects: Vec<(u64, Key, Problem)>,
    pub(super) counts: Counts,
}

impl Loaded {
    /// The rejects as the ledger keeps them. `phase` is the phase's record, `batch` the number there.
    pub(super) fn reject_records(&self, phase: &PhaseRecord, batch: u64) -> Vec<RejectRecord> {
        let record = |(ordinal, key, problem): &(u64, Key, Problem)| RejectRecord {
            run: phase.run.clone(),
            phase: phase.phase.clone(),
            batch,
            ordinal: *ordinal,
            key: key.clone(),
            reason: problem.reason.to_string(),
            field: problem.field.clone(),
            message: problem.message.clone(),
            state: RejectState::Open,
        };
        self.rejects.iter().map(record).collect()
    }
}

/// A record on its way through a batch.
#[derive(Clone)]
struct Work {
    key: Key,
    group: usize,
    values: Row,
    /// What the ledger keeps of the values.
    hash: u64,
    target: Option<Key>,
    decision: Option<Decision>,
    problem: Option<Problem>,
}

impl Loader {
    /// Writes a batch. `number` is the number of its first record in the source, from 0.
    pub(super) async fn load(
        &mut self,
        session: &mut dyn Session,
        batch: MappedBatch,
        number: u64,
    ) -> Result<Loaded, RunError> {
        let mut works: Vec<Work> = batch.items.into_iter().map(Work::new).collect();
        let known = if self.known.is_empty() {
            HashMap::new()
        } else {
            let keys: Vec<Key> = works.iter().map(|work| work.key.clone()).collect();
            self.known.get(&keys).await?
        };
        self.unmarks = known.values().any(|known| known.arrived().is_some_and(Known::is_marked));
        self.skip_losers(&mut works, number);
        self.leave_unchanged(&mut works, &known);
        self.flow.begin(session, &self.phase, &self.shape, self.update).await?;
        if self.phase.transaction == Transaction::Record {
            self.write_whole_records(session, &mut works, &known).await?;
        } else {
            self.write(session, &mut works, &known).await?;
        }
        if let Some(seen) = &mut self.seen {
            for work in &works {
                if let (Some(target), Some(decision)) = (&work.target, &work.decision)
                    && arrived(&decision.fate)
                {
                    seen.insert(target);
                }
            }
        }
        let mut loaded = if self.flow.later.is_empty() {
            self.record(works, &known, |_, _| {})
        } else {
            let later = self.flow.take_later();
            let mut next = later.iter().copied().peekable();
            let mut rows = Vec::with_capacity(later.len());
            let loaded = self.record(works, &known, |index, values| {
                if next.next_if_eq(&index).is_some() {
                    rows.push(values);
                }
            });
            self.flow.send(session, &self.phase, &self.shape, rows).await?;
            loaded
        };
        loaded.counts.sources = batch.sources;
        loaded.counts.empty_sources = batch.empty_sources;
        loaded.counts.repairs = batch.repairs;
        Ok(loaded)
    }

    /// Where changes are found in the source, leaves alone what maps to what was written before.
    fn leave_unchanged(&self, works: &mut [Work], known: &HashMap<Key, Known>) {
        // Where duplicates can be, the record also stands in the way of others.
        if !self.trusts || self.seen.is_some() {
            return;
        }
        for work in works.iter_mut().filter(|work| work.decision.is_none()) {
            let before = known.get(&work.key).and_then(Known::arrived);
            if let Some(before) = before.filter(|before| before.entry.hash == Some(work.hash)) {
                work.decision = Some(Decision {
                    fate: Fate::Unchanged,
                    problem: None,
                    action: Action::None,
                    hash: work.hash,
                    identity: before.entry.id.as_ref().and_then(Key::values),
                });
            }
        }
    }

    /// With `on_duplicate = "last"`, skips all but the last record of each target key.
    fn skip_losers(&self, works: &mut [Work], number: u64) {
        let Some(winners) = &self.winners else { return };
        for (index, work) in works.iter_mut().enumerate() {
            if work.decision.is_none()
                && let Some(target) = &work.target
                && !winners.is_last(target, number + index as u64)
            {
                work.decide(Fate::Skipped("duplicate".into()), None);
            }
        }
    }

    /// Writes such that a source record arrives with all its elements or not at all.
    async fn write_whole_records(
        &mut self,
        session: &mut dyn Session,
        works: &mut [Work],
        known: &HashMap<Key, Known>,
    ) -> Result<(), RunError> {
        let mut settled: HashSet<usize> = HashSet::new();
        loop {
            session.savepoint().await?;
            self.write(session, works, known).await?;
            let mut culprits: HashMap<usize, usize> = HashMap::new();
            for (index, work) in works.iter().enumerate() {
                if work.failed_in_store() && !settled.contains(&work.group) {
                    culprits.entry(work.group).or_insert(index);
                }
            }
            if culprits.is_empty() {
                session.release().await?;
                return Ok(());
            }
            session.rollback_to_savepoint().await?;
            if let Some(intents) = &mut self.intents {
                intents.take_back(session).await?;
            }
            let mut start = 0;
            while start < works.len() {
                let group = works[start].group;
                let length = works[start..].iter().take_while(|work| work.group == group).count();
                let record = &mut works[start..start + length];
                match culprits.get(&group) {
                    None => record.iter_mut().for_each(Work::undecide),
                    Some(culprit) => {
                        let culprit = culprit - start;
                        for work in record.iter_mut().filter(|work| !work.is_rejected()) {
                            work.refuse(record_problem(culprit));
                        }
                        settled.insert(group);
                    }
                }
                start += length;
            }
        }
    }

    /// Decides and writes all records that are not decided yet.
    async fn write(
        &mut self,
        session: &mut dyn Session,
        works: &mut [Work],
        known: &HashMap<Key, Known>,
    ) -> Result<(), RunError> {
        // Each round takes the first open record of each target key. The others of a key wait for
        // what becomes of it: only a record that arrives makes the next one a duplicate.
        loop {
            let mut first_of: FastMap<Key, usize> = FastMap::default();
            first_of.reserve(works.len());
            let mut round: Vec<usize> = Vec::with_capacity(works.len());
            let mut waiting = false;
            for (index, work) in works.iter().enumerate() {
                if work.decision.is_some() {
                    continue;
                }
                match &work.target {
                    None => round.push(index),
                    Some(target) => match first_of.entry(target.clone()) {
                        hash_map::Entry::Occupied(_) => waiting = true,
                        hash_map::Entry::Vacant(first) => {
                            first.insert(index);
                            round.push(index);
                        }
                    },
                }
            }
            if round.is_empty() {
                return Ok(());
            }
            self.write_round(session, works, &round, known).await?;
            if !waiting {
                return Ok(());
            }
            for index in 0..works.len() {
                if works[index].decision.is_some() {
                    continue;
                }
                let Some(target) = &works[index].target else { continue };
                let Some(first) = first_of.get(target) else { continue };
                let Some(decision) = &works[*first].decision else { continue };
                if arrived(&decision.fate) {
                    let identity = decision.identity.clone();
                    self.duplicate(&mut works[index], identity);
                }
            }
        }
    }

    fn duplicate(&self, work: &mut Work, identity: Option<Row>) {
        match self.phase.on_duplicate {
            OnDuplicate::First | OnDuplicate::Last => {
                work.decide(Fate::Skipped("duplicate".into()), None);
            }
            OnDuplicate::Reject => {
                let problem = Problem::new(
                    "duplicate",
                    "an earlier record of the source has the same target key",
                );
                work.decide(Fate::Rejected("duplicate".into()), Some(problem));
            }
        }
        if let Some(decision) = &mut work.decision {
            decision.identity = identity;
        }
    }

    async fn write_round(
        &mut self,
        session: &mut dyn Session,
        works: &mut [Work],
        round: &[usize],
        known: &HashMap<Key, Known>,
    ) -> Result<(), RunError> {
        let asked: Vec<&Key> = round
            .iter()
            .filter_map(|index| works[*index].target.as_ref())
            .filter(|target| {
                !self.started_empty || self.seen.as_ref().is_some_and(|seen| seen.contains(target))
            })
            .collect();
        let existing = if self.flow.is_open() && !asked.is_empty() {
            // What this commit wrote matters only where one of its own is asked for.
            let own = |target: &&Key| self.seen.as_ref().is_some_and(|seen| seen.contains(target));
            if asked.iter().any(own) {
                self.flow.end(session).await?;
                self.existing(session, &asked).await?
            } else {
                let mut beside = self.flow.beside().await?;
                let existing = self.existing(&mut *beside, &asked).await?;
                self.flow.keep_beside(beside);
                existing
            }
        } else {
            self.existing(session, &asked).await?
        };
        let write = self.phase.target.write;
        let mut inserts: Vec<usize> = Vec::new();
        let mut updates: Vec<(Vec<String>, Vec<usize>)> = Vec::new();
        for &index in round {
            let work = &mut works[index];
            let there = work.target.as_ref().and_then(|target| existing.get(target));
            let seen = match (&self.seen, &work.target) {
                (Some(seen), Some(target)) => seen.contains(target),
                _ => false,
            };
            if seen {
                let identity = there.map(|there| there.identity.clone());
                self.duplicate(work, identity);
                continue;
            }
            let mapped = (&work.values, work.hash);
            let decision =
                decide(&self.shape, write, self.update, mapped, there, known.get(&work.key));
            match &decision.action {
                Action::None => {}
                Action::Insert => inserts.push(index),
                Action::Update { set, .. } => {
                    match updates.iter_mut().find(|(other, _)| other == set) {
                        Some((_, indexes)) => indexes.push(index),
                        None => updates.push((set.clone(), vec![index])),
                    }
                }
            }
            work.problem.clone_from(&decision.problem);
            work.decision = Some(decision);
        }
        if self.intents.is_some() {
            self.intend(session, works, &mut inserts, &updates, known).await?;
        }
        if inserts.is_empty() && updates.is_empty() {
            return Ok(());
        }
        if self.flow.is_open() {
            let flows = |index: &usize| {
                let work = &works[*index];
                work.decision.as_ref().is_some_and(|decision| decision.identity.is_some())
                    && !work.values.iter().any(|value| matches!(value, Value::Missing))
            };
            if updates.is_empty() && inserts.iter().all(flows) {
                self.flow.later.append(&mut inserts);
                return Ok(());
            }
            // In the order in which they came.
            self.flow.end(session).await?;
            let earlier = self.flow.take_later();
            self.insert(session, works, &earlier, known).await?;
        }
        self.insert(session, works, &inserts, known).await?;
        for (set, indexes) in updates {
            self.update(session, works, &set, &indexes).await?;
        }
        Ok(())
    }

    /// Writes the intent of a round, where the store has no transactions. What a record is found by
    /// must be known before.
    async fn intend(
        &mut self,
        session: &mut dyn Session,
        works: &mut [Work],
        inserts: &mut Vec<usize>,
        updates: &[(Vec<String>, Vec<usize>)],
        known: &HashMap<Key, Known>,
    ) -> Result<(), RunError> {
        let makes_ids = self.shape.documents && self.shape.identity_fields.is_none();
        let taken = self.taken(session, works, inserts).await?;
        inserts.retain(|index| {
            let work = &mut works[*index];
            let Some(decision) = &mut work.decision else { return false };
            if makes_ids {
                decision.identity = Some(vec![Value::ObjectId(ObjectId::generate())]);
            }
            let problem = match &decision.identity {
                Some(identity) if Key::new(identity).is_ok_and(|id| taken.contains(&id)) => {
                    Problem::new("unique", "another record has the same id")
                }
                Some(_) => return true,
                None => Problem::new("key", "in the target, a part of the id is missing"),
            };
            work.refuse(problem.at(&self.shape.identity.join(", ")));
            false
        });
        if inserts.is_empty() && updates.is_empty() {
            return Ok(());
        }
        let decided = self.record(works.to_vec(), known, |_, _| {});
        match &mut self.intents {
            Some(intents) => intents.write(session, decided).await,
            None => Ok(()),
        }
    }

    /// Ids of new records that others have already, where no key was looked at.
    async fn taken(
        &self,
        session: &mut dyn Session,
        works: &[Work],
        inserts: &[usize],
    ) -> Result<HashSet<Key>, StoreError> {
        let mut taken = HashSet::new();
        if self.phase.target.write != WriteMode::Append {
            return Ok(taken);
        }
        let identity = |index: &usize| works[*index].decision.as_ref()?.identity.clone();
        let asked: Vec<Row> = inserts.iter().filter_map(identity).collect();
        for tuples in asked.chunks(VALUES_PER_QUERY) {
            let select = Select {
                entity: self.phase.target.entity.clone(),
                columns: Some(self.shape.identity.clone()),
                filter: Filter::Tuples {
                    paths: self.shape.identity.clone(),
                    tuples: tuples.to_vec(),
                },
                ..Select::default()
            };
            let rows = session.select(&select).await?.rows;
            taken.extend(rows.iter().filter_map(|row| Key::new(row).ok()));
        }
        Ok(taken)
    }

    /// The records of the target with these keys.
    async fn existing(
        &self,
        session: &mut dyn Session,
        keys: &[&Key],
    ) -> Result<FastMap<Key, Existing>, StoreError> {
        let shape = &*self.shape;
        let mut existing = FastMap::default();
        let replaces = self.phase.target.write == WriteMode::Insert(OnConflict::Replace);
        // What it holds beyond that matters only where it may be changed.
        let stays = !self.update
            && !self.unmarks
            && matches!(
                self.phase.target.write,
                WriteMode::Insert(OnConflict::Skip | OnConflict::Fail)
            );
        for keys in keys.chunks((VALUES_PER_QUERY / shape.key_names.len().max(1)).max(1)) {
            let tuples = keys.iter().filter_map(|key| key.values()).collect();
            let columns = (!shape.documents).then(|| {
                let mut columns = shape.key_names.clone();
                columns.extend(shape.identity.iter().cloned());
                if !stays {
                    columns.extend(shape.fields.iter().cloned());
                }
                if replaces {
                    columns.extend(shape.unmapped.iter().cloned());
                }
                columns
            });
            let select = Select {
                entity: self.phase.target.entity.clone(),
                columns,
                filter: Filter::Tuples { paths: shape.key_names.clone(), tuples },
                ..Select::default()
            };
            for mut row in session.select(&select).await?.rows {
                let (key, found) = if shape.documents {
                    let Some(Value::Object(document)) = row.pop() else { continue };
                    let values = self.phase.target.key.iter().map(|path| path.get(&document));
                    let Ok(key) = Key::new(values) else { continue };
                    let identity = vec![document.get("_id").cloned().unwrap_or_default()];
                    (key, Existing { identity, content: Content::Document(document) })
                } else {
                    let content = row.split_off(shape.key_names.len() + shape.identity.len());
                    let identity = row.split_off(shape.key_names.len());
                    let Ok(key) = Key::new(&row) else { continue };
                    (key, Existing { identity, content: Content::Columns(content) })
                };
                existing.entry(key).or_insert(found);
            }
        }
        Ok(existing)
    }

    async fn insert(
        &self,
        session: &mut dyn Session,
        works: &mut [Work],
        indexes: &[usize],
        known: &HashMap<Key, Known>,
    ) -> Result<(), RunError> {
        if indexes.is_empty() {
            return Ok(());
        }
        let shape = &*self.shape;
        // Asked before the rows are lent to the insert.
        let fills_fields = !shape.documents
            && indexes.iter().any(|index| {
                works[*index].values.iter().any(|value| matches!(value, Value::Missing))
            });
        let rows: Vec<Row> = indexes
            .iter()
            .map(|index| {
                let work = &mut works[*index];
                if !shape.documents {
                    return std::mem::take(&mut work.values);
                }
                let mut new = document(&shape.paths, &work.values);
                let identity = work.decision.as_ref().and_then(|d| d.identity.as_deref());
                if let (None, Some([id])) = (new.get("_id"), identity) {
                    new = with_id(new, id);
                }
                vec![Value::object(new)]
            })
            .collect();
        // What the store fills in is asked for, where the ledger needs it.
        let fills_identity = indexes
            .iter()
            .any(|index| works[*index].decision.as_ref().is_some_and(|d| d.identity.is_none()));
        let mut returning: Vec<String> = Vec::new();
        if fills_identity {
            returning.extend(shape.identity.iter().cloned());
        }
        if fills_fields {
            returning.extend(shape.fields.iter().cloned());
        }
        let entity = &self.phase.target.entity;
        let alone = self.intents.is_some().then_some(&*shape.identity);
        let results =
            apply::insert(session, entity, &shape.layout, &rows, &returning, alone).await?;
        for ((&index, row), result) in indexes.iter().zip(rows).zip(results) {
            let work = &mut works[index];
            if !shape.documents {
                work.values = row;
            }
            match result {
                Ok(mut returned) => {
                    let Some(decision) = &mut work.decision else { continue };
                    if fills_fields {
                        let fields = returned.split_off(if fills_identity {
                            shape.identity.len()
                        } else {
                            0
                        });
                        decision.hash = content_hash(&fields);
                    }
                    if fills_identity {
                        decision.identity = Some(returned);
                    }
                }
                Err(violation) => {
                    // Someone else may have inserted the record since the keys were looked at.
                    let there = match &work.target {
                        Some(target)
                            if violation.kind == crate::connectors::ViolationKind::Unique =>
                        {
                            self.existing(session, &[target]).await?.into_values().next()
                        }
                        _ => None,
                    };
                    let again = there.map(|there| {
                        let write = self.phase.target.write;
                        decide(
                            shape,
                            write,
                            self.update,
                            (&work.values, work.hash),
                            Some(&there),
                            known.get(&work.key),
                        )
                    });
                    match again {
                        Some(decision) if matches!(decision.action, Action::None) => {
                            work.problem.clone_from(&decision.problem);
                            work.decision = Some(decision);
                        }
                        _ => work.refuse(apply::problem_of(&violation)),
                    }
                }
            }
        }
        Ok(())
    }

    async fn update(
        &self,
        session: &mut dyn Session,
        works: &mut [Work],
        set: &[String],
        indexes: &[usize],
    ) -> Result<(), RunError> {
        let rows: Vec<Row> = indexes
            .iter()
            .filter_map(|index| {
                let decision = works[*index].decision.as_ref()?;
                let Action::Update { values, .. } = &decision.action else { return None };
                let mut row = decision.identity.clone()?;
                row.extend(values.iter().cloned());
                Some(row)
            })
            .collect();
        let entity = &self.phase.target.entity;
        let results = apply::update(session, entity, &self.shape.identity, set, &rows).await?;
        for (&index, result) in indexes.iter().zip(results) {
            if let Err(violation) = result {
                works[index].refuse(apply::problem_of(&violation));
            }
        }
        Ok(())
    }

    /// Counts every record and makes the ledger's entries. What each was mapped to is left over.
    fn record(
        &self,
        works: Vec<Work>,
        known: &HashMap<Key, Known>,
        mut left: impl FnMut(usize, Row),
    ) -> Loaded {
        let mut loaded = Loaded::default();
        for (index, work) in works.into_iter().enumerate() {
            let ordinal = index as u64;
            let Some(decision) = work.decision else { continue };
            loaded.counts.add(&decision.fate);
            if let Fate::Rejected(reason) = &decision.fate {
                let problem =
                    work.problem.unwrap_or_else(|| Problem::new(reason.to_string(), "rejected"));
                loaded.rejects.push((ordinal, work.key.clone(), problem));
            }
            let mapped = !work.values.is_empty();
            let id = decision.identity.as_ref().filter(|identity| {
                let made = self.shape.identity_from_key
                    && self
                        .shape
                        .id_field
                        .is_some_and(|field| mapped && identity[..] == work.values[field..=field]);
                !(made && arrived(&decision.fate))
            });
            let id = id.and_then(|identity| Key::new(identity).ok());
            if let (Action::Update { image, .. }, Some(identity)) =
                (&decision.action, &decision.identity)
                && decision.fate == Fate::Updated
                && let Ok(identity) = Key::new(identity)
            {
                loaded.journal.push(JournalEntry {
                    ordinal,
                    source: work.key.clone(),
                    id: identity,
                    before: image.clone(),
                });
            }
            let hash = (mapped && arrived(&decision.fate)).then_some(decision.hash);
            let entry = Entry { key: work.key, fate: decision.fate, hash, id };
            // What is as the ledger has it already need not be told again.
            let told = known.get(&entry.key).is_some_and(|known| is_told(&known.entry, &entry));
            if !told {
                loaded.record.entries.push(entry);
            }
            left(index, work.values);
        }
        loaded
    }
}

/// A document with an id that its mapping does not give, at the beginning.
fn with_id(document: Object, id: &Value) -> Object {
    let mut whole = Object::with_capacity(document.len() + 1);
    whole.insert("_id", id.clone());
    for (name, value) in document {
        whole.insert(name, value);
    }
    whole
}

/// Whether the target holds a record because of this fate.
fn arrived(fate: &Fate) -> bool {
    fate.arrived()
}

/// Whether an older entry says the same: the same fate, or that it arrived as it is now.
fn is_told(older: &Entry, entry: &Entry) -> bool {
    let same_fate =
        older.fate == entry.fate && !matches!(entry.fate, Fate::Inserted | Fate::Updated);
    let as_before = entry.fate == Fate::Unchanged && arrived(&older.fate);
    (same_fate || as_before) && older.hash == entry.hash && (older.id == entry.id)
}

impl Work {
    fn new(item: Item) -> Self {
        let mut work = Self {
            key: item.key,
            group: item.group,
            values: Row::new(),
            hash: 0,
            target: None,
            decision: None,
            problem: None,
        };
        match item.outcome {
            ItemOutcome::Row { values, target, hash, .. } => {
                work.values = values;
                work.hash = hash;
                work.target = target;
            }
            ItemOutcome::Skipped(reason) => work.decide(Fate::Skipped(reason), None),
            ItemOutcome::Rejected(problem) => {
                work.decide(Fate::Rejected(problem.reason.as_ref().into()), Some(problem));
            }
        }
        work
    }

    fn decide(&mut self, fate: Fate, problem: Option<Problem>) {
        self.problem = problem;
        self.decision =
            Some(Decision { fate, problem: None, action: Action::None, hash: 0, identity: None });
    }

    /// The store refused the record.
    fn refuse(&mut self, problem: Problem) {
        self.decide(Fate::Rejected(problem.reason.as_ref().into()), Some(problem));
    }

    /// Whether the mapping itself left the record out or rejected it.
    fn is_mapped_out(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether the record was mapped and then rejected.
    fn failed_in_store(&self) -> bool {
        !self.is_mapped_out()
            && self.problem.as_ref().is_some_and(|problem| problem.reason != "record")
            && self.is_rejected()
    }

    fn is_rejected(&self) -> bool {
        matches!(self.decision.as_ref().map(|decision| &decision.fate), Some(Fate::Rejected(_)))
    }

    /// Forgets a decision whose effects were undone; what is final stays.
    fn undecide(&mut self) {
        if !self.is_mapped_out() && !self.is_rejected() {
            self.decision = None;
            self.problem = None;
        }
    }
}

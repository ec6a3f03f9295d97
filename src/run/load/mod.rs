//! Mapped batches into the target, and every record's fate into the ledger.

mod existing;
mod fates;
mod send;
mod work;

pub(super) use fates::Loaded;

use std::collections::hash_map;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::decide::{Action, Decision, decide};
use super::flow::Flow;
use super::intent::Intents;
use super::seen::{Seen, Winners};
use super::transform::record_problem;
use super::{MappedBatch, RunError, Shape};
use crate::connectors::Session;
use crate::ledger::{Fate, KeyMap, Known};
use crate::plan::{OnDuplicate, Phase, Transaction};
use crate::value::{Key, ObjectId, Problem, Row, Value};
use work::Work;

/// A map whose keys no one chooses to make it slow.
type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

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
                    && decision.fate.arrived()
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
                if decision.fate.arrived() {
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
}

//! Batches in stores without transactions: written before the data as an intent, and finished by the
//! phase's record.
//!
//! An intent is the record of its batch, with the fates that its records are to have, and the journal
//! of what it is about to change. The one write that finishes it is that of the phase's record, which
//! holds counts, checkpoint and the number of the next batch: a batch whose number is not below that
//! one is open, and is taken back before anything else is done.

use std::collections::HashSet;

use super::batches::{batch_id, batch_values, journal_rows, reject_rows};
use super::fields::{Fields, equal, number, of_phase};
use super::rejects::retried;
use super::tables::{BATCHES, JOURNAL, REJECTS};
use super::{BatchRecord, JournalEntry, Ledger, PhaseRecord, RejectRecord, RejectState};
use crate::connectors::{Session, StoreError};
use crate::value::query::{Filter, Select};
use crate::value::{Row, Value};

/// How many batches one query asks for.
const BATCHES_PER_QUERY: usize = 500;

/// What the ledger holds of a batch that is under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intent {
    /// The fates to be.
    pub record: BatchRecord,
    /// What was there before, as far as it is to be changed.
    pub journal: Vec<JournalEntry>,
}

impl Ledger {
    /// Writes what a batch is about to do, where `before` is what was written of it so far.
    async fn intend(
        &self,
        session: &mut dyn Session,
        (phase, seq): (&PhaseRecord, u64),
        before: &Intent,
        intent: &Intent,
    ) -> Result<(), StoreError> {
        // The batch first: a journal without one would not be found again.
        self.put_batch(session, (phase, seq), &before.record, &intent.record).await?;
        let known = |entry: &&JournalEntry| !has(&before.journal, entry.ordinal);
        let new: Vec<JournalEntry> = intent.journal.iter().filter(known).cloned().collect();
        self.insert(session, &JOURNAL, journal_rows(phase, seq, &new)).await
    }

    /// Makes what was written of a batch so far into what it is about to do, or into what became of
    /// its records, with the rejects. The batch is finished when the phase's record is saved with it.
    pub async fn settle(
        &self,
        session: &mut dyn Session,
        (phase, seq): (&PhaseRecord, u64),
        intent: &Intent,
        became: &Intent,
        rejects: &[RejectRecord],
    ) -> Result<(), StoreError> {
        self.intend(session, (phase, seq), intent, became).await?;
        let refused: Vec<Row> = intent
            .journal
            .iter()
            .filter(|entry| !has(&became.journal, entry.ordinal))
            .map(|entry| {
                vec![Value::text(format!("{}/{:06}", batch_id(phase, seq), entry.ordinal))]
            })
            .collect();
        if !refused.is_empty() {
            self.delete(session, &JOURNAL, &["_id"], refused).await?;
        }
        self.insert(session, &REJECTS, reject_rows(phase, seq, rejects)).await
    }

    async fn put_batch(
        &self,
        session: &mut dyn Session,
        (phase, seq): (&PhaseRecord, u64),
        before: &BatchRecord,
        record: &BatchRecord,
    ) -> Result<(), StoreError> {
        if before == record {
            return Ok(());
        }
        let id = batch_id(phase, seq);
        match batch_values(phase, seq, record) {
            Some(values) if before.entries.is_empty() => {
                let row = std::iter::once(Value::text(id)).chain(values).collect();
                self.insert(session, &BATCHES, vec![row]).await
            }
            Some(values) => self.save(session, &BATCHES, &id, values).await,
            None => self.delete(session, &BATCHES, &["_id"], vec![vec![Value::text(id)]]).await,
        }
    }

    /// Those of these phases that have a batch that was not finished, or something of one.
    pub async fn with_open_batch(
        &self,
        phases: Vec<PhaseRecord>,
    ) -> Result<Vec<PhaseRecord>, StoreError> {
        let mut open = Vec::new();
        for part in phases.chunks(BATCHES_PER_QUERY) {
            let id = |phase: &PhaseRecord| batch_id(phase, phase.batches);
            let select = Select {
                entity: BATCHES.name.to_owned(),
                columns: Some(vec!["_id".to_owned()]),
                filter: Filter::In {
                    path: "_id".to_owned(),
                    values: part.iter().map(id).map(Value::from).collect(),
                },
                ..Select::default()
            };
            let mut there: Vec<String> = Vec::new();
            for row in self.store.select(&select).await?.rows {
                there.push(Fields::new(row, &BATCHES).text()?);
            }
            let rejects = self.of_open_batches(part).await?;
            let is_open = |phase: &&PhaseRecord| {
                there.contains(&id(phase))
                    || rejects.contains(&(phase.run.clone(), phase.phase.clone()))
            };
            open.extend(part.iter().filter(is_open).cloned());
        }
        Ok(open)
    }

    /// The run and phase of rejects that belong to batches that were not finished, or that those
    /// try again.
    async fn of_open_batches(
        &self,
        phases: &[PhaseRecord],
    ) -> Result<HashSet<(String, String)>, StoreError> {
        let within = |path: &str, values: Vec<Value>| Filter::In { path: path.to_owned(), values };
        let names = phases.iter().map(|phase| Value::text(&phase.phase)).collect();
        let numbers = phases.iter().map(|phase| number(phase.batches)).collect();
        let states =
            |phase: &PhaseRecord| [phase.batches, phase.batches.saturating_sub(1)].map(retried);
        let tried = phases.iter().flat_map(states).map(Value::from).collect();
        let either = Filter::Or(vec![within("seq", numbers), within("state", tried)]);
        let select = Select {
            entity: REJECTS.name.to_owned(),
            columns: Some(["run", "phase", "seq", "state"].map(str::to_owned).to_vec()),
            filter: within("phase", names).and(either),
            ..Select::default()
        };
        let mut found = HashSet::new();
        for row in self.store.select(&select).await?.rows {
            let mut row = Fields::new(row, &REJECTS);
            let (run, phase) = (row.text()?, row.text()?);
            let (seq, state) = (row.number()?, row.text()?);
            let is_open =
                |record: &&PhaseRecord| seq == record.batches || states(record).contains(&state);
            let record = phases.iter().find(|record| record.run == run && record.phase == phase);
            if record.as_ref().is_some_and(is_open) {
                found.insert((run, phase));
            }
        }
        Ok(found)
    }

    /// Forgets the open batch of a phase after its effects were taken back, and opens the rejects
    /// that it tried again. Those that the last finished one tried are resolved.
    pub async fn forget_open(
        &self,
        session: &mut dyn Session,
        phase: &PhaseRecord,
    ) -> Result<(), StoreError> {
        let tried_by = |seq| {
            let tried = equal("state", Value::text(retried(seq)));
            self.rejects(of_phase(&phase.phase, Some(&phase.run)).and(tried))
        };
        if let Some(last) = phase.batches.checked_sub(1) {
            self.resolve_rejects(session, &tried_by(last).await?).await?;
        }
        let mut rejects = tried_by(phase.batches).await?;
        for reject in &mut rejects {
            reject.state = RejectState::Open;
        }
        self.change_rejects(session, &rejects).await?;
        self.forget_batch(session, &phase.run, &phase.phase, phase.batches).await
    }
}

fn has(journal: &[JournalEntry], ordinal: u64) -> bool {
    journal.binary_search_by_key(&ordinal, |entry| entry.ordinal).is_ok()
}

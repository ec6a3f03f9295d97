//! Batches and their journal in the ledger.

use super::fields::{Fields, equal, number, of_phase};
use super::tables::{BATCHES, JOURNAL, REJECTS};
use super::{BatchRecord, BeforeImage, JournalEntry, Ledger, PhaseRecord, RejectRecord};
use crate::connectors::{Session, StoreError};
use crate::value::query::Select;
use crate::value::{Key, Row, Value};
/// What batches leave in the ledger, gathered so that the batches of one commit are written in a
/// few statements.
#[derive(Debug, Default)]
pub struct BatchRows {
    batches: Vec<Row>,
    journal: Vec<Row>,
    rejects: Vec<Row>,
    bytes: usize,
}

/// About how many bytes are gathered before they are written in any case.
const MOST_BYTES: usize = 2 << 20;

impl BatchRows {
    /// Whether so much is gathered that it is written before the commit.
    pub fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }

    /// Adds a batch with its journal and its rejects.
    pub fn add(
        &mut self,
        phase: &PhaseRecord,
        seq: u64,
        record: &BatchRecord,
        journal: &[JournalEntry],
        rejects: &[RejectRecord],
    ) {
        if let Some(values) = batch_values(phase, seq, record) {
            let mut row = vec![Value::text(batch_id(phase, seq))];
            row.extend(values);
            self.bytes += bytes_of(&row);
            self.batches.push(row);
        }
        let journal = journal_rows(phase, seq, journal);
        let rejects = reject_rows(phase, seq, rejects);
        self.bytes += journal.iter().chain(&rejects).map(bytes_of).sum::<usize>();
        self.journal.extend(journal);
        self.rejects.extend(rejects);
    }
}

/// About how many bytes a row of the ledger takes.
fn bytes_of(row: &Row) -> usize {
    row.iter()
        .map(|value| match value {
            Value::Bytes(bytes) => bytes.len(),
            Value::Text(text) => text.len(),
            _ => 8,
        })
        .sum()
}

impl Ledger {
    /// Records a batch with its journal and its rejects.
    pub async fn append_batch(
        &self,
        session: &mut dyn Session,
        phase: &PhaseRecord,
        seq: u64,
        record: &BatchRecord,
        journal: &[JournalEntry],
        rejects: &[RejectRecord],
    ) -> Result<(), StoreError> {
        let mut rows = BatchRows::default();
        rows.add(phase, seq, record, journal, rejects);
        self.append_rows(session, rows).await
    }

    /// Records batches that were gathered.
    pub async fn append_rows(
        &self,
        session: &mut dyn Session,
        rows: BatchRows,
    ) -> Result<(), StoreError> {
        self.insert(session, &BATCHES, rows.batches).await?;
        self.insert(session, &JOURNAL, rows.journal).await?;
        self.insert(session, &REJECTS, rows.rejects).await
    }

    /// Which batches a phase has in a run (or in all runs): run, number, first and last key.
    pub async fn batch_index(
        &self,
        phase: &str,
        run: Option<&str>,
    ) -> Result<Vec<(String, u64, Key, Key)>, StoreError> {
        let select = Select {
            entity: BATCHES.name.to_owned(),
            columns: Some(["run", "seq", "first_key", "last_key"].map(str::to_owned).to_vec()),
            filter: of_phase(phase, run),
            ..Select::default()
        };
        let rows = self.store.select(&select).await?;
        let mut batches = rows
            .rows
            .into_iter()
            .map(|row| {
                let mut row = Fields::new(row, &BATCHES);
                Ok((row.text()?, row.number()?, row.key()?, row.key()?))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        batches.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        Ok(batches)
    }

    /// The record of one batch.
    pub async fn batch(&self, run: &str, phase: &str, seq: u64) -> Result<BatchRecord, StoreError> {
        let select = Select {
            entity: BATCHES.name.to_owned(),
            columns: Some(vec!["record".to_owned()]),
            filter: equal("_id", Value::text(format!("{run}/{phase}/{seq:09}"))),
            ..Select::default()
        };
        let rows = self.store.select(&select).await?;
        let Some(row) = rows.rows.into_iter().next() else {
            return Ok(BatchRecord::default());
        };
        let mut row = Fields::new(row, &BATCHES);
        BatchRecord::decode(&row.bytes()?).ok_or_else(|| row.damaged())
    }

    /// Forgets a batch with its journal and its rejects, after its effects were undone.
    pub async fn forget_batch(
        &self,
        session: &mut dyn Session,
        run: &str,
        phase: &str,
        seq: u64,
    ) -> Result<(), StoreError> {
        // The batch itself last: while it is there, a rollback that was killed comes back to it.
        for table in [&JOURNAL, &REJECTS] {
            let key = vec![Value::text(run), Value::text(phase), number(seq)];
            self.delete(session, table, &["run", "phase", "seq"], vec![key]).await?;
        }
        let id = format!("{run}/{phase}/{seq:09}");
        self.delete(session, &BATCHES, &["_id"], vec![vec![Value::text(id)]]).await
    }

    /// The journal of one batch, in order.
    pub async fn journal(
        &self,
        run: &str,
        phase: &str,
        seq: u64,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let filter = of_phase(phase, Some(run)).and(equal("seq", number(seq)));
        let rows = self.rows(&JOURNAL, filter).await?;
        let mut entries = rows
            .into_iter()
            .map(|mut row| {
                for _ in 0..3 {
                    row.text()?;
                }
                row.number()?;
                Ok(JournalEntry {
                    ordinal: row.number()?,
                    source: row.key()?,
                    id: row.key()?,
                    before: BeforeImage::decode(&row.bytes()?).ok_or_else(|| row.damaged())?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        entries.sort_by_key(|entry| entry.ordinal);
        Ok(entries)
    }
}

pub(super) fn batch_id(phase: &PhaseRecord, seq: u64) -> String {
    format!("{}/{seq:09}", phase.id())
}

/// The columns of a batch after `_id`; `None` when it has nothing to tell.
pub(super) fn batch_values(phase: &PhaseRecord, seq: u64, record: &BatchRecord) -> Option<Row> {
    let (first, last) = record.bounds()?;
    Some(vec![
        Value::text(&phase.run),
        Value::text(&phase.phase),
        number(seq),
        Value::bytes(first.as_bytes()),
        Value::bytes(last.as_bytes()),
        Value::bytes(record.encode()),
    ])
}

pub(super) fn journal_rows(phase: &PhaseRecord, seq: u64, journal: &[JournalEntry]) -> Vec<Row> {
    journal
        .iter()
        .map(|entry| {
            vec![
                Value::text(format!("{}/{:06}", batch_id(phase, seq), entry.ordinal)),
                Value::text(&phase.run),
                Value::text(&phase.phase),
                number(seq),
                number(entry.ordinal),
                Value::bytes(entry.source.as_bytes()),
                Value::bytes(entry.id.as_bytes()),
                Value::bytes(entry.before.encode()),
            ]
        })
        .collect()
}

pub(super) fn reject_rows(phase: &PhaseRecord, seq: u64, rejects: &[RejectRecord]) -> Vec<Row> {
    rejects
        .iter()
        .map(|reject| {
            vec![
                Value::text(format!("{}/{:06}", batch_id(phase, seq), reject.ordinal)),
                Value::text(&reject.run),
                Value::text(&reject.phase),
                number(seq),
                number(reject.ordinal),
                Value::bytes(reject.key.as_bytes()),
                Value::text(&reject.reason),
                reject.field.as_ref().map_or(Value::Null, Value::text),
                Value::text(&reject.message),
                Value::text(reject.state.name()),
            ]
        })
        .collect()
}

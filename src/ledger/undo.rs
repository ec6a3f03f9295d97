//! What rollback and retries change in the ledger.

use std::collections::{HashMap, HashSet};

use super::fields::{Fields, equal, number, of_phase, store_error};
use super::rejects::RETRIED;
use super::tables::{BATCHES, JOURNAL, REJECTS};
use super::{BatchRecord, Entry, Fate, Ledger, RejectRecord, RejectState};
use crate::connectors::{Session, StoreError, Update};
use crate::value::query::Filter;
use crate::value::{Key, Row, Value};

impl Ledger {
    /// Leaves of a batch only these entries, with the journal of those that were updated. Its
    /// rejects are forgotten.
    pub async fn reduce_batch(
        &self,
        session: &mut dyn Session,
        (run, phase, seq): (&str, &str, u64),
        record: &BatchRecord,
        undone: &[u64],
    ) -> Result<(), StoreError> {
        let id = format!("{run}/{phase}/{seq:09}");
        let Some((first, last)) = record.bounds() else {
            return self.forget_batch(session, run, phase, seq).await;
        };
        let rows = [vec![
            Value::text(&id),
            Value::bytes(first.as_bytes()),
            Value::bytes(last.as_bytes()),
            Value::bytes(record.encode()),
        ]];
        let set = ["first_key", "last_key", "record"].map(str::to_owned);
        let update =
            Update { entity: BATCHES.name, key: &["_id".to_owned()], set: &set, rows: &rows };
        session.update(update).await.map_err(store_error)?;
        let journal: Vec<Row> =
            undone.iter().map(|ordinal| vec![Value::text(format!("{id}/{ordinal:06}"))]).collect();
        if !journal.is_empty() {
            self.delete(session, &JOURNAL, &["_id"], journal).await?;
        }
        let key = vec![Value::text(run), Value::text(phase), number(seq)];
        self.delete(session, &REJECTS, &["run", "phase", "seq"], vec![key]).await
    }

    /// Forgets what is left of a phase's part of a run when all its batches are: rejects of
    /// batches that said nothing new.
    pub async fn forget_rest(
        &self,
        session: &mut dyn Session,
        run: &str,
        phase: &str,
    ) -> Result<(), StoreError> {
        let key = vec![Value::text(run), Value::text(phase)];
        self.delete(session, &REJECTS, &["run", "phase"], vec![key]).await
    }

    /// Opens the rejects of a run again that a later run, taken back now, had resolved. Those that
    /// were resolved by a retry stay so.
    pub async fn reopen_rejects(
        &self,
        session: &mut dyn Session,
        run: &str,
        phase: &str,
    ) -> Result<(), StoreError> {
        let mut newest: HashMap<Key, RejectRecord> = HashMap::new();
        for reject in self.rejects(of_phase(phase, Some(run))).await? {
            match newest.get(&reject.key) {
                Some(other) if (other.batch, other.ordinal) > (reject.batch, reject.ordinal) => {}
                _ => {
                    newest.insert(reject.key.clone(), reject);
                }
            }
        }
        if newest.is_empty() {
            return Ok(());
        }
        let mut arrived: HashSet<Key> = HashSet::new();
        for (run, seq, first, last) in self.batch_index(phase, Some(run)).await? {
            if !newest.keys().any(|key| *key >= first && *key <= last) {
                continue;
            }
            for Entry { key, fate, .. } in self.batch(&run, phase, seq).await?.entries {
                if newest.contains_key(&key) {
                    match fate {
                        Fate::Rejected(_) => arrived.remove(&key),
                        _ => arrived.insert(key),
                    };
                }
            }
        }
        newest.retain(|key, _| !arrived.contains(key));
        let mut rejects: Vec<RejectRecord> = newest.into_values().collect();
        for reject in &mut rejects {
            reject.state = RejectState::Open;
        }
        self.change_rejects(session, &rejects).await
    }

    /// Writes the state and the message of rejects that the ledger has.
    pub async fn change_rejects(
        &self,
        session: &mut dyn Session,
        rejects: &[RejectRecord],
    ) -> Result<(), StoreError> {
        if rejects.is_empty() {
            return Ok(());
        }
        let rows: Vec<Row> = rejects
            .iter()
            .map(|reject| {
                let RejectRecord { run, phase, batch, ordinal, .. } = reject;
                vec![
                    Value::text(format!("{run}/{phase}/{batch:09}/{ordinal:06}")),
                    Value::text(&reject.message),
                    Value::text(reject.state.name()),
                ]
            })
            .collect();
        let set = ["message", "state"].map(str::to_owned);
        let update =
            Update { entity: REJECTS.name, key: &["_id".to_owned()], set: &set, rows: &rows };
        session.update(update).await.map(|_| ()).map_err(store_error)
    }

    /// Rejects that still stand and those that do not, in order.
    pub(super) async fn rejects(&self, filter: Filter) -> Result<Vec<RejectRecord>, StoreError> {
        let rows = self.rows(&REJECTS, filter).await?;
        let mut rejects = rows.into_iter().map(reject).collect::<Result<Vec<_>, StoreError>>()?;
        rejects.sort_by(|a, b| (&a.run, a.batch, a.ordinal).cmp(&(&b.run, b.batch, b.ordinal)));
        Ok(rejects)
    }

    /// The rejects of a phase that still stand, in order.
    pub async fn open_rejects(&self, phase: &str) -> Result<Vec<RejectRecord>, StoreError> {
        let open = equal("state", Value::text(RejectState::Open.name()));
        self.rejects(of_phase(phase, None).and(open)).await
    }
}

fn reject(mut row: Fields) -> Result<RejectRecord, StoreError> {
    row.text()?;
    Ok(RejectRecord {
        run: row.text()?,
        phase: row.text()?,
        batch: row.number()?,
        ordinal: row.number()?,
        key: row.key()?,
        reason: row.text()?,
        field: row.optional_text()?,
        message: row.text()?,
        state: match row.text()?.as_str() {
            "open" => RejectState::Open,
            "resolved" => RejectState::Resolved,
            // Unless its batch is taken back, which opens it again.
            tried if tried.starts_with(RETRIED) => RejectState::Resolved,
            _ => return Err(row.damaged()),
        },
    })
}

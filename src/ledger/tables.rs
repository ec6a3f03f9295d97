//! The ledger's tables, and how its records go in and out of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    BatchRecord, BeforeImage, Counts, JournalEntry, ObjectKind, ObjectRecord, PhaseRecord,
    PhaseState, RejectRecord, RejectState, RunRecord, RunState,
};
use crate::connectors::{
    Definition, Delete, Insert, Layout, Session, Store, StoreError, StoreErrorKind, Update,
    WriteError,
};
use crate::value::query::{Comparison, Filter, Select};
use crate::value::{Column, DataType, Index, IndexKey, Key, Object, Row, Schema, Value, time};

/// A table of the ledger: its name and its columns after `_id`.
pub(super) struct Table {
    pub(super) name: &'static str,
    columns: &'static [(&'static str, DataType)],
}

const INT: DataType = DataType::INT64;
const TEXT: DataType = DataType::TEXT;

const RUNS: Table = Table {
    name: "mapper_runs",
    columns: &[
        ("spec", TEXT),
        ("version", TEXT),
        ("checksum", TEXT),
        ("command", TEXT),
        ("who", TEXT),
        ("started_at", TEXT),
        ("finished_at", TEXT),
        ("state", TEXT),
    ],
};

const PHASES: Table = Table {
    name: "mapper_phases",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("checksum", TEXT),
        ("state", TEXT),
        ("sources", INT),
        ("empty_sources", INT),
        ("read", INT),
        ("inserted", INT),
        ("updated", INT),
        ("unchanged", INT),
        ("skipped", INT),
        ("rejected", INT),
        ("reasons", TEXT),
        ("checkpoint", DataType::Bytes),
        ("batches", INT),
        ("now", TEXT),
        ("started_at", TEXT),
        ("finished_at", TEXT),
        ("seconds", DataType::FLOAT64),
        ("expected", INT),
        ("error", TEXT),
        ("target", TEXT),
    ],
};

pub(super) const BATCHES: Table = Table {
    name: "mapper_batches",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("seq", INT),
        ("first_key", DataType::Bytes),
        ("last_key", DataType::Bytes),
        ("record", DataType::Bytes),
    ],
};

pub(super) const JOURNAL: Table = Table {
    name: "mapper_journal",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("seq", INT),
        ("ordinal", INT),
        ("source_key", DataType::Bytes),
        ("target_id", DataType::Bytes),
        ("before", DataType::Bytes),
    ],
};

pub(super) const REJECTS: Table = Table {
    name: "mapper_rejects",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("seq", INT),
        ("ordinal", INT),
        ("source_key", DataType::Bytes),
        ("reason", TEXT),
        ("field", TEXT),
        ("message", TEXT),
        ("state", TEXT),
    ],
};

const OBJECTS: Table = Table {
    name: "mapper_objects",
    columns: &[("run", TEXT), ("kind", TEXT), ("entity", TEXT), ("name", TEXT)],
};

/// Facts that belong to no run: the fixtures' marker, accepted checksums.
const FACTS: Table = Table { name: "mapper_facts", columns: &[("value", TEXT)] };

const ALL: &[&Table] = &[&RUNS, &PHASES, &BATCHES, &JOURNAL, &REJECTS, &OBJECTS, &FACTS];

/// Whether a table or collection is one of the ledger's.
pub fn is_ledger_table(entity: &str) -> bool {
    entity.starts_with("mapper_")
}

/// Access to the ledger of one store.
///
/// Reads see what was committed; writes go through the session that also writes the data, and
/// become durable with it.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Arc<dyn Store>,
}

impl Ledger {
    /// The ledger of a store. Nothing is created yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Whether the store has a ledger.
    pub async fn exists(&self) -> Result<bool, StoreError> {
        Ok(self.store.describe(FACTS.name).await?.is_some())
    }

    /// Creates the ledger's tables, unless they are there.
    pub async fn create(&self, session: &mut dyn Session) -> Result<(), StoreError> {
        if self.exists().await? {
            return Ok(());
        }
        let documents = self.store.capabilities().documents;
        for table in ALL {
            let entity = table.name.to_owned();
            let definition = if documents {
                Definition::CreateCollection { entity }
            } else {
                Definition::CreateTable { entity, schema: table.schema() }
            };
            session.define(&definition).await?;
        }
        for (table, keys) in [
            (&BATCHES, &["phase", "run", "seq"][..]),
            (&JOURNAL, &["phase", "run", "seq"]),
            (&REJECTS, &["phase", "state"]),
        ] {
            let keys = keys
                .iter()
                .map(|key| IndexKey { path: (*key).to_owned(), descending: false })
                .collect();
            let index = Index { name: format!("{}_by_phase", table.name), keys, unique: false };
            let entity = table.name.to_owned();
            session.define(&Definition::CreateIndex { entity, index }).await?;
        }
        Ok(())
    }

    // Runs

    /// Writes a run, new or changed.
    pub async fn save_run(
        &self,
        session: &mut dyn Session,
        run: &RunRecord,
    ) -> Result<(), StoreError> {
        let values = vec![
            Value::text(&run.spec),
            Value::text(&run.version),
            Value::text(&run.checksum),
            Value::text(&run.command),
            Value::text(&run.who),
            moment(run.started_at),
            run.finished_at.map_or(Value::Null, moment),
            Value::text(run.state.name()),
        ];
        self.save(session, &RUNS, &run.id, values).await
    }

    /// The runs of a spec (or of all), oldest first.
    pub async fn runs(&self, spec: Option<&str>) -> Result<Vec<RunRecord>, StoreError> {
        let filter = spec.map_or(Filter::All, |spec| equal("spec", Value::text(spec)));
        let rows = self.rows(&RUNS, filter).await?;
        let mut runs = rows
            .into_iter()
            .map(|mut row| {
                Ok(RunRecord {
                    id: row.text()?,
                    spec: row.text()?,
                    version: row.text()?,
                    checksum: row.text()?,
                    command: row.text()?,
                    who: row.text()?,
                    started_at: row.moment()?,
                    finished_at: row.optional_moment()?,
                    state: RunState::from_name(&row.text()?).ok_or_else(|| row.damaged())?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(runs)
    }

    // Phases

    /// Writes a phase's record, new or changed.
    pub async fn save_phase(
        &self,
        session: &mut dyn Session,
        phase: &PhaseRecord,
    ) -> Result<(), StoreError> {
        let counts = &phase.counts;
        let values = vec![
            Value::text(&phase.run),
            Value::text(&phase.phase),
            Value::text(&phase.checksum),
            Value::text(phase.state.name()),
            number(counts.sources),
            number(counts.empty_sources),
            number(counts.read),
            number(counts.inserted),
            number(counts.updated),
            number(counts.unchanged),
            number(counts.skipped),
            number(counts.rejected),
            json(&counts.reasons)?,
            phase.checkpoint.as_ref().map_or(Value::Null, Value::bytes),
            number(phase.batches),
            moment(phase.now),
            moment(phase.started_at),
            phase.finished_at.map_or(Value::Null, moment),
            Value::Float(phase.seconds),
            phase.expected.map_or(Value::Null, number),
            phase.error.as_ref().map_or(Value::Null, Value::text),
            json(&phase.target)?,
        ];
        self.save(session, &PHASES, &phase.id(), values).await
    }

    /// The records of a phase (or of all), oldest run first.
    pub async fn phases(&self, phase: Option<&str>) -> Result<Vec<PhaseRecord>, StoreError> {
        let filter = phase.map_or(Filter::All, |phase| equal("phase", Value::text(phase)));
        let rows = self.rows(&PHASES, filter).await?;
        let mut phases = rows
            .into_iter()
            .map(|mut row| {
                row.text()?;
                Ok(PhaseRecord {
                    run: row.text()?,
                    phase: row.text()?,
                    checksum: row.text()?,
                    state: PhaseState::from_name(&row.text()?).ok_or_else(|| row.damaged())?,
                    counts: Counts {
                        sources: row.number()?,
                        empty_sources: row.number()?,
                        read: row.number()?,
                        inserted: row.number()?,
                        updated: row.number()?,
                        unchanged: row.number()?,
                        skipped: row.number()?,
                        rejected: row.number()?,
                        reasons: row.json()?,
                    },
                    checkpoint: row.optional_bytes()?,
                    batches: row.number()?,
                    now: row.moment()?,
                    started_at: row.moment()?,
                    finished_at: row.optional_moment()?,
                    seconds: row.float()?,
                    expected: row.optional_number()?,
                    error: row.optional_text()?,
                    target: row.json()?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        phases.sort_by(|a, b| (&a.run, a.started_at).cmp(&(&b.run, b.started_at)));
        Ok(phases)
    }

    // Batches

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
        if let Some((first, last)) = record.bounds() {
            let row = vec![
                Value::text(batch_id(phase, seq)),
                Value::text(&phase.run),
                Value::text(&phase.phase),
                number(seq),
                Value::bytes(first.as_bytes()),
                Value::bytes(last.as_bytes()),
                Value::bytes(record.encode()),
            ];
            self.insert(session, &BATCHES, vec![row]).await?;
        }
        let rows = journal
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
            .collect();
        self.insert(session, &JOURNAL, rows).await?;
        let rows = rejects
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
            .collect();
        self.insert(session, &REJECTS, rows).await
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
        let id = format!("{run}/{phase}/{seq:09}");
        self.delete(session, &BATCHES, &["_id"], vec![vec![Value::text(id)]]).await?;
        for table in [&JOURNAL, &REJECTS] {
            let key = vec![Value::text(run), Value::text(phase), number(seq)];
            self.delete(session, table, &["run", "phase", "seq"], vec![key]).await?;
        }
        Ok(())
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

    // Rejects

    /// Marks rejects as resolved.
    pub async fn resolve_rejects(
        &self,
        session: &mut dyn Session,
        rejects: &[RejectRecord],
    ) -> Result<(), StoreError> {
        let rows: Vec<Row> = rejects
            .iter()
            .map(|reject| {
                let id = format!(
                    "{}/{}/{:09}/{:06}",
                    reject.run, reject.phase, reject.batch, reject.ordinal
                );
                vec![Value::text(id), Value::text(RejectState::Resolved.name())]
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let update = Update {
            entity: REJECTS.name,
            key: &["_id".to_owned()],
            set: &["state".to_owned()],
            rows: &rows,
        };
        session.update(update).await.map(|_| ()).map_err(store_error)
    }

    // Objects

    /// Records something that a run created.
    pub async fn add_object(
        &self,
        session: &mut dyn Session,
        object: &ObjectRecord,
    ) -> Result<(), StoreError> {
        let row = vec![
            Value::text(object_id(object)),
            Value::text(&object.run),
            Value::text(object.kind.name()),
            Value::text(&object.entity),
            Value::text(&object.name),
        ];
        self.insert(session, &OBJECTS, vec![row]).await
    }

    /// What a run created, in order of creation.
    pub async fn objects(&self, run: &str) -> Result<Vec<ObjectRecord>, StoreError> {
        let rows = self.rows(&OBJECTS, equal("run", Value::text(run))).await?;
        rows.into_iter()
            .map(|mut row| {
                row.text()?;
                let run = row.text()?;
                let kind = match row.text()?.as_str() {
                    "entity" => ObjectKind::Entity,
                    "index" => ObjectKind::Index,
                    _ => return Err(row.damaged()),
                };
                Ok(ObjectRecord { run, kind, entity: row.text()?, name: row.text()? })
            })
            .collect()
    }

    /// Forgets something that a run created, after it was removed.
    pub async fn forget_object(
        &self,
        session: &mut dyn Session,
        object: &ObjectRecord,
    ) -> Result<(), StoreError> {
        let key = vec![Value::text(object_id(object))];
        self.delete(session, &OBJECTS, &["_id"], vec![key]).await
    }

    // Facts

    /// A fact, by name.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        if !self.exists().await? {
            return Ok(None);
        }
        let rows = self.rows(&FACTS, equal("_id", Value::text(name))).await?;
        match rows.into_iter().next() {
            Some(mut row) => {
                row.text()?;
                Ok(Some(row.text()?))
            }
            None => Ok(None),
        }
    }

    /// Writes a fact, new or changed.
    pub async fn set_fact(
        &self,
        session: &mut dyn Session,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        self.save(session, &FACTS, name, vec![Value::text(value)]).await
    }

    // Rows in and out

    pub(super) async fn rows(
        &self,
        table: &Table,
        filter: Filter,
    ) -> Result<Vec<Fields>, StoreError> {
        let select = Select {
            entity: table.name.to_owned(),
            columns: Some(table.names()),
            filter,
            ..Select::default()
        };
        let rows = self.store.select(&select).await?;
        Ok(rows.rows.into_iter().map(|row| Fields::new(row, table)).collect())
    }

    async fn insert(
        &self,
        session: &mut dyn Session,
        table: &Table,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let names = table.names();
        let (layout, rows) = if self.store.capabilities().documents {
            let documents = rows
                .into_iter()
                .map(|row| {
                    let fields = names.iter().map(String::as_str).zip(row);
                    vec![Value::object(fields.collect::<Object>())]
                })
                .collect();
            (Layout::Document, documents)
        } else {
            (Layout::Columns(names.into()), rows)
        };
        let insert = Insert { entity: table.name, layout: &layout, rows: &rows, returning: &[] };
        session.insert(insert).await.map(|_| ()).map_err(store_error)
    }

    async fn save(
        &self,
        session: &mut dyn Session,
        table: &Table,
        id: &str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        let set: Vec<String> = table.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut row = vec![Value::text(id)];
        row.extend(values);
        let rows = [row];
        let update =
            Update { entity: table.name, key: &["_id".to_owned()], set: &set, rows: &rows };
        if session.update(update).await.map_err(store_error)? == 0 {
            let [row] = rows;
            self.insert(session, table, vec![row]).await?;
        }
        Ok(())
    }

    pub(super) async fn delete(
        &self,
        session: &mut dyn Session,
        table: &Table,
        key: &[&str],
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        let delete = Delete { entity: table.name, key: &key, rows: &rows };
        session.delete(delete).await.map(|_| ()).map_err(store_error)
    }
}

impl Table {
    fn names(&self) -> Vec<String> {
        std::iter::once("_id")
            .chain(self.columns.iter().map(|(name, _)| *name))
            .map(str::to_owned)
            .collect()
    }

    fn schema(&self) -> Schema {
        let column = |name: &str, data_type: &DataType, nullable| Column {
            name: name.to_owned(),
            data_type: data_type.clone(),
            declared: String::new(),
            nullable,
            has_default: false,
            generated: false,
        };
        let mut columns = vec![column("_id", &TEXT, false)];
        columns.extend(self.columns.iter().map(|(name, data_type)| column(name, data_type, true)));
        Schema { columns, primary_key: vec!["_id".to_owned()], ..Schema::default() }
    }
}

/// A ledger row whose values are taken one after the other.
pub(super) struct Fields {
    values: std::vec::IntoIter<Value>,
    table: &'static str,
}

impl Fields {
    fn new(row: Row, table: &Table) -> Self {
        Self { values: row.into_iter(), table: table.name }
    }

    pub(super) fn damaged(&self) -> StoreError {
        let message = format!("the ledger's table `{}` holds something unreadable", self.table);
        StoreError::new(StoreErrorKind::Corrupt, message)
    }

    fn next(&mut self) -> Value {
        self.values.next().unwrap_or_default()
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        self.optional_text()?.ok_or_else(|| self.damaged())
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next() {
            Value::Missing | Value::Null => Ok(None),
            value => match value.canonical_text() {
                Some(text) => Ok(Some(text.into_owned())),
                None => Err(self.damaged()),
            },
        }
    }

    pub(super) fn number(&mut self) -> Result<u64, StoreError> {
        self.optional_number()?.ok_or_else(|| self.damaged())
    }

    fn optional_number(&mut self) -> Result<Option<u64>, StoreError> {
        match self.next() {
            Value::Missing | Value::Null => Ok(None),
            Value::Int(value) => value.try_into().map(Some).map_err(|_| self.damaged()),
            _ => Err(self.damaged()),
        }
    }

    fn float(&mut self) -> Result<f64, StoreError> {
        match self.next() {
            Value::Float(value) => Ok(value),
            #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
            Value::Int(value) => Ok(value as f64),
            Value::Decimal(value) => value.to_f64().ok_or_else(|| self.damaged()),
            _ => Err(self.damaged()),
        }
    }

    fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.optional_bytes()?.ok_or_else(|| self.damaged())
    }

    fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.next() {
            Value::Missing | Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes.to_vec())),
            _ => Err(self.damaged()),
        }
    }

    pub(super) fn key(&mut self) -> Result<Key, StoreError> {
        self.bytes().map(Key::from_bytes)
    }

    fn moment(&mut self) -> Result<DateTime<Utc>, StoreError> {
        self.optional_moment()?.ok_or_else(|| self.damaged())
    }

    fn optional_moment(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        match self.next() {
            Value::Missing | Value::Null => Ok(None),
            Value::Timestamp(at) => Ok(Some(at)),
            Value::Text(text) => {
                time::parse_timestamp(&text).map(Some).ok_or_else(|| self.damaged())
            }
            _ => Err(self.damaged()),
        }
    }

    fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        serde_json::from_str(&self.text()?).map_err(|_| self.damaged())
    }
}

fn moment(at: DateTime<Utc>) -> Value {
    Value::text(time::timestamp_text(at))
}

pub(super) fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn json<T: serde::Serialize>(value: &T) -> Result<Value, StoreError> {
    serde_json::to_string(value)
        .map(Value::from)
        .map_err(|error| StoreError::new(StoreErrorKind::Internal, error.to_string()))
}

pub(super) fn equal(path: &str, value: Value) -> Filter {
    Filter::Compare { path: path.to_owned(), operator: Comparison::Equal, value }
}

pub(super) fn of_phase(phase: &str, run: Option<&str>) -> Filter {
    let filter = equal("phase", Value::text(phase));
    match run {
        Some(run) => filter.and(equal("run", Value::text(run))),
        None => filter,
    }
}

fn batch_id(phase: &PhaseRecord, seq: u64) -> String {
    format!("{}/{seq:09}", phase.id())
}

fn object_id(object: &ObjectRecord) -> String {
    format!("{}/{}/{}/{}", object.run, object.kind.name(), object.entity, object.name)
}

pub(super) fn store_error(error: WriteError) -> StoreError {
    match error {
        WriteError::Store(error) => error,
        WriteError::Record(violation) => StoreError::new(
            StoreErrorKind::Internal,
            format!("the ledger refuses its own record ({})", violation.kind.reason()),
        ),
    }
}

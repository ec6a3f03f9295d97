//! The published id map: a row per source key, for whoever reads the store with tools of its own.
//!
//! Batches hold keys and ids packed, which no query takes apart. So the map is written out on demand
//! into `mapper_ids`, and `mapper_mappings` is a view of it beside the runs. A store without tables
//! has `mapper_mappings` as a collection with the same fields.

use super::access::Ledger;
use super::fields::{equal, store_error};
use super::tables::{IDS, MAPPINGS, PHASES, RUNS, Table};
use super::{PhaseRecord, PhaseState, RunRecord};
use crate::connectors::{Definition, Layout, Session, StoreError, View, ViewTable};
use crate::value::query::Filter;
use crate::value::{Index, IndexKey, Row, Value, time};

/// A row of the published id map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The phase, by its name in history.
    pub phase: String,
    /// The table or collection that the key is from; `None` for queries and files.
    pub source: Option<String>,
    /// The table or collection that the record went to.
    pub target: String,
    /// The source key as text.
    pub legacy_key: String,
    /// The id in the target as text.
    pub new_id: Option<String>,
    /// What became of the record last.
    pub fate: String,
    /// The run that says so.
    pub run: String,
}

impl Ledger {
    fn mappings_table(&self) -> &'static Table {
        if self.store.capabilities().documents { &MAPPINGS } else { &IDS }
    }

    /// Makes what the published id map needs, as far as it is not there.
    pub async fn create_mappings(&self, session: &mut dyn Session) -> Result<(), StoreError> {
        let table = self.mappings_table();
        let entity = table.name.to_owned();
        self.create_table(session, table).await?;
        for (name, keys) in [
            ("by_legacy_key", &["phase", "legacy_key"][..]),
            ("by_new_id", &["new_id"]),
            ("by_run", &["run"]),
        ] {
            let key = |key: &&str| IndexKey { path: (*key).to_owned(), descending: false };
            let index = Index {
                name: format!("{}_{name}", table.name),
                keys: keys.iter().map(key).collect(),
                unique: false,
            };
            let known = session.describe(&entity).await?;
            if known.is_none_or(|known| known.indexes.iter().all(|other| other.name != index.name))
            {
                let entity = entity.clone();
                session.define(&Definition::CreateIndex { entity, index }).await?;
            }
        }
        if table.name == IDS.name && session.describe(MAPPINGS.name).await?.is_none() {
            let entity = MAPPINGS.name.to_owned();
            session.define(&Definition::CreateView { entity, view: view() }).await?;
        }
        Ok(())
    }

    /// What the id map of a phase is made of: another text when it may be another one, and `None` when
    /// there is nothing of it.
    pub async fn mappings_version(&self, phase: &str) -> Result<Option<String>, StoreError> {
        let batches = self.batch_index(phase, None).await?;
        let mut text = String::new();
        for record in self.phases(Some(phase)).await? {
            let finished = batches
                .iter()
                .filter(|(run, seq, ..)| *run == record.run && *seq < record.batches)
                .count();
            // A run that found nothing new leaves the map as it is.
            if finished > 0 && record.state != PhaseState::RolledBack {
                let at = record.finished_at.map(time::timestamp_text).unwrap_or_default();
                text.push_str(&format!("{} {finished} {} {at}\n", record.run, record.counts.read));
            }
        }
        let hash = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        Ok((!text.is_empty()).then(|| format!("{hash:016x}")))
    }

    /// The version of a phase's id map that is published; `None` when it is not.
    pub async fn published_version(&self, phase: &str) -> Result<Option<String>, StoreError> {
        self.fact(&fact(phase)).await
    }

    /// Notes which version of a phase's id map is published.
    pub async fn set_published(
        &self,
        session: &mut dyn Session,
        phase: &str,
        version: &str,
    ) -> Result<(), StoreError> {
        self.set_fact(session, &fact(phase), version).await
    }

    /// Takes a phase out of the published id map.
    pub async fn forget_mappings(
        &self,
        session: &mut dyn Session,
        phase: &str,
    ) -> Result<(), StoreError> {
        let key = vec![vec![Value::text(phase)]];
        self.delete(session, self.mappings_table(), &["phase"], key).await
    }

    /// Whether rows are put into the published id map by a stream: then
    /// [`Ledger::end_mappings`] comes before anything else.
    pub async fn streams_mappings(&self, session: &mut dyn Session) -> Result<bool, StoreError> {
        if self.store.capabilities().documents {
            return Ok(false);
        }
        session.streams(IDS.name, &Layout::Columns(IDS.names().into())).await
    }

    /// Puts rows of a phase into the published id map. `first` is the number of the first of them;
    /// `runs` and `phases` are those that the rows name.
    pub async fn append_mappings(
        &self,
        session: &mut dyn Session,
        first: u64,
        mappings: Vec<Mapping>,
        stream: bool,
        of_run: impl Fn(&str) -> (Option<RunRecord>, Option<PhaseRecord>),
    ) -> Result<(), StoreError> {
        let table = self.mappings_table();
        let documents = table.name == MAPPINGS.name;
        let row = |(number, mapping): (u64, Mapping)| -> Row {
            let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
            let mut row = vec![
                Value::from(format!("{}/{number:012}", mapping.phase)),
                Value::from(mapping.phase),
                text(mapping.source),
                Value::from(mapping.target),
                Value::from(mapping.legacy_key),
                text(mapping.new_id),
                Value::from(mapping.fate),
            ];
            let (run, phase) = if documents { of_run(&mapping.run) } else { (None, None) };
            row.push(Value::from(mapping.run));
            if documents {
                let at =
                    |at: Option<chrono::DateTime<chrono::Utc>>| text(at.map(time::timestamp_text));
                row.push(text(run.as_ref().map(|run| run.spec.clone())));
                row.push(text(run.map(|run| run.who)));
                row.push(at(phase.as_ref().map(|phase| phase.started_at)));
                row.push(at(phase.and_then(|phase| phase.finished_at)));
            }
            row
        };
        let rows: Vec<Row> = (first..).zip(mappings).map(row).collect();
        if stream {
            let layout = Layout::Columns(IDS.names().into());
            session.stream(IDS.name, &layout, rows).await.map_err(store_error)
        } else {
            self.insert(session, table, rows).await
        }
    }

    /// Waits until all streamed rows are in.
    pub async fn end_mappings(&self, session: &mut dyn Session) -> Result<(), StoreError> {
        session.end_stream().await.map_err(store_error)
    }

    /// How many rows the published id map has of a phase.
    pub async fn count_mappings(&self, phase: &str) -> Result<u64, StoreError> {
        let filter: Filter = equal("phase", Value::text(phase));
        self.store.count(self.mappings_table().name, &filter).await
    }
}

fn fact(phase: &str) -> String {
    format!("mappings of {phase}")
}

/// `mapper_mappings` where there are tables.
fn view() -> View {
    let same = |names: &[&str]| -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let own: Vec<&str> = IDS.columns.iter().map(|(name, _)| *name).collect();
    View {
        tables: vec![
            ViewTable {
                entity: IDS.name.to_owned(),
                on: Vec::new(),
                columns: same(&own),
                without: None,
            },
            ViewTable {
                entity: RUNS.name.to_owned(),
                on: vec![pair("_id", "run")],
                columns: same(&["spec", "who"]),
                without: None,
            },
            ViewTable {
                entity: PHASES.name.to_owned(),
                on: vec![pair("run", "run"), pair("phase", "phase")],
                columns: same(&["started_at", "finished_at"]),
                // What was taken back is gone from here at once.
                without: Some(pair("state", PhaseState::RolledBack.name())),
            },
        ],
    }
}

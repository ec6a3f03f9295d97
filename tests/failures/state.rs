//! What a database holds, as text that two databases can be compared by.

use std::collections::BTreeSet;

use mapper::connectors::{self, ConnectionConfig, Model, Policies, Store};
use mapper::ledger::{Fate, KeyMap, Ledger, PhaseState, RunState};
use mapper::value::query::Select;

/// A database's content, and what its ledger says of every record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Every record but the ledger's, and the indexes, sorted.
    pub data: Vec<String>,
    /// Of each phase's first run that stands: its counts, and every key with its fate, id and hash;
    /// sorted. A run that was disturbed after all phases were done is not gone on with.
    pub fates: Vec<String>,
    /// Every phase and key that arrived, in any run that stands.
    pub arrived: BTreeSet<String>,
    /// What is written in the ledger for people: runs, phases, rejects.
    pub ledger: String,
    /// Phases whose counts add up.
    pub conserved: usize,
    /// Whether the newest run is over, so that the next is another one.
    pub is_over: bool,
}

impl State {
    /// Reads it.
    pub fn of(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(read(url))
    }

    /// How many records an entity has.
    pub fn rows(&self, entity: &str) -> usize {
        let start = format!("{entity}: [");
        self.data.iter().filter(|line| line.starts_with(&start)).count()
    }

    /// Fails when the other one differs, with the first lines that do.
    pub fn assert_is(&self, expected: &Self, when: &str) {
        assert_same(&self.data, &expected.data, when);
        assert_same(&self.fates, &expected.fates, when);
    }
}

/// Fails when lines differ, with the first that do.
pub fn assert_same(lines: &[String], expected: &[String], when: &str) {
    let missing: Vec<_> = expected.iter().filter(|line| !lines.contains(line)).take(3).collect();
    let odd: Vec<_> = lines.iter().filter(|line| !expected.contains(line)).take(3).collect();
    assert!(lines == expected, "{when}: missing {missing:#?}, in their place {odd:#?}");
}

async fn read(url: &str) -> State {
    let config = ConnectionConfig {
        name: "state".into(),
        url: url.to_owned(),
        model: if url.starts_with("mongodb") { Model::Documents } else { Model::Tables },
        policies: Policies::default(),
        files: None,
        create: false,
    };
    let store = connectors::open(&config).await.unwrap();
    let data = data(&*store).await;
    let ledger = Ledger::new(store.clone());
    let (mut fates, mut arrived) = (Vec::new(), BTreeSet::new());
    let (mut told, mut conserved) = (String::new(), 0);
    let (mut phases, mut is_over) = (BTreeSet::new(), false);
    if ledger.exists().await.unwrap() {
        let runs = ledger.runs(None).await.unwrap();
        is_over = runs.last().is_some_and(|run| run.state == RunState::Completed);
        let mut records = ledger.phases(None).await.unwrap();
        records.sort_by(|a, b| a.run.cmp(&b.run));
        for record in records {
            if record.state == PhaseState::RolledBack {
                continue;
            }
            assert!(record.counts.is_conserved(), "{:?}", record.counts);
            conserved += 1;
            if !phases.insert(record.phase.clone()) {
                continue;
            }
            fates.push(format!("{} {:?} {:?}", record.phase, record.state, record.counts));
            let mut map = KeyMap::open(&ledger, &record.phase).await.unwrap();
            for index in 0..map.batches() {
                let Some(batch) = map.batch(index).await.unwrap() else { continue };
                for known in batch {
                    let entry = known.entry;
                    if matches!(entry.fate, Fate::Inserted | Fate::Updated | Fate::Unchanged) {
                        arrived.insert(format!("{} {}", record.phase, entry.key.display(true)));
                    }
                    if *known.run != *record.run {
                        continue;
                    }
                    let (key, id) = (entry.key.display(true), entry.id.map(|id| id.display(true)));
                    let (fate, hash) = (entry.fate, entry.hash);
                    fates.push(format!("{} {key} {fate:?} {id:?} {hash:?}", record.phase));
                }
            }
        }
    }
    for table in ["mapper_runs", "mapper_phases", "mapper_rejects"] {
        let select = Select { entity: table.to_owned(), ..Select::default() };
        if let Ok(rows) = store.select(&select).await {
            told.push_str(&format!("{:?}", rows.rows));
        }
    }
    store.close().await;
    fates.sort();
    State { data, fates, arrived, ledger: told, conserved, is_over }
}

/// Every record but the ledger's, and the indexes, sorted.
pub async fn data(store: &dyn Store) -> Vec<String> {
    let mut lines = Vec::new();
    for entity in store.entities().await.unwrap() {
        lines.push(entity.clone());
        let select = Select { entity: entity.clone(), ..Select::default() };
        for row in store.select(&select).await.unwrap().rows {
            lines.push(format!("{entity}: {row:?}"));
        }
        let schema = store.describe(&entity).await.unwrap();
        for index in schema.into_iter().flat_map(|schema| schema.indexes) {
            lines.push(format!("{entity}: {index:?}"));
        }
    }
    lines.sort();
    lines
}

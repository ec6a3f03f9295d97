//! A small spec over documents in a store without transactions.

use std::path::Path;
use std::sync::Arc;

use mapper::connectors::{self, Model};
use mapper::document::Environment;
use mapper::ledger::Fate;
use mapper::plan::Plan;
use mapper::rollback::{self, Request, RollbackOutcome, Scope};
use mapper::run::{
    self, Cancel, NodeState, Options, Outcome, Retried, RunError, Silent, Stores, fixtures,
};
use mapper::value::Value;

use super::alone::{Alone, Fuse};
use crate::seeds::world::load;

/// Inserts that a unique index refuses, whole records, a phase that changes what it reads, conflicts
/// that are updated, and an append.
const SPEC: &str = r#"
spec = 1
name = "shop"

[connections.db]
url = "${DB}"
model = "documents"
fixtures = "fixtures"

[[index]]
connection = "db"
collection = "lines"
keys = ["label"]
unique = true
when = "before"

[phase.lines]
source = { connection = "db", collection = "orders", explode = "items[*]", as = "item" }
target = { connection = "db", collection = "lines", key = ["code"], on_conflict = "skip" }
transaction = "record"
on_duplicate = "first"
batch = 3
[phase.lines.fields]
_id = { id = "objectid" }
code = "item.code"
label = "item.label"
order = "_id"

[phase.raise]
after = ["lines"]
source = { connection = "db", collection = "orders" }
target = { connection = "db", collection = "orders", key = ["_id"], write = "patch" }
batch = 3
[phase.raise.fields]
_id = "_id"
total = { expr = "total + 1" }
"state.raised" = { value = true }

[phase.stock]
after = ["raise"]
source = { connection = "db", collection = "orders" }
target = { connection = "db", collection = "stock", key = ["order"], on_conflict = "update" }
batch = 4
[phase.stock.fields]
_id = { id = "objectid" }
order = "_id"
total = "total"

[phase.log]
after = ["stock"]
source = { connection = "db", collection = "orders" }
target = { connection = "db", collection = "log", write = "append" }
batch = 4
[phase.log.fields]
_id = { id = "objectid" }
order = "_id"
total = "total"
"#;

const ORDERS: &str = r#"{"_id":1,"total":10,"items":[{"code":"a","label":"A"},{"code":"b","label":"B"}]}
{"_id":2,"total":20,"items":[{"code":"c","label":"C"},{"code":"d","label":"A"},{"code":"e","label":"E"}]}
{"_id":3,"total":30,"state":{"raised":false},"items":[{"code":"f","label":"F"},{"code":"a","label":"G"}]}
{"_id":4,"total":40,"items":[]}
{"_id":5,"total":50,"items":[{"code":"h","label":"H"},{"code":"i","label":"H"}]}
{"_id":6,"total":60,"items":[{"code":"i","label":"I"},{"code":"old","label":"J"}]}
{"_id":7,"total":"many","items":[{"code":"k","label":"K"}]}
{"_id":8,"total":80,"items":[{"code":"l","label":"L"}]}
"#;

const LINES: &str = r#"{"_id":"kept","code":"old","label":"O"}
"#;

const STOCK: &str = r#"{"_id":"s2","order":2,"total":0,"note":"mine"}
{"_id":"s5","order":5,"total":51}
{"_id":"s6","order":6,"total":1}
"#;

pub struct World {
    _folder: tempfile::TempDir,
    pub plan: Plan,
}

impl World {
    /// The small spec with its fixtures.
    pub fn new() -> Self {
        Self::with(SPEC, &[("orders", ORDERS), ("lines", LINES), ("stock", STOCK)])
    }

    pub fn with(spec: &str, fixtures: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("fixtures")).unwrap();
        for (name, text) in fixtures {
            let path = folder.path().join(format!("fixtures/{name}.jsonl"));
            std::fs::write(path, text).unwrap();
        }
        let path = folder.path().join("shop.toml");
        std::fs::write(&path, spec).unwrap();
        Self::load(folder, &path, "DB")
    }

    /// A shipped spec, on a database of its own.
    pub fn shipped(spec: &Path, variable: &str) -> Self {
        Self::load(tempfile::tempdir().unwrap(), spec, variable)
    }

    fn load(folder: tempfile::TempDir, spec: &Path, variable: &str) -> Self {
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let plan = load(spec, &Environment::from_iter([(variable.to_owned(), url)]));
        Self { _folder: folder, plan }
    }

    /// The stores of one process, which die as the fuse says.
    pub async fn stores(&self, fuse: &Arc<Fuse>) -> Stores {
        let mut config = self.plan.connections[0].config.clone();
        config.create = true;
        let store = Alone::shared(connectors::open(&config).await.unwrap(), fuse);
        Stores::from_stores(self.plan.connections.iter().map(|_| Arc::clone(&store)).collect())
    }

    /// Fills the database. Every process does this first.
    pub async fn fill(&self, fuse: &Arc<Fuse>) -> Result<u64, RunError> {
        let stores = self.stores(fuse).await;
        let folder = self.plan.connections[0].fixtures.clone().unwrap();
        fixtures::fill_store(stores.get(0), &folder).await
    }

    /// Runs in a process of its own.
    pub async fn try_run(&self, fuse: &Arc<Fuse>) -> Result<Outcome, RunError> {
        let options = Options {
            now: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            checks: false,
            ..Options::default()
        };
        let stores = self.stores(fuse).await;
        let plan = Arc::new(self.plan.clone());
        run::run(plan, stores, Arc::new(options), Arc::new(Silent), Cancel::default()).await
    }

    /// Whether the one run is over, for the ledger.
    pub async fn is_over(&self) -> bool {
        let known = "SELECT 1 FROM sqlite_schema WHERE name = 'mapper_runs'";
        let over = "SELECT 1 FROM mapper_runs WHERE document ->> 'state' = 'completed'";
        !self.query(known).await.is_empty() && !self.query(over).await.is_empty()
    }

    /// Goes on with the one run to its end.
    pub async fn go_on(&self) {
        if !self.is_over().await {
            self.run().await;
        }
    }

    /// Runs to the end.
    pub async fn run(&self) -> Outcome {
        let outcome = self.try_run(&Fuse::never()).await.unwrap();
        assert!(is_done(&outcome), "{:#?}", outcome.nodes);
        outcome
    }

    pub async fn undo(&self, fuse: &Arc<Fuse>) -> Result<RollbackOutcome, RunError> {
        let request = Request { scope: Scope::All, ..Request::default() };
        let stores = self.stores(fuse).await;
        rollback::rollback(&self.plan, &stores, &request, &Silent, &Cancel::default()).await
    }

    /// Tries the rejects of a phase again.
    pub async fn retry(&self, phase: &str, fuse: &Arc<Fuse>) -> Result<Retried, RunError> {
        let index = self.plan.phases.iter().position(|other| other.name == phase).unwrap();
        let stores = self.stores(fuse).await;
        let options = Options::default();
        run::retry(&self.plan, index, &stores, &options, &Silent, &Cancel::default()).await
    }

    /// Changes the database behind mapper's back.
    pub async fn execute(&self, script: &str) {
        let store = self.tables().await;
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        let script = connectors::Definition::Script(script.to_owned());
        session.define(&script).await.unwrap();
        session.commit().await.unwrap();
    }

    async fn tables(&self) -> Arc<dyn connectors::Store> {
        let mut config = self.plan.connections[0].config.clone();
        config.model = Model::Tables;
        connectors::open(&config).await.unwrap()
    }

    pub async fn query(&self, query: &str) -> Vec<String> {
        let rows = self.tables().await.query(query).await.unwrap().rows;
        let mut lines: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        lines.sort();
        lines
    }

    /// Everything but the ledger.
    pub async fn data(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for entity in self.tables().await.entities().await.unwrap() {
            lines.push(entity.clone());
            lines.extend(self.query(&format!("SELECT document FROM \"{entity}\"")).await);
        }
        let indexes =
            "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name NOT LIKE 'mapper%'";
        lines.extend(self.query(indexes).await);
        lines
    }

    /// The ledger without what differs from run to run.
    pub async fn ledger(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for table in ["phases", "batches", "journal", "rejects", "objects"] {
            lines.push(table.to_owned());
            let query = format!(
                "SELECT json_remove(document, '$._id', '$.run', '$.started_at', '$.finished_at', \
                 '$.seconds') FROM mapper_{table}"
            );
            lines.extend(self.query(&query).await);
        }
        lines.extend(self.query("SELECT document FROM mapper_facts").await);
        lines
    }

    /// The fates that the ledger holds of a phase, by key.
    pub async fn fates(&self, phase: &str) -> Vec<(Vec<Value>, Fate)> {
        let stores = self.stores(&Fuse::never()).await;
        let mut map = mapper::ledger::KeyMap::open(&stores.ledger(0), phase).await.unwrap();
        let mut fates = Vec::new();
        for index in 0..map.batches() {
            for known in map.batch(index).await.unwrap().unwrap() {
                fates.push((known.entry.key.values().unwrap(), known.entry.fate));
            }
        }
        fates
    }
}

pub fn is_done(outcome: &Outcome) -> bool {
    outcome.nodes.iter().all(|node| {
        matches!(node.state, NodeState::Done | NodeState::DoneBefore | NodeState::NotSelected)
    })
}

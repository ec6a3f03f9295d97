//! A small spec whose changes are found by a column, on any store, by the command line.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use mapper::connectors::{
    self, ConnectionConfig, Definition, Delete, Insert, Layout, Model, Policies, Store, Update,
};
use mapper::value::query::Select;
use mapper::value::{IndexKey, Object, Row, Value};

use crate::servers::{Database, Server};

const SPEC: &str = r#"
spec = 1
name = "shop"

[connections.db]
url = "${DB_URL}"

[phase.owners]
source = { connection = "db", table = "old_owners", changes = { by = "key" } }
target = { connection = "db", table = "owners", key = ["legacy_id"], on_conflict = "skip" }
[phase.owners.fields]
id = { id = "uuid" }
legacy_id = "id"

[phase.items]
source = { connection = "db", table = "old_items", changes = { by = "column", column = "updated_at", overlap = "5m" } }
target = { connection = "db", table = "items", key = ["legacy_id"], on_conflict = "skip" }
batch = 3
[phase.items.fields]
id = { id = "uuid" }
legacy_id = "id"
name = "name"
owner_id = { lookup = "owners", from = "owner", on_missing = "reject" }

[[check]]
name = "all items are there"
after = ["items"]
connection = "db"
table = "items"
filter = {}
expect = { equals = { connection = "db", table = "old_items" }, explained_by = "items" }
"#;

const TABLES: &str = "
CREATE TABLE old_owners (id INTEGER PRIMARY KEY);
CREATE TABLE old_items (id INTEGER PRIMARY KEY, name VARCHAR(40), owner INTEGER, updated_at MOMENT);
CREATE TABLE owners (id CHAR(36) PRIMARY KEY, legacy_id INTEGER UNIQUE);
CREATE TABLE items (id CHAR(36) PRIMARY KEY, legacy_id INTEGER UNIQUE, name VARCHAR(40),
  owner_id CHAR(36), gone VARCHAR(3), gone_at MOMENT, note VARCHAR(40) DEFAULT 'none',
  FOREIGN KEY (owner_id) REFERENCES owners (id));
";

/// The spec over a database.
pub struct World {
    folder: tempfile::TempDir,
    _database: Option<Database>,
    store: Arc<dyn Store>,
    url: String,
    /// Whether it is one of collections.
    pub documents: bool,
}

/// What a phase of a run counted: read, inserted, updated, unchanged, skipped, rejected.
pub type Counts = [u64; 6];

impl World {
    /// On an SQLite file.
    pub async fn file(documents: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self::over(folder, None, url, documents).await
    }

    /// On a server.
    pub async fn on(server: &Arc<Server>, documents: bool) -> Self {
        let database = server.database();
        let url = database.url();
        Self::over(tempfile::tempdir().unwrap(), Some(database), url, documents).await
    }

    async fn over(
        folder: tempfile::TempDir,
        database: Option<Database>,
        url: String,
        documents: bool,
    ) -> Self {
        let config = ConnectionConfig {
            name: "db".into(),
            url: url.clone(),
            model: if documents { Model::Documents } else { Model::Tables },
            policies: Policies::default(),
            files: None,
            create: true,
        };
        let store = connectors::open(&config).await.unwrap();
        let world = Self { folder, _database: database, store, url, documents };
        world.fill().await;
        world
    }

    /// A spec of its own on an SQLite file that a script makes.
    pub async fn of(spec: &str, script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let config = ConnectionConfig {
            name: "db".into(),
            url: url.clone(),
            model: Model::Tables,
            policies: Policies::default(),
            files: None,
            create: true,
        };
        let store = connectors::open(&config).await.unwrap();
        let world = Self { folder, _database: None, store, url, documents: false };
        world.write(spec);
        world.script(script).await;
        world
    }

    async fn fill(&self) {
        let (world, documents) = (self, self.documents);
        let spec = if documents {
            SPEC.replace("table = ", "collection = ")
                .replace("url = \"${DB_URL}\"", "url = \"${DB_URL}\"\nmodel = \"documents\"")
                .replace("\nid = { id = \"uuid\" }", "\n_id = { id = \"objectid\" }")
                .replace("legacy_id = \"id\"", "legacy_id = \"_id\"")
        } else {
            SPEC.to_owned()
        };
        world.write(&spec);
        if !documents {
            let moment = if world.url.starts_with("postgres") { "TIMESTAMP" } else { "DATETIME" };
            let script = TABLES.replace("MOMENT", moment);
            let mut session = world.store.session().await.unwrap();
            session.begin().await.unwrap();
            session.define(&Definition::Script(script)).await.unwrap();
            session.commit().await.unwrap();
        }
        world.put("old_owners", vec![vec![("id", Value::Int(1))]]).await;
        for id in 1..=20 {
            // The third has an owner who is not there yet; of the twentieth no time is known.
            let owner = if id == 3 { 2 } else { 1 };
            world.item(id, owner, (id < 20).then_some(id)).await;
        }
    }

    fn spec(&self) -> PathBuf {
        self.folder.path().join("shop.toml")
    }

    fn write(&self, spec: &str) {
        std::fs::write(self.spec(), spec).unwrap();
    }

    /// Changes the spec.
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.spec()).unwrap();
        assert!(text.contains(from), "the spec has no `{from}`");
        self.write(&text.replace(from, to));
    }

    fn moment(&self, minute: Option<i64>) -> Value {
        let Some(minute) = minute else { return Value::Null };
        let at = chrono::DateTime::from_timestamp(1_700_000_000 + minute * 60, 0).unwrap();
        if self.documents { Value::Timestamp(at) } else { Value::DateTime(at.naive_utc()) }
    }

    fn key(&self) -> String {
        if self.documents { "_id".into() } else { "id".into() }
    }

    /// A new item.
    pub async fn item(&self, id: i64, owner: i64, minute: Option<i64>) {
        let name = Value::text(format!("item {id}"));
        let (owner, moment) = (Value::Int(owner), self.moment(minute));
        let fields = vec![("id", Value::Int(id)), ("name", name), ("owner", owner)];
        let fields = fields.into_iter().chain([("updated_at", moment)]).collect();
        self.put("old_items", vec![fields]).await;
    }

    /// A new owner.
    pub async fn owner(&self, id: i64) {
        self.put("old_owners", vec![vec![("id", Value::Int(id))]]).await;
    }

    /// Changes an item at a minute.
    pub async fn change(&self, id: i64, name: &str, minute: i64) {
        let row = vec![Value::Int(id), Value::text(name), self.moment(Some(minute))];
        let set = ["name".to_owned(), "updated_at".to_owned()];
        self.set("old_items", id, &set, &row).await;
    }

    /// Takes records out of a source.
    pub async fn remove(&self, entity: &str, ids: impl IntoIterator<Item = i64>) {
        let rows: Vec<Row> = ids.into_iter().map(|id| vec![Value::Int(id)]).collect();
        let mut session = self.store.session().await.unwrap();
        session.begin().await.unwrap();
        let delete = Delete { entity, key: &[self.key()], rows: &rows };
        assert_eq!(session.delete(delete).await.unwrap(), rows.len() as u64, "{entity}");
        session.commit().await.unwrap();
    }

    /// Edits items of the target by hand.
    pub async fn edit_items(&self, ids: &[i64], field: &str, value: &str) {
        let row = |id: &i64| vec![Value::Int(*id), Value::text(value)];
        let rows: Vec<Row> = ids.iter().map(row).collect();
        let (key, set) = (["legacy_id".to_owned()], [field.to_owned()]);
        let mut session = self.store.session().await.unwrap();
        session.begin().await.unwrap();
        let update = Update { entity: "items", key: &key, set: &set, rows: &rows };
        assert_eq!(session.update(update).await.unwrap(), rows.len() as u64);
        session.commit().await.unwrap();
    }

    /// All that a table or collection holds.
    pub async fn rows(&self, entity: &str) -> Vec<String> {
        let select = Select { entity: entity.into(), ..Select::default() };
        let rows = self.store.select(&select).await.unwrap().rows;
        let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    }

    /// What a query answers, value by value as text.
    pub async fn query(&self, text: &str) -> Vec<Vec<String>> {
        let text_of = |value: &Value| value.canonical_text().unwrap_or("-".into()).into_owned();
        let rows = self.store.query(text).await.unwrap().rows;
        rows.iter().map(|row| row.iter().map(text_of).collect()).collect()
    }

    /// Statements of the store's own.
    pub async fn script(&self, script: &str) {
        let mut session = self.store.session().await.unwrap();
        session.begin().await.unwrap();
        session.define(&Definition::Script(script.to_owned())).await.unwrap();
        session.commit().await.unwrap();
    }

    async fn set(&self, entity: &str, id: i64, set: &[String], row: &Row) {
        let mut session = self.store.session().await.unwrap();
        session.begin().await.unwrap();
        let update = Update { entity, key: &[self.key()], set, rows: std::slice::from_ref(row) };
        assert_eq!(session.update(update).await.unwrap(), 1, "{entity} {id}");
        session.commit().await.unwrap();
    }

    async fn put(&self, entity: &str, records: Vec<Vec<(&str, Value)>>) {
        let mut session = self.store.session().await.unwrap();
        session.begin().await.unwrap();
        for record in records {
            let (layout, row) = if self.documents {
                let mut object = Object::with_capacity(record.len());
                for (name, value) in record {
                    object.insert(if name == "id" { "_id" } else { name }, value);
                }
                (Layout::Document, vec![Value::object(object)])
            } else {
                let names: Vec<String> =
                    record.iter().map(|(name, _)| (*name).to_owned()).collect();
                let row = record.into_iter().map(|(_, value)| value).collect();
                (Layout::Columns(names.into()), row)
            };
            let insert = Insert { entity, layout: &layout, rows: &[row], returning: &[] };
            session.insert(insert).await.unwrap();
        }
        session.commit().await.unwrap();
    }

    /// The items in the target: legacy id and name.
    pub async fn items(&self) -> BTreeMap<String, String> {
        let select = Select {
            entity: "items".into(),
            columns: Some(vec!["legacy_id".into(), "name".into()]),
            order: vec![IndexKey { path: "legacy_id".into(), descending: false }],
            ..Select::default()
        };
        let text = |value: &Value| value.canonical_text().unwrap_or("-".into()).into_owned();
        let rows = self.store.select(&select).await.unwrap().rows;
        rows.iter().map(|row| (text(&row[0]), text(&row[1]))).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mapper"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("DB_URL", &self.url)
            .env("MAPPER_COMMIT_AFTER", "0s")
            .stdin(Stdio::null());
        command
    }

    /// Does a command, and gives what it prints.
    pub fn mapper(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}\n{printed}");
        printed
    }

    /// Does a command that fails, and gives what it says.
    pub fn refused(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        told
    }

    /// Runs the spec, and gives what the phase of the items counted.
    pub fn run(&self, more: &[&str], code: i32) -> Counts {
        self.run_phase("shop.items", more, code)
    }

    /// Runs the spec, and gives what a phase counted.
    pub fn run_phase(&self, phase: &str, more: &[&str], code: i32) -> Counts {
        let found = self.report(phase, more, code);
        ["read", "inserted", "updated", "unchanged", "skipped", "rejected"]
            .map(|name| found[name].as_u64().unwrap())
    }

    /// Runs the spec, and gives what a phase deleted, marked and kept.
    pub fn run_gone(&self, phase: &str, more: &[&str], code: i32) -> [u64; 3] {
        let found = self.report(phase, more, code);
        ["deleted", "marked", "deleted_kept"].map(|name| found[name].as_u64().unwrap())
    }

    /// Runs the spec, and gives what is reported of a phase.
    pub fn report(&self, phase: &str, more: &[&str], code: i32) -> serde_json::Value {
        let report = self.folder.path().join("report.json");
        let mut arguments = vec!["run", "shop.toml", "--yes", "--report", "report.json"];
        arguments.extend(more);
        self.mapper(&arguments, code);
        let text = std::fs::read_to_string(report).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let phases = json["phases"].as_array().unwrap();
        let found = phases
            .iter()
            .find(|found| found["phase"].as_str().is_some_and(|name| phase.ends_with(name)));
        found.unwrap_or_else(|| panic!("no {phase} in {text}")).clone()
    }

    /// Kills a run at a point; whether it came there.
    pub fn kill(&self, point: &str) -> bool {
        let mut child = self
            .command(&["run", "shop.toml", "--yes"])
            .env("MAPPER_FAILPOINT", point)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let held = lines.map_while(Result::ok).any(|line| line.starts_with("failpoint "));
        let _ = child.kill();
        child.wait().unwrap();
        held
    }
}

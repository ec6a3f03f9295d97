//! A spec over one database with three tables or collections, on any store, through the binary.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mapper::backup::{Digest, form};
use mapper::connectors::{self, ConnectionConfig, Definition, Insert, Layout, Model, Store};
use mapper::value::{Value, extended_json};

/// What a command said: exit code, standard output, standard error.
pub struct Told {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Told {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}\n{}", self.out, self.err))
    }

    #[track_caller]
    pub fn exits(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "{}\n{}", self.out, self.err);
        self
    }
}

pub struct World {
    pub folder: tempfile::TempDir,
    pub url: String,
    pub documents: bool,
}

const ZWEI: &str =
    r#""zwei","born":{"mapper:date":"2001-02-03"},"hour":{"mapper:time":"04:05:06.000007"}"#;

const SCHEMA: &str = "
    CREATE TABLE source (id INTEGER NOT NULL PRIMARY KEY, code VARCHAR(20), name VARCHAR(50));
    CREATE TABLE target (id INTEGER NOT NULL PRIMARY KEY, code VARCHAR(20) NOT NULL UNIQUE,
        name VARCHAR(50), amount DECIMAL(12,2), born DATE NULL, hour TIME(6) NULL, parent INTEGER,
        FOREIGN KEY (parent) REFERENCES target (id));
    CREATE TABLE line (id INTEGER NOT NULL PRIMARY KEY, target INTEGER NOT NULL,
        FOREIGN KEY (target) REFERENCES target (id));
    CREATE TABLE remark (id INTEGER NOT NULL PRIMARY KEY, target INTEGER,
        FOREIGN KEY (target) REFERENCES target (id));
";

impl World {
    /// A spec with this `backup`, on an empty database.
    pub async fn new(url: &str, documents: bool, backup: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = url.replace("FOLDER", folder.path().to_str().unwrap());
        let world = Self { folder, url, documents };
        let kind = if documents { "collection" } else { "table" };
        let (model, key) = match (documents, world.url.starts_with("sqlite")) {
            (true, true) => ("model = \"documents\"\n", "_id"),
            (true, false) => ("", "_id"),
            (false, _) => ("", "id"),
        };
        let spec = format!(
            r#"
spec = 1
name = "shop"

[connections.db]
url = "${{DB_URL}}"
{model}backup = "{backup}"

[phase.copy]
source = {{ connection = "db", {kind} = "source", key = ["{key}"] }}
target = {{ connection = "db", {kind} = "target", key = ["code"], on_conflict = "update" }}
batch = 2
[phase.copy.fields]
{key} = "{key}"
code = "code"
name = "name"

[phase.lines]
source = {{ connection = "db", {kind} = "source", key = ["{key}"] }}
target = {{ connection = "db", {kind} = "line", key = ["{key}"] }}
after = ["copy"]
[phase.lines.fields]
{key} = "{key}"
target = {{ lookup = "copy", from = "{key}" }}
"#
        );
        std::fs::write(world.spec(), spec).unwrap();
        world.fill().await;
        world
    }

    /// Changes the spec, where it has that.
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.spec()).unwrap();
        std::fs::write(self.spec(), text.replace(from, to)).unwrap();
    }

    async fn fill(&self) {
        let store = self.store().await;
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        if !self.documents {
            session.define(&Definition::Script(SCHEMA.into())).await.unwrap();
        }
        for (entity, rows) in [
            (
                "source",
                &[
                    r#"{"id":1,"code":"a","name":"one"}"#,
                    r#"{"id":2,"code":"b","name":"two"}"#,
                    r#"{"id":3,"code":"c","name":"three"}"#,
                ][..],
            ),
            (
                "target",
                &[
                    r#"{"id":12,"code":"z","name":null,"amount":{"$numberDecimal":"99999999.99"}}"#,
                    r#"{"id":11,"code":"y","name":"mine","parent":12}"#,
                    r#"{"id":10,"code":"b","name":"zwei","amount":{"$numberDecimal":"1.10"},"parent":11}"#,
                ],
            ),
        ] {
            self.insert(&store, &mut *session, entity, rows).await;
        }
        session.commit().await.unwrap();
        drop(session);
        store.close().await;
    }

    async fn insert(
        &self,
        store: &Arc<dyn Store>,
        session: &mut dyn connectors::Session,
        entity: &str,
        rows: &[&str],
    ) {
        if self.documents {
            let collection = Definition::CreateCollection { entity: entity.into() };
            session.define(&collection).await.unwrap();
        }
        for row in rows {
            let text = if self.documents {
                row.replace("\"id\"", "\"_id\"")
            } else {
                // What documents have no form for.
                row.replace("\"zwei\"", ZWEI)
            };
            let row = form::read(extended_json::parse(&text).unwrap());
            let Some(Value::Object(row)) = row else { panic!("{text}") };
            let (layout, row) = if self.documents {
                (Layout::Document, vec![Value::Object(row)])
            } else {
                let names = row.names().map(ToString::to_string).collect();
                let schema = session.describe(entity).await.unwrap().unwrap();
                let fit = |(name, value): (&str, &Value)| {
                    store.fit(value.clone(), schema.column(name).unwrap()).unwrap()
                };
                (Layout::Columns(names), row.iter().map(fit).collect())
            };
            let insert = Insert { entity, layout: &layout, rows: &[row], returning: &[] };
            session.insert(insert).await.unwrap();
        }
    }

    /// Puts rows in by hand.
    pub async fn add(&self, entity: &str, row: &str) {
        let store = self.store().await;
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        self.insert(&store, &mut *session, entity, &[row]).await;
        session.commit().await.unwrap();
        drop(session);
        store.close().await;
    }

    /// What hands do to the tables: a row is renamed, two that refer to one another go.
    pub async fn spoil(&self) {
        let key = [if self.documents { "_id" } else { "id" }.to_owned()];
        let store = self.store().await;
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        let update = connectors::Update {
            entity: "target",
            key: &key,
            set: &["name".to_owned()],
            rows: &[vec![Value::Int(12), "spoilt".into()]],
        };
        assert_eq!(session.update(update).await.unwrap(), 1);
        for (entity, id) in [("line", 2), ("target", 10), ("target", 11)] {
            let rows = [vec![Value::Int(id)]];
            let delete = connectors::Delete { entity, key: &key, rows: &rows };
            assert_eq!(session.delete(delete).await.unwrap(), 1, "{entity} {id}");
        }
        session.commit().await.unwrap();
        drop(session);
        store.close().await;
    }

    pub fn spec(&self) -> PathBuf {
        self.folder.path().join("shop.toml")
    }

    pub fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    pub async fn store(&self) -> Arc<dyn Store> {
        let config = ConnectionConfig {
            name: "db".into(),
            url: self.url.clone(),
            model: if self.documents { Model::Documents } else { Model::Tables },
            policies: connectors::Policies::default(),
            files: None,
            create: true,
        };
        connectors::open(&config).await.unwrap()
    }

    /// Each table or collection but the ledger's: its name, rows and checksum.
    pub async fn content(&self) -> Vec<(String, u64, String)> {
        let store = self.store().await;
        let names = store.entities().await.unwrap();
        let mut export = store.export(&names, 2).await.unwrap();
        let mut digests = vec![Digest::default(); names.len()];
        while let Some(batch) = export.next().await.unwrap() {
            for row in &batch.rows {
                digests[batch.entity].add(&batch.layout, row).unwrap();
            }
        }
        store.close().await;
        let told = names.into_iter().zip(digests);
        told.map(|(name, digest)| (name, digest.rows, digest.text())).collect()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mapper"));
        command
            .args(arguments)
            .arg(self.spec())
            .current_dir(self.folder.path())
            .env("DB_URL", &self.url)
            .env("MAPPER_NOW", "2026-01-02T03:04:05Z");
        command
    }

    pub fn mapper(&self, arguments: &[&str]) -> Told {
        let output = self.command(arguments).output().unwrap();
        Told {
            exit: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// All files below a folder, by path.
    pub fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path.clone());
                }
                files.push(path);
            }
        }
        files.sort();
        files
    }

    /// The file of a table in the only backup.
    pub fn file_of(&self, table: &str) -> PathBuf {
        let files = Self::files(&self.backups());
        let name =
            |path: &&PathBuf| path.to_string_lossy().ends_with(&format!("_{table}.jsonl.zst"));
        files.iter().find(name).unwrap_or_else(|| panic!("{table}: {files:?}")).clone()
    }
}

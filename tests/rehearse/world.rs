//! Rehearsals through the binary, each with a temporary folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mapper::backup::Digest;
use mapper::connectors::{self, ConnectionConfig, Definition, Insert, Layout, Model, Store};
use mapper::value::{Value, extended_json};
use serde_json::Value as Json;

pub struct World {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

/// The exit code, the document, and what was told.
pub struct Told {
    pub exit: i32,
    pub document: Json,
    pub err: String,
}

impl World {
    pub fn new(variables: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        let path = folder.path().to_str().unwrap();
        let variables =
            variables.iter().map(|(name, value)| (*name, value.replace("FOLDER", path))).collect();
        Self { folder, variables }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    pub fn command(&self, spec: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mapper"));
        command
            .arg("rehearse")
            .arg(spec)
            .args(arguments)
            .current_dir(self.folder.path())
            .envs(self.variables.clone())
            .env("TMPDIR", self.path("tmp"))
            .env("MAPPER_NOW", "2026-01-02T03:04:05Z");
        command
    }

    pub fn rehearse(&self, spec: &Path, arguments: &[&str]) -> Told {
        let output = self.command(spec, arguments).args(["--format", "json"]).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        Told {
            exit: output.status.code().unwrap_or(-1),
            document: serde_json::from_str(&out).unwrap_or(Json::Null),
            err,
        }
    }

    /// Rehearses what must pass, and leaves nothing.
    #[track_caller]
    pub fn passes(&self, spec: &Path, arguments: &[&str]) -> Json {
        let told = self.rehearse(spec, arguments);
        assert_eq!(told.exit, 0, "{:#}\n{}", told.document, told.err);
        let steps: Vec<&str> = told.document["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["step"].as_str().unwrap())
            .collect();
        assert_eq!(steps, ["fill", "run", "verify", "run again", "rollback", "compare"]);
        assert!(told.document["data"][0]["records"].as_u64().unwrap() > 0, "{:#}", told.document);
        self.assert_no_folder();
        told.document
    }

    #[track_caller]
    pub fn assert_no_folder(&self) {
        let left: Vec<_> =
            std::fs::read_dir(self.path("tmp")).unwrap().map(|e| e.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// One test at a time: each sees the scratch databases of all.
pub async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// The scratch databases on the server of a database.
pub async fn scratches(url: &str) -> Vec<String> {
    let store = open(url, false).await;
    let found = store.databases(connectors::scratch::PREFIX).await.unwrap();
    store.close().await;
    found
}

pub async fn open(url: &str, documents: bool) -> Arc<dyn Store> {
    let config = ConnectionConfig {
        name: "db".into(),
        url: url.into(),
        model: if documents { Model::Documents } else { Model::Tables },
        policies: connectors::Policies::default(),
        files: None,
        create: true,
    };
    connectors::open(&config).await.unwrap()
}

/// A shop: practices and patients, where each patient refers to a practice, and a target that may
/// hold patients already.
const SCHEMA: &str = "
    CREATE TABLE regions (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL);
    CREATE TABLE practices (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL,
        region INTEGER NOT NULL, FOREIGN KEY (region) REFERENCES regions (id));
    CREATE TABLE patients (id INTEGER NOT NULL PRIMARY KEY, practice INTEGER NOT NULL,
        code VARCHAR(20) NOT NULL);
    CREATE TABLE codes (code VARCHAR(20) NOT NULL PRIMARY KEY, meaning VARCHAR(20) NOT NULL);
    CREATE TABLE new_practices (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE);
    CREATE TABLE new_patients (id INTEGER NOT NULL PRIMARY KEY, practice INTEGER NOT NULL,
        meaning VARCHAR(20) NOT NULL, note VARCHAR(20) NOT NULL DEFAULT 'none',
        CHECK (meaning <> ''), FOREIGN KEY (practice) REFERENCES new_practices (id));
    CREATE INDEX by_practice ON patients (practice);
    CREATE TABLE secret (id INTEGER NOT NULL PRIMARY KEY);
";

/// Fills the shop: 10 regions, 100 practices, 1000 patients, 500 codes.
pub async fn fill(url: &str, documents: bool) {
    let store = open(url, documents).await;
    let mut session = store.session().await.unwrap();
    session.begin().await.unwrap();
    if !documents {
        session.define(&Definition::Script(SCHEMA.into())).await.unwrap();
    }
    let key = if documents { "_id" } else { "id" };
    let code = if documents { "_id" } else { "code" };
    let rows: Vec<(&str, Vec<String>)> = vec![
        ("regions", (0..10).map(|n| format!(r#"{{"{key}":{n},"name":"r{n}"}}"#)).collect()),
        (
            "practices",
            (0..100)
                .map(|n| format!(r#"{{"{key}":{n},"name":"p{n}","region":{}}}"#, n % 10))
                .collect(),
        ),
        (
            "patients",
            (0..1000)
                .map(|n| {
                    let (practice, of) = (n * 7 % 100, n % 500);
                    format!(r#"{{"{key}":{n},"practice":{practice},"code":"c{of}"}}"#)
                })
                .collect(),
        ),
        (
            "codes",
            (0..500).map(|n| format!(r#"{{"{code}":"c{n}","meaning":"meaning {n}"}}"#)).collect(),
        ),
    ];
    for (entity, rows) in rows {
        if documents {
            session.define(&Definition::CreateCollection { entity: entity.into() }).await.unwrap();
        }
        let mut layout = Layout::Document;
        let mut values = Vec::new();
        for text in rows {
            let Value::Object(row) = extended_json::parse(&text).unwrap() else { panic!("{text}") };
            values.push(if documents {
                vec![Value::Object(row)]
            } else {
                layout = Layout::Columns(row.names().map(ToString::to_string).collect());
                row.iter().map(|(_, value)| value.clone()).collect()
            });
        }
        let insert = Insert { entity, layout: &layout, rows: &values, returning: &[] };
        session.insert(insert).await.unwrap();
    }
    session.commit().await.unwrap();
    drop(session);
    store.close().await;
}

/// The spec of the shop.
pub fn spec(documents: bool) -> String {
    let (kind, key, code) =
        if documents { ("collection", "_id", "_id") } else { ("table", "id", "code") };
    let model = if documents { "model = \"documents\"\n" } else { "" };
    format!(
        r#"
spec = 1
name = "shop"

[connections.db]
url = "${{DB_URL}}"
{model}
[phase.practices]
source = {{ connection = "db", {kind} = "practices", key = ["{key}"] }}
target = {{ connection = "db", {kind} = "new_practices", key = ["{key}"] }}
[phase.practices.fields]
{key} = "{key}"
name = "name"

[phase.patients]
source = {{ connection = "db", {kind} = "patients", key = ["{key}"] }}
target = {{ connection = "db", {kind} = "new_patients", key = ["{key}"] }}
[phase.patients.fields]
{key} = "{key}"
practice = {{ lookup = "practices", from = "practice", on_missing = "reject" }}
meaning = {{ lookup = {{ connection = "db", {kind} = "codes", take = "meaning" }}, match = {{ {code} = "code" }}, on_missing = "reject" }}

[[check]]
name = "all patients arrived"
after = ["patients"]
connection = "db"
{kind} = "new_patients"
filter = {{}}
expect = {{ equals = 1000 }}

[[check]]
name = "patients have practices"
after = ["patients"]
references = {{ connection = "db", from = "new_patients", path = "practice", to = "new_practices", key = "{key}" }}
"#
    )
}

/// Each table or collection: its name, rows and checksum.
pub async fn content(url: &str, documents: bool) -> Vec<(String, u64, String)> {
    let store = open(url, documents).await;
    let names = store.entities().await.unwrap();
    let mut export = store.export(&names, 100).await.unwrap();
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

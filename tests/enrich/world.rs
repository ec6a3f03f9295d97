//! A folder with a spec that asks the service, and an SQLite database that it fills.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

use super::service::Service;

pub struct World {
    folder: tempfile::TempDir,
    url: String,
}

/// The phase of a source table. `how` are further keys of the enrichment.
pub fn phase(table: &str, how: &str) -> String {
    format!(
        r#"
[phase.{table}]
source = {{ connection = "app", table = "{table}", key = ["id"] }}
target = {{ connection = "app", table = "vectors", key = ["hash"], on_conflict = "skip" }}
on_duplicate = "first"

[phase.{table}.let]
content = {{ from = "text", apply = ["trim", "blank_to_null"] }}

[phase.{table}.fields]
hash = {{ from = "let.content", apply = "sha256" }}
source_id = "id"

[phase.{table}.enrich.vector]
url = "${{SERVICE_URL}}/embed"
input = "let.content"
{how}
"#
    )
}

/// One text a request.
pub const PER_RECORD: &str = r#"per = "record"
body = '{"inputText": {{ input | tojson }}}'
take = "embedding"
"#;

/// A batch a request.
pub const PER_BATCH: &str = r#"body = '{"input": {{ inputs | tojson }}}'
take = "data[*].embedding"
"#;

impl World {
    /// `texts` are the contents of the source table `notes`, and `others` those of `letters`.
    pub fn new(service: &Service, phases: &[String], texts: &[String], others: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder, url: service.url.clone() };
        std::fs::create_dir(world.path("app")).unwrap();
        let schema = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);\n\
             CREATE TABLE letters (id INTEGER PRIMARY KEY, text TEXT);\n\
             CREATE TABLE vectors (hash TEXT PRIMARY KEY, source_id INTEGER, vector JSON NOT NULL);\n";
        std::fs::write(world.path("app/schema.sql"), schema).unwrap();
        for (table, texts) in [("notes", texts), ("letters", others)] {
            let lines: String = texts
                .iter()
                .enumerate()
                .map(|(at, text)| {
                    format!("{}\n", serde_json::json!({ "id": at + 1, "text": text }))
                })
                .collect();
            std::fs::write(world.path(&format!("app/{table}.jsonl")), lines).unwrap();
        }
        let head = "spec = 1\nname = \"demo\"\n\n[connections.app]\nurl = \"sqlite:app.db\"\nfixtures = \"app\"\n";
        std::fs::write(world.path("demo.toml"), format!("{head}{}", phases.concat())).unwrap();
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn change(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path("demo.toml")).unwrap();
        assert!(text.contains(from), "no `{from}`");
        std::fs::write(self.path("demo.toml"), text.replace(from, to)).unwrap();
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mapper"));
        command
            .args(line.split(' '))
            .current_dir(self.folder.path())
            .env_clear()
            .env("SERVICE_URL", &self.url)
            .env("TOKEN", "tok-3n-s3cret")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command that ends with this code; gives what it told.
    pub fn ends(&self, code: i32, line: &str) -> String {
        let Output { status, stdout, stderr } = self.command(line).output().unwrap();
        let told =
            format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "mapper {line}\n{told}");
        told
    }

    /// Runs with a report, and gives what the phases of the report say.
    pub fn run(&self, code: i32, more: &str) -> Vec<Json> {
        let line = format!("run demo.toml --report report.json{more}");
        self.ends(code, &line);
        let report = std::fs::read_to_string(self.path("report.json")).unwrap();
        assert!(!report.contains("tok-3n-s3cret"));
        let report: Json = serde_json::from_str(&report).unwrap();
        let schema = include_str!("../../schemas/report.schema.json");
        let schema: Json = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&report).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        report["phases"].as_array().unwrap().clone()
    }

    /// A run that holds at a point until it is killed there.
    pub fn run_until(&self, point: &str) -> Child {
        let mut child =
            self.command("run demo.toml").env("MAPPER_FAILPOINT", point).spawn().unwrap();
        let told = std::io::BufReader::new(child.stderr.take().unwrap());
        let held = std::io::BufRead::lines(told)
            .any(|line| line.unwrap_or_default().starts_with("failpoint "));
        assert!(held, "it never passes {point}");
        child
    }

    /// The rows of a query, cells parted by `|`.
    pub fn rows(&self, query: &str) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let config = mapper::connectors::ConnectionConfig {
                name: "app".into(),
                url: format!("sqlite:{}", self.path("app.db").display()),
                model: mapper::connectors::Model::Tables,
                policies: mapper::connectors::Policies::default(),
                files: None,
                create: false,
            };
            let store = mapper::connectors::open(&config).await.unwrap();
            let rows = store.query(query).await.unwrap().rows;
            store.close().await;
            rows.into_iter()
                .map(|row| {
                    let cells: Vec<String> = row
                        .iter()
                        .map(|value| value.canonical_text().unwrap_or("null".into()).into_owned())
                        .collect();
                    cells.join("|")
                })
                .collect()
        })
    }

    /// Changes the database by hand.
    pub fn execute(&self, statement: &'static str) {
        use sqlx::Connection as _;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = format!("sqlite:{}", self.path("app.db").display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    pub fn count(&self, query: &str) -> u64 {
        self.rows(query)[0].parse().unwrap()
    }
}

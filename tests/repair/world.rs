//! A database of one test and a spec over it, by the command line.

use std::borrow::Cow;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use mapper::connectors::{self, ConnectionConfig, Definition, Model, Policies, Session, Store};
use serde_json::Value as Json;

use crate::servers::{Database, Server};

pub struct World {
    folder: tempfile::TempDir,
    _database: Option<Database>,
    store: Arc<dyn Store>,
    url: String,
}

/// What a command left.
pub struct Told {
    pub out: String,
    pub err: String,
}

impl World {
    /// On an SQLite file.
    pub async fn file(script: &str, spec: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self::over(folder, None, url, script, spec).await
    }

    /// On a server.
    pub async fn on(server: &Arc<Server>, script: &str, spec: &str) -> Self {
        let database = server.database();
        let url = database.url();
        Self::over(tempfile::tempdir().unwrap(), Some(database), url, script, spec).await
    }

    async fn over(
        folder: tempfile::TempDir,
        database: Option<Database>,
        url: String,
        script: &str,
        spec: &str,
    ) -> Self {
        let config = ConnectionConfig {
            name: "db".into(),
            url: url.clone(),
            model: Model::Tables,
            policies: Policies::default(),
            files: None,
            create: true,
        };
        let store = connectors::open(&config).await.unwrap();
        let world = Self { folder, _database: database, store, url };
        world.execute(script).await;
        let spec = format!(
            "spec = 1\nname = \"shop\"\n\n[connections.db]\nurl = \"${{DB_URL}}\"\n\n{spec}"
        );
        std::fs::write(world.folder.path().join("shop.toml"), spec).unwrap();
        world
    }

    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    pub fn is_file(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    /// Changes the spec.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.folder.path().join("shop.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "the spec has no `{from}`");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    pub async fn execute(&self, script: &str) {
        let mut session = self.store.session().await.unwrap();
        session.begin().await.unwrap();
        session.define(&Definition::Script(script.to_owned())).await.unwrap();
        session.commit().await.unwrap();
    }

    pub async fn session(&self) -> Box<dyn Session> {
        self.store.session().await.unwrap()
    }

    /// The first column of a query's answer, or all columns with blanks between them.
    pub async fn rows(&self, query: &str) -> Vec<String> {
        let rows = self.store.query(query).await.unwrap().rows;
        rows.iter()
            .map(|row| {
                let cells: Vec<String> = row
                    .iter()
                    .map(|value| value.canonical_text().map_or("-".into(), Cow::into_owned))
                    .collect();
                cells.join(" ")
            })
            .collect()
    }

    /// Everything that makes the database: what `pg_dump` says, or the catalog.
    pub async fn structure(&self) -> String {
        if self.is_postgres() {
            let output = Command::new("pg_dump")
                .args(["--schema-only", "--exclude-schema=mapper", "--dbname", &self.url])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let dump = String::from_utf8(output.stdout).unwrap();
            let lines = dump.lines().filter(|line| !line.starts_with('\\'));
            return lines.map(|line| format!("{line}\n")).collect();
        }
        let query = if self.is_file() {
            "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'mapper%' AND sql IS NOT NULL \
             AND tbl_name NOT LIKE 'mapper%' ORDER BY type, name"
        } else {
            "SELECT CONCAT(TABLE_NAME, ' ', CONSTRAINT_NAME, ' ', CONSTRAINT_TYPE) \
             FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE() \
             AND TABLE_NAME NOT LIKE 'mapper%' ORDER BY 1"
        };
        self.rows(query).await.join("\n")
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mapper"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env("DB_URL", &self.url)
            .env("MAPPER_COMMIT_AFTER", "0s")
            .stdin(Stdio::null());
        command
    }

    /// Does a command, and gives what it tells.
    pub fn mapper(&self, arguments: &str, code: i32) -> Told {
        let output = self.command(arguments).output().unwrap();
        let told = Told {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        let (out, err) = (&told.out, &told.err);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {err}\n{out}");
        told
    }

    /// Runs the spec, and gives the report.
    pub fn run(&self, more: &str, code: i32) -> Json {
        self.mapper(&format!("run shop.toml --yes --report report.json {more}"), code);
        self.report()
    }

    pub fn report(&self) -> Json {
        let text = std::fs::read_to_string(self.folder.path().join("report.json")).unwrap();
        let report: Json = serde_json::from_str(&text).unwrap();
        let schema: Json =
            serde_json::from_str(include_str!("../../schemas/report.schema.json")).unwrap();
        let validator = jsonschema::draft7::new(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{report:#}");
        report
    }

    /// Kills a run at a point that it must come to.
    pub fn kill(&self, point: &str) {
        let mut child = self
            .command("run shop.toml --yes")
            .env("MAPPER_FAILPOINT", point)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let held = lines.map_while(Result::ok).any(|line| line.starts_with("failpoint "));
        let _ = child.kill();
        child.wait().unwrap();
        assert!(held, "{point} was not passed");
    }
}

/// A phase of a report.
pub fn phase<'r>(report: &'r Json, name: &str) -> &'r Json {
    let phases = report["phases"].as_array().unwrap();
    phases.iter().find(|phase| phase["phase"] == name).unwrap_or_else(|| panic!("{report:#}"))
}

//! A spec in a folder of its own, the command, and a database.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::servers::Database;

/// Where the tables are made.
pub(super) enum Place {
    Server(Database),
    File,
}

pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) place: Place,
}

/// What a command did.
pub(super) struct Done {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl World {
    pub(super) fn postgres() -> Self {
        Self::on(crate::servers::postgres().database())
    }

    pub(super) fn mariadb() -> Self {
        Self::on(crate::servers::mariadb().database())
    }

    pub(super) fn on(database: Database) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), place: Place::Server(database) }
    }

    pub(super) fn file() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), place: Place::File }
    }

    /// Each of the three stores with tables.
    pub(super) fn all() -> [Self; 3] {
        [Self::file(), Self::postgres(), Self::mariadb()]
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn database(&self) -> &Database {
        match &self.place {
            Place::Server(database) => database,
            Place::File => panic!("a file has no server"),
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.place, Place::File)
    }

    pub(super) fn url(&self) -> String {
        match &self.place {
            Place::Server(database) => database.url(),
            Place::File => format!("sqlite:{}", self.path("test.db").display()),
        }
    }

    /// Writes `spec.toml` with this content after its head.
    pub(super) fn spec(&self, tables: &str) {
        self.write("spec.toml", tables);
    }

    pub(super) fn write(&self, name: &str, tables: &str) {
        let head = name.trim_end_matches(".toml");
        let text = format!(
            "spec = 1\nname = \"{head}\"\n[connections.app]\nurl = \"${{APP_URL}}\"\n{}\n{tables}",
            if self.is_file() { "fixtures = \"fixtures\"" } else { "" }
        );
        std::fs::create_dir_all(self.path("fixtures")).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mapper"));
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("APP_URL", self.url())
            .env("USER", "ada")
            .env("HOSTNAME", "box")
            .args(line.split(' '));
        command
    }

    pub(super) fn mapper(&self, line: &str) -> Done {
        let output = self.command(line).output().unwrap();
        Done {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that ends with this code.
    pub(super) fn ends(&self, code: i32, line: &str) -> Done {
        let done = self.mapper(line);
        assert_eq!(done.code, code, "{} mapper {line}\n{}\n{}", self.url(), done.out, done.err);
        done
    }

    /// The document that a command gives.
    pub(super) fn json(&self, code: i32, line: &str) -> Json {
        let done = self.ends(code, &format!("{line} --format json"));
        serde_json::from_str(&done.out).unwrap()
    }

    /// Runs SQL by hand.
    pub(super) fn execute(&self, sql: &str) {
        match &self.place {
            Place::Server(database) => database.execute(sql),
            Place::File => blocking(async {
                let store = self.open().await;
                let mut session = store.session().await.unwrap();
                let script = mapper::connectors::Definition::Script(sql.to_owned());
                session.begin().await.unwrap();
                session.define(&script).await.unwrap();
                session.commit().await.unwrap();
                drop(session);
                store.close().await;
            }),
        }
    }

    /// Asks by hand; each row as text.
    pub(super) fn query(&self, sql: &str) -> Vec<String> {
        let text = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
        match &self.place {
            Place::Server(database) => database
                .query(sql)
                .into_iter()
                .map(|row| row.into_iter().map(text).collect::<Vec<_>>().join("|"))
                .collect(),
            Place::File => blocking(async {
                let store = self.open().await;
                let rows = store.query(sql).await.unwrap().rows;
                store.close().await;
                rows.iter()
                    .map(|row| {
                        let cells: Vec<String> = row
                            .iter()
                            .map(|value| value.canonical_text().map_or("null".into(), Into::into))
                            .collect();
                        cells.join("|")
                    })
                    .collect()
            }),
        }
    }

    async fn open(&self) -> std::sync::Arc<dyn mapper::connectors::Store> {
        let config = mapper::connectors::ConnectionConfig {
            name: "app".into(),
            url: self.url(),
            model: mapper::connectors::Model::Tables,
            policies: mapper::connectors::Policies::default(),
            files: None,
            create: true,
        };
        mapper::connectors::open(&config).await.unwrap()
    }

    /// The whole structure as the store itself tells it, the ledger left out.
    pub(super) fn dump(&self) -> String {
        match &self.place {
            Place::File => self
                .query(
                    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL \
                     AND tbl_name NOT LIKE 'mapper\\_%' ESCAPE '\\' ORDER BY type, name",
                )
                .join("\n"),
            Place::Server(database) if database.url().starts_with("postgres") => {
                let output = Command::new("pg_dump")
                    .args(["--schema-only", "--exclude-schema=mapper", "--restrict-key=test"])
                    .arg(database.admin_url())
                    .output()
                    .unwrap();
                let output = if output.status.success() {
                    output
                } else {
                    // Older ones have no such key to make dumps the same.
                    Command::new("pg_dump")
                        .args(["--schema-only", "--exclude-schema=mapper"])
                        .arg(database.admin_url())
                        .output()
                        .unwrap()
                };
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout)
                    .unwrap()
                    .lines()
                    .filter(|line| {
                        !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict")
                    })
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            Place::Server(database) => {
                let tables = database.query(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = database() \
                     AND table_name NOT LIKE 'mapper\\_%' ORDER BY 1",
                );
                let tables = tables.into_iter().filter_map(|row| row.into_iter().next().flatten());
                tables
                    .map(|table| {
                        let shown = database.query(&format!("SHOW CREATE TABLE `{table}`"));
                        shown[0][1].clone().unwrap()
                    })
                    .collect::<Vec<_>>()
                    .join("\n")
            }
        }
    }

    /// A copy of a folder of the repository.
    pub(super) fn copy(&self, from: &str, to: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
        copy(&from, &self.path(to));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn blocking<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

//! Other stores than SQLite tables: lists and vectors of PostgreSQL, and documents.

use std::process::Command;

use sqlx::Row as _;

use super::always;
use super::service::{Service, vector};
use crate::servers;

fn spec(source: &str, target: &str, more: &str) -> String {
    format!(
        r#"
spec = 1
name = "demo"

[connections.app]
url = "${{APP_URL}}"
{more}

[phase.notes]
source = {{ connection = "app", {source} }}
target = {{ connection = "app", {target}, key = ["hash"], on_conflict = "skip" }}

[phase.notes.fields]
hash = {{ from = "text", apply = "sha256" }}
content = "text"

[phase.notes.enrich.vector]
url = "${{SERVICE_URL}}/embed"
input = "content"
body = '{{"input": {{{{ inputs | tojson }}}}}}'
take = "data[*].embedding"
batch = 5
"#
    )
}

fn mapper(folder: &std::path::Path, (service, url): (&Service, &str), line: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mapper"))
        .args(line.split(' '))
        .current_dir(folder)
        .env("SERVICE_URL", &service.url)
        .env("APP_URL", url)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "mapper {line}\n{told}");
    told
}

/// Runs, verifies, runs again and takes back.
fn whole_life(folder: &std::path::Path, service: &Service, url: &str) {
    let with = (service, url);
    mapper(folder, with, "run demo.toml");
    assert_eq!(service.answered().len(), 12);
    service.forget();
    mapper(folder, with, "verify demo.toml --full");
    let told = mapper(folder, with, "run demo.toml");
    assert!(told.contains("12 read, 12 unchanged"), "{told}");
    assert_eq!(service.requests().len(), 0, "what is there is not sent");
    mapper(folder, with, "rollback demo.toml --all --yes");
}

#[test]
fn postgres_takes_lists_and_vectors() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (column, is_vector) in [("double precision[]", false), ("vector", true)] {
        let database = servers::postgres().database();
        let folder = tempfile::tempdir().unwrap();
        let (url, admin) = (database.url(), database.admin_url());
        std::fs::write(
            folder.path().join("demo.toml"),
            spec("table = \"notes\", key = [\"id\"]", "table = \"vectors\"", ""),
        )
        .unwrap();
        let execute = |url: &str, statements: Vec<String>| {
            runtime.block_on(async {
                use sqlx::Connection as _;
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                for statement in statements {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
                        .execute(&mut connection)
                        .await
                        .unwrap();
                }
                connection.close().await.unwrap();
            });
        };
        if is_vector {
            // A type that is spelled as that of pgvector, which is not on every machine.
            execute(
                &admin,
                [
                    "CREATE TYPE vector",
                    "CREATE FUNCTION vector_in(cstring) RETURNS vector AS 'textin' LANGUAGE internal IMMUTABLE STRICT",
                    "CREATE FUNCTION vector_out(vector) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT",
                    "CREATE TYPE vector (INPUT = vector_in, OUTPUT = vector_out, LIKE = text)",
                ]
                .map(str::to_owned)
                .to_vec(),
            );
        }
        execute(
            &url,
            vec![
                "CREATE TABLE notes (id integer PRIMARY KEY, text text)".to_owned(),
                "INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 12) n".to_owned(),
                format!(
                    "CREATE TABLE vectors (hash text PRIMARY KEY, content text, vector {column} NOT NULL)"
                ),
            ],
        );
        let service = Service::start(always);
        mapper(folder.path(), (&service, &url), "run demo.toml");
        let held: String = runtime.block_on(async {
            use sqlx::Connection as _;
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            let row = sqlx::query("SELECT vector::text FROM vectors WHERE content = 'note 3'")
                .fetch_one(&mut connection)
                .await
                .unwrap();
            row.get(0)
        });
        let numbers = vector("note 3").iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        let expected = if is_vector { format!("[{numbers}]") } else { format!("{{{numbers}}}") };
        assert_eq!(held, expected);
        mapper(folder.path(), (&service, &url), "rollback demo.toml --all --yes");
        service.forget();
        whole_life(folder.path(), &service, &url);
    }
}

#[test]
fn documents_take_lists_as_they_are() {
    let service = Service::start(always);
    let folder = tempfile::tempdir().unwrap();
    let more = "model = \"documents\"\nfixtures = \"app\"";
    let text = spec("collection = \"notes\"", "collection = \"vectors\"", more);
    std::fs::write(folder.path().join("demo.toml"), text).unwrap();
    std::fs::create_dir(folder.path().join("app")).unwrap();
    let lines: String =
        (1..=12).map(|n| format!("{{\"_id\": {n}, \"text\": \"note {n}\"}}\n")).collect();
    std::fs::write(folder.path().join("app/notes.jsonl"), lines).unwrap();
    whole_life(folder.path(), &service, "sqlite:app.db");
}

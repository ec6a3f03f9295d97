//! Chains of lookups: by id, else by e-mail, else a named record, else rejected; which link served
//! is counted, and so is what is made up for elsewhere.

use std::sync::Arc;

use mapper::connectors::{self, ConnectionConfig, Insert, Layout, Model, Policies};
use mapper::value::{Object, Value};
use serde_json::json;

use super::world::{World, phase};
use crate::servers::{self, Server};

const TABLES: &str = "
CREATE TABLE old_doctors (id INTEGER PRIMARY KEY, mail VARCHAR(40));
CREATE TABLE old_orders (id INTEGER PRIMARY KEY, doctor INTEGER, mail VARCHAR(40), fallback VARCHAR(40),
  born VARCHAR(40), other INTEGER);
CREATE TABLE doctors (id CHAR(36) PRIMARY KEY, legacy INTEGER UNIQUE, mail VARCHAR(40));
CREATE TABLE orders (id INTEGER PRIMARY KEY, doctor CHAR(36), born DATE, other CHAR(36), note VARCHAR(40));
INSERT INTO old_doctors VALUES (1, 'one@x'), (2, 'two@x'), (3, 'nobody@x');
INSERT INTO old_orders VALUES
  (1, 1, NULL, 'nobody@x', '2000-01-31', 1), (2, 2, 'one@x', 'nobody@x', 'bad', 77),
  (3, 99, 'two@x', 'nobody@x', NULL, NULL), (4, NULL, 'two@x', 'nobody@x', '2000-13-01', 1),
  (5, 99, 'gone@x', 'nobody@x', '2000-01-01', 2), (6, 99, NULL, 'gone@x', '2000-01-01', 2),
  (7, NULL, NULL, 'nobody@x', '2000-01-01', 88);
";

const SPEC: &str = r#"
[phase.doctors]
source = { connection = "db", table = "old_doctors" }
target = { connection = "db", table = "doctors", key = ["legacy"], on_conflict = "skip" }
fields = { id = { id = "uuid" }, legacy = "id", mail = "mail" }

[phase.orders]
source = { connection = "db", table = "old_orders" }
target = { connection = "db", table = "orders", key = ["id"], on_conflict = "skip" }
batch = 2
[phase.orders.let]
born = { from = "born", parse = "%Y-%m-%d", cast = "date", on_error = "null" }
[phase.orders.fields]
id = "id"
born = "let.born"
note = { from = "born", parse = "%Y-%m-%d", format = "%Y", on_error = "default", default = "unknown" }
other = { lookup = "doctors", from = "other", on_missing = "null" }
[phase.orders.fields.doctor]
first = [
  { lookup = "doctors", from = "doctor" },
  { lookup = { connection = "db", table = "doctors", take = "id", after = ["doctors"] }, match = { mail = "mail" } },
  { lookup = { connection = "db", table = "doctors", take = "id", after = ["doctors"] }, match = { mail = { value = "nobody@x" }, legacy = { expr = "3 if fallback == 'nobody@x' else 0" } } },
]
on_missing = "reject"
"#;

fn expected() -> serde_json::Value {
    json!({
        "doctor": { "link 1": 2, "link 2": 2, "link 3": 2 },
        "let.born": { "on_error null": 2 },
        "note": { "on_error default": 2 },
        "other": { "on_missing null": 2 },
    })
}

async fn tables(server: Option<&Arc<Server>>) {
    let world = match server {
        None => World::file(TABLES, SPEC).await,
        Some(server) => World::on(server, TABLES, SPEC).await,
    };
    for dry in ["--dry-run", ""] {
        let report = world.run(dry, 3);
        let orders = phase(&report, "shop.orders");
        assert_eq!(orders["repairs"], expected(), "{dry}");
        assert_eq!(orders["reasons"], json!({ "rejected: lookup_missing": 1 }), "{dry}");
    }
    let served = world
        .rows("SELECT orders.id, doctors.legacy FROM orders JOIN doctors ON doctors.id = doctor ORDER BY 1")
        .await;
    assert_eq!(served, ["1 1", "2 2", "3 2", "4 2", "5 3", "7 3"]);
    // The ledger keeps it: a run that goes on adds to it, and the Markdown report shows it.
    world.mapper("status shop.toml", 0);
    world.mapper("verify shop.toml --report report.json", 3);
    assert_eq!(phase(&world.report(), "shop.orders")["repairs"], expected());
}

#[tokio::test]
async fn on_postgresql() {
    tables(Some(&servers::postgres())).await;
}

#[tokio::test]
async fn on_mariadb() {
    tables(Some(&servers::mariadb())).await;
}

#[tokio::test]
async fn on_a_file() {
    tables(None).await;
}

/// Documents: as on a file, so on a server.
async fn documents(url: String, folder: &std::path::Path) {
    let config = ConnectionConfig {
        name: "db".into(),
        url: url.clone(),
        model: Model::Documents,
        policies: Policies::default(),
        files: None,
        create: true,
    };
    let store = connectors::open(&config).await.unwrap();
    let mut session = store.session().await.unwrap();
    session.begin().await.unwrap();
    let object = |fields: Vec<(&str, Value)>| {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        vec![Value::object(fields.collect::<Object>())]
    };
    let doctor = |id: i64, mail: &str| object(vec![("_id", id.into()), ("mail", mail.into())]);
    let order = |id: i64, doctor: i64, mail: &str| {
        object(vec![("_id", id.into()), ("doctor", doctor.into()), ("mail", mail.into())])
    };
    let doctors = [doctor(1, "one@x"), doctor(2, "two@x"), doctor(3, "nobody@x")];
    let orders = [order(1, 1, "two@x"), order(2, 9, "two@x"), order(3, 9, "gone@x")];
    for (entity, rows) in [("old_doctors", &doctors[..]), ("old_orders", &orders[..])] {
        let insert = Insert { entity, layout: &Layout::Document, rows, returning: &[] };
        session.insert(insert).await.unwrap();
    }
    session.commit().await.unwrap();
    drop(session);
    store.close().await;
    let spec = r#"
spec = 1
name = "shop"
[connections.db]
url = "${DB_URL}"
model = "documents"
[phase.doctors]
source = { connection = "db", collection = "old_doctors" }
target = { connection = "db", collection = "doctors", key = ["legacy"], on_conflict = "skip" }
fields = { _id = { id = "objectid" }, legacy = "_id", mail = "mail" }
[phase.orders]
source = { connection = "db", collection = "old_orders" }
target = { connection = "db", collection = "orders", key = ["_id"], on_conflict = "skip" }
[phase.orders.fields]
_id = "_id"
[phase.orders.fields.doctor]
first = [
  { lookup = "doctors", from = "doctor" },
  { lookup = { connection = "db", collection = "doctors", take = "_id", after = ["doctors"] }, match = { mail = "mail" } },
  { lookup = { connection = "db", collection = "doctors", take = "_id", after = ["doctors"] }, match = { mail = { value = "nobody@x" } } },
]
on_missing = "reject"
"#;
    std::fs::write(folder.join("shop.toml"), spec).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_mapper"))
        .args(["run", "shop.toml", "--yes", "--format", "json"])
        .current_dir(folder)
        .env("DB_URL", url)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!({ "doctor": { "link 1": 1, "link 2": 1, "link 3": 1 } });
    assert_eq!(phase(&report, "shop.orders")["repairs"], expected);
}

#[tokio::test]
async fn of_documents_on_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    documents(url, folder.path()).await;
}

#[tokio::test]
async fn of_documents_on_a_server() {
    let server = servers::mongo_java();
    let database = server.database();
    documents(database.url(), tempfile::tempdir().unwrap().path()).await;
}

/// A chain without a lookup in it finds nothing for another reason.
#[tokio::test]
async fn a_chain_of_parses_has_a_reason_of_its_own() {
    let world = World::file(
        "CREATE TABLE old (id INTEGER PRIMARY KEY, day TEXT); CREATE TABLE new (id INTEGER PRIMARY KEY, day DATE);
         INSERT INTO old VALUES (1, '2000-01-31'), (2, '31.01.2000'), (3, 'never');",
        r#"
[phase.days]
source = { connection = "db", table = "old" }
target = { connection = "db", table = "new", key = ["id"], on_conflict = "skip" }
[phase.days.fields]
id = "id"
day = { first = [ { from = "day", parse = "%Y-%m-%d", cast = "date", on_error = "null" }, { from = "day", parse = "%d.%m.%Y", cast = "date", on_error = "null" } ], on_missing = "reject" }
"#,
    )
    .await;
    let report = world.run("", 3);
    let days = phase(&report, "shop.days");
    assert_eq!(days["reasons"], json!({ "rejected: missing": 1 }));
    assert_eq!(days["repairs"], json!(null), "a link that gives nothing made up for nothing");
}

//! The id map: found, exported, and published for other tools.

use mapper::connectors::{self, ConnectionConfig, Model, Policies, Store};
use mapper::value::Value;
use mapper::value::query::Select;
use serde_json::Value as Json;

use super::world::World;
use crate::servers;

const COLUMNS: [&str; 11] = [
    "phase",
    "source",
    "target",
    "legacy_key",
    "new_id",
    "fate",
    "run",
    "spec",
    "who",
    "started_at",
    "finished_at",
];

async fn store(url: &str, model: Model) -> std::sync::Arc<dyn Store> {
    let config = ConnectionConfig {
        name: "db".into(),
        url: url.to_owned(),
        model,
        policies: Policies::default(),
        files: None,
        create: false,
    };
    connectors::open(&config).await.unwrap()
}

/// The rows of `mapper_mappings`, in order of phase and key.
async fn mappings(url: &str, model: Model) -> Vec<Vec<String>> {
    let store = store(url, model).await;
    let select = Select {
        entity: "mapper_mappings".to_owned(),
        columns: Some(COLUMNS.map(str::to_owned).to_vec()),
        ..Select::default()
    };
    let text =
        |value: Value| value.canonical_text().map_or("-".into(), std::borrow::Cow::into_owned);
    let rows = store.select(&select).await.unwrap().rows;
    store.close().await;
    let mut rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect();
    rows.sort();
    rows
}

/// A run of all, through a server or not.
struct Shop {
    world: World,
    url: String,
    model: Model,
}

impl Shop {
    fn ends(&self, code: i32, line: &str) -> String {
        let output = self.world.command(line).env("SHOP_URL", &self.url).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "mapper {line}\n{told}");
        String::from_utf8(output.stdout).unwrap() + &told
    }

    async fn mappings(&self) -> Vec<Vec<String>> {
        let url =
            self.url.replace("sqlite:", &format!("sqlite:{}/", self.world.path("").display()));
        mappings(&url, self.model).await
    }

    /// What `publish` gives, and what keeps it true.
    async fn is_published(&self, spec: &str, phase: &str, key: &str) {
        self.ends(1, &format!("ids {spec} --publish"));
        self.ends(0, &format!("run {spec}"));
        let told = self.ends(0, &format!("ids {spec} --publish"));
        assert!(told.contains(&format!("{phase}: ")), "{told}");
        let all = self.mappings().await;
        let row = |all: &[Vec<String>], key: &str| -> Option<Vec<String>> {
            all.iter().find(|row| row[0] == phase && row[3] == key).cloned()
        };
        let first = row(&all, key).unwrap();
        let found: Json = {
            let out = self.world.command(&format!("ids {spec} --legacy {key} --format json"));
            let out = out.env("SHOP_URL", &self.url).output().unwrap().stdout;
            serde_json::from_slice(&out).unwrap()
        };
        let found = found["ids"].as_array().unwrap().clone();
        let one = found.iter().find(|one| one["phase"] == phase).unwrap();
        for (place, name) in [(2, "target"), (4, "new_id"), (5, "fate"), (6, "run"), (8, "who")] {
            assert_eq!(one[name].as_str().unwrap(), first[place], "{name}");
        }
        for (place, name) in [(9, "started_at"), (10, "finished_at")] {
            assert_eq!(one[name].as_str().unwrap(), first[place], "{name}");
        }
        assert_eq!((first[5].as_str(), first[8].as_str()), ("inserted", "ada@box"));
        // Nothing happened since.
        assert!(self.ends(0, &format!("ids {spec} --publish")).contains("as before"));

        // A run and a rollback keep it true.
        self.ends(0, &format!("run {spec}"));
        assert_eq!(self.mappings().await, all, "nothing new");
        self.world.change("customers.csv", &format!("\n{key},"), "\n9017,");
        self.ends(0, &format!("run {spec}"));
        let more = self.mappings().await;
        let second = row(&more, "9017").unwrap();
        assert_eq!((second[6] > first[6], more.len()), (true, all.len() + 1));
        self.ends(0, &format!("rollback {spec} --yes"));
        assert_eq!(self.mappings().await, all);
        self.ends(0, &format!("rollback {spec} --all --yes"));
        assert_eq!(self.mappings().await, Vec::<Vec<String>>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_is_a_view_of_a_file() {
    let shop = Shop { world: World::hello(), url: "sqlite:shop.db".into(), model: Model::Tables };
    shop.is_published("hello.toml", "hello.customers", "17").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_is_a_view_of_a_database() {
    for database in [servers::postgres().database(), servers::mariadb().database()] {
        let shop = Shop { world: World::hello(), url: database.url(), model: Model::Tables };
        // MariaDB wants a length of a text that is a key.
        let schema = shop.world.read("shop/schema.sql").replace("TEXT", "VARCHAR(80)");
        shop.world.write("shop/schema.sql", &schema);
        shop.ends(0, "seed hello.toml --fixtures");
        shop.is_published("hello.toml", "hello.customers", "17").await;
    }
}

const NOTES: &str = r#"
spec = 1
name = "notes"

[connections.shop]
url = "${SHOP_URL}"
MODEL

[phase.notes]
source = { files = "customers.csv", key = ["number"], columns = { number = "integer" } }
target = { connection = "shop", collection = "notes", key = ["number"], on_conflict = "skip" }
fields = { _id = { id = "objectid" }, number = "number", name = "name" }
"#;

fn notes(url: &str, model: &str) -> Shop {
    let world = World::hello();
    world.write("notes.toml", &NOTES.replace("MODEL", model));
    Shop { world, url: url.to_owned(), model: Model::Documents }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_is_a_collection_of_documents() {
    let shop = notes("sqlite:shop.db", "model = \"documents\"");
    shop.world.write("shop.db", "");
    shop.is_published("notes.toml", "notes.notes", "17").await;
    let database = servers::mongo_java().database();
    notes(&database.url(), "").is_published("notes.toml", "notes.notes", "17").await;
}

#[test]
fn a_later_spec_finds_the_ids() {
    let world = World::hello();
    world.ends(0, "run hello.toml");
    world.ends(0, "ids hello.toml --publish");
    world.write(
        "later.toml",
        r#"
spec = 1
name = "later"

[connections.shop]
url = "${SHOP_URL}"

[table.calls]
connection = "shop"
primary_key = ["number"]
columns.number = { type = "integer" }
columns.customer_id = { type = "text" }

[phase.calls]
source = { files = "calls.csv", key = ["number"], columns = { number = "integer" } }
target = { connection = "shop", table = "calls", key = ["number"], on_conflict = "skip" }

[phase.calls.fields]
number = "number"

[phase.calls.fields.customer_id]
lookup = { connection = "shop", table = "mapper_mappings", take = "new_id" }
match = { phase = { value = "hello.customers" }, legacy_key = "customer" }
"#,
    );
    world.write("calls.csv", "number,customer\n1,17\n2,17\n");
    world.ends(0, "check later.toml --connect");
    world.ends(0, "run later.toml");
    let found = world.json(0, "ids hello.toml --legacy 17");
    let customer = found["ids"][0]["new_id"].as_str().unwrap().to_owned();
    let database = world.path("shop.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rows = runtime.block_on(async {
        let store = store(&format!("sqlite:{}", database.display()), Model::Tables).await;
        store.query("SELECT DISTINCT customer_id FROM calls").await.unwrap().rows
    });
    assert_eq!(rows, [[Value::from(customer)]]);
}

#[test]
fn an_export_tells_who_and_when() {
    let world = World::hello();
    world.ends(0, "run hello.toml");
    world.ends(0, "ids hello.toml --export ids.csv");
    let text = world.read("ids.csv");
    let mut lines = text.lines();
    let heads = "phase,legacy_key,new_id,fate,run,source,target,who,started_at,finished_at";
    assert_eq!(lines.next(), Some(heads));
    assert!(lines.all(|line| line.contains(",ada@box,20") && line.ends_with('Z')), "{text}");
    world.ends(0, "ids hello.toml --export ids.jsonl");
    let first: Json =
        serde_json::from_str(world.read("ids.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!((&first["who"], &first["target"]), (&"ada@box".into(), &"customers".into()));
    let found = world.ends(0, "ids hello.toml --legacy 17");
    assert!(found.out.contains("ada@box"), "{}", found.out);
}

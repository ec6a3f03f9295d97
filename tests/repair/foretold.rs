//! A dry run foretells which records a run will reject, and why: exactly those, in every store of
//! tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::world::{World, phase};
use crate::servers::{self, Server};

const TABLES: &str = "
CREATE TABLE old_teams (id INTEGER PRIMARY KEY, name VARCHAR(40));
CREATE TABLE old_people (id INTEGER PRIMARY KEY, code VARCHAR(40), age INTEGER, team INTEGER, chief INTEGER);
CREATE TABLE teams (id INTEGER PRIMARY KEY, name VARCHAR(8) NOT NULL, seats INTEGER DEFAULT 3,
  CONSTRAINT teams_name UNIQUE (name));
CREATE TABLE people (
  id INTEGER PRIMARY KEY, code VARCHAR(5), age INTEGER NOT NULL, team INTEGER, chief INTEGER,
  CONSTRAINT people_code UNIQUE (code),
  CONSTRAINT people_age CHECK (age >= 0 AND age < 150),
  CONSTRAINT people_team FOREIGN KEY (team) REFERENCES teams (id),
  CONSTRAINT people_chief FOREIGN KEY (chief) REFERENCES people (id));
INSERT INTO teams (id, name) VALUES (1, 'old');
INSERT INTO people VALUES (90, 'old', 40, 1, NULL);
INSERT INTO old_teams VALUES (2, 'blue'), (3, 'old'), (4, NULL), (5, 'green');
INSERT INTO old_people VALUES
  (1, 'a', 30, 1, 90), (2, 'b', 31, 2, 1), (3, 'a', 32, 2, NULL), (4, 'old', 33, 2, NULL),
  (5, 'e', NULL, 2, NULL), (6, 'f', -1, 2, NULL), (7, 'g', 200, 2, NULL), (8, 'h', 36, 3, NULL),
  (9, 'i', 37, 99, NULL), (10, 'long text', 38, 5, NULL), (11, 'k', 39, 5, 2), (12, 'l', 40, NULL, 77),
  (13, NULL, 41, 5, 13), (14, NULL, 42, 5, 6), (15, 'o', 43, 4, NULL), (16, 'p', 44, 5, 11);
";

const SPEC: &str = r#"
[phase.teams]
source = { connection = "db", table = "old_teams" }
target = { connection = "db", table = "teams", key = ["id"], on_conflict = "skip" }
fields = { id = "id", name = "name" }

[phase.people]
after = ["teams"]
source = { connection = "db", table = "old_people" }
target = { connection = "db", table = "people", key = ["id"], on_conflict = "skip" }
batch = 4
fields = { id = "id", code = "code", age = "age", team = "team", chief = "chief" }
"#;

/// Phase, key and reason of rejects.
fn rejects(told: &Json) -> BTreeMap<(String, String), String> {
    let text = |reject: &Json, name: &str| reject[name].as_str().unwrap().to_owned();
    told["rejects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reject| ((text(reject, "phase"), text(reject, "key")), text(reject, "reason")))
        .collect()
}

async fn foretold(server: Option<&Arc<Server>>) {
    let world = match server {
        None => World::file(TABLES, SPEC).await,
        Some(server) => World::on(server, TABLES, SPEC).await,
    };
    let everything = "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM teams)";
    let before = (world.structure().await, world.rows(everything).await);
    let dry = world.run("--dry-run", 3);
    assert_eq!((world.structure().await, world.rows(everything).await), before);
    let expected: BTreeMap<(String, String), String> = [
        ("teams", 3, "unique"),
        ("teams", 4, "not_null"),
        ("people", 3, "unique"),
        ("people", 4, "unique"),
        ("people", 5, "not_null"),
        ("people", 6, "check"),
        ("people", 7, "check"),
        ("people", 8, "foreign_key"),
        ("people", 9, "foreign_key"),
        ("people", 10, "length"),
        ("people", 12, "foreign_key"),
        ("people", 14, "foreign_key"),
        ("people", 15, "foreign_key"),
    ]
    .into_iter()
    .map(|(phase, key, reason)| ((format!("shop.{phase}"), key.to_string()), reason.to_owned()))
    .collect();
    let told = rejects(&dry);
    assert_eq!(told, expected);
    let of = |key: &str| {
        let all = dry["rejects"].as_array().unwrap();
        all.iter().find(|it| it["key"] == key && it["phase"] == "shop.people").unwrap().clone()
    };
    assert_eq!(of("6")["constraint"], "people_age");
    assert_eq!(of("5")["field"], "age");
    assert_eq!(of("9")["constraint"], "people_team");
    assert_eq!(of("9")["field"], "team");
    // The run itself.
    let real = world.run("", 3);
    for name in ["shop.teams", "shop.people"] {
        let (foretold, done) = (phase(&dry, name), phase(&real, name));
        for count in ["read", "inserted", "skipped", "rejected"] {
            assert_eq!(foretold[count], done[count], "{name} {count}");
        }
        assert_eq!(foretold["reasons"], done["reasons"], "{name}");
    }
    let listed = world.mapper("rejects shop.toml --format json", 3);
    assert_eq!(rejects(&serde_json::from_str(&listed.out).unwrap()), told);
}

#[tokio::test]
async fn on_postgresql() {
    foretold(Some(&servers::postgres())).await;
}

#[tokio::test]
async fn on_mariadb() {
    foretold(Some(&servers::mariadb())).await;
}

#[tokio::test]
async fn on_a_file() {
    foretold(None).await;
}

/// People see it too, and what can't be foretold.
#[tokio::test]
async fn it_is_told_in_words() {
    let world = World::file(TABLES, SPEC).await;
    let told = world.mapper("run shop.toml --dry-run", 3);
    assert!(told.err.contains("A run would reject:"), "{}", told.err);
    assert!(told.err.contains("a check constraint does not hold (`people_age`)"), "{}", told.err);
    world.edit(
        "[phase.teams]",
        "[table.made]\nconnection = \"db\"\nprimary_key = [\"id\"]\n\
         columns.id = { type = \"integer\", check = \"id > 0\" }\n\n[phase.teams]",
    );
    let told = world.mapper("run shop.toml --dry-run", 3);
    assert!(told.err.contains("what the checks of `made` refuse is not foretold"), "{}", told.err);
}

/// A table in another schema, with a domain and a generated column, of which the copy is made beside
/// the table and never in its place.
#[tokio::test]
async fn in_another_schema() {
    let tables = "
        CREATE SCHEMA apart;
        CREATE DOMAIN apart.even AS integer CHECK (VALUE % 2 = 0);
        CREATE TABLE apart.things (id SERIAL PRIMARY KEY, pair apart.even,
          twice INTEGER GENERATED ALWAYS AS (id * 2) STORED, CONSTRAINT small CHECK (id < 100));
        CREATE TABLE old_things (id INTEGER PRIMARY KEY, pair INTEGER);
        INSERT INTO old_things VALUES (1, 2), (2, 3), (3, NULL), (400, 4);";
    let spec = r#"
[phase.things]
source = { connection = "db", table = "old_things" }
target = { connection = "db", table = "apart.things", key = ["id"], on_conflict = "skip" }
fields = { id = "id", pair = "pair" }
"#;
    let world = World::on(&servers::postgres(), tables, spec).await;
    let dry = world.run("--dry-run", 3);
    assert_eq!(world.rows("SELECT count(*) FROM apart.things").await, ["0"]);
    assert_eq!(
        world.rows("SELECT last_value, is_called FROM apart.things_id_seq").await,
        ["1 false"]
    );
    let keys: Vec<String> = rejects(&dry).into_keys().map(|(_, key)| key).collect();
    assert_eq!(keys, ["2", "400"]);
    world.run("", 3);
    let listed = world.mapper("rejects shop.toml --format json", 3);
    assert_eq!(rejects(&serde_json::from_str(&listed.out).unwrap()), rejects(&dry));
}

/// With `foreign_keys = "deferred"` no record is rejected for what it refers to.
#[tokio::test]
async fn deferred_references_reject_nothing() {
    let world = World::file(TABLES, SPEC).await;
    world.edit("batch = 4", "batch = 4\nforeign_keys = \"deferred\"");
    let dry = world.run("--dry-run", 3);
    assert!(!rejects(&dry).values().any(|reason| reason == "foreign_key"));
}

//! `mapper coverage`: what is left behind is told, on every kind of store.

use std::path::Path;
use std::process::Command as Process;

use serde_json::Value as Json;

use super::world::{Done, World};
use crate::servers;

const CONNECTIONS: &str = r#"
[connections.legacy]
url = "${LEGACY_URL:-sqlite:legacy.db}"
fixtures = "legacy"
ignore = { "tmp_*" = "made anew every night", "codes.sort" = "the old screens need it", archive = "kept as it is" }

[connections.shop]
url = "${SHOP_URL}"
fixtures = "shop"
"#;

const PEOPLE: &str = r#"
spec = 1
name = "people"
include = ["shared/connections.toml"]

[phase.people]
source = { connection = "legacy", table = "people", key = ["id"], filter = { kind = "p" } }
target = { connection = "shop", table = "people", key = ["legacy_id"], on_conflict = "skip" }
ignore = { password = "set anew", fax = "nobody has one" }

[phase.people.fields]
legacy_id = "id"
name = { template = "{{ first }} {{ last }}" }
country = { lookup = { connection = "legacy", table = "codes", take = "label" }, match = { code = "country" }, on_missing = "null" }
active = { value = true }

[[phase.people.skip]]
when = "deleted_at"
reason = "deleted"
"#;

const VISITS: &str = r#"
spec = 1
name = "visits"
include = ["shared/connections.toml"]

[phase.visits]
source = { connection = "legacy", key = ["id"], query = "SELECT v.id, v.at, p.id AS who FROM visits v JOIN people p ON p.id = v.person_id" }
target = { connection = "shop", table = "visits", key = ["id"], on_conflict = "skip" }
fields = { id = "id", at = "at", person = "who" }
"#;

const LEGACY: &str = "
CREATE TABLE people (id INTEGER PRIMARY KEY, kind VARCHAR(5), first VARCHAR(20), last VARCHAR(20),
  country VARCHAR(5), password VARCHAR(20), deleted_at VARCHAR(20), phone VARCHAR(20), currency VARCHAR(5));
CREATE TABLE codes (code VARCHAR(5) PRIMARY KEY, label VARCHAR(20), sort INTEGER);
CREATE TABLE visits (id INTEGER PRIMARY KEY, at VARCHAR(20), person_id INTEGER, room VARCHAR(20));
CREATE TABLE tmp_1 (id INTEGER PRIMARY KEY);
CREATE TABLE letters (id INTEGER PRIMARY KEY, body VARCHAR(50));
CREATE VIEW names AS SELECT first FROM people;
";

const SHOP: &str = "
CREATE TABLE people (id VARCHAR(40) DEFAULT 'x', legacy_id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL,
  country VARCHAR(20), active BOOLEAN, note VARCHAR(20));
CREATE TABLE visits (id INTEGER PRIMARY KEY, at VARCHAR(20), person INTEGER, doctor INTEGER NOT NULL);
";

/// Two specs in a folder, over a legacy database of tables.
fn tables() -> World {
    let world = World::empty();
    for folder in ["specs", "specs/shared", "legacy", "shop"] {
        std::fs::create_dir(world.path(folder)).unwrap();
    }
    // Paths of an included file are relative to it.
    let connections = CONNECTIONS
        .replace("sqlite:legacy.db", "sqlite:../../legacy.db")
        .replace("\"legacy\"\n", "\"../../legacy\"\n")
        .replace("\"shop\"\n", "\"../../shop\"\n");
    world.write("specs/shared/connections.toml", &connections);
    world.write("specs/people.toml", PEOPLE);
    world.write("specs/visits.toml", VISITS);
    world.write("legacy/schema.sql", LEGACY);
    world.write("shop/schema.sql", SHOP);
    let people = "id,kind,first,last,country,password,deleted_at,phone,currency\n\
                  1,p,Ann,Lee,ng,x,,123,EUR\n2,p,Ben,Ott,de,y,,,EUR\n3,q,Cy,Ray,de,z,2020,456,EUR\n";
    world.write("legacy/people.csv", people);
    world.write("legacy/codes.csv", "code,label,sort\nng,Nigeria,1\nde,Germany,2\n");
    world.write("legacy/visits.csv", "id,at,person_id,room\n1,2020,1,a\n2,2021,1,b\n");
    world.write("legacy/letters.csv", "id,body\n1,Dear\n");
    world
}

fn source<'j>(found: &'j Json, name: &str) -> &'j Json {
    let all = found["sources"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name}: {found:#}"))
}

/// Each column with its state.
fn states(table: &Json) -> Vec<String> {
    let one = |column: &Json| {
        let text = |key: &str| column[key].as_str().unwrap();
        format!("{} {}", text("name"), text("state"))
    };
    table["columns"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn every_table_and_column_is_told() {
    let world = tables();
    let done = world.ends(1, "coverage specs");
    insta::assert_snapshot!("coverage_text", done.out);
    assert!(done.err.contains("error: something is left behind"), "{}", done.err);
    let markdown = world.ends(1, "coverage specs --format markdown --report coverage.md");
    insta::assert_snapshot!("coverage_markdown", markdown.out);
    assert_eq!(world.read("coverage.md"), markdown.out);
    let found = world.json(1, "coverage specs --report coverage.json");
    assert_eq!(serde_json::from_str::<Json>(&world.read("coverage.json")).unwrap(), found);
    assert_eq!(found["columns"]["forgotten"], 2);
    assert!(!world.path("legacy.db").exists() && !world.path("shop.db").exists());

    // Each spec by itself knows less.
    let alone = world.json(1, "coverage specs/people.toml");
    assert_eq!(source(&alone, "visits")["state"], "forgotten");
    assert_eq!(source(&alone, "people")["outside"], 1);
    let alone = world.ends(1, "coverage specs/people.toml");
    assert!(alone.out.contains("read by people.people; 1 record in no filter"), "{}", alone.out);
}

#[test]
fn once_all_is_said_nothing_is_forgotten() {
    let world = tables();
    world.change("specs/people.toml", "fax = \"nobody has one\"", "phone = \"out of date\"");
    world.change(
        "specs/visits.toml",
        "fields = {",
        "ignore = { room = \"rooms moved\" }\nfields = {",
    );
    world.change("specs/shared/connections.toml", "archive = ", "letters = ");
    world.change("shop/schema.sql", "doctor INTEGER NOT NULL", "doctor INTEGER");
    let found = world.json(0, "coverage specs");
    assert_eq!(
        (&found["columns"]["forgotten"], &found["absent"]),
        (&0.into(), &Json::Array(vec![]))
    );
    let done = world.ends(0, "coverage specs");
    assert!(done.err.is_empty() && done.out.ends_with("0 forgotten.\n"), "{}", done.out);

    // Two phases of a table: what one leaves to the other must be taken by that one.
    let rest = "\n[phase.contacts]\nsource = { connection = \"legacy\", table = \"people\", key = [\"id\"] }\n\
        target = { connection = \"shop\", table = \"visits\", key = [\"id\"], on_conflict = \"skip\" }\n\
        fields = { id = \"id\", at = \"kind\" }\n";
    let people = world.read("specs/people.toml");
    world.write("specs/people.toml", &(people + rest));
    let found = world.json(1, "coverage specs");
    let people = source(&found, "people");
    let phone = &people["columns"].as_array().unwrap()[7];
    assert_eq!(phone["state"], "forgotten");
    assert_eq!(phone["reason"], "people.contacts neither takes nor ignores it");
    world.change("specs/people.toml", "at = \"kind\"", "at = \"phone\"");
    let found = world.json(1, "coverage specs");
    assert!(states(source(&found, "people")).contains(&"phone mapped".to_owned()));
}

#[test]
fn a_reason_is_not_empty() {
    let world = tables();
    world.change("specs/shared/connections.toml", "made anew every night", "");
    world.change("specs/people.toml", "set anew", "");
    let done = world.ends(2, "coverage specs");
    assert_eq!(done.err.matches("error[E0214]").count(), 2, "{}", done.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_the_same_as_a_file() {
    let world = tables();
    let file = world.json(1, "coverage specs");
    let (legacy, shop) = (servers::postgres().database(), servers::postgres().database());
    let run = |line: &str| -> Done {
        let command =
            world.command(line).env("LEGACY_URL", legacy.url()).env("SHOP_URL", shop.url());
        let output = command.output().unwrap();
        Done {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    };
    for spec in ["specs/people.toml", "specs/visits.toml"] {
        let done = run(&format!("seed {spec} --fixtures"));
        assert_eq!(done.code, 0, "{}", done.err);
    }
    let done = run("coverage specs --format json");
    assert_eq!(done.code, 1, "{}", done.err);
    let mut server: Json = serde_json::from_str(&done.out).unwrap();
    let mut file = file;
    // Types are spelt by the store.
    for found in [&mut server, &mut file] {
        for side in ["sources", "targets"] {
            for table in found[side].as_array_mut().unwrap() {
                for column in table["columns"].as_array_mut().unwrap() {
                    column.as_object_mut().unwrap().remove("holds");
                }
            }
        }
    }
    assert_eq!(server, file);
}

const CLINIC: &str = r#"
spec = 1
name = "notes"

[connections.clinic]
url = "${CLINIC_URL:-sqlite:clinic.db}"
MODEL
fixtures = "clinic"
ignore = { "*" = "stays where it is" }

[phase.notes]
source = { connection = "clinic", collection = "followups" }
target = { connection = "clinic", collection = "notes", key = ["_id"], on_conflict = "skip" }
ignore = { "reviewer" = "people are migrated by themselves" }

[phase.notes.fields]
_id = { id = "objectid" }
title = "title"
outcome = { from = "outcome", extend = { done = { value = true } }, without = ["draft"] }
lines = { each = "lines[*]", object = { code = "sku", gone = "never" } }

[phase.mark]
source = { connection = "clinic", collection = "followups" }
target = { connection = "clinic", collection = "followups", key = ["_id"], write = "patch" }
after = ["notes"]
fields = { _id = "_id", migrated = { value = true } }
"#;

/// Documents with lists and objects in them.
fn documents(model: &str) -> World {
    let world = World::empty();
    std::fs::create_dir(world.path("clinic")).unwrap();
    world.write("notes.toml", &CLINIC.replace("MODEL", model));
    let followups = [
        r#"{"_id": 1, "title": "a", "outcome": {"status": "x", "draft": "no"}, "lines": [{"sku": 1, "price": 2}, {"sku": 2}], "reviewer": {"name": "N"}, "tags": ["t", "u"]}"#,
        r#"{"_id": 2, "title": "b", "outcome": {"status": "y"}, "lines": [], "secret": {"deep": {"er": 5}}, "tags": []}"#,
        r#"{"_id": 3, "title": "c", "outcome": null, "version": 1}"#,
    ];
    world.write("clinic/followups.jsonl", &(followups.join("\n") + "\n"));
    world.write("clinic/people.jsonl", "{\"_id\": 1}\n{\"_id\": 2}\n");
    world
}

fn of_documents(found: &Json) {
    assert_eq!(source(found, "people")["reason"], "stays where it is");
    assert_eq!(source(found, "people")["records"], 2);
    let followups = source(found, "followups");
    assert_eq!(followups["records"], 3);
    let column = |name: &str| {
        let all = followups["columns"].as_array().unwrap();
        let found = all.iter().find(|column| column["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {followups:#}")).clone()
    };
    for (name, state, records) in [
        ("title", "mapped", 3),
        ("outcome.status", "mapped", 2),
        ("outcome.draft", "ignored", 1),
        ("lines[*].sku", "mapped", 1),
        ("lines[*].price", "forgotten", 1),
        ("reviewer.name", "ignored", 1),
        ("secret.deep.er", "forgotten", 1),
        ("tags", "forgotten", 2),
        ("version", "forgotten", 1),
    ] {
        let column = column(name);
        assert_eq!(
            (&column["state"], &column["records"]),
            (&state.into(), &records.into()),
            "{name}"
        );
    }
    assert_eq!(column("outcome.draft")["reason"], "left out by `without` of notes.notes.outcome");
    assert_eq!(column("lines[*].sku")["to"], serde_json::json!(["notes.notes.lines"]));
    let absent = found["absent"].as_array().unwrap();
    assert_eq!(absent.len(), 1, "{absent:?}");
    assert_eq!(absent[0]["column"], "lines[*].never");
    let target = &found["targets"][0];
    assert_eq!((&target["name"], states(target).len()), (&"notes".into(), 4));
}

#[test]
fn documents_are_told_path_by_path() {
    let world = documents("model = \"documents\"");
    of_documents(&world.json(1, "coverage notes.toml"));
    world.change("notes.toml", "title = \"title\"\n", "all = \"$\"\n");
    let found = world.json(0, "coverage notes.toml");
    assert_eq!(found["columns"]["forgotten"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongodb_server_is_told_path_by_path() {
    let world = documents("");
    let database = servers::mongo_java().database();
    let seed = world.command("seed notes.toml --fixtures").env("CLINIC_URL", database.url());
    assert!(seed.output().unwrap().status.success());
    let command = world.command("coverage notes.toml --format json");
    let output = command.env("CLINIC_URL", database.url()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    of_documents(&serde_json::from_slice(&output.stdout).unwrap());
}

#[test]
fn files_are_told_too() {
    let world = World::hello();
    let found = world.json(0, "coverage hello.toml");
    assert_eq!(found["sources"].as_array().unwrap().len(), 2);
    world.change(
        "hello.toml",
        "status = { from = \"status\", crosswalk = \"order_status\" }\n",
        "",
    );
    let found = world.json(1, "coverage hello.toml");
    assert!(states(source(&found, "orders.csv")).contains(&"status forgotten".to_owned()));
    assert!(!world.path("shop.db").exists());
}

/// The shipped specs take all of their legacy database, and a field or table that is taken out is
/// missed.
#[test]
fn the_shipped_specs_forget_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let world = World::empty();
    let made = Process::new("python3")
        .arg(root.join("examples/brius/generate.py"))
        .args(["--scale", "0.01", "--out"])
        .arg(world.path("data"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::create_dir_all(world.path("specs/shared")).unwrap();
    for folder in ["", "shared/"] {
        for entry in std::fs::read_dir(root.join("specs/brius").join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().extension().is_some_and(|ending| ending == "toml") {
                let name = entry.file_name().into_string().unwrap();
                let to = world.path(&format!("specs/{folder}{name}"));
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    let run = |code: i32| -> Json {
        let command = world
            .command("coverage specs --format json")
            .env("BRIUS_DATA", world.path("data"))
            .env("LEGACY_URL", "sqlite:legacy.db")
            .env("MDW_URL", "sqlite:mdw.db");
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{told}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let found = run(0);
    assert!(found["tables"]["read"].as_u64().unwrap() >= 7, "{found:#}");
    assert_eq!(found["absent"], Json::Array(vec![]), "{found:#}");

    // A field out of one spec, and a table out of another.
    world.change("specs/files.toml", "file_size   = \"file_size\"\n", "");
    world.change(
        "specs/files.toml",
        "when = \"file_size is number and file_size < 0\"",
        "when = \"false\"",
    );
    let cases = world.read("specs/cases.toml");
    let from = cases.find("[phase.case_states]").unwrap();
    let to = cases.find("# Phase 7").unwrap();
    let told = cases.find("[[test]]\nname = \"a transition is told once\"").unwrap();
    let next = told + cases[told..].find("[[test]]\nname = \"steps get names\"").unwrap();
    let left = [&cases[..from], &cases[to..told], &cases[next..]].concat();
    world.write("specs/cases.toml", &left);
    let found = run(1);
    let file_size = source(&found, "dispatch_project");
    assert!(states(file_size).contains(&"file_size forgotten".to_owned()), "{file_size:#}");
    assert_eq!(source(&found, "dispatch_state")["state"], "forgotten");
    // What the phase filled is filled by nobody now, in a database that other phases read.
    assert_eq!(source(&found, "case_states")["state"], "forgotten");
    assert_eq!(
        (&found["columns"]["forgotten"], &found["tables"]["forgotten"]),
        (&1.into(), &2.into())
    );
}

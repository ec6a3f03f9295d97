//! `triggers = "off"` and `foreign_keys = "deferred"`: off while the phase writes, put back however
//! it ends, and the rows that violate a foreign key listed.

use std::sync::Arc;

use super::world::{World, phase};
use crate::servers::{self, Server};

/// Persons who refer to each other in any order, and to groups. A trigger counts what is inserted.
const TABLES: &str = "
CREATE TABLE old_people (id INTEGER PRIMARY KEY, chief INTEGER, team INTEGER);
CREATE TABLE teams (id INTEGER PRIMARY KEY);
CREATE TABLE people (
  id INTEGER PRIMARY KEY, chief INTEGER, team INTEGER,
  CONSTRAINT people_chief FOREIGN KEY (chief) REFERENCES people (id),
  CONSTRAINT people_team FOREIGN KEY (team) REFERENCES teams (id));
CREATE TABLE seen (id INTEGER);
INSERT INTO teams VALUES (1), (2);
INSERT INTO old_people VALUES (1, 9, 1), (2, 8, 2), (3, 1, NULL), (4, 2, 1), (5, 3, 2), (6, 5, 1),
  (7, NULL, 2), (8, NULL, 1), (9, 7, 2);
";

const POSTGRES: &str = "
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
  AS 'BEGIN INSERT INTO seen VALUES (NEW.id); RETURN NEW; END';
CREATE TRIGGER a_note AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER b_always AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER c_never AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE people ENABLE ALWAYS TRIGGER b_always;
ALTER TABLE people DISABLE TRIGGER c_never;
ALTER TABLE people DROP CONSTRAINT people_chief;
ALTER TABLE people ADD CONSTRAINT people_chief FOREIGN KEY (chief) REFERENCES people (id)
  MATCH FULL ON DELETE SET NULL DEFERRABLE INITIALLY IMMEDIATE;
COMMENT ON CONSTRAINT people_chief ON people IS 'who''s who';
";

const SQLITE: &str = "
CREATE TRIGGER a_note AFTER INSERT ON people BEGIN INSERT INTO seen VALUES (NEW.id); END;
CREATE TRIGGER b_update AFTER UPDATE OF team ON people WHEN NEW.team IS NULL
  BEGIN INSERT INTO seen VALUES (-NEW.id); END;
";

const SPEC: &str = r#"
[phase.people]
source = { connection = "db", table = "old_people" }
target = { connection = "db", table = "people", key = ["id"], on_conflict = "skip" }
batch = 2
OFF
foreign_keys = "deferred"
[phase.people.fields]
id = "id"
chief = "chief"
team = "team"
"#;

/// A world on a store; MariaDB has no way to switch a trigger off.
async fn world(server: Option<&Arc<Server>>) -> World {
    let off = SPEC.replace("OFF", "triggers = \"off\"");
    match server {
        None => World::file(&format!("{TABLES}{SQLITE}"), &off).await,
        Some(server) if server.kind == servers::Kind::Postgres => {
            World::on(server, &format!("{TABLES}{POSTGRES}"), &off).await
        }
        Some(server) => World::on(server, TABLES, &SPEC.replace("OFF", "")).await,
    }
}

/// References in any order arrive, no trigger notes it, and all is as it was.
async fn goes_in(server: Option<&Arc<Server>>) {
    let world = world(server).await;
    let before = world.structure().await;
    let report = world.run("", 0);
    assert_eq!(phase(&report, "shop.people")["inserted"], 9);
    assert_eq!(world.rows("SELECT count(*) FROM seen").await, ["0"]);
    assert_eq!(world.structure().await, before);
    assert_eq!(world.rows(&ledger(&world)).await, [""; 0]);
    // What was off is on.
    world.execute("INSERT INTO people VALUES (100, NULL, 1)").await;
    let noted = if world.is_postgres() { 2 } else { usize::from(world.is_file()) };
    assert_eq!(world.rows("SELECT id FROM seen").await.len(), noted);
    world.mapper("verify shop.toml", 0);
    world.mapper("rollback shop.toml --all --yes", 0);
    assert_eq!(world.rows("SELECT id FROM people").await, ["100"]);
    assert_eq!(world.structure().await, before);
}

fn ledger(world: &World) -> String {
    let table = if world.is_postgres() { "mapper.switches" } else { "mapper_switches" };
    format!("SELECT _id FROM {table} ORDER BY place")
}

/// Rows that violate a foreign key are listed by key, by the run, the next run, `verify` and the
/// report, until they are mended; then the constraint is as it was.
async fn lists_violations(server: Option<&Arc<Server>>) {
    let world = world(server).await;
    let before = world.structure().await;
    world.execute("UPDATE old_people SET chief = 77 WHERE id IN (2, 5)").await;
    world.execute("UPDATE old_people SET team = 3 WHERE id = 8").await;
    let told = world.mapper("run shop.toml --yes --report report.json", 1);
    let chiefs = "foreign key `people_chief`: 2 rows of `people` refer to something that is not \
                  there: 2, 5";
    assert!(told.err.contains(chiefs), "{}", told.err);
    assert!(told.err.contains("`people_team`: 1 row of `people` refers"), "{}", told.err);
    let report = world.report();
    let people = phase(&report, "shop.people");
    assert_eq!((&people["state"], &people["inserted"]), (&"failed".into(), &9.into()));
    let mut violations = people["violations"].as_array().unwrap().clone();
    violations.sort_by_key(|violation| violation["constraint"].to_string());
    assert_eq!(violations.len(), 2);
    assert_eq!(violations[0]["keys"], serde_json::json!(["2", "5"]));
    assert_eq!((&violations[1]["rows"], &violations[1]["keys"][0]), (&1.into(), &"8".into()));
    let status = world.mapper("status shop.toml", 0);
    assert!(status.out.contains("foreign key `people_chief` of `people` is on"), "{}", status.out);
    let verified = world.mapper("verify shop.toml", 1);
    assert!(verified.err.contains("2 rows violate it"), "{}", verified.err);
    assert!(verified.err.contains("at records 2; 5"), "{}", verified.err);
    // The constraint is there: it holds for what is written now.
    let mut session = world.session().await;
    let violates = session
        .define(&mapper::connectors::Definition::Script(
            "INSERT INTO people VALUES (200, 200, 55)".to_owned(),
        ))
        .await;
    assert!(violates.is_err());
    drop(session);
    world.mapper("run shop.toml --yes", 1);
    world.execute("UPDATE people SET chief = NULL WHERE id IN (2, 5)").await;
    world.mapper("verify shop.toml", 1);
    world.execute("INSERT INTO teams VALUES (3)").await;
    world.mapper("run shop.toml --yes", 0);
    world.mapper("verify shop.toml", 0);
    assert_eq!(world.structure().await, before);
    assert_eq!(world.rows(&ledger(&world)).await, [""; 0]);
}

/// What a killed run left off is put back by the next command that runs, verifies or takes back,
/// and told by `status` until then.
async fn killed(server: Option<&Arc<Server>>) {
    let world = world(server).await;
    let before = world.structure().await;
    let changes = server.is_none() || world.is_postgres();
    for (point, command, code) in [
        ("switched_off", "verify shop.toml", None),
        ("committed:2", "rollback shop.toml --all --yes", Some(0)),
        ("switching_on", "run shop.toml --yes", Some(0)),
        ("switched_on", "verify shop.toml", None),
    ] {
        world.kill(point);
        if point != "switched_on" {
            assert_eq!(world.structure().await != before, changes, "{point}");
        }
        let off = if changes { "trigger `a_note` of `people` is off" } else { "is off since" };
        let status = world.mapper("status shop.toml", 0);
        assert_eq!(status.out.contains(off), point != "switched_on", "{point}: {}", status.out);
        let dry = world.mapper("run shop.toml --dry-run", 0);
        assert_eq!(dry.err.contains("the next run puts it back"), point != "switched_on");
        let output = world.command(command).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        if let Some(code) = code {
            assert_eq!(output.status.code(), Some(code), "{point}: {told}");
        }
        assert_eq!(told.contains("it is put back"), point != "switched_on", "{point}: {told}");
        assert_eq!(world.structure().await, before, "{point}");
        assert_eq!(world.rows(&ledger(&world)).await, [""; 0], "{point}");
        world.mapper("rollback shop.toml --all --yes", 0);
    }
    let report = world.run("", 0);
    assert_eq!(phase(&report, "shop.people")["inserted"], 9);
    assert_eq!(world.rows("SELECT count(*) FROM seen").await, ["0"]);
    assert_eq!(world.structure().await, before);
}

/// A phase that fails puts back too. What it wrote so far may refer to what it did not: that is told,
/// and gone with a rollback.
async fn failed(server: Option<&Arc<Server>>) {
    let world = world(server).await;
    let before = world.structure().await;
    world.edit("batch = 2", "batch = 2\nmax_rejects = 0");
    world.edit(
        "team = \"team\"",
        "team = \"team\"\n[[phase.people.reject]]\nwhen = \"id == 5\"\nreason = \"no\"",
    );
    world.mapper("run shop.toml --yes", 1);
    let status = world.mapper("status shop.toml", 0);
    assert!(!status.out.contains("is off"), "{}", status.out);
    assert!(status.out.contains("`people_chief` of `people` is on, and not all"), "{}", status.out);
    world.mapper("rollback shop.toml --all --yes", 0);
    assert_eq!(world.structure().await, before);
    assert_eq!(world.rows(&ledger(&world)).await, [""; 0]);
}

#[tokio::test]
async fn on_postgresql() {
    goes_in(Some(&servers::postgres())).await;
}

#[tokio::test]
async fn on_mariadb() {
    goes_in(Some(&servers::mariadb())).await;
}

#[tokio::test]
async fn on_a_file() {
    goes_in(None).await;
}

#[tokio::test]
async fn violations_on_postgresql() {
    lists_violations(Some(&servers::postgres())).await;
}

#[tokio::test]
async fn violations_on_mariadb() {
    lists_violations(Some(&servers::mariadb())).await;
}

#[tokio::test]
async fn violations_on_a_file() {
    lists_violations(None).await;
}

#[tokio::test]
async fn killed_on_postgresql() {
    killed(Some(&servers::postgres())).await;
}

#[tokio::test]
async fn killed_on_mariadb() {
    killed(Some(&servers::mariadb())).await;
}

#[tokio::test]
async fn killed_on_a_file() {
    killed(None).await;
}

#[tokio::test]
async fn failed_on_postgresql() {
    failed(Some(&servers::postgres())).await;
}

#[tokio::test]
async fn failed_on_a_file() {
    failed(None).await;
}

/// Rows that `rejects --retry` brings in come in the same way.
#[tokio::test]
async fn retried_on_postgresql() {
    let world = world(Some(&servers::postgres())).await;
    let before = world.structure().await;
    world.edit(
        "team = \"team\"",
        "team = \"team\"\n[[phase.people.reject]]\nwhen = \"id == 4\"\nreason = \"no\"",
    );
    world.mapper("run shop.toml --yes", 3);
    world.edit("id == 4", "id == 44");
    world.mapper("rejects shop.toml --retry --yes", 0);
    assert_eq!(world.rows("SELECT count(*) FROM seen").await, ["0"]);
    assert_eq!(world.rows("SELECT count(*) FROM people").await, ["9"]);
    assert_eq!(world.structure().await, before);
}

/// A constraint that does not hold for old rows stays one that is not validated, and partitions
/// keep the states of their triggers.
#[tokio::test]
async fn what_was_not_validated_stays_so() {
    let world = world(Some(&servers::postgres())).await;
    world
        .execute(
            "CREATE TABLE parts (id INTEGER, day INTEGER, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
             CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
             CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
             CREATE TRIGGER p_note AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION note();
             ALTER TABLE parts_2 DISABLE TRIGGER p_note;
             CREATE TABLE old_parts (id INTEGER PRIMARY KEY, day INTEGER);
             INSERT INTO old_parts VALUES (1, 1), (2, 12);
             ALTER TABLE people DROP CONSTRAINT people_team;
             ALTER TABLE people ADD CONSTRAINT people_team FOREIGN KEY (team) REFERENCES teams (id) NOT VALID;",
        )
        .await;
    world.edit(
        "[phase.people]",
        "[phase.parts]\nsource = { connection = \"db\", table = \"old_parts\" }\n\
         target = { connection = \"db\", table = \"parts\", key = [\"id\", \"day\"], on_conflict = \"skip\" }\n\
         triggers = \"off\"\n[phase.parts.fields]\nid = \"id\"\nday = \"day\"\n\n[phase.people]",
    );
    let before = world.structure().await;
    world.mapper("run shop.toml --yes", 0);
    assert_eq!(world.rows("SELECT count(*) FROM seen").await, ["0"]);
    assert_eq!(world.structure().await, before);
    assert_eq!(
        world
            .rows("SELECT convalidated::text FROM pg_constraint WHERE conname = 'people_team'")
            .await,
        ["false"]
    );
}

#[tokio::test]
async fn a_plan_tells_what_is_off() {
    let world = world(None).await;
    let plan = world.mapper("plan shop.toml", 0);
    assert!(plan.out.contains("triggers of the target are off meanwhile"), "{}", plan.out);
    assert!(plan.out.contains("foreign keys are checked when all is written"), "{}", plan.out);
}

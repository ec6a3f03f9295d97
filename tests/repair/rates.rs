//! Shares that checks expect: of what a filter finds, of what a query counts, of what a phase did
//! not reject; and bounds that are answers from elsewhere.

use super::world::World;
use crate::servers;

const TABLES: &str = "
CREATE TABLE old (id INTEGER PRIMARY KEY, amount DECIMAL(10, 2), mail VARCHAR(20));
CREATE TABLE new (id INTEGER PRIMARY KEY, amount DECIMAL(10, 2), mail VARCHAR(20));
INSERT INTO old VALUES (1, 10.10, 'a'), (2, 20.20, 'b'), (3, 30.30, NULL), (4, 140.40, 'd');
";

const SPEC: &str = r#"
[phase.copy]
source = { connection = "db", table = "old", key = ["id"], columns = { id = "integer", amount = "decimal(10,2)", mail = "text" } }
target = { connection = "db", table = "new", key = ["id"], on_conflict = "skip" }
fields = { id = "id", amount = "amount", mail = "mail" }
[[phase.copy.reject]]
when = "amount > 100"
reason = "too much"

[[check]]
name = "success"
phase = "copy"
expect = { rate = ">= 75%" }

[[check]]
name = "failures"
connection = "db"
query = "SELECT (SELECT count(*) FROM old) - (SELECT count(*) FROM new), count(*) FROM old"
expect = { rate = "<= 25%" }

[[check]]
name = "a ratio"
connection = "db"
query = "SELECT 0.75"
expect = { rate = { min = "70%", max = "80%" } }

[[check]]
name = "mails"
connection = "db"
table = "new"
filter = { mail = { "$exists" = true } }
expect = { rate = "60%" }

[[check]]
name = "no more than there was"
sum = { connection = "db", table = "new", of = "amount" }
expect = { max = { sum = { connection = "db", table = "old", of = "amount" } }, min = { connection = "db", query = "SELECT 60.6" } }

[[check]]
name = "the cents agree"
sum = { connection = "db", table = "new", of = "amount" }
expect = { equals = { sum = { connection = "db", table = "old", of = "amount", filter = { amount = { "$lte" = 100 } } } } }
"#;

fn holds(world: &World) {
    let report = world.run("", 3);
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 6);
    for check in checks {
        assert_eq!(check["passed"], true, "{check:#}");
    }
    let actual = |name: &str| {
        let found = checks.iter().find(|check| check["name"] == name).unwrap();
        found["actual"].as_str().unwrap().to_owned()
    };
    assert_eq!(actual("success"), "3 of 4 records (75 %)");
    assert_eq!(actual("failures"), "1 of 4 records (25 %)");
    assert_eq!(actual("a ratio"), "75 %");
    world.edit(">= 75%", ">= 99%");
    world.edit("<= 25%", "<= 24.9%");
    world.edit("max = \"80%\"", "max = \"74%\"");
    world.edit("SELECT 60.6\"", "SELECT 60.61\"");
    let told = world.mapper("verify shop.toml", 1);
    for wrong in [
        "`success` does not hold: 3 of 4 records (75 %), expected at least 99 %",
        "`failures` does not hold: 1 of 4 records (25 %), expected at most 24.9 %",
        "`a ratio` does not hold: 75 %, expected at most 74 %",
        "expected at least 60.61",
    ] {
        assert!(told.err.contains(wrong), "{wrong}: {}", told.err);
    }
}

#[tokio::test]
async fn on_postgresql() {
    holds(&World::on(&servers::postgres(), TABLES, SPEC).await);
}

#[tokio::test]
async fn on_mariadb() {
    holds(&World::on(&servers::mariadb(), TABLES, SPEC).await);
}

#[tokio::test]
async fn on_a_file() {
    holds(&World::file(TABLES, SPEC).await);
}

/// A phase that never ran has no rate, and a query without a share fails its check.
#[tokio::test]
async fn what_has_no_share_does_not_hold() {
    let world = World::file(TABLES, SPEC).await;
    world.edit("SELECT 0.75", "SELECT 7");
    let told = world.mapper("verify shop.toml", 1);
    assert!(told.err.contains("`shop.copy` has not run"), "{}", told.err);
    assert!(
        told.err.contains("a share of records, which this answer does not have"),
        "{}",
        told.err
    );
}

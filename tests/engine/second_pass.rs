//! References that come later, or go in circles.

use std::path::PathBuf;
use std::sync::Arc;

use mapper::document::Environment;
use mapper::run::{self, Cancel, Options, Outcome, Silent, Stores, fixtures};
use mapper::{check, diagnostics, plan::Plan, spec};

const SPEC: &str = r#"
spec = 1
name = "staff"
[connections.db]
url = "sqlite:DATABASE"
fixtures = "fixtures"

[phase.people]
source = { connection = "db", table = "old_people" }
target = { connection = "db", table = "people", key = ["legacy_id"], on_conflict = "skip" }
batch = 2
[phase.people.fields]
id = { id = "uuid" }
legacy_id = "id"
name = "name"
boss_id = { lookup = "people", from = "boss", stub = true, on_missing = "reject" }

[[check]]
name = "everyone has the right boss"
after = ["people"]
connection = "db"
query = """
SELECT count(*) FROM people p LEFT JOIN people b ON b.id = p.boss_id JOIN old_people o ON o.id = p.legacy_id
WHERE p.id <> 'mine' AND b.legacy_id IS NOT (SELECT id FROM old_people x WHERE x.id = o.boss)
"""
expect = { equals = 0 }
"#;

const SCHEMA: &str = "
CREATE TABLE old_people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, boss INTEGER);
CREATE TABLE people (id TEXT PRIMARY KEY, legacy_id INTEGER NOT NULL UNIQUE, name TEXT, boss_id TEXT REFERENCES people(id));
INSERT INTO old_people VALUES (1, 'a', 3), (2, 'b', 1), (3, 'c', 2), (4, 'd', NULL), (5, 'e', 4), (6, 'f', 99);
INSERT INTO people VALUES ('mine', 4, 'D', NULL);
";

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("test.db");
        let text = SPEC.replace("DATABASE", database.to_str().unwrap());
        std::fs::write(folder.path().join("staff.toml"), text).unwrap();
        std::fs::create_dir(folder.path().join("fixtures")).unwrap();
        std::fs::write(folder.path().join("fixtures/schema.sql"), SCHEMA).unwrap();
        Self { folder }
    }

    fn plan(&self) -> Plan {
        let path: PathBuf = self.folder.path().join("staff.toml");
        let (set, sources, mut diagnostics) =
            spec::load(&[path], &Environment::new(), &spec::FileSystem);
        let options = check::Options { working_directory: self.folder.path().to_owned() };
        let checked = check::check(&set.unwrap(), &sources, &options, &mut diagnostics);
        let style = diagnostics::render::Style::PLAIN;
        let told = diagnostics::render::text(&diagnostics, &sources, style);
        checked.expect(&told).plan.with_second_passes()
    }

    async fn run(&self, dry_run: bool) -> (Outcome, Stores, Option<tempfile::TempDir>) {
        let plan = self.plan();
        let (mut stores, temporary) = fixtures::open(
            &plan,
            if dry_run { fixtures::Fill::Copies } else { fixtures::Fill::All },
            &Silent,
        )
        .await
        .unwrap();
        if dry_run {
            stores = stores.overlaid();
        }
        let options = Arc::new(Options { dry_run, ..Options::default() });
        let observer = Arc::new(Silent);
        let outcome =
            run::run(Arc::new(plan), stores.clone(), options, observer, Cancel::default());
        (outcome.await.unwrap(), stores, temporary)
    }
}

#[tokio::test]
async fn a_circle_is_filled_in_by_a_second_pass() {
    let world = World::new();
    for round in ["first", "second"] {
        let (outcome, stores, _temporary) = world.run(false).await;
        let names: Vec<&str> = outcome.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names[..2], ["staff.people", "staff.people:links"]);
        let counts = |node: usize| outcome.nodes[node].phase.as_ref().unwrap().counts.clone();
        let (first, links) = (counts(0), counts(1));
        assert!(first.is_conserved() && links.is_conserved());
        assert_eq!(first.skipped, 1, "{round}: the one that was there");
        assert_eq!((links.skipped, links.rejected), (1, 1), "{round}: {links:?}");
        match round {
            "first" => assert_eq!((first.inserted, links.updated), (5, 4)),
            _ => assert_eq!((first.unchanged, links.unchanged), (5, 4)),
        }
        let check = outcome.nodes[2].check.as_ref().unwrap();
        assert!(check.passed, "{}", check.actual);
        let mine = stores.get(0).query("SELECT name, boss_id FROM people WHERE id = 'mine'").await;
        assert_eq!(mine.unwrap().rows[0][0].as_text(), Some("D"));
    }
}

#[tokio::test]
async fn a_dry_run_sees_the_second_pass() {
    let world = World::new();
    let (dry, ..) = world.run(true).await;
    let (wet, ..) = world.run(false).await;
    for (dry, wet) in dry.nodes.iter().zip(&wet.nodes).take(2) {
        let counts = |node: &run::NodeOutcome| node.phase.as_ref().unwrap().counts.clone();
        assert_eq!(counts(dry), counts(wet), "{}", wet.name);
    }
}

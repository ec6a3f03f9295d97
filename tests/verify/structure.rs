//! Tables and indexes that must be there.

use mapper::plan::{IndexTask, Prerequisite};
use mapper::value::{Index, IndexKey};
use mapper::verify::About;

use super::world::World;

fn task(keys: &[&str], unique: bool) -> IndexTask {
    let key = |text: &&str| IndexKey {
        path: text.trim_start_matches('-').to_owned(),
        descending: text.starts_with('-'),
    };
    let index = Index { name: "by_hand".into(), keys: keys.iter().map(key).collect(), unique };
    IndexTask { spec: 0, connection: 0, entity: "items".into(), index, before: false }
}

#[tokio::test]
async fn indexes_need_their_keys_and_their_uniqueness() {
    let mut world = World::tables(
        "CREATE TABLE items (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER);
         CREATE INDEX ab ON items (a, b DESC);
         CREATE UNIQUE INDEX b ON items (b);",
    )
    .await;
    world.plan.indexes = vec![
        task(&["a", "-b"], false),
        task(&["a", "b"], false),
        task(&["a", "-b"], true),
        task(&["b"], true),
        task(&["b"], false),
        IndexTask { entity: "others".into(), ..task(&["a"], false) },
    ];
    let report = world.verify(false).await;
    assert!(report.is_failed());
    let found: Vec<(bool, &str)> =
        report.results.iter().map(|one| (one.result.passed, one.result.actual.as_str())).collect();
    assert_eq!(
        found,
        [
            (true, "it is there as `ab`"),
            (false, "there is no index with these keys"),
            (false, "it is there, and not unique"),
            (true, "it is there as `b`"),
            (false, "it is there, and unique, which the spec does not say"),
            (false, "there is no `others`"),
        ]
    );
    assert_eq!(report.results[0].result.name, "index items (a, -b)");
    assert_eq!(report.results[3].result.name, "index items (b, unique)");
    assert!(report.results.iter().all(|one| one.about == About::Index));
}

#[tokio::test]
async fn prerequisites_must_be_there() {
    let mut world = World::tables("CREATE TABLE items (id INTEGER PRIMARY KEY)").await;
    world.plan.prerequisites = ["items", "others"]
        .map(|table| Prerequisite { connection: 0, table: table.into(), columns: Vec::new() })
        .into();
    let report = world.verify(false).await;
    let passed: Vec<bool> = report.results.iter().map(|one| one.result.passed).collect();
    assert_eq!(passed, [true, false]);
    assert_eq!(report.results[1].result.name, "table db.others");
    assert!(report.is_failed());
}

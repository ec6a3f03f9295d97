//! What SQLite does by itself, and what becomes of the rest.

use mapper::plan::{OnConflict, WriteMode};
use mapper::run::Way;
use mapper::value::statement::Portion;
use mapper::value::{FieldPath, Key, Value};
use tokio::sync::mpsc;

use super::world::{Place, both_ways, way};
use crate::engine::world::{World, path};

const SCRIPT: &str = "
    CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT, other TEXT);
    CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT NOT NULL, one TEXT UNIQUE);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
    INSERT INTO source SELECT i, CASE WHEN i % 10 = 0 THEN NULL ELSE 'name ' || i END, i / 2 FROM n;
    INSERT INTO target VALUES (7, 'old', NULL);
";

fn copy(world: &mut World) {
    let phase = world.phase();
    phase.target.key = vec![FieldPath::field("id")];
    phase.mapping.fields = ["id", "name"].map(|name| (FieldPath::field(name), path(name))).to_vec();
}

#[tokio::test]
async fn a_portion_is_what_is_new_and_can_be_computed() {
    let mut world = World::new(SCRIPT).await;
    copy(&mut world);
    let Way::PushedDown(transfer) = way(&world).await else { panic!("it streams") };
    let store = mapper::connectors::open(&world.plan.connections[0].config).await.unwrap();
    let mut session = store.session().await.unwrap();
    session.begin().await.unwrap();
    let (first, last) = ([Value::Int(5)], [Value::Int(12)]);
    let portion = Portion { first: &first, last: &last, look: true, identity: None };
    let (sender, mut rows) = mpsc::channel(4);
    let count = session.transfer(&transfer, portion, sender).await.unwrap();
    session.commit().await.unwrap();
    let rows = rows.recv().await.unwrap();
    let keys: Vec<Vec<Value>> =
        rows.iter().map(|row| row.key.as_ref().and_then(Key::values).unwrap_or_default()).collect();
    // 7 is there, and 10 has no name.
    assert_eq!((count, keys), (6, [5, 6, 8, 9, 11, 12].map(|id| vec![Value::Int(id)]).to_vec()));
}

#[tokio::test]
async fn rows_that_are_left_out_have_the_fates_they_always_have() {
    let (way, result) = both_ways(Place::Sqlite, SCRIPT, copy).await;
    assert!(matches!(way, Way::PushedDown(_)));
    assert_eq!((result.counts.inserted, result.counts.skipped), (89, 1));
    assert_eq!(result.counts.reasons["rejected: not_null"], 10);
    assert_eq!((result.again.unchanged, result.again.inserted), (89, 0));
    assert_eq!(result.rolled_back.len(), 1);
}

#[tokio::test]
async fn another_unique_index_takes_the_first_of_two() {
    let (way, result) = both_ways(Place::Sqlite, SCRIPT, |world| {
        copy(world);
        world.phase().mapping.fields.push((FieldPath::field("one"), path("other")));
    })
    .await;
    assert!(matches!(way, Way::PushedDown(_)));
    assert!(result.counts.reasons["rejected: unique"] > 30, "{:?}", result.counts);
}

#[tokio::test]
async fn a_target_with_triggers_or_keys_of_its_own_streams() {
    for (more, reason) in [
        (
            "CREATE TRIGGER tidy AFTER INSERT ON target BEGIN DELETE FROM target WHERE id < 0; END;",
            "the target has triggers",
        ),
        (
            "DROP TABLE target; CREATE TABLE target (uid INTEGER PRIMARY KEY, id INTEGER UNIQUE,
                 name TEXT);",
            "the target makes its keys itself",
        ),
        (
            "DROP TABLE target; CREATE TABLE target (id INTEGER, name TEXT);",
            "the target has no unique index on its key",
        ),
        (
            "DROP TABLE target; CREATE TABLE target (id INTEGER PRIMARY KEY REFERENCES target(id),
                 name TEXT);",
            "the target refers to itself or to the source",
        ),
    ] {
        let (way, _) = both_ways(Place::Sqlite, &format!("{SCRIPT}{more}"), copy).await;
        assert_eq!(way, Way::Streams(reason.to_owned()));
    }
}

#[tokio::test]
async fn changes_do_not_depend_on_the_size_of_batches() {
    let script = format!(
        "{SCRIPT} DELETE FROM source WHERE id > 8;
         UPDATE source SET other = CASE WHEN id > 6 THEN 'same' ELSE id END, name = 'new';"
    );
    let (way, result) = both_ways(Place::Sqlite, &script, |world| {
        copy(world);
        let phase = world.phase();
        phase.batch = 1;
        phase.target.write = WriteMode::Insert(OnConflict::Update);
        phase.mapping.fields.push((FieldPath::field("one"), path("other")));
    })
    .await;
    assert!(matches!(way, Way::PushedDown(_)));
    // 7 was there and takes the value before 8 can.
    assert_eq!((result.counts.inserted, result.counts.updated), (6, 1));
}

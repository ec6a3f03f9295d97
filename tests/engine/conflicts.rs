//! What becomes of records whose key is there already, or comes twice.

use std::sync::Arc;

use mapper::plan::{OnConflict, OnDuplicate, Transaction, WriteMode};
use mapper::run::{Cancel, NodeState};

use super::world::{StopAfter, World, rule};

const SCRIPT: &str = "
    CREATE TABLE source (id INTEGER PRIMARY KEY, code TEXT, name TEXT);
    CREATE TABLE target (uid TEXT PRIMARY KEY, code TEXT UNIQUE, name TEXT NOT NULL, note TEXT);
    INSERT INTO source VALUES
        (1, 'a', 'one'), (2, 'b', 'two'), (3, 'c', 'three'), (4, 'd', 'four'),
        (5, 'e', 'five'), (6, 'f', 'six'), (7, 'g', 'seven');
    INSERT INTO target VALUES ('old-b', 'b', 'zwei', 'mine'), ('old-f', 'f', 'six', NULL);
";

const TARGET: &str = "SELECT code, name FROM target ORDER BY code";

#[tokio::test]
async fn skip_leaves_what_is_there() {
    let world = World::new(SCRIPT).await;
    let counts = world.run().await;
    assert_eq!((counts.read, counts.inserted, counts.skipped), (7, 5, 2));
    assert_eq!(counts.reasons["skipped: exists"], 2);
    let expected = ["a one", "b zwei", "c three", "d four", "e five", "f six", "g seven"];
    assert_eq!(world.text(TARGET).await, expected);

    let again = world.run().await;
    assert_eq!((again.read, again.unchanged, again.skipped), (7, 5, 2), "{again:?}");
    assert_eq!(world.text(TARGET).await, expected);
    // The second run tells nothing that the ledger does not know.
    assert_eq!(world.text("SELECT count(DISTINCT run) FROM mapper_batches").await, ["1"]);
}

#[tokio::test]
async fn update_changes_what_differs_and_keeps_the_id() {
    let mut world = World::new(SCRIPT).await;
    world.phase().target.write = WriteMode::Insert(OnConflict::Update);
    let counts = world.run().await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged), (5, 1, 1));
    let row = world.text("SELECT uid, name, note FROM target WHERE code = 'b'").await;
    assert_eq!(row, ["old-b two mine"]);

    world.execute("UPDATE source SET name = 'TWO' WHERE id = 2; UPDATE source SET name = 'A' WHERE id = 1").await;
    let again = world.run().await;
    assert_eq!((again.inserted, again.updated, again.unchanged), (0, 2, 5));
}

#[tokio::test]
async fn replace_leaves_nothing_of_the_old_record_but_its_id() {
    let mut world = World::new(SCRIPT).await;
    world.phase().target.write = WriteMode::Insert(OnConflict::Replace);
    let counts = world.run().await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged), (5, 1, 1));
    let row = world.text("SELECT uid, name, note FROM target WHERE code = 'b'").await;
    assert_eq!(row, ["old-b two -"]);
}

#[tokio::test]
async fn fail_rejects_what_is_there() {
    let mut world = World::new(SCRIPT).await;
    world.phase().target.write = WriteMode::Insert(OnConflict::Fail);
    let counts = world.run().await;
    assert_eq!((counts.inserted, counts.rejected), (5, 2));
    assert_eq!(counts.reasons["rejected: exists"], 2);
    let again = world.run().await;
    assert_eq!((again.unchanged, again.rejected), (5, 2));
    let open = "SELECT count(*) FROM mapper_rejects WHERE state = 'open'";
    assert_eq!(world.text(open).await, ["2"]);
}

#[tokio::test]
async fn patch_edits_and_creates_nothing() {
    let mut world = World::new(SCRIPT).await;
    world.phase().target.write = WriteMode::Patch;
    world.phase().mapping.fields.remove(0);
    let counts = world.run().await;
    assert_eq!((counts.updated, counts.unchanged, counts.rejected), (1, 1, 5));
    assert_eq!(world.text(TARGET).await, ["b two", "f six"]);
}

#[tokio::test]
async fn fill_sets_only_what_is_missing() {
    let mut world = World::new(SCRIPT).await;
    world.execute("DELETE FROM source WHERE code NOT IN ('b', 'f')").await;
    world.phase().target.write = WriteMode::Fill { null_is_missing: true };
    world.phase().mapping.fields.remove(0);
    let note = super::world::path("name");
    world.phase().mapping.fields.push((mapper::value::FieldPath::field("note"), note));
    let counts = world.run().await;
    assert_eq!((counts.updated, counts.unchanged), (1, 1));
    let rows = world.text("SELECT code, name, note FROM target ORDER BY code").await;
    assert_eq!(rows, ["b zwei mine", "f six six"]);
}

#[tokio::test]
async fn append_inserts_once() {
    let mut world = World::new(SCRIPT).await;
    world.execute("DELETE FROM target").await;
    world.phase().target.write = WriteMode::Append;
    world.phase().target.key = vec![];
    assert_eq!(world.run().await.inserted, 7);
    assert_eq!(world.run().await.unchanged, 7);
    assert_eq!(world.text("SELECT count(*) FROM target").await, ["7"]);
}

const TWICE: &str = "
    INSERT INTO source VALUES (8, 'a', 'one again'), (9, 'h', 'x'), (10, 'h', 'y'), (11, 'h', 'z');
";

#[tokio::test]
async fn duplicates_are_rejected_by_default() {
    let mut world = World::new(SCRIPT).await;
    world.execute(TWICE).await;
    for batch in [1, 2, 3, 20] {
        world.execute("DELETE FROM target WHERE uid NOT LIKE 'old%'; DROP TABLE IF EXISTS mapper_facts; DROP TABLE IF EXISTS mapper_runs; DROP TABLE IF EXISTS mapper_phases; DROP TABLE IF EXISTS mapper_batches; DROP TABLE IF EXISTS mapper_journal; DROP TABLE IF EXISTS mapper_rejects; DROP TABLE IF EXISTS mapper_objects").await;
        world.phase().batch = batch;
        let counts = world.run().await;
        assert_eq!((counts.inserted, counts.skipped, counts.rejected), (6, 2, 3), "batch {batch}");
        assert_eq!(counts.reasons["rejected: duplicate"], 3);
        assert_eq!(world.text("SELECT name FROM target WHERE code = 'h'").await, ["x"]);
    }
}

#[tokio::test]
async fn the_first_or_the_last_of_a_key_arrives() {
    for (choice, expected) in
        [(OnDuplicate::First, ["one", "x"]), (OnDuplicate::Last, ["one again", "z"])]
    {
        let mut world = World::new(SCRIPT).await;
        world.execute(TWICE).await;
        world.phase().on_duplicate = choice;
        let counts = world.run().await;
        assert_eq!((counts.inserted, counts.skipped), (6, 5), "{choice:?}");
        assert_eq!(counts.reasons["skipped: duplicate"], 3);
        let names =
            world.text("SELECT name FROM target WHERE code IN ('a', 'h') ORDER BY code").await;
        assert_eq!(names, expected, "{choice:?}");
        let again = world.run().await;
        assert_eq!((again.unchanged, again.skipped), (6, 5), "{choice:?} {again:?}");
    }
}

#[tokio::test]
async fn a_bad_record_does_not_take_others_with_it() {
    for batch in [1, 3, 100] {
        let mut world = World::new(SCRIPT).await;
        world.phase().batch = batch;
        world
            .execute(
                "UPDATE source SET name = NULL WHERE id = 3;
                 UPDATE source SET code = NULL WHERE id = 4;
                 CREATE TRIGGER refuse BEFORE INSERT ON target WHEN new.name = 'five'
                 BEGIN SELECT raise(ABORT, 'five is refused'); END",
            )
            .await;
        let counts = world.run().await;
        assert_eq!((counts.inserted, counts.rejected, counts.skipped), (2, 3, 2), "{counts:?}");
        assert_eq!(counts.reasons["rejected: not_null"], 1);
        assert_eq!(counts.reasons["rejected: key"], 1);
        let rejects = world.text("SELECT reason, field FROM mapper_rejects ORDER BY _id").await;
        assert_eq!(rejects.len(), 3, "{rejects:?}");
    }
}

#[tokio::test]
async fn skip_and_reject_rules_count() {
    let mut world = World::new(SCRIPT).await;
    world.phase().mapping.skip = vec![rule("name == 'one'", "unwanted")];
    world.phase().mapping.reject = vec![rule("target.name == 'three'", "three is wrong")];
    let counts = world.run().await;
    assert_eq!(counts.reasons["skipped: unwanted"], 1);
    assert_eq!(counts.reasons["rejected: three is wrong"], 1);
    assert_eq!(counts.inserted, 3);
}

#[tokio::test]
async fn an_interrupted_phase_goes_on() {
    for transaction in [Transaction::Auto, Transaction::Batch, Transaction::Record] {
        let mut world = World::new(SCRIPT).await;
        world.execute(TWICE).await;
        world.phase().batch = 2;
        world.phase().transaction = transaction;
        world.phase().on_duplicate = OnDuplicate::First;
        let cancel = Cancel::default();
        let observer = StopAfter { batches: 2, cancel: cancel.clone() };
        let outcome = world.outcome(Arc::new(observer), cancel).await.unwrap();
        assert_eq!(outcome.nodes[0].state, NodeState::Interrupted);
        let record = outcome.nodes[0].phase.as_ref().unwrap();
        assert!(record.counts.read >= 4 && record.counts.read < 11, "{:?}", record.counts);
        let record = world.run_record().await;
        assert_eq!(record.counts.read, 11);
        assert_eq!((record.counts.inserted, record.counts.skipped), (6, 5), "{transaction:?}");
        assert_eq!(
            world.text("SELECT count(*), count(DISTINCT run) FROM mapper_phases").await,
            ["1 1"]
        );
        assert_eq!(world.text("SELECT count(*) FROM target").await, ["8"]);
    }
}

#[tokio::test]
async fn a_phase_transaction_is_all_or_nothing() {
    let mut world = World::new(SCRIPT).await;
    world.phase().transaction = Transaction::Phase;
    world.phase().max_rejects = Some(mapper::plan::RejectLimit::Count(0));
    world.execute("UPDATE source SET name = NULL WHERE id = 7").await;
    let outcome = world.outcome(Arc::new(mapper::run::Silent), Cancel::default()).await.unwrap();
    assert_eq!(outcome.nodes[0].state, NodeState::Failed);
    assert_eq!(world.text("SELECT count(*) FROM target").await, ["2"]);
    world.execute("UPDATE source SET name = 'seven' WHERE id = 7").await;
    assert_eq!(world.run().await.inserted, 5);
}

#[tokio::test]
async fn a_changed_phase_is_refused_until_it_is_said_what_to_do() {
    let mut world = World::new(SCRIPT).await;
    world.run().await;
    world.phase().checksum = "changed".into();
    world.phase().mapping.fields[2].1 = super::world::path("code");
    let error = world.outcome(Arc::new(mapper::run::Silent), Cancel::default()).await.unwrap_err();
    assert!(error.help.unwrap().contains("--redo test.copy"));
    world.options.update = [0].into();
    let counts = world.run().await;
    assert_eq!((counts.updated, counts.skipped), (5, 2));
    let names = world.text("SELECT name FROM target WHERE code IN ('a', 'b') ORDER BY code").await;
    assert_eq!(names, ["a", "zwei"]);
    world.options.update.clear();
    assert_eq!(world.run().await.unchanged, 5);
    world.phase().checksum = "changed again".into();
    world.options.keep = [0].into();
    assert_eq!(world.run().await.unchanged, 5);
    world.options.keep.clear();
    assert_eq!(world.run().await.unchanged, 5);
}

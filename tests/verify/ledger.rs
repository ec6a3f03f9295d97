//! The ledger's sums, whole and damaged.

use mapper::plan::{OnConflict, Severity, WriteMode};
use mapper::rejects;
use mapper::run::checks::CheckResult;
use mapper::verify::About;

use super::world::{World, mapped, path, phase, rule};

/// 1,000 items: one is skipped, two are rejected.
async fn items() -> World {
    let mut world = World::tables(
        "CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
           INSERT INTO source SELECT i, 'item ' || i FROM n;
         UPDATE source SET name = NULL WHERE id IN (5, 700);",
    )
    .await;
    let insert = WriteMode::Insert(OnConflict::Update);
    let mut copy = mapped(
        phase("copy", ("source", "id"), "target", insert),
        &["id"],
        vec![("id", path("id")), ("name", path("name"))],
    );
    copy.mapping.skip = vec![rule("id == 9", "nine")];
    world.add(copy);
    world
}

async fn ledger(world: &World) -> CheckResult {
    let report = world.verify(false).await;
    let mut results = report.results.into_iter().filter(|one| one.about == About::Ledger);
    let result = results.next().unwrap().result;
    assert!(results.next().is_none());
    result
}

#[tokio::test]
async fn sums_hold_over_any_number_of_runs() {
    let world = items().await;
    world.run().await;
    let result = ledger(&world).await;
    assert!(result.passed, "{}", result.actual);
    assert_eq!(result.name, "ledger of shop.copy");
    assert_eq!(
        result.actual,
        "1000 read = 997 inserted + 0 updated + 0 unchanged + 1 skipped + 2 rejected; the batches \
         add up"
    );
    // The second run tells nothing anew, the third what changed.
    for (script, expected) in [
        ("SELECT 1", "0 inserted + 0 updated + 997 unchanged + 1 skipped + 2 rejected"),
        (
            "UPDATE source SET name = 'new' WHERE id IN (3, 5); DELETE FROM source WHERE id = 4;
             INSERT INTO source VALUES (2000, 'late')",
            "2 inserted + 1 updated + 995 unchanged + 1 skipped + 1 rejected",
        ),
        ("SELECT 1", "0 inserted + 0 updated + 998 unchanged + 1 skipped + 1 rejected"),
    ] {
        world.execute(script).await;
        world.run().await;
        let result = ledger(&world).await;
        assert!(result.passed, "{}", result.actual);
        assert!(result.actual.contains(expected), "{}", result.actual);
    }
}

#[tokio::test]
async fn damage_is_found() {
    for (damage, word) in [
        ("DELETE FROM mapper_batches WHERE seq = 1", "inserted"),
        ("DELETE FROM mapper_batches WHERE seq = 2", "rejected"),
        ("UPDATE mapper_phases SET inserted = inserted - 1", "have a fate"),
        ("UPDATE mapper_phases SET inserted = inserted - 1, unchanged = 1", "unchanged"),
        ("DELETE FROM mapper_rejects WHERE ordinal = 4", "rejects stand"),
        ("UPDATE mapper_batches SET record = x'09'", "can't be read"),
    ] {
        let world = items().await;
        world.run().await;
        world.execute(damage).await;
        let result = ledger(&world).await;
        assert!(!result.passed && result.severity == Severity::Error, "{damage}");
        assert!(result.actual.contains(word), "{damage}: {}", result.actual);
    }
}

#[tokio::test]
async fn damage_to_what_older_runs_told_is_found() {
    let world = items().await;
    world.run().await;
    world.run().await;
    assert!(ledger(&world).await.passed);
    world.execute("DELETE FROM mapper_batches WHERE seq = 1").await;
    let result = ledger(&world).await;
    assert!(!result.passed);
    assert_eq!(
        result.actual,
        "997 were unchanged, and the batches tell of 0 and older runs of 697"
    );
}

#[tokio::test]
async fn a_phase_that_has_not_run_or_not_ended_is_told() {
    let world = items().await;
    let result = ledger(&world).await;
    assert_eq!((result.passed, result.severity), (false, Severity::Warning));
    assert_eq!(result.actual, "it has not run");
    world.run().await;
    world.execute("UPDATE mapper_phases SET state = 'in_progress'").await;
    let result = ledger(&world).await;
    assert_eq!((result.passed, result.severity), (false, Severity::Error));
    assert_eq!(result.actual, "it is in progress");
    world.execute("UPDATE mapper_phases SET state = 'rolled_back'").await;
    assert_eq!(ledger(&world).await.actual, "it has not run");
}

#[tokio::test]
async fn sums_hold_after_rejects_were_tried_again() {
    let world = items().await;
    world.run().await;
    world.execute("UPDATE source SET name = 'mended' WHERE id = 5").await;
    let stores = world.stores().await;
    let cancel = mapper::run::Cancel::default();
    let silent = mapper::run::Silent;
    rejects::retry(&world.plan, &stores, &world.options, &silent, &cancel).await.unwrap();
    let report = world.verify(true).await;
    let result = &report.results[0].result;
    assert!(result.passed, "{}", result.actual);
    assert!(result.actual.contains("998 inserted"), "{}", result.actual);
    assert_eq!(report.open_rejects(), 1);
    assert_eq!((report.differences[0].compared, report.differences[0].left_out), (998, 2));
    assert!(report.differences[0].is_equal());
}

//! What a rollback takes back, and what it keeps.

use std::sync::atomic::AtomicU64;

use mapper::ledger::PhaseState;
use mapper::rollback::{KeptWhy, Request, Scope};
use mapper::run::{Cancel, Silent, Stores};

use super::world::{StopUndo, all, dump, forced, run, undo, undo_watched, world};

fn kept(outcome: &mapper::rollback::RollbackOutcome) -> Vec<(String, String, KeptWhy)> {
    outcome.kept.iter().map(|kept| (kept.phase.clone(), kept.key.clone(), kept.why)).collect()
}

#[tokio::test]
async fn all_is_as_it_was() {
    let world = world().await;
    let before = dump(&world).await;
    let outcome = run(&world).await;
    assert_eq!(
        outcome.rejected(),
        3,
        "name 6 is null, mark 6 finds nothing, amount 4 is no number"
    );
    let after = dump(&world).await;
    assert_ne!(before, after);

    let dry = undo(&world, &Request { dry_run: true, ..all() }).await;
    assert_eq!(dump(&world).await, after);
    let done = undo(&world, &all()).await;
    assert_eq!(dry.units, done.units);
    assert!(done.is_complete() && done.units[0].rolled_back);
    let phases: Vec<_> = done.units[0]
        .phases
        .iter()
        .map(|phase| (phase.phase.as_str(), phase.deleted, phase.restored, phase.kept))
        .collect();
    let expected = [("test.lines", 4, 0, 0), ("test.mark", 0, 6, 0), ("test.copy", 6, 1, 0)];
    assert_eq!(phases, expected);
    assert_eq!(done.units[0].dropped[0].name, "line_by_uid");
    assert_eq!(dump(&world).await, before);
    for table in ["mapper_batches", "mapper_journal", "mapper_rejects", "mapper_objects"] {
        assert_eq!(world.text(&format!("SELECT count(*) FROM {table}")).await, ["0"], "{table}");
    }
    let states = world.text("SELECT DISTINCT state FROM mapper_runs").await;
    assert_eq!(states, ["rolled_back"]);
    assert!(undo(&world, &all()).await.units.is_empty());

    run(&world).await;
    assert_eq!(dump(&world).await, after);
}

#[tokio::test]
async fn edited_and_referenced_rows_are_kept_until_forced() {
    let world = world().await;
    let before = dump(&world).await;
    run(&world).await;
    world
        .execute(
            "UPDATE target SET name = 'EINS' WHERE code = 'a';
             UPDATE target SET name = 'ZWEI' WHERE code = 'b';
             INSERT INTO remark SELECT 1, uid FROM target WHERE code = 'd';
             INSERT INTO line SELECT 99, uid, 1 FROM target WHERE code = 'g';
             DELETE FROM line WHERE id = 1; DELETE FROM target WHERE code = 'h' AND 0",
        )
        .await;
    let dry = undo(&world, &Request { dry_run: true, ..all() }).await;
    let done = undo(&world, &all()).await;
    assert_eq!((dry.units, dry.kept), (done.units.clone(), done.kept.clone()));
    assert!(!done.is_complete());
    let copy = "test.copy".to_owned();
    let expected = [
        (copy.clone(), "7".to_owned(), KeptWhy::Referenced),
        (copy.clone(), "4".to_owned(), KeptWhy::Referenced),
        (copy.clone(), "2".to_owned(), KeptWhy::Edited),
        (copy, "1".to_owned(), KeptWhy::Edited),
    ];
    assert_eq!(kept(&done), expected);
    assert_eq!(done.units[0].phases[0].gone, 1, "the line that was deleted by hand");
    let remarks = world.text("SELECT count(*) FROM remark").await;
    assert_eq!(remarks, ["1"], "nothing cascades");

    // What was kept is still known, and told again.
    let record = phase_record(&world, "test.copy").await;
    assert_eq!(record.state, PhaseState::Failed);
    assert!(record.error.unwrap().contains("4 records were kept"));
    let again = undo(&world, &all()).await;
    assert_eq!(kept(&again).len(), 4);

    // The store itself refuses to delete what a line refers to.
    let forced_once = undo(&world, &forced()).await;
    let expected = [("test.copy".to_owned(), "7".to_owned(), KeptWhy::Referenced)];
    assert_eq!(kept(&forced_once), expected);
    world.execute("DELETE FROM line WHERE id = 99").await;
    let last = undo(&world, &all()).await;
    assert!(last.is_complete() && last.units[0].rolled_back);
    assert_eq!(dump(&world).await, before, "the remark went with its row, as forced");
}

async fn phase_record(
    world: &crate::engine::world::World,
    phase: &str,
) -> mapper::ledger::PhaseRecord {
    let stores = Stores::open(&world.plan).await.unwrap();
    stores.ledger(0).phases(Some(phase)).await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_run_after_a_rollback_in_part_completes() {
    let world = world().await;
    run(&world).await;
    let after = dump(&world).await;
    world.execute("UPDATE target SET name = 'EINS' WHERE code = 'a'").await;
    assert_eq!(undo(&world, &all()).await.kept_records(), 1);
    world.execute("UPDATE target SET name = 'one' WHERE code = 'a'").await;
    let outcome = run(&world).await;
    let counts = &outcome.nodes[0].phase.as_ref().unwrap().counts;
    assert_eq!((counts.read, counts.inserted, counts.unchanged), (8, 5, 1), "{counts:?}");
    assert!(counts.is_conserved());
    assert_eq!(dump(&world).await, after);
}

#[tokio::test]
async fn a_rollback_that_was_stopped_goes_on() {
    for batches in 1..9 {
        let world = world().await;
        let before = dump(&world).await;
        run(&world).await;
        let cancel = Cancel::default();
        let stop = StopUndo { batches: AtomicU64::new(batches), cancel: cancel.clone() };
        let stopped = undo_watched(&world, &all(), &stop, &cancel).await;
        assert!(stopped.cancelled && !stopped.units[0].rolled_back, "{batches}");
        let done = undo(&world, &all()).await;
        assert!(done.is_complete(), "{batches}: {:?}", done.kept);
        assert_eq!(dump(&world).await, before, "{batches}");
    }
}

#[tokio::test]
async fn a_run_after_a_stopped_rollback_completes() {
    for batches in 1..9 {
        let world = world().await;
        run(&world).await;
        let after = dump(&world).await;
        let cancel = Cancel::default();
        let stop = StopUndo { batches: AtomicU64::new(batches), cancel: cancel.clone() };
        undo_watched(&world, &all(), &stop, &cancel).await;
        let outcome = run(&world).await;
        for node in outcome.nodes.iter().filter_map(|node| node.phase.as_ref()) {
            assert!(node.counts.is_conserved());
        }
        assert_eq!(dump(&world).await, after, "{batches}");
        assert!(undo(&world, &all()).await.is_complete(), "{batches}");
    }
}

#[tokio::test]
async fn a_rollback_that_is_dropped_halfway_leaves_whole_commits() {
    let world = world().await;
    let before = dump(&world).await;
    run(&world).await;
    for milliseconds in [1, 3, 5, 8, 13, 21] {
        let stores = Stores::open(&world.plan).await.unwrap();
        let (request, cancel) = (all(), Cancel::default());
        let work = mapper::rollback::rollback(&world.plan, &stores, &request, &Silent, &cancel);
        let limit = std::time::Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(limit, work).await;
    }
    undo(&world, &all()).await;
    assert_eq!(dump(&world).await, before);
}

#[tokio::test]
async fn the_newest_run_goes_first() {
    let world = world().await;
    let before = dump(&world).await;
    run(&world).await;
    let first = dump(&world).await;
    let again = run(&world).await;
    assert_eq!(dump(&world).await, first, "a second run changes nothing");
    assert_eq!(again.nodes[0].phase.as_ref().unwrap().counts.unchanged, 7);
    world
        .execute("UPDATE source SET name = 'EINS' WHERE id = 1; INSERT INTO source VALUES (9, 'i', 'nine')")
        .await;
    run(&world).await;

    let third = undo(&world, &Request::default()).await;
    let copy = third.units[0].phases.last().unwrap();
    assert_eq!((copy.deleted, copy.restored), (1, 1));
    world
        .execute("UPDATE source SET name = 'one' WHERE id = 1; DELETE FROM source WHERE id = 9")
        .await;
    assert_eq!(dump(&world).await, first);
    let rest = undo(&world, &Request { scope: Scope::Runs(2), ..Request::default() }).await;
    assert_eq!(rest.units.len(), 2);
    assert!(rest.is_complete());
    assert_eq!(dump(&world).await, before);
}

#[tokio::test]
async fn rejects_that_a_later_run_had_settled_stand_again() {
    let world = world().await;
    run(&world).await;
    world.execute("UPDATE source SET name = 'six' WHERE id = 6").await;
    run(&world).await;
    let open = "SELECT phase FROM mapper_rejects WHERE state = 'open' ORDER BY 1";
    assert_eq!(world.text(open).await, ["test.lines"]);
    undo(&world, &Request::default()).await;
    assert_eq!(world.text(open).await, ["test.copy", "test.lines", "test.mark"]);
}

#[tokio::test]
async fn one_phase_in_all_its_runs() {
    let world = world().await;
    run(&world).await;
    let after = dump(&world).await;
    world.execute("INSERT INTO lines VALUES (6, 8, '6')").await;
    run(&world).await;
    let request = Request { scope: Scope::Phase("lines".into()), ..Request::default() };
    let done = undo(&world, &request).await;
    assert!(done.is_complete() && done.warnings.is_empty());
    assert_eq!(done.units.iter().map(|unit| unit.phases[0].deleted).sum::<u64>(), 5);
    assert!(done.units.iter().all(|unit| !unit.rolled_back));
    assert_eq!(world.text("SELECT count(*) FROM line").await, ["0"]);
    assert_eq!(world.text("SELECT DISTINCT state FROM mapper_runs").await, ["completed"]);

    world.execute("DELETE FROM lines WHERE id = 6").await;
    run(&world).await;
    assert_eq!(dump(&world).await, after);

    let request =
        Request { scope: Scope::Phase("test.copy".into()), dry_run: true, ..Request::default() };
    let warned = undo(&world, &request).await;
    assert_eq!(warned.warnings.len(), 2, "{:?}", warned.warnings);
    // Rows that `mark` filled are still what `copy` wrote; those that lines refer to are not free.
    assert_eq!(warned.kept.iter().filter(|kept| kept.why == KeptWhy::Referenced).count(), 3);

    let stores = Stores::open(&world.plan).await.unwrap();
    let request = Request { scope: Scope::Phase("copi".into()), ..Request::default() };
    let cancel = Cancel::default();
    let unknown = mapper::rollback::rollback(&world.plan, &stores, &request, &Silent, &cancel);
    assert!(unknown.await.is_err());
}

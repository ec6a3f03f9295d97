//! Rejects tried again, the id map, and where everything stands.

use std::sync::Arc;

use mapper::ids::{ExportFormat, export, find_legacy, find_new};
use mapper::ledger::PhaseState;
use mapper::plan::{OnConflict, OnDuplicate, WriteMode};
use mapper::rejects;
use mapper::run::{Cancel, Options, Retried, Silent, Stores};
use mapper::status::{node_states, status};

use super::world::{all, dump, run, undo, world};
use crate::engine::world::World;

async fn retry(world: &World, options: &Options) -> Vec<Retried> {
    let stores = Stores::open(&world.plan).await.unwrap();
    let all = rejects::retry(&world.plan, &stores, options, &Silent, &Cancel::default()).await;
    all.unwrap().into_iter().map(|(_, retried)| retried).collect()
}

async fn open(world: &World) -> Vec<(String, String, String)> {
    let stores = Stores::open(&world.plan).await.unwrap();
    let list = rejects::list(&world.plan, &stores, false).await.unwrap();
    list.into_iter().map(|reject| (reject.phase, reject.key, reject.reason)).collect()
}

fn texts(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    rows.iter().map(|(a, b, c)| ((*a).into(), (*b).into(), (*c).into())).collect()
}

#[tokio::test]
async fn rejects_are_tried_again_and_counted_anew() {
    let world = world().await;
    let before = dump(&world).await;
    run(&world).await;
    let rejected = [
        ("test.copy", "6", "not_null"),
        ("test.mark", "6", "not_found"),
        ("test.lines", "4", "cast"),
    ];
    assert_eq!(open(&world).await, texts(&rejected));
    world
        .execute("UPDATE source SET name = 'six' WHERE id = 6; UPDATE lines SET amount = 'y' WHERE id = 4")
        .await;

    let dry = retry(&world, &Options { dry_run: true, ..Options::default() }).await;
    assert_eq!(open(&world).await, texts(&rejected));
    let done = retry(&world, &Options::default()).await;
    let counts: Vec<_> = done.iter().map(|r| (r.counts.inserted, r.counts.updated)).collect();
    assert_eq!(counts, [(1, 0), (0, 1), (0, 0)]);
    assert_eq!(dry[0], done[0]);
    assert_eq!(open(&world).await, texts(&rejected[2..]));
    assert_eq!(world.text("SELECT name, note FROM target WHERE code = 'f'").await, ["six note 6"]);
    let counts =
        "SELECT phase, read, inserted, updated, rejected, reasons FROM mapper_phases ORDER BY 1";
    let expected = [
        "test.copy 8 7 1 0 {}",
        "test.lines 5 4 0 1 {\"rejected: cast\":1}",
        "test.mark 8 0 7 0 {}",
    ];
    let told: Vec<String> = world.text(counts).await;
    assert_eq!(told[..2], expected[..2]);
    assert!(told[2].starts_with("test.mark 8 0 7 0"), "{}", told[2]);

    // What came in late is known to the next run, and taken back with the rest.
    let outcome = run(&world).await;
    assert_eq!(outcome.nodes[0].phase.as_ref().unwrap().counts.unchanged, 8);
    world.execute("UPDATE source SET name = NULL WHERE id = 6; UPDATE lines SET amount = 'x' WHERE id = 4").await;
    let undone = undo(&world, &all()).await;
    assert!(undone.is_complete(), "{:?}", undone.kept);
    assert_eq!(dump(&world).await, before);
}

#[tokio::test]
async fn a_vanished_record_stands_with_a_message() {
    let world = world().await;
    run(&world).await;
    world.execute("DELETE FROM source WHERE id = 6").await;
    let done = retry(&world, &Options::default()).await;
    assert_eq!((done[0].vanished, done[0].counts.read), (1, 0));
    assert_eq!(open(&world).await.len(), 3);
    let message = "SELECT message FROM mapper_rejects WHERE phase = 'test.copy'";
    assert!(world.text(message).await[0].contains("no record with this key"));
}

#[tokio::test]
async fn a_duplicate_stays_one_and_a_changed_shape_is_taken_back() {
    let mut world = world().await;
    let before = dump(&world).await;
    world.execute("INSERT INTO source VALUES (20, 'a', 'again'), (21, 'u', NULL)").await;
    world.plan.phases[0].on_duplicate = OnDuplicate::Reject;
    run(&world).await;
    // The spec changed: a field more, and a default.
    let note = crate::engine::world::path("code");
    world.plan.phases[0].mapping.fields.push((mapper::value::FieldPath::field("note"), note));
    world.plan.phases[0].mapping.fields[2].1.default = Some("unnamed".into());
    let done = retry(&world, &Options { only: [0].into(), ..Options::default() }).await;
    let counts = &done[0].counts;
    assert_eq!((counts.read, counts.inserted, counts.rejected), (3, 2, 1), "{counts:?}");
    assert_eq!(world.text("SELECT name, note FROM target WHERE code = 'u'").await, ["unnamed u"]);
    assert!(open(&world).await.contains(&("test.copy".into(), "20".into(), "duplicate".into())));
    world.execute("DELETE FROM source WHERE id > 19").await;
    let undone = undo(&world, &all()).await;
    assert!(undone.is_complete(), "{:?}", undone.kept);
    assert_eq!(dump(&world).await, before);
}

#[tokio::test]
async fn the_id_map_is_found_and_exported() {
    let world = world().await;
    run(&world).await;
    let stores = Stores::open(&world.plan).await.unwrap();
    let found = find_legacy(&world.plan, &stores, "2").await.unwrap();
    let copy = &found[0];
    assert_eq!((copy.phase.as_str(), copy.new_id.as_deref()), ("test.copy", Some("old-b")));
    let uid = world.text("SELECT uid FROM target WHERE code = 'c'").await;
    let found = find_new(&world.plan, &stores, &uid[0]).await.unwrap();
    let keys: Vec<_> =
        found.iter().map(|row| (row.phase.as_str(), row.legacy_key.as_str())).collect();
    assert_eq!(keys, [("test.copy", "3"), ("test.mark", "3")]);

    world.execute("UPDATE source SET name = 'EINS' WHERE id = 1").await;
    run(&world).await;
    let mut csv = Vec::new();
    let lines = export(&world.plan, &stores, ExportFormat::Csv, &mut csv).await.unwrap();
    let text = String::from_utf8(csv).unwrap();
    assert_eq!((lines, text.lines().count()), (21, 22), "{text}");
    assert!(text.starts_with("phase,legacy_key,new_id,fate,run,"));
    let one = text.lines().filter(|line| line.starts_with("test.copy,1,")).collect::<Vec<_>>();
    assert_eq!(one.len(), 1);
    assert!(one[0].contains(",updated,"));
    let mut json = Vec::new();
    export(&world.plan, &stores, ExportFormat::JsonLines, &mut json).await.unwrap();
    let json = String::from_utf8(json).unwrap();
    assert!(json.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert_eq!(json.lines().count(), 21);
}

#[tokio::test]
async fn what_arrived_once_is_known_after_a_skip_or_a_reject() {
    let mut world = world().await;
    world.plan.phases[0].target.write = WriteMode::Insert(OnConflict::Skip);
    let before = dump(&world).await;
    run(&world).await;
    world
        .execute("UPDATE source SET name = 'EINS' WHERE id = 1; UPDATE source SET name = NULL WHERE id = 3")
        .await;
    let second = run(&world).await;
    let counts = &second.nodes[0].phase.as_ref().unwrap().counts;
    assert_eq!((counts.skipped, counts.rejected), (2, 2), "{counts:?}");
    let line = second.nodes[2].phase.as_ref().unwrap();
    assert_eq!(line.counts.rejected, 1, "the id of record 3 is still found: {:?}", line.counts);

    world.execute("UPDATE source SET name = 'three' WHERE id = 3").await;
    world.options.update = [0].into();
    let third = run(&world).await;
    let counts = &third.nodes[0].phase.as_ref().unwrap().counts;
    assert_eq!((counts.updated, counts.unchanged), (1, 5), "{counts:?}");
    assert_eq!(world.text("SELECT name FROM target WHERE code = 'a'").await, ["EINS"]);
    world.execute("UPDATE source SET name = 'one' WHERE id = 1").await;
    assert!(undo(&world, &all()).await.is_complete());
    assert_eq!(dump(&world).await, before);
}

#[tokio::test]
async fn status_tells_the_truth() {
    let mut world = world().await;
    let stores = Stores::open(&world.plan).await.unwrap();
    let fresh = status(&world.plan, &stores).await.unwrap();
    let ready: Vec<_> = fresh.phases.iter().filter(|p| p.ready).map(|p| p.phase.as_str()).collect();
    assert_eq!(ready, ["test.copy"]);
    assert_eq!((fresh.phases[0].expected, fresh.phases[0].remaining), (Some(8), Some(8)));
    let states = node_states(&world.plan, &stores).await.unwrap();
    assert_eq!(states, vec![Some("not started".to_owned()); 4]);

    let outcome = world.outcome(Arc::new(Silent), Cancel::default()).await.unwrap();
    assert!(!outcome.is_failed());
    let done = status(&world.plan, &stores).await.unwrap();
    let copy = &done.phases[0];
    assert_eq!((copy.current, copy.rejected, copy.remaining), (7, 1, Some(0)));
    assert_eq!((copy.percent, copy.state), (Some(100.0), PhaseState::Completed));
    assert!(done.phases.iter().all(|phase| !phase.ready && !phase.changed));
    assert_eq!(done.runs.len(), 1);

    world.plan.phases[0].checksum = "other".into();
    let states = node_states(&world.plan, &stores).await.unwrap();
    assert_eq!(states[0].as_deref(), Some("done 7 of 8; changed: --redo | --update | --keep"));
    assert_eq!(states[3].as_deref(), Some("done"));

    world.execute("UPDATE target SET name = 'EINS' WHERE code = 'a'").await;
    undo(&world, &all()).await;
    let part = status(&world.plan, &stores).await.unwrap();
    let copy = &part.phases[0];
    assert_eq!((copy.state, copy.current, copy.remaining), (PhaseState::Failed, 1, Some(7)));
    assert_eq!(part.phases[1].state, PhaseState::NotStarted);
}

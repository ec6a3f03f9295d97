//! Death at every statement that writes, before it, amid its rows and after it.

use std::sync::Arc;

use mapper::ledger::Fate;
use mapper::value::Value;

use super::alone::{Fuse, Moment};
use super::world::{World, is_done};
use crate::failures::shipped::Shipped;

const MOMENTS: [Moment; 3] = [Moment::Before, Moment::Amid, Moment::After];

/// What each phase of the small spec counts.
#[tokio::test]
async fn an_undisturbed_run_counts_as_with_transactions() {
    let world = World::new();
    world.fill(&Fuse::never()).await.unwrap();
    let before = world.data().await;
    let outcome = world.run().await;
    let counts: Vec<_> = outcome
        .nodes
        .iter()
        .filter_map(|node| node.phase.as_ref())
        .map(|phase| {
            let counts = &phase.counts;
            let name = phase.phase.clone();
            (
                name,
                counts.inserted,
                counts.updated,
                counts.unchanged,
                counts.skipped,
                counts.rejected,
            )
        })
        .collect();
    let expected = [
        // Orders 2 and 5 break the unique index and stay out whole; 3 and 6 have lines that are
        // there already.
        ("shop.lines".to_owned(), 6, 0, 0, 2, 5),
        ("shop.raise".to_owned(), 0, 7, 0, 0, 1),
        ("shop.stock".to_owned(), 5, 2, 1, 0, 0),
        ("shop.log".to_owned(), 8, 0, 0, 0, 0),
    ];
    assert_eq!(counts, expected);
    let after = world.data().await;
    let again = world.run().await;
    assert!(again.nodes.iter().all(|node| node.error.is_none()));
    assert_ne!(world.data().await, after, "`raise` raises again");
    world.undo(&Fuse::never()).await.unwrap();
    assert_eq!(world.data().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_statement_of_a_run() {
    let world = World::new();
    world.fill(&Fuse::never()).await.unwrap();
    let original = world.data().await;
    let fuse = Fuse::never();
    assert!(is_done(&world.try_run(&fuse).await.unwrap()));
    let expected = (world.data().await, world.ledger().await);
    let statements = fuse.passed();
    assert!(statements > 60, "{statements}");
    for at in 1..=statements {
        for moment in MOMENTS {
            let world = World::new();
            world.fill(&Fuse::never()).await.unwrap();
            let killed = world.try_run(&Fuse::new(at, moment, false)).await;
            assert!(!killed.is_ok_and(|outcome| is_done(&outcome)), "{at} {moment:?} is no death");
            // Also while what was left open is taken back.
            if at % 2 == 0 && !world.is_over().await {
                let _ = world.try_run(&Fuse::new(at % 7, moment, false)).await;
            }
            if at % 3 == 0 {
                world.undo(&Fuse::never()).await.unwrap();
                assert_eq!(world.data().await, original, "{at} {moment:?}, taken back");
                continue;
            }
            world.go_on().await;
            assert_eq!(world.data().await, expected.0, "{at} {moment:?}");
            assert_eq!(world.ledger().await, expected.1, "{at} {moment:?}");
        }
    }
}

/// What a run defined and had no time to finish, a rollback knows of.
#[tokio::test(flavor = "multi_thread")]
async fn definitions_of_a_killed_run_are_taken_back() {
    let world = World::new();
    world.fill(&Fuse::never()).await.unwrap();
    let original = world.data().await;
    let defined = "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'lines' \
                   AND sql IS NOT NULL";
    let started = "SELECT 1 FROM mapper_batches";
    for moment in MOMENTS {
        let mut left = 0;
        for at in 1.. {
            let world = World::new();
            world.fill(&Fuse::never()).await.unwrap();
            let killed = world.try_run(&Fuse::new(at, moment, false)).await;
            assert!(!killed.is_ok_and(|outcome| is_done(&outcome)), "{at} {moment:?} is no death");
            left += world.query(defined).await.len();
            let is_past = !world.query(started).await.is_empty();
            world.undo(&Fuse::never()).await.unwrap();
            assert_eq!(world.data().await, original, "{at} {moment:?}");
            if is_past {
                break;
            }
        }
        assert!(left > 0, "{moment:?}: no kill left the index");
    }
}

/// The ledger's tables and indexes are made again as far as they are missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_not_finished_is_completed() {
    let structure = "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name LIKE 'mapper%'";
    let create = async |world: &World, fuse: &Arc<Fuse>| {
        let stores = world.stores(fuse).await;
        let mut session = stores.get(0).session().await?;
        session.begin().await?;
        stores.ledger(0).create(&mut *session).await?;
        session.commit().await
    };
    let world = World::new();
    let fuse = Fuse::never();
    create(&world, &fuse).await.unwrap();
    let expected = world.query(structure).await;
    assert!(expected.iter().filter(|line| line.contains("_by_phase")).count() >= 3);
    for at in 1..=fuse.passed() {
        for moment in MOMENTS {
            let world = World::new();
            assert!(create(&world, &Fuse::new(at, moment, false)).await.is_err(), "{at}");
            create(&world, &Fuse::never()).await.unwrap();
            assert_eq!(world.query(structure).await, expected, "{at} {moment:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_for_a_moment_at_any_statement() {
    let world = World::new();
    world.fill(&Fuse::never()).await.unwrap();
    let fuse = Fuse::never();
    assert!(is_done(&world.try_run(&fuse).await.unwrap()));
    let expected = (world.data().await, world.ledger().await);
    for at in (1..=fuse.passed()).step_by(2) {
        let world = World::new();
        world.fill(&Fuse::never()).await.unwrap();
        let moment = MOMENTS[usize::try_from(at / 2 % 3).unwrap()];
        let _ = world.try_run(&Fuse::new(at, moment, true)).await;
        world.go_on().await;
        assert_eq!(world.data().await, expected.0, "{at} {moment:?}");
        assert_eq!(world.ledger().await, expected.1, "{at} {moment:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_statement_of_a_rollback() {
    let world = World::new();
    world.fill(&Fuse::never()).await.unwrap();
    let original = world.data().await;
    world.run().await;
    let fuse = Fuse::never();
    assert!(world.undo(&fuse).await.unwrap().is_complete());
    let left = world.ledger().await;
    for at in 1..=fuse.passed() {
        for moment in MOMENTS {
            let world = World::new();
            world.fill(&Fuse::never()).await.unwrap();
            world.run().await;
            let killed = world.undo(&Fuse::new(at, moment, false)).await;
            assert!(killed.is_err(), "{at} {moment:?}");
            let done = world.undo(&Fuse::never()).await.unwrap();
            assert!(done.is_complete(), "{at} {moment:?}: {:?}", done.kept);
            assert_eq!(world.data().await, original, "{at} {moment:?}");
            assert_eq!(world.ledger().await.len(), left.len(), "{at} {moment:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_fixtures_are_loaded() {
    let world = World::new();
    let fuse = Fuse::never();
    world.fill(&fuse).await.unwrap();
    let expected = world.data().await;
    for at in 1..=fuse.passed() {
        for moment in MOMENTS {
            let world = World::new();
            assert!(world.fill(&Fuse::new(at, moment, false)).await.is_err());
            // As a process does that finds the database.
            let (stores, _) = mapper::run::fixtures::open(
                &world.plan,
                mapper::run::fixtures::Fill::All,
                &mapper::run::Silent,
            )
            .await
            .unwrap();
            drop(stores);
            let again = world.data().await;
            if again.is_empty() {
                assert!(at < 20, "{at} {moment:?}: nothing was loaded");
            }
            assert_eq!(again, expected, "{at} {moment:?}");
        }
    }
}

/// Mends what `lines` refused, changes nothing else.
const MEND: &str = r"
    UPDATE orders SET document = json_set(document, '$.items[1].label', 'D') WHERE _id = '2';
    UPDATE orders SET document = json_set(document, '$.items[1].label', 'M', '$.items[1].code', 'm')
    WHERE _id = '5';
";

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_statement_of_a_retry() {
    let prepared = async || {
        let world = World::new();
        world.fill(&Fuse::never()).await.unwrap();
        let original = world.data().await;
        world.run().await;
        world.execute(MEND).await;
        (world, original)
    };
    let (world, _) = prepared().await;
    let fuse = Fuse::never();
    let retried = world.retry("lines", &fuse).await.unwrap();
    assert_eq!(retried.counts.inserted, 5, "{:?}", retried.counts);
    let expected = (world.data().await, world.ledger().await);
    for at in 1..=fuse.passed() {
        for moment in MOMENTS {
            let (world, _) = prepared().await;
            let killed = world.retry("lines", &Fuse::new(at, moment, false)).await;
            assert!(killed.is_err(), "{at} {moment:?}");
            world.retry("lines", &Fuse::never()).await.unwrap();
            assert_eq!(world.data().await, expected.0, "{at} {moment:?}");
            assert_eq!(world.ledger().await, expected.1, "{at} {moment:?}");
        }
    }
}

/// Ids that neither the spec nor the source gives are made before the documents are inserted.
#[tokio::test(flavor = "multi_thread")]
async fn documents_without_an_id_of_their_own_arrive_once() {
    let spec = r#"
spec = 1
name = "shop"
[connections.db]
url = "${DB}"
model = "documents"
fixtures = "fixtures"
[phase.copies]
source = { connection = "db", collection = "orders" }
target = { connection = "db", collection = "copies", key = ["order"], on_conflict = "skip" }
batch = 2
[phase.copies.fields]
order = "_id"
total = "total"
"#;
    let orders: String = (1..8).map(|n| format!("{{\"_id\":{n},\"total\":{n}}}\n")).collect();
    let orders = [("orders", orders.as_str())];
    let world = World::with(spec, &orders);
    world.fill(&Fuse::never()).await.unwrap();
    let original = world.data().await;
    let fuse = Fuse::never();
    world.try_run(&fuse).await.unwrap();
    let copies = "SELECT json_remove(document, '$._id') FROM copies";
    let expected = world.query(copies).await;
    assert_eq!(expected.len(), 7);
    for at in 1..=fuse.passed() {
        for moment in MOMENTS {
            let world = World::with(spec, &orders);
            world.fill(&Fuse::never()).await.unwrap();
            let _ = world.try_run(&Fuse::new(at, moment, false)).await;
            world.go_on().await;
            assert_eq!(world.query(copies).await, expected, "{at} {moment:?}");
            let fates = world.fates("shop.copies").await;
            assert!(fates.iter().all(|(_, fate)| *fate == Fate::Inserted), "{at}: {fates:?}");
            assert_eq!(fates.len(), 7);
            world.undo(&Fuse::never()).await.unwrap();
            assert_eq!(world.data().await, original, "{at} {moment:?}");
        }
    }
}

/// What someone edited between a kill and the next run stays as it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_edited_meanwhile_stays() {
    let world = World::new();
    world.fill(&Fuse::never()).await.unwrap();
    let fuse = Fuse::never();
    world.try_run(&fuse).await.unwrap();
    let mut met = false;
    for at in 1..=fuse.passed() {
        let world = World::new();
        world.fill(&Fuse::never()).await.unwrap();
        let _ = world.try_run(&Fuse::new(at, Moment::After, false)).await;
        let finished = "SELECT 1 FROM mapper_phases WHERE document ->> 'phase' = 'shop.log' AND document ->> 'batches' > 0";
        let written = "SELECT 1 FROM sqlite_schema WHERE name = 'log'";
        if world.query("SELECT 1 FROM sqlite_schema WHERE name = 'mapper_phases'").await.is_empty()
            || world.query(written).await.is_empty()
            || world.query("SELECT 1 FROM log").await.is_empty()
            || !world.query(finished).await.is_empty()
        {
            continue;
        }
        met = true;
        world
            .execute("UPDATE log SET document = json_set(document, '$.total', 'mine') WHERE json_extract(document, '$.order') = 2")
            .await;
        world.run().await;
        let mine =
            "SELECT document ->> 'total' FROM log WHERE json_extract(document, '$.order') = 2";
        assert_eq!(world.query(mine).await, [format!("{:?}", vec![Value::text("mine")])]);
        break;
    }
    assert!(met, "no kill left `log` halfway");
}

/// The first seed, at a few of its statements.
#[tokio::test(flavor = "multi_thread")]
async fn a_shipped_spec_killed_here_and_there() {
    let few = Shipped::appointments(120, 40);
    let new = || World::shipped(few.spec(), "CLINIC_URL");
    let world = new();
    world.fill(&Fuse::never()).await.unwrap();
    let original = world.data().await;
    let fuse = Fuse::never();
    assert!(is_done(&world.try_run(&fuse).await.unwrap()));
    let expected = (world.data().await, world.ledger().await);
    let statements = fuse.passed();
    for (number, at) in (7..statements).step_by(17).enumerate() {
        let moment = MOMENTS[number % 3];
        let world = new();
        world.fill(&Fuse::never()).await.unwrap();
        let _ = world.try_run(&Fuse::new(at, moment, false)).await;
        world.go_on().await;
        assert!(world.data().await == expected.0, "{at} {moment:?}: other content");
        assert!(world.ledger().await == expected.1, "{at} {moment:?}: another ledger");
        if number % 3 == 0 {
            let _ = world.undo(&Fuse::new(at % 40 + 1, moment, false)).await;
            world.undo(&Fuse::never()).await.unwrap();
            assert!(world.data().await == original, "{at} {moment:?}: not as it was");
        }
    }
}

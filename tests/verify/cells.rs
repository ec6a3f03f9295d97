//! Every cell of tables, with planted differences.

use mapper::expr::{IdKind, Origin, Path};
use mapper::plan::{OnConflict, WriteMode};
use mapper::verify::{About, PhaseDifferences};

use super::world::{World, expr, id, id_of, mapped, path, phase, rule, value};

/// 900 customers and 2,400 orders of theirs, and an order of someone else's in the target.
const SCRIPT: &str = "
    CREATE TABLE old_customers (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE old_orders (id INTEGER PRIMARY KEY, customer INTEGER, total DECIMAL(10,2),
      at DATETIME, note TEXT, phone TEXT);
    CREATE TABLE customers (id UUID PRIMARY KEY, old_id INTEGER UNIQUE, name TEXT);
    CREATE TABLE orders (id TEXT PRIMARY KEY, old_id INTEGER UNIQUE, customer_id UUID,
      total DECIMAL(10,2), at DATETIME, note VARCHAR(40), phone TEXT, state TEXT DEFAULT 'new');
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
      INSERT INTO old_customers SELECT i, 'customer ' || i FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2400)
      INSERT INTO old_orders SELECT i, 1 + i % 900, round(i * 1.37, 2), '2024-01-31 10:00:' ||
        printf('%02d', i % 60), 'note ' || i, iif(i % 3, '+49 ' || i, NULL) FROM n;
    UPDATE old_orders SET note = 'far too long, and longer still than forty characters'
      WHERE id = 50;
    UPDATE old_orders SET note = NULL WHERE id = 51;
    INSERT INTO orders (id, old_id, total) VALUES ('someone else''s', 52, 1);";

async fn shop() -> World {
    let mut world = World::tables(SCRIPT).await;
    let insert = WriteMode::Insert(OnConflict::Skip);
    world.add(mapped(
        phase("customers", ("old_customers", "id"), "customers", insert),
        &["old_id"],
        vec![
            ("id", id(IdKind::Uuid(None), "customers")),
            ("old_id", path("id")),
            ("name", path("name")),
        ],
    ));
    let mut orders = phase("orders", ("old_orders", "id"), "orders", insert);
    orders.mapping.skip = vec![rule("not note", "no note")];
    let customer = id_of(&mut orders, "customers", "customer");
    let fields = vec![
        ("id", id(IdKind::Uuid(None), "orders")),
        ("old_id", path("id")),
        ("customer_id", customer),
        ("total", path("total")),
        ("at", path("at")),
        ("note", path("note")),
        ("phone", path("phone")),
    ];
    let skip = orders.mapping.skip.clone();
    let mut orders = mapped(orders, &["old_id"], fields);
    orders.mapping.skip = skip;
    world.add(orders);
    world
}

async fn differences(world: &World) -> Vec<PhaseDifferences> {
    world.verify(true).await.differences
}

#[tokio::test]
async fn planted_differences_are_found_and_nothing_else() {
    let world = shop().await;
    let outcome = world.run().await;
    assert!(!outcome.is_failed());
    let counts = &outcome.nodes[1].phase.as_ref().unwrap().counts;
    assert_eq!((counts.inserted, counts.skipped, counts.rejected), (2397, 2, 1));

    let clean = world.verify(true).await;
    assert!(!clean.is_failed(), "{:#?}", clean.results);
    assert_eq!(clean.open_rejects(), 1);
    assert_eq!((clean.differences[0].compared, clean.differences[0].left_out), (900, 0));
    assert_eq!((clean.differences[1].compared, clean.differences[1].left_out), (2397, 3));
    assert!(clean.differences.iter().all(PhaseDifferences::is_equal));

    world
        .execute(
            "UPDATE orders SET total = total + 0.01 WHERE old_id = 17;
             UPDATE orders SET at = '2024-01-31 10:00:01' WHERE old_id = 1200;
             UPDATE orders SET note = note || ' ' WHERE old_id = 1201;
             UPDATE orders SET phone = NULL WHERE old_id = 2000;
             UPDATE orders SET phone = '' WHERE old_id = 2100;
             UPDATE orders SET customer_id = (SELECT id FROM customers WHERE old_id = 32)
               WHERE old_id = 30;
             UPDATE orders SET customer_id = (SELECT id FROM customers WHERE old_id = 31)
               WHERE old_id = 31;
             DELETE FROM orders WHERE old_id = 40;
             UPDATE orders SET note = 'changed', total = 2 WHERE old_id = 52;
             UPDATE orders SET state = 'paid' WHERE old_id = 53;",
        )
        .await;
    let report = world.verify(true).await;
    assert!(report.is_failed());
    assert!(report.differences[0].is_equal());
    let orders = &report.differences[1];
    let fields: Vec<(&str, u64)> =
        orders.fields.iter().map(|(field, count)| (field.as_str(), *count)).collect();
    assert_eq!(fields, [("at", 1), ("customer_id", 2), ("note", 1), ("phone", 2), ("total", 1)]);
    assert_eq!((orders.missing, orders.differing), (1, 7));
    assert_eq!(orders.keys, ["17", "30", "31", "40", "1200", "1201", "2000", "2100"]);
    let failed: Vec<_> = report.results.iter().filter(|one| !one.result.passed).collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!(failed[0].about, About::Cells);
    assert_eq!(
        failed[0].result.actual,
        "2397 compared, 1 missing in the target, 7 differ (`at` 1, `customer_id` 2, `note` 1, \
         `phone` 2, `total` 1), 3 left out"
    );
}

#[tokio::test]
async fn without_full_no_cell_is_looked_at() {
    let world = shop().await;
    world.run().await;
    world.execute("UPDATE orders SET total = 0").await;
    let report = world.verify(false).await;
    assert!(!report.is_failed());
    assert!(report.differences.is_empty());
}

#[tokio::test]
async fn a_second_run_changes_nothing_about_it() {
    let world = shop().await;
    world.run().await;
    world.run().await;
    assert!(differences(&world).await.iter().all(PhaseDifferences::is_equal));
    world.execute("UPDATE orders SET phone = 'x' WHERE old_id = 3").await;
    let found = differences(&world).await;
    assert_eq!((found[1].differing, found[1].keys.clone()), (1, vec!["3".to_owned()]));
}

#[tokio::test]
async fn records_that_came_later_are_told_apart() {
    let world = shop().await;
    world.run().await;
    world.execute("INSERT INTO old_orders VALUES (9000, 1, 1, NULL, 'late', NULL)").await;
    let found = differences(&world).await;
    assert_eq!((found[1].missing, found[1].unknown), (1, 1));
    assert_eq!(found[1].keys, ["9000"]);
}

#[tokio::test]
async fn an_updated_record_keeps_its_own_id() {
    let mut world = shop().await;
    world.plan.phases[1].target.write = WriteMode::Insert(OnConflict::Update);
    let outcome = world.run().await;
    assert_eq!(outcome.nodes[1].phase.as_ref().unwrap().counts.updated, 1);
    assert!(differences(&world).await.iter().all(PhaseDifferences::is_equal));
    world.execute("UPDATE orders SET total = 5 WHERE old_id = 52").await;
    let found = differences(&world).await;
    assert_eq!(found[1].fields.keys().collect::<Vec<_>>(), ["total"]);
}

#[tokio::test]
async fn what_a_later_phase_writes_is_its_own() {
    let mut world = shop().await;
    world.add(mapped(
        phase("phones", ("old_orders", "id"), "orders", WriteMode::Patch),
        &["old_id"],
        vec![("old_id", path("id")), ("phone", value("+49 0"))],
    ));
    world.plan.phases[2].mapping.skip = vec![rule("id in [50, 51]", "not there")];
    let outcome = world.run().await;
    assert!(!outcome.is_failed(), "{:?}", outcome.nodes);
    let found = differences(&world).await;
    assert!(found.iter().all(PhaseDifferences::is_equal), "{found:?}");
    assert_eq!(found[1].not_compared, ["phone"]);
    world.execute("UPDATE orders SET phone = NULL WHERE old_id = 7").await;
    let found = differences(&world).await;
    assert!(found[1].is_equal());
    assert_eq!(found[2].keys, ["7"]);
}

#[tokio::test]
async fn a_target_that_is_gone_is_told() {
    let world = shop().await;
    world.run().await;
    world.execute("DROP TABLE orders").await;
    let report = world.verify(true).await;
    assert!(report.is_failed());
    assert!(report.differences[1].error.as_ref().unwrap().contains("no table `orders`"));
}

#[tokio::test]
async fn elements_without_a_key_are_found_by_what_the_ledger_knows() {
    let mut world = World::tables(
        "CREATE TABLE sessions (id INTEGER PRIMARY KEY, items JSON);
         CREATE TABLE tasks (id INTEGER PRIMARY KEY, session INTEGER, task TEXT);
         INSERT INTO tasks VALUES (7, 1, 'there before');
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
           INSERT INTO sessions SELECT i, json_array(json_object('task', 'a'),
             json_object('task', 'b' || i)) FROM n;
         UPDATE sessions SET items = '[]' WHERE id = 9;",
    )
    .await;
    let element = |text: &str| expr(Origin::Path(Path::parse(text, false, Some("item")).unwrap()));
    let mut tasks = mapped(
        phase("tasks", ("sessions", "id"), "tasks", WriteMode::Append),
        &[],
        vec![("session", path("id")), ("task", element("item.task"))],
    );
    tasks.mapping.explode = Some(Path::parse("items[*]", false, None).unwrap());
    tasks.mapping.element = Some("item".into());
    world.add(tasks);
    assert!(!world.run().await.is_failed());
    let found = differences(&world).await;
    assert_eq!((found[0].compared, found[0].is_equal()), (798, true), "{found:?}");
    world
        .execute(
            "UPDATE tasks SET task = 'c' WHERE session = 20 AND task = 'b20';
             DELETE FROM tasks WHERE session = 21 AND task = 'a'",
        )
        .await;
    let found = differences(&world).await;
    assert_eq!((found[0].missing, found[0].differing), (1, 1));
    assert_eq!(found[0].keys, ["20, 1", "21, 0"]);
}

//! What the source no longer has is deleted from the target, and a rollback puts it back.

use super::world::World;
use crate::servers;

const BY_COLUMN: &str = "overlap = \"5m\" } }";

/// Both phases delete.
fn deletes(world: &World) {
    world.edit(BY_COLUMN, "overlap = \"5m\" }, deleted = \"delete\" }");
    world
        .edit("changes = { by = \"key\" } }", "changes = { by = \"key\" }, deleted = \"delete\" }");
}

async fn deletes_what_is_gone(world: World) {
    deletes(&world);
    assert_eq!(world.run(&[], 3), [20, 19, 0, 0, 0, 1]);
    world.owner(2).await;
    assert_eq!(world.run_gone("shop.items", &[], 0), [0, 0, 0]);
    assert_eq!(world.items().await.len(), 20);
    // A column that the phase does not write is no part of what it made, and comes back too.
    world.edit_items(&[5], "note", "by hand").await;
    let (items, owners) = (world.rows("items").await, world.rows("owners").await);

    // An owner, its only item, and two more items, the one edited by hand.
    world.remove("old_owners", [2]).await;
    world.remove("old_items", [3, 5, 6, 7]).await;
    world.edit_items(&[7], "name", "by hand").await;
    let edited = world.rows("items").await;
    assert_eq!(world.run_gone("shop.items", &["--dry-run"], 0), [3, 0, 1]);
    assert_eq!(world.rows("items").await, edited);
    let found = world.report("shop.items", &[], 1);
    assert_eq!(found["deleted"], 3);
    assert_eq!(found["kept"][0]["key"], "7");
    assert_eq!(found["kept"][0]["reason"], "edited since");
    assert_eq!(found["kept_reasons"]["edited since"], 1);
    let left = world.items().await;
    assert_eq!(left.len(), 17);
    assert!(!left.contains_key("3") && !left.contains_key("5") && !left.contains_key("6"));
    assert_eq!(world.rows("owners").await.len(), 1);
    let ids = world.mapper(&["ids", "shop.toml", "--legacy", "5", "--format", "json"], 0);
    assert!(ids.contains("\"fate\": \"deleted\""), "{ids}");
    assert!(ids.contains("\"new_id\": null"), "{ids}");

    // As it was made it goes too, and what is told holds.
    world.edit_items(&[7], "name", "item 7").await;
    assert_eq!(world.run_gone("shop.items", &[], 0), [1, 0, 0]);
    assert_eq!(world.items().await.len(), 16);
    world.mapper(&["verify", "shop.toml", "--full"], 0);
    assert_eq!(world.run_gone("shop.items", &[], 0), [0, 0, 0]);

    // The last three runs taken back, all is as it was: the owner before the item that refers to it.
    world.mapper(&["rollback", "shop.toml", "-n", "3", "--yes"], 0);
    assert_eq!(world.rows("items").await, items);
    assert_eq!(world.rows("owners").await, owners);
    assert_eq!(world.run_gone("shop.items", &[], 0), [4, 0, 0]);
    world.mapper(&["verify", "shop.toml"], 0);

    // One that comes back is new, under the same id.
    world.item(6, 1, Some(40)).await;
    assert_eq!(world.run(&[], 0)[1], 1);
    assert_eq!(world.items().await["6"], "item 6");
    world.mapper(&["verify", "shop.toml", "--full"], 0);
    world.remove("old_items", [6]).await;
    assert_eq!(world.run_gone("shop.items", &[], 0), [1, 0, 0]);
    // Of a document the note is an edit.
    world.mapper(&["rollback", "shop.toml", "--all", "--yes", "--force"], 0);
    assert_eq!(world.items().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_tables_of_sqlite() {
    deletes_what_is_gone(World::file(false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_documents_of_sqlite() {
    deletes_what_is_gone(World::file(true).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    deletes_what_is_gone(World::on(&servers::postgres(), false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mariadb() {
    deletes_what_is_gone(World::on(&servers::mariadb(), false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_ferretdb() {
    deletes_what_is_gone(World::on(&servers::ferretdb(), true).await).await;
}

/// By key, by content and by the full comparison the same is found.
#[tokio::test(flavor = "multi_thread")]
async fn however_changes_are_found() {
    let by_column = "changes = { by = \"column\", column = \"updated_at\", overlap = \"5m\" }";
    for how in ["changes = { by = \"key\" }, ", "changes = { by = \"hash\" }, ", ""] {
        let world = World::file(false).await;
        world.edit(&format!(", {by_column} }}"), &format!(", {how}deleted = \"delete\" }}"));
        assert_eq!(world.run(&[], 3), [20, 19, 0, 0, 0, 1]);
        world.remove("old_items", [4, 20]).await;
        assert_eq!(world.run_gone("shop.items", &[], 3), [2, 0, 0], "{how}");
        assert_eq!(world.items().await.len(), 17);
    }
}

/// Killed at each point of the run that deletes, it ends as an undisturbed one.
async fn is_killed(make: impl AsyncFn() -> World, points: &[&str]) {
    let mut passed = 0;
    for point in points {
        for count in 1.. {
            let world = make().await;
            deletes(&world);
            world.run(&[], 3);
            world.owner(2).await;
            world.run(&[], 0);
            let before = (world.rows("items").await, world.rows("owners").await);
            world.remove("old_owners", [2]).await;
            world.remove("old_items", [3, 5, 6]).await;
            let held = world.kill(&format!("{point}:{count}"));
            if !held {
                break;
            }
            passed += 1;
            // What the killed run did counts in the run that goes on.
            assert_eq!(world.run_gone("shop.items", &[], 0), [3, 0, 0], "at {point}:{count}");
            assert_eq!(world.items().await.len(), 17, "at {point}:{count}");
            assert_eq!(world.rows("owners").await.len(), 1, "at {point}:{count}");
            world.mapper(&["verify", "shop.toml"], 0);
            world.mapper(&["rollback", "shop.toml", "--yes"], 0);
            let after = (world.rows("items").await, world.rows("owners").await);
            assert_eq!(after, before, "at {point}:{count}");
        }
    }
    assert!(passed > points.len(), "{passed} kills");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_deletes_rows() {
    let make = async || World::file(false).await;
    is_killed(make, &["intent", "data", "checkpoint", "committed", "phase_end"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_deletes_documents() {
    let make = async || World::on(&servers::ferretdb(), true).await;
    is_killed(make, &["intent", "data", "committed"]).await;
}

/// A source that lost more than half of what is known of it looks broken.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_whole_is_refused() {
    let world = World::file(false).await;
    deletes(&world);
    world.run(&[], 3);
    // All but the one that was rejected.
    world.remove("old_items", (1..=12).filter(|id| *id != 3)).await;
    let found = world.report("shop.items", &[], 1);
    assert_eq!(found["state"], "failed");
    let error = found["error"].as_str().unwrap();
    assert!(error.contains("11 of 19 records"), "{error}");
    assert!(error.contains("`max_deleted` (50%)"), "{error}");
    assert_eq!(world.items().await.len(), 19);
    // It is asked again until the source is whole, or the spec allows it.
    world.report("shop.items", &[], 1);
    world.edit("}, deleted = \"delete\" }\ntarget = { connection = \"db\", table = \"items\"", "}, deleted = \"delete\", max_deleted = 11 }\ntarget = { connection = \"db\", table = \"items\"");
    assert_eq!(world.report("shop.items", &[], 3)["deleted"], 11);
    assert_eq!(world.items().await.len(), 8);
}

/// What others refer to stays, is named, and the run says that it is not all.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_refer_to_is_kept() {
    let world = World::file(false).await;
    deletes(&world);
    world.owner(2).await;
    world.run(&[], 0);
    // Its item is still in the source.
    world.remove("old_owners", [2]).await;
    let found = world.report("shop.owners", &[], 1);
    assert_eq!((found["deleted"].as_u64(), found["deleted_kept"].as_u64()), (Some(0), Some(1)));
    assert_eq!(found["kept"][0]["key"], "2");
    assert_eq!(found["kept"][0]["reason"], "referenced by other rows");
    assert_eq!(found["state"], "completed");
    world.remove("old_items", [3]).await;
    assert_eq!(world.run_gone("shop.owners", &[], 0), [1, 0, 0]);
}

/// What the phase did not make, or another record stands for, is not its to delete.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_phase_made_is_deleted() {
    let world = World::of(
        r#"
spec = 1
name = "shop"
[connections.db]
url = "${DB_URL}"
[phase.goods]
source = { connection = "db", table = "old", deleted = "delete", max_deleted = "100%" }
target = { connection = "db", table = "goods", key = ["code"], on_conflict = "update" }
on_duplicate = "first"
fields = { code = "code", name = "name" }
"#,
        "CREATE TABLE old (id INTEGER PRIMARY KEY, code TEXT, name TEXT);
         CREATE TABLE goods (code TEXT PRIMARY KEY, name TEXT);
         INSERT INTO old VALUES (1, 'a', 'x'), (2, 'a', 'x'), (3, 'b', 'y'), (4, 'c', 'z');
         INSERT INTO goods VALUES ('b', 'old');",
    )
    .await;
    world.run_phase("shop.goods", &[], 0);
    world.script("DELETE FROM old WHERE id <> 2").await;
    let found = world.report("shop.goods", &[], 0);
    assert_eq!(found["deleted"], 1);
    let kept = |reason: &str| found["kept_reasons"][reason].as_u64();
    assert_eq!(kept("not made by this phase"), Some(1));
    assert_eq!(kept("another record of the source stands for it"), Some(1));
    let goods = world.query("SELECT code FROM goods ORDER BY code").await;
    assert_eq!(goods, [["a"], ["b"]]);
    world.script("DELETE FROM old").await;
    assert_eq!(world.run_gone("shop.goods", &[], 0), [1, 0, 2]);
    assert_eq!(world.query("SELECT code FROM goods").await, [["b"]]);
}

/// An element that its record no longer has is gone, and what refers to itself goes as a whole.
#[tokio::test(flavor = "multi_thread")]
async fn elements_and_circles() {
    let world = World::of(
        r#"
spec = 1
name = "shop"
[connections.db]
url = "${DB_URL}"
[phase.lines]
source = { connection = "db", table = "old_orders", explode = "lines[*]", as = "line", deleted = "delete" }
target = { connection = "db", table = "lines", key = ["id"], on_conflict = "update" }
fields = { id = { id = "uuid" }, sku = "line.sku" }
[phase.people]
source = { connection = "db", table = "old_people", changes = { by = "hash" }, deleted = "delete" }
target = { connection = "db", table = "people", key = ["legacy"], on_conflict = "skip" }
[phase.people.fields]
id = { id = "uuid" }
legacy = "id"
boss = { lookup = "people", from = "boss", stub = true, on_missing = "null" }
"#,
        r#"CREATE TABLE old_orders (id INTEGER PRIMARY KEY, lines JSON);
         CREATE TABLE lines (id TEXT PRIMARY KEY, sku TEXT);
         INSERT INTO old_orders VALUES (1, '[{"sku": "a"}, {"sku": "b"}, {"sku": "c"}]'), (2, '[{"sku": "d"}]');
         CREATE TABLE old_people (id INTEGER PRIMARY KEY, boss INTEGER);
         CREATE TABLE people (id TEXT PRIMARY KEY, legacy INTEGER UNIQUE, boss TEXT REFERENCES people (id));
         INSERT INTO old_people VALUES (1, NULL), (2, 1), (3, 2), (4, 4), (5, 1), (6, 3);"#,
    )
    .await;
    world.run_phase("shop.lines", &[], 0);
    let people = "SELECT a.legacy, b.legacy FROM people a LEFT JOIN people b ON b.id = a.boss \
                  ORDER BY a.legacy";
    let before = world.query(people).await;
    assert_eq!(before[2], ["3", "2"]);
    world
        .script(
            "UPDATE old_orders SET lines = '[{\"sku\": \"a\"}, {\"sku\": \"b\"}]' WHERE id = 1;
             DELETE FROM old_people WHERE id IN (2, 3, 4); UPDATE old_people SET boss = 1 WHERE id = 6;",
        )
        .await;
    assert_eq!(world.run_gone("shop.lines", &[], 0), [1, 0, 0]);
    assert_eq!(world.query("SELECT sku FROM lines ORDER BY sku").await, [["a"], ["b"], ["d"]]);
    let after = world.query(people).await;
    assert_eq!(after, [["1", "-"], ["5", "1"], ["6", "1"]]);
    world.mapper(&["verify", "shop.toml", "--full"], 0);
    // They come back with their references.
    world.script("INSERT INTO old_people VALUES (2, 1), (3, 2)").await;
    world.run_phase("shop.people", &[], 0);
    assert_eq!(world.query(people).await[2], ["3", "2"]);
    world.mapper(&["rollback", "shop.toml", "-n", "2", "--yes"], 0);
    assert_eq!(world.query(people).await, before);
    assert_eq!(world.query("SELECT count(*) FROM lines").await, [["4"]]);
}

/// A production connection is asked about before anything is deleted from it.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_in_production_is_asked() {
    let world = World::file(false).await;
    deletes(&world);
    world.edit("url = \"${DB_URL}\"", "url = \"${DB_URL}\"\nproduction = true");
    let told = world.refused(&["run", "shop.toml"], 2);
    assert!(
        told.contains("deletes from `owners` and `items` what its source no longer has"),
        "{told}"
    );
    let plan = world.mapper(&["plan", "shop.toml"], 0);
    assert!(plan.contains("deletes what the source no longer has, at most 50%"), "{plan}");
}

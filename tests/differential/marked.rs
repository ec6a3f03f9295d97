//! What the source no longer has is marked in the target, until it comes back.

use super::world::World;
use crate::servers;

/// The items are marked.
fn marks(world: &World) {
    world.edit("overlap = \"5m\" } }", "overlap = \"5m\" }, deleted = \"mark\" }");
    world.edit(
        "name = \"name\"",
        "name = \"name\"\ngone = { value = \"no\" }\ngone_at = { value = { \"$null\" = true } }",
    );
    // The tables keep moments without a zone.
    let steps = if world.documents { "" } else { ", cast = \"datetime\", timezone = \"UTC\"" };
    let mark = format!("gone = {{ value = \"yes\" }}\ngone_at = {{ expr = \"now\"{steps} }}");
    world.edit("\n[[check]]", &format!("\n[phase.items.mark]\n{mark}\n\n[[check]]"));
}

/// Which items are marked.
async fn marked(world: &World) -> Vec<String> {
    let rows = world.rows("items").await;
    let gone = |row: &&String| row.contains("\"yes\"");
    rows.iter().filter(gone).cloned().collect()
}

async fn marks_what_is_gone(world: World) {
    marks(&world);
    assert_eq!(world.run(&[], 3), [20, 19, 0, 0, 0, 1]);
    world.owner(2).await;
    world.run(&[], 0);
    world.edit_items(&[7], "name", "by hand").await;
    let before = world.rows("items").await;
    world.remove("old_items", [5, 6, 7]).await;
    // A check that counts would have to leave the marked ones out.
    world.edit("filter = {}", "filter = { gone = \"no\" }");
    assert_eq!(world.run_gone("shop.items", &["--dry-run"], 0), [0, 3, 0]);
    assert_eq!(world.rows("items").await, before);
    assert_eq!(world.run_gone("shop.items", &[], 0), [0, 3, 0]);
    let found = marked(&world).await;
    assert_eq!(found.len(), 3);
    // Nobody's edit is lost, and each has its moment.
    assert!(found.iter().any(|row| row.contains("by hand")), "{found:?}");
    assert_eq!(world.items().await.len(), 20);
    world.mapper(&["verify", "shop.toml", "--full"], 0);
    assert_eq!(world.run_gone("shop.items", &[], 0), [0, 0, 0]);

    world.mapper(&["rollback", "shop.toml", "-n", "2", "--yes"], 0);
    assert_eq!(world.rows("items").await, before);
    assert_eq!(world.run_gone("shop.items", &[], 0), [0, 3, 0]);

    // One comes back as it was.
    world.item(5, 1, Some(40)).await;
    let after = world.run(&[], 0);
    assert_eq!((after[1], after[2]), (0, 1));
    assert_eq!(marked(&world).await.len(), 2);
    world.mapper(&["verify", "shop.toml"], 0);
    let ids = world.mapper(&["ids", "shop.toml", "--legacy", "6", "--format", "json"], 0);
    assert!(ids.contains("\"fate\": \"marked\""), "{ids}");
    assert!(!ids.contains("\"new_id\": null"), "{ids}");
    world.mapper(&["rollback", "shop.toml", "--all", "--yes", "--force"], 0);
    assert_eq!(world.items().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_tables_of_sqlite() {
    marks_what_is_gone(World::file(false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_documents_of_sqlite() {
    marks_what_is_gone(World::file(true).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    marks_what_is_gone(World::on(&servers::postgres(), false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mariadb() {
    marks_what_is_gone(World::on(&servers::mariadb(), false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_ferretdb() {
    marks_what_is_gone(World::on(&servers::ferretdb(), true).await).await;
}

/// Also where all is read and compared, and nothing else would change what is there.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_unmarked_by_the_full_comparison() {
    let world = World::file(false).await;
    marks(&world);
    world.edit("changes = { by = \"column\", column = \"updated_at\", overlap = \"5m\" }, ", "");
    world.run(&[], 3);
    world.remove("old_items", [5]).await;
    assert_eq!(world.run_gone("shop.items", &[], 1), [0, 1, 0]);
    world.item(5, 1, Some(5)).await;
    let after = world.run(&[], 3);
    assert_eq!((after[2], after[3]), (1, 18));
    assert!(marked(&world).await.is_empty());
}

/// A mark that the target can't hold stops the run before anything is marked.
#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_does_not_fit() {
    let world = World::file(false).await;
    marks(&world);
    world.edit("gone = { value = \"yes\" }", "gone = { value = \"certainly\" }");
    let told = world.refused(&["run", "shop.toml", "--yes"], 1);
    assert!(told.contains("the mark does not fit `gone`"), "{told}");
    assert!(world.items().await.is_empty());
}

//! Later runs read only what changed, and leave nothing behind.

mod deleted;
mod marked;
pub mod world;

use crate::servers;
use world::World;

/// The first run and one over an unchanged source.
async fn settled(world: &World) {
    assert_eq!(world.run(&[], 3), [20, 19, 0, 0, 0, 1]);
    // Five minutes before the newest, the one without a time, and the one that was rejected.
    assert_eq!(world.run(&[], 3), [8, 0, 0, 7, 0, 1]);
    assert_eq!(world.items().await.len(), 19);
}

/// What the next run has to find: one changed, one new and one whose owner came.
async fn disturb(world: &World) {
    world.change(2, "another name", 30).await;
    world.item(100, 1, Some(29)).await;
    world.owner(2).await;
}

const FOUND: [u64; 6] = [10, 2, 1, 7, 0, 0];

async fn is_found(world: &World) {
    let items = world.items().await;
    assert_eq!(items.len(), 21);
    assert_eq!(items["2"], "another name");
    assert_eq!(items["3"], "item 3");
    assert_eq!(items["100"], "item 100");
}

async fn finds_what_changed(world: World) {
    settled(&world).await;
    let before = world.items().await;
    disturb(&world).await;
    assert_eq!(world.run(&["--dry-run"], 0), FOUND);
    assert_eq!(world.items().await, before);
    assert_eq!(world.run(&[], 0), FOUND);
    is_found(&world).await;
    world.mapper(&["verify", "shop.toml"], 0);
    // Taken back, it is found again.
    world.mapper(&["rollback", "shop.toml", "--yes"], 0);
    assert_eq!(world.items().await, before);
    assert_eq!(world.run(&[], 0), FOUND);
    is_found(&world).await;
    // Six minutes before the newest stands only what changed; and keys only after the highest.
    assert_eq!(world.run(&[], 0), [3, 0, 0, 3, 0, 0]);
    assert_eq!(world.run_phase("shop.owners", &[], 0), [0; 6]);
    world.mapper(&["verify", "shop.toml", "--full"], 0);
    world.mapper(&["rollback", "shop.toml", "--all", "--yes"], 0);
    // Nothing stands that a run could go on from.
    assert_eq!(world.run(&[], 0), [21, 21, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_tables_of_sqlite() {
    finds_what_changed(World::file(false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_documents_of_sqlite() {
    finds_what_changed(World::file(true).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    finds_what_changed(World::on(&servers::postgres(), false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mariadb() {
    finds_what_changed(World::on(&servers::mariadb(), false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_ferretdb() {
    finds_what_changed(World::on(&servers::ferretdb(), true).await).await;
}

/// Killed at each point of the run that finds the changes, it ends as an undisturbed one.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_reads_what_changed() {
    for point in ["data:2", "data:4", "checkpoint:3", "committed:2", "committed:4", "phase_end:2"] {
        let world = World::file(false).await;
        settled(&world).await;
        disturb(&world).await;
        assert!(world.kill(point), "never passes {point}");
        let after = world.run(&[], 0);
        assert_eq!(after, FOUND, "killed at {point}");
        is_found(&world).await;
        world.mapper(&["verify", "shop.toml"], 0);
        assert_eq!(world.run(&[], 0), [3, 0, 0, 3, 0, 0], "after {point}");
    }
}

/// Where the spec changed, the choice says what is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_spec_reads_all_where_it_is_applied() {
    let world = World::file(false).await;
    settled(&world).await;
    world.edit("name = \"name\"", "name = { template = \"{{ name }}!\" }");
    world.mapper(&["run", "shop.toml", "--yes"], 1);
    assert_eq!(world.run(&["--update", "items"], 3), [20, 0, 19, 0, 0, 1]);
    assert_eq!(world.items().await["1"], "item 1!");
    assert_eq!(world.run(&[], 3), [8, 0, 0, 7, 0, 1]);
    world.edit("{{ name }}!", "{{ name }}?");
    assert_eq!(world.run(&["--redo", "items"], 3), [20, 19, 0, 0, 0, 1]);
    world.edit("{{ name }}?", "{{ name }}.");
    // What was accepted stands; only what is read again is mapped anew.
    assert_eq!(world.run(&["--keep", "items"], 3), [8, 0, 7, 0, 0, 1]);
    assert_eq!(world.items().await["1"], "item 1?");
    assert_eq!(world.items().await["19"], "item 19.");
}

/// Another column has no mark yet, and content is compared without one.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_mark_all_is_read() {
    let world = World::file(false).await;
    settled(&world).await;
    world.edit(
        "changes = { by = \"column\", column = \"updated_at\", overlap = \"5m\" }",
        "changes = { by = \"column\", column = \"owner\" }",
    );
    assert_eq!(world.run(&[], 3), [20, 0, 0, 19, 0, 1]);
    world.edit("changes = { by = \"column\", column = \"owner\" }", "changes = { by = \"hash\" }");
    world.change(4, "by content", 0).await;
    assert_eq!(world.run(&[], 3), [20, 0, 1, 18, 0, 1]);
    assert_eq!(world.items().await["4"], "by content");
}

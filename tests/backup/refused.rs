//! A backup that is not what it says, or does not fit any more, is not put back.

use super::world::{Told, World};

async fn ran() -> World {
    let world = World::new("sqlite:FOLDER/shop.db", false, "run").await;
    world.mapper(&["run"]).exits(0);
    world
}

/// A restore that is refused changes nothing.
async fn refused(world: &World, arguments: &[&str], why: &str) -> Told {
    let before = world.content().await;
    let mut all = vec!["restore", "--yes"];
    all.extend(arguments);
    let told = world.mapper(&all).exits(1);
    assert!(told.err.contains(why), "{}", told.err);
    assert!(!told.err.contains("zwei"), "no value is told: {}", told.err);
    assert_eq!(world.content().await, before);
    told
}

async fn script(world: &World, sql: &str) {
    use mapper::connectors::Definition;
    let store = world.store().await;
    let mut session = store.session().await.unwrap();
    session.begin().await.unwrap();
    session.define(&Definition::Script(sql.into())).await.unwrap();
    session.commit().await.unwrap();
    drop(session);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_is_not_put_back() {
    let world = ran().await;
    let path = world.file_of("target");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    refused(&world, &[], "its checksum differs").await;
    std::fs::remove_file(&path).unwrap();
    refused(&world, &[], "can't be read").await;
    // What is whole can be put back alone.
    world.mapper(&["restore", "--yes", "--table", "line"]).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_manifest_is_not_believed() {
    let world = ran().await;
    let path = world.file_of("target").with_file_name("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"rows\": 3", "\"rows\": 2")).unwrap();
    refused(&world, &[], "was changed since it was written").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_shape_is_left_alone() {
    let world = ran().await;
    script(&world, "ALTER TABLE target ADD COLUMN more TEXT").await;
    refused(&world, &[], "has a new column `more`").await;
    script(&world, "ALTER TABLE target DROP COLUMN more").await;
    script(&world, "ALTER TABLE target RENAME COLUMN amount TO total").await;
    refused(&world, &[], "has no column `amount` any more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_others_refer_to_do_not_go() {
    let world = ran().await;
    // Of the row that the run put in.
    script(&world, "INSERT INTO remark SELECT 1, id FROM target WHERE code = 'a'").await;
    let told = refused(&world, &[], "1 row of table `remark`").await;
    assert!(told.err.contains("rollback"), "{}", told.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_database_is_not_filled() {
    let mut world = ran().await;
    let copy = world.folder.path().join("copy.db");
    std::fs::copy(world.folder.path().join("shop.db"), &copy).unwrap();
    world.url = format!("sqlite:{}", copy.display());
    refused(&world, &[], "leads to").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said() {
    let world = World::new("sqlite:FOLDER/shop.db", false, "run").await;
    refused(&world, &[], "there is no backup").await;
    world.mapper(&["run"]).exits(0);
    refused(&world, &["--run", "other"], "there is no such backup").await;
    refused(&world, &["--table", "other"], "the backup has no `other`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_backed_up_touches_nothing() {
    let world = World::new("sqlite:FOLDER/shop.db", false, "run").await;
    let before = world.content().await;
    std::fs::write(world.backups(), "in the way").unwrap();
    let told = world.mapper(&["run"]).exits(1);
    assert!(told.err.contains("can't be created"), "{}", told.err);
    assert_eq!(world.content().await, before);
}

//! The moment of a run, as the clock gives it, is held by every store's columns.

use crate::repair::world::World;
use crate::servers;

const SPEC: &str = "
[phase.copy]
source = { connection = 'db', table = 'source', key = ['id'] }
target = { connection = 'db', table = 'target', key = ['id'], on_conflict = 'skip' }

[phase.copy.fields]
id = 'id'
at = { expr = 'now' }
";

fn is_held(world: &World) {
    let report = world.run("", 0);
    assert_eq!(report["phases"][0]["inserted"], 2, "{report}");
}

fn tables(moment: &str) -> String {
    format!(
        "CREATE TABLE source (id integer PRIMARY KEY); INSERT INTO source VALUES (1), (2); \
         CREATE TABLE target (id integer PRIMARY KEY, at {moment});"
    )
}

#[tokio::test]
async fn by_postgresql() {
    is_held(&World::on(&servers::postgres(), &tables("timestamptz"), SPEC).await);
}

#[tokio::test]
async fn by_mariadb() {
    is_held(&World::on(&servers::mariadb(), &tables("timestamp NULL"), SPEC).await);
}

#[tokio::test]
async fn by_sqlite() {
    is_held(&World::file(&tables("timestamptz"), SPEC).await);
}

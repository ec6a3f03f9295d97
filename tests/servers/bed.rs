//! The bed itself: every server answers, is empty for each test, and is gone with its process.

use super::{Kind, Server, ferretdb, mariadb, mongo_java, postgres};
use std::sync::Arc;

fn works(server: &Arc<Server>) {
    let database = server.database();
    let other = server.database();
    assert_ne!(database.url(), other.url());
    for url in [database.url(), database.admin_url()] {
        assert!(url.contains(database.name()));
    }
    assert!(Arc::ptr_eq(database.server(), server), "each is started once");
    match server.kind {
        Kind::Postgres | Kind::MariaDb => {
            for database in [&database, &other] {
                database.execute("CREATE TABLE items (id INTEGER PRIMARY KEY)");
                database.execute("INSERT INTO items VALUES (1)");
            }
        }
        Kind::FerretDb | Kind::MongoJava => {
            let insert = mongodb::bson::doc! {"insert": "items", "documents": [{"_id": 1}]};
            server.command(database.name(), insert).unwrap();
        }
    }
}

#[test]
fn postgres_works() {
    works(&postgres());
}

#[test]
fn mariadb_works() {
    works(&mariadb());
}

#[test]
fn ferretdb_works() {
    works(&ferretdb());
}

#[test]
fn mongo_java_works() {
    works(&mongo_java());
}

/// Without a variable that says so it is a test as any other. With it, it holds its servers until it
/// is killed, and tells their folders.
#[test]
fn servers_are_held_by_their_process() {
    let folders: Vec<_> = [postgres(), mariadb(), ferretdb(), mongo_java()]
        .iter()
        .filter_map(|server| Some(server.process.as_ref()?.folder().to_owned()))
        .collect();
    assert!(folders.iter().all(|folder| folder.join("log").exists()));
    if std::env::var_os("MAPPER_TEST_HOLD").is_some() {
        let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        println!("\nheld: {}", folders.join(" "));
        std::thread::sleep(std::time::Duration::from_secs(600));
    }
}

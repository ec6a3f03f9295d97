//! Databases beside a store's own: made, listed and dropped on every server, and none elsewhere.

use mapper::connectors::{self, ConnectionConfig, StoreErrorKind, scratch::Scratch};

use crate::servers;

fn config(url: &str) -> ConnectionConfig {
    ConnectionConfig {
        name: "db".into(),
        url: url.into(),
        model: connectors::Model::Tables,
        policies: connectors::Policies::default(),
        files: None,
        create: true,
    }
}

/// What is created is empty, is there once something is in it, and is gone when it is dropped.
async fn come_and_go(url: &str, name: &str) {
    let store = connectors::open(&config(url)).await.unwrap();
    store.create_database(name).await.unwrap();
    let other = url.replace(url.rsplit('/').next().unwrap(), name);
    let inside = connectors::open(&config(&other)).await.unwrap();
    assert_eq!(inside.entities().await.unwrap(), Vec::<String>::new());
    if inside.capabilities().implicit_entities {
        let mut session = inside.session().await.unwrap();
        let entity = "items".to_owned();
        let definition = connectors::Definition::CreateCollection { entity };
        session.define(&definition).await.unwrap();
    }
    assert_eq!(store.databases(name).await.unwrap(), [name]);
    // Dropped also while somebody is connected, and again.
    store.drop_database(name).await.unwrap();
    assert_eq!(store.databases(name).await.unwrap(), Vec::<String>::new());
    store.drop_database(name).await.unwrap();
    inside.close().await;
    store.close().await;
}

#[tokio::test]
async fn of_postgres() {
    let database = servers::postgres().database();
    let name = format!("{}_beside", database.name());
    come_and_go(&database.admin_url(), &name).await;
}

#[tokio::test]
async fn of_mariadb() {
    let database = servers::mariadb().database();
    let name = format!("{}_beside", database.name());
    come_and_go(&database.admin_url(), &name).await;
}

#[tokio::test]
async fn of_mongodb() {
    let database = servers::mongo_java().database();
    let name = format!("{}_beside", database.name());
    come_and_go(&database.url(), &name).await;
}

#[tokio::test]
async fn a_file_has_none_and_its_scratch_is_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&format!("sqlite:{}/shop.db", folder.path().display()));
    let store = connectors::open(&config).await.unwrap();
    let error = store.create_database("other").await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unsupported);
    store.close().await;

    let scratch = Scratch::create(&config, folder.path()).await.unwrap();
    let inside = connectors::open(scratch.config()).await.unwrap();
    assert_eq!(inside.entities().await.unwrap(), Vec::<String>::new());
    inside.close().await;
    drop(inside);
    // Who has it holds it.
    let left = connectors::scratch::remove_leftovers(&config, folder.path()).await.unwrap();
    assert_eq!(left, Vec::<String>::new());
    scratch.remove().await.unwrap();
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name.to_string_lossy().starts_with("shop.db")), "{names:?}");
}

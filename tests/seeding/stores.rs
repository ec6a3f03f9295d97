//! The same seeds on every store: the same rows, once, and none of them left after `--clean`.

use super::world::{On, Shop};

async fn seeded(on: On) -> Vec<String> {
    let shop = Shop::new(on).await;
    let first = shop.sums(0, "seed shop.toml");
    let expected = |inserted: [u64; 3], unchanged: [u64; 3]| -> Vec<(String, [u64; 4])> {
        ["customers", "makers", "orders"]
            .iter()
            .enumerate()
            .map(|(at, name)| ((*name).to_owned(), [inserted[at], unchanged[at], 0, 0]))
            .collect()
    };
    assert_eq!(first, expected([12, 4, 40], [0; 3]), "{on:?}");
    let customers = shop.rows("customers").await;
    let orders = shop.rows("orders").await;
    assert_eq!(shop.counts().await, [12, 4, 40], "{on:?}");

    let again = shop.sums(0, "seed shop.toml");
    assert_eq!(again, expected([0; 3], [12, 4, 40]), "{on:?}");
    assert_eq!(shop.rows("orders").await, orders, "{on:?}: a second time changes nothing");

    // Twice as many: what is there stays as it is.
    shop.sums(0, "seed shop.toml --count 80");
    assert_eq!(shop.counts().await, [24, 8, 80], "{on:?}");
    let more = shop.rows("orders").await;
    assert!(orders.iter().all(|order| more.contains(order)), "{on:?}");

    shop.ends(0, "seed shop.toml --clean");
    if shop.model == mapper::connectors::Model::Tables {
        assert_eq!(shop.counts().await, [0; 3], "{on:?}");
    } else {
        let store = shop.store().await;
        let left = store.entities().await.unwrap();
        store.close().await;
        assert!(left.is_empty(), "{on:?}: {left:?} was made, and is left");
    }
    shop.sums(0, "seed shop.toml");
    assert_eq!(shop.rows("customers").await, customers, "{on:?}: the same again");
    [customers, orders].concat()
}

#[tokio::test]
async fn on_sqlite_tables() {
    let rows = seeded(On::SqliteTables).await;
    insta::assert_snapshot!("rows", rows.join("\n"));
}

#[tokio::test]
async fn on_postgres() {
    // The ids of makers are the database's, one after the other as SQLite's.
    assert_eq!(seeded(On::Postgres).await, seeded(On::SqliteTables).await);
}

#[tokio::test]
async fn on_mariadb() {
    assert_eq!(seeded(On::MariaDb).await, seeded(On::SqliteTables).await);
}

#[tokio::test]
async fn on_sqlite_documents() {
    seeded(On::SqliteDocuments).await;
}

#[tokio::test]
async fn on_ferretdb() {
    assert_eq!(seeded(On::FerretDb).await, seeded(On::SqliteDocuments).await);
}

#[tokio::test]
async fn on_mongo_java() {
    assert_eq!(seeded(On::MongoJava).await, seeded(On::SqliteDocuments).await);
}

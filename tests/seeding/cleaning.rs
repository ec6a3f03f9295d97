//! `--clean` removes what was seeded, and nothing else.

use super::world::{On, Shop};

#[tokio::test]
async fn what_others_made_stays() {
    let shop = Shop::new(On::SqliteTables).await;
    shop.script(
        "INSERT INTO makers (id, name) VALUES (900, 'mine');
         INSERT INTO customers (id, name) VALUES ('own', 'Me');",
    )
    .await;
    shop.ends(0, "seed shop.toml");
    assert_eq!(shop.counts().await, [13, 5, 40]);
    shop.ends(0, "seed shop.toml --clean");
    assert_eq!(shop.counts().await, [1, 1, 0]);
    let again = shop.ends(0, "seed shop.toml --clean");
    assert!(again.err.contains("nothing that was seeded"), "{}", again.err);
}

#[tokio::test]
async fn rows_that_were_edited_or_are_referred_to_are_kept_and_told() {
    for on in [On::SqliteTables, On::Postgres] {
        let shop = Shop::new(on).await;
        shop.ends(0, "seed shop.toml");
        shop.script("UPDATE orders SET label = 'by hand' WHERE id = 107;").await;
        let done = shop.ends(1, "seed shop.toml --clean");
        assert!(done.err.contains("kept in seed:shop.orders"), "{on:?}: {}", done.err);
        assert!(done.err.contains('8'), "{on:?}: the number of the row: {}", done.err);
        let [customers, makers, orders] = shop.counts().await;
        assert_eq!(orders, 1, "{on:?}");
        assert!((1..12).contains(&customers), "{on:?}: what the order refers to is kept");
        assert_eq!(makers, 1, "{on:?}");
    }
}

#[tokio::test]
async fn other_numbers_are_refused_until_the_old_rows_are_gone() {
    let shop = Shop::new(On::SqliteTables).await;
    shop.ends(0, "seed shop.toml --seed 5");
    let before = shop.rows("customers").await;
    let refused = shop.ends(1, "seed shop.toml --seed 6");
    assert!(refused.err.contains("--clean"), "{}", refused.err);
    assert_eq!(shop.rows("customers").await, before);
    shop.ends(0, "seed shop.toml --clean");
    shop.ends(0, "seed shop.toml --seed 6");
    let other = shop.rows("customers").await;
    assert!(before.iter().all(|row| !other.contains(row)), "other data");
}

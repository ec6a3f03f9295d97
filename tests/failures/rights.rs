//! Users who may not do what a run does, and databases that can only be read.

use super::shop::{Shop, tells};
use crate::servers::{self, Kind, USER, alone};

#[test]
fn postgresql_target() {
    let shop = Shop::new(&servers::postgres());
    shop.database.execute("ALTER TABLE items OWNER TO postgres; REVOKE ALL ON items FROM PUBLIC");
    let url = shop.database.url();
    tells!("postgresql_no_right_on_the_target", shop.run(&url));
    shop.look(&url);
    assert_eq!(shop.nothing_is_half_written(), 0);
    shop.database.execute(&format!("GRANT SELECT ON items TO {}", USER.0));
    tells!("postgresql_no_right_to_insert", shop.run(&url));
    shop.look(&url);
    assert_eq!(shop.nothing_is_half_written(), 0);
    shop.database.execute(&format!("ALTER TABLE items OWNER TO {}", USER.0));
    shop.completes(&url, "with the right");
}

#[test]
fn postgresql_ledger() {
    let shop = Shop::new(&servers::postgres());
    let reader = shop.database.reader_url();
    tells!("postgresql_no_right_to_a_ledger", shop.run(&reader));
    shop.look(&reader);
    let url = shop.database.url();
    shop.completes(&url, "the owner");
    // A ledger that is there, of which a right is taken away.
    shop.database.execute(
        "ALTER SCHEMA mapper OWNER TO postgres; ALTER TABLE mapper.phases OWNER TO postgres",
    );
    shop.write("orders.jsonl", "");
    let done = shop.run(&url);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(done.failure().contains("the user lacks a right"), "{}", done.err);
    assert!(done.failure().contains("help: "), "{}", done.err);
}

#[test]
fn postgresql_that_is_read_only() {
    let shop = Shop::new(&servers::postgres());
    let url = shop.database.url();
    shop.database.set_read_only(true);
    tells!("postgresql_read_only", shop.run(&url));
    shop.look(&url);
    shop.database.set_read_only(false);
    assert_eq!(shop.nothing_is_half_written(), 0);
    shop.completes(&url, "writable again");
}

#[test]
fn mariadb_rights() {
    let shop = Shop::new(&servers::mariadb());
    let reader = shop.database.reader_url();
    tells!("mariadb_no_right_to_a_ledger", shop.run(&reader));
    shop.look(&reader);
    shop.completes(&shop.database.url(), "the owner");
}

#[test]
fn mariadb_that_is_read_only() {
    let server = alone(Kind::MariaDb, &[]);
    let shop = Shop::new(&server);
    server.execute("", "SET GLOBAL read_only = ON");
    let url = shop.database.url();
    tells!("mariadb_read_only", shop.run(&url));
    shop.look(&url);
    server.execute("", "SET GLOBAL read_only = OFF");
    shop.completes(&url, "writable again");
}

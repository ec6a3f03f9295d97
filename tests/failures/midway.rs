//! What goes wrong in the middle of a run.

use std::fs;
use std::sync::Arc;

use super::hold::{Hold, until_blocked, until_so_many_blocked, until_waits_for_table};
use super::shop::{MARKER, RECORDS, Shop, tells};
use crate::kill::moments::Moments;
use crate::servers::{self, Kind, Proxy, Server, SmallDisk};

/// The connections ended by the server: the run goes on by itself.
fn ended(server: &Arc<Server>) {
    let shop = Shop::new(server);
    let hold = Hold::record(&shop.database, 35);
    let running = shop.start_run(&shop.database.url());
    until_blocked(&shop.database);
    assert!(shop.database.end_connections() > 2);
    hold.release();
    let done = running.end();
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.retries() > 0, "{}", done.events);
    shop.is_complete("went on by itself");
    shop.look(&shop.database.url());
}

/// The connections cut, and no new ones: told, and the next run goes on.
fn lost(server: &Arc<Server>, name: &str) {
    let shop = Shop::new(server);
    let hold = Hold::record(&shop.database, 35);
    let proxy = Proxy::before(server);
    let url = proxy.url(&shop.database.url());
    let running = shop.start_run(&url);
    until_blocked(&shop.database);
    proxy.refuse(true);
    proxy.cut();
    let done = running.end();
    assert!(done.retries() > 2, "{}", done.events);
    tells!(format!("{name}_lost"), done);
    hold.release();
    proxy.refuse(false);
    assert_eq!(shop.nothing_is_half_written(), 30);
    shop.completes(&url, "reached again");
}

/// Two runs at once: the second says who is there, the first is not disturbed.
fn two_at_once(server: &Arc<Server>, name: &str) {
    let shop = Shop::new(server);
    let url = shop.database.url();
    let hold = Hold::record(&shop.database, 35);
    let mut first = shop.start_run(&url);
    until_blocked(&shop.database);
    tells!(format!("{name}_two_at_once"), shop.mapper(&url, "run shop.toml --yes"));
    assert!(first.is_running());
    hold.release();
    let done = first.end();
    assert_eq!(done.code, 0, "{}", done.err);
    shop.is_complete("the first");
    shop.completes(&url, "afterwards");
}

/// A column dropped while the run is under way, and put back.
fn column_dropped(server: &Arc<Server>, name: &str) {
    let shop = Shop::new(server);
    let url = shop.database.url();
    let hold = Hold::record(&shop.database, 35);
    let running = shop.start_run(&url);
    until_blocked(&shop.database);
    std::thread::scope(|scope| {
        // It waits for the batch that is under way, and comes before the next.
        scope.spawn(|| {
            shop.database
                .execute("ALTER TABLE items DROP CONSTRAINT items_amount, DROP COLUMN amount");
        });
        until_waits_for_table(&shop.database);
        hold.release();
    });
    let done = running.end();
    tells!(format!("{name}_column_dropped_meanwhile"), done);
    shop.look(&url);
    shop.nothing_is_half_written();
    shop.database.execute("ALTER TABLE items ADD COLUMN amount INTEGER");
    shop.completes(&url, "the column is back");

    // Between check and run.
    let shop = Shop::new(server);
    let url = shop.database.url();
    let checked = shop.mapper(&url, "check shop.toml --connect");
    assert_eq!(checked.code, 0, "{}", checked.err);
    shop.database.execute("ALTER TABLE items DROP CONSTRAINT items_amount, DROP COLUMN amount");
    tells!(format!("{name}_column_dropped_before"), shop.run(&url));
    assert_eq!(shop.nothing_is_half_written(), 0);
    shop.database.execute("ALTER TABLE items ADD COLUMN amount INTEGER");
    shop.completes(&url, "the column is back");
}

#[test]
fn postgresql_ended() {
    ended(&servers::postgres());
}

#[test]
fn mariadb_ended() {
    ended(&servers::mariadb());
}

#[test]
fn postgresql_lost() {
    lost(&servers::postgres(), "postgresql");
}

#[test]
fn mariadb_lost() {
    lost(&servers::mariadb(), "mariadb");
}

#[test]
fn postgresql_two_at_once() {
    two_at_once(&servers::postgres(), "postgresql");
}

#[test]
fn mariadb_two_at_once() {
    two_at_once(&servers::mariadb(), "mariadb");
}

#[test]
fn postgresql_column_dropped() {
    column_dropped(&servers::postgres(), "postgresql");
}

#[test]
fn mariadb_column_dropped() {
    column_dropped(&servers::mariadb(), "mariadb");
}

/// The server makes the run give way in a deadlock: it tries again.
/// Killed while the server is at its commit: the server goes on with it, and the next run must not
/// take what it sees before for what is there.
#[test]
fn postgresql_killed_in_its_commit() {
    let shop = Shop::new(&servers::postgres());
    let url = shop.database.url();
    // Each batch is a commit, and the fourth one waits at its very end.
    shop.change("shop.toml", "batch = 10", "batch = 10\ntransaction = \"batch\"");
    shop.database.execute(
        "CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_advisory_xact_lock(35); RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON items
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.number = 35)
             EXECUTE FUNCTION waits();",
    );
    let hold = Hold::new(&shop.database, "SELECT pg_advisory_xact_lock(35)");
    let first = shop.start_run(&url);
    until_blocked(&shop.database);
    first.kill();
    assert_eq!(shop.nothing_is_half_written(), 30);
    let second = shop.start_run(&url);
    until_so_many_blocked(&shop.database, 2);
    hold.release();
    let done = second.end();
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.retries(), 0, "{}", done.events);
    shop.is_complete("went on behind the commit");
    let inserted = "SELECT inserted::text FROM mapper.phases";
    assert_eq!(shop.database.query(inserted), [[Some("60".to_owned())]]);
    shop.look(&url);
}

#[test]
fn postgresql_deadlock() {
    let shop = Shop::new(&servers::postgres());
    let url = shop.database.url();
    // Who waits looks for a deadlock once, after so long: the run does so when it has become one.
    let name = shop.database.name();
    shop.database.execute(&format!("ALTER DATABASE {name} SET deadlock_timeout = '8s'"));
    let mut hold = Hold::record(&shop.database, 35);
    hold.execute("SET LOCAL deadlock_timeout = '10min'").unwrap();
    let running = shop.start_run(&url);
    until_blocked(&shop.database);
    hold.execute("INSERT INTO items (number, name) VALUES (31, 'held')").unwrap();
    hold.release();
    let done = running.end();
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.retries() > 0 && done.events.contains("a deadlock"), "{}", done.events);
    shop.is_complete("after a deadlock");
    shop.look(&url);
}

/// Somebody else changed what the run is about to change: it tries again.
#[test]
fn postgresql_serialization() {
    let shop = Shop::new(&servers::postgres());
    let (url, name) = (shop.database.url(), shop.database.name());
    shop.database.execute(&format!(
        "ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"
    ));
    shop.database.execute("INSERT INTO items (number, name, amount) VALUES (35, 'old', 1)");
    let mut hold = Hold::new(&shop.database, "UPDATE items SET amount = 2 WHERE number = 35");
    let running = shop.start_run(&url);
    until_blocked(&shop.database);
    hold.execute("COMMIT").unwrap();
    let done = running.end();
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.retries() > 0 && done.events.contains("40001"), "{}", done.events);
    shop.is_complete("after a serialization failure");
    shop.look(&url);
}

#[test]
fn postgresql_statement_timeout() {
    let shop = Shop::new(&servers::postgres());
    let (url, name) = (shop.database.url(), shop.database.name());
    shop.database.execute(&format!("ALTER DATABASE {name} SET statement_timeout = '1500ms'"));
    let hold = Hold::record(&shop.database, 35);
    let done = shop.run(&url);
    assert!(done.retries() > 2, "{}", done.events);
    tells!("postgresql_statement_timeout", done);
    shop.look(&url);
    hold.release();
    assert_eq!(shop.nothing_is_half_written(), 30);
    shop.completes(&url, "in time");
}

#[test]
fn mariadb_lock_timeout() {
    let server = servers::alone(Kind::MariaDb, &["--innodb-lock-wait-timeout=1"]);
    let shop = Shop::new(&server);
    let url = shop.database.url();
    let hold = Hold::record(&shop.database, 35);
    let done = shop.run(&url);
    assert!(done.retries() > 2, "{}", done.events);
    tells!("mariadb_lock_timeout", done);
    shop.look(&url);
    hold.release();
    assert_eq!(shop.nothing_is_half_written(), 30);
    shop.completes(&url, "in time");
}

#[test]
fn postgresql_disk_full() {
    let disk = SmallDisk::new(24);
    let (server, name, url) = (disk.server(), SmallDisk::NAME, disk.url());
    let shop = Shop::empty(server);
    server.execute(name, "CREATE TABLE items (number INTEGER PRIMARY KEY, name TEXT, amount INTEGER, customer INTEGER)");
    server.execute(name, &format!("ALTER TABLE items OWNER TO {}", servers::USER.0));
    let done = shop.run(&url);
    assert_eq!(done.code, 0, "{}", done.err);
    // Row by row: a series as a table would be gathered in a file on the same disk first.
    server.execute(name, "CREATE TABLE filler (name TEXT)");
    let fill = "INSERT INTO filler SELECT md5(generate_series(1, 1000000)::text)";
    let refused = server.try_execute(name, fill).unwrap_err();
    assert!(refused.contains("No space left"), "{refused}");
    // More than the room that is left, which is less than what was refused.
    let mut random = Moments::new(0x5555_1234_abcd_ef01);
    let mut long = String::new();
    while long.len() < 60_000 {
        long.push_str(&random.next().to_string());
    }
    let orders = fs::read_to_string(shop.path("orders.jsonl")).unwrap();
    shop.write("orders.jsonl", &orders.replace(MARKER, &format!("{MARKER} {long}")));
    let long = |than: u32| {
        let sql = format!("SELECT count(*)::text FROM items WHERE length(name) > {than}");
        server.query(name, &sql)[0][0].as_deref().unwrap().parse::<u32>().unwrap()
    };
    tells!("postgresql_disk_full", shop.run(&url));
    assert_eq!((long(0), long(50_000)), (RECORDS, 0));
    server.execute(name, "DROP TABLE filler");
    let done = shop.run(&url);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!((long(0), long(50_000)), (RECORDS, RECORDS));
}

//! Records that the target refuses: each is told by key and reason, the others go in, and once
//! mended they follow.

use std::fs;
use std::sync::Arc;

use super::shop::{MARKER, RECORDS, Shop, order};
use crate::servers::{self, Server};

fn refused(server: &Arc<Server>, name: &str) {
    let shop = Shop::new(server);
    let url = shop.database.url();
    let good = fs::read_to_string(shop.path("orders.jsonl")).unwrap();
    let text = |number: u32| format!("\"{MARKER} {number}\"");
    let long = format!("\"{MARKER} {}\"", "x".repeat(80));
    let bad = [
        order(3, &text(2), 3, 1),
        order(14, "null", 14, 1),
        order(25, &text(25), 5000, 1),
        order(36, &text(36), 36, 99),
        order(47, &text(47), format!("\"{MARKER}\""), 1),
        order(48, &text(48), 99_999_999_999_u64, 1),
        order(59, &long, 59, 1),
    ];
    let mut lines: Vec<String> = good.lines().map(|line| format!("{line}\n")).collect();
    for (number, line) in [3, 14, 25, 36, 47, 48, 59].into_iter().zip(bad) {
        lines[number - 1] = line;
    }
    shop.write("orders.jsonl", &lines.concat());
    let done = shop.run(&url);
    assert_eq!(done.code, 3, "{}", done.err);
    assert_eq!(shop.nothing_is_out_of_step(), (RECORDS - 7) as usize);
    shop.look(&url);
    let rejects = shop.mapper(&url, "rejects shop.toml");
    let told = fs::read_to_string(shop.path("rejects_shop.toml.out")).unwrap() + &rejects.err;
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
    }, { insta::assert_snapshot!(format!("{name}_refused"), told) });

    shop.write("orders.jsonl", &good);
    let done = shop.mapper(&url, "rejects shop.toml --retry --yes");
    assert_eq!(done.code, 0, "{}", done.err);
    shop.completes(&url, "mended");
}

#[test]
fn by_postgresql() {
    refused(&servers::postgres(), "postgresql");
}

#[test]
fn by_mariadb() {
    refused(&servers::mariadb(), "mariadb");
}

/// A key that is text shows as a short hash, everywhere.
#[test]
fn keys_of_text_are_hashed() {
    let shop = Shop::new(&servers::postgres());
    let url = shop.database.url();
    shop.change("shop.toml", "key = [\"number\"] }\ntarget", "key = [\"name\"] }\ntarget");
    let good = fs::read_to_string(shop.path("orders.jsonl")).unwrap();
    shop.write("orders.jsonl", &good.replace("\"amount\":25,", "\"amount\":5000,"));
    let done = shop.run(&url);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.events.contains("\"event\":\"record\""));
    shop.look(&url);
}

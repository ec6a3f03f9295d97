//! Killed with SIGKILL, seeding and cleaning go on as if they had not been.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::world::{On, Shop};

const SPEC: &str = r#"
spec = 1
name = "shop"

[connections.shop]
url = "${SHOP_URL}"
MODEL

[seed.makers]
connection = "shop"
KIND = "makers"
count = 5000
fields = { name = { fake = "company" } }
"#;

/// Kills a command at a point that it passes.
fn killed(shop: &Shop, line: &str, point: &str) {
    let mut child = shop
        .command(line)
        .env("MAPPER_COMMIT_AFTER", "0s")
        .env("MAPPER_FAILPOINT", point)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stderr.take().unwrap());
    let held = told.lines().any(|line| line.unwrap_or_default().starts_with("failpoint "));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(held, "{line} never passes {point}");
}

#[tokio::test]
async fn seeding_goes_on() {
    for on in [On::SqliteTables, On::SqliteDocuments, On::FerretDb] {
        let undisturbed = Shop::with(on, SPEC).await;
        undisturbed.ends(0, "seed shop.toml");
        let expected = undisturbed.rows("makers").await;
        assert_eq!(expected.len(), 5000);
        for point in ["data:2", "checkpoint:2", "committed", "committed:2", "phase_end", "end"] {
            let shop = Shop::with(on, SPEC).await;
            killed(&shop, "seed shop.toml", point);
            shop.ends(0, "seed shop.toml");
            assert!(shop.rows("makers").await == expected, "{on:?} killed at {point}");
            // What a killed run left can be removed too.
            let shop = Shop::with(on, SPEC).await;
            killed(&shop, "seed shop.toml", point);
            shop.ends(0, "seed shop.toml --clean");
            let left = if on == On::SqliteTables { shop.rows("makers").await } else { Vec::new() };
            assert!(left.is_empty(), "{on:?} killed at {point}: {} rows are left", left.len());
        }
    }
}

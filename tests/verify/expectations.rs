//! What checks expect, and how what they find is told.

use std::collections::BTreeMap;

use mapper::ledger::Counts;
use mapper::plan::{CheckKind, Expect, OnConflict, Operand, WriteMode};
use mapper::run::checks::{self, CheckResult};
use mapper::value::Value;
use mapper::value::query::{Comparison, Filter};

use super::world::{World, check, mapped, path, phase, rule};

/// 100 source items of which the phase skips 3 and rejects 2.
async fn items() -> World {
    let mut world = World::tables(
        "CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT, day DATE);
         CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
           INSERT INTO source SELECT i, 'item ' || i, '2024-01-31' FROM n;
         UPDATE source SET name = NULL WHERE id IN (50, 60);",
    )
    .await;
    let mut copy = mapped(
        phase("copy", ("source", "id"), "target", WriteMode::Insert(OnConflict::Skip)),
        &["id"],
        vec![("id", path("id")), ("name", path("name"))],
    );
    copy.mapping.skip = vec![rule("id <= 3", "small")];
    world.add(copy);
    world
}

fn query(text: &str, expect: Expect) -> CheckKind {
    CheckKind::Query { connection: 0, query: text.into(), expect }
}

fn equals(value: impl Into<Value>) -> Expect {
    Expect { equals: Some(Operand::Value(value.into())), ..Expect::default() }
}

fn explained(equals: Operand) -> Expect {
    Expect { equals: Some(equals), explained_by: Some(0), ..Expect::default() }
}

fn assert_found(result: &CheckResult, passed: bool, actual: &str) {
    assert_eq!((result.passed, result.actual.as_str()), (passed, actual));
}

#[tokio::test]
async fn answers_are_compared_and_told() {
    let world = items().await;
    let count = "SELECT count(*) FROM source";
    let rows = |rows| Expect { rows: Some(rows), ..Expect::default() };
    let range = |min: i64, max: i64| Expect {
        min: Some(Operand::Value(min.into())),
        max: Some(Operand::Value(max.into())),
        ..Expect::default()
    };
    for (text, expect, passed, actual) in [
        (count, equals(100), true, "100"),
        (count, equals(Value::Decimal("100.0".parse().unwrap())), true, "100.0"),
        (count, equals(99), false, "100, expected 99"),
        (count, range(1, 100), true, "100"),
        (count, range(101, 200), false, "100, expected at least 101"),
        (count, range(1, 50), false, "100, expected at most 50"),
        ("SELECT id FROM source", rows(100), true, "100 rows"),
        ("SELECT id FROM source WHERE id < 0", rows(0), true, "0 rows"),
        ("SELECT id FROM source WHERE id < 2", rows(0), false, "1 row, expected 0"),
        ("SELECT id FROM source WHERE id < 0", equals(1), false, "nothing, expected 1"),
        ("SELECT name FROM source", equals("item 1"), true, "`item 1`"),
        ("SELECT name FROM source", equals("item 2"), false, "text, expected `item 2`"),
        (
            "SELECT name FROM source",
            range(1, 2),
            false,
            "text, expected at least 1, which it can't be compared with and at most 2, which it can't \
          be compared with",
        ),
        ("SELECT day FROM source", equals("2024-01-31"), true, "`2024-01-31`"),
        (
            "SELECT max(day) FROM source",
            equals(Value::Date(chrono::NaiveDate::from_ymd_opt(2024, 1, 31).unwrap())),
            true,
            "2024-01-31",
        ),
        ("SELECT 0.1 + 0.2 > 0.3", equals(true), true, "true"),
    ] {
        assert_found(&world.check(query(text, expect)).await, passed, actual);
    }
    let result = world.check(query("SELECT nothing FROM nowhere", equals(1))).await;
    assert!(!result.passed && result.actual.starts_with("it can't be checked"));
}

#[tokio::test]
async fn a_text_elsewhere_is_not_shown() {
    let world = items().await;
    let operand = |text: &str| Operand::Query { connection: 0, query: text.to_owned() };
    let text = "SELECT name FROM source WHERE id = 7";
    for (other, passed, actual) in [
        ("SELECT 'item 7'", true, "text"),
        ("SELECT name FROM source WHERE id = 8", false, "text, expected text"),
        ("SELECT 8", false, "text, expected 8"),
    ] {
        let expect = Expect { equals: Some(operand(other)), ..Expect::default() };
        assert_found(&world.check(query(text, expect)).await, passed, actual);
    }
}

#[tokio::test]
async fn a_difference_is_explained_by_skips_and_rejects() {
    let world = items().await;
    let all = || Operand::Count { connection: 0, entity: "source".into(), filter: Filter::All };
    let kind = || query("SELECT count(*) FROM target", explained(all()));
    let result = world.check(kind()).await;
    let actual = "0, expected 100; `shop.copy` has not run and explains nothing";
    assert_found(&result, false, actual);
    world.run().await;
    let result = world.check(kind()).await;
    let actual = "95; the difference of 5 is explained by 3 skips and 2 rejects of `shop.copy`";
    assert_found(&result, true, actual);
    world.execute("DELETE FROM target WHERE id = 90").await;
    let result = world.check(kind()).await;
    let actual = "94, expected 100; the difference of 6 is not explained by 3 skips and 2 rejects \
                  of `shop.copy`";
    assert_found(&result, false, actual);
    // What is given comes before what the ledger holds.
    let reasons = BTreeMap::from([("skipped: small".to_owned(), 6)]);
    let counts = BTreeMap::from([(0, Counts { skipped: 6, reasons, ..Counts::default() })]);
    let stores = world.stores().await;
    let result = checks::evaluate(&world.plan, &stores, &check(kind()), &counts).await;
    assert!(result.passed, "{}", result.actual);
}

#[tokio::test]
async fn records_that_a_filter_finds_may_be_explained() {
    let world = items().await;
    world.run().await;
    let kind = |limit: i64, expect: Expect| CheckKind::Filter {
        connection: 0,
        entity: "source".into(),
        filter: Filter::Compare {
            path: "id".into(),
            operator: Comparison::LessOrEqual,
            value: limit.into(),
        },
        expect,
    };
    let none = || Expect { rows: Some(0), explained_by: Some(0), ..Expect::default() };
    let result = world.check(kind(5, none())).await;
    let explanation = "explained by 3 skips and 2 rejects of `shop.copy`";
    assert_found(&result, true, &format!("5 records; the difference of 5 is {explanation}"));
    let result = world.check(kind(4, none())).await;
    let actual = format!("4 records, expected 0; the difference of 4 is not {explanation}");
    assert_found(&result, false, &actual);
    assert_found(&world.check(kind(0, none())).await, true, "0 records");

    let rate = |min, max| Expect { min_rate: min, max_rate: max, ..Expect::default() };
    for (limit, expect, passed, actual) in [
        (95, rate(Some(0.95), None), true, "95 of 100 records (95 %)"),
        (94, rate(Some(0.95), None), false, "94 of 100 records (94 %), expected at least 95 %"),
        (5, rate(None, Some(0.05)), true, "5 of 100 records (5 %)"),
        (6, rate(None, Some(0.05)), false, "6 of 100 records (6 %), expected at most 5 %"),
    ] {
        assert_found(&world.check(kind(limit, expect)).await, passed, actual);
    }
}

//! Every kind of check that looks at records, on tables and on collections.

use std::time::Duration;

use mapper::connectors::{Model, memory};
use mapper::plan::{CheckKind, Expect, Measure, Operand, SumOf};
use mapper::run::Stores;
use mapper::run::checks::{self, CheckResult};
use mapper::value::query::{Comparison, Filter};
use mapper::value::{DataType, Schema, Value};

use super::world::{World, check, object};

const SCRIPT: &str = "
    CREATE TABLE customers (_id INTEGER PRIMARY KEY, name TEXT, best INTEGER);
    CREATE TABLE orders (_id INTEGER PRIMARY KEY, customer INTEGER, total DECIMAL(10,2), code TEXT);
    CREATE TABLE invoices (_id INTEGER PRIMARY KEY, order_id INTEGER, total REAL, customer INTEGER);
    CREATE TABLE memos (text TEXT);";

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

/// Order `number`: of customer 1 to 500, 0.10 each, with a code of its own.
fn order(number: i64) -> [Value; 4] {
    let customer = Value::Int(1 + number % 500);
    [Value::Int(number), customer, decimal("0.10"), Value::text(format!("code {number}"))]
}

/// Name, fields and records of a table or collection.
type Entity = (&'static str, Vec<&'static str>, Vec<Vec<Value>>);

/// The same records as tables and as collections: 500 customers, 5,000 orders, 4,990 invoices.
async fn worlds() -> Vec<World> {
    let customers = (1..=500).map(|number: i64| {
        let best = Value::Int(if number == 500 { 499 } else { number + 499 });
        vec![Value::Int(number), Value::text(format!("customer {number}")), best]
    });
    let orders = (1..=5000).map(|number| order(number).to_vec());
    let invoices = (1..=4990).map(|number: i64| {
        let [id, customer, _, _] = order(number);
        vec![Value::Int(number + 100_000), id, Value::Float(0.1), customer]
    });
    let data: Vec<Entity> = vec![
        ("customers", vec!["_id", "name", "best"], customers.collect()),
        ("orders", vec!["_id", "customer", "total", "code"], orders.collect()),
        ("invoices", vec!["_id", "order_id", "total", "customer"], invoices.collect()),
    ];
    let tables = World::tables(SCRIPT).await;
    let documents = World::new(Model::Documents).await;
    for (entity, names, rows) in data {
        let store = tables.store().await;
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        let layout = mapper::connectors::Layout::Columns(
            names.iter().map(|name| (*name).to_owned()).collect(),
        );
        let insert =
            mapper::connectors::Insert { entity, layout: &layout, rows: &rows, returning: &[] };
        session.insert(insert).await.unwrap();
        session.commit().await.unwrap();
        let rows = rows.into_iter().map(|row| object(names.iter().copied().zip(row).collect()));
        documents.insert(entity, rows.collect()).await;
    }
    vec![tables, documents]
}

fn references(back: Option<&str>) -> CheckKind {
    CheckKind::References {
        connection: 0,
        from: "orders".into(),
        path: "customer".into(),
        to: "customers".into(),
        key: "_id".into(),
        back: back.map(str::to_owned),
    }
}

fn by_id(number: i64) -> (&'static str, Value) {
    ("_id", Value::Int(number))
}

fn assert_found(result: &CheckResult, passed: bool, actual: &str, keys: &[&str]) {
    assert_eq!((result.passed, result.actual.as_str()), (passed, actual), "{result:?}");
    assert_eq!(by_number(&result.keys), keys, "{result:?}");
}

/// Keys in order of their numbers; a collection is read in order of its ids' texts.
fn by_number(keys: &[String]) -> Vec<&str> {
    let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    keys.sort_by_key(|key| key.parse::<i64>().unwrap());
    keys
}

#[tokio::test]
async fn references_that_find_nothing_are_counted() {
    for world in worlds().await {
        let result = world.check(references(None)).await;
        assert_found(&result, true, "5000 references, all found", &[]);
        world.set("orders", by_id(2500), "customer", Value::Int(777)).await;
        world.set("orders", by_id(4999), "customer", Value::Int(-1)).await;
        world.set("orders", by_id(3), "customer", Value::Null).await;
        let result = world.check(references(None)).await;
        let actual = "of 4999 references 2 find no record of `customers`, expected 0";
        assert_found(&result, false, actual, &["2500", "4999"]);
    }
}

#[tokio::test]
async fn at_most_ten_keys_are_named() {
    for world in worlds().await {
        for number in 1..=12 {
            world.set("orders", by_id(number), "customer", Value::Int(0)).await;
        }
        let result = world.check(references(None)).await;
        assert_eq!(result.keys.len(), 10);
        let numbers = by_number(&result.keys).into_iter().map(|key| key.parse::<i64>().unwrap());
        assert!(numbers.is_sorted_by(|a, b| a < b && *b <= 12), "{:?}", result.keys);
        assert!(result.actual.contains(" 12 find no record"), "{}", result.actual);
    }
}

#[tokio::test]
async fn what_is_referred_to_must_refer_back() {
    let kind = |back: &str| CheckKind::References {
        connection: 0,
        from: "customers".into(),
        path: "best".into(),
        to: "orders".into(),
        key: "_id".into(),
        back: Some(back.into()),
    };
    for world in worlds().await {
        let result = world.check(kind("customer")).await;
        assert_found(&result, true, "500 references, all found and mutual", &[]);
        world.set("customers", by_id(20), "best", Value::Int(20)).await;
        world.set("customers", by_id(21), "best", Value::Int(9999)).await;
        world.set("customers", by_id(22), "best", Value::Null).await;
        let result = world.check(kind("customer")).await;
        let actual = "of 499 references 1 find no record of `orders` and 1 find one that does not \
                      refer back, expected 0";
        assert_found(&result, false, actual, &["20", "21"]);
    }
}

#[tokio::test]
async fn a_list_of_a_document_refers_with_each_element() {
    let world = World::new(Model::Documents).await;
    let list = |numbers: &[i64]| Value::array(numbers.iter().copied().map(Value::Int).collect());
    let one = |id: i64, items: Value| object(vec![("_id", Value::Int(id)), ("items", items)]);
    world
        .insert("lists", vec![one(1, list(&[1, 2])), one(2, list(&[])), one(3, list(&[2, 7]))])
        .await;
    world.insert("items", vec![one(1, Value::Null), one(2, Value::Null)]).await;
    let kind = CheckKind::References {
        connection: 0,
        from: "lists".into(),
        path: "items".into(),
        to: "items".into(),
        key: "_id".into(),
        back: None,
    };
    let actual = "of 4 references 1 find no record of `items`, expected 0";
    assert_found(&world.check(kind).await, false, actual, &["3"]);
}

#[tokio::test]
async fn records_that_belong_together_agree() {
    let kind = || CheckKind::Compare {
        connection: 0,
        left: "orders".into(),
        right: "invoices".into(),
        on: vec![("_id".into(), "order_id".into())],
        equal: vec!["total".into(), "customer".into()],
    };
    for world in worlds().await {
        let alone = "10 records of `orders` without partner";
        let result = world.check(kind()).await;
        assert_found(&result, true, &format!("4990 pairs, all equal; {alone}"), &[]);
        world.set("invoices", by_id(100_007), "total", Value::Float(0.11)).await;
        world.set("invoices", by_id(104_000), "total", Value::Null).await;
        world.set("invoices", by_id(104_000), "customer", Value::Int(2)).await;
        world.set("invoices", by_id(104_990), "order_id", Value::Int(9999)).await;
        let result = world.check(kind()).await;
        let actual = "2 of 4989 pairs differ (`customer` in 1, `total` in 2), expected 0; 11 \
                      records of `orders` without partner; 1 record of `invoices` without partner";
        assert_found(&result, false, actual, &["7", "4000"]);
    }
}

#[tokio::test]
async fn records_that_share_fields_are_counted() {
    let kind = |keys: &[&str]| CheckKind::Unique {
        connection: 0,
        entity: "orders".into(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    for world in worlds().await {
        let result = world.check(kind(&["code"])).await;
        assert_found(&result, true, "5000 records, no two alike", &[]);
        for (number, code) in [(11, "code 10"), (4500, "code 10"), (13, "code 10 ")] {
            world.set("orders", by_id(number), "code", Value::text(code)).await;
        }
        for number in [20, 21] {
            world.set("orders", by_id(number), "code", Value::Null).await;
        }
        let result = world.check(kind(&["code"])).await;
        let actual = "2 of 4998 records repeat an earlier one, expected 0";
        assert_found(&result, false, actual, &["11", "4500"]);
        assert!(world.check(kind(&["customer", "code"])).await.passed);
        assert!(!world.check(kind(&["total"])).await.passed);
    }
}

fn sum(of: &str, expect: Expect) -> CheckKind {
    let filter = Filter::Compare {
        path: "_id".into(),
        operator: Comparison::LessOrEqual,
        value: Value::Int(4990),
    };
    let sum = SumOf { connection: 0, entity: "orders".into(), of: of.into(), filter };
    CheckKind::Sum { sum, expect }
}

#[tokio::test]
async fn sums_are_exact() {
    for world in worlds().await {
        let literal = |text: &str| Some(Operand::Value(decimal(text)));
        let expect = Expect { equals: literal("499"), ..Expect::default() };
        assert!(world.check(sum("total", expect)).await.passed);
        let invoices = SumOf {
            connection: 0,
            entity: "invoices".into(),
            of: "total".into(),
            filter: Filter::All,
        };
        let expect = Expect { equals: Some(Operand::Sum(invoices)), ..Expect::default() };
        assert!(world.check(sum("total", expect.clone())).await.passed);
        world.set("invoices", by_id(100_001), "total", Value::Float(0.11)).await;
        let result = world.check(sum("total", expect)).await;
        assert!(!result.passed);
        assert!(result.actual.starts_with("499.0"), "{}", result.actual);
        assert!(result.actual.contains("expected 499.01"), "{}", result.actual);
        let result = world.check(sum("code", Expect::default())).await;
        assert_found(
            &result,
            false,
            "it can't be checked: 4990 records of `orders` with something else than a number in \
             `code`",
            &[],
        );
    }
}

#[tokio::test]
async fn reads_are_timed() {
    let kind = |p95| CheckKind::Latency {
        connection: 0,
        entity: "orders".into(),
        filter: Filter::Compare {
            path: "customer".into(),
            operator: Comparison::Equal,
            value: Value::Int(7),
        },
        sort: vec![],
        limit: Some(5),
        repeat: 7,
        p95,
    };
    for world in worlds().await {
        let result = world.check(kind(Duration::from_mins(1))).await;
        assert!(result.passed && result.actual.ends_with("of 7 reads"), "{}", result.actual);
        let result = world.check(kind(Duration::ZERO)).await;
        assert!(!result.passed);
        assert!(result.actual.ends_with("expected a p95 of at most 0 ms"), "{}", result.actual);
    }
}

fn stats(measure: Measure, expect: Expect) -> CheckKind {
    CheckKind::Stats { connection: 0, entity: "orders".into(), measure, expect }
}

#[tokio::test]
async fn sizes_are_told() {
    let at_least =
        |least: i64| Expect { min: Some(Operand::Value(Value::Int(least))), ..Expect::default() };
    for world in worlds().await {
        let equals = Some(Operand::Value(Value::Int(5000)));
        let records = Expect { equals, ..Expect::default() };
        let result = world.check(stats(Measure::Records, records)).await;
        assert_found(&result, true, "5000 records", &[]);
        for (measure, least) in [(Measure::Bytes, 50_000), (Measure::AverageBytes, 10)] {
            let result = world.check(stats(measure, at_least(least))).await;
            assert!(result.passed, "{}", result.actual);
            let result = world.check(stats(measure, at_least(1_000_000_000))).await;
            assert!(!result.passed);
            assert!(result.actual.contains("expected at least 1000000000"), "{}", result.actual);
        }
    }
}

#[tokio::test]
async fn a_number_that_the_store_does_not_know_does_not_pass() {
    let world = World::new(Model::Tables).await;
    let schema = Schema {
        columns: vec![mapper::value::Column {
            name: "_id".into(),
            data_type: DataType::INT64,
            declared: String::new(),
            nullable: false,
            has_default: false,
            generated: false,
        }],
        primary_key: vec!["_id".into()],
        ..Schema::default()
    };
    let stores = Stores::from_stores(vec![memory::tables([("orders".to_owned(), schema)])]);
    let kind = stats(Measure::Bytes, Expect::default());
    let counts = std::collections::BTreeMap::new();
    let result = checks::evaluate(&world.plan, &stores, &check(kind), &counts).await;
    let actual = "the store does not know how many bytes of data there are";
    assert_found(&result, false, actual, &[]);
}

#[tokio::test]
async fn a_table_without_a_key_is_read_too() {
    let world = World::tables(SCRIPT).await;
    world
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
               INSERT INTO memos SELECT 'memo ' || i FROM n;
             INSERT INTO memos VALUES (NULL), (NULL), ('memo 7')",
        )
        .await;
    let kind =
        CheckKind::Unique { connection: 0, entity: "memos".into(), keys: vec!["text".into()] };
    let result = world.check(kind).await;
    assert_eq!(result.actual, "1 of 5001 records repeat an earlier one, expected 0");
    assert!(!result.keys[0].contains("memo"), "a text key is shown as a hash");
}

#[tokio::test]
async fn what_is_not_there_does_not_pass() {
    let world = World::tables(SCRIPT).await;
    let kind =
        CheckKind::Unique { connection: 0, entity: "nowhere".into(), keys: vec!["a".into()] };
    let result = world.check(kind).await;
    assert!(!result.passed);
    assert!(result.actual.starts_with("it can't be checked: "), "{}", result.actual);
    assert_eq!(result.advice.as_deref(), Some("Look at it."));
}

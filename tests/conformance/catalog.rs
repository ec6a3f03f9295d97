//! Structure: describe, indexes, entities, statistics.

use mapper::connectors::{Definition, ViolationKind, WriteError};
use mapper::value::{DataType, Index, IndexKey, Value};

use super::fixture::{Fixture, names, schema};

fn index(name: &str, keys: &[&str], unique: bool) -> Index {
    let key = |key: &&str| IndexKey {
        path: key.trim_start_matches('-').into(),
        descending: key.starts_with('-'),
    };
    Index { name: name.into(), keys: keys.iter().map(key).collect(), unique }
}

async fn define(fixture: &Fixture, definition: Definition) {
    fixture.session().await.define(&definition).await.unwrap();
}

pub(crate) async fn describe_tells_what_was_defined(fixture: &Fixture) {
    let columns = [
        ("_id", DataType::INT64),
        ("name", DataType::Text { length: Some(20) }),
        ("price", DataType::Decimal { precision: Some(10), scale: Some(2) }),
        ("at", DataType::Timestamp),
    ];
    fixture.create("items", &columns, &["_id"]).await;
    let described = fixture.store.describe("items").await.unwrap().unwrap();
    assert_eq!(described.primary_key, ["_id"]);
    assert_eq!(described.open, fixture.documents());
    if fixture.documents() {
        let profiled = fixture.store.profile("items").await.unwrap().unwrap();
        assert_eq!(profiled.sampled, Some(0));
        return;
    }
    let expected = schema(&columns, &["_id"]);
    for (column, expected) in described.columns.iter().zip(&expected.columns) {
        assert_eq!(column.name, expected.name);
        assert_eq!(column.data_type, expected.data_type);
        assert_eq!(column.nullable, expected.nullable, "{}", column.name);
    }
    assert_eq!(described.columns.len(), 4);
    assert_eq!(described.sampled, None);
    // Once more does no harm.
    fixture.create("items", &columns, &["_id"]).await;
    define(fixture, Definition::DropEntity { entity: "items".into() }).await;
    assert_eq!(fixture.store.describe("items").await, Ok(None));
}

pub(crate) async fn indexes_come_and_go(fixture: &Fixture) {
    fixture
        .create(
            "items",
            &[("_id", DataType::INT64), ("a", DataType::TEXT), ("b", DataType::INT64)],
            &["_id"],
        )
        .await;
    let wanted = [index("by_a_b", &["a", "-b"], false), index("by_b", &["b"], true)];
    for index in wanted.clone() {
        define(fixture, Definition::CreateIndex { entity: "items".into(), index }).await;
    }
    let described = fixture.store.describe("items").await.unwrap().unwrap();
    assert_eq!(described.indexes, wanted);
    assert!(described.is_unique(&names(&["b"])));
    assert!(!described.is_unique(&names(&["a", "b"])));
    define(fixture, Definition::DropIndex { entity: "items".into(), name: "by_a_b".into() }).await;
    let described = fixture.store.describe("items").await.unwrap().unwrap();
    assert_eq!(described.indexes, wanted[1..]);
}

pub(crate) async fn a_unique_index_refuses_duplicates(fixture: &Fixture) {
    let columns = [("_id", DataType::INT64), ("a", DataType::TEXT), ("b", DataType::TEXT)];
    fixture.create("items", &columns, &["_id"]).await;
    let unique = index("by_a_b", &["a", "b"], true);
    define(fixture, Definition::CreateIndex { entity: "items".into(), index: unique }).await;
    let row = |id: i64, a: &str, b: &str| vec![Value::Int(id), a.into(), b.into()];
    let rows = vec![row(1, "x", "1"), row(2, "x", "2"), row(3, "y", "1")];
    fixture.insert("items", &["_id", "a", "b"], rows).await;
    let mut session = fixture.session().await;
    let again = vec![row(4, "x", "2")];
    let result = fixture.insert_on(session.as_mut(), "items", &["_id", "a", "b"], again).await;
    match result {
        Err(WriteError::Record(violation)) => {
            assert_eq!(violation.kind, ViolationKind::Unique);
            let named = violation.column.as_deref() == Some("a, b")
                || violation.constraint.as_deref() == Some("by_a_b");
            assert!(named, "{violation:?}");
        }
        other => panic!("{other:?}"),
    }
    let not_unique = index("by_b", &["b"], true);
    let definition = Definition::CreateIndex { entity: "items".into(), index: not_unique };
    let error = session.define(&definition).await.unwrap_err();
    assert!(error.message.contains("not unique"), "{error}");
}

pub(crate) async fn entities_are_sorted_without_the_ledger(fixture: &Fixture) {
    for entity in ["zebra", "mapper_runs", "apple"] {
        fixture.create(entity, &[("_id", DataType::INT64)], &["_id"]).await;
    }
    assert_eq!(fixture.store.entities().await.unwrap(), ["apple", "zebra"]);
    fixture.insert("mapper_runs", &["_id"], vec![vec![1.into()]]).await;
    assert_eq!(fixture.rows("mapper_runs", &["_id"]).await, [[Value::Int(1)]]);
}

pub(crate) async fn statistics_count(fixture: &Fixture) {
    fixture.create("items", &[("_id", DataType::INT64)], &["_id"]).await;
    let rows = (0..1000).map(|id| vec![Value::Int(id)]).collect();
    fixture.insert("items", &["_id"], rows).await;
    let statistics = fixture.store.statistics("items").await.unwrap();
    assert_eq!(statistics.records, 1000);
    assert!(statistics.bytes.is_none_or(|bytes| bytes > 1000));
}

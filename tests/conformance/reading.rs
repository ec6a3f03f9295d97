//! Selects and counts.

use mapper::connectors::StoreErrorKind;
use mapper::value::query::{Comparison, Filter, Select};
use mapper::value::{DataType, IndexKey, Row, Value};

use super::fixture::{Fixture, compare, names, plain};

async fn orders(fixture: &Fixture) {
    let columns = [
        ("_id", DataType::INT64),
        ("status", DataType::TEXT),
        ("amount", DataType::INT64),
        ("at", DataType::Timestamp),
    ];
    fixture.create("orders", &columns, &["_id"]).await;
    let at = |text: &str| Value::Timestamp(mapper::value::time::parse_timestamp(text).unwrap());
    let rows: Vec<Row> = vec![
        vec![1.into(), "open".into(), 10.into(), at("2024-01-01T10:00:00Z")],
        vec![2.into(), "open".into(), Value::Null, at("2024-01-01T10:00:00.500Z")],
        vec![3.into(), "done".into(), 30.into(), at("2024-02-01T00:00:00Z")],
        vec![4.into(), Value::Null, 20.into(), Value::Null],
    ];
    fixture.insert("orders", &["_id", "status", "amount", "at"], rows).await;
}

pub(crate) async fn filters_mean_what_they_say(fixture: &Fixture) {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    orders(fixture).await;
    let at = |text: &str| Value::Timestamp(mapper::value::time::parse_timestamp(text).unwrap());
    let not = |filter| Filter::Not(Box::new(filter));
    let cases: Vec<(Filter, &[i64])> = vec![
        (Filter::All, &[1, 2, 3, 4]),
        (compare("status", Equal, "open"), &[1, 2]),
        (compare("status", Equal, Value::Null), &[4]),
        (compare("status", NotEqual, "open"), &[3, 4]),
        (compare("status", NotEqual, Value::Null), &[1, 2, 3]),
        (not(compare("status", Equal, "open")), &[3, 4]),
        (compare("amount", Greater, 10), &[3, 4]),
        (compare("amount", GreaterOrEqual, 10), &[1, 3, 4]),
        (compare("amount", Less, 20.5), &[1, 4]),
        (compare("amount", LessOrEqual, 20), &[1, 4]),
        (not(compare("amount", Greater, 10)), &[1, 2]),
        // Kinds that do not compare never match.
        (compare("status", Less, 5), &[]),
        (compare("amount", Equal, "10"), &[]),
        (compare("amount", NotEqual, "10"), &[1, 2, 3, 4]),
        (compare("at", Greater, at("2024-01-01T10:00:00Z")), &[2, 3]),
        (compare("at", LessOrEqual, at("2024-01-01T10:00:00.500Z")), &[1, 2]),
        (compare("at", Equal, at("2024-02-01T00:00:00Z")), &[3]),
        (
            Filter::In { path: "amount".into(), values: vec![10.into(), 30.into(), 99.into()] },
            &[1, 3],
        ),
        (Filter::In { path: "status".into(), values: vec!["done".into(), Value::Null] }, &[3, 4]),
        (Filter::In { path: "status".into(), values: vec![] }, &[]),
        (Filter::Exists { path: "nothing".into(), exists: false }, &[1, 2, 3, 4]),
        (Filter::And(vec![compare("status", Equal, "open"), compare("amount", Equal, 10)]), &[1]),
        (Filter::Or(vec![compare("status", Equal, "done"), compare("amount", Equal, 10)]), &[1, 3]),
        (Filter::And(vec![]), &[1, 2, 3, 4]),
        (Filter::Or(vec![]), &[]),
        (Filter::After { paths: names(&["_id"]), tuple: vec![2.into()] }, &[3, 4]),
        (Filter::UpTo { paths: names(&["_id"]), tuple: vec![2.into()] }, &[1, 2]),
    ];
    for (filter, expected) in cases {
        if !fixture.documents() && matches!(filter, Filter::Exists { .. }) {
            continue;
        }
        let ids: Vec<Row> = expected.iter().map(|id| vec![Value::Int(*id)]).collect();
        assert_eq!(fixture.find("orders", &["_id"], filter.clone()).await, ids, "{filter:?}");
        let count = fixture.store.count("orders", &filter).await.unwrap();
        assert_eq!(count, expected.len() as u64, "{filter:?}");
        let mut session = fixture.session().await;
        let select = Select { entity: "orders".into(), filter, ..Select::default() };
        assert_eq!(session.select(&select).await.unwrap().rows.len(), expected.len());
    }
}

pub(crate) async fn order_and_limit(fixture: &Fixture) {
    orders(fixture).await;
    let key = |path: &str, descending| IndexKey { path: path.into(), descending };
    let mut select = Select {
        entity: "orders".into(),
        order: vec![key("status", false), key("amount", true)],
        ..Select::default()
    };
    let ids = |rows: Vec<Row>| rows.into_iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let read = plain(&fixture.store.select(&select).await.unwrap(), &["_id"]);
    assert_eq!(ids(read), [4.into(), 3.into(), 1.into(), Value::Int(2)]);
    select.limit = Some(2);
    let read = plain(&fixture.store.select(&select).await.unwrap(), &["_id"]);
    assert_eq!(ids(read), [4.into(), Value::Int(3)]);
    select.limit = Some(1);
    let midnight = mapper::value::time::parse_timestamp("2024-01-01T00:00:00Z").unwrap();
    select.filter = compare("at", Comparison::Greater, Value::Timestamp(midnight));
    select.order = vec![key("_id", true)];
    let read = plain(&fixture.store.select(&select).await.unwrap(), &["_id"]);
    assert_eq!(ids(read), [Value::Int(3)]);
    select.limit = Some(0);
    assert!(fixture.store.select(&select).await.unwrap().rows.is_empty());
}

pub(crate) async fn tuples_find_their_records(fixture: &Fixture) {
    fixture
        .create(
            "pairs",
            &[("_id", DataType::INT64), ("a", DataType::INT64), ("b", DataType::TEXT)],
            &["_id"],
        )
        .await;
    let rows =
        (0..3000).map(|n| vec![Value::Int(n), (n % 50).into(), format!("b{}", n / 50).into()]);
    fixture.insert("pairs", &["_id", "a", "b"], rows.collect()).await;
    for count in [1, 3, 900, 2500] {
        let tuple = |n: i64| vec![Value::Int(n % 50), Value::from(format!("b{}", n / 50))];
        let mut tuples: Vec<Vec<Value>> = (0..count).map(tuple).collect();
        tuples.push(vec![Value::Int(1), "b".into()]);
        tuples.push(vec!["1".into(), "b1".into()]);
        let filter = Filter::Tuples { paths: names(&["a", "b"]), tuples };
        let found = fixture.find("pairs", &["_id"], filter).await;
        assert_eq!(found, (0..count).map(|n| vec![Value::Int(n)]).collect::<Vec<_>>());
        let tuples: Vec<_> = (0..count).map(|n| vec![Value::Int(n)]).collect();
        let filter = Filter::Tuples { paths: names(&["_id"]), tuples };
        let found = fixture.store.count("pairs", &filter).await.unwrap();
        assert_eq!(i64::try_from(found).unwrap(), count);
    }
}

pub(crate) async fn what_is_not_there(fixture: &Fixture) {
    let select = Select { entity: "nothing".into(), ..Select::default() };
    let read = fixture.store.select(&select).await;
    let scan = fixture.store.scan(fixture.request("nothing", &["_id"], 5)).await;
    if fixture.store.capabilities().implicit_entities {
        assert!(read.unwrap().rows.is_empty());
        assert!(scan.unwrap().next().await.unwrap().is_none());
        assert_eq!(fixture.store.count("nothing", &Filter::All).await, Ok(0));
    } else {
        assert_eq!(read.unwrap_err().kind, StoreErrorKind::NotFound);
        assert_eq!(scan.err().unwrap().kind, StoreErrorKind::NotFound);
        orders(fixture).await;
        let wrong = compare("statos", Comparison::Equal, 1);
        let error = fixture.store.count("orders", &wrong).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::NotFound);
        assert!(error.message.contains("statos"));
    }
    assert_eq!(fixture.store.describe("nothing").await, Ok(None));
}

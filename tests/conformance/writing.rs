//! Inserts, updates, deletes.

use mapper::connectors::{Delete, Insert, Update, ViolationKind, WriteError};
use mapper::value::{Column, DataType, Row, Value, time};

use super::fixture::{Fixture, names};

fn every_type() -> Vec<(&'static str, DataType, Vec<Value>)> {
    let at = |text: &str| Value::Timestamp(time::parse_timestamp(text).unwrap());
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    let uuid = "0190a5b4-7c3e-7f00-8000-0123456789ab".parse().unwrap();
    vec![
        ("flag", DataType::Bool, vec![true.into(), false.into()]),
        ("whole", DataType::INT64, vec![i64::MAX.into(), i64::MIN.into()]),
        ("float", DataType::FLOAT64, vec![0.1.into(), (-1e300).into()]),
        (
            "money",
            DataType::Decimal { precision: Some(12), scale: Some(2) },
            vec![decimal("1.10"), decimal("-1234567890.05")],
        ),
        (
            "exact",
            DataType::Decimal { precision: Some(30), scale: Some(10) },
            vec![decimal("12345678901234567890.0123456789"), decimal("0.0000000001")],
        ),
        ("words", DataType::TEXT, vec!["ä'\"\\\n😀".into(), "".into()]),
        ("bytes", DataType::Bytes, vec![Value::bytes([0, 255, 1]), Value::bytes([])]),
        ("day", DataType::Date, vec![Value::Date(time::parse_date("2024-02-29").unwrap())]),
        ("clock", DataType::Time, vec![Value::Time(time::parse_time("23:59:59.250").unwrap())]),
        (
            "wall",
            DataType::DateTime,
            vec![Value::DateTime(time::parse_date_time("1969-12-31T23:59:59").unwrap())],
        ),
        (
            "moment",
            DataType::Timestamp,
            vec![at("2024-01-31T14:30:00Z"), at("2024-01-31T14:30:00.125Z")],
        ),
        ("uuid", DataType::Uuid, vec![Value::Uuid(uuid)]),
        (
            "oid",
            DataType::ObjectId,
            vec![Value::ObjectId("00112233445566778899aabb".parse().unwrap())],
        ),
        (
            "json",
            DataType::Json,
            vec![
                Value::array(vec![1.into(), Value::Null, "x".into()]),
                Value::object(
                    [("b", Value::Int(1)), ("a", Value::array(vec![]))].into_iter().collect(),
                ),
            ],
        ),
    ]
}

pub(crate) async fn what_is_written_is_read_back(fixture: &Fixture) {
    let types = every_type();
    let mut columns = vec![("_id", DataType::INT64)];
    columns.extend(types.iter().map(|(name, data_type, _)| (*name, data_type.clone())));
    fixture.create("every", &columns, &["_id"]).await;
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut rows: Vec<Row> = Vec::new();
    for number in 0..3 {
        let mut row = vec![Value::Int(number)];
        for (name, data_type, values) in &types {
            let value = values.get(usize::try_from(number).unwrap()).cloned();
            // The form in which the store gives it back, or nothing where it holds no such thing.
            let fitted =
                fixture.store.fit(value.unwrap_or(Value::Null), &Column::of(data_type.clone()));
            row.push(fitted.unwrap_or_else(|problem| {
                let refused = (fixture.documents() && ["clock", "wall"].contains(name))
                    || (!fixture.holds_decimals() && ["money", "exact"].contains(name));
                assert!(refused, "{name}: {problem}");
                Value::Null
            }));
        }
        rows.push(row);
    }
    fixture.insert("every", &names, rows.clone()).await;
    let read = fixture.rows("every", &names).await;
    for (row, expected) in read.iter().zip(&rows) {
        for ((value, expected), name) in row.iter().zip(expected).zip(&names) {
            assert_eq!(value, expected, "{name}");
        }
    }
    assert_eq!(read.len(), 3);
}

async fn items(fixture: &Fixture) {
    let columns = [("_id", DataType::INT64), ("name", DataType::TEXT)];
    fixture.create("items", &columns, &["_id"]).await;
    let rows = vec![vec![1.into(), "one".into()], vec![2.into(), "two".into()]];
    fixture.insert("items", &["_id", "name"], rows).await;
}

fn violation(result: Result<impl std::fmt::Debug, WriteError>) -> ViolationKind {
    match result {
        Err(WriteError::Record(violation)) => violation.kind,
        other => panic!("a record should be refused: {other:?}"),
    }
}

pub(crate) async fn an_insert_is_all_or_none(fixture: &Fixture) {
    items(fixture).await;
    let rows = |last: i64| -> Vec<Row> {
        (3..3000).chain([last]).map(|id| vec![Value::Int(id), "x".into()]).collect()
    };
    let mut session = fixture.session().await;
    for in_transaction in [false, true] {
        if in_transaction {
            session.begin().await.unwrap();
        }
        let result = fixture.insert_on(session.as_mut(), "items", &["_id", "name"], rows(1)).await;
        assert_eq!(violation(result), ViolationKind::Unique);
        if in_transaction {
            session.commit().await.unwrap();
        }
        assert_eq!(fixture.rows("items", &["_id"]).await.len(), 2);
    }
    fixture.insert_on(session.as_mut(), "items", &["_id", "name"], rows(3000)).await.unwrap();
    assert_eq!(fixture.rows("items", &["_id"]).await.len(), 3000);
}

pub(crate) async fn violations_name_their_kind(fixture: &Fixture) {
    items(fixture).await;
    let mut session = fixture.session().await;
    let twice = vec![vec![Value::Int(1), "again".into()]];
    let result = fixture.insert_on(session.as_mut(), "items", &["_id", "name"], twice).await;
    let Err(WriteError::Record(violation)) = result else { panic!("{result:?}") };
    assert_eq!(violation.kind, ViolationKind::Unique);
    assert_eq!(violation.column.as_deref(), Some("_id"));
    if fixture.documents() {
        return;
    }
    let columns = [("a", DataType::TEXT), ("b", DataType::TEXT)];
    fixture.create_on(session.as_mut(), "strict", &columns, &["a", "b"]).await;
    let row = vec![vec!["x".into(), Value::Null]];
    let result = fixture.insert_on(session.as_mut(), "strict", &["a", "b"], row).await;
    let Err(WriteError::Record(violation)) = result else { panic!("{result:?}") };
    assert_eq!(violation.kind, ViolationKind::NotNull);
    assert_eq!(violation.column.as_deref(), Some("b"));
    let rows = vec![vec!["x".into(), "y".into()]; 2];
    let result = fixture.insert_on(session.as_mut(), "strict", &["a", "b"], rows).await;
    let Err(WriteError::Record(violation)) = result else { panic!("{result:?}") };
    assert_eq!(violation.kind, ViolationKind::Unique);
    assert_eq!(violation.column.as_deref(), Some("a, b"));
}

pub(crate) async fn missing_columns_take_their_defaults(fixture: &Fixture) {
    let columns = [("_id", DataType::INT64), ("a", DataType::TEXT), ("b", DataType::INT64)];
    fixture.create("gaps", &columns, &["_id"]).await;
    let absent = || Value::Missing;
    let rows = vec![
        vec![1.into(), "x".into(), absent()],
        vec![2.into(), absent(), 2.into()],
        vec![3.into(), absent(), 3.into()],
        vec![4.into(), absent(), absent()],
    ];
    fixture.insert("gaps", &["_id", "a", "b"], rows).await;
    let read = fixture.rows("gaps", &["_id", "a", "b"]).await;
    let gap = if fixture.documents() { Value::Missing } else { Value::Null };
    assert_eq!(read[0], [1.into(), "x".into(), gap.clone()]);
    assert_eq!(read[2], [3.into(), gap.clone(), Value::Int(3)]);
    assert_eq!(read[3], [4.into(), gap.clone(), gap]);
}

pub(crate) async fn inserts_give_back_what_is_asked_for(fixture: &Fixture) {
    items(fixture).await;
    let mut session = fixture.session().await;
    let rows = (3..20).map(|id| vec![Value::Int(id), format!("n{id}").into()]).collect();
    let (layout, rows) = fixture.shaped(&["_id", "name"], rows);
    let returning = names(&["name", "_id"]);
    let insert = Insert { entity: "items", layout: &layout, rows: &rows, returning: &returning };
    let given = session.insert(insert).await.unwrap();
    let expected: Vec<Row> =
        (3..20).map(|id| vec![format!("n{id}").into(), Value::Int(id)]).collect();
    assert_eq!(given, expected);
}

pub(crate) async fn updates_and_deletes_go_by_key(fixture: &Fixture) {
    items(fixture).await;
    let mut session = fixture.session().await;
    let (key, set) = (names(&["_id"]), names(&["name"]));
    let rows = vec![
        vec![1.into(), "uno".into()],
        vec![99.into(), "none".into()],
        vec![2.into(), Value::Null],
    ];
    let update = Update { entity: "items", key: &key, set: &set, rows: &rows };
    assert_eq!(session.update(update).await.unwrap(), 2);
    let read = fixture.rows("items", &["_id", "name"]).await;
    assert_eq!(read, [vec![1.into(), "uno".into()], vec![2.into(), Value::Null]]);
    let by_name = names(&["name", "_id"]);
    let rows = vec![vec!["uno".into(), 1.into()], vec!["uno".into(), 2.into()]];
    let delete = Delete { entity: "items", key: &by_name, rows: &rows };
    assert_eq!(session.delete(delete).await.unwrap(), 1);
    let rows: Vec<Row> = (0..5000).map(|id| vec![Value::Int(id)]).collect();
    let delete = Delete { entity: "items", key: &key, rows: &rows };
    assert_eq!(session.delete(delete).await.unwrap(), 1);
    assert!(fixture.rows("items", &["_id"]).await.is_empty());
}

pub(crate) async fn updates_are_all_or_none(fixture: &Fixture) {
    if fixture.documents() {
        return;
    }
    let columns = [("_id", DataType::INT64), ("code", DataType::TEXT)];
    fixture.create("codes", &columns, &["_id", "code"]).await;
    let rows = vec![vec![1.into(), "a".into()], vec![2.into(), "b".into()]];
    fixture.insert("codes", &["_id", "code"], rows).await;
    let mut session = fixture.session().await;
    let (key, set) = (names(&["_id"]), names(&["code"]));
    let rows = vec![vec![1.into(), "c".into()], vec![2.into(), Value::Null]];
    let update = Update { entity: "codes", key: &key, set: &set, rows: &rows };
    assert_eq!(violation(session.update(update).await), ViolationKind::NotNull);
    let read = fixture.rows("codes", &["_id", "code"]).await;
    assert_eq!(read, [vec![1.into(), "a".into()], vec![2.into(), Value::from("b")]]);
}

pub(crate) async fn many_rows_arrive_in_every_column(fixture: &Fixture) {
    let names: Vec<String> = (0..11).map(|n| format!("c{n}")).collect();
    let mut columns = vec![("_id", DataType::INT64)];
    columns.extend(names.iter().map(|name| (name.as_str(), DataType::INT64)));
    fixture.create("wide", &columns, &["_id"]).await;
    let row =
        |id: i64| (0..12).map(|n| Value::Int(id * if n == 0 { 1 } else { 100 + n })).collect();
    let columns: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    // Around the number of rows that one statement takes.
    let mut next = 0;
    for count in [1, 199, 200, 201, 600] {
        let rows: Vec<Row> = (next..next + count).map(row).collect();
        fixture.insert("wide", &columns, rows).await;
        next += count;
    }
    let read = fixture.rows("wide", &columns).await;
    assert_eq!(read, (0..next).map(row).collect::<Vec<Row>>());
}

//! What is MySQL's and MariaDB's own.

use std::sync::Arc;

use mapper::connectors::{
    self, Insert, Layout, Model, Policies, ScanRequest, ScanSource, Store, StoreErrorKind, Update,
    ViolationKind, WriteError, ZeroDatePolicy,
};
use mapper::value::query::{Comparison, Filter, Select};
use mapper::value::{Row, Value, time};

use super::fixture::{compare, config, names, plain};
use crate::servers::{self, Database};

async fn open(script: &str, policies: Policies) -> (Arc<dyn Store>, Database) {
    let database = servers::mariadb().database();
    if !script.is_empty() {
        database.execute(script);
    }
    (connect(&database, policies).await, database)
}

async fn connect(database: &Database, policies: Policies) -> Arc<dyn Store> {
    let mut config = config(database.url(), Model::Tables);
    config.policies = policies;
    connectors::open(&config).await.unwrap()
}

async fn rows(store: &dyn Store, columns: &[&str]) -> Vec<Row> {
    let order = vec![mapper::value::IndexKey { path: "id".into(), descending: false }];
    let select = Select { entity: "t".into(), order, ..Select::default() };
    plain(&store.select(&select).await.unwrap(), columns)
}

/// What a scan gives: rows, and per broken record its reason and field.
async fn scanned(store: &dyn Store, key: &str) -> (Vec<Row>, Vec<(String, String)>) {
    let request = ScanRequest {
        source: ScanSource::Entity("t".into()),
        key: names(&[key]),
        columns: None,
        filter: Filter::All,
        batch: 2,
        after: None,
    };
    let mut scan = store.scan(request).await.unwrap();
    let (mut rows, mut broken) = (Vec::new(), Vec::new());
    while let Some(batch) = scan.next().await.unwrap() {
        rows.extend(batch.rows);
        broken.extend(batch.broken.into_iter().map(|record| {
            (record.problem.reason.into_owned(), record.problem.field.unwrap_or_default())
        }));
    }
    (rows, broken)
}

async fn put(store: &dyn Store, columns: &[&str], row: Row) -> Result<Vec<Row>, WriteError> {
    let layout = Layout::Columns(names(columns).into());
    let returning = names(&["id"]);
    let insert = Insert { entity: "t", layout: &layout, rows: &[row], returning: &returning };
    store.session().await.unwrap().insert(insert).await
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_dates_go_by_policy() {
    let script = "SET sql_mode = ''; CREATE TABLE t (id INT PRIMARY KEY, d DATE, at DATETIME(6), ts TIMESTAMP NULL);
        INSERT INTO t VALUES (1, '2024-01-31', '2024-01-31 10:00:00.25', '2024-01-31 10:00:00'),
          (2, '0000-00-00', NULL, NULL), (3, '2024-00-15', NULL, NULL),
          (4, NULL, '0000-00-00 00:00:00', NULL), (5, NULL, NULL, '0000-00-00 00:00:00'), (6, NULL, NULL, NULL);";
    let (store, database) = open(script, Policies::default()).await;
    let (good, broken) = scanned(store.as_ref(), "id").await;
    assert_eq!(good.len(), 2);
    let at = time::parse_date_time("2024-01-31T10:00:00.25").unwrap();
    assert_eq!(good[0][2], Value::DateTime(at));
    let reasons: Vec<(&str, &str)> =
        broken.iter().map(|(reason, field)| (reason.as_str(), field.as_str())).collect();
    assert_eq!(
        reasons,
        [("zero_date", "d"), ("zero_date", "d"), ("zero_date", "at"), ("zero_date", "ts")]
    );
    let null = Policies { zero_date: Some(ZeroDatePolicy::Null), ..Policies::default() };
    let store = connect(&database, null).await;
    let (good, broken) = scanned(store.as_ref(), "id").await;
    assert_eq!((good.len(), broken.len()), (6, 0));
    assert_eq!(good[1][1], Value::Null);
    assert_eq!(store.count("t", &Filter::Exists { path: "d".into(), exists: true }).await, Ok(1));
    let day = time::parse_date("1970-01-01").unwrap();
    let replace = Policies { zero_date: Some(ZeroDatePolicy::Replace(day)), ..Policies::default() };
    let store = connect(&database, replace).await;
    let (good, _) = scanned(store.as_ref(), "id").await;
    assert_eq!(good[2][1], Value::Date(day));
    assert_eq!(good[4][3], Value::Timestamp(day.and_time(chrono::NaiveTime::MIN).and_utc()));
    let found = store.count("t", &compare("d", Comparison::Equal, Value::Date(day))).await;
    assert_eq!(found, Ok(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_exact() {
    let script = "CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, b TINYINT(1), f FLOAT, d DECIMAL(65,30), n BIT(12), y YEAR);
        INSERT INTO t VALUES (18446744073709551615, 2, 0.1, 12345678901234567890123456789012345.123456789012345678901234567891, 4095, 2024),
          (1, NULL, 16777215, 0, 0, 1901), (2, -1, NULL, NULL, NULL, 0), (3, 1, 1e-30, -1, 1, NULL);";
    let (store, database) = open(script, Policies::default()).await;
    let read = rows(store.as_ref(), &["id", "b", "f", "d", "n", "y"]).await;
    let last = &read[3];
    assert_eq!(last[0], Value::Decimal("18446744073709551615".parse().unwrap()));
    assert_eq!(last[2], Value::Float(f64::from(0.1f32)));
    assert_eq!(
        last[3].canonical_text().unwrap(),
        "12345678901234567890123456789012345.123456789012345678901234567891"
    );
    assert_eq!(last[4..], [Value::Int(4095), Value::Int(2024)]);
    let flags: Vec<&Value> = read.iter().map(|row| &row[1]).collect();
    assert_eq!(flags, [&Value::Null, &Value::Int(-1), &Value::Int(1), &Value::Int(2)]);
    let (scan, broken) = scanned(store.as_ref(), "id").await;
    assert_eq!((scan.len(), broken.len()), (4, 0));
    assert_eq!(scan[3][0], last[0]);
    let booleans = Some((vec!["1".to_owned()], vec!["0".to_owned()]));
    let store = connect(&database, Policies { booleans, ..Policies::default() }).await;
    let read = rows(store.as_ref(), &["b"]).await;
    assert_eq!(read.concat(), [Value::Null, Value::Int(-1), Value::Bool(true), Value::Int(2)]);
    let column = store.describe("t").await.unwrap().unwrap().column("b").unwrap().clone();
    assert_eq!(store.fit(Value::Bool(true), &column), Ok(Value::Bool(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_the_wrong_encoding() {
    // Bytes of windows-1252 in a column of UTF-8, and UTF-8 in one of latin1.
    let script = "CREATE TABLE t (id INT PRIMARY KEY, u VARCHAR(20) CHARACTER SET utf8mb3, l VARCHAR(20) CHARACTER SET latin1, o VARCHAR(20) CHARACTER SET koi8r);
        INSERT INTO t VALUES (1, 'é', 'é', 'Ж');
        INSERT INTO t VALUES (3, NULL, CAST(x'C3A9' AS BINARY), NULL);
        INSERT INTO t VALUES (2, 'x', NULL, NULL);";
    let (store, database) = open(script, Policies::default()).await;
    let read = rows(store.as_ref(), &["u", "l", "o"]).await;
    assert_eq!(read[0], ["é".into(), "é".into(), Value::from("Ж")]);
    // Read as declared, both bytes are characters.
    assert_eq!(read[2][1], Value::from("Ã©"));
    let filter = Filter::Tuples { paths: names(&["l"]), tuples: vec![vec!["é".into()]] };
    assert_eq!(store.count("t", &filter).await, Ok(1));
    let utf8 = Policies { encoding: Some("utf-8".into()), ..Policies::default() };
    let store = connect(&database, utf8).await;
    let (good, broken) = scanned(store.as_ref(), "id").await;
    assert_eq!(good.last().unwrap()[2], Value::from("é"));
    assert_eq!(broken.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_sets_and_ids() {
    let script = "CREATE TABLE t (id INT PRIMARY KEY, at TIME(2), s SET('a','b','c'), e ENUM('x','it''s'), u UUID, i INET6, j JSON, v VARBINARY(3));
        INSERT INTO t VALUES (1, '23:59:59.5', 'a,c', 'it''s', '0190a5b4-7c3e-7f00-8000-0123456789ab', '::1', '{\"b\": 1, \"a\": 123456789012345678901234567890.5}', x'00ff'),
          (2, '838:59:59', '', NULL, NULL, NULL, '[]', ''), (3, '-01:00:00', NULL, NULL, NULL, NULL, NULL, NULL);";
    let (store, _database) = open(script, Policies::default()).await;
    let read = rows(store.as_ref(), &["at", "s", "e", "u", "i", "j", "v"]).await;
    assert_eq!(read[0][0], Value::Time(time::parse_time("23:59:59.5").unwrap()));
    assert_eq!(read[1][0], Value::from("838:59:59.00"));
    assert_eq!(read[2][0], Value::from("-01:00:00.00"));
    assert_eq!(read[0][1..3], ["a,c".into(), Value::from("it's")]);
    assert_eq!(read[1][1], Value::from(""));
    assert_eq!(read[0][3].kind().name(), "uuid");
    assert_eq!(read[0][6], Value::bytes([0, 255]));
    // All of it goes back in as it came.
    let schema = store.describe("t").await.unwrap().unwrap();
    let columns = ["id", "at", "s", "e", "u", "i", "j", "v"];
    let whole = rows(store.as_ref(), &columns).await;
    for (row, id) in whole.iter().zip(11..) {
        let mut copy = vec![Value::Int(id)];
        for (value, name) in row.iter().zip(columns).skip(1) {
            let fitted = store.fit(value.clone(), schema.column(name).unwrap()).unwrap();
            assert_eq!(fitted, *value, "{name}");
            copy.push(fitted);
        }
        put(store.as_ref(), &columns, copy).await.unwrap();
    }
    let copies = rows(store.as_ref(), &columns[1..]).await;
    assert_eq!(copies[..3], copies[3..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_compare_exactly_and_unique_indexes_as_the_server_does() {
    let script = "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, code VARCHAR(9) COLLATE utf8mb4_general_ci UNIQUE, n INT);
        INSERT INTO t VALUES (1, 'a', 1), (5, 'b ', 2);";
    let (store, _database) = open(script, Policies::default()).await;
    let find =
        |text: &str| Filter::Tuples { paths: names(&["code"]), tuples: vec![vec![text.into()]] };
    for (text, count) in [("a", 1), ("A", 0), ("b", 0), ("b ", 1)] {
        assert_eq!(store.count("t", &find(text)).await, Ok(count), "{text:?}");
    }
    let Err(WriteError::Record(violation)) = put(store.as_ref(), &["code"], vec!["A".into()]).await
    else {
        panic!("`A` is `a` there")
    };
    assert_eq!(
        (violation.kind, violation.constraint.as_deref()),
        (ViolationKind::Unique, Some("code"))
    );
    let mut session = store.session().await.unwrap();
    let (key, set) = (names(&["code"]), names(&["n"]));
    let rows = [vec!["A".into(), 9.into()], vec!["a".into(), 8.into()]];
    let update = Update { entity: "t", key: &key, set: &set, rows: &rows };
    assert_eq!(session.update(update).await, Ok(1));
    // The numbers go on behind the highest id, and matched rows count that did not change.
    let update = Update { entity: "t", key: &key, set: &set, rows: &rows[1..] };
    assert_eq!(session.update(update).await, Ok(1));
    put(store.as_ref(), &["id"], vec![70.into()]).await.unwrap();
    let given = put(store.as_ref(), &["id", "n"], vec![Value::Missing, 3.into()]).await.unwrap();
    assert_eq!(given, [[Value::Int(71)]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_of_all_kinds() {
    let script = "CREATE TABLE p (id INT PRIMARY KEY);
        CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, p INT, n TINYINT UNSIGNED NOT NULL DEFAULT 1, s VARCHAR(2), g INT AS (n * 2) STORED,
          CONSTRAINT to_p FOREIGN KEY (p) REFERENCES p (id), CONSTRAINT positive CHECK (n > 0));
        CREATE INDEX start_of_s ON t (s(1)); CREATE VIEW v AS SELECT id, n FROM t;";
    let (store, _database) = open(script, Policies::default()).await;
    put(store.as_ref(), &["n"], vec![1.into()]).await.unwrap();
    let put = async |column: &str, value: Value| match put(store.as_ref(), &[column], vec![value])
        .await
    {
        Err(WriteError::Record(violation)) => violation,
        other => panic!("{other:?}"),
    };
    let foreign = put("p", 5.into()).await;
    assert_eq!(
        (foreign.kind, foreign.constraint.as_deref()),
        (ViolationKind::ForeignKey, Some("to_p"))
    );
    let check = put("n", 0.into()).await;
    assert_eq!((check.kind, check.constraint.as_deref()), (ViolationKind::Check, Some("positive")));
    for (column, value) in [("n", Value::Int(300)), ("s", "long".into()), ("n", "x".into())] {
        let violation = put(column, value).await;
        assert_eq!(
            (violation.kind, violation.column.as_deref()),
            (ViolationKind::Value, Some(column))
        );
    }
    assert_eq!(put("n", Value::Null).await.kind, ViolationKind::NotNull);
    let schema = store.describe("t").await.unwrap().unwrap();
    assert_eq!(schema.foreign_keys[0].references, ["id"]);
    assert!(schema.column("g").unwrap().generated);
    assert!(schema.column("id").unwrap().has_default && schema.column("n").unwrap().has_default);
    assert!(!schema.column("s").unwrap().has_default);
    assert!(!schema.indexes.iter().any(|index| index.unique));
    assert_eq!(store.count("v", &Filter::All).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_read_and_never_write() {
    let script = "CREATE TABLE t (id INT PRIMARY KEY, day DATE, f FLOAT);
        INSERT INTO t VALUES (1, '2024-01-31', 0.1), (2, '2024-02-01', NULL), (3, NULL, NULL);";
    let (store, _database) = open(script, Policies::default()).await;
    let read =
        store.query("SELECT day, count(*) AS n FROM t WHERE id < 2 GROUP BY day").await.unwrap();
    assert_eq!(read.layout, Layout::Columns(names(&["day", "n"]).into()));
    assert_eq!(read.rows[0][0].kind().name(), "date");
    assert_eq!(store.query("DELETE FROM t").await.unwrap_err().kind, StoreErrorKind::ReadOnly);
    let two = store.query("SELECT 1; DELETE FROM t").await.unwrap_err();
    assert_eq!(two.kind, StoreErrorKind::Query);
    assert_eq!(store.query("SELEKT").await.unwrap_err().kind, StoreErrorKind::Query);
    assert_eq!(store.query("SELECT f FROM t").await.unwrap_err().kind, StoreErrorKind::Unsupported);
    let request = ScanRequest {
        source: ScanSource::Query("SELECT id * 2 AS k, day, f FROM t -- all;".into()),
        key: names(&["k"]),
        columns: None,
        filter: Filter::All,
        batch: 2,
        after: None,
    };
    let mut scan = store.scan(request).await.unwrap();
    let first = scan.next().await.unwrap().unwrap();
    assert_eq!(first.rows.len(), 2);
    assert_eq!(first.rows[0][2], Value::Float(f64::from(0.1f32)));
    assert_eq!(scan.next().await.unwrap().unwrap().rows[0][0], Value::Int(6));
    assert!(scan.next().await.unwrap().is_none());
    assert_eq!(store.count("t", &Filter::All).await, Ok(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_is_of_one_at_a_time_and_goes_with_its_connection() {
    let (store, database) = open("", Policies::default()).await;
    let lock = store.lock().await.unwrap();
    let error = store.lock().await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Locked);
    assert!(error.message.contains("connection "), "{error}");
    let number: String = error
        .message
        .split("connection ")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    database.execute(&format!("KILL {number}"));
    drop(store.lock().await.unwrap());
    drop(lock);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_connection_and_refusals_say_so_without_secrets() {
    let (store, database) = open("CREATE TABLE t (id INT PRIMARY KEY)", Policies::default()).await;
    let mut session = store.session().await.unwrap();
    session.begin().await.unwrap();
    let layout = Layout::Columns(names(&["id"]).into());
    let rows = [vec![Value::Int(1)]];
    let insert = Insert { entity: "t", layout: &layout, rows: &rows, returning: &[] };
    session.insert(insert).await.unwrap();
    let name = database.name();
    database.execute(&format!(
        "BEGIN NOT ATOMIC DECLARE i BIGINT; FOR p IN (SELECT id FROM information_schema.processlist WHERE db = '{name}' AND id <> CONNECTION_ID()) DO KILL p.id; END FOR; END"
    ));
    let error = session.commit().await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(store.count("t", &Filter::All).await, Ok(0));
    let mut refused = config(database.url(), Model::Tables);
    let mut url = url::Url::parse(&refused.url).unwrap();
    url.set_password(Some("wrong-marked-secret")).unwrap();
    refused.url = url.to_string();
    let error = connectors::open(&refused).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Denied);
    assert!(!error.message.contains("secret") && !error.message.contains("s3cret"), "{error}");
    url.set_port(Some(1)).unwrap();
    refused.url = url.to_string();
    assert_eq!(connectors::open(&refused).await.unwrap_err().kind, StoreErrorKind::Unavailable);
    let mut missing = config(database.server().url("none_such"), Model::Tables);
    missing.create = false;
    let error = connectors::open(&missing).await.unwrap_err();
    assert!([StoreErrorKind::NotFound, StoreErrorKind::Denied].contains(&error.kind), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_commits_what_came_before_it() {
    let (store, _database) = open("CREATE TABLE t (id INT PRIMARY KEY)", Policies::default()).await;
    let mut session = store.session().await.unwrap();
    let layout = Layout::Columns(names(&["id"]).into());
    let one = [vec![Value::Int(1)]];
    let two = [vec![Value::Int(2)]];
    let insert = |rows| Insert { entity: "t", layout: &layout, rows, returning: &[] };
    session.begin().await.unwrap();
    session.insert(insert(&one)).await.unwrap();
    session.savepoint().await.unwrap();
    let script = connectors::Definition::Script("CREATE TABLE u (id INT)".into());
    session.define(&script).await.unwrap();
    session.insert(insert(&two)).await.unwrap();
    session.rollback_to_savepoint().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(store.count("t", &Filter::All).await, Ok(1));
}

//! What is PostgreSQL's own.

use std::sync::Arc;

use mapper::connectors::{
    self, Definition, Insert, Layout, Model, ScanRequest, ScanSource, SourceBatch, Store,
    StoreErrorKind, ViolationKind, WriteError,
};
use mapper::value::query::{Filter, Select};
use mapper::value::{DataType, Row, Value};

use super::fixture::{compare, config, names, plain};
use crate::servers::{self, Database};

async fn open(script: &str) -> (Database, Arc<dyn Store>) {
    let database = servers::postgres().database();
    let store = connectors::open(&config(database.url(), Model::Tables)).await.unwrap();
    run(&store, script).await;
    (database, store)
}

async fn run(store: &Arc<dyn Store>, script: &str) {
    let mut session = store.session().await.unwrap();
    session.define(&Definition::Script(script.into())).await.unwrap();
}

async fn all(store: &Arc<dyn Store>, entity: &str) -> Vec<Row> {
    let select = Select { entity: entity.into(), ..Select::default() };
    store.select(&select).await.unwrap().rows
}

async fn scan(store: &Arc<dyn Store>, source: ScanSource, key: &[&str]) -> Vec<SourceBatch> {
    let request = ScanRequest {
        source,
        key: names(key),
        columns: None,
        filter: Filter::All,
        batch: 2,
        after: None,
    };
    let mut scan = store.scan(request).await.unwrap();
    let mut batches = Vec::new();
    while let Some(batch) = scan.next().await.unwrap() {
        batches.push(batch);
    }
    batches
}

async fn insert(
    store: &Arc<dyn Store>,
    entity: &str,
    columns: &[&str],
    rows: Vec<Row>,
    returning: &[&str],
) -> Result<Vec<Row>, WriteError> {
    let layout = Layout::Columns(names(columns).into());
    let returning = names(returning);
    let mut session = store.session().await.unwrap();
    session.insert(Insert { entity, layout: &layout, rows: &rows, returning: &returning }).await
}

#[tokio::test]
async fn a_stream_arrives_whole_or_not_at_all() {
    let (_database, store) = open(
        "CREATE TABLE items (id serial PRIMARY KEY, name text CHECK (name <> 'bad'), at inet)",
    )
    .await;
    let layout = Layout::Columns(names(&["id", "name"]).into());
    let row = |id: i64, name: &str| vec![Value::Int(id), name.into()];

    let mut session = store.session().await.unwrap();
    assert!(session.streams("items", &layout).await.unwrap());
    let addresses = Layout::Columns(names(&["id", "at"]).into());
    assert!(!session.streams("items", &addresses).await.unwrap());
    session.begin().await.unwrap();
    for id in 1..=3 {
        session.stream("items", &layout, vec![row(id, "a"), row(id + 10, "b")]).await.unwrap();
    }
    assert!(session.savepoint().await.is_err());
    session.end_stream().await.unwrap();
    session.end_stream().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(all(&store, "items").await.len(), 6);
    // The sequence stands behind what came in.
    let given = insert(&store, "items", &["name"], vec![vec!["c".into()]], &["id"]).await.unwrap();
    assert_eq!(given, [[Value::Int(14)]]);

    session.begin().await.unwrap();
    session.stream("items", &layout, vec![row(20, "fine")]).await.unwrap();
    session.stream("items", &layout, vec![row(21, "bad")]).await.unwrap();
    let refused = session.end_stream().await.unwrap_err();
    let WriteError::Record(violation) = refused else { panic!("{refused:?}") };
    assert_eq!(violation.kind, ViolationKind::Check);
    session.rollback().await.unwrap();

    session.begin().await.unwrap();
    session.stream("items", &layout, vec![row(22, "fine")]).await.unwrap();
    let too_large = vec![row(i64::MAX, "fine")];
    session.stream("items", &layout, too_large).await.unwrap();
    let refused = session.end_stream().await.unwrap_err();
    let WriteError::Record(violation) = refused else { panic!("{refused:?}") };
    assert_eq!((violation.kind, violation.column.as_deref()), (ViolationKind::Value, Some("id")));
    session.rollback().await.unwrap();

    session.begin().await.unwrap();
    session.stream("items", &layout, vec![row(23, "fine")]).await.unwrap();
    drop(session);
    assert_eq!(all(&store, "items").await.len(), 7);
}

const TYPES: &str = r"
    CREATE EXTENSION IF NOT EXISTS citext;
    CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
    CREATE DOMAIN code AS varchar(5) NOT NULL CHECK (VALUE <> 'bad');
    CREATE TABLE kinds (
      id int PRIMARY KEY, feeling mood, code code, name citext, padded char(4), tags text[],
      grid int[], doc jsonb, raw json, span interval, address inet, size int4range,
      price numeric(8,3), at timestamptz(3), twice int GENERATED ALWAYS AS (id * 2) STORED)
";

async fn typed() -> (Database, Arc<dyn Store>) {
    let database = servers::postgres().database();
    database.execute("CREATE EXTENSION citext");
    let store = connectors::open(&config(database.url(), Model::Tables)).await.unwrap();
    run(&store, &TYPES.replace("CREATE EXTENSION IF NOT EXISTS citext;", "")).await;
    (database, store)
}

#[tokio::test]
async fn types_beyond_the_plain_ones() {
    let (_database, store) = typed().await;
    let schema = store.describe("kinds").await.unwrap().unwrap();
    let of = |name: &str| schema.column(name).unwrap();
    assert_eq!(of("feeling").data_type, DataType::Enum(names(&["sad", "it's ok"])));
    assert_eq!(of("code").data_type, DataType::Text { length: Some(5) });
    assert!(!of("code").nullable);
    assert_eq!(of("tags").data_type, DataType::Array(Box::new(DataType::TEXT)));
    assert_eq!(of("at").declared, "timestamp(3) with time zone");
    assert!(of("twice").generated);
    let parse = |text: &str| mapper::value::extended_json::parse_plain(text).unwrap();
    let numbers = parse(r#"{"bb": 123456789012345678901234567890.10, "a": [null, 1.50]}"#);
    let columns: Vec<&str> = schema
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|n| *n != "twice")
        .collect();
    let given: Vec<Value> = vec![
        1.into(),
        "it's ok".into(),
        "a\\b".into(),
        "Name".into(),
        "ä".into(),
        Value::array(vec!["a\"b,\\{}".into(), Value::Null, "NULL".into()]),
        Value::array(vec![
            Value::array(vec![1.into(), 2.into()]),
            Value::array(vec![3.into(), Value::Null]),
        ]),
        numbers.clone(),
        numbers,
        "P1Y2M3DT4H5M6.7S".into(),
        "10.0.0.0/8".into(),
        "[1,5)".into(),
        "1.5".parse::<mapper::value::Decimal>().map(Value::Decimal).unwrap(),
        Value::Timestamp(chrono::DateTime::from_timestamp(0, 5_000_000).unwrap()),
    ];
    let fitted: Row = given
        .into_iter()
        .zip(&columns)
        .map(|(value, name)| store.fit(value, of(name)).unwrap())
        .collect();
    assert_eq!(fitted[4], "ä   ".into());
    insert(&store, "kinds", &columns, vec![fitted.clone()], &[]).await.unwrap();
    let select =
        Select { entity: "kinds".into(), columns: Some(names(&columns)), ..Select::default() };
    assert_eq!(store.select(&select).await.unwrap().rows, std::slice::from_ref(&fitted));
    // The same by what a scan and a query give.
    let batches = scan(&store, ScanSource::Entity("kinds".into()), &["id"]).await;
    assert_eq!(plain_rows(&batches, &columns), std::slice::from_ref(&fitted));
    let query = store.query(&format!("SELECT {} FROM kinds -- all", columns.join(","))).await;
    assert_eq!(query.unwrap().rows, [fitted]);
    // A filter on citext goes by the content.
    let exact = compare("name", mapper::value::query::Comparison::Equal, "name");
    assert_eq!(store.count("kinds", &exact).await, Ok(0));
    let exact = compare("name", mapper::value::query::Comparison::Equal, "Name");
    assert_eq!(store.count("kinds", &exact).await, Ok(1));
    // What the server checks is the record's fault.
    for (column, value) in [("address", "no address"), ("code", "bad"), ("feeling", "glad")] {
        let row = vec![Value::Int(2), "x".into(), value.into()];
        let columns =
            if column == "code" { ["id", "name", "code"] } else { ["id", "code", column] };
        let Err(WriteError::Record(violation)) =
            insert(&store, "kinds", &columns, vec![row], &[]).await
        else {
            panic!("{column}")
        };
        let check = column == "code";
        let expected = if check { ViolationKind::Check } else { ViolationKind::Value };
        assert_eq!(violation.kind, expected, "{column}");
    }
}

fn plain_rows(batches: &[SourceBatch], columns: &[&str]) -> Vec<Row> {
    let rows = |batch: &SourceBatch| {
        plain(&connectors::Rows { layout: batch.layout.clone(), rows: batch.rows.clone() }, columns)
    };
    batches.iter().flat_map(rows).collect()
}

#[tokio::test]
async fn values_without_a_counterpart_break_their_record_only() {
    let (_database, store) = open(
        "CREATE TABLE odd (id int PRIMARY KEY, day date, at timestamptz, hour time, amount numeric,
           list int[]);
         INSERT INTO odd VALUES (1, '2024-01-31', '2024-01-31Z', '23:00', 1.50, '{1}'),
           (2, 'infinity', NULL, NULL, NULL, NULL), (3, NULL, '-infinity', NULL, NULL, NULL),
           (4, NULL, NULL, '24:00:00', NULL, NULL), (5, NULL, NULL, NULL, 'NaN', NULL),
           (6, NULL, NULL, NULL, NULL, '[0:1]={1,2}'), (7, NULL, NULL, NULL, 1e100, '{}'),
           (8, '0044-03-15 BC', '4000-01-01 BC', NULL, -0.00012, NULL),
           (9, '5874000-01-01', NULL, NULL, NULL, NULL)",
    )
    .await;
    let batches = scan(&store, ScanSource::Entity("odd".into()), &["id"]).await;
    let broken: Vec<_> = batches.iter().flat_map(|batch| &batch.broken).collect();
    let found: Vec<(i64, &str, &str)> = broken
        .iter()
        .map(|broken| {
            let Some([Value::Int(id)]) = broken.key.values().as_deref().map(|v| [v[0].clone()])
            else {
                panic!()
            };
            (id, &*broken.problem.reason, broken.problem.field.as_deref().unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            (2, "infinity", "day"),
            (3, "infinity", "at"),
            (4, "range", "hour"),
            (5, "nan", "amount"),
            (6, "array", "list"),
            (9, "range", "day"),
        ]
    );
    let rows = plain_rows(&batches, &["id", "amount"]);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0][1], Value::Decimal("1.50".parse().unwrap()));
    assert_eq!(rows[1][1], Value::Decimal(format!("1{}", "0".repeat(100)).parse().unwrap()));
    // A column that is not asked for breaks nothing.
    let request = ScanRequest {
        source: ScanSource::Entity("odd".into()),
        key: names(&["id"]),
        columns: Some(names(&["id"])),
        filter: Filter::All,
        batch: 100,
        after: None,
    };
    let mut scan = store.scan(request).await.unwrap();
    assert_eq!(scan.next().await.unwrap().unwrap().rows.len(), 9);
}

#[tokio::test]
async fn sequences_stand_behind_what_was_written() {
    let (_database, store) = open(
        "CREATE TABLE a (id serial PRIMARY KEY, name text);
         CREATE TABLE b (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)",
    )
    .await;
    for table in ["a", "b"] {
        let rows = vec![vec![Value::Int(40), "x".into()], vec![Value::Int(7), "y".into()]];
        insert(&store, table, &["id", "name"], rows, &[]).await.unwrap();
        let next = insert(&store, table, &["name"], vec![vec!["z".into()]], &["id"]).await;
        assert_eq!(next.unwrap(), [[Value::Int(41)]], "{table}");
        // Never back.
        let row = vec![vec![Value::Int(3), "w".into()]];
        let given = insert(&store, table, &["id", "name"], row, &["id"]).await.unwrap();
        assert_eq!(given, [[Value::Int(3)]]);
        let next = insert(&store, table, &["name"], vec![vec!["v".into()]], &["id"]).await;
        assert_eq!(next.unwrap(), [[Value::Int(42)]], "{table}");
        // At the commit, with what is committed.
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        let layout = Layout::Columns(names(&["id"]).into());
        let rows = vec![vec![Value::Int(100)]];
        let row = Insert { entity: table, layout: &layout, rows: &rows, returning: &[] };
        session.insert(row).await.unwrap();
        session.commit().await.unwrap();
        let next = insert(&store, table, &["name"], vec![vec!["u".into()]], &["id"]).await;
        assert_eq!(next.unwrap(), [[Value::Int(101)]], "{table}");
    }
}

#[tokio::test]
async fn names_and_schemas() {
    let (_database, store) = open(
        r#"CREATE SCHEMA other; CREATE TABLE other.items (id int PRIMARY KEY);
           CREATE TABLE "Odd.""Name" (id int PRIMARY KEY, parent int REFERENCES other.items);
           INSERT INTO other.items VALUES (1); INSERT INTO "Odd.""Name" VALUES (2, 1);
           CREATE UNIQUE INDEX partly ON other.items (id) WHERE id > 5;
           CREATE VIEW seen AS SELECT * FROM other.items"#,
    )
    .await;
    assert_eq!(store.entities().await.unwrap(), [r#""Odd.""Name""#, "other.items", "seen"]);
    assert_eq!(all(&store, "other.items").await, [[Value::Int(1)]]);
    assert_eq!(all(&store, r#""Odd.""Name""#).await[0][0], Value::Int(2));
    let schema = store.describe(r#""Odd.""Name""#).await.unwrap().unwrap();
    assert_eq!(schema.foreign_keys[0].table, "other.items");
    let schema = store.describe("other.items").await.unwrap().unwrap();
    assert!(schema.indexes.iter().all(|index| !index.unique));
    assert_eq!(store.describe("items").await, Ok(None));
    let batches = scan(&store, ScanSource::Entity("seen".into()), &["id"]).await;
    assert_eq!(plain_rows(&batches, &["id"]), [[Value::Int(1)]]);
}

#[tokio::test]
async fn text_keys_are_ordered_by_their_bytes() {
    let (_database, store) = open(
        "CREATE TABLE words (word text PRIMARY KEY);
         INSERT INTO words VALUES ('b'), ('B'), ('a'), ('ä'), ('A'), ('a b'), ('ab'), ('')",
    )
    .await;
    let batches = scan(&store, ScanSource::Entity("words".into()), &["word"]).await;
    let rows = plain_rows(&batches, &["word"]);
    let words: Vec<&str> = rows.iter().map(|row| row[0].as_text().unwrap()).collect();
    assert_eq!(words, ["", "A", "B", "a", "a b", "ab", "b", "ä"]);
}

#[tokio::test]
async fn violations_name_the_constraint() {
    let (_database, store) = open(
        "CREATE TABLE up (id int PRIMARY KEY);
         CREATE TABLE down (id int PRIMARY KEY, up int CONSTRAINT to_up REFERENCES up,
           n int CONSTRAINT positive CHECK (n > 0), small smallint)",
    )
    .await;
    for (column, value, kind, constraint) in [
        ("up", 9, ViolationKind::ForeignKey, Some("to_up")),
        ("n", -1, ViolationKind::Check, Some("positive")),
        ("small", 70_000, ViolationKind::Value, None),
    ] {
        let rows = vec![vec![Value::Int(1), Value::Int(value)]];
        let Err(WriteError::Record(violation)) =
            insert(&store, "down", &["id", column], rows, &[]).await
        else {
            panic!("{column}")
        };
        assert_eq!((violation.kind, violation.constraint.as_deref()), (kind, constraint));
        if kind != ViolationKind::Check {
            assert_eq!(violation.column.as_deref(), Some(column));
        }
    }
}

#[tokio::test]
async fn a_query_only_reads() {
    let (_database, store) = open("CREATE TABLE t (id int PRIMARY KEY)").await;
    let refused = store.query("INSERT INTO t VALUES (1) RETURNING id").await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::ReadOnly, "{refused}");
    let source = ScanSource::Query("SELECT 1 AS id, 'x' AS name UNION SELECT 2, NULL; ".into());
    let batches = scan(&store, source, &["id"]).await;
    assert_eq!(plain_rows(&batches, &["id"]), [[Value::Int(1)], [Value::Int(2)]]);
    let error = store.query("SELECT 'marked-value'::int").await.unwrap_err();
    assert!(!error.message.contains("marked-value"), "{error}");
}

#[tokio::test]
async fn one_run_at_a_time_and_the_message_says_whose() {
    let (_database, store) = open("").await;
    let lock = store.lock().await.unwrap();
    let error = store.lock().await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Locked);
    assert!(error.message.contains(&std::process::id().to_string()), "{error}");
    drop(lock);
    for attempt in 0.. {
        match store.lock().await {
            Ok(_) => break,
            // The server notices a moment later.
            Err(error) => assert!(attempt < 100, "{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_cut_connection_leaves_nothing_and_says_so() {
    let (database, store) = open("CREATE TABLE t (id int PRIMARY KEY)").await;
    let mut session = store.session().await.unwrap();
    session.begin().await.unwrap();
    let layout = Layout::Columns(names(&["id"]).into());
    let rows = [vec![Value::Int(1)]];
    let insert = Insert { entity: "t", layout: &layout, rows: &rows, returning: &[] };
    session.insert(insert).await.unwrap();
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND datname = current_database()",
    );
    let rows = [vec![Value::Int(2)]];
    let insert = Insert { entity: "t", layout: &layout, rows: &rows, returning: &[] };
    let Err(WriteError::Store(error)) = session.insert(insert).await else { panic!() };
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    assert_eq!(session.commit().await.unwrap_err().kind, StoreErrorKind::Unavailable);
    session.rollback().await.unwrap();
    drop(session);
    // Others go on.
    assert_eq!(store.count("t", &Filter::All).await, Ok(0));
    assert!(store.session().await.unwrap().describe("t").await.unwrap().is_some());
}

#[tokio::test]
async fn what_can_not_be_opened_says_why_without_secrets() {
    let database = servers::postgres().database();
    let right = url::Url::parse(&database.url()).unwrap();
    let mut wrong_password = right.clone();
    wrong_password.set_password(Some("marked-secret")).unwrap();
    let mut no_database = right.clone();
    no_database.set_path("not_there");
    let mut no_server = right.clone();
    no_server.set_port(Some(1)).unwrap();
    let mut no_tls = right.clone();
    no_tls.set_query(Some("sslmode=require"));
    let mut bad_option = right.clone();
    bad_option.set_query(Some("sslmode=marked-secret"));
    for (url, kind) in [
        (wrong_password, StoreErrorKind::Denied),
        (no_database, StoreErrorKind::NotFound),
        (no_server, StoreErrorKind::Unavailable),
        (no_tls, StoreErrorKind::Denied),
        (bad_option, StoreErrorKind::Unsupported),
    ] {
        let error = connectors::open(&config(url.to_string(), Model::Tables)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        for secret in ["marked-secret", right.password().unwrap_or("marked-secret")] {
            assert!(!error.message.contains(secret), "{error}");
        }
        assert!(error.message.starts_with("postgres://127.0.0.1:"), "{error}");
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_told() {
    let database = servers::postgres().database();
    let url = format!("{}?options=-c%20statement_timeout%3D50", database.url());
    let store = connectors::open(&config(url, Model::Tables)).await.unwrap();
    let error = store.query("SELECT pg_sleep(5)::text AS slept").await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Conflict);
    assert!(error.message.contains("statement_timeout"), "{error}");
}

const SPELLINGS: &str = r#"
    CREATE DOMAIN code AS varchar(5) NOT NULL CHECK (VALUE <> 'bad');
    CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
    CREATE TABLE parents (a int, "b B" int, PRIMARY KEY ("b B", a));
    CREATE TABLE spelled (
      id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, code code DEFAULT 'x',
      name citext UNIQUE, exact text COLLATE "C" NOT NULL, at timestamptz(3) DEFAULT now(),
      today date DEFAULT CURRENT_DATE, mood mood DEFAULT 'it''s ok', moods mood[] DEFAULT '{}',
      tags text[] DEFAULT '{a,b}', raw json DEFAULT '{"a": 1}', span interval, size int4range,
      a int, "b B" int CHECK ("b B" > 0), half numeric GENERATED ALWAYS AS (a / 2.0) STORED,
      at_time time DEFAULT '12:00', low numeric(5,1) DEFAULT -1.5,
      CONSTRAINT pair FOREIGN KEY ("b B", a) REFERENCES parents ("b B", a)
        ON UPDATE CASCADE ON DELETE SET NULL);
    COMMENT ON COLUMN spelled.code IS 'it''s a code';
    CREATE INDEX lowered ON spelled (lower(exact), (a + "b B") DESC);
    CREATE INDEX placed ON spelled (a NULLS FIRST, "b B" DESC NULLS LAST) INCLUDE (id);
    CREATE INDEX begun ON spelled (exact text_pattern_ops) WHERE a IS NOT NULL;
    CREATE INDEX ranged ON spelled USING gist (size);
    CREATE INDEX tagged ON spelled USING gin (tags);
"#;

#[tokio::test]
async fn what_only_postgres_can_say_comes_back() {
    let (database, store) = typed().await;
    database.execute("DROP TABLE kinds; DROP DOMAIN code; DROP TYPE mood");
    run(&store, SPELLINGS).await;
    let read = store.structure("spelled").await.unwrap().unwrap();
    let keys: Vec<Vec<&str>> = read
        .indexes
        .iter()
        .map(|index| index.keys.iter().map(|key| key.path.as_str()).collect())
        .collect();
    assert_eq!(
        keys,
        [
            vec!["(\"exact\") pg_catalog.text_pattern_ops"],
            vec!["(lower(exact)) COLLATE pg_catalog.\"C\"", "(((a + \"b B\")))"],
            vec!["(\"a\") NULLS FIRST", "(\"b B\") DESC NULLS LAST", "(INCLUDE \"id\")"],
            vec!["size"],
            vec!["tags"],
        ]
    );
    let copy = super::structure::renamed(&read, "copy_");
    let mut session = store.session().await.unwrap();
    for change in super::structure::create(&copy) {
        session.change(&change).await.unwrap();
    }
    assert_eq!(session.structure("copy_spelled").await.unwrap().unwrap(), copy);
    let enums = store.enums().await.unwrap();
    assert_eq!((enums.len(), enums[0].name.as_str()), (1, "mood"));
    assert_eq!(store.extensions().await.unwrap(), ["citext"]);
    let others = store.others().await.unwrap();
    assert_eq!(others, ["domain `code`"]);
}

#[tokio::test]
async fn an_extension_that_the_server_lacks_is_named() {
    use mapper::value::structure::StructureChange;

    let (_database, store) = open("SELECT 1").await;
    let change = StructureChange::CreateExtension { name: "no-such-thing".into() };
    let error = store.session().await.unwrap().change(&change).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound);
    assert!(error.message.contains("extension `no-such-thing`"), "{error}");
}

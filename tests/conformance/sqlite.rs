//! What is SQLite's own.

use mapper::connectors::{
    self, Definition, Insert, Layout, Model, ScanRequest, ScanSource, Store, StoreErrorKind,
    Update, ViolationKind, WriteError,
};
use mapper::value::query::{Filter, Select};
use mapper::value::{Column, DataType, Value};

use sqlx::Connection as _;

use super::fixture::{config, names, plain};

async fn open(folder: &tempfile::TempDir, script: &str) -> std::sync::Arc<dyn Store> {
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    let store = connectors::open(&config(url, Model::Tables)).await.unwrap();
    let script = Definition::Script(script.into());
    store.session().await.unwrap().define(&script).await.unwrap();
    store
}

#[tokio::test]
async fn files_that_are_not_there_or_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sub/none.db");
    let mut config = config(format!("sqlite:{}", path.display()), Model::Tables);
    config.create = false;
    let error = connectors::open(&config).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound);
    assert!(!path.exists());
    config.create = true;
    connectors::open(&config).await.unwrap();
    assert!(path.exists());
    std::fs::write(folder.path().join("text.db"), "no database at all, just a long text").unwrap();
    config.url = format!("sqlite:{}", folder.path().join("text.db").display());
    assert_eq!(connectors::open(&config).await.unwrap_err().kind, StoreErrorKind::Corrupt);
    config.url = "sqlite::memory:".into();
    assert_eq!(connectors::open(&config).await.unwrap_err().kind, StoreErrorKind::Unsupported);
}

#[tokio::test]
async fn declared_types_decide_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(
        &folder,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, flag BOOLEAN, day DATE, at TIMESTAMP, j JSON,
           d DECIMAL(8,2), n NUMERIC, u UUID, any);
         INSERT INTO t VALUES
           (1, 1, '2024-01-31', '2024-01-31T10:00:00Z', '{\"a\": [1]}', 2.5, 7, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', x'00ff'),
           (2, 2, 'soon', '2024-01-31 10:00', '{broken', '1.005', 0.1, 'none', 'text');",
    )
    .await;
    let columns = ["flag", "day", "at", "j", "d", "n", "u", "any"];
    let select = Select { entity: "t".into(), ..Select::default() };
    let rows = plain(&store.select(&select).await.unwrap(), &columns);
    let kinds =
        |row: usize| rows[row].iter().map(|v| v.kind().name()).collect::<Vec<_>>().join(" ");
    assert_eq!(kinds(0), "boolean date timestamp object decimal decimal uuid bytes");
    assert_eq!(kinds(1), "integer text datetime text decimal decimal text text");
    assert_eq!(rows[0][4].canonical_text().unwrap(), "2.50");
    assert_eq!(rows[1][5].canonical_text().unwrap(), "0.1");
    // The other spelling of an id is found as well.
    let filter = Filter::Tuples { paths: names(&["u"]), tuples: vec![vec![rows[0][6].clone()]] };
    assert_eq!(store.count("t", &filter).await, Ok(1));
    let mut session = store.session().await.unwrap();
    let (key, set) = (names(&["u"]), names(&["any"]));
    let rows = vec![vec![rows[0][6].clone(), 5.into()]];
    let update = Update { entity: "t", key: &key, set: &set, rows: &rows };
    assert_eq!(session.update(update).await, Ok(1));
}

#[tokio::test]
async fn text_that_is_not_utf8_breaks_one_record_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(
        &folder,
        "CREATE TABLE t (code TEXT NOT NULL PRIMARY KEY, name TEXT);
         INSERT INTO t VALUES ('a', 'x'), ('b', CAST(x'ff41' AS TEXT)), (CAST(x'63fe' AS TEXT), 'y'),
           ('d', 'z');",
    )
    .await;
    for batch in [1, 2, 9] {
        let request = ScanRequest {
            source: ScanSource::Entity("t".into()),
            key: vec![],
            columns: None,
            filter: Filter::All,
            batch,
            after: None,
        };
        let mut scan = store.scan(request).await.unwrap();
        let (mut good, mut broken) = (0, Vec::new());
        while let Some(batch) = scan.next().await.unwrap() {
            good += batch.rows.len();
            broken.extend(batch.broken);
        }
        assert_eq!((good, broken.len()), (2, 2), "batch {batch}");
        assert_eq!(broken[0].problem.field.as_deref(), Some("name"));
    }
}

#[tokio::test]
async fn constraints_of_all_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(
        &folder,
        "CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE t (id INTEGER PRIMARY KEY, p INT REFERENCES p, n INT CONSTRAINT positive CHECK (n > 0),
           s TEXT UNIQUE, g INT AS (n * 2) STORED, d TEXT DEFAULT 'x');",
    )
    .await;
    let mut session = store.session().await.unwrap();
    let mut put = async |column: &str, value: Value| {
        let layout = Layout::Columns(vec!["id".to_owned(), column.to_owned()].into());
        let rows = vec![vec![Value::Missing, value]];
        let returning = names(&["id", "d", "g"]);
        let insert = Insert { entity: "t", layout: &layout, rows: &rows, returning: &returning };
        session.insert(insert).await
    };
    assert_eq!(put("n", 5.into()).await.unwrap(), [[Value::Int(1), "x".into(), Value::Int(10)]]);
    put("s", "once".into()).await.unwrap();
    let mut kind = async |column, value| match put(column, value).await {
        Err(WriteError::Record(violation)) => (violation.kind, violation.constraint),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind("p", 5.into()).await.0, ViolationKind::ForeignKey);
    assert_eq!(kind("n", (-1).into()).await, (ViolationKind::Check, Some("positive".into())));
    assert_eq!(kind("s", "once".into()).await.0, ViolationKind::Unique);
    assert_eq!(kind("n", Value::Float(f64::NAN)).await.0, ViolationKind::Value);
    let described = store.describe("t").await.unwrap().unwrap();
    assert_eq!(described.foreign_keys[0].references, ["id"]);
    assert!(described.column("g").unwrap().generated);
    assert!(described.column("d").unwrap().has_default);
    assert!(described.column("id").unwrap().has_default);
    assert!(described.is_unique(&names(&["s"])));
}

#[tokio::test]
async fn queries_read_and_never_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(
        &folder,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, day DATE);
         INSERT INTO t VALUES (1, '2024-01-31'), (2, '2024-02-01'), (3, NULL);",
    )
    .await;
    let rows = store.query("SELECT day, count(*) AS n FROM t WHERE id < 2").await.unwrap();
    assert_eq!(rows.layout, Layout::Columns(names(&["day", "n"]).into()));
    assert_eq!(rows.rows[0][0].kind().name(), "date");
    let error = store.query("PRAGMA query_only=0; DELETE FROM t").await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::ReadOnly);
    assert_eq!(store.query("SELEKT").await.unwrap_err().kind, StoreErrorKind::Query);
    let request = ScanRequest {
        source: ScanSource::Query("SELECT id * 2 AS k, day FROM t -- all;".into()),
        key: names(&["k"]),
        columns: None,
        filter: Filter::All,
        batch: 2,
        after: None,
    };
    let mut scan = store.scan(request).await.unwrap();
    let first = scan.next().await.unwrap().unwrap();
    assert_eq!(first.rows.len(), 2);
    assert_eq!(first.rows[0][1].kind().name(), "date");
    assert_eq!(scan.next().await.unwrap().unwrap().rows, [[Value::Int(6), Value::Null]]);
    assert!(scan.next().await.unwrap().is_none());
}

#[tokio::test]
async fn the_journal_mode_of_an_existing_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, "CREATE TABLE t (id INTEGER PRIMARY KEY)").await;
    let mode = async |store: &dyn Store| {
        store.query("SELECT journal_mode FROM pragma_journal_mode").await.unwrap().rows[0][0]
            .clone()
    };
    assert_eq!(mode(store.as_ref()).await, Value::from("wal"));
    store.close().await;
    let path = folder.path().join("a.db");
    let url = format!("sqlite:{}", path.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("PRAGMA journal_mode = DELETE").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = connectors::open(&config(url, Model::Tables)).await.unwrap();
    assert_eq!(mode(store.as_ref()).await, Value::from("delete"));
    store.close().await;
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn the_lock_is_of_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, "CREATE TABLE t (id INTEGER PRIMARY KEY)").await;
    let lock = store.lock().await.unwrap();
    assert_eq!(store.lock().await.unwrap_err().kind, StoreErrorKind::Locked);
    drop(lock);
    store.lock().await.unwrap();
}

#[tokio::test]
async fn names_that_need_quotes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, "CREATE TABLE \"a \"\"b\" (\"select\" INTEGER PRIMARY KEY)").await;
    let mut session = store.session().await.unwrap();
    let layout = Layout::Columns(names(&["select"]).into());
    let rows = vec![vec![Value::Int(1)]];
    let insert = Insert { entity: "a \"b", layout: &layout, rows: &rows, returning: &[] };
    session.insert(insert).await.unwrap();
    assert_eq!(store.count("a \"b", &Filter::All).await, Ok(1));
    assert_eq!(store.fit(Value::Int(1), &Column::of(DataType::INT64)), Ok(Value::Int(1)));
}

#[tokio::test]
async fn a_table_made_anew_keeps_all_that_belongs_to_it() {
    use mapper::value::structure::{ColumnDefinition, ColumnType, StructureChange};

    let folder = tempfile::tempdir().unwrap();
    let store = open(
        &folder,
        r#"CREATE TABLE "a(b" (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE UNIQUE,
             n INT CHECK (n > 0), boss INTEGER REFERENCES "a(b" (id) ON DELETE CASCADE);
           CREATE INDEX by_n ON "a(b" (n DESC, lower(name)) WHERE n > 1;
           CREATE TABLE log (what TEXT);
           CREATE TRIGGER told AFTER INSERT ON "a(b" BEGIN INSERT INTO log VALUES (new.name); END;
           CREATE VIEW seen AS SELECT name FROM "a(b";
           CREATE TABLE others (id INTEGER PRIMARY KEY,
             a INTEGER NOT NULL REFERENCES "a(b" ON DELETE CASCADE) STRICT;
           INSERT INTO "a(b" (id, name, n, boss) VALUES (1, 'x', 5, 1), (7, 'y', 6, 1);
           DELETE FROM log;
           INSERT INTO others VALUES (1, 1), (2, 7);"#,
    )
    .await;
    let before = store.structure("a(b").await.unwrap().unwrap();
    let column = before.column("n").unwrap().clone();
    let after = ColumnDefinition {
        nullable: false,
        column_type: ColumnType::Portable(DataType::INT64),
        ..column.clone()
    };
    let table = "a(b".to_owned();
    let change = StructureChange::AlterColumn { table, before: column, after: after.clone() };
    let mut session = store.session().await.unwrap();
    // Taken back with its transaction.
    session.begin().await.unwrap();
    session.change(&change).await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session.structure("a(b").await.unwrap().unwrap(), before);
    session.begin().await.unwrap();
    session.change(&change).await.unwrap();
    session.commit().await.unwrap();
    let mut wanted = before.clone();
    wanted.columns[2] = after.clone();
    assert_eq!(session.structure("a(b").await.unwrap().unwrap(), wanted);
    let script = r#"INSERT INTO "a(b" (name, n) VALUES ('z', 9)"#;
    session.define(&Definition::Script(script.into())).await.unwrap();
    // What does not fit is told, and leaves everything as it was.
    let script = r#"UPDATE "a(b" SET name = 'no number' WHERE id = 7"#;
    session.define(&Definition::Script(script.into())).await.unwrap();
    let name = before.column("name").unwrap().clone();
    let number = ColumnDefinition { name: "name".into(), ..after };
    let table = "a(b".to_owned();
    let unfit = StructureChange::AlterColumn { table, before: name, after: number };
    let error = session.change(&unfit).await.unwrap_err();
    assert!(error.message.contains("`a(b`.`name`: 3 rows hold a value"), "{error}");
    assert_eq!(session.structure("a(b").await.unwrap().unwrap(), wanted);
    drop(session);
    let all = |query: &'static str| {
        let store = std::sync::Arc::clone(&store);
        async move { store.query(query).await.unwrap().rows }
    };
    assert_eq!(all("SELECT what FROM log").await, [["z".into()]]);
    assert_eq!(all("SELECT count(*) FROM seen").await, [[Value::Int(3)]]);
    assert_eq!(all("SELECT count(*) FROM others").await, [[Value::Int(2)]]);
    // The numbers go on behind the highest that there was.
    assert_eq!(all(r#"SELECT max(id) FROM "a(b""#).await, [[Value::Int(8)]]);
    assert_eq!(all("SELECT * FROM pragma_integrity_check").await, [["ok".into()]]);
    assert_eq!(all("SELECT * FROM pragma_foreign_key_check").await, Vec::<Vec<Value>>::new());
    assert_eq!(
        all("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%mapper%'").await,
        [[Value::Int(0)]]
    );
}

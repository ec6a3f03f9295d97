//! An overlay shows what the store below would, had it been written; and it is not.

use std::sync::Arc;

use mapper::connectors::overlay::Overlay;
use mapper::connectors::{Definition, Delete, Insert, Session, Store, Update, WriteError};
use mapper::value::query::{Comparison, Filter, Select};
use mapper::value::{DataType, Index, IndexKey, Row, Value};

use super::fixture::{Fixture, compare, names, plain, plain_batch};

const COLUMNS: [&str; 3] = ["_id", "code", "n"];

async fn filled(fixture: &Fixture) {
    let columns = [("_id", DataType::INT64), ("code", DataType::TEXT), ("n", DataType::INT64)];
    fixture.create("items", &columns, &["_id"]).await;
    let keys = vec![IndexKey { path: "code".into(), descending: false }];
    let index = Index { name: "by_code".into(), keys, unique: true };
    let index = Definition::CreateIndex { entity: "items".into(), index };
    fixture.session().await.define(&index).await.unwrap();
    let row = |id: i64| vec![Value::Int(id), format!("c{id}").into(), Value::Int(id % 3)];
    fixture.insert("items", &COLUMNS, (1..=9).map(|id| row(id * 10)).collect()).await;
}

async fn put(
    fixture: &Fixture,
    session: &mut dyn Session,
    rows: Vec<Row>,
) -> Result<u64, WriteError> {
    let (layout, rows) = fixture.shaped(&COLUMNS, rows);
    let insert = Insert { entity: "items", layout: &layout, rows: &rows, returning: &[] };
    session.insert(insert).await.map(|given| given.len() as u64)
}

async fn set(
    session: &mut dyn Session,
    column: &[String],
    rows: &[Row],
) -> Result<u64, WriteError> {
    session.update(Update { entity: "items", key: &names(&["_id"]), set: column, rows }).await
}

/// Does the same to any store, and tells what each statement gave.
async fn work(fixture: &Fixture, session: &mut dyn Session) -> Vec<String> {
    let mut said = Vec::new();
    let mut say = |what: Result<u64, WriteError>| {
        said.push(match what {
            Ok(count) => format!("{count}"),
            // A store names the index or its columns.
            Err(WriteError::Record(violation)) => format!("{:?}", violation.kind),
            Err(WriteError::Store(error)) => format!("{:?}", error.kind),
        });
    };
    let row = |id: i64, code: &str, n: i64| vec![Value::Int(id), code.into(), Value::Int(n)];
    let (id, code, n) = (names(&["_id"]), names(&["code"]), names(&["n"]));
    session.begin().await.unwrap();
    say(put(fixture, session, vec![row(15, "new", 1), row(5, "first", 2), row(95, "last", 0)])
        .await);
    say(put(fixture, session, vec![row(16, "x", 1), row(20, "there", 1)]).await);
    say(put(fixture, session, vec![row(16, "c30", 1)]).await);
    say(put(fixture, session, vec![row(16, "new", 1)]).await);
    say(set(session, &n, &[vec![20.into(), 7.into()], vec![15.into(), 8.into()]]).await);
    say(set(session, &n, &[vec![21.into(), 7.into()]]).await);
    say(set(session, &code, &[vec![30.into(), "c40".into()]]).await);
    say(set(session, &code, &[vec![30.into(), "moved".into()]]).await);
    // What it held before is free now.
    say(put(fixture, session, vec![row(31, "c30", 1)]).await);
    let by_code =
        Delete { entity: "items", key: &code, rows: &[vec!["c40".into()], vec!["last".into()]] };
    say(session.delete(by_code).await);
    say(put(fixture, session, vec![row(40, "back", 4)]).await);
    if fixture.store.capabilities().transactions {
        session.savepoint().await.unwrap();
        say(session.delete(Delete { entity: "items", key: &id, rows: &[vec![50.into()]] }).await);
        session.rollback_to_savepoint().await.unwrap();
    }
    session.savepoint().await.unwrap();
    say(session.delete(Delete { entity: "items", key: &id, rows: &[vec![60.into()]] }).await);
    session.release().await.unwrap();
    let seen =
        session.select(&Select { entity: "items".into(), ..Select::default() }).await.unwrap();
    say(Ok(seen.rows.len() as u64));
    session.commit().await.unwrap();
    said
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|a, b| mapper::connectors::compare_values(&a[0], &b[0]));
    rows
}

async fn content(fixture: &Fixture) -> Vec<Vec<Row>> {
    let mut content = Vec::new();
    let filters = [
        Filter::All,
        compare("n", Comparison::Greater, 1),
        compare("code", Comparison::Equal, "c30"),
        Filter::Not(Box::new(compare("n", Comparison::Equal, 1))),
        Filter::Tuples { paths: names(&["n"]), tuples: vec![vec![7.into()], vec![2.into()]] },
    ];
    for filter in filters {
        let rows = fixture.find("items", &COLUMNS, filter.clone()).await;
        assert_eq!(
            fixture.store.count("items", &filter).await,
            Ok(rows.len() as u64),
            "{filter:?}"
        );
        content.push(rows);
    }
    let order = vec![IndexKey { path: "_id".into(), descending: true }];
    let columns = Some(names(&["n", "_id"]));
    let select =
        Select { entity: "items".into(), columns, order, limit: Some(3), ..Select::default() };
    content.push(plain(&fixture.store.select(&select).await.unwrap(), &["n", "_id"]));
    for batch in [1, 2, 4, 50] {
        let whole = fixture.batches(fixture.request("items", &["_id"], batch)).await;
        let rows: Vec<Row> = whole.iter().flat_map(|b| plain_batch(b, &COLUMNS)).collect();
        for (index, stop) in whole.iter().enumerate() {
            let mut request = fixture.request("items", &["_id"], batch);
            request.after = Some(stop.checkpoint.clone());
            let rest: usize = fixture.batches(request).await.iter().map(|b| b.rows.len()).sum();
            let expected: usize = whole[index + 1..].iter().map(|batch| batch.rows.len()).sum();
            assert_eq!(rest, expected, "batch {batch} after {index}");
        }
        // The order of a scan is the store's own.
        content.push(sorted(rows));
    }
    content
}

#[tokio::test]
async fn an_overlay_equals_the_real_thing_and_writes_nothing() {
    for mut fixture in Fixture::real().await {
        filled(&fixture).await;
        let before = content(&fixture).await;
        let below: Arc<dyn Store> = Arc::clone(&fixture.store);
        fixture.store = Arc::new(Overlay::new(Arc::clone(&below)));
        let said = work(&fixture, fixture.session().await.as_mut()).await;
        let shown = content(&fixture).await;
        let lock = fixture.store.lock().await.unwrap();
        drop((lock, fixture.store.lock().await.unwrap()));
        fixture.store = Arc::clone(&below);
        assert_eq!(content(&fixture).await, before, "{}: nothing is written", fixture.name);
        let real = work(&fixture, fixture.session().await.as_mut()).await;
        assert_eq!(said, real, "{}", fixture.name);
        assert_eq!(shown, content(&fixture).await, "{}", fixture.name);
    }
}

#[tokio::test]
async fn what_the_overlay_drops_and_creates() {
    for mut fixture in Fixture::real().await {
        filled(&fixture).await;
        let below = Arc::clone(&fixture.store);
        fixture.store = Arc::new(Overlay::new(Arc::clone(&below)));
        fixture.create("more", &[("_id", DataType::INT64)], &["_id"]).await;
        assert_eq!(fixture.store.entities().await.unwrap(), ["items", "more"]);
        let drop = Definition::DropEntity { entity: "items".into() };
        fixture.session().await.define(&drop).await.unwrap();
        assert_eq!(fixture.store.entities().await.unwrap(), ["more"]);
        assert_eq!(fixture.store.describe("items").await, Ok(None));
        let columns = [("_id", DataType::INT64), ("code", DataType::TEXT), ("n", DataType::INT64)];
        fixture.create("items", &columns, &["_id"]).await;
        assert!(fixture.rows("items", &COLUMNS).await.is_empty());
        fixture.insert("items", &COLUMNS, vec![vec![10.into(), "c20".into(), 1.into()]]).await;
        assert_eq!(fixture.rows("items", &["_id"]).await, [[Value::Int(10)]]);
        assert_eq!(below.entities().await.unwrap(), ["items"]);
        assert_eq!(below.count("items", &Filter::All).await, Ok(9));
    }
}

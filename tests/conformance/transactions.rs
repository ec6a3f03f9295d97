//! Transactions and savepoints.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use mapper::connectors::Session;
use mapper::value::query::Select;
use mapper::value::{DataType, Value};

use super::fixture::Fixture;

async fn start(fixture: &Fixture) -> Box<dyn Session> {
    fixture.create("t", &[("_id", DataType::INT64)], &["_id"]).await;
    fixture.session().await
}

async fn put(fixture: &Fixture, session: &mut dyn Session, id: i64) {
    fixture.insert_on(session, "t", &["_id"], vec![vec![Value::Int(id)]]).await.unwrap();
}

async fn ids(fixture: &Fixture) -> Vec<i64> {
    let whole = |value: &Value| match value {
        Value::Int(id) => *id,
        other => panic!("{other:?}"),
    };
    fixture.rows("t", &["_id"]).await.iter().map(|row| whole(&row[0])).collect()
}

pub(crate) async fn a_rollback_undoes_everything(fixture: &Fixture) {
    if !fixture.store.capabilities().transactions {
        return;
    }
    let mut session = start(fixture).await;
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 1).await;
    session.commit().await.unwrap();
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 2).await;
    session.savepoint().await.unwrap();
    put(fixture, session.as_mut(), 3).await;
    session.rollback().await.unwrap();
    assert_eq!(ids(fixture).await, [1]);
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 4).await;
    session.commit().await.unwrap();
    assert_eq!(ids(fixture).await, [1, 4]);
}

pub(crate) async fn savepoints_nest(fixture: &Fixture) {
    if !fixture.store.capabilities().transactions {
        return;
    }
    let mut session = start(fixture).await;
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 1).await;
    session.savepoint().await.unwrap();
    put(fixture, session.as_mut(), 2).await;
    session.savepoint().await.unwrap();
    put(fixture, session.as_mut(), 3).await;
    session.rollback_to_savepoint().await.unwrap();
    put(fixture, session.as_mut(), 4).await;
    session.savepoint().await.unwrap();
    put(fixture, session.as_mut(), 5).await;
    session.release().await.unwrap();
    session.release().await.unwrap();
    session.savepoint().await.unwrap();
    put(fixture, session.as_mut(), 6).await;
    session.rollback_to_savepoint().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(ids(fixture).await, [1, 2, 4, 5]);
}

pub(crate) async fn what_a_server_still_commits_is_waited_for(fixture: &Fixture) {
    if !fixture.store.capabilities().transactions {
        return;
    }
    let mut session = start(fixture).await;
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 1).await;
    let store = Arc::clone(&fixture.store);
    let mut settled = tokio::spawn(async move { store.settled(&["t"]).await });
    let early = timeout(Duration::from_millis(300), &mut settled).await;
    // A commit to a file goes with the process that sent it.
    assert_eq!(early.is_err(), fixture.is_of_tables_on_a_server(), "{}", fixture.name);
    session.commit().await.unwrap();
    match early {
        Ok(settled) => settled.unwrap().unwrap(),
        Err(_) => settled.await.unwrap().unwrap(),
    }
    assert_eq!(ids(fixture).await, [1]);
    fixture.store.settled(&["t", "not_there"]).await.unwrap();
}

pub(crate) async fn a_dropped_session_leaves_nothing(fixture: &Fixture) {
    if !fixture.store.capabilities().transactions {
        return;
    }
    let mut session = start(fixture).await;
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 1).await;
    drop(session);
    let mut session = fixture.session().await;
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 2).await;
    session.commit().await.unwrap();
    assert_eq!(ids(fixture).await, [2]);
}

pub(crate) async fn a_session_sees_what_it_wrote(fixture: &Fixture) {
    if !fixture.store.capabilities().transactions {
        return;
    }
    let mut session = start(fixture).await;
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 1).await;
    let select = Select { entity: "t".into(), ..Select::default() };
    assert_eq!(session.select(&select).await.unwrap().rows.len(), 1);
    assert!(ids(fixture).await.is_empty(), "others do not, before the commit");
    session.commit().await.unwrap();
    assert_eq!(ids(fixture).await, [1]);
}

pub(crate) async fn failed_statements_leave_the_transaction_usable(fixture: &Fixture) {
    if !fixture.store.capabilities().transactions {
        return;
    }
    let mut session = start(fixture).await;
    session.begin().await.unwrap();
    put(fixture, session.as_mut(), 1).await;
    let rows = vec![vec![Value::Int(2)], vec![Value::Int(1)]];
    fixture.insert_on(session.as_mut(), "t", &["_id"], rows).await.unwrap_err();
    put(fixture, session.as_mut(), 3).await;
    session.commit().await.unwrap();
    assert_eq!(ids(fixture).await, [1, 3]);
}

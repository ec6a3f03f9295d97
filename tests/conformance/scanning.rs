//! Scans: seams, checkpoints, keys.

use mapper::value::query::Comparison;
use mapper::value::{DataType, Key, Row, Value};

use super::fixture::{Fixture, compare, plain_batch};

const COLUMNS: [&str; 3] = ["_id", "name", "amount"];

fn columns() -> [(&'static str, DataType); 3] {
    [("_id", DataType::INT64), ("name", DataType::TEXT), ("amount", DataType::FLOAT64)]
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn row(id: i64) -> Row {
    vec![Value::Int(id), Value::from(format!("name {id}")), Value::Float(id as f64 / 4.0)]
}

async fn items(fixture: &Fixture, count: i64) {
    fixture.create("items", &columns(), &["_id"]).await;
    fixture.insert("items", &COLUMNS, (1..=count).map(row).collect()).await;
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|a, b| mapper::connectors::compare_values(&a[0], &b[0]));
    rows
}

pub(crate) async fn batch_seams_lose_and_repeat_nothing(fixture: &Fixture) {
    items(fixture, 12).await;
    let expected: Vec<Row> = (1..=12).map(row).collect();
    for batch in [1, 4, 5, 11, 12, 13, 100] {
        let batches = fixture.batches(fixture.request("items", &["_id"], batch)).await;
        assert_eq!(batches.len(), 12_usize.div_ceil(batch), "batch {batch}");
        let read: Vec<Row> = batches.iter().flat_map(|b| plain_batch(b, &COLUMNS)).collect();
        // Every column, not only how many: a row must not meet another row's values.
        assert_eq!(sorted(read), expected, "batch {batch}");
        for batch in &batches {
            assert!(batch.bytes > 0);
            for (row, key) in plain_batch(batch, &COLUMNS).iter().zip(&batch.keys) {
                assert_eq!(*key, Key::new([&row[0]]));
            }
        }
    }
}

pub(crate) async fn a_scan_resumes_from_every_checkpoint(fixture: &Fixture) {
    items(fixture, 12).await;
    for batch in [1, 4, 5, 12] {
        let whole = fixture.batches(fixture.request("items", &["_id"], batch)).await;
        for (index, read) in whole.iter().enumerate() {
            let mut request = fixture.request("items", &["_id"], batch);
            request.after = Some(read.checkpoint.clone());
            let rest: Vec<Row> =
                fixture.batches(request).await.into_iter().flat_map(|batch| batch.rows).collect();
            let expected: Vec<Row> =
                whole[index + 1..].iter().flat_map(|batch| batch.rows.clone()).collect();
            assert_eq!(rest, expected, "batch {batch}, after {index}");
        }
    }
}

pub(crate) async fn rows_that_come_later_are_not_read(fixture: &Fixture) {
    items(fixture, 6).await;
    let mut scan = fixture.store.scan(fixture.request("items", &["_id"], 2)).await.unwrap();
    let first = scan.next().await.unwrap().unwrap();
    fixture.insert("items", &COLUMNS, (7..=9).map(row).collect()).await;
    let mut count = first.rows.len();
    while let Some(batch) = scan.next().await.unwrap() {
        count += batch.rows.len();
    }
    assert_eq!(count, 6);
    // The bound is in the checkpoint, so that it holds after a restart too.
    let mut request = fixture.request("items", &["_id"], 2);
    request.after = Some(first.checkpoint);
    let rest: usize = fixture.batches(request).await.iter().map(|batch| batch.rows.len()).sum();
    assert_eq!(rest, 4);
}

pub(crate) async fn rows_without_a_key_are_told_once(fixture: &Fixture) {
    if fixture.documents() {
        return;
    }
    let columns = [("_id", DataType::INT64), ("code", DataType::TEXT)];
    fixture.create("loose", &columns, &["_id"]).await;
    let code = |id: i64| if id % 3 == 0 { Value::Null } else { Value::from(format!("c{id:02}")) };
    let rows = (1..=12).map(|id| vec![Value::Int(id), code(id)]).collect();
    fixture.insert("loose", &["_id", "code"], rows).await;
    for batch in [1, 3, 4, 5, 50] {
        let whole = fixture.batches(fixture.request("loose", &["code"], batch)).await;
        let failed = |batch: &mapper::connectors::SourceBatch| {
            batch.keys.iter().filter(|key| key.is_err()).count()
        };
        assert_eq!(whole.iter().map(failed).sum::<usize>(), 4);
        assert_eq!(whole.iter().map(|batch| batch.rows.len()).sum::<usize>(), 12);
        for (index, read) in whole.iter().enumerate() {
            let mut request = fixture.request("loose", &["code"], batch);
            request.after = Some(read.checkpoint.clone());
            let rest: usize = fixture.batches(request).await.iter().map(|b| b.rows.len()).sum();
            let expected: usize = whole[index + 1..].iter().map(|b| b.rows.len()).sum();
            assert_eq!(rest, expected, "batch {batch}, after {index}");
        }
    }
}

pub(crate) async fn composite_keys_are_ordered_part_by_part(fixture: &Fixture) {
    if fixture.documents() {
        return;
    }
    fixture.create("pairs", &[("a", DataType::INT64), ("b", DataType::TEXT)], &["a", "b"]).await;
    let mut rows = Vec::new();
    for a in [1, 2, 11, 111] {
        for b in ["1", "11", "2"] {
            rows.push(vec![Value::Int(a), Value::text(b)]);
        }
    }
    fixture.insert("pairs", &["a", "b"], rows.clone()).await;
    for batch in [1, 2, 5, 12] {
        let batches = fixture.batches(fixture.request("pairs", &["a", "b"], batch)).await;
        let read: Vec<Row> = batches.into_iter().flat_map(|batch| batch.rows).collect();
        assert_eq!(read, rows, "batch {batch}");
    }
}

pub(crate) async fn separators_inside_keys_do_no_harm(fixture: &Fixture) {
    if fixture.documents() {
        return;
    }
    fixture.create("words", &[("a", DataType::TEXT), ("b", DataType::TEXT)], &["a", "b"]).await;
    let texts = ["", " ", ",", "a", "a,b", "a'b", "a\"b", "a\nb", "b", "ä", "a\u{1f}b", "A"];
    let mut rows = Vec::new();
    for a in texts {
        for b in texts {
            rows.push(vec![Value::text(a), Value::text(b)]);
        }
    }
    fixture.insert("words", &["a", "b"], rows).await;
    let batches = fixture.batches(fixture.request("words", &["a", "b"], 7)).await;
    let mut keys: Vec<Key> =
        batches.into_iter().flat_map(|batch| batch.keys).map(Result::unwrap).collect();
    assert_eq!(keys.len(), texts.len() * texts.len());
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), texts.len() * texts.len());
}

pub(crate) async fn rows_of_one_key_stay_in_one_batch(fixture: &Fixture) {
    if fixture.documents() {
        return;
    }
    fixture.create("twice", &[("_id", DataType::INT64), ("code", DataType::TEXT)], &["_id"]).await;
    let codes = ["a", "b", "b", "b", "c", "d", "d"];
    let rows = (1..).zip(codes).map(|(id, code)| vec![Value::Int(id), code.into()]).collect();
    fixture.insert("twice", &["_id", "code"], rows).await;
    for batch in 1..9 {
        let batches = fixture.batches(fixture.request("twice", &["code"], batch)).await;
        let read: Vec<Vec<Key>> = batches
            .into_iter()
            .map(|batch| batch.keys.into_iter().map(Result::unwrap).collect())
            .collect();
        assert_eq!(read.iter().map(Vec::len).sum::<usize>(), codes.len(), "batch {batch}");
        for pair in read.windows(2) {
            assert_ne!(pair[0].last(), pair[1].first(), "batch {batch}");
        }
    }
}

pub(crate) async fn a_filter_applies_to_a_scan(fixture: &Fixture) {
    items(fixture, 12).await;
    for batch in [1, 5, 20] {
        let mut request = fixture.request("items", &["_id"], batch);
        request.filter = compare("amount", Comparison::Greater, 2.0);
        let read: Vec<Row> = fixture
            .batches(request)
            .await
            .iter()
            .inspect(|batch| assert!(!batch.rows.is_empty()))
            .flat_map(|b| plain_batch(b, &COLUMNS))
            .collect();
        assert_eq!(sorted(read), (9..=12).map(row).collect::<Vec<_>>());
    }
}

//! Files: formats, encodings, compression, broken records, resuming.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use mapper::connectors::{
    self, ConnectionConfig, FileSource, Model, ScanRequest, ScanSource, SourceBatch, Store,
    StoreError, StoreErrorKind,
};
use mapper::value::query::{Comparison, Filter, Select};
use mapper::value::{DataType, Key, Row, Value};

use super::fixture::{compare, config, names, plain_batch};

fn source(folder: &Path, pattern: &str) -> ConnectionConfig {
    let mut config = config("file:".into(), Model::Tables);
    config.files = Some(FileSource {
        pattern: folder.join(pattern),
        format: None,
        encoding: None,
        delimiter: b',',
        null_values: vec![],
        columns: vec![],
    });
    config
}

async fn read(
    store: &Arc<dyn Store>,
    mut request: ScanRequest,
) -> Result<Vec<SourceBatch>, StoreError> {
    request.source = ScanSource::Files;
    let mut scan = store.scan(request).await?;
    let mut batches = Vec::new();
    while let Some(batch) = scan.next().await? {
        batches.push(batch);
    }
    Ok(batches)
}

fn request(key: &[&str], batch: usize) -> ScanRequest {
    ScanRequest {
        source: ScanSource::Files,
        key: names(key),
        columns: None,
        filter: Filter::All,
        batch,
        after: None,
    }
}

fn write(path: &Path, bytes: &[u8]) {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => {
            // Two members, as `cat a.gz b.gz` makes.
            let mut file = std::fs::File::create(path).unwrap();
            for half in bytes.chunks(bytes.len().div_ceil(2).max(1)) {
                let level = flate2::Compression::default();
                let mut writer = flate2::write::GzEncoder::new(&mut file, level);
                writer.write_all(half).unwrap();
                writer.finish().unwrap();
            }
        }
        Some("zst") => std::fs::write(path, zstd::encode_all(bytes, 3).unwrap()).unwrap(),
        _ => std::fs::write(path, bytes).unwrap(),
    }
}

fn lines(numbers: std::ops::Range<i64>) -> String {
    let line =
        |n| format!("{{\"_id\": {{\"$oid\": \"{n:024x}\"}}, \"n\": {n}, \"t\": \"ä {n}\"}}\n");
    numbers.map(line).collect()
}

#[tokio::test]
async fn json_lines_plain_and_compressed_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["jsonl", "jsonl.gz", "jsonl.zst"] {
        let sub = folder.path().join(ending);
        std::fs::create_dir(&sub).unwrap();
        write(&sub.join(format!("b.{ending}")), lines(6..13).as_bytes());
        write(&sub.join(format!("a.{ending}")), lines(1..6).trim_end().as_bytes());
        let store = connectors::open(&source(&sub, "*")).await.unwrap();
        for batch in [1, 5, 6, 12, 50] {
            let whole = read(&store, request(&["_id"], batch)).await.unwrap();
            let numbers = |batches: &[SourceBatch]| -> Vec<Row> {
                batches.iter().flat_map(|batch| plain_batch(batch, &["n"])).collect()
            };
            let expected: Vec<Row> = (1..13).map(|n| vec![Value::Int(n)]).collect();
            assert_eq!(numbers(&whole), expected, "{ending}");
            for (index, stop) in whole.iter().enumerate() {
                let mut request = request(&["_id"], batch);
                request.after = Some(stop.checkpoint.clone());
                let rest = read(&store, request).await.unwrap();
                assert_eq!(numbers(&rest), numbers(&whole[index + 1..]), "{ending} {batch}");
            }
        }
        let schema = store.describe("").await.unwrap().unwrap();
        assert_eq!(schema.column("_id").unwrap().data_type, DataType::ObjectId);
        assert_eq!((schema.sampled, schema.open), (Some(12), true));
        assert_eq!(store.count("", &compare("n", Comparison::Greater, 10)).await, Ok(2));
    }
}

#[tokio::test]
async fn without_a_key_the_place_is_the_key() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.jsonl"), b"{\"n\": 1}\n\n{\"n\": 2}\n");
    let store = connectors::open(&source(folder.path(), "a.jsonl")).await.unwrap();
    let batches = read(&store, request(&[], 9)).await.unwrap();
    let key = |line: i64| Key::new([&Value::text("a.jsonl"), &Value::Int(line)]);
    assert_eq!(batches[0].keys, [key(1), key(3)]);
}

#[tokio::test]
async fn bad_lines_break_alone_and_name_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes =
        b"\xef\xbb\xbf{\"n\": 1}\n{\"n\": \n[1]\n{\"n\": \"\xff\"}\n{\"n\": 2}\r\n".to_vec();
    bytes.extend(b"{\"n\": {\"$date\": \"secret\"}}\n{\"n\": 3, ");
    write(&folder.path().join("a.jsonl"), &bytes);
    let store = connectors::open(&source(folder.path(), "a.jsonl")).await.unwrap();
    for batch in [1, 3, 100] {
        let batches = read(&store, request(&[], batch)).await.unwrap();
        let rows: Vec<Row> = batches.iter().flat_map(|b| plain_batch(b, &["n"])).collect();
        assert_eq!(rows, [[Value::Int(1)], [Value::Int(2)]]);
        let broken: Vec<_> = batches.iter().flat_map(|batch| &batch.broken).collect();
        let lines: Vec<String> = broken
            .iter()
            .map(|broken| {
                broken.problem.message.split([' ', ':']).take(3).collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(lines, [2, 3, 4, 6, 7].map(|line| format!("a.jsonl line {line}")));
        assert!(broken.iter().all(|broken| !broken.problem.message.contains("secret")));
    }
}

#[tokio::test]
async fn csv_with_types_nulls_and_broken_rows() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\u{feff}id;name;day;amount\r\n\
        1;\"a;b\nc\";2024-01-31;1.10\r\n\
        2;\"say \"\"x\"\"\";NULL;2\r\n\
        3;short\r\n\
        4;;2024-13-01;5\r\n\
        5;;2024-01-01;\r\n\
        6;last;NULL;7";
    for ending in ["csv", "csv.gz"] {
        let path = folder.path().join(format!("a.{ending}"));
        write(&path, text.as_bytes());
        let mut config = source(folder.path(), &format!("a.{ending}"));
        let files = config.files.as_mut().unwrap();
        files.delimiter = b';';
        files.null_values = vec!["NULL".into()];
        files.columns = vec![
            ("id".into(), DataType::INT64),
            ("day".into(), DataType::Date),
            ("amount".into(), DataType::DECIMAL),
        ];
        let store = connectors::open(&config).await.unwrap();
        for batch in [1, 2, 10] {
            let whole = read(&store, request(&["id"], batch)).await.unwrap();
            let rows: Vec<Row> = whole.iter().flat_map(|batch| batch.rows.clone()).collect();
            let broken: Vec<_> = whole.iter().flat_map(|batch| &batch.broken).collect();
            assert_eq!(rows.len(), 3, "{ending} {batch} {broken:?}");
            assert_eq!(rows[0][1], Value::text("a;b\nc"));
            assert_eq!(rows[0][3].canonical_text().unwrap(), "1.10");
            assert_eq!(rows[1][1..3], ["say \"x\"".into(), Value::Null]);
            let said: Vec<_> = broken.iter().map(|broken| &broken.problem).collect();
            assert!(said[0].message.contains("line 5: 2 fields"), "{}", said[0].message);
            assert!(said[1].message.contains("line 6"), "{}", said[1].message);
            assert_eq!(said[1].field.as_deref(), Some("day"));
            assert_eq!(said[2].field.as_deref(), Some("amount"));
            for (index, stop) in whole.iter().enumerate() {
                let mut request = request(&["id"], batch);
                request.after = Some(stop.checkpoint.clone());
                let rest = read(&store, request).await.unwrap();
                let parts = |batches: &[SourceBatch]| -> Vec<_> {
                    let part = |b: &SourceBatch| (b.rows.clone(), b.broken.clone());
                    batches.iter().map(part).collect()
                };
                assert_eq!(parts(&rest), parts(&whole[index + 1..]), "{ending} {batch}");
            }
        }
    }
}

#[tokio::test]
async fn encodings_are_decoded_and_mistakes_found() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.csv"), b"name\ncaf\xe9\n");
    let mut config = source(folder.path(), "a.csv");
    let store = connectors::open(&config).await.unwrap();
    let batches = read(&store, request(&[], 5)).await.unwrap();
    assert_eq!(batches[0].broken.len(), 1);
    assert_eq!(batches[0].broken[0].problem.reason, "encoding");
    config.files.as_mut().unwrap().encoding = Some("windows-1252".into());
    let store = connectors::open(&config).await.unwrap();
    let batches = read(&store, request(&[], 5)).await.unwrap();
    assert_eq!(batches[0].rows, [[Value::text("café")]]);
    // UTF-16 says so itself.
    let text: Vec<u8> = "\u{feff}name\nä\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    write(&folder.path().join("b.csv"), &text);
    let store = connectors::open(&source(folder.path(), "b.csv")).await.unwrap();
    assert_eq!(read(&store, request(&[], 5)).await.unwrap()[0].rows, [[Value::text("ä")]]);
    config.files.as_mut().unwrap().encoding = Some("latin-99".into());
    let store = connectors::open(&config).await.unwrap();
    assert_eq!(read(&store, request(&[], 5)).await.unwrap_err().kind, StoreErrorKind::Query);
}

#[tokio::test]
async fn what_can_not_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let error = connectors::open(&source(folder.path(), "*.csv")).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound);
    let path = folder.path().join("a.jsonl.gz");
    write(&path, lines(0..1000).as_bytes());
    let whole = std::fs::read(&path).unwrap();
    write(&folder.path().join("cut.jsonl"), b"");
    std::fs::write(&path, &whole[..whole.len() - 40]).unwrap();
    let store = connectors::open(&source(folder.path(), "a.jsonl.gz")).await.unwrap();
    let error = read(&store, request(&[], 10)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt);
    assert!(error.message.starts_with("a.jsonl.gz line "), "{error}");
    write(&folder.path().join("b.csv"), b"a,b,a\n1,2,3\n");
    let store = connectors::open(&source(folder.path(), "b.csv")).await.unwrap();
    assert_eq!(read(&store, request(&[], 10)).await.unwrap_err().kind, StoreErrorKind::Corrupt);
    write(&folder.path().join("c.csv"), b"a,b\n1,2\n");
    let store = connectors::open(&source(folder.path(), "c.csv")).await.unwrap();
    let error = read(&store, request(&["c"], 10)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound);
    assert!(store.session().await.is_err());
}

#[tokio::test]
async fn select_sorts_and_limits() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.csv"), b"n,t\n2,b\n1,a\n3,c\n");
    let mut config = source(folder.path(), "a.csv");
    config.files.as_mut().unwrap().columns = vec![("n".into(), DataType::INT64)];
    let store = connectors::open(&config).await.unwrap();
    let order = vec![mapper::value::IndexKey { path: "n".into(), descending: true }];
    let select =
        Select { columns: Some(names(&["t"])), order, limit: Some(2), ..Select::default() };
    let rows = store.select(&select).await.unwrap().rows;
    assert_eq!(rows, [[Value::text("c")], [Value::text("b")]]);
}

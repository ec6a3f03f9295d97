//! What is MongoDB's own.

use std::sync::Arc;

use mapper::connectors::{
    self, Definition, Insert, Layout, Model, Policies, ScanRequest, ScanSource, SourceBatch, Store,
    StoreErrorKind, Update, UuidOrder, ViolationKind, WriteError,
};
use mapper::value::query::Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
use mapper::value::query::{Filter, Select};
use mapper::value::{Index, IndexKey, Key, Row, Value, extended_json};
use mongodb::bson::{self, Bson, Document, doc};

use super::fixture::{compare, config, names};
use crate::servers::{self, Database, Proxy};

/// A database, its store, and the driver's own way to it.
struct Place {
    database: Database,
    store: Arc<dyn Store>,
    raw: mongodb::Database,
}

impl Place {
    async fn on(server: &Arc<servers::Server>, policies: Policies) -> Self {
        let database = server.database();
        let mut config = config(database.url(), Model::Documents);
        config.policies = policies;
        let store = connectors::open(&config).await.unwrap();
        let client = mongodb::Client::with_uri_str(database.url()).await.unwrap();
        let raw = client.database(database.name());
        Self { database, store, raw }
    }

    async fn each() -> [Self; 2] {
        [
            Self::on(&servers::ferretdb(), Policies::default()).await,
            Self::on(&servers::mongo_java(), Policies::default()).await,
        ]
    }

    async fn java() -> Self {
        Self::on(&servers::mongo_java(), Policies::default()).await
    }

    async fn put(&self, entity: &str, documents: Vec<Document>) {
        self.raw.collection(entity).insert_many(documents).await.unwrap();
    }

    async fn scan(&self, request: ScanRequest) -> Vec<SourceBatch> {
        let mut scan = self.store.scan(request).await.unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = scan.next().await.unwrap() {
            batches.push(batch);
        }
        batches
    }
}

fn request(entity: &str, batch: usize) -> ScanRequest {
    ScanRequest {
        source: ScanSource::Entity(entity.into()),
        key: names(&["_id"]),
        columns: None,
        filter: Filter::All,
        batch,
        after: None,
    }
}

fn ids(batches: &[SourceBatch]) -> Vec<Value> {
    let id = |row: &Row| row[0].as_object().unwrap().get("_id").unwrap().clone();
    batches.iter().flat_map(|batch| &batch.rows).map(id).collect()
}

fn parse(text: &str) -> Value {
    extended_json::parse(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumed_scan_goes_on_through_ids_of_all_kinds() {
    for place in Place::each().await {
        let mut documents = vec![
            doc! { "_id": Bson::Null },
            doc! { "_id": 5_i64 },
            doc! { "_id": 1 },
            doc! { "_id": 2.5 },
            doc! { "_id": "a" },
            doc! { "_id": "b" },
            doc! { "_id": { "x": 1 } },
            doc! { "_id": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1] } },
            doc! { "_id": bson::Uuid::new() },
            doc! { "_id": bson::oid::ObjectId::new() },
            doc! { "_id": false },
            doc! { "_id": true },
            doc! { "_id": bson::DateTime::from_millis(-5_000_000_000_000) },
            doc! { "_id": bson::DateTime::from_millis(1_700_000_000_000) },
        ];
        // mongo-java-server takes a UUID for another kind than binary data.
        if place.database.server().kind == servers::Kind::MongoJava {
            documents.retain(|document| document.get_binary_generic("_id").is_err());
        }
        // Not in the order in which they are read.
        documents.reverse();
        let count = documents.len();
        place.put("c", documents).await;
        let whole = ids(&place.scan(request("c", 100)).await);
        assert_eq!(whole.len(), count);
        for batch in [1, 2, 5] {
            let batches = place.scan(request("c", batch)).await;
            assert_eq!(ids(&batches), whole, "batch {batch}");
            for (index, read) in batches.iter().enumerate() {
                let mut rest = request("c", batch);
                rest.after = Some(read.checkpoint.clone());
                let rest = ids(&place.scan(rest).await);
                assert_eq!(rest, whole[((index + 1) * batch).min(count)..], "{batch}, {index}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_has_no_counterpart_is_told_and_the_others_go_on() {
    let place = Place::java().await;
    let old = bson::Binary { subtype: bson::spec::BinarySubtype::UuidOld, bytes: vec![7; 16] };
    let time = bson::Timestamp { time: 1, increment: 2 };
    place
        .put(
            "c",
            vec![
                doc! { "_id": 1, "ok": true },
                doc! { "_id": 2, "a": { "list": [1, { "ref": old.clone() }] } },
                doc! { "_id": 3, "at": time },
                doc! { "_id": 4, "d": "NaN".parse::<bson::Decimal128>().unwrap() },
                doc! { "_id": old, "x": 1 },
                doc! { "_id": 6, "ok": true },
            ],
        )
        .await;
    let batches = place.scan(request("c", 100)).await;
    assert_eq!(ids(&batches), [1.into(), Value::Int(6)]);
    let broken: Vec<_> = batches[0]
        .broken
        .iter()
        .map(|record| {
            let problem = &record.problem;
            (record.key.clone(), problem.reason.clone(), problem.field.clone().unwrap())
        })
        .collect();
    let key = |id: i64| Key::new([&Value::Int(id)]).unwrap();
    assert_eq!(broken[0], (key(2), "uuid_order".into(), "a.list.1.ref".into()));
    assert_eq!(broken[1], (key(3), "type".into(), "at".into()));
    assert_eq!(broken[2], (key(4), "number".into(), "d".into()));
    assert_eq!((&*broken[3].1, &*broken[3].2), ("uuid_order", "_id"));
    // A read that has to have the document says so, with its path and without its value.
    let select =
        Select { entity: "c".into(), filter: compare("_id", Equal, 2), ..Select::default() };
    let error = place.store.select(&select).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt);
    assert!(error.message.contains("a.list.1.ref"), "{error}");
    // One that does not look at the field goes on.
    let select = Select { columns: Some(names(&["_id"])), ..select };
    assert_eq!(place.store.select(&select).await.unwrap().rows, [[Value::Int(2)]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uuids_of_old_drivers_by_policy() {
    let id = bson::Uuid::parse_str("00112233-4455-6677-8899-aabbccddeeff").unwrap();
    let value = Value::Uuid(uuid::Uuid::from_bytes(id.bytes()));
    let orders = [
        (UuidOrder::Standard, bson::UuidRepresentation::PythonLegacy),
        (UuidOrder::Java, bson::UuidRepresentation::JavaLegacy),
        (UuidOrder::CSharp, bson::UuidRepresentation::CSharpLegacy),
    ];
    for (order, driver) in orders {
        let policies = Policies { uuid_order: Some(order), ..Policies::default() };
        let place = Place::on(&servers::mongo_java(), policies).await;
        let old = bson::Binary::from_uuid_with_representation(id, driver);
        place.put("c", vec![doc! { "_id": old, "n": 1 }]).await;
        assert_eq!(ids(&place.scan(request("c", 10)).await), std::slice::from_ref(&value));
        // It is found by its value, to be read and to be changed.
        let filter = Filter::Tuples { paths: names(&["_id"]), tuples: vec![vec![value.clone()]] };
        assert_eq!(place.store.count("c", &filter).await, Ok(1));
        let (key, set, rows) = (names(&["_id"]), names(&["n"]), [vec![value.clone(), 2.into()]]);
        let update = Update { entity: "c", key: &key, set: &set, rows: &rows };
        assert_eq!(place.store.session().await.unwrap().update(update).await, Ok(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_arrive_as_bson_of_the_right_kind() {
    let place = Place::java().await;
    let document = parse(
        r#"{"_id": 1, "small": 5, "large": 5000000000, "float": 5.0, "exact": {"$numberDecimal": "1.10"},
            "long": {"$numberDecimal": "12345678901234567890.12345678901234"},
            "old": {"$date": "1890-01-01T00:00:00.001Z"}, "id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"},
            "z": {"b": [1, [null, {}]], "a": ""}, "nul": "a\u0000b", "nan": {"$numberDouble": "NaN"}}"#,
    );
    let rows = [vec![document.clone()]];
    let layout = Layout::Document;
    let insert = Insert { entity: "c", layout: &layout, rows: &rows, returning: &[] };
    place.store.session().await.unwrap().insert(insert).await.unwrap();
    let stored = place.raw.collection::<Document>("c").find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(stored.get("small"), Some(&Bson::Int32(5)));
    assert_eq!(stored.get("large"), Some(&Bson::Int64(5_000_000_000)));
    assert_eq!(stored.get("float"), Some(&Bson::Double(5.0)));
    assert_eq!(stored.get("exact"), Some(&Bson::Decimal128("1.10".parse().unwrap())));
    let id = bson::Uuid::parse_str("00112233-4455-6677-8899-aabbccddeeff").unwrap();
    assert_eq!(stored.get("id"), Some(&Bson::Binary(id.into())));
    let order: Vec<&String> = stored.keys().collect();
    assert_eq!(order[9..], ["nul", "nan"]);
    let read = place.scan(request("c", 10)).await;
    // NaN is equal to nothing, so it is compared as text.
    assert_eq!(format!("{:?}", read[0].rows), format!("{rows:?}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decimals_meet_fractions_as_on_every_store() {
    let place = Place::java().await;
    place
        .put(
            "c",
            vec![
                doc! { "_id": 1, "a": 0.1 },
                doc! { "_id": 2, "a": "0.1".parse::<bson::Decimal128>().unwrap() },
                doc! { "_id": 3, "a": "0.10000000000000000001".parse::<bson::Decimal128>().unwrap() },
                doc! { "_id": 4, "a": 2.5 },
            ],
        )
        .await;
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    let cases: [(_, Value, &[i64]); 7] = [
        (Equal, 0.1.into(), &[1, 2]),
        (Equal, decimal("0.1"), &[1, 2]),
        (Greater, decimal("0.1"), &[3, 4]),
        (GreaterOrEqual, 0.1.into(), &[1, 2, 3, 4]),
        (Less, decimal("0.10000000000000000001"), &[1, 2]),
        (LessOrEqual, 0.1.into(), &[1, 2]),
        (Equal, decimal("2.50"), &[4]),
    ];
    for (operator, value, expected) in cases {
        let filter = compare("a", operator, value);
        let mut read = request("c", 10);
        read.filter = filter.clone();
        let expected: Vec<Value> = expected.iter().copied().map(Value::Int).collect();
        assert_eq!(ids(&place.scan(read).await), expected, "{filter:?}");
        assert_eq!(place.store.count("c", &filter).await, Ok(expected.len() as u64), "{filter:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn violations_name_the_index() {
    for place in Place::each().await {
        let mut session = place.store.session().await.unwrap();
        let key = IndexKey { path: "a.mail".into(), descending: false };
        let index = Index { name: "by mail".into(), keys: vec![key], unique: true };
        let definition = Definition::CreateIndex { entity: "c".into(), index };
        session.define(&definition).await.unwrap();
        let row = |text: &str| vec![parse(text)];
        let layout = Layout::Document;
        let first = [row(r#"{"_id": 1, "a": {"mail": "secret@x"}}"#)];
        let insert = Insert { entity: "c", layout: &layout, rows: &first, returning: &[] };
        session.insert(insert).await.unwrap();
        let second = [
            row(r#"{"_id": 2, "a": {"mail": "other"}}"#),
            row(r#"{"_id": 3, "a": {"mail": "secret@x"}}"#),
        ];
        let insert = Insert { entity: "c", layout: &layout, rows: &second, returning: &[] };
        let Err(WriteError::Record(violation)) = session.insert(insert).await else { panic!() };
        assert_eq!(violation.kind, ViolationKind::Unique);
        assert_eq!(violation.constraint.as_deref(), Some("by mail"));
        assert!(!format!("{violation:?}").contains("secret"), "{violation:?}");
        // The other one was taken back.
        assert_eq!(place.store.count("c", &Filter::All).await, Ok(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_that_can_not_be_are_the_records_fault() {
    for place in Place::each().await {
        place.put("c", vec![doc! { "_id": 1, "a": 5 }, doc! { "_id": 2, "a": {} }]).await;
        let mut session = place.store.session().await.unwrap();
        let (key, set) = (names(&["_id"]), names(&["a.b"]));
        let rows = [vec![1.into(), 9.into()], vec![2.into(), Value::Int(9)]];
        let update = Update { entity: "c", key: &key, set: &set, rows: &rows };
        let Err(WriteError::Record(violation)) = session.update(update).await else { panic!() };
        assert_eq!(violation.kind, ViolationKind::Value);
        let update = Update { entity: "c", key: &key, set: &set, rows: &rows[1..] };
        assert_eq!(session.update(update).await, Ok(1));
        let big = Value::from("x".repeat(17 * 1024 * 1024));
        let rows = [vec![1.into(), big]];
        let update = Update { entity: "c", key: &key, set: &set, rows: &rows };
        let Err(WriteError::Record(violation)) = session.update(update).await else { panic!() };
        assert_eq!(violation.kind, ViolationKind::Value);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_is_read_in_key_order_and_resumed() {
    for place in Place::each().await {
        let document = |n: i32| doc! { "_id": n, "lines": [{ "p": n % 4 }, { "p": n % 7 }], "open": n % 2 == 0 };
        place.put("orders", (0..40).map(document).collect()).await;
        let stages = [
            r#"{"$match": {"open": true}}"#,
            r#"{"$unwind": "$lines"}"#,
            r#"{"$project": {"p": "$lines.p"}}"#,
        ];
        let pipeline = |key: &[&str], batch| ScanRequest {
            source: ScanSource::Pipeline {
                entity: "orders".into(),
                stages: stages.iter().map(|t| extended_json::parse_plain(t).unwrap()).collect(),
            },
            key: names(key),
            ..request("orders", batch)
        };
        for key in [&["_id"][..], &["p", "_id"]] {
            let whole: Vec<Row> =
                place.scan(pipeline(key, 1000)).await.into_iter().flat_map(|b| b.rows).collect();
            assert_eq!(whole.len(), 40);
            for batch in [1, 3, 7] {
                let batches = place.scan(pipeline(key, batch)).await;
                let mut read = 0;
                for part in &batches {
                    read += part.rows.len();
                    let mut rest = pipeline(key, batch);
                    rest.after = Some(part.checkpoint.clone());
                    let rest: usize = place.scan(rest).await.iter().map(|b| b.rows.len()).sum();
                    assert_eq!(read + rest, 40, "batch {batch}");
                }
                assert_eq!(read, 40);
                // Records of one key stay together.
                for pair in batches.windows(2) {
                    assert_ne!(pair[0].keys.last(), pair[1].keys.first());
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lock_is_one_and_is_taken_over_from_the_dead() {
    for place in Place::each().await {
        let lock = place.store.lock().await.unwrap();
        let other =
            connectors::open(&config(place.database.url(), Model::Documents)).await.unwrap();
        let error = other.lock().await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Locked);
        assert!(error.message.contains(&std::process::id().to_string()), "{error}");
        // Given back, it is there at once for the next.
        drop(lock);
        let again = other.lock().await.unwrap();
        // It is kept while its holder lives.
        tokio::time::sleep(std::time::Duration::from_secs(11)).await;
        assert_eq!(place.store.lock().await.unwrap_err().kind, StoreErrorKind::Locked);
        let mut session = other.session().await.unwrap();
        session.begin().await.unwrap();
        // Another took it: nothing more is written.
        let leases = place.raw.collection::<Document>("mapper_lock");
        let lost = doc! { "$set": { "token": "another", "process": 0_i64, "started": "then:1" } };
        leases.update_one(doc! { "_id": "run" }, lost).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        let layout = Layout::Document;
        let rows = [vec![parse(r#"{"_id": 1}"#)]];
        let insert = Insert { entity: "c", layout: &layout, rows: &rows, returning: &[] };
        let Err(WriteError::Store(error)) = session.insert(insert).await else { panic!() };
        assert_eq!(error.kind, StoreErrorKind::Locked);
        assert_eq!(place.store.count("c", &Filter::All).await, Ok(0));
        drop(again);
        // A holder that is gone from this host does not keep it, though its lease has not run out.
        let far = doc! { "$set": { "expires": i64::MAX } };
        leases.update_one(doc! { "_id": "run" }, far.clone()).await.unwrap();
        let taken = place.store.lock().await.unwrap();
        drop(taken);
        place.store.close().await;
        // One of another host does.
        let elsewhere = doc! { "_id": "run", "token": "t", "host": "elsewhere", "process": 1_i64,
        "started": "then:1", "expires": i64::MAX };
        leases.insert_one(elsewhere).await.unwrap();
        let error = other.lock().await.unwrap_err();
        assert!(error.message.contains("process 1 on elsewhere"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_told_without_secrets() {
    let url = "mongodb://me:hunter2@127.0.0.1:1/shop?serverSelectionTimeoutMS=200";
    let error = connectors::open(&config(url.into(), Model::Documents)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert!(error.message.contains("mongodb://127.0.0.1:1/shop"), "{error}");
    for url in [url, "mongodb://me:hunter2@127.0.0.1:1", "mongodb://me:hunter2@h/d?w=0"] {
        let error = connectors::open(&config(url.into(), Model::Documents)).await.unwrap_err();
        assert!(!error.message.contains("hunter2") && !error.message.contains("me:"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_refuses_is_told_by_code_and_not_in_its_words() {
    let place = Place::on(&servers::ferretdb(), Policies::default()).await;
    place.put("c", vec![doc! { "_id": 1 }]).await;
    let stage = extended_json::parse_plain(r#"{"$merge": {"into": "secret"}}"#).unwrap();
    let request = ScanRequest {
        source: ScanSource::Pipeline { entity: "c".into(), stages: vec![stage] },
        ..request("c", 10)
    };
    let error = match place.store.scan(request).await {
        Ok(mut scan) => scan.next().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind, StoreErrorKind::Unsupported);
    assert!(error.message.contains("code 238 NotImplemented"), "{error}");
    assert!(!error.message.contains("secret"), "{error}");
    let refused =
        place.store.fit(parse(r#"{"$numberDecimal": "1.5"}"#), &mapper::value::Column::any());
    assert!(refused.is_err_and(|problem| problem.message.contains("FerretDB")));
    let script = Definition::Script("CREATE TABLE t (a)".into());
    let error = place.store.session().await.unwrap().define(&script).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unsupported);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_outlives_a_lost_cursor_and_tells_of_a_lost_server() {
    for server in [servers::ferretdb(), servers::mongo_java()] {
        let proxy = Proxy::before(&server);
        let database = server.database();
        let url = format!("{}?serverSelectionTimeoutMS=3000", proxy.url(&database.url()));
        let store = connectors::open(&config(url, Model::Documents)).await.unwrap();
        let row = |id: i64| vec![parse(&format!(r#"{{"_id": {id}, "marked": "secret"}}"#))];
        let rows: Vec<Row> = (0..40).map(row).collect();
        let layout = Layout::Document;
        let insert = Insert { entity: "c", layout: &layout, rows: &rows, returning: &[] };
        store.session().await.unwrap().insert(insert).await.unwrap();
        let mut scan = store.scan(request("c", 3)).await.unwrap();
        let mut read = vec![scan.next().await.unwrap().unwrap()];
        proxy.cut();
        read.push(scan.next().await.unwrap().unwrap());
        proxy.cut();
        while let Some(batch) = scan.next().await.unwrap() {
            read.push(batch);
        }
        assert_eq!(ids(&read), (0..40).map(Value::Int).collect::<Vec<_>>());
        let mut scan = store.scan(request("c", 3)).await.unwrap();
        scan.next().await.unwrap().unwrap();
        proxy.refuse(true);
        proxy.cut();
        let error = loop {
            match scan.next().await {
                Ok(batch) => assert!(batch.is_some(), "the end was not reached"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, StoreErrorKind::Unavailable);
        let mut session = store.session().await.unwrap();
        let insert = Insert { entity: "c", layout: &layout, rows: &rows, returning: &[] };
        let Err(WriteError::Store(error)) = session.insert(insert).await else { panic!() };
        assert_eq!(error.kind, StoreErrorKind::Unavailable);
        assert!(!error.message.contains("secret"), "{error}");
    }
}

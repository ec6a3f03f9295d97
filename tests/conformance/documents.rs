//! What is the documents' own.

use mapper::connectors::{Definition, Delete, Insert, Layout, Store, Update, parse_filter};
use mapper::value::query::Select;
use mapper::value::{DataType, Index, IndexKey, Value, extended_json};

use super::fixture::{Fixture, names};

const DOCUMENTS: [&str; 9] = [
    r#"{"_id": 1, "a": {"b": 5}, "tags": ["x", "y"], "s": "open"}"#,
    r#"{"_id": 2, "a": [{"b": 5}, {"b": 7}], "tags": "x", "s": null}"#,
    r#"{"_id": "3", "a": {"b": "5"}, "tags": [], "s": "[odd"}"#,
    r#"{"_id": {"$oid": "0123456789abcdef01234567"}, "a": {"b": [1, 9]}, "at": {"$date": "2024-01-31T10:00:00Z"}}"#,
    r#"{"_id": 5, "a": {"b": {"$numberDecimal": "5.0"}}, "at": {"$date": "2024-01-31T10:00:00.250Z"}}"#,
    r#"{"_id": 6, "a": {"b": 5.5}, "ref": {"$oid": "0123456789abcdef01234567"}, "s": true}"#,
    r#"{"_id": 7, "a": 5, "ref": ["r", {"$oid": "0123456789abcdef01234567"}], "s": 1}"#,
    r#"{"_id": 8, "a": {"b": null}, "s": "it's \"quoted\" \\ and ä"}"#,
    r#"{"_id": 9.5, "a": {"b": {"c": 1}}, "s": {"$date": "1960-01-01T00:00:00Z"}}"#,
];

/// A filter, and the places of the documents that MongoDB would find.
const CASES: [(&str, &[usize]); 27] = [
    (r#"{"a.b": 5}"#, &[0, 1, 4]),
    (r#"{"a.b": "5"}"#, &[2]),
    (r#"{"a.b": {"$gt": 5}}"#, &[1, 3, 5]),
    (r#"{"a.b": {"$lte": 5}}"#, &[0, 1, 3, 4]),
    (r#"{"a.b": {"$ne": 5}}"#, &[2, 3, 5, 6, 7, 8]),
    (r#"{"a.b": null}"#, &[6, 7]),
    (r#"{"a.b": {"$exists": false}}"#, &[6]),
    (r#"{"a.b": {"$in": [1, 7]}}"#, &[1, 3]),
    (r#"{"a.b": {"$nin": [1, 7, 5]}}"#, &[2, 5, 6, 7, 8]),
    (r#"{"a.b": {"c": 1}}"#, &[8]),
    (r#"{"a.0.b": 5}"#, &[1]),
    (r#"{"tags": "x"}"#, &[0, 1]),
    (r#"{"tags": ["x", "y"]}"#, &[0]),
    (r#"{"tags": []}"#, &[2]),
    (r#"{"tags": null}"#, &[3, 4, 5, 6, 7, 8]),
    (r#"{"s": "[odd"}"#, &[2]),
    (r#"{"s": {"$gte": "a"}}"#, &[0, 7]),
    (r#"{"s": true}"#, &[5]),
    (r#"{"s": 1}"#, &[6]),
    (r#"{"s": "it's \"quoted\" \\ and ä"}"#, &[7]),
    (r#"{"ref": {"$oid": "0123456789abcdef01234567"}}"#, &[5, 6]),
    (r#"{"_id": {"$oid": "0123456789abcdef01234567"}}"#, &[3]),
    (r#"{"_id": {"$in": [1, "3", 9.5, 2.0]}}"#, &[0, 1, 2, 8]),
    (r#"{"at": {"$gt": {"$date": "2024-01-31T10:00:00Z"}}}"#, &[4]),
    (r#"{"at": {"$lt": {"$date": "2025-01-01T00:00:00Z"}}, "a.b": 1}"#, &[3]),
    (r#"{"$or": [{"a.b": 7}, {"s": "open"}], "$nor": [{"_id": 2}]}"#, &[0]),
    (r#"{"a.b": {"$not": {"$gt": 1}}}"#, &[2, 6, 7, 8]),
];

/// The stores of documents, each empty.
async fn stores() -> Vec<Fixture> {
    let all = Fixture::real().await;
    all.into_iter().filter(Fixture::documents).inspect(|f| println!("on {}", f.name)).collect()
}

fn parse(text: &str) -> Value {
    extended_json::parse(text).unwrap()
}

/// The documents, as far as a store holds them: a decimal may have to be a float.
fn documents(fixture: &Fixture) -> [Value; 9] {
    let plain = r#"{"$numberDecimal": "5.0"}"#;
    DOCUMENTS.map(|text| {
        if fixture.holds_decimals() { parse(text) } else { parse(&text.replace(plain, "5.0")) }
    })
}

/// A filter's table: operators stay as they are, literals are read.
fn operators(text: &str) -> Value {
    fn literals(value: Value) -> Value {
        match value {
            Value::Object(object) => {
                let literal = ["$oid", "$date", "$numberDecimal"];
                if object.iter().any(|(name, _)| literal.contains(&name)) {
                    return parse(&extended_json::to_plain_text(&Value::Object(object)).unwrap());
                }
                let fields = object.iter().map(|(name, value)| (name, literals(value.clone())));
                Value::object(fields.collect())
            }
            Value::Array(values) => Value::array(values.iter().cloned().map(literals).collect()),
            value => value,
        }
    }
    literals(extended_json::parse_plain(text).unwrap())
}

async fn insert(store: &dyn Store, entity: &str, documents: &[Value]) {
    let rows: Vec<_> = documents.iter().map(|document| vec![document.clone()]).collect();
    let layout = Layout::Document;
    let insert = Insert { entity, layout: &layout, rows: &rows, returning: &[] };
    store.session().await.unwrap().insert(insert).await.unwrap();
}

async fn all(store: &dyn Store, entity: &str) -> Vec<Value> {
    let select = Select { entity: entity.into(), ..Select::default() };
    store.select(&select).await.unwrap().rows.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_find_what_mongodb_finds_with_and_without_indexes() {
    for fixture in stores().await {
        let documents = documents(&fixture);
        insert(fixture.store.as_ref(), "c", &documents).await;
        for indexed in [false, true] {
            if indexed {
                for path in ["a.b", "tags", "s", "ref", "at"] {
                    let keys = vec![IndexKey { path: path.into(), descending: false }];
                    let index = Index { name: format!("by_{path}"), keys, unique: false };
                    let definition = Definition::CreateIndex { entity: "c".into(), index };
                    fixture.store.session().await.unwrap().define(&definition).await.unwrap();
                }
            }
            for (text, expected) in CASES {
                let filter = parse_filter(&operators(text)).unwrap();
                let select =
                    Select { entity: "c".into(), filter: filter.clone(), ..Select::default() };
                let mut found = fixture.store.select(&select).await.unwrap().rows;
                let mut expected: Vec<_> =
                    expected.iter().map(|i| vec![documents[*i].clone()]).collect();
                let by_text = |row: &Vec<Value>| format!("{row:?}");
                found.sort_by_key(by_text);
                expected.sort_by_key(by_text);
                assert_eq!(found, expected, "{text}, indexed: {indexed}");
                assert_eq!(
                    fixture.store.count("c", &filter).await.unwrap(),
                    expected.len() as u64,
                    "{text}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_set_and_take_out_paths_in_place() {
    for fixture in stores().await {
        let before = r#"{"_id": 1, "z": {"a": 1, "b": {"c": 2}}, "y": "keep", "x": 3}"#;
        insert(fixture.store.as_ref(), "c", &[parse(before), parse(r#"{"_id": 2}"#)]).await;
        let (key, set) = (names(&["_id"]), names(&["z.b.c", "x", "new.deep"]));
        let rows = [vec![1.into(), Value::Missing, "three".into(), true.into()]];
        let update = Update { entity: "c", key: &key, set: &set, rows: &rows };
        let mut session = fixture.store.session().await.unwrap();
        assert_eq!(session.update(update).await, Ok(1));
        let text = extended_json::to_text(&all(fixture.store.as_ref(), "c").await[0]).unwrap();
        let expected = r#"{"_id":1,"z":{"a":1,"b":{}},"y":"keep","x":"three","new":{"deep":true}}"#;
        assert_eq!(text, expected);
        let (key, set) = (names(&["y"]), names(&["_id"]));
        let rows = [vec!["keep".into(), 5.into()]];
        let update = Update { entity: "c", key: &key, set: &set, rows: &rows };
        assert!(session.update(update).await.is_err(), "an _id does not change");
        let key = names(&["new.deep"]);
        let delete = Delete { entity: "c", key: &key, rows: &[vec![true.into()]] };
        assert_eq!(session.delete(delete).await, Ok(1));
        assert_eq!(all(fixture.store.as_ref(), "c").await, [parse(r#"{"_id": 2}"#)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_tells_types_by_path() {
    for fixture in stores().await {
        insert(fixture.store.as_ref(), "c", &documents(&fixture)).await;
        let schema = fixture.store.profile("c").await.unwrap().unwrap();
        assert_eq!((schema.sampled, schema.open), (Some(9), true));
        assert_eq!(schema.column("a.b").unwrap().data_type, DataType::Any);
        assert!(schema.column("a.b").unwrap().nullable);
        assert_eq!(schema.column("at").unwrap().data_type, DataType::Timestamp);
        assert!(!schema.column("a").unwrap().nullable);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn index_names_are_each_collections_own() {
    for fixture in stores().await {
        let mut session = fixture.store.session().await.unwrap();
        let keys = vec![IndexKey { path: "a.b".into(), descending: true }];
        let index = Index { name: "same".into(), keys, unique: false };
        for entity in ["one", "two"] {
            let definition =
                Definition::CreateIndex { entity: entity.into(), index: index.clone() };
            session.define(&definition).await.unwrap();
        }
        let drop = Definition::DropIndex { entity: "two".into(), name: "same".into() };
        session.define(&drop).await.unwrap();
        let indexes = async |entity| fixture.store.describe(entity).await.unwrap().unwrap().indexes;
        // mongo-java-server drops the indexes of that name in every collection.
        if fixture.name != "mongo-java-server" {
            assert_eq!(indexes("one").await, [index]);
        }
        assert_eq!(indexes("two").await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_without_an_id_gets_one() {
    for fixture in stores().await {
        insert(fixture.store.as_ref(), "c", &[parse(r#"{"a": 1}"#), parse(r#"{"a": 2}"#)]).await;
        let documents = all(fixture.store.as_ref(), "c").await;
        let first = documents[0].as_object().unwrap();
        assert_eq!(first.iter().next().unwrap().0, "_id");
        assert!(matches!(first.get("_id"), Some(Value::ObjectId(_))));
        assert_eq!(documents.len(), 2);
    }
}

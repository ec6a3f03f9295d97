//! Lookups in a table or collection: from memory where it is small, by asking where it is large or
//! may change, and the same either way.

use std::sync::Arc;

use mapper::connectors::{Checkpoint, Definition, Layout, ScanSource, SourceBatch, memory};
use mapper::expr::{Expr, LookupCall, Mapping, OnError, OnMissing, Origin, Path};
use mapper::plan::{
    Graph, Lookup, LookupKind, Node, OnDuplicate, OnMany, Phase, Plan, Source, Target, Transaction,
    Work, WriteMode,
};
use mapper::run::{ItemOutcome, Shape, Stores, Transformer};
use mapper::value::query::Filter;
use mapper::value::{DataType, FieldPath, Key, Row, Value};

use super::fixture::{Fixture, names};

const MANY: [OnMany; 4] = [OnMany::Reject, OnMany::First, OnMany::Last, OnMany::All];

/// A phase that looks up `id` in `things` by `code` and `n`, and writes to `target`.
async fn lookup(fixture: &Fixture, target: &str, on_many: OnMany) -> Transformer {
    let expr = |origin| Expr { origin, steps: vec![], default: None, on_error: OnError::Reject };
    let path = |name| expr(Origin::Path(Path::parse(name, false, None).unwrap()));
    let call =
        LookupCall { lookup: 0, keys: vec![path("code"), path("n")], on_missing: OnMissing::Null };
    let kind = LookupKind::Entity {
        connection: 0,
        entity: "things".into(),
        take: "id".into(),
        by: names(&["code", "n"]),
        on_many,
    };
    let phase = Phase {
        spec: "test".into(),
        name: "copy".into(),
        renamed_from: None,
        description: None,
        checksum: String::new(),
        source: Source {
            connection: 0,
            scan: ScanSource::Entity("source".into()),
            key: names(&["id"]),
            filter: Filter::All,
            changes: None,
        },
        target: Target {
            connection: 0,
            entity: target.into(),
            key: vec![],
            write: WriteMode::Append,
        },
        mapping: Mapping {
            fields: vec![(FieldPath::field("found"), expr(Origin::Lookup(call)))],
            ..Mapping::default()
        },
        lookups: vec![Lookup { kind, stub: false }],
        batch: 100,
        transaction: Transaction::Auto,
        on_duplicate: OnDuplicate::Reject,
        max_rejects: None,
        expected: None,
        ignore: vec![],
        follows: None,
        enrich: Vec::new(),
        enabled: true,
        off: mapper::plan::Off::default(),
        deleted: None,
        backup: None,
    };
    let node = Node { work: Work::Phase(0), name: "test.copy".into(), after: vec![] };
    let plan =
        Plan { phases: vec![phase.clone()], graph: Graph { nodes: vec![node] }, ..Plan::default() };
    // What is found is told as it is: no column makes it into something else.
    let shape = Arc::new(Shape::new(&phase, &*memory::documents(), None).unwrap());
    let stores = Stores::from_stores(vec![Arc::clone(&fixture.store)]);
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    Transformer::open(&plan, &Arc::new(phase), &shape, &stores, now, None).await.unwrap()
}

/// What is found for each `(code, n)`; `None` when it is refused because there are several.
async fn find(transformer: &mut Transformer, asked: &[Row]) -> Vec<Option<Value>> {
    let batch = SourceBatch {
        layout: Layout::Columns(names(&["code", "n"]).into()),
        rows: asked.to_vec(),
        keys: (0i64..).take(asked.len()).map(|n| Key::new([&Value::Int(n)])).collect(),
        broken: vec![],
        checkpoint: Checkpoint(vec![]),
        bytes: 0,
    };
    let items = transformer.map(batch).await.unwrap().items;
    items
        .into_iter()
        .map(|item| match item.outcome {
            ItemOutcome::Row { values, .. } if values[0].is_absent() => Some(Value::Null),
            ItemOutcome::Row { mut values, .. } => Some(values.remove(0)),
            ItemOutcome::Rejected(problem) => {
                assert_eq!(problem.reason, "lookup_many", "{problem:?}");
                None
            }
            ItemOutcome::Skipped(reason) => panic!("{reason}"),
        })
        .collect()
}

/// What there is to be found among rows of `id`, `code` and `n`, as keys compare.
fn expected(things: &[Row], asked: &Row, on_many: OnMany) -> Option<Value> {
    let Ok(key) = Key::new(asked) else { return Some(Value::Null) };
    let same = |thing: &&Row| Key::new(&thing[1..]).is_ok_and(|other| other == key);
    let mut ids: Vec<Value> = things.iter().filter(same).map(|thing| thing[0].clone()).collect();
    match on_many {
        _ if ids.is_empty() => Some(Value::Null),
        OnMany::All => Some(Value::array(ids)),
        OnMany::First => Some(ids.remove(0)),
        OnMany::Last => ids.pop(),
        OnMany::Reject => ids.pop().filter(|_| ids.is_empty()),
    }
}

fn column(fixture: &Fixture) -> &'static str {
    if fixture.documents() { "_id" } else { "id" }
}

async fn create(fixture: &Fixture) {
    let columns = [("id", DataType::INT64), ("code", DataType::TEXT), ("n", DataType::INT64)];
    fixture.create("things", &columns, &["id"]).await;
    // Columns for which `a` and `A` are one do not make them one here.
    let script = match fixture.name {
        "PostgreSQL" => {
            "CREATE EXTENSION IF NOT EXISTS citext; ALTER TABLE things ALTER code TYPE citext"
        }
        "MariaDB" => {
            "ALTER TABLE things MODIFY code VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
        }
        "sqlite tables" => {
            "DROP TABLE things; CREATE TABLE things (id INTEGER PRIMARY KEY, code TEXT COLLATE NOCASE, n INTEGER)"
        }
        _ => return,
    };
    let mut session = fixture.session().await;
    session.begin().await.unwrap();
    session.define(&Definition::Script(script.to_owned())).await.unwrap();
    session.commit().await.unwrap();
}

/// Inserts rows of `id`, `code` and `n`; a document's `_id` is its `id`.
async fn insert(fixture: &Fixture, things: &[Row]) {
    if !fixture.documents() {
        return fixture.insert("things", &["id", "code", "n"], things.to_vec()).await;
    }
    let with_id = |thing: &Row| [vec![thing[0].clone()], thing.clone()].concat();
    let rows = things.iter().map(with_id).collect();
    fixture.insert("things", &[column(fixture), "id", "code", "n"], rows).await;
}

const CODES: [&str; 8] = ["a", "A", "a ", "ä", "", "b", "0", "a'\\"];

pub(crate) async fn small_and_large_give_the_same(fixture: &Fixture) {
    create(fixture).await;
    let mut things: Vec<Row> = Vec::new();
    for id in 0..150i64 {
        // Any sequence does, as long as some come once, some often and some never.
        let place = (id * id + id / 7) % 11;
        let code = CODES.get(usize::try_from(place).unwrap()).copied();
        let n = if id % 13 == 0 { Value::Null } else { Value::Int(id * 5 % 17) };
        things.push(vec![Value::Int(id), code.map_or(Value::Null, Value::from), n]);
    }
    if fixture.documents() {
        things.push(vec![Value::Int(150), Value::Missing, Value::Int(3)]);
        things.push(vec![Value::Int(151), Value::array(vec!["a".into(), "b".into()]), 3.into()]);
        things.push(vec![Value::Int(152), "a".into(), Value::Float(2.5)]);
        things.push(vec![Value::Int(153), "a".into(), "3".into()]);
        things.push(vec![Value::Int(154), Value::Int(3), Value::Int(3)]);
    }
    insert(fixture, &things).await;
    let numbers = (-1..18).map(Value::Int);
    let others = [Value::Float(3.0), Value::Float(2.5), "3".into(), Value::Null];
    let numbers: Vec<Value> = numbers.chain(others).collect();
    let codes = CODES.iter().map(|code| Value::from(*code));
    let codes = codes.chain([Value::Int(3), Value::Null, Value::Missing, "nothing".into()]);
    let asked: Vec<Row> =
        codes.flat_map(|code| numbers.iter().map(move |n| vec![code.clone(), n.clone()])).collect();
    for on_many in MANY {
        // What the phase writes to itself is asked for, record by record.
        let small = find(&mut lookup(fixture, "others", on_many).await, &asked).await;
        let large = find(&mut lookup(fixture, "things", on_many).await, &asked).await;
        for (asked, (small, large)) in asked.iter().zip(small.iter().zip(&large)) {
            assert_eq!(small, large, "{}: {on_many:?} {asked:?}", fixture.name);
            // A column that turns text into numbers, or the other way, finds what it turned; a
            // fraction is asked for as a decimal, which not every server holds.
            let turned = !fixture.documents()
                && (matches!(asked[0], Value::Int(_)) || matches!(asked[1], Value::Text(_)));
            let refused = !fixture.holds_decimals() && asked[1] == Value::Float(2.5);
            let expected = expected(&things, asked, on_many);
            let told = turned || refused;
            assert!(told || *small == expected, "{}: {on_many:?} {asked:?}", fixture.name);
        }
        assert!(small.iter().flatten().any(|found| !found.is_absent()));
    }
}

pub(crate) async fn what_may_change_is_asked_for(fixture: &Fixture) {
    create(fixture).await;
    insert(fixture, &[vec![1.into(), "a".into(), 1.into()]]).await;
    let mut lookup = lookup(fixture, "things", OnMany::Reject).await;
    let first = find(&mut lookup, &[vec!["a".into(), 1.into()]]).await;
    assert_eq!(first, [Some(Value::Int(1))], "{}", fixture.name);
    insert(fixture, &[vec![2.into(), "b".into(), 1.into()]]).await;
    let second = find(&mut lookup, &[vec!["b".into(), 1.into()]]).await;
    assert_eq!(second, [Some(Value::Int(2))], "{}", fixture.name);
}

/// More than one query may give, and more than is held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_of_one_key() {
    const MOST: i64 = 10_050;
    for fixture in Fixture::all().await {
        if !fixture.name.starts_with("sqlite") {
            continue;
        }
        create(&fixture).await;
        let thing = |id: i64| {
            let often = id % 1000 != 5;
            vec![Value::Int(id), if often { "a" } else { "b" }.into(), Value::Int(1)]
        };
        let things: Vec<Row> = (0..MOST + 20).map(thing).collect();
        insert(&fixture, &things).await;
        let asked: Vec<Row> =
            ["a", "b", "c"].iter().map(|code| vec![(*code).into(), Value::Int(1)]).collect();
        for on_many in MANY {
            let found = find(&mut lookup(&fixture, "others", on_many).await, &asked).await;
            let expected: Vec<_> =
                asked.iter().map(|asked| expected(&things, asked, on_many)).collect();
            assert!(found == expected, "{}: {on_many:?}", fixture.name);
        }
    }
}

//! A database with two sources, and a plan of three phases over it.

use std::sync::Arc;

use mapper::expr::{Expr, LookupCall, Mapping, OnMissing, Origin, Step};
use mapper::plan::{
    Edge, EdgeReason, IndexTask, Lookup, LookupKind, Node, OnConflict, Phase, Work, WriteMode,
};
use mapper::rollback::{self, Request, RollbackOutcome, Scope};
use mapper::run::{Cancel, Event, Observer, Outcome, Silent, Stores};
use mapper::value::{DataType, FieldPath, Index, IndexKey};

use crate::engine::world::{World, expr, path};

const SCRIPT: &str = "
    CREATE TABLE source (id INTEGER PRIMARY KEY, code TEXT, name TEXT);
    CREATE TABLE lines (id INTEGER PRIMARY KEY, source_id INTEGER, amount TEXT);
    CREATE TABLE target (uid TEXT PRIMARY KEY, code TEXT UNIQUE, name TEXT NOT NULL, note TEXT);
    CREATE TABLE line (id INTEGER PRIMARY KEY, uid TEXT REFERENCES target(uid), amount REAL);
    CREATE TABLE remark (id INTEGER PRIMARY KEY, uid TEXT REFERENCES target(uid) ON DELETE CASCADE);
    INSERT INTO source VALUES
        (1, 'a', 'one'), (2, 'b', 'two'), (3, 'c', 'three'), (4, 'd', 'four'),
        (5, 'e', 'five'), (6, 'f', NULL), (7, 'g', 'seven'), (8, 'h', 'eight');
    INSERT INTO lines VALUES (1, 1, '1.5'), (2, 1, '2.25'), (3, 3, '3'), (4, 5, 'x'), (5, 8, '5');
    INSERT INTO target VALUES ('old-b', 'b', 'zwei', 'mine'), ('old-z', 'z', 'rest', NULL);
";

/// Phases `copy` (source to target, conflicts update), `mark` (fills `note`), `lines` (to line, with
/// a lookup of copy's ids), and an index on line.
pub async fn world() -> World {
    let mut world = World::new(SCRIPT).await;
    let mut copy = world.plan.phases.remove(0);
    copy.target.write = WriteMode::Insert(OnConflict::Update);
    copy.batch = 2;
    let mark = Phase {
        name: "mark".into(),
        target: mapper::plan::Target {
            write: WriteMode::Fill { null_is_missing: true },
            ..copy.target.clone()
        },
        mapping: Mapping {
            fields: vec![
                (FieldPath::field("code"), path("code")),
                (FieldPath::field("note"), expr(Origin::Template("note {{ id }}".into()))),
            ],
            ..Mapping::default()
        },
        ..copy.clone()
    };
    let call =
        LookupCall { lookup: 0, keys: vec![path("source_id")], on_missing: OnMissing::Reject };
    let cast = Step::Cast { to: DataType::FLOAT64, timezone: None };
    let lines = Phase {
        name: "lines".into(),
        source: mapper::plan::Source {
            scan: mapper::connectors::ScanSource::Entity("lines".into()),
            ..copy.source.clone()
        },
        target: mapper::plan::Target {
            entity: "line".into(),
            key: vec![FieldPath::field("id")],
            write: WriteMode::Insert(OnConflict::Skip),
            ..copy.target.clone()
        },
        mapping: Mapping {
            fields: vec![
                (FieldPath::field("id"), path("id")),
                (FieldPath::field("uid"), expr(Origin::Lookup(call))),
                (FieldPath::field("amount"), Expr { steps: vec![cast], ..path("amount") }),
            ],
            ..Mapping::default()
        },
        lookups: vec![Lookup {
            kind: LookupKind::Phase { phase: "test.copy".into() },
            stub: false,
        }],
        ..copy.clone()
    };
    world.plan.phases = vec![copy, mark, lines];
    world.plan.indexes = vec![IndexTask {
        spec: 0,
        connection: 0,
        entity: "line".into(),
        index: Index {
            name: "line_by_uid".into(),
            keys: vec![IndexKey { path: "uid".into(), descending: false }],
            unique: false,
        },
        before: false,
    }];
    let after = |node| vec![Edge { node, reason: EdgeReason::After }];
    world.plan.graph.nodes = vec![
        Node { work: Work::Phase(0), name: "test.copy".into(), after: vec![] },
        Node { work: Work::Phase(1), name: "test.mark".into(), after: after(0) },
        Node { work: Work::Phase(2), name: "test.lines".into(), after: after(1) },
        Node { work: Work::Index(0), name: "index".into(), after: after(2) },
    ];
    world
}

/// Everything but the ledger: structure and rows.
pub async fn dump(world: &World) -> Vec<String> {
    let names = "SELECT type, name, sql FROM sqlite_schema \
                 WHERE tbl_name NOT LIKE 'mapper%' AND name NOT LIKE 'sqlite%' ORDER BY 1, 2";
    let mut all = world.text(names).await;
    for table in ["source", "lines", "target", "line", "remark"] {
        let columns = world.text(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let text =
            columns.iter().map(|c| format!("quote({c})")).collect::<Vec<_>>().join("||','||");
        all.extend(world.text(&format!("SELECT '{table}', {text} FROM {table} ORDER BY 2")).await);
    }
    all
}

pub async fn run(world: &World) -> Outcome {
    let outcome = world.outcome(Arc::new(Silent), Cancel::default()).await.unwrap();
    for node in &outcome.nodes {
        assert!(node.error.is_none(), "{:?}", node.error);
    }
    outcome
}

pub async fn undo(world: &World, request: &Request) -> RollbackOutcome {
    undo_watched(world, request, &Silent, &Cancel::default()).await
}

pub async fn undo_watched(
    world: &World,
    request: &Request,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> RollbackOutcome {
    let stores = Stores::open(&world.plan).await.unwrap();
    let _locks = stores.lock(&world.plan).await.unwrap();
    rollback::rollback(&world.plan, &stores, request, observer, cancel).await.unwrap()
}

pub fn all() -> Request {
    Request { scope: Scope::All, ..Request::default() }
}

pub fn forced() -> Request {
    Request { scope: Scope::All, force: true, ..Request::default() }
}

/// Wishes to stop when so many batches were taken back.
pub struct StopUndo {
    pub batches: std::sync::atomic::AtomicU64,
    pub cancel: Cancel,
}

impl Observer for StopUndo {
    fn event(&self, event: &Event) {
        use std::sync::atomic::Ordering;
        if let Event::Undone { .. } = event
            && self.batches.fetch_sub(1, Ordering::SeqCst) == 1
        {
            self.cancel.cancel();
        }
    }
}

//! Generated rows with hard values × generated mappings.

use std::sync::Arc;

use mapper::expr::{ArgumentExpr, Crosswalk, Expr, IdKind, IdRule, OnMissing, Origin, Step};
use mapper::plan::{OnConflict, Transaction, WriteMode};
use mapper::run::Way;
use mapper::value::{DataType, FieldPath, Value};
use proptest::prelude::*;
use proptest::sample::select;

use super::postgres;
use super::world::{Place, both_ways};
use crate::engine::world::{expr, path};

/// The kinds of stores that are tried.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    fn tables(self) -> &'static str {
        match self {
            Self::Sqlite => TABLES,
            Self::Postgres => postgres::TABLES,
        }
    }

    /// The source's columns beside the key.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["n", "t", "s", "b", "r", "d", "at", "m", "u", "raw"],
            Self::Postgres => {
                &["n", "t", "s", "b", "r", "d", "at", "m", "u", "raw", "x", "j", "i", "k"]
            }
        }
    }

    /// The columns that are copied as they are.
    fn copied(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["b", "r", "d", "at", "m", "u", "raw"],
            Self::Postgres => &["b", "r", "d", "at", "m", "u", "raw", "x", "j", "i", "k"],
        }
    }

    fn cell(self, column: &'static str) -> BoxedStrategy<&'static str> {
        match self {
            Self::Sqlite => cell(column).boxed(),
            Self::Postgres => select(postgres::values(column)).boxed(),
        }
    }
}

const TABLES: &str = "
    CREATE TABLE source (
        id INTEGER PRIMARY KEY, n INTEGER, t TEXT, s VARCHAR(5), b BOOLEAN, r REAL, d DATE,
        at DATETIME, m TIMESTAMPTZ, u UUID, raw BLOB
    );
    CREATE TABLE target (
        id INTEGER PRIMARY KEY, n INTEGER, t TEXT, s VARCHAR(4), b BOOLEAN, r REAL, d DATE,
        at DATETIME, m TIMESTAMPTZ, u UUID, raw BLOB, w TEXT, must TEXT NOT NULL DEFAULT '?',
        one TEXT UNIQUE
    );
";

/// Stored values as they may stand in any column: of every class, of every spelling.
const HARD: &[&str] = &[
    "NULL",
    "0",
    "1",
    "2",
    "-1",
    "7",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "1e300",
    "9e999",
    "-0.0",
    "''",
    "'a'",
    "'A'",
    "'open'",
    "' open '",
    "'it''s'",
    "char(160) || 'x' || char(8195)",
    "char(9) || 'tab' || char(10)",
    "'  '",
    "'ßé😀x'",
    "'ßé😀xy'",
    "'abcdef'",
    "'7'",
    "'007'",
    "'a' || char(0) || 'b'",
    "CAST(x'ff41' AS TEXT)",
    "CAST(x'20ff' AS TEXT)",
    "x'00ff'",
    "x''",
    "'2024-01-31'",
    "'2024-02-30'",
    "'2024-01-31 10:20:30'",
    "'2024-01-31T10:20:30'",
    "'2024-01-31 10:20:30.25'",
    "'2024-01-31 10:20:30Z'",
    "'2024-01-31 24:00:00'",
    "'2024-01-31T10:20:30+01:00'",
    "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'",
    "'1B4E28BA-2FA1-11D2-883F-0016D3CCA427'",
    "'1b4e28ba2fa111d2883f0016d3cca427'",
    "'now'",
    "'true'",
];

/// Values that are what the column says, more or less.
fn cell(column: &'static str) -> impl Strategy<Value = &'static str> {
    let usual: &[&str] = match column {
        "n" => &["NULL", "0", "1", "7", "-1", "9223372036854775807"],
        "t" => &[
            "'a'",
            "'open'",
            "' open '",
            "''",
            "NULL",
            "char(160) || 'x' || char(8195)",
            "'ßé😀x'",
        ],
        "s" => &["'a'", "'open'", "NULL", "'abcde'", "'ßé😀x'"],
        "b" => &["0", "1", "NULL"],
        "r" => &["1.5", "-0.25", "NULL", "1e300"],
        "d" => &["'2024-01-31'", "NULL", "'1899-12-31'"],
        "at" => &["'2024-01-31 10:20:30'", "NULL"],
        "m" => &["'2024-01-31 10:20:30Z'", "NULL"],
        "u" => &["'1b4e28ba-2fa1-11d2-883f-0016d3cca427'", "NULL"],
        _ => &["x'00ff'", "NULL"],
    };
    prop_oneof![12 => select(usual), 1 => select(HARD)]
}

fn row(kind: Kind) -> impl Strategy<Value = Vec<&'static str>> {
    kind.columns().iter().map(|column| kind.cell(column)).collect::<Vec<_>>()
}

fn steps(from: &str, steps: Vec<Step>) -> Expr {
    Expr { steps, ..path(from) }
}

fn apply(function: &str, arguments: Vec<Value>) -> Step {
    let arguments = arguments.into_iter().map(|value| (None, ArgumentExpr::Value(value)));
    Step::Apply { function: function.into(), arguments: arguments.collect() }
}

fn crosswalk(codes: &[(&str, Value)], otherwise: Option<Value>) -> Step {
    Step::Crosswalk(Arc::new(Crosswalk {
        name: "codes".into(),
        codes: codes.iter().map(|(code, value)| ((*code).to_owned(), value.clone())).collect(),
        otherwise,
    }))
}

fn or(default: Value, expr: Expr) -> Expr {
    Expr { default: Some(default), ..expr }
}

fn template(text: &str) -> Expr {
    expr(Origin::Template(text.into()))
}

fn texts() -> Vec<Expr> {
    let to_text = || Step::Cast { to: DataType::TEXT, timezone: None };
    let first = |on_missing, all: Vec<Expr>| expr(Origin::First { alternatives: all, on_missing });
    vec![
        path("t"),
        path("s"),
        or("none".into(), path("t")),
        expr(Origin::Value("it's".into())),
        expr(Origin::Value(Value::Null)),
        steps("t", vec![apply("trim", vec![])]),
        steps("t", vec![apply("trim_start", vec![]), apply("empty_to_null", vec![])]),
        or("none".into(), steps("s", vec![apply("trim_end", vec![])])),
        steps("t", vec![apply("null_if", vec!["open".into()])]),
        steps("s", vec![apply("coalesce", vec!["x".into()])]),
        template("Task: {{ t | trim }}"),
        template("{{ n }}-{{ s }}"),
        template("n {{ n }}"),
        steps("n", vec![to_text()]),
        steps("b", vec![to_text()]),
        steps("u", vec![apply("to_text", vec![])]),
        steps(
            "n",
            vec![crosswalk(&[("0", "new".into()), ("7", Value::Null), ("07", "x".into())], None)],
        ),
        or(
            "unknown".into(),
            steps("n", vec![crosswalk(&[("1", "one".into())], Some("other".into()))]),
        ),
        steps(
            "t",
            vec![crosswalk(&[("a", "A".into()), ("open", "B".into())], Some("other".into()))],
        ),
        steps("s", vec![crosswalk(&[("a", "it's".into())], None)]),
        steps("b", vec![crosswalk(&[("true", "yes".into()), ("false", "no".into())], None)]),
        first(OnMissing::Null, vec![path("s"), path("t")]),
        first(OnMissing::Reject, vec![path("t"), path("s")]),
        first(OnMissing::Skip, vec![path("s"), path("t")]),
        or("late".into(), first(OnMissing::Default, vec![path("t"), path("s")])),
        path("let.name"),
        template("{{ let.name }}!"),
        Expr {
            on_error: mapper::expr::OnError::Null,
            ..steps("s", vec![crosswalk(&[("a", "b".into())], None)])
        },
    ]
}

fn integers() -> Vec<Expr> {
    vec![
        path("n"),
        or(Value::Int(i64::MIN), path("n")),
        expr(Origin::Value(Value::Int(-5))),
        steps("n", vec![apply("zero_to_null", vec![])]),
        steps("n", vec![apply("null_if", vec![Value::Int(7)])]),
        steps(
            "t",
            vec![crosswalk(&[("a", Value::Int(1)), ("open", Value::Int(2))], Some(Value::Int(0)))],
        ),
    ]
}

/// A field of the target and how it is computed. Some have no equivalent.
fn fields(kind: Kind) -> impl Strategy<Value = Vec<(FieldPath, Expr)>> {
    let text = |name: &'static str| (Just(name), select(texts()));
    let same = select(kind.copied()).prop_map(|name| (name, path(name)));
    let other = prop_oneof![
        1 => (Just("n"), select(integers())),
        5 => same,
        1 => text("w"),
        1 => text("t"),
        1 => text("s"),
    ];
    let unique = proptest::option::weighted(0.3, text("one"));
    let must = proptest::option::weighted(0.6, text("must"));
    (proptest::collection::vec(other, 1..6), unique, must).prop_map(|(others, unique, must)| {
        let mut fields = vec![(FieldPath::field("id"), path("id"))];
        for (name, expr) in others.into_iter().chain(unique).chain(must) {
            if fields.iter().all(|(known, _)| known.root() != name) {
                fields.push((FieldPath::field(name), expr));
            }
        }
        fields
    })
}

/// Rows that are there before.
fn existing() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![Just(vec![]), proptest::collection::vec(1_i64..30, 1..6)]
}

#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    rows: Vec<Vec<&'static str>>,
    fields: Vec<(FieldPath, Expr)>,
    existing: Vec<i64>,
    on_conflict: OnConflict,
    batch: Option<usize>,
}

fn case(kind: Kind) -> impl Strategy<Value = Case> {
    let conflict = select(vec![
        OnConflict::Skip,
        OnConflict::Skip,
        OnConflict::Update,
        OnConflict::Replace,
        OnConflict::Fail,
    ]);
    (
        proptest::collection::vec(row(kind), 0..24),
        fields(kind),
        existing(),
        conflict,
        proptest::option::of(1_usize..9),
    )
        .prop_map(move |(rows, fields, existing, on_conflict, batch)| Case {
            kind,
            rows,
            fields,
            existing,
            on_conflict,
            batch,
        })
}

impl Case {
    fn script(&self) -> String {
        let mut script = self.kind.tables().to_owned();
        for (index, row) in self.rows.iter().enumerate() {
            script += &format!("INSERT INTO source VALUES ({}, {});", index + 1, row.join(", "));
        }
        for id in &self.existing {
            script += &format!(
                "INSERT INTO target (id, n, t, must) VALUES ({id}, {id}, 'old', 'old')
                 ON CONFLICT DO NOTHING;"
            );
        }
        script
    }

    fn check(&self, runtime: &tokio::runtime::Runtime, place: Place<'_>) -> bool {
        let (way, result) = runtime.block_on(both_ways(place, &self.script(), |world| {
            let phase = world.phase();
            phase.target.key = vec![FieldPath::field("id")];
            phase.target.write = WriteMode::Insert(self.on_conflict);
            phase.mapping.lets = vec![("name".into(), or("nobody".into(), path("s")))];
            phase.mapping.fields.clone_from(&self.fields);
            if let Some(batch) = self.batch {
                phase.batch = batch;
                phase.transaction = Transaction::Batch;
            }
        }));
        assert_eq!(way.describe(), "pushed down");
        result.counts.inserted > 0
    }
}

/// Tries so many cases.
pub fn try_cases(kind: Kind, place: Place<'_>, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let inserted = std::cell::Cell::new(0);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    proptest!(config, |(case in case(kind))| {
        inserted.set(inserted.get() + u32::from(case.check(&runtime, place)));
    });
    assert!(inserted.get() > cases / 4, "too few cases insert anything: {}", inserted.get());
}

#[test]
fn both_ways_give_the_same() {
    try_cases(Kind::Sqlite, Place::Sqlite, 120);
}

#[test]
fn what_has_no_equivalent_streams() {
    let id = |name: Option<&str>| {
        expr(Origin::Id(IdRule {
            kind: IdKind::Uuid(None),
            spec: "test".into(),
            phase: "copy".into(),
            name: name.map(str::to_owned),
        }))
    };
    let cases = [
        (
            steps("t", vec![apply("lower", vec![])]),
            "`w`: the transform `lower` has no exact equivalent",
        ),
        (expr(Origin::Expression("n + 1".into())), "`w`: an expression has no exact equivalent"),
        (
            template("{% if t %}x{% endif %}"),
            "`w`: a template of more than texts and names has no exact equivalent",
        ),
        (template("{{ r }}"), "`w`: only texts and integers are printed alike"),
        (path("r"), "`w`: float is not written into TEXT as it is"),
        (id(None), "`w`: an id made from the key has no exact equivalent; one with a `name` has"),
        (id(Some("n:{{ id }}")), "`w`: SQLite makes no UUIDs of version 5"),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (field, reason) in cases {
        let script = format!("{TABLES} INSERT INTO source (id, t) VALUES (1, 'A'), (2, 'b');");
        let (way, _) = runtime.block_on(both_ways(Place::Sqlite, &script, |world| {
            let phase = world.phase();
            phase.target.key = vec![FieldPath::field("id")];
            phase.mapping.fields =
                vec![(FieldPath::field("id"), path("id")), (FieldPath::field("w"), field.clone())];
        }));
        assert_eq!(way, Way::Streams(reason.to_owned()));
    }
}

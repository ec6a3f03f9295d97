//! Reports: the JSON form after its schema, Markdown, the summary table.

use mapper::plan::{CheckKind, Expect, IndexTask, OnConflict, Operand, Severity, Work, WriteMode};
use mapper::report::{Report, exit_code, summary_table};
use mapper::run::{RunError, RunErrorKind};
use mapper::value::{Index, IndexKey};
use serde_json::{Value, json};

use super::world::{World, check, graph_of, mapped, path, phase, rule};

async fn items() -> World {
    let mut world = World::tables(
        "CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         INSERT INTO source VALUES (1, 'a'), (2, 'b'), (3, NULL), (4, 'd');",
    )
    .await;
    let mut copy = mapped(
        phase("copy", ("source", "id"), "target", WriteMode::Insert(OnConflict::Skip)),
        &["id"],
        vec![("id", path("id")), ("name", path("name"))],
    );
    copy.mapping.skip = vec![rule("id == 1", "the | first")];
    world.add(copy);
    let keys = vec![IndexKey { path: "name".into(), descending: false }];
    let index = Index { name: "target_name".into(), keys, unique: false };
    world.plan.indexes =
        vec![IndexTask { spec: 0, connection: 0, entity: "target".into(), index, before: false }];
    let counted = |count: i64, severity| mapper::plan::Check {
        severity,
        ..check(CheckKind::Query {
            connection: 0,
            query: "SELECT count(*) FROM target".into(),
            expect: Expect { equals: Some(Operand::Value(count.into())), ..Expect::default() },
        })
    };
    world.plan.checks = vec![counted(2, Severity::Error), counted(3, Severity::Warning)];
    world.plan.graph =
        graph_of(vec![Work::Phase(0), Work::Index(0), Work::Check(0), Work::Check(1)]);
    // A check that failed a run would stop what comes after it; here nothing does.
    for node in 1..4 {
        let edge = mapper::plan::Edge { node: node - 1, reason: mapper::plan::EdgeReason::After };
        world.plan.graph.nodes[node].after.push(edge);
    }
    world
}

fn schema() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/report.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    jsonschema::draft7::new(&schema).unwrap()
}

fn assert_valid(report: &Report) -> Value {
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    let errors: Vec<String> = schema()
        .iter_errors(&json)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{json:#}");
    json
}

#[tokio::test]
async fn reports_are_as_the_schema_says() {
    let world = items().await;
    let outcome = world.run().await;
    let report = Report::of_run(&world.plan, &outcome);
    let json = assert_valid(&report);
    assert_eq!((report.exit, exit_code(&outcome)), (3, 3));
    assert_eq!(json["spec"], "shop");
    assert_eq!(json["run"], json!(outcome.runs[0].1));
    assert_eq!(json["runs"], json!([{ "spec": "shop", "run": outcome.runs[0].1 }]));
    let phase = &json["phases"][0];
    assert_eq!((&phase["phase"], &phase["state"]), (&json!("shop.copy"), &json!("completed")));
    assert_eq!(phase["reasons"], json!({ "rejected: not_null": 1, "skipped: the | first": 1 }));
    assert_eq!(
        json["checks"][1],
        json!({
            "name": "a check", "severity": "warning", "passed": false, "actual": "2, expected 3",
            "advice": "Look at it.", "about": "check", "keys": [],
        })
    );

    let clean = world.verify(true).await;
    let json = assert_valid(&Report::of_verification(&world.plan, &clean));
    assert_eq!((&json["exit"], &json["verification"]["open_rejects"]), (&json!(3), &json!(1)));
    assert_eq!(json["run"], json!(outcome.runs[0].1));

    world.execute("UPDATE target SET name = 'x' WHERE id = 2").await;
    let damaged = world.verify(true).await;
    let json = assert_valid(&Report::of_verification(&world.plan, &damaged));
    assert_eq!((&json["exit"], &json["verification"]["passed"]), (&json!(1), &json!(false)));
    assert_eq!(json["verification"]["phases"][0]["fields"], json!({ "name": 1 }));
    assert_eq!(report.with_verification(&damaged).exit, 1);

    let error = RunError::new(RunErrorKind::Refused, "no").help("do this");
    let json = assert_valid(&Report::of_error(&world.plan, &error));
    assert_eq!((&json["exit"], &json["error"]), (&json!(1), &json!("no; do this")));
}

type Damage = fn(&mut Value);

#[tokio::test]
async fn other_reports_are_refused() {
    let world = items().await;
    let outcome = world.run().await;
    let whole = assert_valid(&Report::of_run(&world.plan, &outcome));
    let validator = schema();
    let breaks: [(&str, Damage); 8] = [
        ("no phases", |report| drop(report.as_object_mut().unwrap().remove("phases"))),
        ("unknown key", |report| report["more"] = json!(1)),
        ("exit code", |report| report["exit"] = json!(2)),
        ("state", |report| report["phases"][0]["state"] = json!("done")),
        ("negative count", |report| report["phases"][0]["read"] = json!(-1)),
        ("count as text", |report| report["phases"][0]["read"] = json!("4")),
        ("severity", |report| report["checks"][0]["severity"] = json!("fatal")),
        ("reason", |report| report["phases"][0]["reasons"]["exists"] = json!(1)),
    ];
    for (what, damage) in breaks {
        let mut report = whole.clone();
        damage(&mut report);
        assert!(!validator.is_valid(&report), "{what}");
    }
}

#[tokio::test]
async fn a_run_that_fails_says_why() {
    let world = items().await;
    world.execute("DROP TABLE target").await;
    let outcome = world.run().await;
    let report = Report::of_run(&world.plan, &outcome);
    let json = assert_valid(&report);
    assert_eq!((&json["exit"], &json["phases"][0]["state"]), (&json!(1), &json!("failed")));
    assert_eq!(json["error"], json!("phase shop.copy: the target has no table `target`"));
    assert_eq!(json["checks"], json!([]));
}

#[tokio::test]
async fn the_summary_is_aligned() {
    let world = items().await;
    let mut report = Report::of_run(&world.plan, &world.run().await);
    report.phases[0].seconds = 0.04;
    report.phases.push(report.phases[0].clone());
    let second = &mut report.phases[1];
    (second.phase, second.state) = ("shop.longer_name".into(), "not_selected");
    (second.sources, second.read, second.sources_without_elements) = (7, 12345, 2);
    second.reasons.clear();
    assert_eq!(
        summary_table(&report),
        "\
phase             state          read  inserted  updated  unchanged  skipped  rejected  seconds
shop.copy         completed         4         2        0          0        1         1      0.0
shop.longer_name  not selected  12345         2        0          0        1         1      0.0

reasons
  shop.copy  1  rejected: not_null
  shop.copy  1  skipped: the | first

elements
  shop.longer_name  12345 elements of 7 source records, 2 of them without an element
"
    );
    assert_eq!(summary_table(&Report::default()), "");
}

#[tokio::test]
async fn markdown_reads_well() {
    let world = items().await;
    let outcome = world.run().await;
    world.execute("UPDATE target SET name = 'x' WHERE id = 2").await;
    let report = Report::of_run(&world.plan, &outcome).with_verification(&world.verify(true).await);
    let text = report.to_markdown();
    for part in [
        "# Report: shop\n",
        "**Failed.** Exit code 1.\n",
        "| shop.copy | completed | 4 | 2 | 0 | 0 | 1 | 1 |",
        "| shop.copy | skipped: the \\| first | 1 |\n",
        "\n- **a check** (warning): 2, expected 3\n  - What to do: Look at it.\n",
        "\n- **cells of shop.copy** (error): 2 compared, 1 differ (`name` 1), 2 left out\n  - \
         Records: 2\n",
        "| index target (name) | it is there as `target_name` |\n",
        "| shop.copy | 2 | 0 | 1 | 2 | name 1 |\n",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
    let errors_first = text.find("(error)").unwrap() < text.find("(warning)").unwrap();
    assert!(errors_first);
}

//! Tests of mappings: those of the shipped specs pass, and one that is wrong says where.

use mapper::document::Environment;
use mapper::plan::{Fates, OnConflict, Plan, TestCase, TestLookup, WriteMode};
use mapper::run::Options;
use mapper::test_runner::{Difference, TestOutcome, run_tests};
use mapper::value::{Object, Value};

use super::world::world;
use crate::seeds::world::{load, root};

fn record(fields: &[(&str, Value)]) -> Object {
    fields.iter().cloned().collect()
}

fn case(phase: usize, given: Vec<Object>, expect: Vec<Object>) -> TestCase {
    TestCase {
        name: "case".into(),
        phase,
        given,
        existing: vec![],
        lookups: vec![],
        expect: Some(expect),
        exact: false,
        expect_rejects: None,
        expect_skips: None,
        columns: vec![],
    }
}

async fn one(plan: &Plan, case: TestCase) -> TestOutcome {
    let plan = Plan { tests: vec![case], ..plan.clone() };
    run_tests(&plan, None, &Options::default()).await.remove(0)
}

#[tokio::test]
async fn conflicts_lookups_and_fates() {
    let world = world().await;
    let given = vec![
        record(&[("id", 1.into()), ("code", "a".into()), ("name", "one".into())]),
        record(&[("id", 2.into()), ("code", "b".into()), ("name", "two".into())]),
    ];
    let existing =
        vec![record(&[("code", "b".into()), ("name", "zwei".into()), ("note", "n".into())])];
    let expect = vec![
        record(&[("code", "b".into()), ("name", "two".into()), ("note", "n".into())]),
        record(&[("code", "a".into()), ("name", "one".into())]),
    ];
    let right = TestCase { existing: existing.clone(), ..case(0, given.clone(), expect.clone()) };
    let outcome = one(&world.plan, right.clone()).await;
    assert!(outcome.passed(), "{:?}", outcome.differences);

    let mut skipping = world.plan.clone();
    skipping.phases[0].target.write = WriteMode::Insert(OnConflict::Skip);
    let outcome = one(&skipping, right.clone()).await;
    let text: Vec<String> = outcome.differences.iter().map(ToString::to_string).collect();
    assert_eq!(text, ["record b:\n  name  expected \"two\"\n        actual   \"zwei\""]);
    let skips = Some(Fates::Reasons(vec!["exists".into()]));
    let rest = TestCase { expect_skips: skips, expect: None, ..right.clone() };
    assert!(one(&skipping, rest).await.passed());

    let exact = TestCase { exact: true, ..right.clone() };
    let outcome = one(&world.plan, exact).await;
    assert_eq!(outcome.differences.len(), 1, "the new id is not named: {:?}", outcome.differences);

    let fewer = TestCase { expect: Some(expect[..1].to_vec()), ..right.clone() };
    let outcome = one(&world.plan, fewer).await;
    assert!(matches!(&outcome.differences[..], [Difference::Extra(row)] if row.contains("one")));
    let other = record(&[("code", "c".into())]);
    let more =
        TestCase { expect: Some(vec![expect[0].clone(), expect[1].clone(), other]), ..right };
    let outcome = one(&world.plan, more).await;
    assert!(matches!(&outcome.differences[..], [Difference::Missing(_)]));

    let lines = vec![
        record(&[("id", 1.into()), ("source_id", 7.into()), ("amount", "1.5".into())]),
        record(&[("id", 2.into()), ("source_id", 8.into()), ("amount", "2".into())]),
    ];
    let expect = vec![record(&[("id", 1.into()), ("uid", "u7".into()), ("amount", 1.5.into())])];
    let ids = vec![("7".to_owned(), Value::from("u7"))];
    let lookups = vec![TestLookup::Phase { phase: "test.copy".into(), ids }];
    let lines = TestCase { lookups, ..case(2, lines, expect) };
    let outcome = one(&world.plan, lines.clone()).await;
    let text = outcome.differences[0].to_string();
    assert!(
        text.starts_with("rejects:\n  expected 0\n  actual   1\n  key 2: lookup_missing"),
        "{text}"
    );
    let rejects = Some(Fates::Reasons(vec!["lookup_missing".into()]));
    assert!(one(&world.plan, TestCase { expect_rejects: rejects, ..lines }).await.passed());
}

#[tokio::test]
async fn the_shipped_specs_pass() {
    let shipped = [
        ("specs/mtr_followup.toml", 9),
        ("specs/treatment_goals.toml", 5),
        ("examples/hello/hello.toml", 2),
    ];
    for (spec, count) in shipped {
        let plan = load(&root().join(spec), &Environment::default());
        let outcomes = run_tests(&plan, None, &Options::default()).await;
        for outcome in &outcomes {
            let text: Vec<String> = outcome.differences.iter().map(ToString::to_string).collect();
            assert!(outcome.passed(), "{spec}, {}:\n{}", outcome.name, text.join("\n"));
        }
        assert_eq!(outcomes.len(), count, "{spec}");
        let filtered = run_tests(&plan, Some("no test has this name"), &Options::default()).await;
        assert!(filtered.is_empty());
    }
}

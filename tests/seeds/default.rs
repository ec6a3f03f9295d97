//! The default fixtures: run, run again, dry run.

use std::collections::BTreeMap;

use super::world::{World, counts, root};

pub type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// What a run must count, computed by the fixtures' generator and not by mapper.
pub fn expected(example: &str, run: &str) -> Counts {
    let path = root().join("examples").join(example).join("expected_counts.json");
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut phases = Counts::new();
    for (phase, counts) in all[run].as_object().unwrap() {
        let into = phases.entry(phase.clone()).or_default();
        for (name, count) in counts.as_object().unwrap() {
            match count.as_u64() {
                Some(count) => {
                    into.insert(name.clone(), count);
                }
                None => {
                    for (reason, count) in count.as_object().unwrap() {
                        into.insert(format!("reason {reason}"), count.as_u64().unwrap());
                    }
                }
            }
        }
    }
    phases
}

pub fn reasons_alike(counts: Counts) -> Counts {
    let plain = |name: String| match name.split_once(": ") {
        Some((_, reason)) => format!("reason {reason}"),
        None => name,
    };
    counts
        .into_iter()
        .map(|(phase, counts)| (phase, counts.into_iter().map(|(n, c)| (plain(n), c)).collect()))
        .collect()
}

async fn runs_as_expected(spec: &str, variable: &str, example: &str) {
    let mut world = World::new(spec, variable);
    world.options.dry_run = true;
    let dry = world.run().await;
    assert!(!world.folder.path().join("test.db").exists(), "the dry run made a database");
    world.options.dry_run = false;
    let wet = world.run().await;
    assert_eq!(counts(&dry), counts(&wet));
    assert_eq!(reasons_alike(counts(&wet)), expected(example, "first_run"));
    for node in &wet.nodes {
        if let Some(check) = &node.check {
            // How quick a read is says nothing on a busy machine.
            let timed = check.name.contains("quick");
            assert!(check.passed || timed, "{}: {}", check.name, check.actual);
        }
    }
    assert!(!wet.is_failed() && wet.rejected() == 0);

    let before = world.dump().await;
    world.options.dry_run = true;
    let dry = world.run().await;
    assert_eq!(reasons_alike(counts(&dry)), expected(example, "second_run"));
    world.options.dry_run = false;
    let again = world.run().await;
    assert_eq!(reasons_alike(counts(&again)), expected(example, "second_run"));
    assert!(world.dump().await == before, "the second run changed something");
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_become_appointments() {
    runs_as_expected("specs/mtr_followup.toml", "CLINIC_URL", "mtr_followup").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn action_items_become_goals() {
    runs_as_expected("specs/treatment_goals.toml", "APP_URL", "treatment_goals").await;
}

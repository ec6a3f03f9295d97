//! The dirty fixtures: every planted record is rejected for its reason, and no other one.

use std::collections::BTreeSet;

use mapper::value::Value;

use super::world::{World, counts, root};

type Reject = (String, String, Option<u64>, String);

fn planted(example: &str) -> BTreeSet<Reject> {
    let path = root().join("examples").join(example).join("dirty/expected_rejects.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| {
            let reject: serde_json::Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| match &reject[name] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (field("phase"), field("key"), reject["element"].as_u64(), field("kind"))
        })
        .collect()
}

async fn rejects_what_is_planted(spec: &str, variable: &str, example: &str) {
    let mut world = World::new(spec, variable);
    let folder = root().join("examples").join(example).join("dirty");
    world.plan.connections[0].fixtures = Some(folder);
    let outcome = world.run().await;
    let rejected: u64 = counts(&outcome).values().map(|phase| phase["rejected"]).sum();
    let planted = planted(example);
    let stores = world.open().await;
    let mut found = BTreeSet::new();
    for phase in &world.plan.phases {
        let ledger = stores.ledger(phase.target.connection);
        for reject in ledger.open_rejects(&phase.history_name()).await.unwrap() {
            let mut key = reject.key.values().unwrap();
            let element = match key.pop() {
                Some(Value::Int(number)) if !key.is_empty() => Some(number.unsigned_abs()),
                Some(other) => {
                    key.push(other);
                    None
                }
                None => None,
            };
            let text = key[0].canonical_text().unwrap().into_owned();
            found.insert((phase.name.clone(), text, element, reject.reason));
        }
    }
    let missing: Vec<_> = planted.difference(&found).collect();
    let surprising: Vec<_> = found.difference(&planted).collect();
    assert!(missing.is_empty() && surprising.is_empty(), "{missing:#?}\nfound {surprising:#?}");
    assert_eq!(rejected, found.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups() {
    rejects_what_is_planted("specs/mtr_followup.toml", "CLINIC_URL", "mtr_followup").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goals() {
    rejects_what_is_planted("specs/treatment_goals.toml", "APP_URL", "treatment_goals").await;
}

//! `specs/brius` on both profiles of its database, of which one has a partly filled target: every
//! fate is as planted, record by record, and all of it can be taken back.
//!
//! The data is made at `MAPPER_SCALE`, a twentieth unless it says otherwise. The inventory is many
//! times as large as the plan, so of it a fifth of that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mapper::connectors;
use mapper::document::Environment;
use mapper::ledger::{Fate, KeyMap};
use mapper::plan::Plan;
use mapper::rollback::{self, Request, Scope};
use mapper::run::{self, Cancel, Options, Outcome, Silent, Stores, fixtures};
use mapper::status::{Status, status};
use mapper::value::Value;

use super::world::{counts, load, root, scale};
use crate::servers;

/// Phase, key, fate, reason.
type Told = (String, i64, &'static str, Option<String>);

pub(super) struct Brius {
    data: PathBuf,
    pub(super) plan: Plan,
    _folder: tempfile::TempDir,
}

impl Brius {
    pub(super) fn new(profile: &str, urls: impl FnOnce(&Path) -> [String; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let scale = if profile == "inventory" { scale() / 5.0 } else { scale() };
        let made = Command::new("python3")
            .arg(root().join("examples/brius/generate.py"))
            .args(["--profile", profile, "--scale", &scale.to_string(), "--out"])
            .arg(&data)
            .output()
            .expect("the data is made with python3");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let [legacy, mdw] = urls(folder.path());
        let mut variables = vec![
            ("LEGACY_URL".to_owned(), legacy),
            ("MDW_URL".to_owned(), mdw),
            ("BRIUS_DATA".to_owned(), data.display().to_string()),
            ("DELETED".to_owned(), "delete".to_owned()),
        ];
        let expected = std::fs::read_to_string(data.join("expected.env")).unwrap();
        let expected = expected.lines().filter_map(|line| line.split_once('='));
        variables.extend(
            expected
                .filter(|(name, _)| name.starts_with("EXPECTED_"))
                .map(|(name, count)| (name.to_owned(), count.to_owned())),
        );
        let plan = load(&root().join("specs/brius"), &Environment::from_iter(variables));
        Self { data, plan, _folder: folder }
    }

    pub(super) fn lines(&self, file: &str) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.data.join(file)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(super) async fn stores(&self) -> Stores {
        fixtures::open(&self.plan, fixtures::Fill::All, &Silent).await.unwrap().0
    }

    pub(super) async fn run(&self) -> Outcome {
        self.run_with(Options::default()).await
    }

    pub(super) async fn run_with(&self, options: Options) -> Outcome {
        let plan = Arc::new(self.plan.clone());
        let options = Arc::new(options);
        let stores = self.stores().await;
        run::run(plan, stores, options, Arc::new(Silent), Cancel::default()).await.unwrap()
    }

    async fn status(&self) -> Status {
        status(&self.plan, &self.stores().await).await.unwrap()
    }

    pub(super) fn connection(&self, name: &str) -> usize {
        self.plan.connections.iter().position(|one| one.name == name).unwrap()
    }

    /// The rows of a query, each column as text.
    pub(super) async fn query(&self, connection: &str, query: &str) -> Vec<Vec<Option<String>>> {
        let config = &self.plan.connections[self.connection(connection)].config;
        let store = connectors::open(config).await.unwrap();
        let rows = store.query(query).await.unwrap().rows;
        store.close().await;
        let text = |value: &Value| value.canonical_text().map(std::borrow::Cow::into_owned);
        rows.iter().map(|row| row.iter().map(text).collect()).collect()
    }

    /// Executes a script of the data.
    pub(super) async fn script(&self, connection: &str, file: &str) {
        let script = std::fs::read_to_string(self.data.join(file)).unwrap();
        let kept: Vec<&str> =
            script.lines().filter(|line| *line != "BEGIN;" && *line != "COMMIT;").collect();
        let config = &self.plan.connections[self.connection(connection)].config;
        let store = connectors::open(config).await.unwrap();
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        session.define(&connectors::Definition::Script(kept.join("\n"))).await.unwrap();
        session.commit().await.unwrap();
        drop(session);
        store.close().await;
    }

    /// Every row of the target but the ledger's, as text.
    async fn dump(&self) -> BTreeSet<String> {
        let config = &self.plan.connections[self.connection("mdw")].config;
        let store = connectors::open(config).await.unwrap();
        let mut lines = BTreeSet::new();
        for entity in store.entities().await.unwrap() {
            for row in store.query(&format!("SELECT * FROM \"{entity}\"")).await.unwrap().rows {
                assert!(lines.insert(format!("{entity}: {row:?}")), "two equal rows in {entity}");
            }
        }
        lines
    }

    /// What the ledger says of every record that did not go in as it should.
    async fn left_out(&self) -> (BTreeSet<Told>, BTreeSet<(String, i64)>) {
        let stores = self.stores().await;
        let (mut left_out, mut arrived) = (BTreeSet::new(), BTreeSet::new());
        for phase in &self.plan.phases {
            let ledger = stores.ledger(phase.target.connection);
            let mut map = KeyMap::open(&ledger, &phase.history_name()).await.unwrap();
            for index in 0..map.batches() {
                for known in map.batch(index).await.unwrap().unwrap() {
                    let entry = known.entry;
                    let Some([Value::Int(key)]) = entry.key.values().as_deref().map(|v| {
                        let [value] = v else { panic!("a key of one part") };
                        [value.clone()]
                    }) else {
                        panic!("a key that is a number")
                    };
                    let reason = entry.fate.reason().map(str::to_owned);
                    match &entry.fate {
                        Fate::Skipped(_) | Fate::Rejected(_) => {
                            let fate = entry.fate.name();
                            left_out.insert((phase.name.clone(), key, fate, reason));
                        }
                        _ => {
                            arrived.insert((phase.name.clone(), key));
                        }
                    }
                }
            }
        }
        (left_out, arrived)
    }

    /// What the generator says of them, and of records that look odd and must arrive.
    fn planted(&self) -> (BTreeSet<Told>, BTreeSet<(String, i64)>) {
        let (mut left_out, mut arrive) = (BTreeSet::new(), BTreeSet::new());
        let mut planned: BTreeSet<(String, i64)> = BTreeSet::new();
        for line in self.lines("planted.jsonl") {
            let phase = line["phase"].as_str().unwrap().to_owned();
            let key = line["key"].as_i64().unwrap();
            planned.insert((phase.clone(), key));
            let reason = line["reason"].as_str().map(str::to_owned);
            match line["fate"].as_str().unwrap() {
                "skipped" => left_out.insert((phase, key, "skipped", reason)),
                "rejected" => left_out.insert((phase, key, "rejected", reason)),
                "inserted" => arrive.insert((phase, key)),
                other => panic!("no fate: {other}"),
            };
        }
        // What an earlier migration left is skipped too.
        for (phase, file) in
            [("practices", "mdw/practices.jsonl"), ("profiles", "mdw/profiles.jsonl")]
        {
            if !self.data.join(file).exists() {
                continue;
            }
            for row in self.lines(file) {
                let Some(key) = row["legacy_id"].as_i64() else { continue };
                if !planned.contains(&(phase.to_owned(), key)) {
                    let exists = Some("exists".to_owned());
                    left_out.insert((phase.to_owned(), key, "skipped", exists));
                }
            }
        }
        // A second pass leaves out what the first one did not write.
        for phase in &self.plan.phases {
            let Some(first) = phase.name.strip_suffix(":links") else { continue };
            let keys: Vec<i64> =
                left_out.iter().filter(|told| told.0 == first).map(|told| told.1).collect();
            let reason = Some("not_written".to_owned());
            left_out.extend(
                keys.into_iter().map(|key| (phase.name.clone(), key, "skipped", reason.clone())),
            );
        }
        (left_out, arrive)
    }
}

pub(super) fn assert_checks(outcome: &Outcome) {
    for node in &outcome.nodes {
        if let Some(check) = &node.check {
            assert!(check.passed, "{}: {}", check.name, check.actual);
        }
    }
    assert!(!outcome.is_failed());
}

fn sums(outcome: &Outcome, of: &str) -> BTreeMap<String, u64> {
    counts(outcome).into_iter().map(|(phase, counts)| (phase, counts[of])).collect()
}

async fn fates_are_as_planted(brius: Brius) {
    let stores = brius.stores().await;
    drop(stores);
    let before = brius.dump().await;
    assert!(brius.status().await.phases.iter().all(|phase| phase.current == 0));

    let first = brius.run().await;
    assert_checks(&first);
    let (left_out, arrived) = brius.left_out().await;
    let (planted, odd) = brius.planted();
    let missing: Vec<_> = planted.difference(&left_out).take(20).collect();
    let surprising: Vec<_> = left_out.difference(&planted).take(20).collect();
    assert!(missing.is_empty() && surprising.is_empty(), "{missing:#?}\nfound {surprising:#?}");
    let lost: Vec<_> = odd.difference(&arrived).collect();
    assert!(lost.is_empty(), "{lost:?}");
    for phase in brius.status().await.phases {
        assert_eq!((phase.remaining, phase.percent), (Some(0), Some(100.0)), "{}", phase.phase);
        // Embeddings are off, and nothing is expected of them.
        let is_off = phase.phase.starts_with("embeddings.");
        assert!(phase.finished_at.is_some() != is_off && phase.error.is_none());
        let settled = phase.current + phase.skipped + phase.rejected;
        assert_eq!(phase.expected, Some(settled), "{}", phase.phase);
    }

    let after = brius.dump().await;
    assert!(before.is_subset(&after), "what was there stays as it is");
    let second = brius.run().await;
    assert_checks(&second);
    assert!(sums(&second, "inserted").values().all(|count| *count == 0), "{second:?}");
    assert!(sums(&second, "updated").values().all(|count| *count == 0), "{second:?}");
    let mut written = sums(&first, "inserted");
    for of in ["updated", "unchanged"] {
        for (phase, count) in sums(&first, of) {
            *written.get_mut(&phase).unwrap() += count;
        }
    }
    let unchanged = sums(&second, "unchanged");
    for phase in brius.plan.phases.iter().filter(|phase| phase.enabled) {
        let (seen, written) = (unchanged[&phase.name], written[&phase.name]);
        if phase.source.changes.is_some() {
            // Only what stands within five minutes of the newest is read, and what did not arrive.
            assert!(seen <= 1 + written / 20, "{}: {seen} of {written}", phase.full_name());
        } else {
            assert_eq!(seen, written, "{}", phase.full_name());
        }
    }
    assert!(brius.dump().await == after, "the second run changed something");

    finds_what_changed(&brius).await;

    let stores = brius.stores().await;
    let request = Request { scope: Scope::All, ..Request::default() };
    let outcome =
        rollback::rollback(&brius.plan, &stores, &request, &Silent, &Cancel::default()).await;
    assert!(outcome.unwrap().is_complete());
    assert!(brius.dump().await == before, "the rollback left something, or took too much");
}

/// Where the data tells what happens after a migration, the next run finds what is other, what is new
/// and what is gone.
async fn finds_what_changed(brius: &Brius) {
    if !brius.data.join("changes.sql").exists() {
        return;
    }
    brius.script("legacy", "changes.sql").await;
    let third = brius.run().await;
    assert_checks(&third);
    let mut told: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for line in brius.lines("changes.jsonl") {
        let fate = match line["fate"].as_str().unwrap() {
            "updated" => "updated",
            "inserted" => "inserted",
            "deleted" => "deleted",
            other => panic!("no fate: {other}"),
        };
        *told.entry((line["phase"].as_str().unwrap().to_owned(), fate)).or_default() += 1;
    }
    let counted = ["updated", "inserted"].map(|of| sums(&third, of));
    let gone: BTreeMap<&str, u64> = third
        .nodes
        .iter()
        .filter_map(|node| Some((node, node.phase.as_ref()?)))
        .map(|(node, record)| {
            assert!(node.kept.is_empty(), "{}: {:?}", node.name, node.kept);
            (node.name.rsplit('.').next().unwrap(), record.counts.deleted)
        })
        .collect();
    for ((phase, fate), count) in &told {
        if *fate == "deleted" {
            assert_eq!(gone[phase.as_str()], *count, "{phase}");
        }
    }
    let expected: u64 =
        told.iter().filter(|((_, fate), _)| *fate == "deleted").map(|(_, count)| count).sum();
    assert_eq!(gone.values().sum::<u64>(), expected);
    let mut found = 0;
    for phase in brius.plan.phases.iter().filter(|phase| phase.source.changes.is_some()) {
        let of = |fate| told.get(&(phase.name.clone(), fate)).copied().unwrap_or(0);
        assert_eq!(counted[0][&phase.name], of("updated"), "{}", phase.name);
        assert_eq!(counted[1][&phase.name], of("inserted"), "{}", phase.name);
        found += of("updated") + of("inserted");
    }
    assert!(found > 0, "nothing was to be found");
}

async fn fates_on_sqlite(profile: &str) {
    let file = |folder: &Path, name: &str| format!("sqlite:{}", folder.join(name).display());
    let urls = |folder: &Path| [file(folder, "legacy.db"), file(folder, "mdw.db")];
    fates_are_as_planted(Brius::new(profile, urls)).await;
}

async fn fates_on_postgresql(profile: &str) {
    let server = servers::postgres();
    let (legacy, mdw) = (server.database(), server.database());
    let urls = [legacy.url(), mdw.url()];
    fates_are_as_planted(Brius::new(profile, |_| urls)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    fates_on_sqlite("plan").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql() {
    fates_on_postgresql("plan").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inventory_on_sqlite() {
    fates_on_sqlite("inventory").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inventory_on_postgresql() {
    fates_on_postgresql("inventory").await;
}

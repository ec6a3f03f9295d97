//! The shipped specs of seeds 1 and 5 on servers: the same outcome as on the embedded stores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mapper::connectors::{self, Layout};
use mapper::document::Environment;
use mapper::plan::{CheckKind, Plan};
use mapper::rollback::{self, Request, Scope};
use mapper::run::{self, Cancel, Options, Outcome, Silent, Stores, fixtures};
use mapper::value::Value;
use mapper::value::query::Select;

use super::default::{expected, reasons_alike};
use super::world::{counts, load, root};
use crate::servers::{self, Server};

struct Seed {
    spec: &'static str,
    variable: &'static str,
    example: &'static str,
}

const GOALS: Seed =
    Seed { spec: "specs/treatment_goals.toml", variable: "APP_URL", example: "treatment_goals" };

const FOLLOW_UPS: Seed =
    Seed { spec: "specs/mtr_followup.toml", variable: "CLINIC_URL", example: "mtr_followup" };

/// Collections or tables with their records.
type Content = BTreeMap<String, Vec<Value>>;

struct OnServer {
    plan: Plan,
}

impl OnServer {
    fn new(seed: &Seed, url: &str) -> Self {
        let environment = Environment::from_iter([(seed.variable.to_owned(), url.to_owned())]);
        let mut plan = load(&root().join(seed.spec), &environment);
        for check in &mut plan.checks {
            // How quick a read is says nothing on a busy machine, and once is enough to see it done.
            if let CheckKind::Latency { repeat, .. } = &mut check.kind {
                *repeat = 1;
            }
        }
        Self { plan }
    }

    async fn stores(&self) -> Stores {
        fixtures::open(&self.plan, fixtures::Fill::All, &Silent).await.unwrap().0
    }

    async fn run(&self) -> Outcome {
        let options =
            Options { now: Some("2026-01-02T03:04:05Z".parse().unwrap()), ..Options::default() };
        let (plan, options) = (Arc::new(self.plan.clone()), Arc::new(options));
        let stores = self.stores().await;
        let outcome = run::run(plan, stores, options, Arc::new(Silent), Cancel::default()).await;
        let outcome = outcome.unwrap();
        for node in &outcome.nodes {
            if let Some(check) = &node.check {
                let timed = check.name.contains("quick");
                assert!(check.passed || timed, "{}: {}", check.name, check.actual);
            }
        }
        assert!(!outcome.is_failed() && outcome.rejected() == 0);
        outcome
    }

    async fn roll_back(&self) {
        let stores = self.stores().await;
        let request = Request { scope: Scope::All, ..Request::default() };
        let outcome =
            rollback::rollback(&self.plan, &stores, &request, &Silent, &Cancel::default()).await;
        let outcome = outcome.unwrap();
        assert!(outcome.is_complete(), "{:?}", outcome.kept);
    }

    /// Every record but the ledger's, by the text of its id.
    async fn content(&self) -> Content {
        let store = connectors::open(&self.plan.connections[0].config).await.unwrap();
        let mut content = Content::new();
        for entity in store.entities().await.unwrap() {
            let select = Select { entity: entity.clone(), ..Select::default() };
            let rows = store.select(&select).await.unwrap();
            let records = content.entry(entity).or_default();
            for mut row in rows.rows {
                records.push(match &rows.layout {
                    Layout::Document => row.remove(0),
                    Layout::Columns(names) => {
                        Value::object(names.iter().map(String::as_str).zip(row).collect())
                    }
                });
            }
            records.sort_by_key(|record| format!("{record:?}"));
        }
        store.close().await;
        content
    }

    async fn indexes(&self) -> BTreeSet<String> {
        let store = connectors::open(&self.plan.connections[0].config).await.unwrap();
        let mut indexes = BTreeSet::new();
        for entity in store.entities().await.unwrap() {
            let schema = store.describe(&entity).await.unwrap().unwrap();
            for index in schema.indexes {
                indexes.insert(format!("{entity}: {index:?}"));
            }
        }
        store.close().await;
        indexes
    }
}

fn assert_same(content: &Content, expected: &Content, when: &str) {
    let names: Vec<_> = content.keys().collect();
    assert_eq!(names, expected.keys().collect::<Vec<_>>(), "{when}");
    for (entity, records) in expected {
        let found = &content[entity];
        let first = records.iter().zip(found).find(|(expected, found)| expected != found);
        assert!(found == records, "{when}, {entity}: expected and found first: {first:#?}");
    }
}

/// Runs, runs again and takes back. Gives what was there before, and after.
async fn runs_as_expected(seed: &Seed, url: &str) -> (Content, Content) {
    let world = OnServer::new(seed, url);
    drop(world.stores().await);
    let (before, indexes) = (world.content().await, world.indexes().await);
    let first = world.run().await;
    assert_eq!(reasons_alike(counts(&first)), expected(seed.example, "first_run"));
    let after = world.content().await;
    let second = world.run().await;
    assert_eq!(reasons_alike(counts(&second)), expected(seed.example, "second_run"));
    assert_same(&world.content().await, &after, "after the second run");
    world.roll_back().await;
    assert_same(&world.content().await, &before, "after the rollback");
    assert_eq!(world.indexes().await, indexes);
    (before, after)
}

async fn embedded(seed: &Seed) -> Content {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let world = OnServer::new(seed, &url);
    world.run().await;
    world.content().await
}

async fn follow_ups_on(server: Arc<Server>) {
    let database = server.database();
    let (_, after) = runs_as_expected(&FOLLOW_UPS, &database.url()).await;
    assert_same(&after, &embedded(&FOLLOW_UPS).await, "not as on SQLite");
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_on_ferretdb() {
    follow_ups_on(servers::ferretdb()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_on_mongo_java_server() {
    follow_ups_on(servers::mongo_java()).await;
}

/// A record whose values are what both databases can spell: ids, moments and JSON have types of
/// their own in PostgreSQL and are text in SQLite. New ids are left out, as they are made from keys
/// of these types.
fn spelled(record: &Value) -> Vec<(String, String)> {
    let Value::Object(record) = record else { panic!("{record:?}") };
    let mut fields: Vec<(String, String)> = record
        .names()
        .map(|name| {
            let value = record.get(name).unwrap();
            let text = match value.canonical_text() {
                Some(text) => text.into_owned(),
                None if matches!(value, Value::Null) => String::new(),
                None => format!("{value:?}"),
            };
            (name.to_string(), text.replace('T', " "))
        })
        .collect();
    fields.sort();
    fields
}

#[tokio::test(flavor = "multi_thread")]
async fn goals_on_postgresql() {
    let database = servers::postgres().database();
    let (before, after) = runs_as_expected(&GOALS, &database.url()).await;
    let embedded = embedded(&GOALS).await;
    let goals = |content: &Content| {
        let all = content["treatment_goals"].iter().map(spelled);
        let mut goals: Vec<_> = all
            .map(|mut goal| {
                let made = goal.iter().any(|(name, text)| name == "session_id" && !text.is_empty());
                goal.retain(|(name, _)| !(made && name == "id"));
                goal
            })
            .collect();
        goals.sort();
        goals
    };
    assert_eq!(goals(&after), goals(&embedded));
    assert_eq!(after["treatment_goals"].len(), before["treatment_goals"].len() + 1196);
    for table in ["users", "therapy_sessions"] {
        assert_eq!(after[table], before[table], "{table}");
        assert_eq!(after[table].len(), embedded[table].len(), "{table}");
    }
}

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

use super::default::{Counts, expected, reasons_alike};
use super::world::{counts, load, root, scale};
use crate::failures::shipped::Shipped;
use crate::servers::{self, Server};

/// A shipped spec, or a copy with other fixtures, and the variable that names its database.
#[derive(Clone, Copy)]
struct Seed<'s> {
    spec: &'s str,
    variable: &'s str,
}

const GOALS: Seed<'_> = Seed { spec: "specs/treatment_goals.toml", variable: "APP_URL" };

/// Collections or tables with their records.
type Content = BTreeMap<String, Vec<Value>>;

struct OnServer {
    plan: Plan,
}

impl OnServer {
    fn new(seed: Seed<'_>, url: &str) -> Self {
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

/// What was there before, and after; what the first run counted, and the second.
struct Runs {
    before: Content,
    after: Content,
    first: Counts,
    second: Counts,
}

/// Runs, runs again and takes back.
async fn runs(seed: Seed<'_>, url: &str) -> Runs {
    let world = OnServer::new(seed, url);
    drop(world.stores().await);
    let (before, indexes) = (world.content().await, world.indexes().await);
    let first = reasons_alike(counts(&world.run().await));
    let after = world.content().await;
    let second = reasons_alike(counts(&world.run().await));
    assert_same(&world.content().await, &after, "after the second run");
    world.roll_back().await;
    assert_same(&world.content().await, &before, "after the rollback");
    assert_eq!(world.indexes().await, indexes);
    Runs { before, after, first, second }
}

/// The same on SQLite.
async fn embedded(seed: Seed<'_>) -> Runs {
    let folder = tempfile::tempdir().unwrap();
    runs(seed, &format!("sqlite:{}", folder.path().join("test.db").display())).await
}

/// Follow-ups on a server: what happens, and what is there, is as on SQLite.
async fn follow_ups_on(server: Arc<Server>, spec: &str) -> Runs {
    let seed = Seed { spec, variable: "CLINIC_URL" };
    let found = runs(seed, &server.database().url()).await;
    let embedded = embedded(seed).await;
    assert_eq!((&found.first, &found.second), (&embedded.first, &embedded.second));
    assert_same(&found.after, &embedded.after, "not as on SQLite");
    found
}

/// All of them only when all of the data is asked for: whatever FerretDB is asked, it decodes the
/// whole collection.
#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_on_ferretdb() {
    let patients = if scale() < 1.0 { 200 } else { usize::MAX };
    let some = Shipped::appointments(patients, 100);
    let found = follow_ups_on(servers::ferretdb(), some.spec().to_str().unwrap()).await;
    assert!(found.first["appointments"]["inserted"] > 500, "{:?}", found.first);
    assert_eq!(found.second["appointments"]["inserted"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_on_mongo_java_server() {
    let found = follow_ups_on(servers::mongo_java(), "specs/mtr_followup.toml").await;
    assert_eq!(found.first, expected("mtr_followup", "first_run"));
    assert_eq!(found.second, expected("mtr_followup", "second_run"));
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
    let Runs { before, after, first, second } = runs(GOALS, &database.url()).await;
    assert_eq!(first, expected("treatment_goals", "first_run"));
    assert_eq!(second, expected("treatment_goals", "second_run"));
    let embedded = embedded(GOALS).await.after;
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

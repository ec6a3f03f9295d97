//! What the inventory of scripts asks for, FR-001 to FR-008, on PostgreSQL. `docs/seed-3.md` names
//! the test of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mapper::connectors::ScanSource;
use mapper::ids;
use mapper::ledger::KeyMap;
use mapper::plan::{Phase, Work};
use mapper::report::Report;
use mapper::run::{Options, Outcome, Silent};
use mapper::verify::{self, About, PhaseDifferences, VerifyReport};
use tokio::sync::OnceCell;

use super::brius::{Brius, assert_checks};
use super::planted;
use crate::servers::{self, Database};

/// The inventory, migrated.
struct Migrated {
    brius: Brius,
    outcome: Outcome,
    _databases: [Database; 2],
}

impl Migrated {
    async fn new() -> Self {
        let server = servers::postgres();
        let databases = [server.database(), server.database()];
        let urls = [databases[0].url(), databases[1].url()];
        let brius = Brius::new("inventory", |_| urls);
        let outcome = brius.run().await;
        assert_checks(&outcome);
        Self { brius, outcome, _databases: databases }
    }

    /// One for all tests that only look at it.
    async fn shared() -> &'static Self {
        static SHARED: OnceCell<Migrated> = OnceCell::const_new();
        SHARED.get_or_init(Self::new).await
    }

    fn phase(&self, name: &str) -> &Phase {
        &self.brius.plan.phases[self.brius.plan.find_phase(name).unwrap()]
    }

    /// Keys of a phase's source that do not arrive, as the generator says.
    fn left_out(&self, phase: &str) -> BTreeSet<String> {
        let short = phase.rsplit('.').next().unwrap();
        let lines = self.brius.lines("planted.jsonl");
        let of = lines.iter().filter(|line| line["phase"] == short && line["fate"] != "inserted");
        of.map(|line| line["key"].to_string()).collect()
    }

    /// Rows of the source by key, of those that arrive.
    async fn source(&self, phase: &str, columns: &str) -> BTreeMap<String, Vec<Option<String>>> {
        let ScanSource::Entity(table) = &self.phase(phase).source.scan else { panic!("a table") };
        let mut rows =
            by_key(&self.brius, "legacy", &format!("SELECT {columns} FROM {table}")).await;
        let left_out = self.left_out(phase);
        rows.retain(|key, _| !left_out.contains(key));
        rows
    }

    /// Rows of the target by legacy key.
    async fn target(&self, phase: &str, columns: &str) -> BTreeMap<String, Vec<Option<String>>> {
        let table = &self.phase(phase).target.entity;
        by_key(&self.brius, "mdw", &format!("SELECT {columns} FROM {table}")).await
    }

    /// Every record of the source but those that were planted is in the target, once.
    async fn arrives(&self, phase: &str) {
        let (source, target) =
            (self.source(phase, "id").await, self.target(phase, "legacy_id").await);
        assert!(!source.is_empty(), "{phase}");
        assert!(source.keys().eq(target.keys()), "{phase}");
    }

    async fn verify(&self, full: bool) -> VerifyReport {
        let stores = self.brius.stores().await;
        let plan = Arc::new(self.brius.plan.clone());
        verify::verify(&plan, &stores, verify::Options { full }, &Silent).await
    }
}

async fn by_key(
    brius: &Brius,
    connection: &str,
    query: &str,
) -> BTreeMap<String, Vec<Option<String>>> {
    let mut rows = BTreeMap::new();
    for mut row in brius.query(connection, query).await {
        let key = row.remove(0).expect("a key");
        assert!(rows.insert(key, row).is_none(), "a key twice: {query}");
    }
    rows
}

/// FR-001. Of the whole database, of which the tests make a part, less than one record in a hundred
/// is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn clinical_data_arrives() {
    let migrated = Migrated::shared().await;
    let (records, left_out) = (planted::records(), planted::left_out());
    for phase in [
        "core.patients",
        "clinical.doctors",
        "clinical.orders",
        "clinical.treatment_plans",
        "clinical.jaws",
        "specialised.brackets",
        "specialised.scans",
        "specialised.impressions",
        "specialised.measurements",
    ] {
        migrated.arrives(phase).await;
        let told = migrated.phase(phase);
        let ScanSource::Entity(table) = &told.source.scan else { panic!("a table") };
        let lost: u64 = left_out[&told.name].values().sum();
        assert!(lost * 100 <= records[table], "{phase}: {lost} of {}", records[table]);
    }
}

/// FR-002.
#[tokio::test(flavor = "multi_thread")]
async fn money_is_kept_to_the_cent() {
    let migrated = Migrated::shared().await;
    migrated.arrives("core.practices").await;
    for (phase, columns) in [
        ("business.invoices", "total::text, tax::text"),
        ("business.payments", "amount::text, refunded::text"),
        ("business.financial_records", "amount::text"),
        ("business.offers", "price::text"),
        ("clinical.orders", "amount::text"),
        ("clinical.treatment_plans", "price::text"),
    ] {
        let source = migrated.source(phase, &format!("id, {columns}")).await;
        let target = migrated.target(phase, &format!("legacy_id, {columns}")).await;
        assert!(source.len() > 40 && source == target, "{phase}");
    }
    // None of it was lost for a broken reference.
    assert_eq!(migrated.left_out("business.financial_records"), BTreeSet::new());
}

/// FR-003.
#[tokio::test(flavor = "multi_thread")]
async fn conversations_keep_their_threads() {
    let migrated = Migrated::shared().await;
    for phase in ["communications", "feedback", "notifications"] {
        migrated.arrives(&format!("communications.{phase}")).await;
    }
    for (phase, answers, target) in [
        (
            "messages",
            "reply_to_id",
            "(SELECT legacy_id FROM messages o WHERE o.id = messages.reply_to), thread",
        ),
        (
            "comments",
            "parent_id",
            "(SELECT legacy_id FROM comments o WHERE o.id = comments.parent_id), ''",
        ),
    ] {
        let phase = format!("communications.{phase}");
        let thread = if answers == "reply_to_id" { "thread" } else { "''" };
        let mut source = migrated.source(&phase, &format!("id, {answers}, {thread}")).await;
        let arrived: BTreeSet<String> = source.keys().cloned().collect();
        let mut answered = 0;
        for row in source.values_mut() {
            // An answer to what did not arrive begins a thread.
            row[0] = row[0].take().filter(|key| arrived.contains(key));
            answered += usize::from(row[0].is_some());
        }
        assert!(answered > 80, "{phase}: {answered}");
        assert!(
            source == migrated.target(&phase, &format!("legacy_id, {target}")).await,
            "{phase}"
        );
    }
}

/// FR-004.
#[tokio::test(flavor = "multi_thread")]
async fn every_legacy_id_is_in_the_published_map() {
    let migrated = Migrated::shared().await;
    let plan = &migrated.brius.plan;
    let stores = migrated.brius.stores().await;
    let locks = stores.lock(plan).await.unwrap();
    let published = ids::publish(plan, &stores).await.unwrap();
    drop(locks);
    let own = || plan.phases.iter().filter(|phase| phase.enabled && phase.follows.is_none());
    assert_eq!(published.len(), own().count());
    let outcome = super::world::counts(&migrated.outcome);
    for (phase, published) in own().zip(&published) {
        let name = phase.full_name();
        assert_eq!(published.ids, outcome[&phase.name]["read"], "{name}");
        let (map, target) = ("mapper.mappings", &phase.target.entity);
        let query = format!(
            "SELECT count(*), count(m.new_id), count(m.who), count(m.finished_at), \
             min(length(m.new_id)), max(length(m.new_id)) \
             FROM {target} t LEFT JOIN {map} m ON m.phase = '{name}' AND m.new_id = t.id::text"
        );
        let told = migrated.brius.query("mdw", &query).await.remove(0);
        let arrived = told[0].clone();
        assert_ne!(arrived.as_deref(), Some("0"), "{name}");
        assert_eq!(told[1..4], [arrived.clone(), arrived.clone(), arrived], "{name}");
        assert_eq!(told[4..], [Some("36".to_owned()), Some("36".to_owned())], "{name}");
    }
}

/// FR-006: something is looked at after each phase, while the others go on, and told in the report.
#[tokio::test(flavor = "multi_thread")]
async fn every_phase_is_checked_and_reported() {
    let migrated = Migrated::shared().await;
    let plan = &migrated.brius.plan;
    let report = Report::of_run(plan, &migrated.outcome);
    let told = report.to_markdown();
    for (index, phase) in plan.phases.iter().enumerate() {
        if !phase.enabled || phase.follows.is_some() {
            continue;
        }
        let node = plan.graph.find(Work::Phase(index)).unwrap();
        let after = plan.graph.nodes.iter().enumerate().filter(|(_, other)| {
            matches!(other.work, Work::Check(_)) && other.after.iter().any(|edge| edge.node == node)
        });
        let checks: Vec<usize> = after.map(|(index, _)| index).collect();
        assert!(!checks.is_empty(), "{} is not checked", phase.full_name());
        for check in checks {
            let Work::Check(check) = plan.graph.nodes[check].work else { panic!("a check") };
            assert!(told.contains(&plan.checks[check].name), "{}", plan.checks[check].name);
        }
        assert!(told.contains(&phase.full_name()));
    }
    let found = migrated.verify(false).await;
    assert!(!found.is_failed());
    assert_eq!(found.open_rejects(), migrated.outcome.rejected());
    let ledgers = found.results.iter().filter(|one| one.about == About::Ledger);
    let enabled = plan.phases.iter().filter(|phase| phase.enabled).count();
    assert_eq!(ledgers.filter(|one| one.result.passed).count(), enabled);
}

/// FR-006: a full verification finds twenty mistakes in the new database and nothing else, and an
/// update mends them.
#[tokio::test(flavor = "multi_thread")]
async fn differences_are_found_and_mended() {
    let migrated = Migrated::new().await;
    let brius = &migrated.brius;
    let clean = migrated.verify(true).await;
    let enabled = brius.plan.phases.iter().filter(|phase| phase.enabled).count();
    assert_eq!(clean.differences.len(), enabled);
    assert!(clean.differences.iter().all(PhaseDifferences::is_equal), "{:#?}", clean.differences);
    let compared: u64 = clean.differences.iter().map(|phase| phase.compared).sum();
    assert!(compared > 10_000, "{compared}");

    brius.script("mdw", "differences.sql").await;
    let mut planted: BTreeMap<String, (BTreeMap<String, u64>, BTreeSet<String>)> = BTreeMap::new();
    let lines = brius.lines("differences.jsonl");
    assert_eq!(lines.len(), 20);
    for line in &lines {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        let (fields, keys) = planted.entry(text("phase")).or_default();
        *fields.entry(text("column")).or_default() += 1;
        keys.insert(line["key"].to_string());
    }
    let report = migrated.verify(true).await;
    assert!(report.is_failed());
    let mut found = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    for phase in report.differences.iter().filter(|phase| !phase.is_equal()) {
        assert_eq!((phase.missing, &phase.error), (0, &None), "{}", phase.phase);
        let short = phase.phase.rsplit('.').next().unwrap().to_owned();
        found.insert(short, (phase.fields.clone(), phase.keys.iter().cloned().collect()));
        wrong.insert(brius.plan.find_phase(&phase.phase).unwrap());
    }
    assert_eq!(found, planted);

    let mended = brius.run_with(Options { update: wrong, ..Options::default() }).await;
    assert_checks(&mended);
    let after = migrated.verify(true).await;
    assert!(after.differences.iter().all(PhaseDifferences::is_equal), "{:#?}", after.differences);
}

/// FR-007: what an order says of its doctor leads to one, or to the stand-in.
#[tokio::test(flavor = "multi_thread")]
async fn orders_find_their_doctors() {
    let migrated = Migrated::shared().await;
    let source = migrated.source("clinical.orders", "id, lower(trim(doctor_email))").await;
    let query = "SELECT o.legacy_id, p.email FROM orders o JOIN profiles p ON p.id = o.doctor_id";
    let target = by_key(&migrated.brius, "mdw", query).await;
    let mut repaired: BTreeMap<&str, usize> = BTreeMap::new();
    let lines = migrated.brius.lines("planted.jsonl");
    let broken = lines.iter().filter(|line| {
        line["phase"] == "orders" && line["kind"].as_str().unwrap().starts_with("doctor")
    });
    for line in broken {
        let (key, kind) = (line["key"].to_string(), line["kind"].as_str().unwrap());
        let email = target[&key][0].as_deref().unwrap();
        if kind == "doctor whom nothing leads to" {
            assert_eq!(email, "unassigned.doctor@example.test", "{key}");
        } else {
            assert_eq!(Some(email), source[&key][0].as_deref(), "{key}: {kind}");
        }
        *repaired.entry(kind).or_default() += 1;
    }
    assert_eq!(repaired.len(), 3, "{repaired:?}");
    assert!(repaired.values().sum::<usize>() > 150, "{repaired:?}");
}

/// FR-008.
#[tokio::test(flavor = "multi_thread")]
async fn batches_are_of_500_to_2000_records() {
    let migrated = Migrated::shared().await;
    let outcome = super::world::counts(&migrated.outcome);
    let stores = migrated.brius.stores().await;
    let mut full = 0;
    for phase in migrated.brius.plan.phases.iter().filter(|phase| phase.enabled) {
        assert!((500..=2000).contains(&phase.batch), "{}: {}", phase.full_name(), phase.batch);
        let ledger = stores.ledger(phase.target.connection);
        let mut map = KeyMap::open(&ledger, &phase.history_name()).await.unwrap();
        let mut sizes = Vec::new();
        while let Some(entries) = map.batch(sizes.len()).await.unwrap() {
            sizes.push(entries.len());
        }
        let read = usize::try_from(outcome[&phase.name]["read"]).unwrap();
        assert_eq!(sizes.iter().sum::<usize>(), read, "{}", phase.full_name());
        // All but the last are full.
        assert!(sizes.iter().rev().skip(1).all(|size| *size == phase.batch), "{sizes:?}");
        full += sizes.len().saturating_sub(1);
    }
    assert!(full >= 3, "{full} full batches");
}

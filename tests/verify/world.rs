//! A temporary database, and plans built by hand over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mapper::connectors::{
    self, ConnectionConfig, Definition, Insert, Layout, Model, Policies, ScanSource, Session,
    Store, Update,
};
use mapper::expr::{
    Expr, IdKind, IdRule, LookupCall, Mapping, OnError, OnMissing, Origin, Path, Rule,
};
use mapper::plan::{
    Check, CheckKind, Connection, Edge, EdgeReason, Graph, Lookup, LookupKind, Node, OnDuplicate,
    Phase, Plan, Severity, Source, SpecInfo, Target, Transaction, Work, WriteMode,
};
use mapper::run::checks::{self, CheckResult};
use mapper::run::{self, Cancel, Options, Outcome, Silent, Stores};
use mapper::value::query::Filter;
use mapper::value::{Object, Value};
use mapper::verify::{self, VerifyReport};

pub struct World {
    _folder: tempfile::TempDir,
    pub plan: Plan,
    pub options: Options,
}

impl World {
    pub async fn new(model: Model) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = ConnectionConfig {
            name: "db".into(),
            url: format!("sqlite:{}", folder.path().join("test.db").display()),
            model,
            policies: Policies::default(),
            files: None,
            create: true,
        };
        connectors::open(&config).await.unwrap().close().await;
        let connection = Connection {
            name: "db".into(),
            config,
            fixtures: None,
            production: false,
            backup: None,
            ignore: Vec::new(),
        };
        let spec = SpecInfo {
            name: "shop".into(),
            description: None,
            path: "shop.toml".into(),
            checksum: "spec".into(),
        };
        let plan = Plan { specs: vec![spec], connections: vec![connection], ..Plan::default() };
        Self { _folder: folder, plan, options: Options::default() }
    }

    pub async fn tables(script: &str) -> Self {
        let world = Self::new(Model::Tables).await;
        world.execute(script).await;
        world
    }

    /// Adds a phase; it waits for the one before.
    pub fn add(&mut self, phase: Phase) {
        let node = self.plan.graph.nodes.len();
        let after = match node.checked_sub(1) {
            Some(before) => vec![Edge { node: before, reason: EdgeReason::After }],
            None => vec![],
        };
        let work = Work::Phase(self.plan.phases.len());
        self.plan.graph.nodes.push(Node { work, name: phase.full_name(), after });
        self.plan.phases.push(phase);
    }

    pub async fn store(&self) -> Arc<dyn Store> {
        connectors::open(&self.plan.connections[0].config).await.unwrap()
    }

    async fn session(&self) -> Box<dyn Session> {
        let mut session = self.store().await.session().await.unwrap();
        session.begin().await.unwrap();
        session
    }

    pub async fn execute(&self, script: &str) {
        let mut session = self.session().await;
        session.define(&Definition::Script(script.to_owned())).await.unwrap();
        session.commit().await.unwrap();
    }

    /// Adds documents.
    pub async fn insert(&self, entity: &str, documents: Vec<Object>) {
        let mut session = self.session().await;
        let rows: Vec<_> = documents.into_iter().map(|one| vec![Value::object(one)]).collect();
        let layout = Layout::Document;
        let insert = Insert { entity, layout: &layout, rows: &rows, returning: &[] };
        session.insert(insert).await.unwrap();
        session.commit().await.unwrap();
    }

    /// Sets a field of the documents that have a value in another.
    pub async fn set(&self, entity: &str, by: (&str, Value), field: &str, value: Value) {
        let mut session = self.session().await;
        let (key, set) = ([by.0.to_owned()], [field.to_owned()]);
        let rows = [vec![by.1, value]];
        let update = Update { entity, key: &key, set: &set, rows: &rows };
        assert_eq!(session.update(update).await.unwrap(), 1);
        session.commit().await.unwrap();
    }

    pub async fn stores(&self) -> Stores {
        Stores::open(&self.plan).await.unwrap()
    }

    pub async fn run(&self) -> Outcome {
        let stores = self.stores().await;
        let _locks = stores.lock(&self.plan).await.unwrap();
        let (plan, options) = (Arc::new(self.plan.clone()), Arc::new(self.options.clone()));
        run::run(plan, stores, options, Arc::new(Silent), Cancel::default()).await.unwrap()
    }

    pub async fn verify(&self, full: bool) -> VerifyReport {
        let options = verify::Options { full };
        let stores = self.stores().await;
        verify::verify(&Arc::new(self.plan.clone()), &stores, options, &Silent).await
    }

    pub async fn check(&self, kind: CheckKind) -> CheckResult {
        let stores = self.stores().await;
        checks::evaluate(&self.plan, &stores, &check(kind), &BTreeMap::new()).await
    }
}

pub fn check(kind: CheckKind) -> Check {
    Check {
        spec: 0,
        name: "a check".into(),
        severity: Severity::Error,
        advice: Some("Look at it.".into()),
        kind,
    }
}

/// A phase with batches of 300 whose source key is `key`.
pub fn phase(name: &str, (from, key): (&str, &str), to: &str, write: WriteMode) -> Phase {
    Phase {
        spec: "shop".into(),
        name: name.into(),
        renamed_from: None,
        description: None,
        checksum: name.into(),
        source: Source {
            connection: 0,
            scan: ScanSource::Entity(from.into()),
            key: vec![key.into()],
            filter: Filter::All,
            changes: None,
        },
        target: Target { connection: 0, entity: to.into(), key: vec![], write },
        mapping: Mapping::default(),
        lookups: vec![],
        batch: 300,
        transaction: Transaction::Auto,
        on_duplicate: OnDuplicate::Reject,
        max_rejects: None,
        expected: None,
        ignore: vec![],
        follows: None,
        enrich: Vec::new(),
        enabled: true,
        off: mapper::plan::Off::default(),
        deleted: None,
        backup: None,
    }
}

/// Says which fields a phase maps, and which of them are the key.
pub fn mapped(mut phase: Phase, key: &[&str], fields: Vec<(&str, Expr)>) -> Phase {
    phase.target.key = key.iter().map(|path| path.parse().unwrap()).collect();
    phase.mapping.fields =
        fields.into_iter().map(|(path, expr)| (path.parse().unwrap(), expr)).collect();
    phase
}

pub fn expr(origin: Origin) -> Expr {
    Expr { origin, steps: vec![], default: None, on_error: OnError::Reject }
}

pub fn path(text: &str) -> Expr {
    expr(Origin::Path(Path::parse(text, false, None).unwrap()))
}

pub fn value(value: impl Into<Value>) -> Expr {
    expr(Origin::Value(value.into()))
}

pub fn id(kind: IdKind, phase: &str) -> Expr {
    expr(Origin::Id(IdRule { kind, spec: "shop".into(), phase: phase.into(), name: None }))
}

/// The id that a phase made for the key in a field. It is the phase's first lookup.
pub fn id_of(phase: &mut Phase, other: &str, field: &str) -> Expr {
    let kind = LookupKind::Phase { phase: format!("shop.{other}") };
    phase.lookups.push(Lookup { kind, stub: false });
    let lookup = phase.lookups.len() - 1;
    let call = LookupCall { lookup, keys: vec![path(field)], on_missing: OnMissing::Reject };
    expr(Origin::Lookup(call))
}

pub fn rule(when: &str, reason: &str) -> Rule {
    Rule { when: when.into(), reason: reason.into() }
}

pub fn object(fields: Vec<(&str, Value)>) -> Object {
    fields.into_iter().collect()
}

pub fn graph_of(works: Vec<Work>) -> Graph {
    let node = |work| Node { work, name: format!("{work:?}"), after: vec![] };
    Graph { nodes: works.into_iter().map(node).collect() }
}

//! A temporary database and a one-phase plan over it.

use std::sync::Arc;

use mapper::connectors::{self, ConnectionConfig, Definition, Model, Policies, ScanSource};
use mapper::expr::{Expr, IdKind, IdRule, Mapping, OnError, Origin, Path, Rule};
use mapper::ledger::{Counts, PhaseRecord};
use mapper::plan::{
    Connection, Graph, Node, OnConflict, OnDuplicate, Phase, Plan, Source, SpecInfo, Target,
    Transaction, Work, WriteMode,
};
use mapper::run::{self, Cancel, Event, Observer, Options, Outcome, RunError, Silent, Stores};
use mapper::value::query::Filter;
use mapper::value::{FieldPath, Row};

pub struct World {
    _folder: tempfile::TempDir,
    pub plan: Plan,
    pub options: Options,
}

impl World {
    /// A database made by a script, and a phase from `source` to `target` that maps `id`, `code` and
    /// `name` to themselves, conflicts on `code`, and makes `uid`.
    pub async fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self::over(url, script, folder).await
    }

    /// The same over the database at a URL.
    pub async fn at(url: &str, script: &str) -> Self {
        Self::over(url.to_owned(), script, tempfile::tempdir().unwrap()).await
    }

    async fn over(url: String, script: &str, folder: tempfile::TempDir) -> Self {
        let config = ConnectionConfig {
            name: "db".into(),
            url,
            model: Model::Tables,
            policies: Policies::default(),
            files: None,
            create: true,
        };
        let store = connectors::open(&config).await.unwrap();
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        session.define(&Definition::Script(script.to_owned())).await.unwrap();
        session.commit().await.unwrap();
        let connection = Connection {
            name: "db".into(),
            config,
            fixtures: None,
            production: false,
            backup: None,
            ignore: Vec::new(),
        };
        let node = Node { work: Work::Phase(0), name: "test.copy".into(), after: vec![] };
        let plan = Plan {
            specs: vec![SpecInfo {
                name: "test".into(),
                description: None,
                path: "test.toml".into(),
                checksum: "spec".into(),
            }],
            connections: vec![connection],
            phases: vec![phase()],
            graph: Graph { nodes: vec![node] },
            ..Plan::default()
        };
        Self { _folder: folder, plan, options: Options::default() }
    }

    pub fn phase(&mut self) -> &mut Phase {
        &mut self.plan.phases[0]
    }

    pub async fn run(&self) -> Counts {
        self.run_record().await.counts
    }

    pub async fn run_record(&self) -> PhaseRecord {
        let outcome = self.outcome(Arc::new(Silent), Cancel::default()).await.unwrap();
        let node = outcome.nodes.into_iter().next().unwrap();
        assert!(node.error.is_none(), "{:?}", node.error);
        let record = node.phase.unwrap();
        assert!(record.counts.is_conserved(), "{:?}", record.counts);
        record
    }

    pub async fn outcome(
        &self,
        observer: Arc<dyn Observer>,
        cancel: Cancel,
    ) -> Result<Outcome, RunError> {
        let stores = Stores::open(&self.plan).await?;
        let _locks = stores.lock(&self.plan).await?;
        let options = Arc::new(self.options.clone());
        run::run(Arc::new(self.plan.clone()), stores, options, observer, cancel).await
    }

    pub async fn rows(&self, query: &str) -> Vec<Row> {
        let store = connectors::open(&self.plan.connections[0].config).await.unwrap();
        store.query(query).await.unwrap().rows
    }

    /// Rows as text, columns with blanks between them.
    pub async fn text(&self, query: &str) -> Vec<String> {
        let rows = self.rows(query).await;
        rows.iter()
            .map(|row| {
                let cells: Vec<String> = row
                    .iter()
                    .map(|value| {
                        value.canonical_text().map_or("-".into(), std::borrow::Cow::into_owned)
                    })
                    .collect();
                cells.join(" ")
            })
            .collect()
    }

    pub async fn execute(&self, script: &str) {
        let store = connectors::open(&self.plan.connections[0].config).await.unwrap();
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        session.define(&Definition::Script(script.to_owned())).await.unwrap();
        session.commit().await.unwrap();
    }
}

/// Wishes to stop after some batches.
pub struct StopAfter {
    pub batches: u64,
    pub cancel: Cancel,
}

impl Observer for StopAfter {
    fn event(&self, event: &Event) {
        if let Event::Batch { batch, .. } = event
            && *batch >= self.batches
        {
            self.cancel.cancel();
        }
    }
}

pub fn expr(origin: Origin) -> Expr {
    Expr { origin, steps: vec![], default: None, on_error: OnError::Reject }
}

pub fn path(text: &str) -> Expr {
    expr(Origin::Path(Path::parse(text, false, None).unwrap()))
}

pub fn rule(when: &str, reason: &str) -> Rule {
    Rule { when: when.into(), reason: reason.into() }
}

fn phase() -> Phase {
    let id =
        IdRule { kind: IdKind::Uuid(None), spec: "test".into(), phase: "copy".into(), name: None };
    Phase {
        spec: "test".into(),
        name: "copy".into(),
        renamed_from: None,
        description: None,
        checksum: "phase".into(),
        source: Source {
            connection: 0,
            scan: ScanSource::Entity("source".into()),
            key: vec!["id".into()],
            filter: Filter::All,
            changes: None,
        },
        target: Target {
            connection: 0,
            entity: "target".into(),
            key: vec![FieldPath::field("code")],
            write: WriteMode::Insert(OnConflict::Skip),
        },
        mapping: Mapping {
            fields: vec![
                (FieldPath::field("uid"), expr(Origin::Id(id))),
                (FieldPath::field("code"), path("code")),
                (FieldPath::field("name"), path("name")),
            ],
            ..Mapping::default()
        },
        lookups: vec![],
        batch: 3,
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

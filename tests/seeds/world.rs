//! A shipped spec on a database of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mapper::check;
use mapper::connectors;
use mapper::diagnostics::render;
use mapper::document::Environment;
use mapper::plan::Plan;
use mapper::run::{self, Cancel, Options, Outcome, Silent, Stores, fixtures};
use mapper::spec::{self, FileSystem};

pub struct World {
    pub folder: tempfile::TempDir,
    pub plan: Plan,
    pub options: Options,
}

/// How much of the large data the tests use: `MAPPER_SCALE`, a twentieth unless it says otherwise.
#[expect(clippy::disallowed_methods, reason = "the scale of the big data is the environment's")]
pub fn scale() -> f64 {
    let scale = std::env::var("MAPPER_SCALE").unwrap_or_else(|_| "0.05".to_owned());
    scale.parse().expect("MAPPER_SCALE is a number")
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl World {
    /// Loads a spec with a variable that names its database.
    pub fn new(spec: &str, variable: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let environment = Environment::from_iter([(variable.to_owned(), url)]);
        let plan = load(&root().join(spec), &environment);
        Self { folder, plan, options: Options::default() }
    }

    pub async fn open(&self) -> Stores {
        fixtures::open(&self.plan, which(&self.options), &Silent).await.unwrap().0
    }

    pub async fn run(&self) -> Outcome {
        let (mut stores, _temporary) =
            fixtures::open(&self.plan, which(&self.options), &Silent).await.unwrap();
        if self.options.dry_run {
            stores = stores.overlaid();
        }
        let plan = Arc::new(self.plan.clone());
        let options = Arc::new(self.options.clone());
        run::run(plan, stores, options, Arc::new(Silent), Cancel::default()).await.unwrap()
    }

    /// Everything in the database but the ledger, sorted, as text.
    pub async fn dump(&self) -> Vec<String> {
        let mut config = self.plan.connections[0].config.clone();
        config.model = connectors::Model::Tables;
        let store = connectors::open(&config).await.unwrap();
        let mut lines = Vec::new();
        for entity in store.entities().await.unwrap() {
            for row in store.query(&format!("SELECT * FROM \"{entity}\"")).await.unwrap().rows {
                lines.push(format!("{entity}: {row:?}"));
            }
        }
        let schema = "SELECT sql FROM sqlite_schema WHERE sql NOT LIKE '%mapper_%'";
        for row in store.query(schema).await.unwrap().rows {
            lines.push(format!("{row:?}"));
        }
        lines.sort();
        lines
    }
}

pub fn load(path: &Path, environment: &Environment) -> Plan {
    let (set, sources, mut diagnostics) = spec::load(&[path.to_owned()], environment, &FileSystem);
    let options = check::Options { working_directory: root() };
    let checked = set.and_then(|set| check::check(&set, &sources, &options, &mut diagnostics));
    match checked {
        Some(checked) => checked.plan.with_second_passes(),
        None => panic!("{}", render::text(&diagnostics, &sources, render::Style::PLAIN)),
    }
}

/// Counts by phase, `skipped: reason` and `rejected: reason` among them.
pub fn counts(outcome: &Outcome) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut phases = BTreeMap::new();
    for node in &outcome.nodes {
        assert!(node.error.is_none(), "{}: {:?}", node.name, node.error);
        let Some(record) = &node.phase else { continue };
        let counts = &record.counts;
        assert!(counts.is_conserved(), "{counts:?}");
        let mut all: BTreeMap<String, u64> = counts.reasons.clone();
        for (name, count) in [
            ("read", counts.read),
            ("inserted", counts.inserted),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("skipped", counts.skipped),
            ("rejected", counts.rejected),
        ] {
            all.insert(name.to_owned(), count);
        }
        if counts.sources != counts.read {
            all.insert("sources".to_owned(), counts.sources);
            all.insert("sources_without_elements".to_owned(), counts.empty_sources);
        }
        let short = node.name.rsplit('.').next().unwrap().to_owned();
        phases.insert(short, all);
    }
    phases
}

fn which(options: &Options) -> fixtures::Fill {
    if options.dry_run { fixtures::Fill::Copies } else { fixtures::Fill::All }
}

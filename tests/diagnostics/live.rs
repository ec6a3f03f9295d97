//! Specs against stores that are there: every case of `live/` with what is said about it.
//!
//! `shop.db` holds the tables of `shop.sql`, `docs.db` a collection of documents, and `broken.db`
//! is damaged after it was opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mapper::check::{self, Checked, check, connect};
use mapper::connectors::{
    self, ConnectionConfig, Definition, Insert, Layout, Model, Policies, Store,
};
use mapper::diagnostics::render::{self, Style};
use mapper::diagnostics::{Diagnostics, SourceMap};
use mapper::document::Environment;
use mapper::plan::EdgeReason;
use mapper::spec::{FileReader, FileSystem, load};
use mapper::value::extended_json;

/// The cases, by name only.
struct Here;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/live")
}

impl FileReader for Here {
    fn read(&self, path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
        FileSystem.read(&folder().join(path), limit)
    }

    fn list(&self, path: &Path) -> std::io::Result<Option<Vec<PathBuf>>> {
        FileSystem.list(&folder().join(path))
    }
}

async fn open(path: &Path, model: Model) -> Arc<dyn Store> {
    let config = ConnectionConfig {
        name: "test".into(),
        url: format!("sqlite:{}", path.display()),
        model,
        policies: Policies::default(),
        files: None,
        create: true,
    };
    connectors::open(&config).await.unwrap()
}

async fn stores(folder_of_stores: &Path) {
    let script = |name: &str| std::fs::read_to_string(folder().join(name)).unwrap();
    let shop = open(&folder_of_stores.join("shop.db"), Model::Tables).await;
    let mut session = shop.session().await.unwrap();
    session.begin().await.unwrap();
    session.define(&Definition::Script(script("shop.sql"))).await.unwrap();
    session.commit().await.unwrap();
    let broken = open(&folder_of_stores.join("broken.db"), Model::Tables).await;
    let mut session = broken.session().await.unwrap();
    session.define(&Definition::Script("CREATE TABLE x (a)".into())).await.unwrap();
    drop(session);
    let docs = open(&folder_of_stores.join("docs.db"), Model::Documents).await;
    let mut session = docs.session().await.unwrap();
    session.begin().await.unwrap();
    let entity = "old_orders".to_owned();
    session.define(&Definition::CreateCollection { entity }).await.unwrap();
    let rows: Vec<_> = script("old_orders.jsonl")
        .lines()
        .map(|line| vec![extended_json::parse(line).unwrap()])
        .collect();
    let insert =
        Insert { entity: "old_orders", layout: &Layout::Document, rows: &rows, returning: &[] };
    session.insert(insert).await.unwrap();
    session.commit().await.unwrap();
}

/// Makes a database's catalog unreadable, also for those who have it open.
async fn damage(path: &Path) {
    let store = open(path, Model::Tables).await;
    let mut session = store.session().await.unwrap();
    let script = "PRAGMA writable_schema = ON;
                  UPDATE sqlite_schema SET sql = 'CREATE TABEL x (a)';
                  PRAGMA schema_version = 99;";
    session.define(&Definition::Script(script.into())).await.unwrap();
}

/// Everything that is found in a spec against its stores, and the plan.
async fn find(path: &Path) -> (SourceMap, Diagnostics, Option<Checked>) {
    let folder = tempfile::tempdir().unwrap();
    // As long in any of the usual places: lines break by it.
    let rest = 24_usize.saturating_sub(folder.path().as_os_str().len()).max(1);
    let place = folder.path().join("x".repeat(rest));
    std::fs::create_dir(&place).unwrap();
    stores(&place).await;
    let (set, sources, mut diagnostics) = load(&[path.to_path_buf()], &Environment::new(), &Here);
    let options = check::Options { working_directory: place.clone() };
    let mut checked = check(&set.unwrap(), &sources, &options, &mut diagnostics);
    if let Some(checked) = &mut checked {
        let mut stores = Vec::new();
        for connection in &checked.plan.connections {
            stores.push(connectors::open(&connection.config).await.unwrap());
        }
        damage(&place.join("broken.db")).await;
        connect(checked, &stores, &mut diagnostics).await;
    }
    (sources, diagnostics, checked)
}

#[test]
fn each_case_reads_as_in_its_snapshot() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    insta::glob!("live/[ew]0*.toml", |path| {
        let name = Path::new(path.file_name().unwrap());
        let code = name.to_str().unwrap().split('_').next().unwrap().to_uppercase();
        let (sources, diagnostics, _) = runtime.block_on(find(name));
        assert!(diagnostics.spans_are_valid(&sources), "{}", name.display());
        let ids: Vec<&str> = diagnostics.sorted().iter().map(|d| d.code.id).collect();
        assert!(ids.contains(&code.as_str()), "{} gives {ids:?}", name.display());
        let text = render::text(&diagnostics, &sources, Style::PLAIN);
        insta::with_settings!({
            omit_expression => true,
            prepend_module_to_snapshot => false,
            snapshot_path => "snapshots/live",
            filters => vec![(r"\S*broken\.db", "[broken.db]")],
        }, {
            insta::assert_snapshot!("case", text);
        });
    });
}

#[test]
fn foreign_keys_order_phases() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_, diagnostics, checked) = runtime.block_on(find(Path::new("foreign_keys.toml")));
    assert!(!diagnostics.has_errors());
    let nodes = checked.unwrap().plan.graph.nodes;
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["case.customers", "case.orders"], "against the order of the file");
    assert_eq!(nodes[1].after[0].reason, EdgeReason::ForeignKey);
}

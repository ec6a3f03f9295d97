//! Every recipe of the cookbook runs: on the data of `recipes/<spec>/`, where a folder with the name
//! of a connection fills that one, and `files` lies beside the spec. What it does is a snapshot.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use mapper::check;
use mapper::connectors::{self, Model};
use mapper::diagnostics::render::{self, Style};
use mapper::plan::Plan;
use mapper::run::{self, Cancel, Options, Silent, fixtures};
use mapper::spec::{self, FileSystem};

use super::{blocks_of, environment, root};
use crate::enrich::service::{Act, Service};

/// The specs of the cookbook: name and text.
fn recipes() -> Vec<(String, String)> {
    blocks_of("toml")
        .into_iter()
        .filter(|(path, block)| path == "docs/cookbook.md" && block.text.starts_with("spec = 1\n"))
        .map(|(_, block)| {
            let name = block.text.lines().find_map(|line| line.strip_prefix("name = \"")).unwrap();
            (name.trim_end_matches('"').to_owned(), block.text)
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The plan of a recipe in a folder of its own, with its data as fixtures.
fn prepared(name: &str, text: &str, folder: &Path) -> Plan {
    let data = root().join("tests/documents/recipes").join(name);
    if data.join("files").exists() {
        copy(&data.join("files"), folder);
    }
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, text).unwrap();
    let (set, sources, mut diagnostics) = spec::load(&[path], &environment(), &FileSystem);
    let options = check::Options { working_directory: folder.to_owned() };
    let checked = set.and_then(|set| check::check(&set, &sources, &options, &mut diagnostics));
    let mut plan = match checked {
        Some(checked) => checked.plan,
        None => panic!("{}", render::text(&diagnostics, &sources, Style::PLAIN)),
    };
    for enrich in plan.phases.iter_mut().flat_map(|phase| &mut phase.enrich) {
        // A service at hand, of few dimensions.
        enrich.service.url = Service::start(|_, _| Act::Answer).url;
        enrich.body =
            enrich.body.replace("1024", "2").replace("\"model\"", "\"dimensions\": 2, \"model\"");
    }
    for connection in &mut plan.connections {
        let folder = data.join(&connection.name);
        connection.fixtures = folder.exists().then_some(folder);
    }
    plan
}

/// Runs a plan and tells what became of its records and checks.
async fn run(plan: &Plan) -> String {
    let (stores, _) = fixtures::open(plan, fixtures::Fill::All, &Silent).await.unwrap();
    let (plan, options) = (Arc::new(plan.clone()), Arc::new(Options::default()));
    let outcome =
        run::run(plan, stores, options, Arc::new(Silent), Cancel::default()).await.unwrap();
    let mut text = String::new();
    for node in &outcome.nodes {
        let _ = write!(text, "{}: {}", node.name, node.state.name());
        if let Some(phase) = &node.phase {
            let counts = &phase.counts;
            assert!(counts.is_conserved(), "{}: {counts:?}", node.name);
            let _ = write!(
                text,
                ", read {} of {}, inserted {}, updated {}, unchanged {}, skipped {}, rejected {}",
                counts.read,
                counts.sources,
                counts.inserted,
                counts.updated,
                counts.unchanged,
                counts.skipped,
                counts.rejected
            );
            for usage in &node.usage {
                let (field, sent, held) = (&usage.field, usage.sent, usage.held);
                let _ = write!(text, "\n    {field}: {sent} sent, {held} held");
            }
            for (reason, count) in &counts.reasons {
                let _ = write!(text, "\n    {count} {reason}");
            }
        }
        if let Some(check) = &node.check {
            let _ = write!(text, ", {}", if check.passed { "holds" } else { "does not hold" });
        }
        if let Some(error) = &node.error {
            let _ = write!(text, ", {error}");
        }
        text.push('\n');
    }
    text
}

/// The rows of the tables and collections that a plan writes, as text.
async fn written(plan: &Plan) -> String {
    let mut text = String::new();
    let mut targets: Vec<(usize, &str)> = plan
        .phases
        .iter()
        .map(|phase| (phase.target.connection, phase.target.entity.as_str()))
        .collect();
    targets.dedup();
    for (connection, entity) in targets {
        let mut config = plan.connections[connection].config.clone();
        let documents = config.model == Model::Documents;
        config.model = Model::Tables;
        let store = connectors::open(&config).await.unwrap();
        let columns = if documents { "document" } else { "*" };
        let query = format!("SELECT {columns} FROM \"{entity}\" ORDER BY 1");
        let _ = writeln!(text, "\n{entity}");
        for row in store.query(&query).await.unwrap().rows {
            let cells: Vec<_> = row
                .iter()
                .map(|cell| cell.canonical_text().map_or("-".into(), std::borrow::Cow::into_owned))
                .collect();
            let _ = writeln!(text, "    {}", cells.join(" | "));
        }
    }
    text
}

#[tokio::test]
async fn recipes_do_what_they_say() {
    let recipes = recipes();
    assert!(recipes.len() >= 12, "{} recipes", recipes.len());
    for (name, spec) in recipes {
        let folder = tempfile::tempdir().unwrap();
        let plan = prepared(&name, &spec, folder.path());
        let first = run(&plan).await;
        let written_first = written(&plan).await;
        let again = run(&plan).await;
        assert_eq!(written(&plan).await, written_first, "{name}: the second run changes nothing");
        insta::with_settings!({ snapshot_suffix => name, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("recipe", format!("{first}{written_first}\nagain\n{again}"));
        });
    }
}

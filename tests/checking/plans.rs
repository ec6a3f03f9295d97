//! Plans, as they are explained.

use std::path::{Path, PathBuf};

use mapper::check::{Options, check};
use mapper::diagnostics::render::{self, Style};
use mapper::document::Environment;
use mapper::plan::{explain_json, explain_mermaid, explain_text};
use mapper::spec::{FileSystem, load};

use super::{check_files, checked};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_plan_is_explained_as_in_its_snapshot() {
    insta::glob!("..", "plans/*.toml", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let plan = checked(&[("specs/a.toml", &text)]).plan;
        let shown =
            format!("{}\n{}", explain_text(&plan, &[], &[], &[]), explain_mermaid(&plan, &[], &[]));
        insta::with_settings!({
            omit_expression => true,
            prepend_module_to_snapshot => false,
            snapshot_path => "../plans/snapshots",
        }, {
            insta::assert_snapshot!("plan", shown);
        });
    });
}

#[test]
fn json_tells_the_same_nodes_and_edges() {
    let text = std::fs::read_to_string(root().join("tests/plans/shop.toml")).unwrap();
    let plan = checked(&[("a.toml", &text)]).plan;
    let status = [None, Some("completed".to_owned())];
    let json = explain_json(&plan, &status, &[], &[]);
    let nodes = json["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), plan.graph.nodes.len());
    for (node, told) in plan.graph.nodes.iter().zip(nodes) {
        assert_eq!(told["name"], node.name);
        assert_eq!(told["after"].as_array().unwrap().len(), node.after.len());
        assert_eq!(told["checksum"].is_string(), told["kind"] == "phase");
    }
    assert_eq!(nodes[1]["state"], "completed");
}

#[test]
fn shipped_specs_hold_no_mistake_and_no_warning() {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(root().join("specs")).unwrap().map(|file| file.unwrap().path()).collect();
    paths.push(root().join("examples/hello/hello.toml"));
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    assert!(paths.len() >= 3, "{paths:?}");
    for path in paths {
        let (set, sources, mut diagnostics) =
            load(std::slice::from_ref(&path), &Environment::new(), &FileSystem);
        let options = Options { working_directory: root().to_path_buf() };
        let checked = check(&set.unwrap(), &sources, &options, &mut diagnostics);
        let said = render::text(&diagnostics, &sources, Style::PLAIN);
        assert!(diagnostics.is_empty(), "{said}");
        let checked = checked.unwrap();
        assert_eq!(checked.origins.phases.len(), checked.plan.phases.len());
        assert_eq!(checked.origins.checks.len(), checked.plan.checks.len());
        assert_eq!(checked.origins.indexes.len(), checked.plan.indexes.len());
        assert_eq!(checked.origins.tests.len(), checked.plan.tests.len());
        assert_eq!(checked.origins.connections.len(), checked.plan.connections.len());
    }
}

const SMALL: &str = r#"
spec = 1
name = "NAME"

[connections.shop]
url = "URL"

[phase.orders]
AFTER
source = { connection = "shop", table = "old" }
target = { connection = "shop", table = "orders", key = ["id"] }
fields = { id = "id" }
"#;

fn small(name: &str, url: &str, after: &str) -> String {
    SMALL.replace("NAME", name).replace("URL", url).replace("AFTER", after)
}

#[test]
fn relative_paths_start_at_the_spec_and_those_of_variables_at_the_working_directory() {
    let url = |url: &str| {
        let text = small("a", url, "");
        let plan = checked(&[("specs/a.toml", &text)]).plan;
        plan.connections[0].config.url.clone()
    };
    assert_eq!(url("sqlite:../data/shop.db"), "sqlite:/work/specs/../data/shop.db");
    assert_eq!(url("${SHOP}"), "sqlite:/work/elsewhere.db");
    assert_eq!(url("${OTHER:-sqlite:shop.db}"), "sqlite:/work/specs/shop.db");
    assert_eq!(url("sqlite:/tmp/shop.db"), "sqlite:/tmp/shop.db");
}

#[test]
fn specs_that_run_together_are_one_graph() {
    let first = small("a", "sqlite:a.db", r#"after = ["b.orders"]"#);
    let second = small("b", "sqlite:b.db", "");
    let plan = checked(&[("a.toml", &first), ("b.toml", &second)]).plan;
    let names: Vec<&str> = plan.graph.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["b.orders", "a.orders"]);
    let connections: Vec<&str> =
        plan.connections.iter().map(|connection| connection.name.as_str()).collect();
    assert_eq!(connections, ["a.shop", "b.shop"], "one name, two stores");
    let same = small("b", "sqlite:a.db", "");
    let plan = checked(&[("a.toml", &first), ("b.toml", &same)]).plan;
    assert_eq!(plan.connections.len(), 1, "one name, one store");
}

#[test]
fn a_short_name_of_another_spec_is_told_in_full() {
    let first = small("a", "sqlite:a.db", r#"after = ["invoices"]"#);
    let second = small("b", "sqlite:b.db", "").replace("phase.orders", "phase.invoices");
    let (plan, _, diagnostics) = check_files(&[("a.toml", &first), ("b.toml", &second)]);
    assert!(plan.is_none());
    let help = diagnostics.sorted()[0].help.clone().unwrap();
    assert_eq!(help, "did you mean `invoices`?".replace("`invoices`", "`b.invoices`"));
}

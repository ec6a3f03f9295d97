//! The house rules that a machine can keep: import fences, homes of crates, sizes, words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each top-level module and its layer. A module sees itself and the layers below it.
const LAYERS: &[(&str, u8)] = &[
    ("diagnostics", 0),
    ("value", 0),
    ("document", 1),
    ("functions", 1),
    ("spec", 2),
    ("connectors", 2),
    ("expr", 2),
    ("http", 2),
    ("backup", 3),
    ("generate", 3),
    ("ledger", 3),
    ("plan", 3),
    ("check", 4),
    ("run", 4),
    ("coverage", 5),
    ("ids", 5),
    ("init", 5),
    ("rejects", 5),
    ("restore", 5),
    ("rollback", 5),
    ("status", 5),
    ("test_runner", 5),
    ("verify", 5),
    ("rehearse", 6),
    ("report", 6),
    ("cli", 7),
];

/// Where each outside crate that a module hides may be named.
const HOMES: &[(&str, &[&str])] = &[
    ("toml::", &["src/document"]),
    ("fake::", &["src/generate/fakes.rs"]),
    ("rand::", &["src/generate/random.rs"]),
    ("reqwest", &["src/http"]),
    ("aws_sigv4", &["src/http/sign.rs"]),
    ("governor", &["src/http"]),
    ("backon", &["src/http"]),
    ("minijinja", &["src/expr"]),
    ("jsonpath_rust", &["src/expr/select.rs"]),
    (
        "sqlx",
        &[
            "src/connectors/sqlite",
            "src/connectors/documents",
            "src/connectors/postgres",
            "src/connectors/mysql",
        ],
    ),
    ("mongodb::", &["src/connectors/mongodb"]),
    ("bson::", &["src/connectors/mongodb"]),
    ("clap", &["src/cli", "src/main.rs"]),
    ("mimalloc", &["src/main.rs"]),
    ("miette", &["src/diagnostics", "src/cli"]),
    ("indicatif", &["src/cli"]),
    ("dotenvy", &["src/cli"]),
    ("std::env", &["src/cli", "src/main.rs"]),
];

const MOST_LINES: usize = 800;
const MEDIAN_LINES: usize = 200;

/// Every source file: path from the root of the project, and text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut open = vec![root.join("src")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                files.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    files.retain(|(path, _)| !path.ends_with("/tests.rs"));
    files.sort();
    assert!(files.len() > 50, "the sources were not found");
    files
}

/// The code of a file: comments and inline tests left out.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

fn module(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap();
    let end = inside.find(['/', '.']).unwrap_or(inside.len());
    &inside[..end]
}

#[test]
fn imports_run_downwards() {
    let layers: BTreeMap<&str, u8> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = module(&path);
        if own == "lib" || own == "main" {
            continue;
        }
        let Some(layer) = layers.get(own) else {
            wrong.push(format!("{path}: module `{own}` has no layer"));
            continue;
        };
        let code = code(&text);
        let mut names: Vec<&str> = code
            .match_indices("crate::")
            .map(|(at, _)| {
                let rest = &code[at + "crate::".len()..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                &rest[..end.unwrap_or(rest.len())]
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            match layers.get(name) {
                Some(other) if name == own || other < layer => {}
                Some(other) => wrong.push(format!("{path} (layer {layer}) sees {name} ({other})")),
                None => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_library_has_a_layer() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    let mut declared: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    declared.sort_unstable();
    let mut known: Vec<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(declared, known);
}

#[test]
fn outside_crates_have_one_home() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let code = code(&text);
        for (name, homes) in HOMES {
            let at_home = homes.iter().any(|home| path.starts_with(home));
            let named = code.match_indices(name).any(|(at, _)| {
                !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if named && !at_home {
                wrong.push(format!("{path} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_fit_a_reader() {
    let mut sizes: Vec<(usize, String)> =
        sources().into_iter().map(|(path, text)| (text.lines().count(), path)).collect();
    sizes.sort();
    let large: Vec<&(usize, String)> =
        sizes.iter().filter(|(lines, _)| *lines > MOST_LINES).collect();
    assert!(large.is_empty(), "over {MOST_LINES} lines: {large:?}");
    let median = sizes[sizes.len() / 2].0;
    assert!(median <= MEDIAN_LINES, "the median file has {median} lines");
}

#[test]
fn the_engine_knows_no_domain() {
    let words = [
        "patient",
        "appointment",
        "followup",
        "clinic",
        "therap",
        "dental",
        "dispatch_",
        "treatment",
    ];
    for (path, text) in sources() {
        let text = text.to_lowercase();
        for word in words {
            assert!(!text.contains(word), "{path} says `{word}`");
        }
    }
}

#[test]
fn nothing_is_left_unfinished() {
    for (path, text) in sources() {
        for word in ["todo!", "unimplemented!", "TODO", "FIXME"] {
            assert!(!code(&text).contains(word), "{path} says `{word}`");
        }
    }
}

#[test]
fn the_map_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    for (name, _) in LAYERS {
        assert!(map.contains(&format!("`{name}`")), "ARCHITECTURE.md does not speak of `{name}`");
    }
    for word in map.split('`').skip(1).step_by(2) {
        let is_path = word.contains('/')
            && word.ends_with(['s', 'd', 'l', 'n', '/'])
            && (word.starts_with("src/")
                || word.starts_with("tests/")
                || word.starts_with("docs/")
                || word.starts_with("schemas/")
                || word.starts_with("examples/")
                || word.starts_with("scripts/"));
        assert!(!is_path || root.join(word).exists(), "ARCHITECTURE.md names {word}");
    }
    assert!(map.lines().count() <= 200, "ARCHITECTURE.md is no map any more");
}

//! The documents are true: their specs are right, their tables are those of the registers, and their
//! links lead somewhere.
//!
//! A block of TOML with `spec = 1` is a whole spec and checks without a word. Any other is a
//! fragment: the comment `<!-- in: NAME -->` before it names the file of `preludes/` that it goes on
//! from. `<!-- wrong: CODE -->` says which mistake a block shows.

mod blocks;
mod generated;
mod recipes;
mod seed_3;
mod transcripts;

use std::path::{Path, PathBuf};

use mapper::check;
use mapper::diagnostics::render::{self, Style};
use mapper::diagnostics::{Diagnostics, SourceMap};
use mapper::document::Environment;
use mapper::plan::Plan;
use mapper::run::Options;
use mapper::spec::{self, FileReader, FileSystem};
use mapper::test_runner;

use blocks::Block;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document of the project that is written for people: path from the root, and text.
fn documents() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(Into::into).into();
    for folder in ["docs", "examples"] {
        let mut open = vec![root().join(folder)];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|ending| ending == "md") {
                    paths.push(path.strip_prefix(root()).unwrap().to_owned());
                }
            }
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            (path.to_string_lossy().into_owned(), text)
        })
        .collect()
}

/// The blocks of a language that people wrote.
fn blocks_of(language: &str) -> Vec<(String, Block)> {
    let mut all = Vec::new();
    for (path, text) in documents() {
        let blocks = blocks::blocks(&text).into_iter();
        all.extend(
            blocks
                .filter(|block| block.language == language && !block.generated)
                .map(|block| (path.clone(), block)),
        );
    }
    all
}

/// A spec as text, beside the files of `preludes/`.
struct Beside(String);

impl Beside {
    fn path() -> PathBuf {
        root().join("tests/documents/preludes/document.toml")
    }
}

impl FileReader for Beside {
    fn read(&self, path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
        if path == Self::path() {
            return Ok(self.0.as_bytes()[..self.0.len().min(limit)].to_vec());
        }
        FileSystem.read(path, limit)
    }

    fn list(&self, path: &Path) -> std::io::Result<Option<Vec<PathBuf>>> {
        if path == Self::path() { Ok(None) } else { FileSystem.list(path) }
    }
}

/// The variables without a default that documents use.
fn environment() -> Environment {
    ["SHOP_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY"]
        .iter()
        .map(|name| ((*name).to_owned(), "x".to_owned()))
        .collect()
}

/// Checks a spec as `mapper check` does.
fn checked(text: String) -> (Option<Plan>, SourceMap, Diagnostics) {
    let (set, sources, mut diagnostics) =
        spec::load(&[Beside::path()], &environment(), &Beside(text));
    let options = check::Options { working_directory: root().to_owned() };
    let checked = set.and_then(|set| check::check(&set, &sources, &options, &mut diagnostics));
    (checked.map(|checked| checked.plan), sources, diagnostics)
}

fn whole_spec(block: &Block) -> Result<String, String> {
    if block.text.lines().any(|line| line.starts_with("spec = ")) {
        return Ok(block.text.clone());
    }
    let Some(name) = block.marks.get("in") else {
        return Err("a fragment needs <!-- in: NAME --> before it".to_owned());
    };
    let path = root().join("tests/documents/preludes").join(format!("{name}.toml"));
    let prelude = std::fs::read_to_string(&path).map_err(|_| format!("no prelude `{name}`"))?;
    Ok(format!("{prelude}{}", block.text))
}

/// What is wrong with a block, if something is.
fn complaint(block: &Block) -> Option<String> {
    let text = match whole_spec(block) {
        Ok(text) => text,
        Err(message) => return Some(message),
    };
    let is_whole = text == block.text;
    let (_, sources, diagnostics) = checked(text);
    let said = || render::text(&diagnostics, &sources, Style::PLAIN);
    match block.marks.get("wrong") {
        Some(code) => {
            let codes: Vec<&str> =
                diagnostics.sorted().iter().map(|diagnostic| diagnostic.code.id).collect();
            (codes != [code.as_str()])
                .then(|| format!("expected {code}, got {codes:?}\n{}", said()))
        }
        // What a fragment does not use may seem forgotten.
        None if diagnostics.has_errors() || (is_whole && !diagnostics.is_empty()) => Some(said()),
        None => None,
    }
}

#[test]
fn specs_in_documents_are_right() {
    let blocks = blocks_of("toml");
    assert!(blocks.len() > 40, "{} blocks of TOML", blocks.len());
    let wrong: Vec<String> = blocks
        .iter()
        .filter_map(|(path, block)| Some(format!("{path}:{}: {}", block.line, complaint(block)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn tests_in_documents_pass() {
    let mut count = 0;
    for (path, block) in blocks_of("toml") {
        let Some(plan) = checked(whole_spec(&block).unwrap()).0 else { continue };
        for outcome in test_runner::run_tests(&plan, None, &Options::default()).await {
            count += 1;
            let differences: Vec<String> =
                outcome.differences.iter().map(ToString::to_string).collect();
            assert!(outcome.passed(), "{path}:{}: {}", block.line, differences.join("\n"));
        }
    }
    assert!(count >= 2, "{count} tests");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = documents();
    let mut broken = Vec::new();
    for (path, text) in &documents {
        for (line, link) in blocks::links(text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = match link.split_once('#') {
                Some((file, anchor)) => (file, Some(anchor)),
                None => (link.as_str(), None),
            };
            let target = match file {
                "" => root().join(path),
                file => root().join(path).parent().unwrap().join(file),
            };
            let found = match anchor {
                None => target.exists(),
                Some(anchor) => std::fs::read_to_string(&target)
                    .is_ok_and(|text| blocks::anchors(&text).iter().any(|known| known == anchor)),
            };
            if !found {
                broken.push(format!("{path}:{line}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_of_the_documentation_is_linked() {
    let documents = documents();
    let linked = |page: &str| {
        documents.iter().any(|(path, text)| {
            path != page
                && blocks::links(text).iter().any(|(_, link)| {
                    let file = link.split('#').next().unwrap_or_default();
                    root().join(path).parent().unwrap().join(file).canonicalize().ok()
                        == root().join(page).canonicalize().ok()
                })
        })
    };
    let pages = documents.iter().map(|(path, _)| path).filter(|path| path.starts_with("docs/"));
    let lost: Vec<&String> = pages.filter(|page| !linked(page)).collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}

#[test]
fn lines_are_short() {
    let mut long = Vec::new();
    for (path, text) in documents() {
        let own = path == "README.md" || path.starts_with("docs/");
        let mut code_of_registers = false;
        for (number, line) in text.lines().enumerate().filter(|_| own) {
            if line.starts_with("<!-- generated: ") || line == "<!-- end -->" {
                code_of_registers = line != "<!-- end -->";
            }
            let wide = line.starts_with('|') || code_of_registers;
            if line.chars().count() > 120 && !wide {
                long.push(format!("{path}:{}", number + 1));
            }
        }
    }
    assert!(long.is_empty(), "over 120 columns: {}", long.join(", "));
}

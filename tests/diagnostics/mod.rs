//! Every mistake in `tests/diagnostics/*.toml` with what is said about it. To add a case, write the
//! spec and run the tests with `INSTA_UPDATE=always`; the snapshot is what users read.

mod live;

use std::io;
use std::path::{Path, PathBuf};

use mapper::check::{self, check};
use mapper::diagnostics::render::{self, Style};
use mapper::diagnostics::{Diagnostics, SourceMap, codes};
use mapper::document::Environment;
use mapper::spec::{FileReader, FileSystem, load};

/// The files of this folder, by name only, so that no machine's paths are in the snapshots.
struct Here;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

impl FileReader for Here {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        FileSystem.read(&folder().join(path), limit)
    }

    fn list(&self, path: &Path) -> io::Result<Option<Vec<PathBuf>>> {
        let files = FileSystem.list(&folder().join(path))?;
        Ok(files.map(|files| {
            files
                .iter()
                .filter_map(|f| f.strip_prefix(folder()).ok().map(Path::to_path_buf))
                .collect()
        }))
    }
}

/// Everything that is found in a spec, by all stages that need no store.
fn find(path: &Path) -> (SourceMap, Diagnostics) {
    let environment = Environment::from([
        ("SET_TO_TEXT".to_owned(), "some text".to_owned()),
        ("SET_PASSWORD".to_owned(), "from the environment".to_owned()),
    ]);
    let (set, sources, mut diagnostics) = load(&[path.to_path_buf()], &environment, &Here);
    if let Some(set) = set {
        let options = check::Options { working_directory: PathBuf::from("/work") };
        check(&set, &sources, &options, &mut diagnostics);
    }
    (sources, diagnostics)
}

fn found(path: &Path) -> String {
    let (sources, diagnostics) = find(path);
    assert!(!diagnostics.is_empty(), "{} has no mistake", path.display());
    assert!(diagnostics.spans_are_valid(&sources), "{}", path.display());
    render::text(&diagnostics, &sources, Style::PLAIN)
}

#[test]
fn each_case_reads_as_in_its_snapshot() {
    insta::glob!("*.toml", |path| {
        let name = Path::new(path.file_name().unwrap());
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("case", found(name));
        });
    });
}

#[test]
fn a_case_is_named_after_what_it_shows() {
    for path in FileSystem.list(&folder()).unwrap().unwrap() {
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let name = Path::new(path.file_name().unwrap());
        let code = name.to_str().unwrap().split('_').next().unwrap().to_uppercase();
        if code == "MANY" || code == "TEN" {
            continue;
        }
        let (_, diagnostics) = find(name);
        let ids: Vec<&str> = diagnostics.sorted().iter().map(|d| d.code.id).collect();
        assert!(ids.contains(&code.as_str()), "{} gives {ids:?}", name.display());
    }
}

#[test]
fn each_code_has_a_case() {
    // These say something about bytes or folders, which a case can't be; they are tested in
    // `tests/loading`.
    let elsewhere = ["E0101", "E0102", "E0103", "E0108"];
    let names = |folder: &Path| -> Vec<String> {
        let files = FileSystem.list(folder).unwrap().unwrap();
        let cases = files.iter().filter(|file| file.extension().is_some_and(|end| end == "toml"));
        cases.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    let names = [names(&folder()), names(&folder().join("live"))].concat();
    assert!(names.len() >= 65, "{} cases", names.len());
    for code in codes::all().filter(|code| !elsewhere.contains(&code.id)) {
        let prefix = format!("{}_", code.id.to_lowercase());
        assert!(names.iter().any(|name| name.starts_with(&prefix)), "{code} has no case");
    }
}

#[test]
fn ten_different_mistakes_of_meaning_are_told_in_one_run() {
    let (_, diagnostics) = find(Path::new("ten_mistakes.toml"));
    let mut ids: Vec<&str> = diagnostics.sorted().iter().map(|d| d.code.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() >= 10, "{ids:?}");
}

#[test]
fn one_file_with_many_mistakes_tells_them_all_in_order() {
    let (sources, diagnostics) = find(Path::new("many_mistakes.toml"));
    let places: Vec<_> = diagnostics
        .sorted()
        .iter()
        .map(|d| d.span().map(|span| sources.line_column(span.source, span.start)).unwrap())
        .collect();
    assert!(places.len() >= 10, "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
}

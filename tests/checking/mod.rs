//! What a spec without mistakes becomes, and that no spec makes the checker panic.

mod checksums;
mod elements;
mod plans;
mod random;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use mapper::check::{Checked, Options, check};
use mapper::diagnostics::render::{self, Style};
use mapper::diagnostics::{Diagnostics, SourceMap};
use mapper::document::Environment;
use mapper::spec::{FileReader, load};

/// Files in memory, by path.
struct Files(BTreeMap<PathBuf, String>);

impl FileReader for Files {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.bytes().take(limit).collect())
    }

    fn list(&self, path: &Path) -> io::Result<Option<Vec<PathBuf>>> {
        if self.0.contains_key(path) { Ok(None) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// Checks files together as specs.
fn check_files(files: &[(&str, &str)]) -> (Option<Checked>, SourceMap, Diagnostics) {
    let texts = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
    let files = Files(texts.collect());
    let paths: Vec<PathBuf> = files.0.keys().cloned().collect();
    let environment = Environment::from([("SHOP".to_owned(), "sqlite:elsewhere.db".to_owned())]);
    let (set, sources, mut diagnostics) = load(&paths, &environment, &files);
    let options = Options { working_directory: PathBuf::from("/work") };
    let checked = set.and_then(|set| check(&set, &sources, &options, &mut diagnostics));
    (checked, sources, diagnostics)
}

/// The plan of files that hold no mistake.
fn checked(files: &[(&str, &str)]) -> Checked {
    let (checked, sources, diagnostics) = check_files(files);
    let said = render::text(&diagnostics, &sources, Style::PLAIN);
    checked.unwrap_or_else(|| panic!("{said}"))
}

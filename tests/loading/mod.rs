//! Loading: files, folders and includes; what the typed spec holds; and that no input panics.

mod content;
mod files;
mod random;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use mapper::diagnostics::{Diagnostics, SourceMap};
use mapper::document::Environment;
use mapper::spec::{FileReader, Spec, SpecSet, load};

/// Files in memory, by path.
#[derive(Default)]
struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Files {
    fn new<const N: usize>(files: [(&str, &str); N]) -> Self {
        Self(files.map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).into())
    }

    fn load(&self, paths: &[&str]) -> (Option<SpecSet>, SourceMap, Diagnostics) {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let environment = Environment::from([
            ("HERE".to_owned(), "x.db".to_owned()),
            ("NUMBER".to_owned(), "7".to_owned()),
            ("SECRET".to_owned(), "s/cr@t".to_owned()),
        ]);
        load(&paths, &environment, self)
    }
}

impl FileReader for Files {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let bytes = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes[..bytes.len().min(limit)].to_vec())
    }

    fn list(&self, path: &Path) -> io::Result<Option<Vec<PathBuf>>> {
        if self.0.contains_key(path) {
            return Ok(None);
        }
        let inside = |file: &&PathBuf| file.parent() == Some(path);
        let found: Vec<PathBuf> = self.0.keys().filter(inside).cloned().collect();
        if found.is_empty() && !self.0.keys().any(|file| file.starts_with(path)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Some(found))
    }
}

/// The one spec of a text without mistakes.
fn spec(text: &str) -> Spec {
    let (set, sources, diagnostics) =
        Files::new([("folder/a.toml", text)]).load(&["folder/a.toml"]);
    let said = mapper::diagnostics::render::text(
        &diagnostics,
        &sources,
        mapper::diagnostics::render::Style::PLAIN,
    );
    assert!(diagnostics.is_empty(), "{said}");
    set.unwrap().specs.remove(0)
}

/// The codes of what is found, in order.
fn codes(diagnostics: &Diagnostics) -> Vec<&'static str> {
    diagnostics.sorted().iter().map(|diagnostic| diagnostic.code.id).collect()
}

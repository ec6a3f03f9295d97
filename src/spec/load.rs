//! From paths to specs: files, folders and what they include.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::read::Context;
use super::root::{self, Definitions};
use super::{Spec, SpecSet};
use crate::diagnostics::wording::suggest;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceId, SourceMap, Span, codes};
use crate::document::{self, Damage, Environment, MAX_BYTES, Text, Validator};

/// Where files come from, so that tests can feed text.
pub trait FileReader {
    /// Up to `limit` bytes of a file.
    ///
    /// # Errors
    /// When it does not exist or can't be read.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;

    /// The files directly inside a folder; `None` when the path is no folder.
    ///
    /// # Errors
    /// When it does not exist or can't be read.
    fn list(&self, path: &Path) -> io::Result<Option<Vec<PathBuf>>>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystem;

impl FileReader for FileSystem {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(limit as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> io::Result<Option<Vec<PathBuf>>> {
        if !std::fs::metadata(path)?.is_dir() {
            return Ok(None);
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            if !entry.path().is_dir() {
                files.push(entry.path());
            }
        }
        Ok(Some(files))
    }
}

/// Reads specs: each path is a file, or a folder with `*.toml` files of which those that another
/// one includes are not specs of their own.
///
/// Gives everything that could be read, also when there are errors; `None` when nothing could.
pub fn load(
    paths: &[PathBuf],
    environment: &Environment,
    files: &dyn FileReader,
) -> (Option<SpecSet>, SourceMap, Diagnostics) {
    let mut loader = Loader {
        environment,
        files,
        sources: SourceMap::new(),
        diagnostics: Diagnostics::new(),
        read: HashMap::new(),
    };
    let mut set = SpecSet::default();
    let mut seen = HashSet::new();
    for path in loader.spec_files(paths) {
        if seen.insert(normal(&path)) {
            set.specs.extend(loader.spec(&path));
        }
    }
    loader.unique_names(&set);
    let set = (!set.specs.is_empty()).then_some(set);
    (set, loader.sources, loader.diagnostics)
}

/// Reads one spec that is text in memory, as [`load`] does. Messages call it `spec.toml`, and what
/// it includes is looked for in the working directory.
pub fn load_text(
    text: &str,
    environment: &Environment,
) -> (Option<SpecSet>, SourceMap, Diagnostics) {
    load(&[PathBuf::from(TEXT_NAME)], environment, &InMemory(text))
}

/// What the file of [`load_text`] is called.
const TEXT_NAME: &str = "spec.toml";

struct InMemory<'t>(&'t str);

impl FileReader for InMemory<'_> {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        if path == Path::new(TEXT_NAME) {
            return Ok(self.0.as_bytes()[..self.0.len().min(limit)].to_vec());
        }
        FileSystem.read(path, limit)
    }

    fn list(&self, path: &Path) -> io::Result<Option<Vec<PathBuf>>> {
        if path == Path::new(TEXT_NAME) { Ok(None) } else { FileSystem.list(path) }
    }
}

struct Loader<'a> {
    environment: &'a Environment,
    files: &'a dyn FileReader,
    sources: SourceMap,
    diagnostics: Diagnostics,
    /// What was read, by path; `None` after an error.
    read: HashMap<PathBuf, Option<Rc<File>>>,
}

struct File {
    source: SourceId,
    path: PathBuf,
    damage: Damage,
    definitions: Definitions,
}

impl File {
    /// The files that it includes.
    fn includes(&self) -> impl Iterator<Item = (&Text, PathBuf)> {
        let base = folder(&self.path);
        self.definitions.include.iter().map(move |text| {
            let path = if text.starts_with_variable() {
                PathBuf::from(text.as_str())
            } else {
                base.join(text.as_str())
            };
            (text, normal(&path))
        })
    }
}

impl Loader<'_> {
    /// The files that are specs of their own, in order.
    fn spec_files(&mut self, paths: &[PathBuf]) -> Vec<PathBuf> {
        let mut specs = Vec::new();
        for path in paths {
            match self.files.list(path) {
                Ok(None) => specs.push(path.clone()),
                Ok(Some(inside)) => {
                    let mut inside: Vec<PathBuf> = inside
                        .into_iter()
                        .filter(|file| file.extension().is_some_and(|ending| ending == "toml"))
                        .collect();
                    inside.sort();
                    let mut included = HashSet::new();
                    for path in &inside {
                        if let Some(file) = self.file(path) {
                            let others = file.includes().map(|(_, other)| other);
                            included.extend(others.filter(|other| *other != normal(path)));
                        }
                    }
                    let before = specs.len();
                    let all_included = inside.iter().all(|path| included.contains(&normal(path)));
                    // Files that include each other in a circle are told as such.
                    let keep = |path: &PathBuf| all_included || !included.contains(&normal(path));
                    specs.extend(inside.into_iter().filter(keep));
                    if specs.len() == before {
                        self.diagnostics.push(Diagnostic::new(
                            &codes::NO_SPECS,
                            format!("the folder `{}` holds no spec", path.display()),
                        ));
                    }
                }
                Err(error) => self.unreadable(path, &error),
            }
        }
        specs
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.diagnostics.push(Diagnostic::new(
            &codes::UNREADABLE_FILE,
            format!("`{}` can't be read: {}", path.display(), reason(error)),
        ));
    }

    /// One spec with what it includes.
    fn spec(&mut self, path: &Path) -> Option<Spec> {
        let main = self.file(path)?;
        for key in ["spec", "name"] {
            let has = main
                .definitions
                .keys
                .iter()
                .any(|present| present == key || suggest(present, [key]).is_some());
            let lost = main.damage.keys.iter().any(|lost| lost == key);
            if !has && !lost {
                let example =
                    if key == "spec" { "spec = 1".to_owned() } else { example_name(&main.path) };
                let at = Span::new(main.source, 0, 0);
                self.diagnostics.push(
                    Diagnostic::new(&codes::MISSING_KEY, format!("a spec needs `{key}`"))
                        .at(at, format!("`{key}` is missing"))
                        .help(format!("begin the file with `{example}`")),
                );
            }
        }
        let mut spec = Spec {
            name: main.definitions.name.clone(),
            source: main.source,
            damaged: false,
            description: main.definitions.description.clone(),
            connections: Vec::new(),
            crosswalks: Vec::new(),
            phases: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            tests: Vec::new(),
            tables: Vec::new(),
            enums: Vec::new(),
            extensions: Vec::new(),
            seeds: Vec::new(),
        };
        let mut chain = Vec::new();
        let mut done = HashSet::new();
        self.take_in(&main, &mut spec, &mut chain, &mut done);
        Some(spec)
    }

    /// Adds a file's definitions, then those of the files that it includes, each once.
    fn take_in(
        &mut self,
        file: &Rc<File>,
        spec: &mut Spec,
        chain: &mut Vec<(Rc<File>, Span)>,
        done: &mut HashSet<PathBuf>,
    ) {
        if !done.insert(normal(&file.path)) {
            return;
        }
        spec.damaged |= file.damage.any;
        let from = &file.definitions;
        merge(
            &mut spec.connections,
            &from.connections,
            "connection",
            |c| &c.name,
            &mut self.diagnostics,
        );
        merge(
            &mut spec.crosswalks,
            &from.crosswalks,
            "crosswalk",
            |c| &c.name,
            &mut self.diagnostics,
        );
        merge(&mut spec.phases, &from.phases, "phase", |p| &p.name, &mut self.diagnostics);
        merge(&mut spec.tables, &from.tables, "table", |t| &t.name, &mut self.diagnostics);
        merge(&mut spec.enums, &from.enums, "enum", |e| &e.name, &mut self.diagnostics);
        merge(
            &mut spec.extensions,
            &from.extensions,
            "extension",
            |e| &e.name,
            &mut self.diagnostics,
        );
        merge(&mut spec.seeds, &from.seeds, "seed", |s| &s.name, &mut self.diagnostics);
        spec.indexes.extend(from.indexes.iter().cloned());
        spec.checks.extend(from.checks.iter().cloned());
        spec.tests.extend(from.tests.iter().cloned());
        for (text, path) in file.includes() {
            let at = text.span();
            chain.push((Rc::clone(file), at));
            if let Some(start) = chain.iter().position(|(link, _)| normal(&link.path) == path) {
                self.cycle(&chain[start..]);
            } else if let Some(included) = self.included(&path, text) {
                self.take_in(&included, spec, chain, done);
            } else {
                // What it defines is not known.
                spec.damaged = true;
            }
            chain.pop();
        }
    }

    fn cycle(&mut self, chain: &[(Rc<File>, Span)]) {
        let name = |file: &File| format!("`{}`", file.path.display());
        let mut names: Vec<String> = chain.iter().map(|(file, _)| name(file)).collect();
        let Some((first, _)) = chain.first() else { return };
        names.push(name(first));
        let Some(((_, closing), others)) = chain.split_last() else { return };
        let mut diagnostic = Diagnostic::new(
            &codes::INCLUDE_CYCLE,
            format!("files include each other: {}", names.join(" includes ")),
        )
        .at(*closing, if others.is_empty() { "includes itself" } else { "closes the circle" });
        for (_, span) in others {
            diagnostic = diagnostic.and(*span, "includes the next one");
        }
        self.diagnostics.push(diagnostic);
    }

    fn included(&mut self, path: &Path, text: &Text) -> Option<Rc<File>> {
        if let Some(file) = self.read.get(path) {
            return file.clone();
        }
        match self.files.read(path, MAX_BYTES + 1) {
            Ok(bytes) => self.parse(path, path, bytes),
            Err(error) => {
                self.diagnostics.push(
                    Diagnostic::new(
                        &codes::INCLUDE_UNREADABLE,
                        format!("`{}` can't be read: {}", path.display(), reason(&error)),
                    )
                    .at(text.span(), "is included here")
                    .help("the path is relative to the file that includes it"),
                );
                None
            }
        }
    }

    /// One file, read once.
    fn file(&mut self, path: &Path) -> Option<Rc<File>> {
        let key = normal(path);
        if let Some(file) = self.read.get(&key) {
            return file.clone();
        }
        match self.files.read(path, MAX_BYTES + 1) {
            Ok(bytes) => self.parse(&key, path, bytes),
            Err(error) => {
                self.unreadable(path, &error);
                self.read.insert(key, None);
                None
            }
        }
    }

    fn parse(&mut self, key: &Path, path: &Path, bytes: Vec<u8>) -> Option<Rc<File>> {
        let file = self.parse_new(path, bytes).map(Rc::new);
        self.read.insert(key.to_path_buf(), file.clone());
        file
    }

    fn parse_new(&mut self, path: &Path, bytes: Vec<u8>) -> Option<File> {
        let shown = path.display();
        if bytes.len() > MAX_BYTES {
            self.diagnostics.push(
                Diagnostic::new(&codes::TOO_LARGE, format!("`{shown}` is too large for a spec"))
                    .help(format!("a spec may have {} MB", MAX_BYTES / 1_000_000)),
            );
            return None;
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let bytes = error.as_bytes();
                let line = bytes[..valid].split(|byte| *byte == b'\n').count();
                let byte = bytes[valid];
                self.diagnostics.push(
                    Diagnostic::new(&codes::NOT_UTF8, format!("`{shown}` is not UTF-8")).help(
                        format!("line {line} holds the byte 0x{byte:02X}; save the file as UTF-8"),
                    ),
                );
                return None;
            }
        };
        let source = self.sources.add(path, text.as_str());
        let document::Document { mut root, damage } =
            document::parse(source, &text, &mut self.diagnostics)?;
        if root.entries.is_empty() && !damage.any {
            self.diagnostics.push(
                Diagnostic::new(&codes::EMPTY_SPEC, format!("`{shown}` is empty"))
                    .help("a spec begins with `spec = 1` and `name = \"…\"`"),
            );
            return None;
        }
        let mut validator = Validator {
            environment: self.environment,
            damage: &damage,
            diagnostics: &mut self.diagnostics,
            concealed: Vec::new(),
        };
        validator.root(&mut root, &root::SHAPE);
        for span in validator.concealed {
            self.sources.conceal(span);
        }
        let base = folder(path);
        let mut context = Context { base, diagnostics: &mut self.diagnostics };
        let definitions = Definitions::read(&root, &mut context);
        Some(File { source, path: path.to_path_buf(), damage, definitions })
    }

    fn unique_names(&mut self, set: &SpecSet) {
        for (index, spec) in set.specs.iter().enumerate() {
            let Some(name) = &spec.name else { continue };
            let earlier = set.specs[..index]
                .iter()
                .filter_map(|spec| spec.name.as_ref())
                .find(|o| *o == name);
            if let Some(earlier) = earlier {
                self.diagnostics.push(defined_twice("spec", name, earlier));
            }
        }
    }
}

fn merge<T: Clone>(
    into: &mut Vec<T>,
    from: &[T],
    what: &str,
    name: impl Fn(&T) -> &Text,
    diagnostics: &mut Diagnostics,
) {
    let mut names: HashMap<Text, Text> =
        into.iter().map(|other| (name(other).clone(), name(other).clone())).collect();
    for definition in from {
        let name = name(definition);
        if let Some(first) = names.get(name) {
            diagnostics.push(defined_twice(what, name, first));
        } else {
            names.insert(name.clone(), name.clone());
            into.push(definition.clone());
        }
    }
}

fn defined_twice(what: &str, again: &Text, first: &Text) -> Diagnostic {
    Diagnostic::new(&codes::DUPLICATE, format!("the {what} `{again}` is defined twice"))
        .at(again.span(), "defined again here")
        .and(first.span(), "first defined here")
}

/// Why a file can't be read, in words that are the same on every system.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        kind => kind.to_string(),
    }
}

fn example_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("name = \"{name}\"")
}

/// The folder of a file; empty is the working directory.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// A path without `.` and with `..` resolved by name.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if normal
                    .components()
                    .next_back()
                    .is_some_and(|last| matches!(last, Component::Normal(_))) =>
            {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

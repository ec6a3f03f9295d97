//! Finding backups, looking whether they are what they say, and reading their rows.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::files::file_name;
use super::manifest::{FORMAT, MANIFEST};
use super::{BackedTable, BackupError, Manifest, form};
use crate::value::Value;
use crate::value::extended_json::Parser;

/// The longest row that is read back.
const LONGEST_LINE: u64 = 1 << 30;

/// A backup that is whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// Its folder.
    pub folder: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// The backups of a spec, oldest first. What is not whole is none; one whose manifest can't be read
/// is an error.
///
/// # Errors
/// When a folder or a manifest can't be read.
pub fn all(root: &Path, spec: &str) -> Result<Vec<Backup>, BackupError> {
    let mut backups = Vec::new();
    for run in folders(root)? {
        for folder in folders(&run)? {
            if folder.join(MANIFEST).exists() {
                backups.push(Backup::open(&folder)?);
            }
        }
    }
    backups.retain(|backup| backup.manifest.spec == spec);
    backups.sort_by(|a, b| (&a.manifest.moment, &a.folder).cmp(&(&b.manifest.moment, &b.folder)));
    Ok(backups)
}

/// The backups of a run, oldest first.
///
/// # Errors
/// As [`all`].
pub fn find(root: &Path, spec: &str, run: &str) -> Result<Vec<Backup>, BackupError> {
    if !root.join(file_name(run)).is_dir() {
        return Ok(Vec::new());
    }
    let mut backups = all(root, spec)?;
    backups.retain(|backup| backup.manifest.run == run);
    Ok(backups)
}

/// The folders in a folder; those whose name begins with a dot are not whole.
fn folders(path: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let unreadable = |error: io::Error| BackupError::file(path, "read", &error);
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

impl Backup {
    /// Reads a backup's manifest.
    ///
    /// # Errors
    /// When it can't be read, is of another version, or was changed since it was written.
    pub(super) fn open(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let text =
            std::fs::read(&path).map_err(|error| BackupError::file(&path, "read", &error))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|_| BackupError::damaged(&path, "is no manifest of a backup"))?;
        if manifest.format != FORMAT {
            return Err(BackupError::damaged(&path, "is of another version of mapper"));
        }
        if !manifest.is_intact() {
            return Err(BackupError::damaged(&path, "was changed since it was written"));
        }
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// Looks whether the file of a table is the one that was written.
    ///
    /// # Errors
    /// When it is not, or can't be read.
    pub fn check(&self, table: &BackedTable) -> Result<(), BackupError> {
        let Some(name) = &table.file else { return Ok(()) };
        let path = self.folder.join(name);
        let unreadable = |error: io::Error| BackupError::file(&path, "read", &error);
        let mut file = File::open(&path).map_err(unreadable)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer).map_err(unreadable)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
        }
        if hex::encode(hash.finalize()) == table.sha256 {
            Ok(())
        } else {
            Err(BackupError::damaged(
                &path,
                "is not the file that was written: its checksum differs",
            ))
        }
    }

    /// The rows of a table, from the beginning; none when it was not there.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn rows(&self, table: &BackedTable) -> Result<Rows, BackupError> {
        let Some(name) = &table.file else { return Ok(Rows { lines: None }) };
        let path = self.folder.join(name);
        let open =
            || -> io::Result<_> { Ok(BufReader::new(zstd::Decoder::new(File::open(&path)?)?)) };
        let file = open().map_err(|error| BackupError::file(&path, "read", &error))?;
        Ok(Rows { lines: Some(Lines { path, file, parser: Parser::extended() }) })
    }
}

/// The rows of a table of a backup, each as an object.
pub struct Rows {
    lines: Option<Lines>,
}

struct Lines {
    path: PathBuf,
    file: BufReader<zstd::Decoder<'static, BufReader<File>>>,
    parser: Parser,
}

impl Rows {
    /// The next rows, at most so many; none at the end.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn next(&mut self, most: usize) -> Result<Vec<Value>, BackupError> {
        let Some(Lines { path, file, parser }) = &mut self.lines else { return Ok(Vec::new()) };
        let mut rows = Vec::new();
        let mut line = Vec::new();
        while rows.len() < most {
            line.clear();
            let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
            if read.map_err(|error| BackupError::file(path, "read", &error))? == 0 {
                break;
            }
            let row = parser
                .parse(&line)
                .ok()
                .and_then(form::read)
                .filter(|row| matches!(row, Value::Object(_)));
            rows.push(row.ok_or_else(|| BackupError::damaged(path, "has a line that is no row"))?);
        }
        Ok(rows)
    }
}

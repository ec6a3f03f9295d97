//! Writing a backup: into a folder of another name, renamed when all of it is on disk.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};

use super::files::{create, create_folder, file_name, sync_folder};
use super::manifest::{FORMAT, MANIFEST};
use super::{BATCH, BackedPhase, BackedTable, Backup, BackupError, Digest, Manifest, form};
use crate::connectors::{ExportBatch, Layout, Store};
use crate::value::Value;

/// What is backed up, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'w> {
    /// The folder of all backups.
    pub root: &'w Path,
    /// The spec.
    pub spec: &'w str,
    /// The run.
    pub run: &'w str,
    /// The phase, by its full name, when it is for a phase.
    pub phase: Option<&'w str>,
    /// The connection's name.
    pub connection: &'w str,
    /// The tables or collections, each once.
    pub tables: &'w [String],
    /// What the ledger says of phases that have written there.
    pub phases: &'w [BackedPhase],
}

impl Writing<'_> {
    /// The name of the backup's folder.
    fn name(&self) -> String {
        match self.phase {
            None => file_name(self.connection),
            Some(phase) => format!("{}@{}", file_name(self.connection), file_name(phase)),
        }
    }

    /// Where the backup is, or will be.
    pub fn folder(&self) -> PathBuf {
        self.root.join(file_name(self.run)).join(self.name())
    }
}

/// Writes a backup, unless it is there already: it is from before the first touch, and stays.
///
/// # Errors
/// When the store can't be read, or the files can't be written; no backup is there then.
pub async fn write(
    store: &Arc<dyn Store>,
    what: Writing<'_>,
) -> Result<(Backup, bool), BackupError> {
    let folder = what.folder();
    if folder.join(MANIFEST).exists() {
        return Ok((Backup::open(&folder)?, false));
    }
    let parent = folder.parent().unwrap_or(what.root).to_owned();
    create_folder(&parent).map_err(|error| BackupError::file(&parent, "created", &error))?;
    let partial = parent.join(format!(".{}.partial", what.name()));
    // What a process left that was killed.
    match std::fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(BackupError::file(&partial, "removed", &error));
        }
        _ => {}
    }
    create_folder(&partial).map_err(|error| BackupError::file(&partial, "created", &error))?;
    let written = write_into(&partial, store, what).await;
    if let Err(error) = written {
        // The failure is the one to tell; what stays is removed by the next one.
        let _ = std::fs::remove_dir_all(&partial);
        return Err(error);
    }
    let placed = std::fs::rename(&partial, &folder).and_then(|()| sync_folder(&parent));
    placed.map_err(|error| BackupError::file(&folder, "created", &error))?;
    Ok((Backup::open(&folder)?, true))
}

async fn write_into(
    folder: &Path,
    store: &Arc<dyn Store>,
    what: Writing<'_>,
) -> Result<(), BackupError> {
    let mut tables = Vec::with_capacity(what.tables.len());
    let mut there = Vec::new();
    for (place, table) in what.tables.iter().enumerate() {
        let schema = store.describe(table).await?;
        let mut backed = BackedTable::of(table, schema.as_ref());
        if schema.is_some() {
            backed.file = Some(format!("{:03}_{}.jsonl.zst", place + 1, file_name(table)));
            there.push(place);
        }
        tables.push(backed);
    }
    let moment = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let names: Vec<String> = there.iter().map(|place| what.tables[*place].clone()).collect();
    let mut export = store.export(&names, BATCH).await?;
    let mut open: Option<(usize, TableFile)> = None;
    let mut next = 0;
    loop {
        let batch = export.next().await?;
        let place = batch.as_ref().map_or(there.len(), |batch| batch.entity);
        // One without rows has a file too.
        while next <= place && next < there.len() {
            if let Some((place, file)) = open.take() {
                file.finish(&mut tables[place])?;
            }
            let at = there[next];
            let name = tables[at].file.clone().unwrap_or_default();
            open = Some((at, TableFile::create(folder.join(name))?));
            next += 1;
        }
        match (batch, &mut open) {
            (Some(batch), Some((_, file))) => file.add(&batch)?,
            _ => break,
        }
    }
    if let Some((place, file)) = open.take() {
        file.finish(&mut tables[place])?;
    }
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        spec: what.spec.to_owned(),
        run: what.run.to_owned(),
        phase: what.phase.map(str::to_owned),
        connection: what.connection.to_owned(),
        connector: store.capabilities().connector.to_owned(),
        location: store.location().to_owned(),
        moment,
        one_moment: export.one_moment,
        tables,
        phases: what.phases.to_vec(),
        checksum: String::new(),
    };
    let path = folder.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest.sealed())
        .map_err(|error| BackupError::file(&path, "written", &error))?;
    let write = || -> io::Result<()> {
        let mut file = create(&path)?;
        file.write_all(&text)?;
        file.sync_all()?;
        sync_folder(folder)
    };
    write().map_err(|error| BackupError::file(&path, "written", &error))
}

/// A file that hashes what goes into it.
struct Hashed {
    file: BufWriter<File>,
    hash: Sha256,
}

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The file of one table or collection, while it is written.
struct TableFile {
    path: PathBuf,
    encoder: zstd::Encoder<'static, Hashed>,
    digest: Digest,
    line: Vec<u8>,
}

impl TableFile {
    fn create(path: PathBuf) -> Result<Self, BackupError> {
        let open = || -> io::Result<_> {
            let file = BufWriter::new(create(&path)?);
            zstd::Encoder::new(Hashed { file, hash: Sha256::new() }, 0)
        };
        let encoder = open().map_err(|error| BackupError::file(&path, "written", &error))?;
        Ok(Self { path, encoder, digest: Digest::default(), line: Vec::new() })
    }

    fn add(&mut self, batch: &ExportBatch) -> Result<(), BackupError> {
        for row in &batch.rows {
            let done = self.digest.add(&batch.layout, row).and_then(|()| {
                self.line.clear();
                match &batch.layout {
                    Layout::Document => {
                        form::write(&mut self.line, row.first().unwrap_or(&Value::Null))
                    }
                    Layout::Columns(names) => {
                        let fields = names.iter().map(String::as_str).zip(row.iter().cloned());
                        form::write(&mut self.line, &Value::object(fields.collect()))
                    }
                }
            });
            done.map_err(|problem| {
                BackupError::damaged(&self.path, &format!("can't hold a row: {}", problem.message))
            })?;
            self.line.push(b'\n');
            let written = self.encoder.write_all(&self.line);
            written.map_err(|error| BackupError::file(&self.path, "written", &error))?;
        }
        Ok(())
    }

    fn finish(self, table: &mut BackedTable) -> Result<(), BackupError> {
        let path = self.path;
        let encoder = self.encoder;
        let end = move || -> io::Result<String> {
            let Hashed { mut file, hash } = encoder.finish()?;
            file.flush()?;
            file.get_ref().sync_all()?;
            Ok(hex::encode(hash.finalize()))
        };
        table.sha256 = end().map_err(|error| BackupError::file(&path, "written", &error))?;
        table.rows = self.digest.rows;
        table.content = self.digest.text();
        Ok(())
    }
}

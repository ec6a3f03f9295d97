//! Backups: tables or collections in files, as they were before they were touched.
//!
//! A backup is a folder: `manifest.json`, and for each table or collection a file of JSON Lines in
//! extended JSON ([`form`]), compressed with zstd. It is written into a folder of another name, which gets its
//! own only when everything is on disk, so what is found is whole. It holds values: nobody but its
//! owner may read it.

mod digest;
mod files;
pub mod form;
mod manifest;
mod read;
mod write;

pub use digest::Digest;
pub use manifest::{BackedColumn, BackedPhase, BackedTable, MANIFEST, Manifest};
pub use read::{Backup, Rows, all, find};
pub use write::{Writing, write};

use std::fmt;

use crate::connectors::StoreError;

/// Rows that are read and written together.
pub const BATCH: usize = 1000;

/// Why a backup can't be written or read.
#[derive(Clone, Debug)]
pub enum BackupError {
    /// The store failed.
    Store(StoreError),
    /// A file or folder can't be written or read, or is not what its manifest says. A sentence
    /// without a full stop and without values.
    Files(String),
}

impl BackupError {
    fn file(path: &std::path::Path, what: &str, error: &impl fmt::Display) -> Self {
        Self::Files(format!("{} can't be {what}: {error}", path.display()))
    }

    fn damaged(path: &std::path::Path, why: &str) -> Self {
        Self::Files(format!("{} {why}", path.display()))
    }
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Files(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

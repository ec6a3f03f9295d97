//! The run's lock: a locked file beside the database, so that it dies with its holder.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::connectors::process::Process;
use crate::connectors::{Lock, StoreError, StoreErrorKind};

/// A held lock.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
    path: PathBuf,
}

impl Lock for FileLock {}

impl FileLock {
    /// Takes the lock of a database.
    ///
    /// # Errors
    /// When another process holds it, or the folder can't be written.
    pub(crate) fn take(database: &Path) -> Result<Self, StoreError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".mapper-lock");
        let path = PathBuf::from(path);
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(|error| cannot(&path, &error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(std::fs::TryLockError::WouldBlock) => return Err(held(&mut file, database)),
                Err(std::fs::TryLockError::Error(error)) => return Err(cannot(&path, &error)),
            }
            // A holder removes its file as it goes; then this one is of no use.
            if is_same(&file, &path) {
                let write = file
                    .set_len(0)
                    .and_then(|()| file.write_all(Process::this().to_string().as_bytes()))
                    .and_then(|()| file.flush());
                write.map_err(|error| cannot(&path, &error))?;
                return Ok(Self { file, path });
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Both happen by themselves when the process ends; failing here changes nothing.
        if cfg!(unix) {
            let _ = std::fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

fn held(file: &mut File, database: &Path) -> StoreError {
    let mut holder = String::new();
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut holder));
    let holder = match (read, holder.trim()) {
        (Ok(_), holder) if !holder.is_empty() => holder.to_owned(),
        _ => "another process".to_owned(),
    };
    StoreError::new(
        StoreErrorKind::Locked,
        format!("{}: {holder} is working on this database", database.display()),
    )
}

fn cannot(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    let kind = match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreErrorKind::ReadOnly,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreErrorKind::Full,
        ErrorKind::NotFound => StoreErrorKind::NotFound,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind, format!("{}: the lock file can't be written: {error}", path.display()))
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(found)) => held.ino() == found.ino() && held.dev() == found.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_no_file_after() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let lock = FileLock::take(&database).unwrap();
        let error = FileLock::take(&database).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Locked);
        assert!(error.message.contains(&std::process::id().to_string()), "{error}");
        drop(lock);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        FileLock::take(&database).unwrap();
    }
}

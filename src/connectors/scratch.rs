//! Databases that are there for a while: made beside a connection's own, and removed.
//!
//! A scratch database has a name that nothing else has, and a marker inside. Whoever made it holds
//! its lock, which goes with the process; so one that is marked and not locked was left behind by a
//! process that was killed, and whoever finds it may remove it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use uuid::Uuid;

use super::{
    ConnectionConfig, Definition, Lock, Store, StoreError, StoreErrorKind, is_embedded,
    location_of, open,
};
use crate::value::query::Filter;
use crate::value::{Column, DataType, Schema};

/// What the names of scratch databases on servers begin with.
pub const PREFIX: &str = "mapper_rehearsal_";

/// What the names of folders with scratch databases in files begin with.
const FOLDER: &str = "mapper-rehearsal-";

/// The table or collection that marks a scratch database, and the file that marks a folder.
const MARKER: &str = "mapper_rehearsal";

/// How old a database of such a name must be to be removed without its marker, when it is empty.
const AGE: Duration = Duration::from_hours(1);

/// A database that is there for a while.
#[derive(Debug)]
pub struct Scratch {
    config: Config,
    place: Place,
}

/// A configuration that does not print its secrets.
struct Config(ConnectionConfig);

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&location_of(&self.0.url))
    }
}

#[derive(Debug)]
enum Place {
    /// In a folder, with its locked marker.
    Folder { folder: TempDir, marker: File },
    /// On the server of `origin`.
    Server { origin: Arc<dyn Store>, name: String, store: Arc<dyn Store>, lock: Box<dyn Lock> },
}

impl Scratch {
    /// Makes an empty database: on the server of a connection, or a file in a folder below
    /// `temporary`.
    ///
    /// # Errors
    /// When the server can't be reached, or the user may not create a database.
    pub async fn create(origin: &ConnectionConfig, temporary: &Path) -> Result<Self, StoreError> {
        if is_embedded(origin) {
            return Self::in_folder(origin, temporary);
        }
        let store = open(&ConnectionConfig { create: false, ..origin.clone() }).await?;
        let name = format!("{PREFIX}{}", Uuid::now_v7().simple());
        if let Err(mut error) = store.create_database(&name).await {
            if error.kind == StoreErrorKind::Denied {
                error.message = format!(
                    "{}; the user of connection `{}` needs the right to create a database",
                    error.message, origin.name
                );
            }
            return Err(error);
        }
        let url = with_database(&origin.url, &name);
        let config = ConnectionConfig { url, create: false, files: None, ..origin.clone() };
        match marked(&config).await {
            Ok((scratch, lock)) => {
                let place = Place::Server { origin: store, name, store: scratch, lock };
                Ok(Self { config: Config(config), place })
            }
            Err(error) => {
                // The failure is the one to tell; what stays is removed later.
                let _ = store.drop_database(&name).await;
                Err(error)
            }
        }
    }

    fn in_folder(origin: &ConnectionConfig, temporary: &Path) -> Result<Self, StoreError> {
        let made = || -> std::io::Result<_> {
            let folder = tempfile::Builder::new().prefix(FOLDER).tempdir_in(temporary)?;
            let marker = File::create(folder.path().join(MARKER))?;
            marker.lock()?;
            Ok((folder, marker))
        };
        let (folder, marker) = made().map_err(|error| {
            let message =
                format!("{}: no temporary folder can be made there: {error}", temporary.display());
            StoreError::new(StoreErrorKind::Unavailable, message)
        })?;
        let url = format!("sqlite:{}", encoded(&folder.path().join("rehearsal.db")));
        let config = ConnectionConfig { url, create: true, files: None, ..origin.clone() };
        Ok(Self { config: Config(config), place: Place::Folder { folder, marker } })
    }

    /// How it is opened.
    pub fn config(&self) -> &ConnectionConfig {
        &self.config.0
    }

    /// Where it is, without secrets.
    pub fn location(&self) -> String {
        location_of(&self.config.0.url)
    }

    /// Removes it. Whoever has it open closes it before.
    ///
    /// # Errors
    /// When it can't be removed.
    pub async fn remove(self) -> Result<(), StoreError> {
        match self.place {
            Place::Folder { folder, marker } => {
                drop(marker);
                let path = folder.path().to_owned();
                folder.close().map_err(|error| cannot_remove(&path, &error))
            }
            Place::Server { origin, name, store, lock } => {
                drop(lock);
                store.close().await;
                let done = origin.drop_database(&name).await;
                origin.close().await;
                done
            }
        }
    }

    /// Leaves it there for good: nobody takes it for one that was left behind.
    ///
    /// # Errors
    /// When its marker can't be taken away.
    pub async fn keep(self) -> Result<(), StoreError> {
        match self.place {
            Place::Folder { folder, marker } => {
                drop(marker);
                let path = folder.keep().join(MARKER);
                std::fs::remove_file(&path).map_err(|error| cannot_remove(&path, &error))
            }
            Place::Server { origin, store, lock, .. } => {
                let mut session = store.session().await?;
                session.define(&Definition::DropEntity { entity: MARKER.to_owned() }).await?;
                drop(session);
                drop(lock);
                store.close().await;
                origin.close().await;
                Ok(())
            }
        }
    }
}

/// Removes the scratch databases beside a connection's that nobody has any more. Gives where they
/// were.
///
/// # Errors
/// When the server can't be reached, or one can't be removed.
pub async fn remove_leftovers(
    origin: &ConnectionConfig,
    temporary: &Path,
) -> Result<Vec<String>, StoreError> {
    if is_embedded(origin) {
        return Ok(remove_folders(temporary));
    }
    let store = open(&ConnectionConfig { create: false, ..origin.clone() }).await?;
    let mut removed = Vec::new();
    for name in store.databases(PREFIX).await? {
        let url = with_database(&origin.url, &name);
        let config = ConnectionConfig { url, create: false, files: None, ..origin.clone() };
        // One that can't be opened is another user's, or is being removed.
        let Ok(scratch) = open(&config).await else { continue };
        let left = is_left(&*scratch, &name).await;
        scratch.close().await;
        if left.unwrap_or(false) && store.drop_database(&name).await.is_ok() {
            removed.push(location_of(&config.url));
        }
    }
    store.close().await;
    Ok(removed)
}

/// Whether nobody has a scratch database any more.
async fn is_left(scratch: &dyn Store, name: &str) -> Result<bool, StoreError> {
    let implicit = scratch.capabilities().implicit_entities;
    let marked = match scratch.describe(MARKER).await? {
        // A collection that is not there may be described too.
        Some(_) if implicit => scratch.count(MARKER, &Filter::All).await.is_ok(),
        other => other.is_some(),
    };
    if marked {
        // Whoever has it holds the lock.
        return Ok(scratch.lock().await.is_ok());
    }
    let made = name.strip_prefix(PREFIX).and_then(|id| Uuid::try_parse(id).ok());
    let made = made.and_then(|id| id.get_timestamp()).map(|time| time.to_unix().0);
    let now = u64::try_from(chrono::Utc::now().timestamp()).unwrap_or_default();
    let old = made.is_some_and(|made| made + AGE.as_secs() < now);
    Ok(old && scratch.entities().await?.is_empty())
}

/// Removes the folders that nobody has any more.
fn remove_folders(temporary: &Path) -> Vec<String> {
    let mut removed = Vec::new();
    for entry in std::fs::read_dir(temporary).into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(FOLDER) {
            continue;
        }
        // One that can't be opened is another user's.
        let Ok(marker) = File::options().read(true).write(true).open(path.join(MARKER)) else {
            continue;
        };
        if marker.try_lock().is_ok() && std::fs::remove_dir_all(&path).is_ok() {
            removed.push(path.display().to_string());
        }
    }
    removed
}

/// Marks a new database and takes its lock.
async fn marked(config: &ConnectionConfig) -> Result<(Arc<dyn Store>, Box<dyn Lock>), StoreError> {
    let store = open(config).await?;
    // The lock first: what is marked is locked as long as somebody has it.
    let lock = store.lock().await?;
    let mut session = store.session().await?;
    session.begin().await?;
    let entity = MARKER.to_owned();
    let definition = if store.capabilities().documents {
        Definition::CreateCollection { entity }
    } else {
        let column =
            Column { name: "_id".to_owned(), nullable: false, ..Column::of(DataType::INT64) };
        let primary_key = vec!["_id".to_owned()];
        let schema = Schema { columns: vec![column], primary_key, ..Schema::default() };
        Definition::CreateTable { entity, schema }
    };
    session.define(&definition).await?;
    session.commit().await?;
    Ok((store, lock))
}

/// A path as it stands in an SQLite URL.
fn encoded(path: &Path) -> String {
    path.display().to_string().replace('%', "%25").replace('?', "%3F")
}

fn cannot_remove(path: &Path, error: &std::io::Error) -> StoreError {
    let path: PathBuf = path.to_owned();
    let message = format!("{} can't be removed: {error}", path.display());
    StoreError::new(StoreErrorKind::ReadOnly, message)
}

/// The URL of another database on the same server, for the same user.
fn with_database(url: &str, name: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    // PostgreSQL's other way to name the database.
    let mut options: Vec<String> = options
        .split('&')
        .filter(|option| !option.is_empty() && !option.starts_with("dbname="))
        .map(str::to_owned)
        .collect();
    let known =
        |key: &str| options.iter().any(|option| option.to_ascii_lowercase().starts_with(key));
    if scheme.starts_with("mongodb") && authority.contains('@') && !known("authsource=") {
        // The user is known to the database that the URL names.
        options.push(format!("authSource={database}"));
    }
    let options =
        if options.is_empty() { String::new() } else { format!("?{}", options.join("&")) };
    format!("{scheme}://{authority}/{name}{options}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_for_the_same_user() {
        for (url, other) in [
            ("postgres://me:p%2Fw@h:5432/shop", "postgres://me:p%2Fw@h:5432/x"),
            ("postgres://h/shop?sslmode=require&dbname=y", "postgres://h/x?sslmode=require"),
            ("mysql://h/shop?ssl-mode=DISABLED", "mysql://h/x?ssl-mode=DISABLED"),
            ("mongodb://h1:1,h2:2/shop", "mongodb://h1:1,h2:2/x"),
            ("mongodb://me:p@h/shop?w=1", "mongodb://me:p@h/x?w=1&authSource=shop"),
            ("mongodb://me:p@h/shop?authSource=admin", "mongodb://me:p@h/x?authSource=admin"),
        ] {
            assert_eq!(with_database(url, "x"), other);
        }
    }
}

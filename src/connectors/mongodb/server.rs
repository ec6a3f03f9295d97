//! An open connection to a database on a server.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::error::{Error, Result as DriverResult};
use mongodb::{Client, Collection, Database};
use tokio::task::JoinHandle;

use super::config;
use super::error::{is_code, number, store_error};
use super::lock::Lease;
use crate::connectors::{ConnectionConfig, Policies, StoreError, StoreErrorKind, location_of};

/// Entries of one command at most, whatever the server says.
const MOST: usize = 100_000;

/// How long the driver may take to end its own tasks.
const FAREWELL: Duration = Duration::from_secs(2);

/// A database on a server, and what is known of the server.
pub(super) struct Server {
    pub(super) client: Client,
    pub(super) database: Database,
    pub(super) location: String,
    pub(super) policies: Policies,
    pub(super) write_concern: Bson,
    /// Whether it is FerretDB, which holds fewer kinds of values.
    pub(super) ferret: bool,
    /// Whether it is a server of MongoDB's own, which knows every BSON type by name.
    pub(super) original: bool,
    /// Entries that one command may have.
    pub(super) most: usize,
    /// The run's lock, when this store holds it.
    pub(super) lease: Mutex<Weak<Lease>>,
    /// Locks that are being given back.
    pub(super) releases: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("location", &self.location).finish_non_exhaustive()
    }
}

impl Server {
    /// Connects, and asks the server who it is.
    ///
    /// # Errors
    /// When the URL is not understood, no server can be reached, or it refuses the user.
    pub(super) async fn open(config: &ConnectionConfig) -> Result<Arc<Self>, StoreError> {
        let location = location_of(&config.url);
        let target = config::parse(&config.url, &location).await?;
        let error = |error: Error| store_error(&error, &location);
        let client = Client::with_options(target.options).map_err(error)?;
        let database = client.database(&target.database);
        let build = database.run_command(doc! { "buildInfo": 1 }).await.map_err(error)?;
        let ferret = build.keys().any(|name| name.starts_with("ferretdb"));
        let hello = hello(&database).await.map_err(error)?;
        let most = hello.get("maxWriteBatchSize").and_then(number);
        Ok(Arc::new(Self {
            client,
            database,
            policies: config.policies.clone(),
            write_concern: target.write_concern,
            ferret,
            original: !ferret && build.contains_key("storageEngines"),
            most: most.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST).clamp(1, MOST),
            lease: Mutex::new(Weak::new()),
            releases: Mutex::default(),
            location,
        }))
    }

    /// The failure, told with the store's place.
    pub(super) fn error(&self, error: &Error) -> StoreError {
        store_error(error, &self.location)
    }

    /// A collection of documents as their bytes.
    pub(super) fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.database.collection(name)
    }

    /// Runs a command.
    pub(super) async fn command(&self, command: Document) -> DriverResult<Document> {
        self.database.run_command(command).await
    }

    /// The databases whose names begin so, in order.
    ///
    /// # Errors
    /// When the server can't be reached, or the user may not list them.
    pub(super) async fn databases(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let names = self.client.list_database_names().await.map_err(|error| self.error(&error))?;
        let mut names: Vec<String> =
            names.into_iter().filter(|name| name.starts_with(prefix)).collect();
        names.sort();
        Ok(names)
    }

    /// Drops another database.
    ///
    /// # Errors
    /// When the server can't be reached, or the user may not.
    pub(super) async fn drop_database(&self, name: &str) -> Result<(), StoreError> {
        let done = self.client.database(name).run_command(doc! { "dropDatabase": 1 }).await;
        done.map(|_| ()).map_err(|error| self.error(&error))
    }

    /// The server's clock, in milliseconds since 1970.
    ///
    /// # Errors
    /// When the server can't be reached or does not tell.
    pub(super) async fn now(&self) -> Result<i64, StoreError> {
        let told = hello(&self.database).await.map_err(|error| self.error(&error))?;
        let now = told.get_datetime("localTime").map(|now| now.timestamp_millis());
        now.map_err(|_| {
            let message = format!("{}: the server does not tell its time", self.location);
            StoreError::new(StoreErrorKind::Unsupported, message)
        })
    }

    /// Whether the run's lock is held still, when this store took it.
    ///
    /// # Errors
    /// When it was lost.
    pub(super) fn still_locked(&self) -> Result<(), StoreError> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        lease.map_or(Ok(()), |lease| lease.check(&self.location))
    }

    /// Closes the connections, after locks were given back.
    pub(super) async fn close(&self) {
        let releases =
            std::mem::take(&mut *self.releases.lock().unwrap_or_else(PoisonError::into_inner));
        for release in releases {
            // One that fails leaves a lease that runs out.
            let _ = release.await;
        }
        // Everything that was written is acknowledged by now; only the driver's own tasks are left,
        // and it has been seen to wait for them without an end.
        let _ = tokio::time::timeout(FAREWELL, self.client.clone().shutdown()).await;
    }
}

/// What a server says of itself; by the command's older name where it knows no other.
async fn hello(database: &Database) -> DriverResult<Document> {
    match database.run_command(doc! { "hello": 1 }).await {
        Err(error) if is_code(&error, &[59]) => database.run_command(doc! { "isMaster": 1 }).await,
        told => told,
    }
}

//! The run's lock: a lease in a collection, renewed while its holder lives.
//!
//! The lease says who holds it and until when, by the server's clock. It is taken over when it ran
//! out, and at once when its holder was a process of this host that is no longer there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use mongodb::bson::{Bson, Document, doc};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::error::{is_code, number};
use super::server::Server;
use crate::connectors::process::Process;
use crate::connectors::{Lock, StoreError, StoreErrorKind};

/// The collection of the lease.
const COLLECTION: &str = "mapper_lock";
/// How long a lease lasts.
const LEASE: Duration = Duration::from_secs(10);
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(3);
/// How long after it was asked for the lease is relied upon: two seconds less than it lasts.
const SURE: Duration = Duration::from_secs(8);

/// The leases that this process holds.
static HELD: Mutex<Option<HashSet<String>>> = Mutex::new(None);

fn held<T>(ask: impl FnOnce(&mut HashSet<String>) -> T) -> T {
    ask(HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

/// A lease that is held, as long as it is renewed.
#[derive(Debug)]
pub(super) struct Lease {
    token: String,
    /// Until when it can be relied on; `None` when another took it.
    until: Mutex<Option<Instant>>,
}

impl Lease {
    /// Whether it is held still.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn check(&self, location: &str) -> Result<(), StoreError> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        Err(StoreError::new(
            StoreErrorKind::Locked,
            format!("{location}: the run's lock was lost, as it could not be renewed in time"),
        ))
    }

    fn set(&self, until: Option<Instant>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// The run's lock.
pub(super) struct LeaseLock {
    server: Arc<Server>,
    lease: Arc<Lease>,
    renewal: JoinHandle<()>,
}

impl std::fmt::Debug for LeaseLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeaseLock").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Lock for LeaseLock {}

impl LeaseLock {
    /// Takes the lock of a database.
    ///
    /// # Errors
    /// When another process holds it, or the server can't be written.
    pub(super) async fn take(server: &Arc<Server>) -> Result<Self, StoreError> {
        const TRIES: usize = 5;
        let token = Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).to_string();
        for _ in 0..TRIES {
            let asked = Instant::now();
            if take(server, &token).await? {
                return Ok(Self::hold(server, token, asked));
            }
        }
        let message = format!("{}: other processes are taking the run's lock", server.location);
        Err(StoreError::new(StoreErrorKind::Locked, message))
    }

    fn hold(server: &Arc<Server>, token: String, asked: Instant) -> Self {
        held(|tokens| tokens.insert(token.clone()));
        let until = Mutex::new(Some(asked + SURE));
        let lease = Arc::new(Lease { token, until });
        *server.lease.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&lease);
        let renewal = tokio::spawn(renew(Arc::clone(server), Arc::downgrade(&lease)));
        Self { server: Arc::clone(server), lease, renewal }
    }
}

impl Drop for LeaseLock {
    fn drop(&mut self) {
        self.renewal.abort();
        held(|tokens| tokens.remove(&self.lease.token));
        *self.server.lease.lock().unwrap_or_else(PoisonError::into_inner) = Weak::new();
        // What is left behind when this does not get through is known to be free: by the others of
        // this process at once, by those of this host when it ends, by all when it runs out.
        let (server, token) = (Arc::clone(&self.server), self.lease.token.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let release = runtime.spawn(async move {
                let gone = doc! { "q": { "_id": "run", "token": token }, "limit": 1 };
                let command = doc! { "delete": COLLECTION, "deletes": [gone] };
                let _ = server.command(command).await;
            });
            self.server.releases.lock().unwrap_or_else(PoisonError::into_inner).push(release);
        }
    }
}

/// Tries once; false when it is worth another try.
async fn take(server: &Server, token: &str) -> Result<bool, StoreError> {
    let now = server.now().await?;
    let this = Process::this();
    let lease = doc! {
        "_id": "run", "token": token, "expires": now + milliseconds(LEASE), "host": &this.host,
        "process": i64::from(this.id), "started": &this.started,
    };
    let command = doc! {
        "insert": COLLECTION, "documents": [lease.clone()],
        "writeConcern": server.write_concern.clone(),
    };
    let failed = |reply: &Document| {
        let errors = reply.get_array("writeErrors").ok().into_iter().flatten();
        let mut errors = errors.filter_map(Bson::as_document);
        errors.find_map(|error| error.get("code").and_then(number))
    };
    match server.command(command).await.map(|reply| failed(&reply)) {
        Ok(None) => return Ok(true),
        Ok(Some(11000)) => {}
        Ok(Some(code)) => {
            let code = i32::try_from(code).unwrap_or_default();
            return Err(super::error::of_code(code, "", &server.location));
        }
        Err(error) if is_code(&error, &[11000]) => {}
        Err(error) => return Err(server.error(&error)),
    }
    let found = server.database.collection::<Document>(COLLECTION);
    let found =
        found.find_one(doc! { "_id": "run" }).await.map_err(|error| server.error(&error))?;
    let Some(found) = found else { return Ok(false) };
    let holder = Process {
        host: found.get_str("host").unwrap_or_default().to_owned(),
        id: found.get("process").and_then(number).and_then(|id| id.try_into().ok()).unwrap_or(0),
        started: found.get_str("started").unwrap_or_default().to_owned(),
    };
    let theirs = found.get_str("token").unwrap_or_default();
    let expires = found.get("expires").and_then(number).unwrap_or(0);
    let given_back = holder == this && !held(|tokens| tokens.contains(theirs));
    if expires > now && !given_back && !holder.is_gone() {
        return Err(StoreError::new(
            StoreErrorKind::Locked,
            format!("{}: {holder} is working on this database", server.location),
        ));
    }
    // Only what was looked at is replaced: another may be as quick.
    let old = doc! { "_id": "run", "token": theirs, "expires": found.get("expires").cloned() };
    replace(server, old, lease).await
}

async fn replace(server: &Server, old: Document, new: Document) -> Result<bool, StoreError> {
    let command = doc! {
        "update": COLLECTION, "updates": [{ "q": old, "u": new }],
        "writeConcern": server.write_concern.clone(),
    };
    let reply = server.command(command).await.map_err(|error| server.error(&error))?;
    Ok(reply.get("n").and_then(number) == Some(1))
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Renews a lease until it is dropped or lost.
async fn renew(server: Arc<Server>, lease: Weak<Lease>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let Some(lease) = lease.upgrade() else { return };
        let asked = Instant::now();
        // A failure may pass; the lease says by itself when it is too late.
        let Ok(now) = server.now().await else { continue };
        let expires = now + milliseconds(LEASE);
        let command = doc! {
            "update": COLLECTION,
            "updates": [{
                "q": { "_id": "run", "token": &lease.token },
                "u": { "$set": { "expires": expires } },
            }],
            "writeConcern": server.write_concern.clone(),
        };
        match server.command(command).await {
            Ok(reply) if reply.get("n").and_then(number) == Some(1) => {
                lease.set(Some(asked + SURE));
            }
            Ok(_) => {
                lease.set(None);
                return;
            }
            Err(_) => {}
        }
    }
}

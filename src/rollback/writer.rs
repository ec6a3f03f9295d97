//! Sessions of a rollback: one per store, committed now and then, or never in a dry run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::connectors::{Session, Store, StoreError, StoreErrorKind};
use crate::run::Stores;

/// A commit holds what was undone in about this time.
const COMMIT_AFTER: Duration = Duration::from_secs(1);

/// The sessions, by connection.
pub(super) struct Writers {
    writers: Vec<Writer>,
}

impl Writers {
    pub(super) fn new(stores: &Stores, dry_run: bool) -> Self {
        let writer = |store: &Arc<dyn Store>| Writer {
            store: Arc::clone(store),
            session: None,
            since: Instant::now(),
            dry_run,
        };
        Self { writers: stores.iter().map(writer).collect() }
    }

    /// The session of a connection. Connections to one store are told by the first of them.
    pub(super) fn of(&mut self, connection: usize) -> &mut Writer {
        &mut self.writers[connection]
    }

    /// Ends what a dry run held open.
    pub(super) async fn close(self) -> Result<(), StoreError> {
        for writer in self.writers {
            if let Some(mut session) = writer.session {
                session.rollback().await?;
            }
        }
        Ok(())
    }
}

pub(super) struct Writer {
    store: Arc<dyn Store>,
    session: Option<Box<dyn Session>>,
    since: Instant,
    dry_run: bool,
}

impl Writer {
    /// The session, in a transaction.
    pub(super) async fn session(&mut self) -> Result<&mut dyn Session, StoreError> {
        if self.session.is_none() {
            let mut session = self.store.session().await?;
            session.begin().await?;
            self.session = Some(session);
            self.since = Instant::now();
        }
        match &mut self.session {
            Some(session) => Ok(&mut **session),
            None => Err(StoreError::new(StoreErrorKind::Internal, "a session was not opened")),
        }
    }

    /// Makes durable what was done, unless it is a dry run.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.dry_run {
            return Ok(());
        }
        match self.session.take() {
            Some(mut session) => session.commit().await,
            None => Ok(()),
        }
    }

    /// Commits when enough was done since the last time.
    pub(super) async fn commit_when_due(&mut self) -> Result<(), StoreError> {
        if self.since.elapsed() >= COMMIT_AFTER { self.commit().await } else { Ok(()) }
    }
}

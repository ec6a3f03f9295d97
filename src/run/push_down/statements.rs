//! Statements under way, each in a session of its own: that of the batch whose turn it is, and those
//! that run ahead.
//!
//! Batches are settled and committed in their order, whoever is done first. What runs ahead is never
//! needed: where a batch takes long while those after it have been done for a while, it may wait for
//! what they hold (a row that only the database knows to be in its way), and they for their turn. They
//! are given up then, and come again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::keys::KeyBatch;
use super::told::{Told, tell};
use crate::connectors::{Session, WriteError};
use crate::run::{RunError, RunErrorKind, failpoint};
use crate::value::statement::{Portion, Transfer};

/// Chunks of new rows that wait for their entries.
const QUEUE: usize = 4;

/// How often what runs ahead is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What is done waits so many looks for its turn.
const PATIENCE: u32 = 10;

/// What all statements of a phase do.
pub(super) struct Task {
    pub(super) transfer: Transfer,
    /// Where what identifies a new row is among its fields, when the ledger wants it.
    pub(super) identity: Option<Vec<usize>>,
    /// Whether the target may hold rows with the same keys.
    pub(super) look: bool,
}

/// What a statement did, inside a savepoint of its session.
pub(super) struct Done {
    pub(super) session: Box<dyn Session>,
    /// Why the store refused it.
    pub(super) refused: Option<WriteError>,
    /// The entries of new rows.
    pub(super) telling: JoinHandle<Told>,
}

/// A batch and its statement, if it is one that a statement can do.
struct Statement {
    batch: Arc<KeyBatch>,
    running: Option<JoinHandle<Result<Done, RunError>>>,
}

impl Drop for Statement {
    fn drop(&mut self) {
        // Its session goes with it, and the store takes back what it did.
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

/// The statements under way, in the order of their batches.
#[derive(Default)]
pub(super) struct Statements {
    all: VecDeque<Statement>,
    /// Batches whose statements were given up.
    given_up: Vec<Arc<KeyBatch>>,
}

impl Statements {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Starts the next batch's; without a session it has none, and waits for its turn.
    pub(super) fn start(
        &mut self,
        batch: Arc<KeyBatch>,
        task: &Arc<Task>,
        session: Option<Box<dyn Session>>,
    ) {
        let running =
            session.map(|session| tokio::spawn(run(session, Arc::clone(task), Arc::clone(&batch))));
        self.all.push_back(Statement { batch, running });
    }

    /// The batch whose turn it is.
    pub(super) fn first(&self) -> Option<&Arc<KeyBatch>> {
        self.all.front().map(|statement| &statement.batch)
    }

    /// Waits for the statement of the batch whose turn it is, if it has one. Its session is the
    /// caller's now.
    pub(super) async fn finish_first(&mut self) -> Result<Option<Done>, RunError> {
        let mut first = self.all.pop_front();
        let Some(running) = first.as_mut().and_then(|first| first.running.as_mut()) else {
            return Ok(None);
        };
        let done = self.during(running).await;
        done.unwrap_or_else(|_| Err(stopped())).map(Some)
    }

    /// Waits for what is done for the batch whose turn it is, and gives up what runs ahead when that
    /// may be what it waits for.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut waiting = 0;
        loop {
            if let Ok(done) = timeout(LOOK, &mut work).await {
                return done;
            }
            let is_done =
                |ahead: &Statement| ahead.running.as_ref().is_none_or(JoinHandle::is_finished);
            waiting = if self.all.iter().all(is_done) { waiting + 1 } else { 0 };
            if waiting == PATIENCE {
                self.give_up();
            }
        }
    }

    /// Gives up what is under way: nothing of it is done.
    pub(super) fn give_up(&mut self) {
        self.given_up.extend(self.all.drain(..).map(|statement| Arc::clone(&statement.batch)));
    }

    /// The batches whose statements were given up since this was asked last, in order.
    pub(super) fn given_up(&mut self) -> Vec<Arc<KeyBatch>> {
        std::mem::take(&mut self.given_up)
    }
}

async fn run(
    mut session: Box<dyn Session>,
    task: Arc<Task>,
    batch: Arc<KeyBatch>,
) -> Result<Done, RunError> {
    let Some(extent) = &batch.extent else { return Err(stopped()) };
    failpoint::pass("intent").await;
    session.savepoint().await?;
    let (sender, rows) = mpsc::channel(QUEUE);
    let telling = tokio::spawn(tell(Arc::clone(&extent.keys), rows));
    let Task { transfer, identity, look } = &*task;
    let (first, last, identity) = (&extent.first[..], &extent.last[..], identity.as_deref());
    let portion = Portion { first, last, look: *look, identity };
    let refused = session.transfer(transfer, portion, sender).await.err();
    Ok(Done { session, refused, telling })
}

/// A task that broke down.
pub(super) fn stopped() -> RunError {
    RunError::new(RunErrorKind::Internal, "a statement was stopped")
}

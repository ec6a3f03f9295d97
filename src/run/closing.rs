//! A commit that ends by itself, while the next one is gathered in another session: what still flows
//! into the target, the ledger's rows and the phase's record.
//!
//! Commits end in their order: the next one is only begun to end when this one has.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::flow::{StreamError, stream_error};
use super::{RunError, RunErrorKind, failpoint};
use crate::connectors::{Session, Store};
use crate::ledger::{BatchRows, Ledger, PhaseRecord};

/// A commit that takes longer may wait for what the next one holds.
const PATIENCE: Duration = Duration::from_secs(2);

/// A commit that ends by itself.
pub(super) struct Closing {
    task: JoinHandle<Result<(), StreamError>>,
    /// The phase's record as it is then.
    record: PhaseRecord,
}

impl Closing {
    /// Ends a commit in a task of its own.
    pub(super) fn start(
        mut session: Box<dyn Session>,
        ledger: Ledger,
        target: Arc<dyn Store>,
        rows: BatchRows,
        record: PhaseRecord,
    ) -> Self {
        let saved = record.clone();
        let task = tokio::spawn(async move {
            session.end_stream().await.map_err(stream_error)?;
            Ok(finish(&mut *session, &ledger, &*target, rows, &saved).await?)
        });
        Self { task, record }
    }

    /// Waits for its end, but not for long; `None` when it did not come.
    pub(super) async fn wait(&mut self) -> Option<Result<PhaseRecord, StreamError>> {
        timeout(PATIENCE, self.end()).await.ok()
    }

    /// Waits for its end, and gives the phase's record as it is now.
    pub(super) async fn end(&mut self) -> Result<PhaseRecord, StreamError> {
        let stopped = |_| RunError::new(RunErrorKind::Internal, "a commit was stopped");
        (&mut self.task).await.map_err(stopped)??;
        Ok(self.record.clone())
    }
}

/// Commits what a session wrote together with what the ledger is to hold of it.
pub(super) async fn finish(
    session: &mut dyn Session,
    ledger: &Ledger,
    target: &dyn Store,
    rows: BatchRows,
    record: &PhaseRecord,
) -> Result<(), RunError> {
    failpoint::pass("checkpoint").await;
    ledger.append_rows(session, rows).await?;
    ledger.save_phase(session, record).await?;
    target.keep_lock().await?;
    session.commit().await?;
    failpoint::pass("committed").await;
    Ok(())
}

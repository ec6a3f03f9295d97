//! New rows that flow into the target in one stream over many batches, so that the store takes them
//! in while the next batch is mapped and decided.
//!
//! What the ledger says of them is written down before the store has answered, so nothing is
//! committed before the stream has ended well. When the store refuses one of the rows, the phase goes
//! back to its last commit, and on from there batch by batch until it is past the place.

use std::sync::{Arc, Mutex};

use super::apply::problem_of;
use super::{RunError, RunErrorKind, Shape};
use crate::connectors::{Layout, Session, Store, StoreError, WriteError};
use crate::plan::{OnConflict, Phase, Transaction, WriteMode};
use crate::value::Row;

/// The stream of a phase's new rows.
pub(super) struct Flow {
    target: Arc<dyn Store>,
    /// Whether this batch may stream; it is the writer's to say.
    pub(super) wanted: bool,
    /// Whether it does.
    open: bool,
    /// Whether the target takes a stream; `None` until it was asked.
    able: Option<bool>,
    /// Whether records can't be in each other's way, so that several streams may flow; once it was
    /// asked, whether the target says so too.
    pub(super) side_by_side: bool,
    /// The records of the batch whose rows are put into the stream at its end.
    pub(super) later: Vec<usize>,
    /// Reads beside the stream, what was committed.
    beside: Mutex<Option<Box<dyn Session>>>,
    /// Whether the store refused a row of the stream.
    pub(super) refused: bool,
}

impl Flow {
    /// `apart` says whether the mapping keeps records apart in the target.
    pub(super) fn new(target: &Arc<dyn Store>, apart: bool) -> Self {
        Self {
            target: Arc::clone(target),
            wanted: false,
            open: false,
            able: None,
            side_by_side: apart,
            later: Vec::new(),
            beside: Mutex::default(),
            refused: false,
        }
    }

    /// Finds out whether a batch may stream; where it may not, the stream ends.
    pub(super) async fn begin(
        &mut self,
        session: &mut dyn Session,
        phase: &Phase,
        shape: &Shape,
        update: bool,
    ) -> Result<(), RunError> {
        self.later.clear();
        if !self.wanted {
            self.open = false;
            return self.end(session).await;
        }
        if self.able.is_none() {
            // Only where a key that is there says all that is to be known of its record.
            let plain = match phase.target.write {
                WriteMode::Insert(OnConflict::Skip | OnConflict::Fail) => !update,
                WriteMode::Append => true,
                _ => false,
            };
            let able = plain
                && phase.transaction != Transaction::Record
                && session.streams(&phase.target.entity, &shape.layout).await?;
            self.able = Some(able);
            if self.side_by_side
                && let Layout::Columns(columns) = &shape.layout
            {
                let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                self.side_by_side =
                    able && session.side_by_side(&phase.target.entity, &columns).await?;
            }
        }
        self.open = self.able == Some(true);
        Ok(())
    }

    /// Whether the batch may stream.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// A session to read with while the stream has the other one.
    pub(super) async fn beside(&mut self) -> Result<Box<dyn Session>, StoreError> {
        match self.beside.get_mut().ok().and_then(Option::take) {
            Some(session) => Ok(session),
            None => self.target.session().await,
        }
    }

    /// Keeps it for the next time.
    pub(super) fn keep_beside(&mut self, session: Box<dyn Session>) {
        self.beside = Mutex::new(Some(session));
    }

    /// The records whose rows are still to be written, in order.
    pub(super) fn take_later(&mut self) -> Vec<usize> {
        let mut later = std::mem::take(&mut self.later);
        later.sort_unstable();
        later
    }

    /// Puts rows into the stream.
    pub(super) async fn send(
        &mut self,
        session: &mut dyn Session,
        phase: &Phase,
        shape: &Shape,
        rows: Vec<Row>,
    ) -> Result<(), RunError> {
        let sent = session.stream(&phase.target.entity, &shape.layout, rows).await;
        self.told(sent)
    }

    /// Waits until the target has all rows of the stream.
    pub(super) async fn end(&mut self, session: &mut dyn Session) -> Result<(), RunError> {
        let ended = session.end_stream().await;
        self.told(ended)
    }

    fn told(&mut self, result: Result<(), WriteError>) -> Result<(), RunError> {
        result.map_err(|error| self.failed(stream_error(error)))
    }

    /// Takes note of why a stream did not end well.
    pub(super) fn failed(&mut self, error: StreamError) -> RunError {
        self.refused |= error.refused;
        error.error
    }
}

/// Why a stream did not end well.
pub(super) struct StreamError {
    pub(super) error: RunError,
    /// Whether the target refused one of the rows.
    pub(super) refused: bool,
}

impl<E: Into<RunError>> From<E> for StreamError {
    fn from(error: E) -> Self {
        Self { error: error.into(), refused: false }
    }
}

/// Why the store did not take all rows of a stream.
pub(super) fn stream_error(error: WriteError) -> StreamError {
    match error {
        WriteError::Store(error) => error.into(),
        WriteError::Record(violation) => {
            let message = problem_of(&violation).message;
            StreamError { error: RunError::new(RunErrorKind::Refused, message), refused: true }
        }
    }
}

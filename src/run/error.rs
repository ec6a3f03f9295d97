//! What a run fails with.

use std::fmt;

use crate::connectors::{StoreError, StoreErrorKind};

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunErrorKind {
    /// A store failed.
    Store(StoreErrorKind),
    /// The spec or the data does not allow it.
    Refused,
    /// More records were rejected than the spec allows.
    TooManyRejects,
    /// Someone wished to stop.
    Cancelled,
    /// mapper's own mistake, such as a breach of the conservation law.
    Internal,
}

/// A run's failure: what went wrong, and where. Never a value of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunError {
    /// Whose turn it is.
    pub kind: RunErrorKind,
    /// A sentence without a full stop.
    pub message: String,
    /// The phase's full name.
    pub phase: Option<String>,
    /// The batch's number, from 1.
    pub batch: Option<u64>,
    /// The key of the record, as it may be shown.
    pub key: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl RunError {
    /// Makes a failure that is about no place yet.
    pub fn new(kind: RunErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), phase: None, batch: None, key: None, help: None }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the phase, unless one is named.
    #[must_use]
    pub fn in_phase(mut self, phase: &str) -> Self {
        self.phase.get_or_insert_with(|| phase.to_owned());
        self
    }

    /// Names the batch (from 0), unless one is named.
    #[must_use]
    pub fn in_batch(mut self, seq: u64) -> Self {
        self.batch.get_or_insert(seq + 1);
        self
    }

    /// Whether the same again may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            RunErrorKind::Store(StoreErrorKind::Unavailable | StoreErrorKind::Conflict)
        )
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        let made = Self::new(RunErrorKind::Store(error.kind), error.message);
        match what_to_do(error.kind) {
            Some(help) => made.help(help),
            None => made,
        }
    }
}

/// What to do about a store's failure, where its kind says enough.
fn what_to_do(kind: StoreErrorKind) -> Option<&'static str> {
    use StoreErrorKind as Kind;
    Some(match kind {
        Kind::Unavailable => {
            "see that the server runs and this address is right; the same command then goes on \
             from where it stood"
        }
        Kind::Denied => {
            "see that user, password and TLS options of the connection are right, and that the user may read \
             the sources, write the targets, and create the `mapper_*` ledger beside them"
        }
        Kind::ReadOnly => {
            "point the connection at a server that takes writes: this one, or its replica's \
             setting, does not"
        }
        Kind::Full => "make room on the server; the same command then goes on from where it stood",
        Kind::Locked => "wait until the other one is done, or stop it; then run the command again",
        Kind::NotFound => {
            "`mapper check SPEC --connect` compares the spec with what is there; when both are \
             right again, the same command goes on from where it stood"
        }
        Kind::Conflict => {
            "it was tried again and again; when what is in the way is over, the same command goes \
             on from where it stood"
        }
        Kind::Query | Kind::Corrupt | Kind::Unsupported | Kind::Internal => return None,
    })
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(phase) = &self.phase {
            write!(f, "phase {phase}")?;
            if let Some(batch) = self.batch {
                write!(f, ", batch {batch}")?;
            }
            if let Some(key) = &self.key {
                write!(f, ", key {key}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for RunError {}

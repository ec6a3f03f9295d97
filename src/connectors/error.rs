//! What stores fail with: whose turn it is, without values.

use std::fmt;

/// Why a store can't do something at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// It can't be reached, or the connection broke.
    Unavailable,
    /// User, password or rights are refused.
    Denied,
    /// It can't be written.
    ReadOnly,
    /// No space is left.
    Full,
    /// Another process holds the run's lock, or keeps the store busy.
    Locked,
    /// A table, collection, column or file is not there.
    NotFound,
    /// A statement or query is not one that the store understands.
    Query,
    /// What the store holds, or the file, can't be read.
    Corrupt,
    /// The store can't do this kind of thing.
    Unsupported,
    /// It gave up by its own rules, and the same again may succeed (deadlock, serialization).
    Conflict,
    /// Something that should not happen.
    Internal,
}

/// A store's failure. The message holds no values of records and no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// What kind.
    pub kind: StoreErrorKind,
    /// A sentence without a full stop.
    pub message: String,
}

impl StoreError {
    /// Makes a failure.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Whether the same again may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable | StoreErrorKind::Conflict)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}

/// Why a write failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// One of the records is one that the store refuses; the others may be fine.
    Record(Violation),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a record violates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What kind of rule.
    pub kind: ViolationKind,
    /// The constraint or index, when the store names it.
    pub constraint: Option<String>,
    /// The column, when the store names it.
    pub column: Option<String>,
}

/// Kinds of rules that a record can violate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// A unique index or primary key.
    Unique,
    /// A foreign key.
    ForeignKey,
    /// A column that must not be null.
    NotNull,
    /// A check constraint or document validator.
    Check,
    /// A value of a type, size or form that the column does not hold.
    Value,
}

impl ViolationKind {
    /// The reject reason that it is counted by.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unique => "unique",
            Self::ForeignKey => "foreign_key",
            Self::NotNull => "not_null",
            Self::Check => "check",
            Self::Value => "value",
        }
    }
}

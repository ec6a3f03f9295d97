//! `target = { … }`: where a phase's records go and how they are written.

use super::Entity;
use crate::diagnostics::Span;
use crate::document::{Spanned, Text};

/// A target.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The fields that identify a record.
    pub key: Vec<Text>,
    /// How records are written.
    pub write: Option<Spanned<WriteMode>>,
    /// What happens when a record with the key is there already (`write = "insert"`).
    pub on_conflict: Option<Spanned<OnConflict>>,
    /// Whether `fill` also replaces null.
    pub null_is_missing: Option<Spanned<bool>>,
}

impl Target {
    /// How records are written.
    pub fn write(&self) -> WriteMode {
        self.write.map_or(WriteMode::Insert, |write| write.value)
    }

    /// What happens when a record with the key is there already.
    pub fn on_conflict(&self) -> OnConflict {
        self.on_conflict.map_or(OnConflict::Fail, |choice| choice.value)
    }
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// New records; `on_conflict` decides about those that are there.
    Insert,
    /// Edits records that are there; creates nothing.
    Patch,
    /// Sets fields that are missing in records that are there.
    Fill,
    /// New records, without looking for those that are there.
    Append,
}

/// What happens when a record with the key is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It stays as it is.
    Skip,
    /// Its mapped fields are updated.
    Update,
    /// It is replaced whole.
    Replace,
    /// The new one is rejected.
    Fail,
}

//! `[phase.NAME]`: records from a source, mapped, into a target.

use super::{Field, Source, Target};
use crate::diagnostics::Span;
use crate::document::{Spanned, Text};

/// A phase.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name, short: the full name is `spec.phase`.
    pub name: Text,
    /// Its header.
    pub span: Span,
    /// What it is for.
    pub description: Option<Text>,
    /// Where records come from. `None` only after an error.
    pub source: Option<Source>,
    /// Where they go. `None` only after an error.
    pub target: Option<Target>,
    /// Records per batch.
    pub batch: Option<Spanned<u64>>,
    /// What commits together.
    pub transaction: Option<Spanned<Transaction>>,
    /// What happens to a second record with the same target key.
    pub on_duplicate: Option<Spanned<OnDuplicate>>,
    /// How many rejects stop the phase.
    pub max_rejects: Option<Spanned<RejectLimit>>,
    /// Phases that must be done before.
    pub after: Vec<Text>,
    /// How many records the source should hold.
    pub expected: Option<Spanned<u64>>,
    /// Source columns that are left out, with the reason.
    pub ignore: Vec<(Text, Text)>,
    /// Named values that are not written.
    pub lets: Vec<Field>,
    /// What is written.
    pub fields: Vec<Field>,
    /// Records that are left out, tested before the fields.
    pub skip: Vec<Condition>,
    /// Records that are rejected, tested after the fields.
    pub reject: Vec<Condition>,
    /// The name under which it ran before.
    pub renamed_from: Option<Text>,
}

impl Phase {
    /// Records per batch when the phase does not say.
    pub const DEFAULT_BATCH: u64 = 1000;

    /// Records per batch.
    pub fn batch(&self) -> u64 {
        self.batch.map_or(Self::DEFAULT_BATCH, |batch| batch.value)
    }

    /// What happens to a second record with the same target key.
    pub fn on_duplicate(&self) -> OnDuplicate {
        self.on_duplicate.map_or(OnDuplicate::Reject, |choice| choice.value)
    }
}

/// What commits together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// Each source record.
    Record,
    /// Each batch.
    Batch,
    /// The whole phase.
    Phase,
}

/// What happens to a second record with the same target key within the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDuplicate {
    /// Every record of that key is rejected.
    Reject,
    /// The first one is written.
    First,
    /// The last one is written.
    Last,
}

/// How many rejects stop a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RejectLimit {
    /// More than this many.
    Count(u64),
    /// More than this share of the records read (0.01 for `"1%"`).
    Share(f64),
}

/// A `[[phase.NAME.skip]]` or `[[phase.NAME.reject]]` rule.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The expression. `None` only after an error.
    pub when: Option<Text>,
    /// Why; shown and counted. `None` only after an error.
    pub reason: Option<Text>,
    /// The rule's table.
    pub span: Span,
}

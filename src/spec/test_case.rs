//! `[[test]]`: a test of a phase's mapping, without a database.

use crate::diagnostics::Span;
use crate::document::{Spanned, Text};
use crate::value::Value;

/// A test.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// Its table.
    pub span: Span,
    /// Its name.
    pub name: Option<Text>,
    /// The phase. `None` only after an error.
    pub phase: Option<Text>,
    /// The source's records; each value is an object.
    pub given: Vec<Spanned<Value>>,
    /// What the target holds before.
    pub existing: Vec<Spanned<Value>>,
    /// What lookups find, by phase or by table.
    pub lookups: Vec<(Text, TestLookup)>,
    /// What the target holds afterwards; `None` when the test does not say.
    pub expect: Option<Spanned<Vec<Spanned<Value>>>>,
    /// Whether all fields are compared and not only the named ones.
    pub exact: bool,
    /// What is rejected.
    pub expect_rejects: Option<Spanned<Fates>>,
    /// What is skipped.
    pub expect_skips: Option<Spanned<Fates>>,
}

/// What a lookup finds in a test.
#[derive(Clone, Debug)]
pub enum TestLookup {
    /// A phase's ids by source key, in canonical text.
    Ids(Vec<(Text, Spanned<Value>)>),
    /// A table's records; each value is an object.
    Records(Vec<Spanned<Value>>),
}

/// Records that do not arrive.
#[derive(Clone, Debug, PartialEq)]
pub enum Fates {
    /// So many.
    Count(u64),
    /// One for each of these reasons.
    Reasons(Vec<Text>),
}

//! `[[check]]`: what must hold afterwards.

use std::time::Duration;

use super::{Entity, Filter, SortKey};
use crate::diagnostics::Span;
use crate::document::{Spanned, Text};
use crate::value::Value;

/// A check.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name. `None` only after an error.
    pub name: Option<Text>,
    /// Its table.
    pub span: Span,
    /// Phases that must be done before.
    pub after: Vec<Text>,
    /// What a failure means.
    pub severity: Option<Spanned<CheckSeverity>>,
    /// What to do when it fails.
    pub advice: Option<Text>,
    /// What is looked at.
    pub kind: CheckKind,
    /// What is expected (`query`, `filter`, `sum`, `stats`).
    pub expect: Option<Expect>,
}

/// What a failed check means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckSeverity {
    /// It is reported.
    Info,
    /// It is reported as a warning.
    Warning,
    /// It stops what depends on it.
    #[default]
    Error,
}

/// What a check looks at.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// The answer of a query.
    Query {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The query.
        query: Text,
    },
    /// The records that a filter finds.
    Filter {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The table or collection. `None` only after an error.
        entity: Option<Entity>,
        /// Which records.
        filter: Filter,
    },
    /// Each reference finds its record.
    References(References),
    /// Records of two tables agree.
    Compare(Compare),
    /// A read is quick.
    Latency(Latency),
    /// How large a table or collection is.
    Stats(Stats),
    /// No two records share these fields.
    Unique(Unique),
    /// A total.
    Sum(Sum),
    /// Something that was refused; the error is reported.
    Invalid,
}

/// `references = { … }`.
#[derive(Clone, Debug)]
pub struct References {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection that refers. `None` only after an error.
    pub from: Option<Text>,
    /// The field that refers. `None` only after an error.
    pub path: Option<Text>,
    /// The table or collection referred to. `None` only after an error.
    pub to: Option<Text>,
    /// Its field that is referred to. `None` only after an error.
    pub key: Option<Text>,
    /// Its field that refers back.
    pub back: Option<Text>,
}

/// `compare = { … }`.
#[derive(Clone, Debug)]
pub struct Compare {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The one table or collection. `None` only after an error.
    pub left: Option<Text>,
    /// The other. `None` only after an error.
    pub right: Option<Text>,
    /// Which records belong together: fields of the left with those of the right.
    pub on: Vec<(Text, Text)>,
    /// The fields that must be equal.
    pub equal: Vec<Text>,
}

/// `latency = { … }`.
#[derive(Clone, Debug)]
pub struct Latency {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// Which records.
    pub filter: Option<Filter>,
    /// In which order.
    pub sort: Vec<SortKey>,
    /// At most so many.
    pub limit: Option<Spanned<u64>>,
    /// How often it is read.
    pub repeat: Option<Spanned<u64>>,
    /// The time that 95 of 100 reads keep. `None` only after an error.
    pub p95: Option<Spanned<Duration>>,
}

impl Latency {
    /// How often it is read when the spec does not say.
    pub const DEFAULT_REPEAT: u64 = 20;
}

/// `stats = { … }`.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The number that `expect` is about.
    pub measure: Option<Spanned<Measure>>,
}

/// A number about a table or collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Records.
    #[default]
    Records,
    /// Bytes of data.
    Bytes,
    /// Bytes of indexes.
    IndexBytes,
    /// Bytes of data per record.
    AverageBytes,
}

/// `unique = { … }`.
#[derive(Clone, Debug)]
pub struct Unique {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The fields.
    pub keys: Vec<Text>,
}

/// `sum = { … }`: also an operand of `expect.equals`.
#[derive(Clone, Debug)]
pub struct Sum {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The field that is added up. `None` only after an error.
    pub of: Option<Text>,
    /// Which records.
    pub filter: Option<Filter>,
}

/// `expect = { … }`.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Its table.
    pub span: Span,
    /// The answer is this.
    pub equals: Option<Operand>,
    /// The answer is at least this.
    pub min: Option<Spanned<Value>>,
    /// The answer is at most this.
    pub max: Option<Spanned<Value>>,
    /// So many records are found.
    pub rows: Option<Spanned<u64>>,
    /// At least this share of all records is found.
    pub rate: Option<Rate>,
    /// The phase whose skips and rejects explain a difference.
    pub explained_by: Option<Text>,
}

/// A share of all records, from 0 to 1; at least one bound is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// At least.
    pub min: Option<Spanned<f64>>,
    /// At most.
    pub max: Option<Spanned<f64>>,
}

/// What an answer is compared with.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A literal.
    Literal(Spanned<Value>),
    /// The answer of a query elsewhere.
    Query {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The query.
        query: Text,
    },
    /// How many records there are elsewhere.
    Count {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The table or collection.
        entity: Entity,
        /// Which records.
        filter: Option<Filter>,
    },
    /// A total elsewhere.
    Sum(Sum),
    /// Something that was refused; the error is reported.
    Invalid,
}

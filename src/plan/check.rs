//! Checks: what must hold afterwards.

use std::time::Duration;

use super::ConnectionId;
use crate::value::query::Filter;
use crate::value::{IndexKey, Value};

/// A check.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The spec that it belongs to, by its place in the plan.
    pub spec: usize,
    /// Its name.
    pub name: String,
    /// What a failure means.
    pub severity: Severity,
    /// What to do when it fails.
    pub advice: Option<String>,
    /// What is looked at.
    pub kind: CheckKind,
}

/// What a failed check means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is reported.
    Info,
    /// It is reported as a warning.
    Warning,
    /// It stops what depends on it, and the command fails.
    #[default]
    Error,
}

impl Severity {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a check looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckKind {
    /// The first value of a query's answer, or its number of rows.
    Query {
        /// The connection.
        connection: ConnectionId,
        /// The query.
        query: String,
        /// What is expected.
        expect: Expect,
    },
    /// How many records a filter finds.
    Filter {
        /// The connection.
        connection: ConnectionId,
        /// The table or collection.
        entity: String,
        /// Which records.
        filter: Filter,
        /// What is expected of their number.
        expect: Expect,
    },
    /// Each reference that is not null finds its record, which may have to refer back.
    References {
        /// The connection.
        connection: ConnectionId,
        /// The table or collection that refers.
        from: String,
        /// Its field that refers.
        path: String,
        /// The table or collection referred to.
        to: String,
        /// Its field that is referred to.
        key: String,
        /// Its field that must hold the referring record's primary key.
        back: Option<String>,
    },
    /// Records of two tables or collections agree.
    Compare {
        /// The connection.
        connection: ConnectionId,
        /// The one.
        left: String,
        /// The other.
        right: String,
        /// Which belong together: field of the left, field of the right.
        on: Vec<(String, String)>,
        /// Fields that must be equal.
        equal: Vec<String>,
    },
    /// A read is quick.
    Latency {
        /// The connection.
        connection: ConnectionId,
        /// The table or collection.
        entity: String,
        /// Which records.
        filter: Filter,
        /// In which order.
        sort: Vec<IndexKey>,
        /// At most so many.
        limit: Option<u64>,
        /// How often it is read.
        repeat: u64,
        /// What 95 of 100 reads must keep.
        p95: Duration,
    },
    /// A number about a table or collection.
    Stats {
        /// The connection.
        connection: ConnectionId,
        /// The table or collection.
        entity: String,
        /// Which number.
        measure: Measure,
        /// What is expected of it.
        expect: Expect,
    },
    /// No two records share these fields.
    Unique {
        /// The connection.
        connection: ConnectionId,
        /// The table or collection.
        entity: String,
        /// The fields.
        keys: Vec<String>,
    },
    /// A total.
    Sum {
        /// What is added up.
        sum: SumOf,
        /// What is expected of it.
        expect: Expect,
    },
    /// How many of its records a phase did not reject.
    Phase {
        /// The phase, by its place in the plan.
        phase: usize,
        /// What share is expected.
        expect: Expect,
    },
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

/// A field added up over records, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct SumOf {
    /// The connection.
    pub connection: ConnectionId,
    /// The table or collection.
    pub entity: String,
    /// The field.
    pub of: String,
    /// Which records.
    pub filter: Filter,
}

/// What is expected of an answer. All that is set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// It is this.
    pub equals: Option<Operand>,
    /// It is at least this.
    pub min: Option<Operand>,
    /// It is at most this.
    pub max: Option<Operand>,
    /// So many rows or records are found.
    pub rows: Option<u64>,
    /// At least this share of all records, from 0 to 1, is found.
    pub min_rate: Option<f64>,
    /// At most this share of all records, from 0 to 1, is found.
    pub max_rate: Option<f64>,
    /// The phase (by its place in the plan) whose skips and rejects explain a difference to
    /// `equals`.
    pub explained_by: Option<usize>,
}

/// What an answer is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A literal.
    Value(Value),
    /// The first value of a query's answer.
    Query {
        /// The connection.
        connection: ConnectionId,
        /// The query.
        query: String,
    },
    /// How many records there are elsewhere.
    Count {
        /// The connection.
        connection: ConnectionId,
        /// The table or collection.
        entity: String,
        /// Which records.
        filter: Filter,
    },
    /// A total elsewhere.
    Sum(SumOf),
}

//! The small statement tree that connectors render: what to read and which records.
//!
//! Names are column names, or dotted paths when the entity is a collection.

use super::{IndexKey, Value};

/// A read of one table or collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    /// The table or collection.
    pub entity: String,
    /// Columns to read, in this order; `None` is all of a table's columns, or the whole document.
    pub columns: Option<Vec<String>>,
    /// Which records.
    pub filter: Filter,
    /// Sort order.
    pub order: Vec<IndexKey>,
    /// At most so many.
    pub limit: Option<u64>,
}

/// Which records: the documented subset of MongoDB's filters, with its meaning, on every store.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Filter {
    /// Every record.
    #[default]
    All,
    /// All of these hold.
    And(Vec<Filter>),
    /// One of these holds.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// A field compared with a value. Equality with null also finds missing fields.
    Compare {
        /// Column or dotted path.
        path: String,
        /// How.
        operator: Comparison,
        /// With what.
        value: Value,
    },
    /// A field is one of the values.
    In {
        /// Column or dotted path.
        path: String,
        /// The values.
        values: Vec<Value>,
    },
    /// A field is there (a column: is not null), or is not.
    Exists {
        /// Column or dotted path.
        path: String,
        /// Whether it must be there.
        exists: bool,
    },
    /// The fields together are one of these tuples. No part is null.
    Tuples {
        /// Columns or dotted paths.
        paths: Vec<String>,
        /// The tuples, each as long as `paths`.
        tuples: Vec<Vec<Value>>,
    },
    /// The fields together come after this tuple in key order (keyset paging).
    After {
        /// Columns or dotted paths.
        paths: Vec<String>,
        /// The tuple.
        tuple: Vec<Value>,
    },
    /// The fields together come at or before this tuple in key order.
    UpTo {
        /// Columns or dotted paths.
        paths: Vec<String>,
        /// The tuple.
        tuple: Vec<Value>,
    },
}

impl Filter {
    /// The columns or dotted paths that it looks at, as it names them.
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Self::All => Vec::new(),
            Self::And(filters) | Self::Or(filters) => {
                filters.iter().flat_map(Self::paths).collect()
            }
            Self::Not(filter) => filter.paths(),
            Self::Compare { path, .. } | Self::In { path, .. } | Self::Exists { path, .. } => {
                vec![path]
            }
            Self::Tuples { paths, .. } | Self::After { paths, .. } | Self::UpTo { paths, .. } => {
                paths.iter().map(String::as_str).collect()
            }
        }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) => other,
            (this, Self::All) => this,
            (Self::And(mut all), other) => {
                all.push(other);
                Self::And(all)
            }
            (this, other) => Self::And(vec![this, other]),
        }
    }
}

/// A comparison. Only values of comparable kinds compare; others never match (as in MongoDB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal; a list also matches when an element does.
    Equal,
    /// Not equal, or missing.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

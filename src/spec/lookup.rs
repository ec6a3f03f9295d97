//! `lookup`: the id that another phase made, or a field of another table.

use super::{Entity, Field};
use crate::diagnostics::Span;
use crate::document::{Spanned, Text};

/// A lookup.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The whole of it.
    pub span: Span,
    /// In what.
    pub target: LookupTarget,
    /// By which fields, when it is not by the origin's value. The rules see the source record.
    pub matches: Option<Vec<Field>>,
    /// Whether what it refers to may come later or go in circles.
    pub stub: Option<Spanned<bool>>,
    /// Phases that must be done before.
    pub after: Vec<Text>,
}

/// What a lookup looks in.
#[derive(Clone, Debug)]
pub enum LookupTarget {
    /// The ids that a phase made or found.
    Phase(Text),
    /// A table or collection.
    Entity {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The table or collection.
        entity: Entity,
        /// The column or path that is taken. `None` only after an error.
        take: Option<Text>,
        /// What happens when several match.
        on_many: Option<Spanned<OnMany>>,
    },
    /// Something that was refused; the error is reported.
    Invalid,
}

/// What happens when several records match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMany {
    /// The record is rejected.
    #[default]
    Reject,
    /// The first, in key order, serves.
    First,
    /// The last, in key order, serves.
    Last,
    /// All serve, as a list.
    All,
}

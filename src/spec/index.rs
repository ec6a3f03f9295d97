//! `[[index]]`: an index that the target should have.

use super::Entity;
use crate::diagnostics::Span;
use crate::document::{Spanned, Text};

/// An index.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its table.
    pub span: Span,
    /// Its name; `None` is made from table and keys.
    pub name: Option<Text>,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The keys in order.
    pub keys: Vec<SortKey>,
    /// Whether it forbids duplicates.
    pub unique: bool,
    /// When it is made.
    pub when: Option<Spanned<When>>,
}

/// A column or path with a direction (`"-created"` is descending).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// As written, the `-` left out.
    pub path: String,
    /// Whether it goes from high to low.
    pub descending: bool,
    /// As written.
    pub text: Text,
}

/// When an index is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Before the data.
    Before,
    /// After the data.
    #[default]
    After,
}

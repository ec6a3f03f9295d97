//! `filter = { … }`: which records, in the documented subset of MongoDB's filters.

use crate::diagnostics::Span;
use crate::document::Text;
use crate::value::query;

/// A filter with the places of the paths that it names.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What it means.
    pub filter: query::Filter,
    /// The columns or paths in it, in order.
    pub paths: Vec<Text>,
    /// Its table.
    pub span: Span,
}

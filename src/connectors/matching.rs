//! The meaning of filters, for stores that have no engine of their own.

use super::Layout;
use crate::value::Row;
use crate::value::query::Filter;

/// Whether a row is one that the filter wants.
pub fn matches(_filter: &Filter, _layout: &Layout, _row: &Row) -> bool {
    true
}

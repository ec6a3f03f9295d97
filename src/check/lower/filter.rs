//! Filters and sort orders of checks.

use crate::spec::{Filter, SortKey};
use crate::value::IndexKey;
use crate::value::query;

/// What a filter means; none is all records.
pub(super) fn meaning(filter: Option<&Filter>) -> query::Filter {
    filter.map_or(query::Filter::All, |filter| filter.filter.clone())
}

/// A sort order.
pub(super) fn sort(keys: &[SortKey]) -> Vec<IndexKey> {
    keys.iter().map(|key| IndexKey { path: key.path.clone(), descending: key.descending }).collect()
}

//! What the connectors of tables have in common: columns by name, and rows that one statement takes.

use std::sync::Arc;

use super::matching::paths_of;
use super::{Insert, Layout, ScanRequest, StoreError, StoreErrorKind};
use crate::value::query::{Filter, Select};
use crate::value::{Row, Value};

/// A table or view as a connector's catalog tells it.
pub(super) trait CatalogTable {
    /// A column, as the connector reads and writes it.
    type Column: CatalogColumn;

    /// Its name, for messages.
    fn name(&self) -> &str;

    /// Its columns in order.
    fn columns(&self) -> &[Self::Column];

    /// The column of a name.
    fn column(&self, name: &str) -> Option<&Self::Column> {
        self.columns().iter().find(|column| column.name() == name)
    }

    /// The column of a name that must be there.
    fn required(&self, name: &str) -> Result<&Self::Column, StoreError> {
        self.column(name).ok_or_else(|| {
            let message = format!("table `{}` has no column `{name}`", self.name());
            StoreError::new(StoreErrorKind::NotFound, message)
        })
    }

    /// The columns of these names, which must be there.
    fn named<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<&Self::Column>, StoreError> {
        names.iter().map(|name| self.required(name.as_ref())).collect()
    }

    /// The columns that are asked for; `None` is all.
    fn chosen(&self, names: Option<&[String]>) -> Result<Vec<&Self::Column>, StoreError> {
        match names {
            Some(names) => self.named(names),
            None => Ok(self.columns().iter().collect()),
        }
    }

    /// The columns that a filter looks at, each once.
    fn filtered(&self, filter: &Filter) -> Result<Vec<&Self::Column>, StoreError> {
        let mut paths = Vec::new();
        paths_of(filter, &mut paths);
        paths.sort_unstable();
        paths.dedup();
        self.named(&paths)
    }

    /// The columns that a scan reads, whose key is this one. `exact` tells whether the store applies
    /// the whole filter; otherwise its columns are needed too.
    fn scanned(
        &self,
        request: &ScanRequest,
        key: &[String],
        exact: bool,
    ) -> Result<Scanned<Self::Column>, StoreError> {
        let mut columns: Vec<Self::Column> =
            self.chosen(request.columns.as_deref())?.into_iter().cloned().collect();
        let wanted = columns.len();
        let mut more: Vec<&str> = key.iter().map(String::as_str).collect();
        if !exact {
            paths_of(&request.filter, &mut more);
        }
        for column in self.named(&more)? {
            if !columns.iter().any(|known| known.name() == column.name()) {
                columns.push(column.clone());
            }
        }
        let place = |name: &String| columns.iter().position(|column| column.name() == name);
        let key = key.iter().filter_map(place).collect();
        Ok(Scanned { columns, wanted, key })
    }
}

/// What a scan reads.
pub(super) struct Scanned<C> {
    /// The columns that it gives, and behind them those that its key and its filter need besides.
    pub(super) columns: Vec<C>,
    /// How many of them it gives.
    pub(super) wanted: usize,
    /// The places of the key's columns.
    pub(super) key: Vec<usize>,
}

/// A column of a [`CatalogTable`].
pub(super) trait CatalogColumn: Clone {
    /// Its name.
    fn name(&self) -> &str;
}

/// How rows of these columns are named.
pub(super) fn layout<C: CatalogColumn>(columns: &[&C]) -> Layout {
    Layout::Columns(columns.iter().map(|column| column.name().to_owned()).collect::<Arc<[_]>>())
}

/// A table that a statement names and that is not there.
pub(super) fn no_table(location: &str, entity: &str) -> StoreError {
    let message = format!("{location}: no table or view is named `{entity}`");
    StoreError::new(StoreErrorKind::NotFound, message)
}

/// The key of a scan: the one that is asked for, else the primary key.
pub(super) fn key_of(
    request: &ScanRequest,
    primary: impl FnOnce() -> Vec<String>,
    location: &str,
    entity: &str,
) -> Result<Vec<String>, StoreError> {
    let key = if request.key.is_empty() { primary() } else { request.key.clone() };
    if key.is_empty() {
        let message = format!("{location}: {entity} has no primary key; name a key");
        return Err(StoreError::new(StoreErrorKind::Query, message));
    }
    Ok(key)
}

/// The columns that an insert fills.
pub(super) fn inserted<'i>(insert: &Insert<'i>, table: &str) -> Result<&'i [String], StoreError> {
    match insert.layout {
        Layout::Columns(names) => Ok(names),
        Layout::Document => Err(no_documents(table)),
    }
}

/// A document that is to go into a table.
pub(super) fn no_documents(table: &str) -> StoreError {
    let message = format!("`{table}` is a table; documents can't be inserted into it");
    StoreError::new(StoreErrorKind::Unsupported, message)
}

/// The most rows that a statement may give.
pub(super) fn most(select: &Select) -> usize {
    select.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Rows that go into one statement: neighbours that leave the same columns to the store, at most so
/// many. A row that leaves it all of them goes alone.
pub(super) fn runs(rows: &[Row], most: usize) -> Vec<&[Row]> {
    let mut runs = Vec::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let most = if left_out(first).all(|missing| missing) { 1 } else { most };
        let same = |row: &&Row| left_out(row).eq(left_out(first));
        let length = rest.iter().take(most).take_while(same).count();
        let (run, after) = rest.split_at(length.max(1));
        runs.push(run);
        rest = after;
    }
    runs
}

/// Which columns a row leaves to the store.
fn left_out(row: &Row) -> impl Iterator<Item = bool> {
    row.iter().map(|value| matches!(value, Value::Missing))
}

//! The rows that references choose from.

use std::sync::Arc;

use super::random::{Chance, Salt, below, unit};
use super::{Distribution, Reference, Taken};
use crate::connectors::{Store, StoreError, StoreErrorKind, compare_values};
use crate::value::query::Select;
use crate::value::{IndexKey, Value};

/// At most so many rows that are there are chosen from, those first in order.
const MOST_ROWS: u64 = 100_000;

/// Rows to choose from.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) from: From,
    pub(super) distribution: Distribution,
    /// For `zipf`: the sum of the weights of the first, the first two, and so on.
    sums: Vec<f64>,
}

/// Where the rows are.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// Rows of a table of the recipe.
    Table {
        /// Which.
        table: usize,
        /// What is taken.
        take: Taken,
        /// Those that can be chosen.
        rows: Rows,
        /// Whether only rows before the one that refers can be chosen.
        earlier: bool,
    },
    /// Values that were read.
    Values(Arc<Vec<Value>>),
}

/// Rows of a table by their numbers, from 0.
#[derive(Clone, Debug)]
pub(super) enum Rows {
    /// The first so many.
    All(u64),
    /// These, in order.
    These(Arc<Vec<u64>>),
}

impl Rows {
    fn count(&self) -> u64 {
        match self {
            Self::All(count) => *count,
            Self::These(rows) => rows.len() as u64,
        }
    }

    /// How many come before a row.
    fn before(&self, row: u64) -> u64 {
        match self {
            Self::All(count) => row.min(*count),
            Self::These(rows) => rows.partition_point(|other| *other < row) as u64,
        }
    }

    pub(super) fn nth(&self, place: u64) -> Option<u64> {
        match self {
            Self::All(count) => (place < *count).then_some(place),
            Self::These(rows) => rows.get(usize::try_from(place).ok()?).copied(),
        }
    }
}

impl Choice {
    pub(super) fn new(from: From, distribution: Distribution) -> Self {
        let mut choice = Self { from, distribution, sums: Vec::new() };
        if distribution == Distribution::Zipf {
            let mut sum = 0.0;
            choice.sums = (1..=choice.count())
                .map(|rank| {
                    #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
                    let rank = rank as f64;
                    sum += 1.0 / rank;
                    sum
                })
                .collect();
        }
        choice
    }

    /// How many rows there are to choose from.
    pub(super) fn count(&self) -> u64 {
        match &self.from {
            From::Table { rows, .. } => rows.count(),
            From::Values(values) => values.len() as u64,
        }
    }

    /// How many rows a row can choose from.
    pub(super) fn count_for(&self, row: u64) -> u64 {
        match &self.from {
            From::Table { rows, earlier: true, .. } => rows.before(row),
            _ => self.count(),
        }
    }

    /// The place of the row that is chosen; `None` when there is none to choose.
    pub(super) fn place(
        &self,
        chance: &mut Chance,
        salt: Salt,
        row: u64,
        unique: bool,
    ) -> Option<u64> {
        let count = self.count_for(row);
        if count == 0 || (unique && row >= count) {
            return None;
        }
        let place = match self.distribution {
            Distribution::Each => u128::from(row % count),
            _ if unique => salt.shuffled(row, count.into()),
            Distribution::Uniform => below(chance, count.into()),
            Distribution::Zipf => {
                let sums = &self.sums[..usize::try_from(count).ok()?];
                let point = unit(chance) * sums.last()?;
                let place = sums.partition_point(|sum| *sum <= point);
                (place as u128).min(u128::from(count - 1))
            }
        };
        u64::try_from(place).ok()
    }
}

/// Reads the values of a reference to rows that are there, in order.
///
/// # Errors
/// When the store fails, or has none.
pub(super) async fn read(
    store: &dyn Store,
    entity: &str,
    take: &str,
    reference: &Reference,
) -> Result<Vec<Value>, StoreError> {
    let select = Select {
        entity: entity.to_owned(),
        columns: Some(vec![take.to_owned()]),
        filter: reference.filter.clone(),
        order: vec![IndexKey { path: take.to_owned(), descending: false }],
        limit: Some(MOST_ROWS),
    };
    let rows = store.select(&select).await?;
    let mut values: Vec<Value> =
        rows.rows.into_iter().map(|mut row| row.pop().unwrap_or_default()).collect();
    values.retain(|value| !value.is_absent());
    if values.is_empty() {
        let message = format!("`{entity}` has no row that the seed's reference could choose");
        return Err(StoreError::new(StoreErrorKind::NotFound, message));
    }
    // Stores sort text each in their own way.
    values.sort_by(compare_values);
    Ok(values)
}

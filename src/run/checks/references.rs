//! `references`: each reference that is not null finds its record, which may have to refer back.

use std::collections::HashSet;
use std::sync::Arc;

use super::expect::same;
use super::records::{Probe, Records, is_present};
use super::{Blamed, Finding, amount};
use crate::connectors::{Fitter, SourceBatch, Store, fitters_of, value_at};
use crate::run::{RunError, RunErrorKind};
use crate::value::{Key, Row, Value};

/// A reference, by names.
pub(super) struct Reference<'a> {
    pub(super) from: &'a str,
    pub(super) path: &'a String,
    pub(super) to: &'a str,
    pub(super) key: &'a str,
    pub(super) back: Option<&'a str>,
}

/// What the references of a table or collection are like.
#[derive(Default)]
struct Tally {
    references: u64,
    dangling: u64,
    one_way: u64,
    blamed: Blamed,
}

/// Looks at every reference. A list refers with each of its elements.
pub(super) async fn evaluate(
    store: &Arc<dyn Store>,
    reference: &Reference<'_>,
) -> Result<Finding, RunError> {
    let Reference { from, path, to, key, back } = reference;
    let take: Vec<String> = back.iter().map(|back| (*back).to_owned()).collect();
    let back_fitter = fitters_of(&**store, to, &take).await?.pop();
    let mut columns = vec![*path];
    let primary_key = match back {
        Some(_) => Some(single_primary_key(&**store, from).await?),
        None => None,
    };
    columns.extend(&primary_key);
    let probe = Probe::open(store, to, vec![(*key).to_owned()], take).await?;
    let mut records = Records::open(&**store, from, &columns, is_present(path)).await?;
    let mut tally = Tally::default();
    while let Some(batch) = records.next().await? {
        let looking_back = primary_key.as_deref().zip(back_fitter.as_ref());
        tally.add(&batch, path, &probe, looking_back).await?;
    }
    let mut parts = Vec::new();
    if tally.dangling > 0 {
        parts.push(format!("{} find no record of `{to}`", tally.dangling));
    }
    if tally.one_way > 0 {
        parts.push(format!("{} find one that does not refer back", tally.one_way));
    }
    let all = amount(tally.references, "reference");
    if parts.is_empty() {
        let found = if back.is_some() { "found and mutual" } else { "found" };
        return Ok(Finding::new(true, format!("{all}, all {found}")));
    }
    let actual = format!("of {all} {}, expected 0", parts.join(" and "));
    Ok(Finding { passed: false, actual, keys: tally.blamed.0 })
}

impl Tally {
    async fn add(
        &mut self,
        batch: &SourceBatch,
        path: &str,
        probe: &Probe,
        back: Option<(&str, &Fitter)>,
    ) -> Result<(), RunError> {
        // What is no scalar finds nothing.
        let mut references: Vec<(usize, Option<Key>)> = Vec::new();
        for (index, row) in batch.rows.iter().enumerate() {
            let value = value_at(&batch.layout, row, path);
            let values = value.as_array().unwrap_or(std::slice::from_ref(value));
            for value in values.iter().filter(|value| !value.is_absent()) {
                references.push((index, Key::new([value]).ok()));
            }
        }
        let asked: HashSet<Key> = references.iter().filter_map(|(_, key)| key.clone()).collect();
        let found = probe.find(asked).await?;
        for (index, key) in references {
            self.references += 1;
            let rows = key.as_ref().and_then(|key| found.get(key));
            let Some(rows) = rows else {
                self.dangling += 1;
                self.blamed.add(&batch.keys[index]);
                continue;
            };
            let Some((primary_key, back_fitter)) = back else { continue };
            let own = value_at(&batch.layout, &batch.rows[index], primary_key);
            let own = back_fitter(own.clone()).unwrap_or_else(|_| own.clone());
            if !rows.iter().any(|row| refers_to(row, &own)) {
                self.one_way += 1;
                self.blamed.add(&batch.keys[index]);
            }
        }
        Ok(())
    }
}

/// Whether a record's `back` field, or an element of it, is this key.
fn refers_to(row: &Row, key: &Value) -> bool {
    row.first().is_some_and(|back| {
        same(back, key)
            || back.as_array().is_some_and(|values| values.iter().any(|value| same(value, key)))
    })
}

async fn single_primary_key(store: &dyn Store, entity: &str) -> Result<String, RunError> {
    if store.capabilities().documents {
        return Ok("_id".to_owned());
    }
    let schema = store.describe(entity).await?.unwrap_or_default();
    match <[String; 1]>::try_from(schema.primary_key) {
        Ok([column]) => Ok(column),
        Err(columns) => {
            let message = format!(
                "`back` needs a primary key of one column, and that of `{entity}` has {}",
                columns.len()
            );
            Err(RunError::new(RunErrorKind::Refused, message))
        }
    }
}

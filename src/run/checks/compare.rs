//! `compare`: records of two tables or collections that belong together agree.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::expect::same;
use super::records::{Probe, Records};
use super::{Blamed, Finding, amount};
use crate::connectors::{Layout, Store, value_at};
use crate::run::RunError;
use crate::value::query::Filter;
use crate::value::{Key, Row};

/// Compares the fields of all pairs. Records without a partner are told and do no harm.
pub(super) async fn evaluate(
    store: &Arc<dyn Store>,
    left: &str,
    right: &str,
    on: &[(String, String)],
    equal: &[String],
) -> Result<Finding, RunError> {
    let (left_on, right_on): (Vec<String>, Vec<String>) = on.iter().cloned().unzip();
    let probe = Probe::open(store, right, right_on.clone(), equal.to_vec()).await?;
    let columns: Vec<&String> = left_on.iter().chain(equal).collect();
    let mut records = Records::open(&**store, left, &columns, Filter::All).await?;
    let (mut pairs, mut differing, mut alone) = (0, 0, 0);
    let mut fields: BTreeMap<&str, u64> = BTreeMap::new();
    let mut blamed = Blamed::default();
    while let Some(batch) = records.next().await? {
        let keys = keys_of(&batch.layout, &batch.rows, &left_on);
        let found = probe.find(keys.iter().flatten().cloned().collect()).await?;
        for (index, key) in keys.iter().enumerate() {
            let Some(partners) = key.as_ref().and_then(|key| found.get(key)) else {
                alone += 1;
                continue;
            };
            for partner in partners {
                pairs += 1;
                let row = &batch.rows[index];
                let mut differs = false;
                for (field, other) in equal.iter().zip(partner) {
                    if !same(value_at(&batch.layout, row, field), other) {
                        differs = true;
                        *fields.entry(field).or_default() += 1;
                    }
                }
                if differs {
                    differing += 1;
                    blamed.add(&batch.keys[index]);
                }
            }
        }
    }
    let alone_right = alone_in(store, right, &right_on, left, &left_on).await?;
    let all = amount(pairs, "pair");
    let mut actual = if differing == 0 {
        format!("{all}, all equal")
    } else {
        let fields: Vec<String> =
            fields.iter().map(|(field, count)| format!("`{field}` in {count}")).collect();
        format!("{differing} of {all} differ ({}), expected 0", fields.join(", "))
    };
    for (count, entity) in [(alone, left), (alone_right, right)] {
        if count > 0 {
            actual = format!("{actual}; {} of `{entity}` without partner", amount(count, "record"));
        }
    }
    Ok(Finding { passed: differing == 0, actual, keys: blamed.0 })
}

/// How many records of the one have no partner in the other.
async fn alone_in(
    store: &Arc<dyn Store>,
    entity: &str,
    on: &[String],
    other: &str,
    other_on: &[String],
) -> Result<u64, RunError> {
    let probe = Probe::open(store, other, other_on.to_vec(), Vec::new()).await?;
    let columns: Vec<&String> = on.iter().collect();
    let mut records = Records::open(&**store, entity, &columns, Filter::All).await?;
    let mut alone = 0;
    while let Some(batch) = records.next().await? {
        let keys = keys_of(&batch.layout, &batch.rows, on);
        let asked: HashSet<Key> = keys.iter().flatten().cloned().collect();
        let found = probe.find(asked).await?;
        let has_partner =
            |key: &Option<Key>| key.as_ref().is_some_and(|key| found.contains_key(key));
        alone += keys.iter().filter(|key| !has_partner(key)).count() as u64;
    }
    Ok(alone)
}

/// What each row is matched by; `None` when a part is null or missing.
fn keys_of(layout: &Layout, rows: &[Row], on: &[String]) -> Vec<Option<Key>> {
    rows.iter()
        .map(|row| Key::new(on.iter().map(|name| value_at(layout, row, name))).ok())
        .collect()
}

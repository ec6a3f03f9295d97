//! `unique`: no two records share these fields.

use std::collections::HashSet;

use super::records::{Records, is_present};
use super::{Blamed, Finding, amount};
use crate::connectors::{Layout, Store, value_at};
use crate::run::RunError;
use crate::value::codec::content_hash;
use crate::value::query::Filter;
use crate::value::{Key, Row};

/// How many keys are in memory at the same time, 16 bytes each. More records are read in several
/// passes, each over the keys whose hashes are its own.
const KEYS_PER_PASS: u64 = 2_000_000;

/// Looks for records that share the fields with one before them in key order. Records of which a
/// field is null or missing do not count.
pub(super) async fn evaluate(
    store: &dyn Store,
    entity: &str,
    keys: &[String],
) -> Result<Finding, RunError> {
    let filter = keys.iter().fold(Filter::All, |filter, key| filter.and(is_present(key)));
    let records = store.count(entity, &filter).await?;
    let passes = records / KEYS_PER_PASS + 1;
    search(store, entity, keys, &filter, passes).await
}

async fn search(
    store: &dyn Store,
    entity: &str,
    keys: &[String],
    filter: &Filter,
    passes: u64,
) -> Result<Finding, RunError> {
    let columns: Vec<&String> = keys.iter().collect();
    let (mut found, mut repeated) = (0, 0);
    let mut blamed = Blamed::default();
    for pass in 0..passes {
        let mut seen: HashSet<u128> = HashSet::new();
        let mut records = Records::open(store, entity, &columns, filter.clone()).await?;
        while let Some(batch) = records.next().await? {
            for (row, key) in batch.rows.iter().zip(&batch.keys) {
                let Some(hash) = hash_of(&batch.layout, row, keys) else { continue };
                if hash % u128::from(passes) != u128::from(pass) {
                    continue;
                }
                found += 1;
                if !seen.insert(hash) {
                    repeated += 1;
                    blamed.add(key);
                }
            }
        }
    }
    let records = amount(found, "record");
    let actual = match repeated {
        0 => format!("{records}, no two alike"),
        _ => format!("{repeated} of {records} repeat an earlier one, expected 0"),
    };
    Ok(Finding { passed: repeated == 0, actual, keys: blamed.0 })
}

/// A hash of the fields' content; `None` when one is null or missing.
fn hash_of(layout: &Layout, row: &Row, keys: &[String]) -> Option<u128> {
    let mut bytes = Vec::with_capacity(32);
    for key in keys {
        let value = value_at(layout, row, key);
        if value.is_absent() {
            return None;
        }
        match Key::new([value]) {
            Ok(key) => bytes.extend_from_slice(key.as_bytes()),
            // Lists and objects.
            Err(_) => bytes.extend_from_slice(&content_hash([value]).to_be_bytes()),
        }
    }
    Some(Key::from_bytes(bytes).hash128())
}

//! What must be there: tables and indexes.

use super::result;
use crate::connectors::StoreError;
use crate::plan::{IndexTask, Plan, Prerequisite};
use crate::run::Stores;
use crate::run::checks::CheckResult;
use crate::value::Index;

/// Whether a table exists that must, with the columns that it must have.
pub(super) async fn table(plan: &Plan, stores: &Stores, needed: &Prerequisite) -> CheckResult {
    let name = format!("table {}.{}", plan.connections[needed.connection].name, needed.table);
    let (passed, actual) = match stores.get(needed.connection).describe(&needed.table).await {
        Ok(Some(schema)) if !schema.open => {
            let wrong: Vec<String> = needed
                .columns
                .iter()
                .filter_map(|wanted| {
                    let why = match schema.column(&wanted.name) {
                        None => Some(needed.absent(wanted, &schema)),
                        Some(found) => needed.mismatch(wanted, found),
                    };
                    why.map(|why| format!("column `{}`: {why}", wanted.name))
                })
                .collect();
            match &wrong[..] {
                [] => (true, "it is there".to_owned()),
                wrong => (false, wrong.join("; ")),
            }
        }
        Ok(Some(_)) => (true, "it is there".to_owned()),
        Ok(None) => (false, "it is not there".to_owned()),
        Err(error) => unreadable(&error),
    };
    result(name, passed, actual, "Create the table; the spec says `existing = true`.")
}

/// Whether an index exists that the spec declares, with its keys, their order and its uniqueness.
pub(super) async fn index(stores: &Stores, task: &IndexTask) -> CheckResult {
    let name = format!("index {} ({})", task.entity, keys_of(&task.index));
    let (passed, actual) = match stores.get(task.connection).describe(&task.entity).await {
        Ok(None) => (false, format!("there is no `{}`", task.entity)),
        Ok(Some(schema)) => judge(&schema.indexes, &task.index),
        Err(error) => unreadable(&error),
    };
    result(name, passed, actual, "Run the spec again: it creates what is missing.")
}

fn judge(indexes: &[Index], wanted: &Index) -> (bool, String) {
    let mut same_keys = indexes.iter().filter(|index| index.keys == wanted.keys).peekable();
    if same_keys.peek().is_none() {
        return (false, "there is no index with these keys".to_owned());
    }
    match same_keys.find(|index| index.unique == wanted.unique) {
        Some(index) => (true, format!("it is there as `{}`", index.name)),
        None if wanted.unique => (false, "it is there, and not unique".to_owned()),
        None => (false, "it is there, and unique, which the spec does not say".to_owned()),
    }
}

fn keys_of(index: &Index) -> String {
    let sign = |descending| if descending { "-" } else { "" };
    let keys: Vec<String> =
        index.keys.iter().map(|key| format!("{}{}", sign(key.descending), key.path)).collect();
    let unique = if index.unique { ", unique" } else { "" };
    format!("{}{unique}", keys.join(", "))
}

fn unreadable(error: &StoreError) -> (bool, String) {
    (false, format!("it can't be looked at: {error}"))
}

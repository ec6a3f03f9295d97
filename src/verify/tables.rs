//! Enums and tables against the live catalog, and the history of their changes against the ledger.

use std::collections::BTreeMap;

use super::{About, Verified, result};
use crate::diagnostics::wording::plural;
use crate::ledger::{RunRecord, RunState, StructureKind};
use crate::plan::evolve::{foreign_key_text, index_text};
use crate::plan::{Plan, StructureTask};
use crate::run::checks::CheckResult;
use crate::run::structure::{Book, pending, vanished};
use crate::run::{RunError, Stores};
use crate::value::structure::{ForeignKeyDefinition, ReferentialAction, TableDefinition};

const MADE: &str = "Run the spec: it makes what is missing, or says what stands in the way.";

/// Everything about structure that a plan declares.
pub(super) async fn all(plan: &Plan, stores: &Stores) -> Vec<Verified> {
    let mut results = Vec::new();
    for task in plan.structures.iter().filter(|task| !task.closes) {
        match of_task(plan, task, stores).await {
            Ok(found) => results.extend(found),
            Err(error) => {
                let name = format!("tables of {}", plan.connections[task.connection].name);
                let result = result(name, false, format!("they can't be looked at: {error}"), MADE);
                results.push(Verified { about: About::Table, result });
            }
        }
    }
    if plan.structures.is_empty() {
        return results;
    }
    // What is there as declared needs no run that made it.
    let is_there = results.iter().all(|one| one.result.passed);
    let history = history(plan, stores, is_there).await.unwrap_or_else(|error| {
        vec![result("history".to_owned(), false, format!("it can't be read: {error}"), MADE)]
    });
    results.extend(history.into_iter().map(|result| Verified { about: About::History, result }));
    results
}

async fn of_task(
    plan: &Plan,
    task: &StructureTask,
    stores: &Stores,
) -> Result<Vec<Verified>, RunError> {
    let store = stores.get(task.connection);
    let on = &plan.connections[task.connection].name;
    let book = Book::open(store, stores.ledger(task.connection)).await?;
    let mut found = pending(plan, task, &book, false).await?;
    if !found.to_compare.is_empty() {
        // No run made these tables or took them over: they are looked at more closely.
        found = pending(plan, task, &book, true).await?;
    }
    // What is refused names what it is about; the rest follows from the ledger.
    let wrong = |kind: StructureKind, name: &str| -> Vec<String> {
        let about = |key: &(StructureKind, String)| key.0 == kind && key.1 == name;
        let drift = found.drift.iter().filter(|drift| about(&drift.about)).map(|drift| {
            format!("changed by hand since the last run: {}", drift.differences.join("; "))
        });
        let steps = found.steps.iter().filter(|step| about(&step.about)).map(|step| {
            format!("a run is pending that {}", crate::plan::evolve::describe(&step.change))
        });
        drift.chain(steps).collect()
    };
    let mut results = Vec::new();
    for name in &task.extensions {
        let wrong = wrong(StructureKind::Extension, name);
        push(&mut results, About::Extension, format!("{on}.{name}"), &wrong, "it is there");
    }
    for one in task.enums.iter().filter(|one| !one.definition.values.is_empty()) {
        let name = &one.definition.name;
        let wrong = wrong(StructureKind::Enum, name);
        let right = plural(one.definition.values.len(), "value");
        push(&mut results, About::Enum, format!("{on}.{name}"), &wrong, &right);
    }
    for one in task.tables.iter().filter(|one| !one.definition.columns.is_empty()) {
        let table = &one.definition;
        let mut wrong = wrong(StructureKind::Table, &table.name);
        let live = store.structure(&table.name).await?;
        match &live {
            None if wrong.is_empty() => wrong.push("it is not there".to_owned()),
            Some(live) if !store.capabilities().documents => {
                let missing = missing(table, live);
                wrong.extend(missing.into_iter().filter(|_| found.drift.is_empty()));
            }
            _ => {}
        }
        let right = format!(
            "{}, {}, {}, as declared",
            plural(table.columns.len(), "column"),
            plural(table.foreign_keys.len(), "foreign key"),
            plural(table.indexes.len(), "index").replace("indexs", "indexes"),
        );
        push(&mut results, About::Table, format!("{on}.{}", table.name), &wrong, &right);
    }
    for refusal in &found.refused {
        let result = result("edits".to_owned(), false, refusal.message.clone(), &refusal.help);
        results.push(Verified { about: About::Table, result });
    }
    Ok(results)
}

fn push(results: &mut Vec<Verified>, about: About, name: String, wrong: &[String], right: &str) {
    let actual = if wrong.is_empty() { right.to_owned() } else { wrong.join("; ") };
    results.push(Verified { about, result: result(name, wrong.is_empty(), actual, MADE) });
}

/// What is declared and not in the catalog, whoever made the table.
fn missing(declared: &TableDefinition, live: &TableDefinition) -> Vec<String> {
    let mut missing = Vec::new();
    for column in &declared.columns {
        match live.columns.iter().find(|other| other.name == column.name) {
            None => missing.push(format!("column `{}` is not there", column.name)),
            Some(other) => {
                let in_key = declared.primary_key.contains(&column.name);
                if other.nullable != column.nullable && !in_key {
                    missing.push(format!(
                        "column `{}` differs in whether it may be null",
                        column.name
                    ));
                }
            }
        }
    }
    if declared.primary_key != live.primary_key {
        missing.push("its primary key is another one".to_owned());
    }
    for unique in &declared.unique {
        let there = live.unique.iter().any(|other| other.columns == unique.columns)
            || live.indexes.iter().any(|index| {
                index.unique && index.keys.iter().map(|key| &key.path).eq(&unique.columns)
            });
        if !there {
            missing.push(format!("unique ({}) is not there", unique.columns.join(", ")));
        }
    }
    for key in &declared.foreign_keys {
        if !live.foreign_keys.iter().any(|other| same(key, other, declared)) {
            missing.push(format!("foreign key {} is not there", foreign_key_text(key)));
        }
    }
    for index in &declared.indexes {
        let there = live.indexes.iter().any(|other| {
            other.keys == index.keys
                && other.unique == index.unique
                && other.condition.is_some() == index.condition.is_some()
        });
        if !there {
            missing.push(format!("index {} is not there", index_text(index)));
        }
    }
    missing
}

/// A store may spell "no action" as "restrict", and leave out that a primary key is meant.
fn same(key: &ForeignKeyDefinition, other: &ForeignKeyDefinition, table: &TableDefinition) -> bool {
    let action = |action| match action {
        ReferentialAction::Restrict => ReferentialAction::NoAction,
        action => action,
    };
    let to_itself = key.table == table.name;
    key.columns == other.columns
        && (key.table == other.table || to_itself && other.table == table.name)
        && (key.references == other.references || other.references.is_empty())
        && action(key.on_delete) == action(other.on_delete)
        && action(key.on_update) == action(other.on_update)
}

/// Whether the ledger's history is whole, and of the specs as they are.
async fn history(
    plan: &Plan,
    stores: &Stores,
    is_there: bool,
) -> Result<Vec<CheckResult>, RunError> {
    let mut last: BTreeMap<usize, RunRecord> = BTreeMap::new();
    let mut wrong: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut changes: BTreeMap<usize, usize> = BTreeMap::new();
    for connection in stores.distinct(plan.target_connections()) {
        let ledger = stores.ledger(connection);
        if !ledger.exists().await? {
            continue;
        }
        let runs = ledger.runs(None).await?;
        let spec_of = |run: &str| {
            let run = runs.iter().find(|other| other.id == run)?;
            plan.specs.iter().position(|spec| spec.name == run.spec)
        };
        for change in ledger.changes(None).await? {
            let Some(spec) = spec_of(&change.run) else { continue };
            *changes.entry(spec).or_default() += 1;
            if !change.done {
                let what = change.change.as_ref().map(crate::plan::evolve::describe);
                wrong
                    .entry(spec)
                    .or_default()
                    .push(format!("a run was interrupted that {}", what.unwrap_or_default()));
            }
        }
        for run in &runs {
            let Some(spec) = plan.specs.iter().position(|spec| spec.name == run.spec) else {
                continue;
            };
            if run.state != RunState::RolledBack
                && last.get(&spec).is_none_or(|other| other.id < run.id)
            {
                last.insert(spec, run.clone());
            }
        }
    }
    let mut results = Vec::new();
    for (at, spec) in plan.specs.iter().enumerate() {
        if plan.structures.iter().all(|task| task.spec != at) {
            continue;
        }
        let mut wrong = wrong.remove(&at).unwrap_or_default();
        let mut right = None;
        match last.get(&at) {
            None if is_there && wrong.is_empty() => {
                right = Some("it never ran, and all that it declares is there".to_owned());
            }
            None => wrong.push("it never ran, or all its runs were taken back".to_owned()),
            Some(run) => {
                if run.state == RunState::InProgress {
                    wrong.push("its last run was not finished".to_owned());
                }
                if run.checksum != spec.checksum {
                    wrong.push("the spec changed since its last run".to_owned());
                }
            }
        }
        let count = changes.get(&at).copied().unwrap_or(0);
        let right = right.unwrap_or_else(|| format!("{} in the ledger", plural(count, "change")));
        let actual = if wrong.is_empty() { right } else { wrong.join("; ") };
        results.push(result(spec.name.clone(), wrong.is_empty(), actual, MADE));
    }
    for gone in vanished(plan, stores).await? {
        results.push(result("edits".to_owned(), false, gone.message, &gone.help));
    }
    Ok(results)
}

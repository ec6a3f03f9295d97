//! Checks: what must hold afterwards, on any store.
//!
//! Memory is bounded: tables are read batch by batch, and what belongs to a batch is asked for with
//! one query per few hundred keys.

mod compare;
mod expect;
mod filter;
mod latency;
mod query;
mod records;
mod references;
mod stats;
mod success;
mod sum;
mod unique;

use std::collections::BTreeMap;

use super::{RunError, Stores};
use crate::ledger::{Counts, KeyMap};
use crate::plan::{Changes, Check, CheckKind, Plan, Severity};
use crate::value::{Key, KeyError};

/// How many keys a check names.
const KEYS: usize = 10;

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// Its name.
    pub name: String,
    /// What a failure means.
    pub severity: Severity,
    /// Whether it holds.
    pub passed: bool,
    /// What was found, and what was expected where it does not hold. Never a value of a record.
    pub actual: String,
    /// What to do when it fails.
    pub advice: Option<String>,
    /// Keys of records that are to blame, as they may be shown; at most ten.
    pub keys: Vec<String>,
}

/// Makes a check. A store that fails makes the check fail, with its message.
///
/// `counts` are those of the phases that ran, by their place in the plan.
pub async fn evaluate(
    plan: &Plan,
    stores: &Stores,
    check: &Check,
    counts: &BTreeMap<usize, Counts>,
) -> CheckResult {
    let context = Context { plan, stores, counts };
    let finding = evaluate_kind(&context, &check.kind).await.unwrap_or_else(|error| Finding {
        passed: false,
        actual: format!("it can't be checked: {error}"),
        keys: Vec::new(),
    });
    CheckResult {
        name: check.name.clone(),
        severity: check.severity,
        passed: finding.passed,
        actual: finding.actual,
        advice: check.advice.clone(),
        keys: finding.keys,
    }
}

async fn evaluate_kind(context: &Context<'_>, kind: &CheckKind) -> Result<Finding, RunError> {
    let store = |connection: &usize| context.stores.get(*connection);
    match kind {
        CheckKind::Query { connection, query, expect } => {
            query::evaluate(context, store(connection), query, expect).await
        }
        CheckKind::Filter { connection, entity, filter, expect } => {
            filter::evaluate(context, store(connection), entity, filter, expect).await
        }
        CheckKind::References { connection, from, path, to, key, back } => {
            let reference = references::Reference { from, path, to, key, back: back.as_deref() };
            references::evaluate(store(connection), &reference).await
        }
        CheckKind::Compare { connection, left, right, on, equal } => {
            compare::evaluate(store(connection), left, right, on, equal).await
        }
        CheckKind::Latency { connection, entity, filter, sort, limit, repeat, p95 } => {
            let select = crate::value::query::Select {
                entity: entity.clone(),
                columns: None,
                filter: filter.clone(),
                order: sort.clone(),
                limit: *limit,
            };
            latency::evaluate(&**store(connection), &select, *repeat, *p95).await
        }
        CheckKind::Stats { connection, entity, measure, expect } => {
            stats::evaluate(context, &**store(connection), entity, *measure, expect).await
        }
        CheckKind::Unique { connection, entity, keys } => {
            unique::evaluate(&**store(connection), entity, keys).await
        }
        CheckKind::Sum { sum, expect } => sum::evaluate(context, sum, expect).await,
        CheckKind::Phase { phase, expect } => success::evaluate(context, *phase, expect).await,
    }
}

/// What checks work with.
struct Context<'a> {
    plan: &'a Plan,
    stores: &'a Stores,
    counts: &'a BTreeMap<usize, Counts>,
}

impl Context<'_> {
    /// What a phase counted in this run, or in its newest one.
    async fn told_of(&self, phase: usize) -> Result<Option<Counts>, RunError> {
        if let Some(counts) = self.counts.get(&phase) {
            return Ok(Some(counts.clone()));
        }
        let record = self.stores.newest_record(&self.plan.phases[phase]).await?;
        Ok(record.map(|record| record.counts))
    }

    /// What became of a phase's records: in this run, or in its newest one; where runs read only what
    /// changed, what stands of those that did not arrive, after all of them.
    async fn counts_of(&self, phase: usize) -> Result<Option<Counts>, RunError> {
        let told = &self.plan.phases[phase];
        let counts = self.told_of(phase).await?;
        if counts.is_some() && told.source.changes.as_ref().is_some_and(Changes::is_partial) {
            // A run that reads only what changed does not count what was left out before it.
            let ledger = self.stores.ledger(told.target.connection);
            return Ok(Some(KeyMap::open(&ledger, &told.history_name()).await?.missing().await?));
        }
        Ok(counts)
    }
}

/// What one kind of check found.
#[derive(Debug)]
struct Finding {
    passed: bool,
    actual: String,
    keys: Vec<String>,
}

impl Finding {
    fn new(passed: bool, actual: impl Into<String>) -> Self {
        Self { passed, actual: actual.into(), keys: Vec::new() }
    }
}

/// Keys of records that are to blame, the first few.
#[derive(Debug, Default)]
struct Blamed(Vec<String>);

impl Blamed {
    fn add(&mut self, key: &Result<Key, KeyError>) {
        if self.0.len() < KEYS {
            self.0.push(match key {
                Ok(key) => key.display(false),
                Err(_) => "(without key)".to_owned(),
            });
        }
    }
}

/// A number of things: `1 record`, `12 records`.
fn amount(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

//! Run, verify, run again, take back, compare.

use std::sync::Arc;
use std::time::Instant;

use super::content::Content;
use super::{PhaseTime, Rehearsal, Request, Step};
use crate::connectors::Store;
use crate::plan::{Plan, Severity};
use crate::rollback::{self, Scope};
use crate::run::{self, Cancel, NodeState, Observer, Outcome, RunError, RunErrorKind, Stores};
use crate::verify;

/// Does all steps on filled scratch databases.
pub(super) async fn all(
    plan: &Plan,
    stores: &Stores,
    request: &Request,
    observer: Arc<dyn Observer>,
    cancel: &Cancel,
    rehearsal: &mut Rehearsal,
) -> Result<(), RunError> {
    let plan = Arc::new(plan.clone());
    let writable: Vec<Arc<dyn Store>> = stores
        .distinct(0..plan.connections.len())
        .into_iter()
        .map(|connection| Arc::clone(stores.get(connection)))
        .filter(|store| store.capabilities().writes)
        .collect();
    let before = Content::of(&writable).await?;
    if let Some(filled) = rehearsal.steps.last_mut() {
        filled.found.push(format!("{} records", before.rows()));
    }

    let start = Instant::now();
    let first = once(&plan, stores, request, &observer, cancel).await?;
    for node in &first.nodes {
        if let Some(record) = &node.phase {
            rehearsal.phases.push(PhaseTime {
                phase: node.name.clone(),
                read: record.counts.read,
                rejected: record.counts.rejected,
                seconds: record.seconds,
                full: None,
            });
        }
    }
    rehearsal.steps.push(step("run", start, failures(&first)));
    let ran = !first.is_failed();
    stopped(cancel)?;

    if ran {
        let start = Instant::now();
        let options = verify::Options { full: true };
        let report = verify::verify(&plan, stores, options, &*observer).await;
        let wrong = report
            .results
            .iter()
            .filter(|one| !one.result.passed && one.result.severity == Severity::Error)
            .map(|one| format!("{} {}: {}", one.about.name(), one.result.name, one.result.actual));
        rehearsal.steps.push(step("verify", start, wrong.collect()));
        stopped(cancel)?;

        let after = Content::of(&writable).await?;
        let start = Instant::now();
        let again = once(&plan, stores, request, &observer, cancel).await?;
        let mut wrong = failures(&again);
        for node in &again.nodes {
            if let Some(record) = &node.phase
                && record.counts.inserted + record.counts.updated > 0
            {
                let (inserted, updated) = (record.counts.inserted, record.counts.updated);
                let name = &node.name;
                wrong.push(format!("{name} inserted {inserted} and updated {updated} again"));
            }
        }
        wrong.extend(after.differences(&Content::of(&writable).await?));
        rehearsal.steps.push(step("run again", start, wrong));
        stopped(cancel)?;
    }

    let start = Instant::now();
    let scope = rollback::Request { scope: Scope::All, ..rollback::Request::default() };
    let done = rollback::rollback(&plan, stores, &scope, &*observer, cancel).await?;
    let mut wrong = Vec::new();
    if done.kept_records() > 0 {
        wrong.push(format!("{} records were kept", done.kept_records()));
    }
    for object in done.units.iter().flat_map(|unit| &unit.left) {
        wrong.push(format!("`{}` was left, which holds other records", object.entity));
    }
    rehearsal.steps.push(step("rollback", start, wrong));
    stopped(cancel)?;

    let start = Instant::now();
    let wrong = before.differences(&Content::of(&writable).await?);
    rehearsal.steps.push(step("compare", start, wrong));
    Ok(())
}

/// Runs the plan. The scratch databases hold the locks already.
async fn once(
    plan: &Arc<Plan>,
    stores: &Stores,
    request: &Request,
    observer: &Arc<dyn Observer>,
    cancel: &Cancel,
) -> Result<Outcome, RunError> {
    let (plan, options) = (Arc::clone(plan), Arc::new(request.run.clone()));
    run::run(plan, stores.clone(), options, Arc::clone(observer), cancel.clone()).await
}

fn stopped(cancel: &Cancel) -> Result<(), RunError> {
    if cancel.is_cancelled() {
        return Err(RunError::new(RunErrorKind::Cancelled, "interrupted"));
    }
    Ok(())
}

fn step(name: &str, start: Instant, wrong: Vec<String>) -> Step {
    let seconds = start.elapsed().as_secs_f64();
    Step { name: name.to_owned(), passed: wrong.is_empty(), seconds, found: wrong }
}

/// What failed in a run: nodes and checks.
fn failures(outcome: &Outcome) -> Vec<String> {
    let mut failures = Vec::new();
    for node in &outcome.nodes {
        if let Some(error) = &node.error {
            failures.push(error.to_string());
        } else if matches!(node.state, NodeState::Failed | NodeState::NotStarted) {
            failures.push(format!("{}: {}", node.name, node.state.name()));
        }
        if let Some(check) = &node.check
            && !check.passed
            && check.severity == Severity::Error
        {
            failures.push(format!("check {}: {}", check.name, check.actual));
        }
    }
    failures
}

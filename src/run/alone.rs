//! One phase run by itself: what a test of its mapping goes through.

use std::sync::Arc;

use super::phase::{PhaseContext, run_phase};
use super::{Cancel, Options, PhaseIds, RunError, Silent, Stores};
use crate::ledger::PhaseRecord;
use crate::plan::Plan;

/// Runs one phase of a plan, and nothing that it depends on. `given` takes the place of the ids of
/// other phases, by full name; the record tells what became of the source's records.
pub async fn run_alone(
    plan: &Arc<Plan>,
    index: usize,
    stores: &Stores,
    options: &Arc<Options>,
    given: PhaseIds,
) -> (PhaseRecord, Result<(), RunError>) {
    let context = PhaseContext {
        plan: Arc::clone(plan),
        phase: Arc::new(plan.phases[index].clone()),
        index,
        stores: stores.clone(),
        options: Arc::clone(options),
        observer: Arc::new(Silent),
        cancel: Cancel::default(),
        given: Some(Arc::new(given)),
        services: Arc::default(),
    };
    let ran = run_phase(&context, "test", None).await;
    (ran.record, ran.result)
}

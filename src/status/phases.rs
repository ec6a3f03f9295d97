//! Where the phases stand.

use super::PhaseStatus;
use crate::connectors::ScanSource;
use crate::ledger::{Counts, KeyMap, PhaseRecord, PhaseState};
use crate::plan::{Changes, Phase, Plan, Work};
use crate::run::{self, Options, RunError, Stores};

/// The phases in the order of the graph.
pub(super) async fn all(plan: &Plan, stores: &Stores) -> Result<Vec<PhaseStatus>, RunError> {
    let changed = run::changed_phases(plan, stores, &Options::default()).await?;
    let mut all = Vec::with_capacity(plan.phases.len());
    let mut done = vec![false; plan.phases.len()];
    let order = plan.phases_in_order();
    for index in &order {
        let phase = &plan.phases[*index];
        let mut status = one(phase, stores).await?;
        status.changed = changed.contains(&status.phase);
        done[*index] = status.state == PhaseState::Completed;
        all.push(status);
    }
    for (index, status) in order.iter().zip(&mut all) {
        let needs = plan.graph.find(Work::Phase(*index)).map(|node| plan.graph.ancestors(node));
        let ready = needs.into_iter().flatten().all(|node| match plan.graph.nodes[node].work {
            Work::Phase(other) => done[other],
            Work::Structure(_) | Work::Index(_) | Work::Check(_) => true,
        });
        status.ready = ready && !done[*index] && plan.phases[*index].enabled;
    }
    Ok(all)
}

async fn one(phase: &Phase, stores: &Stores) -> Result<PhaseStatus, RunError> {
    let newest = stores.newest_record(phase).await?;
    let counts = match &newest {
        Some(record) => standing(phase, stores, record).await?,
        None => Counts::default(),
    };
    let expected = expected(phase, stores, newest.as_ref()).await;
    let settled = counts.arrived() + counts.skipped + counts.rejected;
    let remaining = expected.map(|expected| expected.saturating_sub(settled));
    #[expect(clippy::cast_precision_loss, reason = "a share of a count")]
    let percent = expected.map(|expected| match expected {
        0 => 100.0,
        expected => (settled.min(expected) as f64 / expected as f64) * 100.0,
    });
    Ok(PhaseStatus {
        phase: phase.full_name(),
        state: newest.as_ref().map_or(PhaseState::NotStarted, |record| record.state),
        expected,
        current: counts.arrived(),
        skipped: counts.skipped,
        rejected: counts.rejected,
        remaining,
        percent,
        error: newest.as_ref().and_then(|record| record.error.clone()),
        started_at: newest.as_ref().map(|record| record.started_at),
        finished_at: newest.as_ref().and_then(|record| record.finished_at),
        changed: false,
        ready: false,
    })
}

/// What stands of a phase's records: what the newest run counted when it went over all of them,
/// otherwise what the ledger says last of each key.
async fn standing(
    phase: &Phase,
    stores: &Stores,
    newest: &PhaseRecord,
) -> Result<Counts, RunError> {
    let partial = phase.source.changes.as_ref().is_some_and(Changes::is_partial);
    if newest.state == PhaseState::Completed && !partial {
        return Ok(newest.counts.clone());
    }
    let ledger = stores.ledger(phase.target.connection);
    Ok(KeyMap::open(&ledger, &newest.phase).await?.standing().await?)
}

/// How many records there are: as the spec says, or as the source counts. A source whose records
/// are taken apart is known when it was read.
async fn expected(phase: &Phase, stores: &Stores, newest: Option<&PhaseRecord>) -> Option<u64> {
    // Of a phase that is not run, nothing is.
    if !phase.enabled && newest.is_none() {
        return Some(0);
    }
    if phase.expected.is_some() {
        return phase.expected;
    }
    let read = newest
        .filter(|record| record.state == PhaseState::Completed)
        .map(|record| record.counts.read);
    match &phase.source.scan {
        ScanSource::Entity(entity) if phase.mapping.explode.is_none() => {
            let store = stores.get(phase.source.connection);
            store.count(entity, &phase.source.filter).await.ok().or(read)
        }
        _ => read,
    }
}

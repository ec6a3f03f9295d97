//! What the ledger says after a restore: what phases did to the tables since is taken back.

use std::collections::BTreeSet;

use chrono::Utc;

use super::select::Part;
use crate::connectors::Session;
use crate::ledger::{Ledger, PhaseRecord, PhaseState, RunState};
use crate::plan::ConnectionId;
use crate::run::{RunError, Stores};

/// A phase's part of a run that wrote to the tables since the backup.
pub(super) struct Since {
    record: PhaseRecord,
    /// How many of its batches the backup has.
    kept: u64,
    /// The run before it that has a part in the phase and stands.
    before: Option<String>,
}

impl Since {
    /// The run, and the phase's name in history.
    pub(super) fn name(&self) -> (String, String) {
        (self.record.run.clone(), self.record.phase.clone())
    }
}

/// The phases that wrote to tables since they were backed up, newest first.
pub(super) async fn since(
    stores: &Stores,
    connection: ConnectionId,
    parts: &[Part],
) -> Result<Vec<Since>, RunError> {
    let ledger = stores.ledger(connection);
    if !ledger.exists().await? {
        return Ok(Vec::new());
    }
    let mut found: Vec<Since> = Vec::new();
    let mut standing: Vec<(String, String)> = Vec::new();
    for record in ledger.phases(None).await? {
        if record.state == PhaseState::RolledBack {
            continue;
        }
        let part = parts.iter().find(|part| part.table.table == record.target.entity);
        let known = part.and_then(|part| {
            let phases = &part.backup.manifest.phases;
            phases.iter().find(|known| known.run == record.run && known.phase == record.phase)
        });
        let kept = known.map_or(0, |known| known.batches);
        let as_it_was = known.is_some() && kept == record.batches;
        if part.is_none() || as_it_was {
            standing.push((record.phase.clone(), record.run.clone()));
            continue;
        }
        let before = standing.iter().rfind(|(phase, _)| *phase == record.phase);
        let before = before.map(|(_, run)| run.clone());
        found.push(Since { record, kept, before });
    }
    found.reverse();
    Ok(found)
}

/// Lets the next run read the phases' sources from the beginning, whatever becomes of the restore.
pub(super) async fn reopen(
    ledger: &Ledger,
    session: &mut dyn Session,
    phases: &[Since],
) -> Result<(), RunError> {
    for Since { record, .. } in phases {
        let mut record = record.clone();
        record.state = PhaseState::Failed;
        record.checkpoint = None;
        record.finished_at = None;
        record.error = Some("a restore of its table is not finished".to_owned());
        ledger.save_phase(session, &record).await?;
    }
    Ok(())
}

/// Forgets what the phases did since.
pub(super) async fn take_back(
    ledger: &Ledger,
    session: &mut dyn Session,
    phases: &[Since],
) -> Result<(), RunError> {
    for Since { record, kept, before } in phases {
        let (run, phase) = (&record.run, &record.phase);
        let mut batches = ledger.batch_index(phase, Some(run)).await?;
        batches.retain(|(_, seq, ..)| seq >= kept);
        for (_, seq, ..) in batches.iter().rev() {
            ledger.forget_batch(session, run, phase, *seq).await?;
        }
        let mut record = record.clone();
        record.checkpoint = None;
        record.finished_at = Some(Utc::now());
        if *kept == 0 {
            ledger.forget_rest(session, run, phase).await?;
            if let Some(before) = before {
                ledger.reopen_rejects(session, before, phase).await?;
            }
            record.state = PhaseState::RolledBack;
            record.error = None;
        } else {
            record.state = PhaseState::Failed;
            record.error = Some("a restore of its table took it back in part".to_owned());
        }
        ledger.save_phase(session, &record).await?;
    }
    Ok(())
}

/// Marks the runs that are no longer whole, so that the next one goes on with them. One of which
/// nothing is left is taken back.
pub(super) async fn settle_runs(
    stores: &Stores,
    connections: &[ConnectionId],
    phases: &[(String, String)],
) -> Result<(), RunError> {
    let touched: BTreeSet<&str> = phases.iter().map(|(run, _)| run.as_str()).collect();
    for connection in connections {
        let ledger = stores.ledger(*connection);
        if !ledger.exists().await? {
            continue;
        }
        let phases = ledger.phases(None).await?;
        for mut run in ledger.runs(None).await? {
            if !touched.contains(run.id.as_str()) || run.state == RunState::RolledBack {
                continue;
            }
            let standing = phases
                .iter()
                .any(|phase| phase.run == run.id && phase.state != PhaseState::RolledBack);
            let left = standing || !ledger.objects(&run.id).await?.is_empty();
            run.state = if left { RunState::Failed } else { RunState::RolledBack };
            run.finished_at = Some(Utc::now());
            let mut session = stores.get(*connection).session().await?;
            session.begin().await?;
            ledger.save_run(&mut *session, &run).await?;
            session.commit().await?;
        }
    }
    Ok(())
}

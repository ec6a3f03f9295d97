//! Each spec's part of a run in the ledger: a new one, or an unfinished one that goes on; and phases
//! that changed since they ran.

use std::collections::BTreeMap;

use chrono::Utc;
use uuid::Uuid;

use super::{Options, RunError, RunErrorKind, Stores};
use crate::ledger::{PhaseRecord, PhaseState, RunRecord, RunState};
use crate::plan::{Phase, Plan};

/// One spec's part of the run.
pub(super) struct SpecRun {
    pub(super) record: RunRecord,
    pub(super) connections: Vec<usize>,
    /// What this run did before, by the phase's name in history.
    pub(super) before: BTreeMap<String, PhaseRecord>,
}

/// The selected phases whose meaning differs from what ran last, and was not accepted.
///
/// # Errors
/// When a ledger can't be read.
pub async fn changed_phases(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
) -> Result<Vec<String>, RunError> {
    let mut changed = Vec::new();
    for (index, phase) in plan.phases.iter().enumerate() {
        if !options.runs(index, phase)
            || options.update.contains(&index)
            || options.keep.contains(&index)
        {
            continue;
        }
        let ledger = stores.ledger(phase.target.connection);
        if !ledger.exists().await? {
            continue;
        }
        let history = phase.history_name();
        let latest = ledger
            .phases(Some(&history))
            .await?
            .into_iter()
            .rfind(|record| record.state != PhaseState::RolledBack);
        let Some(latest) = latest.filter(|latest| latest.checksum != phase.checksum) else {
            continue;
        };
        let kept = ledger.fact(&kept_fact(&history)).await?;
        if kept.as_deref() != Some(&format!("{} {}", latest.checksum, phase.checksum)) {
            changed.push(phase.full_name());
        }
    }
    Ok(changed)
}

/// The fact under which an accepted change is kept: the checksum before and the one after.
fn kept_fact(history: &str) -> String {
    format!("kept {history}")
}

pub(super) fn refuse_changed(changed: &[String]) -> RunError {
    let list = changed.join("`, `");
    let (subject, each) = match changed {
        [_] => ("phase", "it"),
        _ => ("phases", "each"),
    };
    let first = &changed[0];
    RunError::new(
        RunErrorKind::Refused,
        format!("the spec changed since {subject} `{list}` ran; say for {each} what shall happen"),
    )
    .help(format!(
        "`--redo {first}` takes it back and runs it again; `--update {first}` maps again and \
         changes what differs; `--keep {first}` accepts the change from now on; \
         `mapper rejects --retry` runs only the rejects"
    ))
}

/// Opens a spec's part of the run. `unmade` tells that something of its structure is to be done.
pub(super) async fn open_run(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    spec: usize,
    unmade: bool,
) -> Result<SpecRun, RunError> {
    let info = &plan.specs[spec];
    let phases = || plan.phases.iter().enumerate().filter(|(_, phase)| phase.spec == info.name);
    let targets = phases()
        .map(|(_, phase)| phase.target.connection)
        .chain(plan.indexes.iter().filter(|task| task.spec == spec).map(|task| task.connection))
        .chain(plan.structures.iter().filter(|task| task.spec == spec).map(|task| task.connection));
    let connections = stores.distinct(targets);
    let mut last: Option<RunRecord> = None;
    let mut before: BTreeMap<String, PhaseRecord> = BTreeMap::new();
    for connection in &connections {
        let ledger = stores.ledger(*connection);
        if !ledger.exists().await? {
            continue;
        }
        if let Some(newest) = ledger.runs(Some(&info.name)).await?.into_iter().next_back()
            && last.as_ref().is_none_or(|last| newest.id > last.id)
        {
            last = Some(newest);
        }
    }
    let last = last.filter(|run| matches!(run.state, RunState::InProgress | RunState::Failed));
    if let Some(last) = &last {
        for connection in &connections {
            let ledger = stores.ledger(*connection);
            if ledger.exists().await? {
                for record in ledger.phases(None).await? {
                    if record.run == last.id && record.state != PhaseState::RolledBack {
                        before.insert(record.phase.clone(), record);
                    }
                }
            }
        }
    }
    // An unfinished run goes on, if only to make its checks and be closed. One that failed with all
    // its phases done has nothing to go on with: the next run compares anew.
    let unfinished = unmade
        || phases().any(|(index, phase)| {
            options.runs(index, phase)
                && before
                    .get(&phase.history_name())
                    .is_none_or(|record| record.state != PhaseState::Completed)
        });
    let record = match last {
        Some(mut last)
            if !options.dry_run && (unfinished || last.state == RunState::InProgress) =>
        {
            last.state = RunState::InProgress;
            last.finished_at = None;
            last.checksum.clone_from(&info.checksum);
            last
        }
        _ => {
            before.clear();
            RunRecord {
                id: Uuid::now_v7().to_string(),
                spec: info.name.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                checksum: info.checksum.clone(),
                command: options.command.clone(),
                who: options.who.clone(),
                started_at: Utc::now(),
                finished_at: None,
                state: RunState::InProgress,
            }
        }
    };
    let run = SpecRun { record, connections, before };
    run.save(stores).await?;
    for index in &options.keep {
        let phase = &plan.phases[*index];
        if phase.spec == info.name {
            keep(stores, phase).await?;
        }
    }
    Ok(run)
}

/// Accepts a phase's change from now on.
async fn keep(stores: &Stores, phase: &Phase) -> Result<(), RunError> {
    let store = stores.get(phase.target.connection);
    let ledger = stores.ledger(phase.target.connection);
    let history = phase.history_name();
    let Some(latest) = ledger
        .phases(Some(&history))
        .await?
        .into_iter()
        .rfind(|record| record.state != PhaseState::RolledBack)
    else {
        return Ok(());
    };
    let mut session = store.session().await?;
    session.begin().await?;
    let accepted = format!("{} {}", latest.checksum, phase.checksum);
    ledger.set_fact(&mut *session, &kept_fact(&history), &accepted).await?;
    session.commit().await?;
    Ok(())
}

impl SpecRun {
    pub(super) async fn save(&self, stores: &Stores) -> Result<(), RunError> {
        for connection in &self.connections {
            let ledger = stores.ledger(*connection);
            let mut session = stores.get(*connection).session().await?;
            session.begin().await?;
            ledger.create(&mut *session).await?;
            ledger.save_run(&mut *session, &self.record).await?;
            session.commit().await?;
        }
        Ok(())
    }
}

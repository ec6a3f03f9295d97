//! What is taken back, and in which order.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::writer::Writers;
use super::{PhaseOutcome, Scope, UnitOutcome, unknown_phase};
use crate::ledger::{ChangeRecord, ObjectRecord, PhaseRecord, PhaseState, RunRecord, RunState};
use crate::plan::Plan;
use crate::run::{RunError, Stores};

/// One spec's part of one run.
pub(super) struct Unit {
    pub(super) record: RunRecord,
    /// The connections whose ledgers know the run.
    pub(super) connections: Vec<usize>,
    /// Its phases that are taken back, in the order in which they started.
    pub(super) parts: Vec<Part>,
    /// Its other phases.
    pub(super) others: Vec<PhaseRecord>,
    /// What it created, with the connection.
    pub(super) objects: Vec<(usize, ObjectRecord)>,
    /// The changes of structure that it made, in order, with the connection.
    pub(super) changes: Vec<(usize, ChangeRecord)>,
    /// Whether some of them stay.
    pub(super) stands: bool,
}

/// One phase of a run.
pub(super) struct Part {
    pub(super) connection: usize,
    pub(super) record: PhaseRecord,
    /// The run before this one that the phase has a part in and that stands.
    pub(super) before: Option<String>,
}

impl Part {
    /// Whether nothing of it is left.
    pub(super) fn is_done(&self) -> bool {
        self.record.state == PhaseState::RolledBack
    }
}

impl Unit {
    pub(super) fn outcome(&self) -> UnitOutcome {
        UnitOutcome {
            run: self.record.id.clone(),
            spec: self.record.spec.clone(),
            phases: Vec::<PhaseOutcome>::new(),
            dropped: Vec::new(),
            undone: Vec::new(),
            standing: Vec::new(),
            left: Vec::new(),
            rolled_back: false,
        }
    }

    /// Writes the run into each ledger that knows it.
    pub(super) async fn save(
        &self,
        stores: &Stores,
        writers: &mut Writers,
    ) -> Result<(), RunError> {
        for connection in &self.connections {
            let ledger = stores.ledger(*connection);
            let writer = writers.of(*connection);
            ledger.save_run(writer.session().await?, &self.record).await?;
            writer.commit().await?;
        }
        Ok(())
    }

    /// Whether it did nothing that could be taken back.
    fn is_empty(&self) -> bool {
        self.record.state == RunState::Completed
            && self.parts.is_empty()
            && self.others.is_empty()
            && self.objects.is_empty()
            && self.changes.is_empty()
    }

    /// When the last of its phases started, or of its tables was changed.
    fn newest(&self) -> DateTime<Utc> {
        let phases = self.parts.iter().map(|part| &part.record).chain(&self.others);
        let changes = self.changes.iter().map(|(_, change)| change.at);
        phases
            .map(|record| record.started_at)
            .chain(changes)
            .max()
            .unwrap_or(self.record.started_at)
    }
}

/// The runs that are taken back, newest first.
pub(super) async fn select(
    plan: &Plan,
    stores: &Stores,
    connections: &[usize],
    scope: &Scope,
) -> Result<Vec<Unit>, RunError> {
    let wanted = match scope {
        Scope::Phase(name) => Some(match plan.find_phase(name) {
            Some(index) => plan.phases[index].history_name(),
            None => name.clone(),
        }),
        _ => None,
    };
    let mut units: BTreeMap<String, Unit> = BTreeMap::new();
    let mut known = false;
    for &connection in connections {
        let ledger = stores.ledger(connection);
        if !ledger.exists().await? {
            continue;
        }
        for record in ledger.runs(None).await? {
            if record.state == RunState::RolledBack
                || !plan.specs.iter().any(|spec| spec.name == record.spec)
            {
                continue;
            }
            let objects = ledger.objects(&record.id).await?;
            let unit = units.entry(record.id.clone()).or_insert_with(|| Unit {
                record,
                connections: Vec::new(),
                parts: Vec::new(),
                others: Vec::new(),
                objects: Vec::new(),
                changes: Vec::new(),
                stands: false,
            });
            unit.connections.push(connection);
            unit.objects.extend(objects.into_iter().map(|object| (connection, object)));
        }
        for change in ledger.changes(None).await? {
            if let Some(unit) = units.get_mut(&change.run) {
                unit.changes.push((connection, change));
            }
        }
        let mut last: BTreeMap<String, String> = BTreeMap::new();
        for record in ledger.phases(None).await? {
            known |= wanted.as_ref() == Some(&record.phase);
            if record.state == PhaseState::RolledBack {
                continue;
            }
            let before = last.insert(record.phase.clone(), record.run.clone());
            let Some(unit) = units.get_mut(&record.run) else { continue };
            if wanted.as_ref().is_none_or(|wanted| *wanted == record.phase) {
                unit.parts.push(Part { connection, record, before });
            } else {
                unit.others.push(record);
            }
        }
    }
    let mut units: Vec<Unit> = units.into_values().collect();
    units.sort_by(|a, b| (b.newest(), &b.record.id).cmp(&(a.newest(), &a.record.id)));
    match scope {
        Scope::All => {}
        Scope::Runs(count) => {
            // A run of a spec without phases that found everything in place is no step back.
            units.retain(|unit| !unit.is_empty());
            units.truncate(*count);
        }
        Scope::Phase(name) => {
            if !known && plan.find_phase(name).is_none() {
                return Err(unknown_phase(name));
            }
            units.retain(|unit| !unit.parts.is_empty());
        }
    }
    Ok(units)
}

/// Units and parts in the order in which they are taken back: what started last first, across
/// specs.
pub(super) fn newest_first(units: &[Unit]) -> Vec<(usize, usize)> {
    let mut order: Vec<(usize, usize)> = units
        .iter()
        .enumerate()
        .flat_map(|(unit, parts)| (0..parts.parts.len()).map(move |part| (unit, part)))
        .collect();
    order.sort_by_key(|(unit, part)| {
        let record = &units[*unit].parts[*part].record;
        std::cmp::Reverse((record.started_at, record.run.clone(), *part))
    });
    order
}

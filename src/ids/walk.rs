//! The id map of one phase, batch by batch.

use std::collections::HashMap;

use super::IdRow;
use crate::connectors::{ScanSource, StoreError};
use crate::ledger::{Fate, KeyMap, Known, Ledger, PhaseRecord, RunRecord};
use crate::plan::Phase;
use crate::run::{RunError, Stores};
use crate::value::{Key, Value, time};

/// What is told beside keys and ids of a phase.
struct About {
    phase: String,
    source: Option<String>,
    target: String,
    runs: HashMap<String, RunRecord>,
    phases: HashMap<String, PhaseRecord>,
}

impl About {
    async fn read(phase: &Phase, ledger: &Ledger) -> Result<Self, StoreError> {
        let runs = ledger.runs(None).await?;
        let phases = ledger.phases(Some(&phase.history_name())).await?;
        Ok(Self {
            phase: phase.full_name(),
            source: match &phase.source.scan {
                ScanSource::Entity(entity) | ScanSource::Pipeline { entity, .. } => {
                    Some(entity.clone())
                }
                ScanSource::Query(_) | ScanSource::Files => None,
            },
            target: phase.target.entity.clone(),
            runs: runs.into_iter().map(|run| (run.id.clone(), run)).collect(),
            phases: phases.into_iter().map(|phase| (phase.run.clone(), phase)).collect(),
        })
    }

    fn of_run(&self, run: &str) -> (Option<&RunRecord>, Option<&PhaseRecord>) {
        (self.runs.get(run), self.phases.get(run))
    }

    fn row(&self, map: &KeyMap, known: &Known) -> IdRow {
        let (run, phase) = self.of_run(&known.run);
        IdRow {
            phase: self.phase.clone(),
            legacy_key: known.entry.key.display(true),
            new_id: new_id(map, known),
            fate: known.entry.fate.name().to_owned(),
            run: known.run.to_string(),
            source: self.source.clone(),
            target: self.target.clone(),
            who: run.map(|run| run.who.clone()),
            started_at: phase.map(|phase| time::timestamp_text(phase.started_at)),
            finished_at: phase.and_then(|phase| phase.finished_at).map(time::timestamp_text),
        }
    }
}

/// A walk over what a phase did, each source key once, at its newest entry.
pub(super) struct Walk {
    about: About,
    map: KeyMap,
    /// Which batch tells of a key last.
    newest: HashMap<u128, u32>,
    at: usize,
}

impl Walk {
    pub(super) async fn open(phase: &Phase, stores: &Stores) -> Result<Self, RunError> {
        let ledger = stores.ledger(phase.target.connection);
        let mut map = KeyMap::open(&ledger, &phase.history_name()).await?;
        let mut newest: HashMap<u128, u32> = HashMap::new();
        let mut at = 0;
        while let Some(entries) = map.batch(at).await? {
            let place = place(at);
            newest.extend(entries.iter().map(|known| (known.entry.key.hash128(), place)));
            at += 1;
        }
        Ok(Self { about: About::read(phase, &ledger).await?, map, newest, at: 0 })
    }

    /// The run and the phase's part of it.
    pub(super) fn of_run(&self, run: &str) -> (Option<&RunRecord>, Option<&PhaseRecord>) {
        self.about.of_run(run)
    }

    /// The lines of the next batch; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<IdRow>>, RunError> {
        let Some(entries) = self.map.batch(self.at).await? else { return Ok(None) };
        let place = place(self.at);
        self.at += 1;
        let is_newest = |known: &Known| self.newest.get(&known.entry.key.hash128()) == Some(&place);
        let mut entries: Vec<Known> = entries.into_iter().filter(is_newest).collect();
        // Of a key that stands in a batch twice, as after a retry, the last entry counts.
        let mut last: HashMap<u128, usize> = HashMap::new();
        last.extend(entries.iter().enumerate().map(|(at, known)| (known.entry.key.hash128(), at)));
        let mut at = 0;
        entries.retain(|known| {
            at += 1;
            last.get(&known.entry.key.hash128()) == Some(&(at - 1))
        });
        // What was left out now may have arrived before, and then has its id still.
        let left_out = |known: &&Known| {
            known.entry.id.is_none()
                && matches!(known.entry.fate, Fate::Skipped(_) | Fate::Rejected(_))
        };
        let keys: Vec<Key> =
            entries.iter().filter(left_out).map(|known| known.entry.key.clone()).collect();
        if !keys.is_empty() {
            let known = self.map.get(&keys).await?;
            for entry in &mut entries {
                if let Some(known) = known.get(&entry.entry.key) {
                    *entry = known.clone();
                }
            }
        }
        Ok(Some(entries.iter().map(|known| self.about.row(&self.map, known)).collect()))
    }
}

/// The lines of the records that are wanted. Nothing is made of the others.
pub(super) async fn matching(
    phase: &Phase,
    stores: &Stores,
    wanted: &(dyn Fn(&KeyMap, &Known) -> bool + Sync),
) -> Result<Vec<IdRow>, RunError> {
    let ledger = stores.ledger(phase.target.connection);
    let mut map = KeyMap::open(&ledger, &phase.history_name()).await?;
    let mut keys: Vec<Key> = Vec::new();
    let mut at = 0;
    while let Some(entries) = map.batch(at).await? {
        let found = entries.into_iter().filter(|known| wanted(&map, known));
        keys.extend(found.map(|known| known.entry.key));
        at += 1;
    }
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    keys.sort_unstable();
    keys.dedup();
    let about = About::read(phase, &ledger).await?;
    // What an older entry says may not be so any more.
    let known = map.get(&keys).await?;
    let newest = keys.iter().filter_map(|key| known.get(key));
    Ok(newest.filter(|known| wanted(&map, known)).map(|known| about.row(&map, known)).collect())
}

/// The id that a record has in the target, as text.
pub(super) fn new_id(map: &KeyMap, known: &Known) -> Option<String> {
    map.identity(known).map(|id| id_text(&id))
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// An id as text, its parts with `, ` between them.
fn id_text(id: &[Value]) -> String {
    let text = |value: &Value| value.canonical_text().unwrap_or_default().into_owned();
    let parts: Vec<String> = id
        .iter()
        .map(|value| match value {
            Value::Array(parts) => parts.iter().map(text).collect::<Vec<_>>().join(", "),
            value => text(value),
        })
        .collect();
    parts.join(", ")
}

//! The id map of one phase, batch by batch.

use std::collections::HashMap;

use super::IdRow;
use crate::connectors::ScanSource;
use crate::ledger::{Fate, KeyMap, Known, PhaseRecord, RunRecord};
use crate::plan::Phase;
use crate::run::{RunError, Stores};
use crate::value::{Key, Value, time};

/// A walk over what a phase did, each source key once, at its newest entry.
pub(super) struct Walk {
    phase: String,
    source: Option<String>,
    target: String,
    map: KeyMap,
    /// Which batch tells of a key last.
    newest: HashMap<u128, u32>,
    runs: HashMap<String, RunRecord>,
    phases: HashMap<String, PhaseRecord>,
    at: usize,
}

impl Walk {
    pub(super) async fn open(phase: &Phase, stores: &Stores) -> Result<Self, RunError> {
        let ledger = stores.ledger(phase.target.connection);
        let history = phase.history_name();
        let mut map = KeyMap::open(&ledger, &history).await?;
        let mut newest: HashMap<u128, u32> = HashMap::new();
        let mut at = 0;
        while let Some(entries) = map.batch(at).await? {
            let place = place(at);
            newest.extend(entries.iter().map(|known| (known.entry.key.hash128(), place)));
            at += 1;
        }
        let (mut runs, mut phases) = (HashMap::new(), HashMap::new());
        if !map.is_empty() {
            let all = ledger.runs(None).await?;
            runs.extend(all.into_iter().map(|run| (run.id.clone(), run)));
            let all = ledger.phases(Some(&history)).await?;
            phases.extend(all.into_iter().map(|phase| (phase.run.clone(), phase)));
        }
        Ok(Self {
            phase: phase.full_name(),
            source: match &phase.source.scan {
                ScanSource::Entity(entity) | ScanSource::Pipeline { entity, .. } => {
                    Some(entity.clone())
                }
                ScanSource::Query(_) | ScanSource::Files => None,
            },
            target: phase.target.entity.clone(),
            map,
            newest,
            runs,
            phases,
            at: 0,
        })
    }

    /// The run and the phase's part of it.
    pub(super) fn of_run(&self, run: &str) -> (Option<&RunRecord>, Option<&PhaseRecord>) {
        (self.runs.get(run), self.phases.get(run))
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
        Ok(Some(entries.iter().map(|known| self.row(known)).collect()))
    }

    fn row(&self, known: &Known) -> IdRow {
        let (run, phase) = self.of_run(&known.run);
        IdRow {
            phase: self.phase.clone(),
            legacy_key: known.entry.key.display(true),
            new_id: self.map.identity(known).map(|id| id_text(&id)),
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

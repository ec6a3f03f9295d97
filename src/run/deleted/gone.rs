//! Which of the records that a phase wrote its source no longer has.
//!
//! The ledger's keys are held against those that the source has now, a part of them at a time, so
//! that memory stays bounded however many there are: the parts are told by a hash of the key, and
//! for each the source's keys are read once. The order of neither side matters.

use std::collections::HashMap;

use crate::connectors::{Layout, ScanRequest, ScanSource, Store};
use crate::expr::{Mapping, Program};
use crate::ledger::{Counts, Fate, KeyMap, PhaseRecord};
use crate::plan::Phase;
use crate::run::phase::PhaseContext;
use crate::run::transform::element_key;
use crate::run::{RunError, RunErrorKind, source};

/// How many keys are held at a time.
const PART: usize = 900_000;

/// How many keys one request reads.
const KEYS: usize = 10_000;

/// A record that the source no longer has: where its newest entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gone {
    /// The batch, by its place in the key map.
    pub(super) batch: u32,
    /// The place of the entry in it.
    pub(super) place: u32,
    /// Whether the phase itself made the record.
    pub(super) made: bool,
}

/// What the ledger and the source say together.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What is gone, in the order of the ledger.
    pub(super) gone: Vec<Gone>,
    /// How many records the ledger knows of, and the target holds.
    pub(super) known: u64,
    /// What this run did already about records that are gone.
    pub(super) done: Counts,
}

/// What the ledger says of a key.
#[derive(Clone, Copy)]
struct State {
    gone: Gone,
    /// Whether the target holds its record, and nothing was done about it.
    live: bool,
    /// Whether this run tells of it: it was read just now.
    fresh: bool,
}

/// A map whose keys are hashes already.
type States = HashMap<u128, State, foldhash::fast::RandomState>;

/// Finds out what is gone.
pub(super) async fn find(
    context: &PhaseContext,
    known: &mut KeyMap,
    record: &PhaseRecord,
) -> Result<Found, RunError> {
    let mut found = Found::default();
    let mut parts: u128 = 1;
    let mut part: u128 = 0;
    while part < parts {
        let mut states = States::default();
        let mut done = Counts::default();
        let mut at = 0;
        while let Some((run, _, batch)) = known.record(at).await? {
            let own = *run == *record.run;
            for (place, entry) in batch.entries.iter().enumerate() {
                if own && matches!(entry.fate, Fate::Deleted | Fate::Marked) {
                    done.add(&entry.fate);
                }
                let hash = entry.key.hash128();
                if hash & (parts - 1) == part {
                    note(&mut states, hash, &entry.fate, (at, place), own);
                }
            }
            // The first part tells how many there must be; the others are as large as it is.
            if part == 0 && states.len() > PART {
                parts *= 2;
                states.retain(|hash, _| hash & (parts - 1) == part);
            }
            at += 1;
        }
        states.retain(|_, state| state.live);
        found.known += states.len() as u64;
        states.retain(|_, state| !state.fresh);
        if !states.is_empty() {
            strike(context, &mut states).await?;
        }
        found.gone.extend(states.values().map(|state| state.gone));
        found.done = done;
        part += 1;
    }
    found.gone.sort_unstable();
    Ok(found)
}

fn note(states: &mut States, hash: u128, fate: &Fate, (batch, place): (usize, usize), own: bool) {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    match fate {
        Fate::Inserted | Fate::Updated | Fate::Unchanged => {
            let made =
                *fate == Fate::Inserted || states.get(&hash).is_some_and(|state| state.gone.made);
            let gone = Gone { batch: number(batch), place: number(place), made };
            states.insert(hash, State { gone, live: true, fresh: own });
        }
        Fate::Skipped(_) | Fate::Rejected(_) => {
            if let Some(state) = states.get_mut(&hash) {
                state.fresh |= own;
            }
        }
        Fate::Marked => {
            if let Some(state) = states.get_mut(&hash) {
                state.live = false;
            }
        }
        Fate::Deleted => {
            states.remove(&hash);
        }
    }
}

/// Strikes out the keys that the source has.
async fn strike(context: &PhaseContext, states: &mut States) -> Result<(), RunError> {
    let phase = &context.phase;
    let store = context.stores.get(phase.source.connection);
    let request = request(context, &**store).await?;
    let mut scan = store.scan(request).await?;
    let mut program: Option<(Layout, Program)> = None;
    let mut broken = 0;
    while let Some(batch) = scan.next().await? {
        if context.cancel.is_cancelled() {
            return Err(RunError::new(RunErrorKind::Cancelled, "interrupted"));
        }
        if phase.mapping.explode.is_none() {
            for key in batch.keys.iter().flatten() {
                states.remove(&key.hash128());
            }
        } else {
            let elements = match program.take() {
                Some((layout, program)) if layout == batch.layout => program,
                _ => elements(phase, &batch.layout)?,
            };
            for (row, key) in batch.rows.iter().zip(&batch.keys) {
                let Ok(key) = key else { continue };
                for number in 0..elements.elements(row).len() {
                    states.remove(&element_key(key, number).hash128());
                }
            }
            program = Some((batch.layout.clone(), elements));
        }
        broken += batch.broken.len();
    }
    if broken > 0 && !states.is_empty() {
        return Err(RunError::new(
            RunErrorKind::Refused,
            format!(
                "{broken} records of the source can't be read, so that nobody can tell which \
                 records are gone; nothing was deleted or marked"
            ),
        )
        .help("see `mapper rejects`, and mend the source"));
    }
    Ok(())
}

/// What is read: keys, and what records are taken apart by.
async fn request(context: &PhaseContext, store: &dyn Store) -> Result<ScanRequest, RunError> {
    let phase = &context.phase;
    let mut request = source::request(phase, &context.stores).await?;
    request.batch = KEYS;
    let explode = phase.mapping.explode.as_ref();
    let apart = explode.map(|path| path.head().map(str::to_owned));
    let ScanSource::Entity(entity) = &phase.source.scan else { return Ok(request) };
    if store.capabilities().documents || apart == Some(None) {
        return Ok(request);
    }
    let Some(schema) = store.describe(entity).await? else { return Ok(request) };
    let is_whole = |part: &String| schema.column(part).is_some_and(|column| !column.nullable);
    // A record without a key is known by all of its content.
    if request.key.iter().all(is_whole) {
        let mut columns = request.key.clone();
        let filtered = request.filter.paths().into_iter().map(str::to_owned);
        for name in filtered.chain(apart.flatten()) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        request.columns = Some(columns);
    }
    Ok(request)
}

/// What takes records apart.
fn elements(phase: &Phase, layout: &Layout) -> Result<Program, RunError> {
    let mapping = Mapping {
        explode: phase.mapping.explode.clone(),
        element: phase.mapping.element.clone(),
        ..Mapping::default()
    };
    let columns = match layout {
        Layout::Columns(columns) => Some(&columns[..]),
        Layout::Document => None,
    };
    Program::compile(&mapping, columns)
        .map_err(|error| RunError::new(RunErrorKind::Refused, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(entries: &[(u128, Fate, bool)]) -> States {
        let mut states = States::default();
        for (place, (hash, fate, own)) in entries.iter().enumerate() {
            note(&mut states, *hash, fate, (0, place), *own);
        }
        states
    }

    #[test]
    fn the_newest_entry_counts_and_who_made_the_record_is_kept() {
        let found = states(&[
            (1, Fate::Inserted, false),
            (1, Fate::Updated, false),
            (2, Fate::Unchanged, false),
            (3, Fate::Inserted, false),
            (3, Fate::Rejected("cast".into()), true),
            (4, Fate::Inserted, false),
            (4, Fate::Deleted, false),
            (5, Fate::Inserted, false),
            (5, Fate::Marked, false),
            (6, Fate::Inserted, false),
            (6, Fate::Deleted, false),
            (6, Fate::Unchanged, false),
        ]);
        let of = |hash: u128| {
            found
                .get(&hash)
                .map(|state| (state.gone.place, state.gone.made, state.live, state.fresh))
        };
        assert_eq!(of(1), Some((1, true, true, false)));
        assert_eq!(of(2), Some((2, false, true, false)));
        assert_eq!(of(3), Some((3, true, true, true)));
        assert_eq!(of(4), None);
        assert_eq!(of(5), Some((7, true, false, false)));
        // It was made once, was deleted, and is there again by someone else.
        assert_eq!(of(6), Some((11, false, true, false)));
    }
}

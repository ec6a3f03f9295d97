//! Which target keys a phase's source has given already.

use std::collections::{HashMap, HashSet};

use crate::expr::{Origin, Root, Segment};
use crate::plan::{Phase, WriteMode};
use crate::value::Key;

/// The target keys that arrived so far, 16 bytes each.
#[derive(Debug, Default)]
pub(super) struct Seen {
    all: HashSet<u128>,
    /// Those that are not committed yet.
    open: Vec<u128>,
}

impl Seen {
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.all.contains(&key.hash128())
    }

    pub(super) fn insert(&mut self, key: &Key) {
        let hash = key.hash128();
        if self.all.insert(hash) {
            self.open.push(hash);
        }
    }

    /// What arrived so far is committed.
    pub(super) fn keep(&mut self) {
        self.open.clear();
    }

    /// What arrived since the last commit was taken back.
    pub(super) fn take_back(&mut self) {
        for hash in self.open.drain(..) {
            self.all.remove(&hash);
        }
    }
}

/// For `on_duplicate = "last"`: which record, by its number in the source, is the last of its
/// target key.
#[derive(Debug, Default)]
pub(super) struct Winners(HashMap<u128, u64>);

impl Winners {
    pub(super) fn note(&mut self, key: &Key, number: u64) {
        self.0.insert(key.hash128(), number);
    }

    pub(super) fn is_last(&self, key: &Key, number: u64) -> bool {
        self.0.get(&key.hash128()).is_none_or(|last| *last == number)
    }
}

/// Whether two source records can have the same target key. They can't where the target key holds
/// the whole source key as it is, or an id made from it.
pub(super) fn duplicates_possible(phase: &Phase, source_key: &[String]) -> bool {
    match phase.target.write {
        WriteMode::Insert(_) => {}
        WriteMode::Append => return false,
        // The same record edited twice by one phase: the second edit would undo the first.
        WriteMode::Patch | WriteMode::Fill { .. } => {}
    }
    let origins = || {
        phase
            .mapping
            .fields
            .iter()
            .filter(|(path, _)| phase.target.key.contains(path))
            .filter(|(_, expr)| expr.steps.is_empty())
            .map(|(_, expr)| &expr.origin)
    };
    let made_from_key =
        origins().any(|origin| matches!(origin, Origin::Id(rule) if rule.is_from_key()));
    if made_from_key {
        return false;
    }
    if phase.mapping.explode.is_some() || source_key.is_empty() {
        return true;
    }
    !source_key.iter().all(|part| {
        origins().any(|origin| match origin {
            Origin::Path(path) => {
                path.root == Root::Record && path.segments() == Some(&[Segment::Name(part.clone())])
            }
            _ => false,
        })
    })
}

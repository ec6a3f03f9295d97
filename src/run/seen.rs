//! Which target keys a phase's source has given already.

use std::collections::{HashMap, HashSet};

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

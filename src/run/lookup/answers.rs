//! What lookups found, as long as it is not too much.

use std::collections::HashMap;

use crate::connectors::row_bytes;
use crate::expr::Found;
use crate::value::Key;

/// How many answers a lookup keeps before it forgets them, …
const MOST: usize = 100_000;

/// … or how many bytes of keys and values.
const MOST_BYTES: usize = 16 << 20;

/// The answers of a lookup.
#[derive(Default)]
pub(super) struct Answers {
    found: HashMap<Key, Found>,
    bytes: usize,
}

impl Answers {
    /// The answer for a key, when it is known.
    pub(super) fn get(&self, key: &Key) -> Option<&Found> {
        self.found.get(key)
    }

    /// Keeps an answer.
    pub(super) fn insert(&mut self, key: Key, found: Found) {
        let value = match &found {
            Found::Value(value) => row_bytes(std::slice::from_ref(value)),
            Found::Nothing | Found::Many | Found::Pending => 0,
        };
        self.bytes += key.as_bytes().len() + value;
        self.found.insert(key, found);
    }

    /// Forgets all where it is too much.
    pub(super) fn trim(&mut self) {
        if self.found.len() > MOST || self.bytes > MOST_BYTES {
            *self = Self::default();
        }
    }
}

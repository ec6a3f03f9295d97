//! Field names that come again and again share their memory.

use std::cell::RefCell;
use std::sync::Arc;

const PLACES: usize = 512;

/// Names seen lately.
#[derive(Debug)]
pub(crate) struct Names {
    /// Each at the place that [`place`] gives it; empty: none is remembered.
    seen: RefCell<Vec<Option<Arc<str>>>>,
}

impl Names {
    /// Remembers names.
    pub(crate) fn new() -> Self {
        Self { seen: RefCell::new(vec![None; PLACES]) }
    }

    /// Remembers none, for a single document.
    pub(crate) fn none() -> Self {
        Self { seen: RefCell::default() }
    }

    /// The name, shared with an earlier one when that is remembered.
    pub(crate) fn get(&self, name: &str) -> Arc<str> {
        let mut names = self.seen.borrow_mut();
        let Some(slot) = names.get_mut(place(name.as_bytes())) else { return Arc::from(name) };
        match slot {
            Some(known) if **known == *name => Arc::clone(known),
            slot => Arc::clone(slot.insert(Arc::from(name))),
        }
    }
}

/// Where a name is remembered. Names that meet there take turns.
fn place(name: &[u8]) -> usize {
    let mix = |hash: usize, byte: Option<&u8>| {
        hash.wrapping_mul(31).wrapping_add(usize::from(byte.copied().unwrap_or_default()))
    };
    let middle = name.get(name.len() / 2);
    [name.first(), name.get(1), middle, name.last()].into_iter().fold(name.len(), mix) % PLACES
}

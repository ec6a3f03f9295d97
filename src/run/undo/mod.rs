//! Takes the effects of one batch back, from what the ledger holds of it: what was inserted is
//! deleted, what was changed becomes what it was. It can be asked for again after any interruption.

mod inserted;
mod references;
mod target;
mod updated;

pub use inserted::delete;
pub use references::{Reference, References};
pub use target::Target;
pub use updated::restore;

/// What became of the entries of a batch, by their place.
#[derive(Debug, Default)]
pub struct Undone {
    /// How many were taken back.
    pub done: u64,
    /// How many were gone, or as before, already.
    pub gone: u64,
    /// Those that were kept, and why.
    pub kept: Vec<(usize, KeptWhy)>,
}

/// Why a record was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptWhy {
    /// It is not what the run left.
    Edited,
    /// Other records refer to it.
    Referenced,
    /// The store refuses what was there before: it breaks a rule that holds now.
    Refused,
    /// The target has no key by which it could be found.
    NoKey,
}

impl KeptWhy {
    /// The reason in a few words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Edited => "edited since",
            Self::Referenced => "referenced by other rows",
            Self::Refused => "the store refuses what was there before",
            Self::NoKey => "the target has no key to find it by",
        }
    }
}

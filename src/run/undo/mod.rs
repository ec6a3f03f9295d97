//! Takes the effects of one batch back, from what the ledger holds of it: what was inserted is
//! deleted, what was changed becomes what it was, what was deleted is put back. It can be asked for
//! again after any interruption.

mod deleted;
mod inserted;
mod references;
mod target;
mod updated;

pub use deleted::{put_back, split};
pub use inserted::delete;
pub(in crate::run) use inserted::{Look, delete_all, examine};
pub use references::{Reference, References};
pub(in crate::run) use target::Present;
pub use target::Target;
pub use updated::restore;

use crate::connectors::{Violation, ViolationKind};

/// What became of the entries of a batch, by their place.
#[derive(Debug, Default)]
pub struct Undone {
    /// How many were taken back.
    pub done: u64,
    /// How many were gone, or as before, already.
    pub gone: u64,
    /// Those that were to be deleted and were gone already.
    pub missing: Vec<usize>,
    /// Those that were kept, and why.
    pub kept: Vec<(usize, KeptWhy)>,
}

/// Why a record was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeptWhy {
    /// It is not what the run left.
    Edited,
    /// Other records refer to it.
    Referenced,
    /// The store refuses what was there before: it breaks a rule that holds now.
    Refused,
    /// The target has no key by which it could be found.
    NoKey,
    /// What it refers to is not there.
    Dangling,
    /// Something else has its key now.
    Replaced,
    /// It was in the target before.
    NotMade,
    /// Another record of the source stands for it too.
    Shared,
}

impl KeptWhy {
    /// Why the store refused a record; `foreign_key` is what a foreign key means here.
    fn refused(violation: &Violation, foreign_key: Self) -> Self {
        match violation.kind {
            ViolationKind::ForeignKey => foreign_key,
            _ => Self::Refused,
        }
    }

    /// The reason in a few words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Edited => "edited since",
            Self::Referenced => "referenced by other rows",
            Self::Refused => "the store refuses what was there before",
            Self::NoKey => "the target has no key to find it by",
            Self::Dangling => "what it refers to is not there",
            Self::Replaced => "something else has its key now",
            Self::NotMade => "not made by this phase",
            Self::Shared => "another record of the source stands for it",
        }
    }
}

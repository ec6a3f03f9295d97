//! A record on its way through a batch.

use crate::ledger::Fate;
use crate::run::decide::{Action, Decision};
use crate::run::{Item, ItemOutcome};
use crate::value::{Key, Problem, Row};

/// A record on its way through a batch.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) key: Key,
    pub(super) group: usize,
    pub(super) values: Row,
    /// What the ledger keeps of the values.
    pub(super) hash: u64,
    pub(super) target: Option<Key>,
    pub(super) decision: Option<Decision>,
    pub(super) problem: Option<Problem>,
}

impl Work {
    pub(super) fn new(item: Item) -> Self {
        let mut work = Self {
            key: item.key,
            group: item.group,
            values: Row::new(),
            hash: 0,
            target: None,
            decision: None,
            problem: None,
        };
        match item.outcome {
            ItemOutcome::Row { values, target, hash, .. } => {
                work.values = values;
                work.hash = hash;
                work.target = target;
            }
            ItemOutcome::Skipped(reason) => work.decide(Fate::Skipped(reason), None),
            ItemOutcome::Rejected(problem) => {
                work.decide(Fate::Rejected(problem.reason.as_ref().into()), Some(problem));
            }
        }
        work
    }

    pub(super) fn decide(&mut self, fate: Fate, problem: Option<Problem>) {
        self.problem = problem;
        self.decision =
            Some(Decision { fate, problem: None, action: Action::None, hash: 0, identity: None });
    }

    /// The store refused the record.
    pub(super) fn refuse(&mut self, problem: Problem) {
        self.decide(Fate::Rejected(problem.reason.as_ref().into()), Some(problem));
    }

    /// Whether the mapping itself left the record out or rejected it.
    pub(super) fn is_mapped_out(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether the record was mapped and then rejected.
    pub(super) fn failed_in_store(&self) -> bool {
        !self.is_mapped_out()
            && self.problem.as_ref().is_some_and(|problem| problem.reason != "record")
            && self.is_rejected()
    }

    pub(super) fn is_rejected(&self) -> bool {
        matches!(self.decision.as_ref().map(|decision| &decision.fate), Some(Fate::Rejected(_)))
    }

    /// Forgets a decision whose effects were undone; what is final stays.
    pub(super) fn undecide(&mut self) {
        if !self.is_mapped_out() && !self.is_rejected() {
            self.decision = None;
            self.problem = None;
        }
    }
}

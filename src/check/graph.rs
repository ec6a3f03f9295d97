//! The order of the work: what must come before what, and circles in it.

mod cycle;
pub(super) mod order;
mod phases;

pub(super) use phases::{PhaseFacts, Reference, Writes};

use super::Checker;
use crate::plan::{Edge, EdgeReason, Graph, Work};

/// A table or collection, whatever connection leads to it: store and name.
pub(super) type EntityKey = (usize, String);

/// An edge between phases: the phase that waits, the one that it waits for, why.
pub(super) type PhaseEdge = (usize, usize, EdgeReason);

/// What the graph needs to know of an index.
pub(super) struct IndexFacts {
    pub(super) spec: usize,
    pub(super) entity: EntityKey,
    pub(super) before: bool,
    pub(super) name: String,
}

/// What the graph needs to know of enums and tables.
pub(super) struct StructureFacts {
    pub(super) spec: usize,
    pub(super) name: String,
    /// The tables that it makes.
    pub(super) entities: Vec<EntityKey>,
    /// The other ones that come before it.
    pub(super) after: Vec<usize>,
}

/// What the graph needs to know of a check.
pub(super) struct CheckFacts {
    pub(super) spec: usize,
    pub(super) after: Vec<usize>,
    pub(super) entities: Vec<EntityKey>,
    pub(super) name: String,
}

impl Checker<'_> {
    /// The graph of a plan whose phases have these edges.
    pub(super) fn graph(
        &self,
        phase_edges: &[PhaseEdge],
        structures: &[StructureFacts],
        indexes: &[IndexFacts],
        checks: &[CheckFacts],
    ) -> Graph {
        let mut work: Vec<(Work, String)> = Vec::new();
        for spec in 0..self.set.specs.len() {
            let of_indexes = |before: bool| {
                indexes
                    .iter()
                    .enumerate()
                    .filter(move |(_, index)| index.spec == spec && index.before == before)
                    .map(|(at, index)| (Work::Index(at), index.name.clone()))
            };
            work.extend(
                structures
                    .iter()
                    .enumerate()
                    .filter(|(_, structure)| structure.spec == spec)
                    .map(|(at, structure)| (Work::Structure(at), structure.name.clone())),
            );
            work.extend(of_indexes(true));
            work.extend(
                (0..self.phases.len())
                    .filter(|at| self.phases[*at].spec == spec)
                    .map(|at| (Work::Phase(at), self.full_name(at))),
            );
            work.extend(of_indexes(false));
            work.extend(
                checks
                    .iter()
                    .enumerate()
                    .filter(|(_, check)| check.spec == spec)
                    .map(|(at, check)| (Work::Check(at), check.name.clone())),
            );
        }
        let place =
            |wanted: Work| work.iter().position(|(work, _)| *work == wanted).unwrap_or_default();
        let mut edges: Vec<Vec<Edge>> = vec![Vec::new(); work.len()];
        let mut add = |waits: Work, for_what: Work, reason: EdgeReason| {
            edges[place(waits)].push(Edge { node: place(for_what), reason });
        };
        for (waits, for_what, reason) in phase_edges {
            add(Work::Phase(*waits), Work::Phase(*for_what), *reason);
        }
        for (at, index) in indexes.iter().enumerate() {
            for (phase, facts) in self.facts.iter().enumerate() {
                if facts.writes.as_ref().is_none_or(|writes| writes.entity != index.entity) {
                    continue;
                }
                if index.before {
                    add(Work::Phase(phase), Work::Index(at), EdgeReason::Index);
                } else {
                    add(Work::Index(at), Work::Phase(phase), EdgeReason::Index);
                }
            }
        }
        for (at, check) in checks.iter().enumerate() {
            for phase in &check.after {
                add(Work::Check(at), Work::Phase(*phase), EdgeReason::Checks);
            }
            for (other, index) in indexes.iter().enumerate() {
                // Those before the data come before the phases that are waited for.
                if !index.before && check.entities.contains(&index.entity) {
                    add(Work::Check(at), Work::Index(other), EdgeReason::Index);
                }
            }
        }
        for (at, structure) in structures.iter().enumerate() {
            let made = |entity: &EntityKey| structure.entities.contains(entity);
            for other in &structure.after {
                add(Work::Structure(at), Work::Structure(*other), EdgeReason::ForeignKey);
            }
            for (phase, facts) in self.facts.iter().enumerate() {
                let uses = facts.reads.as_ref().is_some_and(made)
                    || facts.writes.as_ref().is_some_and(|writes| made(&writes.entity))
                    || facts.lookups.iter().any(|(entity, _)| made(entity));
                // What a query reads is not known: it may be what its own spec makes.
                if uses || self.phases[phase].spec == structure.spec {
                    add(Work::Phase(phase), Work::Structure(at), EdgeReason::Table);
                }
            }
            for (other, index) in indexes.iter().enumerate() {
                if made(&index.entity) || index.spec == structure.spec {
                    add(Work::Index(other), Work::Structure(at), EdgeReason::Table);
                }
            }
            for (other, check) in checks.iter().enumerate() {
                if check.entities.iter().any(made) || check.spec == structure.spec {
                    add(Work::Check(other), Work::Structure(at), EdgeReason::Table);
                }
            }
        }
        order::sorted(work, &edges)
    }
}

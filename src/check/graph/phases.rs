//! Which phase waits for which, and why.

use super::{EntityKey, PhaseEdge};
use crate::check::Checker;
use crate::diagnostics::Span;
use crate::plan::EdgeReason;

/// What the order of phases is made of, as far as it could be resolved: also for a phase with
/// errors.
#[derive(Clone, Debug, Default)]
pub(in crate::check) struct PhaseFacts {
    /// Other phases that it names.
    pub(in crate::check) references: Vec<Reference>,
    /// The tables and collections that it looks up, with the place of each.
    pub(in crate::check) lookups: Vec<(EntityKey, Span)>,
    /// The table or collection that it reads.
    pub(in crate::check) reads: Option<EntityKey>,
    /// The table or collection that it writes.
    pub(in crate::check) writes: Option<Writes>,
}

/// A phase named by another one.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct Reference {
    /// The phase that is named.
    pub(in crate::check) phase: usize,
    /// Why it must come before.
    pub(in crate::check) reason: EdgeReason,
    /// Where it is named.
    pub(in crate::check) span: Span,
}

/// What a phase writes.
#[derive(Clone, Debug)]
pub(in crate::check) struct Writes {
    /// Where.
    pub(in crate::check) entity: EntityKey,
    /// Whether records come into being there.
    pub(in crate::check) creates: bool,
}

/// An edge that the spec asks for, with the place where it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strong {
    pub(super) waits: usize,
    pub(super) reference: Reference,
}

impl Checker<'_> {
    /// The edges between phases; `None` when some go in a circle, which is reported.
    pub(in crate::check) fn phase_edges(&mut self) -> Option<Vec<PhaseEdge>> {
        let strong = self.strong_edges();
        if self.report_cycles(&strong) {
            return None;
        }
        let mut edges: Vec<PhaseEdge> = Vec::new();
        for edge in &strong {
            let edge = (edge.waits, edge.reference.phase, edge.reference.reason);
            if !edges.contains(&edge) {
                edges.push(edge);
            }
        }
        self.add_weak_edges(&mut edges);
        edges.sort_unstable();
        Some(edges)
    }

    /// What the spec asks for: `after`, lookups of phases, and lookups in what another phase
    /// creates.
    fn strong_edges(&self) -> Vec<Strong> {
        let mut strong = Vec::new();
        for (waits, facts) in self.facts.iter().enumerate() {
            for reference in &facts.references {
                strong.push(Strong { waits, reference: *reference });
            }
            for (entity, span) in &facts.lookups {
                // Phases that add to what they look up take turns, in the order of the file.
                if facts.writes.as_ref().is_some_and(|writes| writes.entity == *entity) {
                    continue;
                }
                for (phase, other) in self.facts.iter().enumerate() {
                    if phase != waits
                        && other
                            .writes
                            .as_ref()
                            .is_some_and(|writes| writes.creates && writes.entity == *entity)
                    {
                        let reference =
                            Reference { phase, reason: EdgeReason::Lookup, span: *span };
                        strong.push(Strong { waits, reference });
                    }
                }
            }
        }
        strong
    }

    /// Phases that meet at one table or collection keep the order of the file, unless the spec
    /// asks for the other one: what a run gives must not depend on which is quicker.
    fn add_weak_edges(&self, edges: &mut Vec<PhaseEdge>) {
        let count = self.facts.len();
        for later in 0..count {
            for earlier in 0..later {
                let Some(reason) = meet(&self.facts[earlier], &self.facts[later]) else {
                    continue;
                };
                let direct = edges.iter().any(|(waits, other, _)| {
                    (*waits, *other) == (later, earlier) || (*waits, *other) == (earlier, later)
                });
                if !direct && !waits_for(edges, earlier, later) {
                    edges.push((later, earlier, reason));
                }
            }
        }
    }
}

/// Why the later of two phases has to wait for the earlier one.
fn meet(earlier: &PhaseFacts, later: &PhaseFacts) -> Option<EdgeReason> {
    let looks_up = |facts: &PhaseFacts, entity: &EntityKey| {
        facts.lookups.iter().any(|(other, _)| other == entity)
    };
    if let Some(writes) = &earlier.writes {
        if later.reads.as_ref() == Some(&writes.entity) {
            return Some(EdgeReason::Reads);
        }
        if looks_up(later, &writes.entity) {
            return Some(EdgeReason::Lookup);
        }
    }
    let writes = later.writes.as_ref()?;
    let met = earlier.writes.as_ref().is_some_and(|other| other.entity == writes.entity)
        || earlier.reads.as_ref() == Some(&writes.entity)
        || looks_up(earlier, &writes.entity);
    met.then_some(EdgeReason::Writes)
}

/// Whether a phase waits for another one, directly or not.
pub(super) fn waits_for(edges: &[PhaseEdge], phase: usize, other: usize) -> bool {
    let mut open = vec![phase];
    let mut seen = vec![phase];
    while let Some(at) = open.pop() {
        for (_, next, _) in edges.iter().filter(|(waits, ..)| *waits == at) {
            if *next == other {
                return true;
            }
            if !seen.contains(next) {
                seen.push(*next);
                open.push(*next);
            }
        }
    }
    false
}

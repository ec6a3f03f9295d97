//! Which seed comes before which, and seeds that wait for each other.

use super::SeedRef;
use crate::check::Checker;
use crate::check::graph::EntityKey;
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::plan::EdgeReason;

/// What the order of seeds is made of, seed by seed.
#[derive(Default)]
pub(super) struct Order {
    facts: Vec<Facts>,
}

struct Facts {
    writes: Option<EntityKey>,
    edges: Vec<(usize, EdgeReason, Span)>,
    reads: Vec<EntityKey>,
}

impl Order {
    pub(super) fn add(
        &mut self,
        writes: Option<EntityKey>,
        edges: Vec<(usize, EdgeReason, Span)>,
        reads: Vec<EntityKey>,
    ) {
        self.facts.push(Facts { writes, edges, reads });
    }

    /// The seeds that a seed waits for because the spec says so, or it refers to them.
    fn strong(&self, seed: usize) -> impl Iterator<Item = &(usize, EdgeReason, Span)> {
        // Rows can refer to earlier ones of their own seed.
        self.facts[seed]
            .edges
            .iter()
            .filter(move |(other, reason, _)| *other != seed || *reason == EdgeReason::After)
    }
}

impl Checker<'_> {
    /// The seeds that each seed waits for; `None` when some wait for each other, which is reported.
    pub(super) fn seed_edges(
        &mut self,
        list: &[SeedRef<'_>],
        order: &Order,
    ) -> Option<Vec<Vec<(usize, EdgeReason)>>> {
        let count = list.len();
        let mut edges: Vec<Vec<(usize, EdgeReason)>> = (0..count)
            .map(|seed| order.strong(seed).map(|(other, reason, _)| (*other, *reason)).collect())
            .collect();
        if let Some(circle) = (0..count).find_map(|seed| way(&edges, seed, seed)) {
            self.report_seed_circle(list, order, &circle);
            return None;
        }
        // Seeds that meet at a table keep the order of the file; one that refers to the rows of a
        // table comes after those that add to it.
        for later in 0..count {
            for earlier in 0..count {
                if earlier == later || order.facts[earlier].writes.is_none() {
                    continue;
                }
                let reads = order.facts[later].reads.iter();
                let reads = reads.map(Some).any(|e| e == order.facts[earlier].writes.as_ref());
                let meets =
                    earlier < later && order.facts[earlier].writes == order.facts[later].writes;
                if (reads || meets) && way(&edges, earlier, later).is_none() {
                    let reason = if reads { EdgeReason::Reads } else { EdgeReason::Writes };
                    edges[later].push((earlier, reason));
                }
            }
        }
        Some(edges)
    }

    fn report_seed_circle(&mut self, list: &[SeedRef<'_>], order: &Order, circle: &[usize]) {
        let name = |seed: usize| list[seed].seed.name.as_str();
        let message = if let [only] = circle {
            format!("seed `{}` waits for itself", name(*only))
        } else {
            let shown: Vec<String> = circle
                .iter()
                .chain(circle.first())
                .map(|seed| format!("`{}`", name(*seed)))
                .collect();
            format!("seeds wait for each other: {}", shown.join(" → "))
        };
        let mut diagnostic = Diagnostic::new(&codes::CYCLE, message);
        for (at, seed) in circle.iter().enumerate() {
            let next = circle[(at + 1) % circle.len()];
            let Some((_, reason, span)) = order.strong(*seed).find(|(other, ..)| *other == next)
            else {
                continue;
            };
            let why = match reason {
                EdgeReason::Lookup => "reference",
                reason => reason.name(),
            };
            let text = format!("`{}` waits for `{}` ({why})", name(*seed), name(next));
            diagnostic =
                if at == 0 { diagnostic.at(*span, text) } else { diagnostic.and(*span, text) };
        }
        self.report(diagnostic.help(
            "leave one of the references out, or refer to rows that are there: \
             `reference = { table = \"…\" }`",
        ));
    }
}

/// A shortest way from one seed over those that are waited for to another, the last left out.
fn way(edges: &[Vec<(usize, EdgeReason)>], from: usize, to: usize) -> Option<Vec<usize>> {
    let mut ways = std::collections::VecDeque::from([vec![from]]);
    let mut seen = Vec::new();
    while let Some(way) = ways.pop_front() {
        for (next, _) in way.last().map_or(&[][..], |at| &edges[*at]) {
            if *next == to {
                return Some(way);
            }
            if !seen.contains(next) {
                seen.push(*next);
                ways.push_back(way.iter().copied().chain([*next]).collect());
            }
        }
    }
    None
}

//! Circles among phases, each shown whole.

use super::phases::Strong;
use crate::check::Checker;
use crate::diagnostics::{Diagnostic, codes};

impl Checker<'_> {
    /// Reports every circle: one mistake for phases that wait for each other, with every edge.
    pub(super) fn report_cycles(&mut self, edges: &[Strong]) -> bool {
        let count = self.phases.len();
        let reach: Vec<Vec<bool>> = (0..count).map(|phase| reached(edges, count, phase)).collect();
        let mut told = vec![false; count];
        for first in 0..count {
            if told[first] || !reach[first][first] {
                continue;
            }
            let members: Vec<usize> =
                (0..count).filter(|other| reach[first][*other] && reach[*other][first]).collect();
            for member in &members {
                told[*member] = true;
            }
            self.report_cycle(edges, &members);
        }
        told.contains(&true)
    }

    fn report_cycle(&mut self, edges: &[Strong], members: &[usize]) {
        let name = |phase: usize| self.phases[phase].phase.name.to_string();
        let circle = shortest(edges, members);
        let shown: Vec<String> = circle
            .iter()
            .chain(circle.first())
            .map(|phase| format!("`{}`", name(*phase)))
            .collect();
        let message = if let [only] = members {
            format!("phase `{}` waits for itself", name(*only))
        } else {
            format!("phases wait for each other: {}", shown.join(" → "))
        };
        let mut diagnostic = Diagnostic::new(&codes::CYCLE, message);
        let inside = edges.iter().filter(|edge| {
            members.contains(&edge.waits) && members.contains(&edge.reference.phase)
        });
        let mut lookup = false;
        for (at, edge) in inside.enumerate() {
            let reason = edge.reference.reason.name();
            lookup |= reason == "lookup";
            let text = format!(
                "`{}` waits for `{}` ({reason})",
                name(edge.waits),
                name(edge.reference.phase)
            );
            diagnostic = if at == 0 {
                diagnostic.at(edge.reference.span, text)
            } else {
                diagnostic.and(edge.reference.span, text)
            };
        }
        let help = if lookup {
            "give one of the lookups `stub = true`: it is then filled in by a second pass"
        } else {
            "take one of these out of `after`"
        };
        self.report(diagnostic.help(help));
    }
}

/// Which phases are waited for, directly or not.
fn reached(edges: &[Strong], count: usize, phase: usize) -> Vec<bool> {
    let mut seen = vec![false; count];
    let mut open = vec![phase];
    while let Some(at) = open.pop() {
        for edge in edges.iter().filter(|edge| edge.waits == at) {
            if !std::mem::replace(&mut seen[edge.reference.phase], true) {
                open.push(edge.reference.phase);
            }
        }
    }
    seen
}

/// A shortest circle through the first of the members.
fn shortest(edges: &[Strong], members: &[usize]) -> Vec<usize> {
    let Some(&first) = members.first() else { return Vec::new() };
    let mut ways = std::collections::VecDeque::from([vec![first]]);
    let mut seen = Vec::new();
    while let Some(way) = ways.pop_front() {
        let at = way.last().copied().unwrap_or(first);
        for edge in edges.iter().filter(|edge| edge.waits == at) {
            let next = edge.reference.phase;
            if next == first {
                return way;
            }
            if members.contains(&next) && !seen.contains(&next) {
                seen.push(next);
                ways.push_back(way.iter().copied().chain([next]).collect());
            }
        }
    }
    vec![first]
}

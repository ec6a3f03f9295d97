//! References that come later or go in circles: left out first, filled in by a second pass.
//!
//! A phase with `stub` lookups becomes two. The first leaves out the fields that need them. The
//! second reads the same source again after everything that it refers to, and patches these fields
//! of the records that the first one wrote, and of no others.

use super::{
    Edge, EdgeReason, Graph, Lookup, LookupKind, Node, NodeId, Phase, Plan, Work, WriteMode,
};
use crate::expr::{Expr, Origin, Step};

/// What the second pass of a phase is called after it.
const SUFFIX: &str = ":links";

impl Plan {
    /// The plan with each phase that has `stub` lookups split into two passes.
    #[must_use]
    pub fn with_second_passes(mut self) -> Self {
        for index in 0..self.phases.len() {
            if let Some(second) = split(&mut self.phases[index]) {
                self.add_second_pass(index, second);
            }
        }
        self
    }

    fn add_second_pass(&mut self, first: usize, second: Phase) {
        let added = self.phases.len();
        let mut waits_for = vec![first];
        for lookup in &second.lookups {
            match &lookup.kind {
                LookupKind::Phase { phase } => waits_for.extend(self.find_phase(phase)),
                LookupKind::Entity { connection, entity, .. } => {
                    waits_for.extend((0..self.phases.len()).filter(|other| {
                        let target = &self.phases[*other].target;
                        target.connection == *connection && target.entity == *entity
                    }));
                }
            }
        }
        let name = second.full_name();
        self.phases.push(second);
        let mut after: Vec<Edge> = waits_for
            .iter()
            .filter_map(|phase| self.graph.find(Work::Phase(*phase)))
            .map(|node| Edge { node, reason: EdgeReason::Lookup })
            .collect();
        after.sort_by_key(|edge| edge.node);
        after.dedup_by_key(|edge| edge.node);
        // It stands right after the last of what it waits for; what checks the first pass waits for
        // the second.
        let place = after.iter().map(|edge| edge.node + 1).max().unwrap_or(self.graph.nodes.len());
        let first = self.graph.find(Work::Phase(first));
        insert(&mut self.graph, place, Node { work: Work::Phase(added), name, after });
        for node in place + 1..self.graph.nodes.len() {
            let node = &mut self.graph.nodes[node];
            let waits = node.after.iter().any(|edge| Some(edge.node) == first);
            if waits && matches!(node.work, Work::Check(_)) {
                node.after.push(Edge { node: place, reason: EdgeReason::Checks });
            }
        }
    }
}

fn insert(graph: &mut Graph, place: NodeId, node: Node) {
    for other in &mut graph.nodes {
        for edge in &mut other.after {
            if edge.node >= place {
                edge.node += 1;
            }
        }
    }
    graph.nodes.insert(place, node);
}

/// Takes the fields that wait out of a phase; gives the phase that fills them in.
fn split(phase: &mut Phase) -> Option<Phase> {
    if !phase.lookups.iter().any(|lookup| lookup.stub) {
        return None;
    }
    let fields = std::mem::take(&mut phase.mapping.fields);
    let lookups = &phase.lookups;
    let lets = &phase.mapping.lets;
    let waiting_lets: Vec<String> = lets
        .iter()
        .filter(|(_, expr)| waits(expr, lookups, &[]))
        .map(|(name, _)| name.clone())
        .collect();
    let asked = std::mem::take(&mut phase.mapping.inputs).into_iter();
    let (late_asked, early_asked): (Vec<_>, Vec<_>) = std::mem::take(&mut phase.enrich)
        .into_iter()
        .zip(asked)
        .partition(|(_, input)| waits(input, lookups, &waiting_lets));
    let (late, early): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(path, expr)| {
        !phase.target.key.contains(path)
            && (waits(expr, lookups, &waiting_lets)
                || late_asked.iter().any(|(enrich, _)| enrich.field == *path))
    });
    (phase.enrich, phase.mapping.inputs) = early_asked.into_iter().unzip();
    phase.mapping.fields = early;
    if late.is_empty() {
        return None;
    }
    let mut second = phase.clone();
    second.name = format!("{}{SUFFIX}", phase.name);
    second.renamed_from = phase.renamed_from.as_ref().map(|name| format!("{name}{SUFFIX}"));
    second.description = Some(format!("references of {}, filled in afterwards", phase.name));
    second.checksum = format!("{}{SUFFIX}", phase.checksum);
    second.follows = Some(phase.history_name());
    second.expected = None;
    second.max_rejects = None;
    second.deleted = None;
    // Asked for by the phase itself, one copy is enough.
    second.backup = phase.backup.filter(|backup| !backup);
    second.target.write = WriteMode::Patch;
    second.mapping.reject.clear();
    second.mapping.fields.retain(|(path, _)| phase.target.key.contains(path));
    second.mapping.fields.extend(late);
    (second.enrich, second.mapping.inputs) = late_asked.into_iter().unzip();
    for lookup in &mut second.lookups {
        lookup.stub = false;
    }
    phase.mapping.lets.retain(|(name, _)| !waiting_lets.contains(name));
    Some(second)
}

/// Whether an expression needs a lookup that waits, or a named value that does.
fn waits(expr: &Expr, lookups: &[Lookup], waiting: &[String]) -> bool {
    let nested = |expr: &Expr| waits(expr, lookups, waiting);
    let reads = |path: &crate::expr::Path| match &path.root {
        crate::expr::Root::Let(name) => waiting.contains(name),
        _ => false,
    };
    let speaks = |text: &str| waiting.iter().any(|name| text.contains(&format!("let.{name}")));
    let origin = match &expr.origin {
        Origin::Lookup(call) => {
            lookups.get(call.lookup).is_some_and(|lookup| lookup.stub)
                || call.keys.iter().any(nested)
        }
        Origin::First { alternatives, .. } => alternatives.iter().any(nested),
        Origin::Path(path) | Origin::Each(path) => reads(path),
        Origin::Expression(text) | Origin::Template(text) => speaks(text),
        Origin::Value(_) | Origin::Id(_) => false,
    };
    origin
        || expr.steps.iter().any(|step| match step {
            Step::Object(fields) | Step::Extend { fields, .. } => {
                fields.iter().any(|(_, expr)| nested(expr))
            }
            _ => false,
        })
}

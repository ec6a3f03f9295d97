//! Foreign keys order phases: what is referred to comes first.

use super::catalog::Catalog;
use crate::check::Checked;
use crate::check::graph::order;
use crate::plan::{Edge, EdgeReason, Work, WriteMode};

/// Adds an edge for each foreign key between the targets of two phases, unless the plan has the
/// other order already, as with tables that refer to each other.
pub(super) fn order(checked: &mut Checked, catalog: &Catalog) {
    let plan = &checked.plan;
    let mut graph = plan.graph.clone();
    let mut changed = false;
    for (at, phase) in plan.phases.iter().enumerate() {
        let target = &phase.target;
        let Some(schema) = catalog.schema(target.connection, &target.entity) else { continue };
        for key in &schema.foreign_keys {
            for (other_at, other) in plan.phases.iter().enumerate() {
                let creates =
                    matches!(other.target.write, WriteMode::Insert(_) | WriteMode::Append);
                let same_store = plan.connections[other.target.connection].config.url
                    == plan.connections[target.connection].config.url;
                if other_at == at || !creates || !same_store || other.target.entity != key.table {
                    continue;
                }
                let (Some(node), Some(first)) =
                    (graph.find(Work::Phase(at)), graph.find(Work::Phase(other_at)))
                else {
                    continue;
                };
                let known = graph.nodes[node].after.iter().any(|edge| edge.node == first);
                if known || graph.ancestors(first).contains(&node) {
                    continue;
                }
                graph.nodes[node].after.push(Edge { node: first, reason: EdgeReason::ForeignKey });
                let (work, edges): (Vec<_>, Vec<_>) = graph
                    .nodes
                    .into_iter()
                    .map(|node| ((node.work, node.name), node.after))
                    .unzip();
                graph = order::sorted(work, &edges);
                changed = true;
            }
        }
    }
    if changed {
        checked.plan.graph = graph;
    }
}

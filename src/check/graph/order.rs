//! Everything after what it needs, and otherwise in the order of the file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::plan::{Edge, Graph, Node, Work};

/// Sorts work, given in the order of the file, with edges between places of that order.
///
/// Edges go in no circle; work that waited in one would be left out.
pub(in crate::check) fn sorted(work: Vec<(Work, String)>, edges: &[Vec<Edge>]) -> Graph {
    let count = work.len();
    let mut open: Vec<usize> = Vec::with_capacity(count);
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, edges) in edges.iter().enumerate() {
        let mut before: Vec<usize> = edges.iter().map(|edge| edge.node).collect();
        before.sort_unstable();
        before.dedup();
        open.push(before.len());
        for other in before {
            followers[other].push(at);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..count).filter(|at| open[*at] == 0).map(Reverse).collect();
    let mut places = vec![None; count];
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse(at)) = ready.pop() {
        places[at] = Some(order.len());
        order.push(at);
        for follower in &followers[at] {
            open[*follower] -= 1;
            if open[*follower] == 0 {
                ready.push(Reverse(*follower));
            }
        }
    }
    let mut work: Vec<Option<(Work, String)>> = work.into_iter().map(Some).collect();
    let nodes = order
        .into_iter()
        .filter_map(|at| {
            let (work, name) = work[at].take()?;
            let mut after: Vec<Edge> = edges[at]
                .iter()
                .filter_map(|edge| Some(Edge { node: places[edge.node]?, reason: edge.reason }))
                .collect();
            after.sort_by_key(|edge| (edge.node, edge.reason));
            after.dedup();
            Some(Node { work, name, after })
        })
        .collect();
    Graph { nodes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::EdgeReason;

    fn names(count: usize, edges: &[(usize, usize)]) -> Vec<String> {
        let work = (0..count).map(|at| (Work::Phase(at), at.to_string())).collect();
        let mut all = vec![Vec::new(); count];
        for (waits, node) in edges {
            all[*waits].push(Edge { node: *node, reason: EdgeReason::After });
        }
        let graph = sorted(work, &all);
        for (at, node) in graph.nodes.iter().enumerate() {
            assert!(node.after.iter().all(|edge| edge.node < at), "each after what it needs");
        }
        graph.nodes.into_iter().map(|node| node.name).collect()
    }

    #[test]
    fn the_order_of_the_file_is_kept_where_it_can_be() {
        assert_eq!(names(4, &[]), ["0", "1", "2", "3"]);
        assert_eq!(names(4, &[(0, 3)]), ["1", "2", "3", "0"]);
        assert_eq!(names(4, &[(0, 2), (0, 2), (1, 0)]), ["2", "0", "1", "3"]);
    }
}

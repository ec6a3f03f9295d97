//! The order of the work: nodes with edges to what must be done before them.

/// A node, by its place in the graph.
pub type NodeId = usize;

/// The work of a plan in an order in which everything comes after what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes, each after all that it depends on.
    pub nodes: Vec<Node>,
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub work: Work,
    /// Its name: `spec.phase`, `index spec.entity (a, b)`, `check spec: name`.
    pub name: String,
    /// What must be done before.
    pub after: Vec<Edge>,
}

/// What a node is, by its place in the plan's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Enums and tables.
    Structure(usize),
    /// A phase.
    Phase(usize),
    /// An index.
    Index(usize),
    /// A check.
    Check(usize),
}

/// A dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// On which node.
    pub node: NodeId,
    /// Why.
    pub reason: EdgeReason,
}

/// Why something comes after something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeReason {
    /// The spec says so (`after`).
    After,
    /// It looks up the ids that a phase makes.
    Lookup,
    /// It reads what a phase writes.
    Reads,
    /// It writes where a phase writes or reads: the order of the file is kept.
    Writes,
    /// A foreign key refers to what a phase writes.
    ForeignKey,
    /// An index stands before the data, or the data before an index.
    Index,
    /// It checks what a phase wrote.
    Checks,
    /// It uses a table that is made.
    Table,
}

impl EdgeReason {
    /// The word in plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::After => "after",
            Self::Lookup => "lookup",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::ForeignKey => "foreign key",
            Self::Index => "index",
            Self::Checks => "checks",
            Self::Table => "table",
        }
    }
}

impl Graph {
    /// Where a piece of work stands.
    pub fn find(&self, work: Work) -> Option<NodeId> {
        self.nodes.iter().position(|node| node.work == work)
    }

    /// All nodes that a node depends on, directly or not.
    pub fn ancestors(&self, node: NodeId) -> Vec<NodeId> {
        let mut seen = vec![false; self.nodes.len()];
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            for edge in &self.nodes[at].after {
                if !std::mem::replace(&mut seen[edge.node], true) {
                    open.push(edge.node);
                }
            }
        }
        (0..self.nodes.len()).filter(|index| seen[*index]).collect()
    }

    /// All nodes that depend on a node, directly or not.
    pub fn descendants(&self, node: NodeId) -> Vec<NodeId> {
        let mut seen = vec![false; self.nodes.len()];
        seen[node] = true;
        for (index, other) in self.nodes.iter().enumerate() {
            if other.after.iter().any(|edge| seen[edge.node]) {
                seen[index] = true;
            }
        }
        (0..self.nodes.len()).filter(|index| seen[*index] && *index != node).collect()
    }
}

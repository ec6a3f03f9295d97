//! What will be done: checked, with all names resolved, and immutable.
//!
//! A plan is plain data. It knows nothing of TOML, so a program can build one too; and a phase of it
//! can be run by any worker that is handed it, again and again, with the same result.

mod check;
mod enrich;
pub mod evolve;
mod explain;
mod graph;
mod phase;
mod push_down;
mod second_pass;
mod structure;

pub use check::{Check, CheckKind, Expect, Measure, Operand, Severity, SumOf};
pub use enrich::{Cost, Enrich, Per};
pub use explain::{
    NodeStatus, PhaseWay, PlannedChange, StructureView, explain_json, explain_mermaid, explain_text,
};
pub use graph::{Edge, EdgeReason, Graph, Node, NodeId, Work};
pub use phase::{
    Changes, Deed, Deleted, Lookup, LookupKind, Off, OnConflict, OnDuplicate, OnMany, Overlap,
    Phase, RejectLimit, Source, Target, Transaction, WriteMode,
};
pub use push_down::{PUSHED_BATCH, push_down};

pub use structure::{EnumTask, Prerequisite, StructureTask, TableTask};

use std::path::PathBuf;

use crate::connectors::ConnectionConfig;
use crate::value::{DataType, Index, Object, Value};

/// Everything that one command works on.
#[derive(Clone, Default)]
pub struct Plan {
    /// The specs, in the order of the arguments.
    pub specs: Vec<SpecInfo>,
    /// The connections; other parts name them by index.
    pub connections: Vec<Connection>,
    /// The phases.
    pub phases: Vec<Phase>,
    /// The indexes to create.
    pub indexes: Vec<IndexTask>,
    /// The checks.
    pub checks: Vec<Check>,
    /// Tables that must be there before anything starts.
    pub prerequisites: Vec<Prerequisite>,
    /// Enums and tables to make and to keep in shape.
    pub structures: Vec<StructureTask>,
    /// The spec tests.
    pub tests: Vec<TestCase>,
    /// The order.
    pub graph: Graph,
}

/// A connection, by its place in the plan.
pub type ConnectionId = usize;

/// A spec of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecInfo {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its file.
    pub path: PathBuf,
    /// A checksum of what it means: comments, order and layout do not count.
    pub checksum: String,
}

/// A connection of the plan.
#[derive(Clone)]
pub struct Connection {
    /// Its name; `spec.name` where several specs give the same name to different stores.
    pub name: String,
    /// What it is opened with.
    pub config: ConnectionConfig,
    /// A folder that fills the database when it is absent or empty.
    pub fixtures: Option<PathBuf>,
    /// Whether destructive commands must ask.
    pub production: bool,
    /// When what will be touched there is backed up first.
    pub backup: Option<BackupWhen>,
    /// What is left behind there on purpose, with the reason: tables or collections, and
    /// `table.column`. `*` stands for any characters.
    pub ignore: Vec<(String, String)>,
}

/// When a connection's tables or collections are backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupWhen {
    /// Before a run, all that its phases will touch, as it was at one moment.
    Run,
    /// Before each phase, what it will touch.
    Phase,
}

/// An index to create.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexTask {
    /// The spec that it belongs to, by its place in the plan.
    pub spec: usize,
    /// Where.
    pub connection: ConnectionId,
    /// The table or collection.
    pub entity: String,
    /// What.
    pub index: Index,
    /// Whether it is created before the data that goes into its table.
    pub before: bool,
}

impl Plan {
    /// The declared table of that name, with the place of its task.
    pub fn declared_table(&self, connection: ConnectionId, name: &str) -> Option<&TableTask> {
        let url = &self.connections.get(connection)?.config.url;
        self.structures
            .iter()
            .filter(|task| self.connections[task.connection].config.url == *url)
            .flat_map(|task| &task.tables)
            .find(|table| table.definition.name == name && !table.definition.columns.is_empty())
    }

    /// The connections that phases, indexes and tables are written to, each once, in order.
    pub fn target_connections(&self) -> Vec<ConnectionId> {
        let mut targets: Vec<ConnectionId> = self
            .phases
            .iter()
            .map(|phase| phase.target.connection)
            .chain(self.indexes.iter().map(|index| index.connection))
            .chain(self.structures.iter().map(|task| task.connection))
            .collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// The phases in the order of the graph; those that it does not hold come last.
    pub fn phases_in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = self
            .graph
            .nodes
            .iter()
            .filter_map(|node| match node.work {
                Work::Phase(index) => Some(index),
                Work::Structure(_) | Work::Index(_) | Work::Check(_) => None,
            })
            .collect();
        order.extend(
            (0..self.phases.len()).filter(|index| self.graph.find(Work::Phase(*index)).is_none()),
        );
        order
    }

    /// The phase with this full name (`spec.phase`), or this short one when only one has it.
    pub fn find_phase(&self, name: &str) -> Option<usize> {
        if let Some(index) = self.phases.iter().position(|phase| phase.full_name() == name) {
            return Some(index);
        }
        let mut short = self.phases.iter().enumerate().filter(|(_, phase)| phase.name == name);
        match (short.next(), short.next()) {
            (Some((index, _)), None) => Some(index),
            _ => None,
        }
    }
}

/// A `[[test]]`: source records and what must become of them.
#[derive(Clone, Debug, PartialEq)]
pub struct TestCase {
    /// Its name, or `phase #n`.
    pub name: String,
    /// The phase, by its place in the plan.
    pub phase: usize,
    /// The source's records.
    pub given: Vec<Object>,
    /// What the target holds before.
    pub existing: Vec<Object>,
    /// What lookups find.
    pub lookups: Vec<TestLookup>,
    /// What the target holds afterwards.
    pub expect: Option<Vec<Object>>,
    /// Whether all fields are compared and not only the named ones.
    pub exact: bool,
    /// What is rejected.
    pub expect_rejects: Option<Fates>,
    /// What is skipped.
    pub expect_skips: Option<Fates>,
    /// Declared types of the target's columns, where the spec tells them.
    pub columns: Vec<(String, DataType)>,
}

/// What a lookup finds in a test.
#[derive(Clone, Debug, PartialEq)]
pub enum TestLookup {
    /// The ids of a phase, by canonical text of the source key.
    Phase {
        /// The phase's full name.
        phase: String,
        /// Source key and id.
        ids: Vec<(String, Value)>,
    },
    /// The records of a table or collection.
    Entity {
        /// Its name.
        entity: String,
        /// Its records.
        records: Vec<Object>,
    },
}

/// Records that do not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fates {
    /// So many.
    Count(u64),
    /// One for each of these reasons, in any order.
    Reasons(Vec<String>),
}

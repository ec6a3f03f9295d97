//! The ledger's tables.

use crate::value::{Column, DataType, Schema};

/// A table of the ledger: its name and its columns after `_id`.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, DataType)],
}

const INT: DataType = DataType::INT64;
const TEXT: DataType = DataType::TEXT;

pub(super) const RUNS: Table = Table {
    name: "mapper_runs",
    columns: &[
        ("spec", TEXT),
        ("version", TEXT),
        ("checksum", TEXT),
        ("command", TEXT),
        ("who", TEXT),
        ("started_at", TEXT),
        ("finished_at", TEXT),
        ("state", TEXT),
    ],
};

pub(super) const PHASES: Table = Table {
    name: "mapper_phases",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("checksum", TEXT),
        ("state", TEXT),
        ("sources", INT),
        ("empty_sources", INT),
        ("read", INT),
        ("inserted", INT),
        ("updated", INT),
        ("unchanged", INT),
        ("skipped", INT),
        ("rejected", INT),
        ("reasons", TEXT),
        ("checkpoint", DataType::Bytes),
        ("batches", INT),
        ("now", TEXT),
        ("started_at", TEXT),
        ("finished_at", TEXT),
        ("seconds", DataType::FLOAT64),
        ("expected", INT),
        ("error", TEXT),
        ("target", TEXT),
    ],
};

pub(super) const BATCHES: Table = Table {
    name: "mapper_batches",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("seq", INT),
        ("first_key", DataType::Bytes),
        ("last_key", DataType::Bytes),
        ("record", DataType::Bytes),
    ],
};

pub(super) const JOURNAL: Table = Table {
    name: "mapper_journal",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("seq", INT),
        ("ordinal", INT),
        ("source_key", DataType::Bytes),
        ("target_id", DataType::Bytes),
        ("before", DataType::Bytes),
    ],
};

pub(super) const REJECTS: Table = Table {
    name: "mapper_rejects",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("seq", INT),
        ("ordinal", INT),
        ("source_key", DataType::Bytes),
        ("reason", TEXT),
        ("field", TEXT),
        ("message", TEXT),
        ("state", TEXT),
    ],
};

pub(super) const OBJECTS: Table = Table {
    name: "mapper_objects",
    columns: &[("run", TEXT), ("kind", TEXT), ("entity", TEXT), ("name", TEXT)],
};

/// What specs declared of structure and what the catalog said then. This table and the next two come
/// with the first spec that declares something.
pub(super) const STRUCTURES: Table =
    Table { name: "mapper_structures", columns: &[("record", TEXT)] };

/// The changes of structure that runs made.
pub(super) const CHANGES: Table = Table {
    name: "mapper_changes",
    columns: &[
        ("run", TEXT),
        ("seq", INT),
        ("kind", TEXT),
        ("name", TEXT),
        ("change", TEXT),
        ("before", TEXT),
        ("state", TEXT),
        ("kept", INT),
        ("at", TEXT),
    ],
};

/// Values that changes of structure took away.
pub(super) const KEPT: Table = Table {
    name: "mapper_kept",
    columns: &[("run", TEXT), ("change", INT), ("part", INT), ("rows", DataType::Bytes)],
};

/// What is being asked of services. This table comes with the first phase that asks something.
pub(super) const CLAIMS: Table = Table {
    name: "mapper_claims",
    columns: &[("run", TEXT), ("phase", TEXT), ("field", TEXT), ("at", TEXT)],
};

/// What is off while a phase writes. This table comes with the first phase that switches something.
pub(super) const SWITCHES: Table = Table {
    name: "mapper_switches",
    columns: &[
        ("run", TEXT),
        ("phase", TEXT),
        ("place", INT),
        ("switch", TEXT),
        ("state", TEXT),
        ("at", TEXT),
    ],
};

/// The published id map where there are tables. It comes when it is first asked for.
pub(super) const IDS: Table = Table {
    name: "mapper_ids",
    columns: &[
        ("phase", TEXT),
        ("source", TEXT),
        ("target", TEXT),
        ("legacy_key", TEXT),
        ("new_id", TEXT),
        ("fate", TEXT),
        ("run", TEXT),
    ],
};

/// The published id map with the runs: a view where there are tables, and elsewhere a collection.
pub(super) const MAPPINGS: Table = Table {
    name: "mapper_mappings",
    columns: &[
        ("phase", TEXT),
        ("source", TEXT),
        ("target", TEXT),
        ("legacy_key", TEXT),
        ("new_id", TEXT),
        ("fate", TEXT),
        ("run", TEXT),
        ("spec", TEXT),
        ("who", TEXT),
        ("started_at", TEXT),
        ("finished_at", TEXT),
    ],
};

/// Facts that belong to no run: the fixtures' marker, accepted checksums.
pub(super) const FACTS: Table = Table { name: "mapper_facts", columns: &[("value", TEXT)] };

pub(super) const ALL: &[&Table] = &[&RUNS, &PHASES, &BATCHES, &JOURNAL, &REJECTS, &OBJECTS, &FACTS];

/// Whether a table or collection is one of the ledger's.
pub fn is_ledger_table(entity: &str) -> bool {
    entity.starts_with("mapper_")
}

impl Table {
    pub(super) fn names(&self) -> Vec<String> {
        std::iter::once("_id")
            .chain(self.columns.iter().map(|(name, _)| *name))
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn schema(&self) -> Schema {
        let column = |name: &str, data_type: &DataType, nullable| Column {
            name: name.to_owned(),
            data_type: data_type.clone(),
            declared: String::new(),
            nullable,
            has_default: false,
            generated: false,
        };
        let mut columns = vec![column("_id", &TEXT, false)];
        columns.extend(self.columns.iter().map(|(name, data_type)| column(name, data_type, true)));
        Schema { columns, primary_key: vec!["_id".to_owned()], ..Schema::default() }
    }
}

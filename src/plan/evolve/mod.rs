//! From one declaration of a table or an enum to the next, as changes; and each change back.

mod apply;
mod differences;
mod enumeration;
mod reverse;
mod table;
mod words;

pub use apply::{apply, apply_elsewhere};
pub use differences::differences;
pub use enumeration::{apply_to_enum, enumeration};
pub use reverse::reverse;
pub use table::{Names, table};
pub use words::{describe, foreign_key_text, index_text};

use crate::value::structure::{StructureChange, TableDefinition};

/// Why an edit of a declaration is refused, and the ways on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A sentence without a full stop.
    pub message: String,
    /// What can be done.
    pub help: String,
}

impl Refusal {
    /// Makes one.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// A table without its foreign keys and indexes, as it is created first.
pub fn bare(table: &TableDefinition) -> TableDefinition {
    TableDefinition { foreign_keys: Vec::new(), indexes: Vec::new(), ..table.clone() }
}

/// Creates a table with all that belongs to it.
pub fn create(definition: &TableDefinition) -> Vec<StructureChange> {
    let table = &definition.name;
    let indexes = definition
        .indexes
        .iter()
        .map(|index| StructureChange::CreateIndex { table: table.clone(), index: index.clone() });
    let keys = definition
        .foreign_keys
        .iter()
        .map(|key| StructureChange::AddForeignKey { table: table.clone(), key: key.clone() });
    std::iter::once(StructureChange::CreateTable(bare(definition)))
        .chain(indexes)
        .chain(keys)
        .collect()
}

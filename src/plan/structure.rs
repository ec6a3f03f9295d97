//! What a spec declares of a store's structure: enums, tables and what belongs to them.

use super::ConnectionId;
use crate::diagnostics::wording;
use crate::value::cast::{Fit, can_fit};
use crate::value::declared::{data_type, type_text};
use crate::value::structure::{ColumnDefinition, ColumnType, EnumDefinition, TableDefinition};
use crate::value::{Column, Schema};

/// One spec's part of one store's structure, which is done together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StructureTask {
    /// The spec that it belongs to, by its place in the plan.
    pub spec: usize,
    /// Where.
    pub connection: ConnectionId,
    /// Whether only the foreign keys are left that another spec's tables had to come before.
    pub closes: bool,
    /// Extensions, created unless they are there.
    pub extensions: Vec<String>,
    /// Types with named values.
    pub enums: Vec<EnumTask>,
    /// Tables, each after those that it refers to as far as they do not refer to each other.
    pub tables: Vec<TableTask>,
    /// Tables that it declares to be there already. What it made of them once is not its own now.
    pub existing: Vec<String>,
}

/// An enum that a spec declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumTask {
    /// What it is. Without values it is dropped.
    pub definition: EnumDefinition,
    /// Its name before.
    pub renamed_from: Option<String>,
    /// Whether what the spec no longer has is removed.
    pub allow_drop: bool,
}

/// A table that a spec declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableTask {
    /// What it is. Without columns it is dropped.
    pub definition: TableDefinition,
    /// Its name before.
    pub renamed_from: Option<String>,
    /// Columns with another name before: that one, and the name now.
    pub renamed_columns: Vec<(String, String)>,
    /// Whether what the spec no longer has is removed.
    pub allow_drop: bool,
    /// Foreign keys, by name, that wait until another spec's tables are there. In a task that closes
    /// they are what it is for.
    pub later: Vec<String>,
}

/// A table that must be there before anything starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prerequisite {
    /// Where.
    pub connection: ConnectionId,
    /// Its name.
    pub table: String,
    /// The columns that it must have.
    pub columns: Vec<ColumnDefinition>,
}

impl Prerequisite {
    /// That a column is not there, as a phrase, with the name that is most like it.
    pub fn absent(&self, wanted: &ColumnDefinition, schema: &Schema) -> String {
        let names = schema.columns.iter().map(|column| column.name.as_str());
        match wording::suggest(&wanted.name, names) {
            Some(close) => format!("it is not there, but `{close}` is"),
            None => "it is not there".to_owned(),
        }
    }

    /// How a column that is there is another one than the spec says, as a phrase.
    pub fn mismatch(&self, wanted: &ColumnDefinition, found: &Column) -> Option<String> {
        let native = matches!(wanted.column_type, ColumnType::Native(_));
        let of = data_type(&wanted.column_type);
        // A store without such a type has something for it that holds all of its values.
        if !native && found.data_type != of && can_fit(&of, &found.data_type) != Fit::Always {
            let declared = type_text(&wanted.column_type);
            return Some(format!("it is {}, not {declared}", found.declared));
        }
        match (wanted.nullable, found.nullable) {
            (false, true) => Some("it may be null".to_owned()),
            (true, false) => Some("it must not be null".to_owned()),
            _ => None,
        }
    }
}

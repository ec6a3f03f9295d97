//! `[table.NAME]`: a table that must be there.

use super::read;
use crate::document::{Entry, KeyShape, Shape, TableShape, Text, TextKind};

/// The shape of a table.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a table",
    id: "table",
    summary: "A table that must be there: it is checked, never created.",
    keys: &[
        KeyShape::required("connection", &Shape::Text(TextKind::Reference), "the connection"),
        KeyShape::required(
            "existing",
            &Shape::True("tables that are created are"),
            "that the table is there already",
        ),
        KeyShape::optional("primary_key", &Shape::NotYet, "its primary key"),
        KeyShape::optional("columns", &Shape::NotYet, "its columns"),
        KeyShape::optional("index", &Shape::NotYet, "its indexes"),
        KeyShape::optional("renamed_from", &Shape::NotYet, "its name before"),
    ],
    groups: &[],
};

/// A table that must exist: it is checked, never created.
#[derive(Clone, Debug)]
pub struct ExistingTable {
    /// Its name.
    pub name: Text,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
}

impl ExistingTable {
    pub(super) fn read(entry: &Entry) -> Option<Self> {
        let table = entry.value.as_table()?;
        Some(Self { name: entry.key.clone(), connection: read::text(table, "connection") })
    }
}

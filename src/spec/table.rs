//! `[table.NAME]`: a table that the spec makes, or one that must be there.

use super::column::{self, DeclaredColumn};
use super::constraint::{self, DeclaredCheck, DeclaredForeignKey, DeclaredIndex, DeclaredUnique};
use super::read::{self, Context};
use crate::document::{Entry, KeyKind, KeyShape, Shape, TableShape, Text, TextKind};

/// The shape of a table.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a table",
    id: "table",
    summary: "A table (on a store of documents a collection) that the spec makes and keeps in \
              shape; with `existing = true` one that must be there, which is checked and never \
              changed.",
    keys: &[
        KeyShape::required("connection", &Shape::Text(TextKind::Reference), "the connection"),
        KeyShape::optional(
            "existing",
            &Shape::Boolean,
            "whether it must be there already: it is checked, never created",
        ),
        KeyShape::optional("comment", &Shape::PLAIN, "what it is for"),
        KeyShape::optional(
            "columns",
            &Shape::MapOf(KeyKind::Reference, &Shape::Table(&column::SHAPE)),
            "its columns by name, in order",
        ),
        KeyShape::optional(
            "primary_key",
            &Shape::Names(TextKind::Reference),
            "the columns of its primary key",
        ),
        KeyShape::optional(
            "foreign_key",
            &Shape::List(&Shape::Table(&constraint::FOREIGN_KEY)),
            "foreign keys of several columns",
        ),
        KeyShape::optional(
            "unique",
            &Shape::List(&Shape::Table(&constraint::UNIQUE)),
            "columns that are unique together",
        ),
        KeyShape::optional(
            "check",
            &Shape::List(&Shape::Table(&constraint::CHECK)),
            "conditions that every row meets",
        ),
        KeyShape::optional("index", &Shape::List(&Shape::Table(&constraint::INDEX)), "its indexes"),
        KeyShape::optional(
            "renamed_from",
            &Shape::Text(TextKind::Reference),
            "its name before; rows stay",
        ),
        KeyShape::optional(
            "allow_drop",
            &Shape::Boolean,
            "whether columns that the spec no longer has are dropped; without `columns`, the table",
        ),
    ],
    groups: &[],
};

/// A table.
#[derive(Clone, Debug)]
pub struct DeclaredTable {
    /// Its name.
    pub name: Text,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// Whether it must be there already.
    pub existing: bool,
    /// What it is for.
    pub comment: Option<Text>,
    /// Its columns in order.
    pub columns: Vec<DeclaredColumn>,
    /// Whether a column was refused, so that names may be missing.
    pub damaged: bool,
    /// The columns of its primary key.
    pub primary_key: Vec<Text>,
    /// Foreign keys of several columns.
    pub foreign_keys: Vec<DeclaredForeignKey>,
    /// Unique constraints of several columns.
    pub unique: Vec<DeclaredUnique>,
    /// Checks.
    pub checks: Vec<DeclaredCheck>,
    /// Indexes.
    pub indexes: Vec<DeclaredIndex>,
    /// Its name before.
    pub renamed_from: Option<Text>,
    /// Whether what the spec no longer has is dropped.
    pub allow_drop: bool,
}

impl DeclaredTable {
    pub(super) fn read(entry: &Entry, context: &mut Context<'_>) -> Option<Self> {
        let table = entry.value.as_table()?;
        let existing = read::boolean(table, "existing").is_some_and(|it| it.value);
        let allow_drop = read::boolean(table, "allow_drop").is_some_and(|it| it.value);
        if existing {
            for key in ["renamed_from", "allow_drop", "comment"] {
                context.misplaced(table, key, "this table is checked, never changed");
            }
        } else if !allow_drop {
            context.needed(
                table,
                "columns",
                entry.key.span(),
                "a table that is made has columns; `existing = true` says that it is there already",
            );
        }
        let columns: Vec<DeclaredColumn> = read::entries(table, "columns")
            .iter()
            .filter_map(|entry| DeclaredColumn::read(entry, context))
            .collect();
        let damaged = columns.len() != read::entries(table, "columns").len()
            || table.get("columns").is_some_and(crate::document::Node::is_invalid);
        Some(Self {
            name: entry.key.clone(),
            connection: read::text(table, "connection"),
            existing,
            comment: read::text(table, "comment"),
            columns,
            damaged,
            primary_key: read::texts(table, "primary_key"),
            foreign_keys: read::tables(table, "foreign_key")
                .map(|(table, span)| DeclaredForeignKey::read(table, span))
                .collect(),
            unique: read::tables(table, "unique")
                .map(|(table, span)| DeclaredUnique::read(table, span))
                .collect(),
            checks: read::tables(table, "check")
                .map(|(table, span)| DeclaredCheck::read(table, span))
                .collect(),
            indexes: read::tables(table, "index")
                .map(|(table, span)| DeclaredIndex::read(table, span))
                .collect(),
            renamed_from: read::text(table, "renamed_from"),
            allow_drop,
        })
    }
}

//! What holds for a table's rows together: foreign keys, unique columns, checks, indexes.

use super::read;
use super::{SortKey, column};
use crate::diagnostics::Span;
use crate::document::{KeyShape, Shape, Spanned, Table, TableShape, Text, TextKind};

/// The shape of a foreign key.
pub(super) static FOREIGN_KEY: TableShape = TableShape {
    name: "a foreign key",
    id: "foreign_key",
    summary: "Columns whose values are those of another table's columns.",
    keys: &[
        KeyShape::required(
            "columns",
            &Shape::NonEmptyList(&Shape::Text(TextKind::Reference)),
            "the columns here",
        ),
        KeyShape::required("table", &Shape::Text(TextKind::Reference), "the other table"),
        KeyShape::optional(
            "references",
            &Shape::NonEmptyList(&Shape::Text(TextKind::Reference)),
            "its columns (default: its primary key)",
        ),
        KeyShape::optional(
            "on_delete",
            &column::ACTION,
            "what happens when the row that is referred to goes",
        ),
        KeyShape::optional(
            "on_update",
            &column::ACTION,
            "what happens when the key that is referred to changes",
        ),
        NAME,
    ],
    groups: &[],
};

/// The shape of a unique constraint.
pub(super) static UNIQUE: TableShape = TableShape {
    name: "a unique constraint",
    id: "unique_columns",
    summary: "Columns that no two rows may have the same in.",
    keys: &[
        KeyShape::required(
            "columns",
            &Shape::NonEmptyList(&Shape::Text(TextKind::Reference)),
            "the columns",
        ),
        NAME,
    ],
    groups: &[],
};

/// The shape of a check.
pub(super) static CHECK: TableShape = TableShape {
    name: "a check of rows",
    id: "table_check",
    summary: "A condition that every row meets.",
    keys: &[
        KeyShape::required(
            "expr",
            &Shape::Text(TextKind::Query),
            "the condition, in the store's language",
        ),
        NAME,
    ],
    groups: &[],
};

/// The shape of an index.
pub(super) static INDEX: TableShape = TableShape {
    name: "an index of a table",
    id: "table_index",
    summary: "An index that belongs to a table of the spec.",
    keys: &[
        KeyShape::required(
            "keys",
            &Shape::NonEmptyList(&Shape::Text(TextKind::Column)),
            "columns, or paths in a collection; `-` before one makes it descending",
        ),
        KeyShape::optional("unique", &Shape::Boolean, "whether it forbids duplicates"),
        KeyShape::optional(
            "where",
            &Shape::Text(TextKind::Query),
            "which rows it covers, as a condition in the store's language",
        ),
        KeyShape::optional(
            "method",
            &Shape::Text(TextKind::Name),
            "how it works: `gin` for what is inside JSON, or another method of the store",
        ),
        NAME,
    ],
    groups: &[],
};

const NAME: KeyShape = KeyShape::optional(
    "name",
    &Shape::Text(TextKind::Name),
    "its name in the store (default: from table and columns)",
);

/// What happens to the rows that refer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are those of SQL")]
pub enum ReferentialAction {
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

impl ReferentialAction {
    pub(super) const CHOICES: [(&str, Self); 5] = [
        ("no_action", Self::NoAction),
        ("restrict", Self::Restrict),
        ("cascade", Self::Cascade),
        ("set_null", Self::SetNull),
        ("set_default", Self::SetDefault),
    ];
}

/// A foreign key of several columns.
#[derive(Clone, Debug)]
pub struct DeclaredForeignKey {
    /// Its table.
    pub span: Span,
    /// The columns here.
    pub columns: Vec<Text>,
    /// The other table. `None` only after an error.
    pub table: Option<Text>,
    /// Its columns; empty is its primary key.
    pub references: Vec<Text>,
    /// When the row that is referred to is deleted.
    pub on_delete: Option<Spanned<ReferentialAction>>,
    /// When the key that is referred to changes.
    pub on_update: Option<Spanned<ReferentialAction>>,
    /// Its name in the store.
    pub name: Option<Text>,
}

/// A unique constraint.
#[derive(Clone, Debug)]
pub struct DeclaredUnique {
    /// Its table.
    pub span: Span,
    /// The columns.
    pub columns: Vec<Text>,
    /// Its name in the store.
    pub name: Option<Text>,
}

/// A check.
#[derive(Clone, Debug)]
pub struct DeclaredCheck {
    /// Its table.
    pub span: Span,
    /// The condition. `None` only after an error.
    pub expression: Option<Text>,
    /// Its name in the store.
    pub name: Option<Text>,
}

/// An index.
#[derive(Clone, Debug)]
pub struct DeclaredIndex {
    /// Its table.
    pub span: Span,
    /// The keys in order.
    pub keys: Vec<SortKey>,
    /// Whether it forbids duplicates.
    pub unique: bool,
    /// Which rows it covers.
    pub condition: Option<Text>,
    /// How it works.
    pub method: Option<Text>,
    /// Its name in the store.
    pub name: Option<Text>,
}

impl DeclaredForeignKey {
    pub(super) fn read(table: &Table, span: Span) -> Self {
        let action = |key| read::choice(table, key, &ReferentialAction::CHOICES);
        Self {
            span,
            columns: read::texts(table, "columns"),
            table: read::text(table, "table"),
            references: read::texts(table, "references"),
            on_delete: action("on_delete"),
            on_update: action("on_update"),
            name: read::text(table, "name"),
        }
    }
}

impl DeclaredUnique {
    pub(super) fn read(table: &Table, span: Span) -> Self {
        Self { span, columns: read::texts(table, "columns"), name: read::text(table, "name") }
    }
}

impl DeclaredCheck {
    pub(super) fn read(table: &Table, span: Span) -> Self {
        Self { span, expression: read::text(table, "expr"), name: read::text(table, "name") }
    }
}

impl DeclaredIndex {
    pub(super) fn read(table: &Table, span: Span) -> Self {
        Self {
            span,
            keys: read::sort_keys(table, "keys"),
            unique: read::boolean(table, "unique").is_some_and(|unique| unique.value),
            condition: read::text(table, "where"),
            method: read::text(table, "method"),
            name: read::text(table, "name"),
        }
    }
}

//! `[[index]]`: an index that the target should have.

use super::Entity;
use super::read;
use crate::diagnostics::Span;
use crate::document::{
    Group, GroupRule, KeyShape, Shape, Spanned, Table, TableShape, Text, TextKind,
};

/// The shape of an index.
pub(super) static SHAPE: TableShape = TableShape {
    name: "an index",
    id: "index",
    summary: "An index that the target should have.",
    keys: &[
        KeyShape::required("connection", &Shape::Text(TextKind::Reference), "the connection"),
        KeyShape::optional("table", &Shape::Text(TextKind::Reference), "the table"),
        KeyShape::optional("collection", &Shape::Text(TextKind::Reference), "the collection"),
        KeyShape::required(
            "keys",
            &Shape::NonEmptyList(&Shape::Text(TextKind::Column)),
            "columns or paths; `-` before one makes it descending",
        ),
        KeyShape::optional("unique", &Shape::Boolean, "whether it forbids duplicates"),
        KeyShape::optional(
            "name",
            &Shape::Text(TextKind::Name),
            "its name (default: from table and keys)",
        ),
        KeyShape::optional(
            "when",
            &Shape::Choice(&read::words(&When::CHOICES)),
            "whether it is made before or after the data (default: after)",
        ),
    ],
    groups: &[Group {
        name: "table or collection",
        keys: &["table", "collection"],
        rule: GroupRule::ExactlyOne,
    }],
};

/// An index.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its table.
    pub span: Span,
    /// Its name; `None` is made from table and keys.
    pub name: Option<Text>,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The keys in order.
    pub keys: Vec<SortKey>,
    /// Whether it forbids duplicates.
    pub unique: bool,
    /// When it is made.
    pub when: Option<Spanned<When>>,
}

/// A column or path with a direction (`"-created"` is descending).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// As written, the `-` left out.
    pub path: String,
    /// Whether it goes from high to low.
    pub descending: bool,
    /// As written.
    pub text: Text,
}

/// When an index is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Before the data.
    Before,
    /// After the data.
    #[default]
    After,
}

impl When {
    const CHOICES: [(&str, Self); 2] = [("before", Self::Before), ("after", Self::After)];
}

impl Index {
    pub(super) fn read(table: &Table, span: Span) -> Self {
        Self {
            span,
            name: read::text(table, "name"),
            connection: read::text(table, "connection"),
            entity: read::entity(table),
            keys: read::sort_keys(table, "keys"),
            unique: read::boolean(table, "unique").is_some_and(|unique| unique.value),
            when: read::choice(table, "when", &When::CHOICES),
        }
    }
}

//! `[seed.NAME]`: rows of test data for one table or collection.

use super::Entity;
use super::generator::{self, SeedField};
use super::read::{self, Context};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::document::{
    Entry, Group, GroupRule, KeyShape, Shape, Spanned, TableShape, Text, TextKind,
};

/// The shape of a seed.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a seed",
    id: "seed",
    summary: "Rows of test data for one table or collection, which `mapper seed` makes.",
    keys: &[
        KeyShape::optional("description", &Shape::PLAIN, "what it is for"),
        KeyShape::required("connection", &Shape::Text(TextKind::Reference), "the connection"),
        KeyShape::optional("table", &Shape::Text(TextKind::Reference), "the table"),
        KeyShape::optional("collection", &Shape::Text(TextKind::Reference), "the collection"),
        KeyShape::optional(
            "count",
            &Shape::Integer { min: 0, max: 1_000_000_000 },
            "how many rows (default: 50)",
        ),
        KeyShape::optional(
            "after",
            &Shape::Names(TextKind::Reference),
            "seeds that must be done before",
        ),
        KeyShape::required(
            "fields",
            &generator::FIELDS,
            "what is written: target fields and how they are made",
        ),
    ],
    groups: &[Group {
        name: "table or collection",
        keys: &["table", "collection"],
        rule: GroupRule::ExactlyOne,
    }],
};

/// Rows of test data.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Its name.
    pub name: Text,
    /// Its header.
    pub span: Span,
    /// What it is for.
    pub description: Option<Text>,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// How many rows.
    pub count: Option<Spanned<u64>>,
    /// Seeds that must be done before.
    pub after: Vec<Text>,
    /// What is written.
    pub fields: Vec<SeedField>,
}

impl Seed {
    /// How many rows there are when the seed does not say.
    pub const DEFAULT_COUNT: u64 = 50;

    pub(super) fn read(entry: &Entry, context: &mut Context<'_>) -> Option<Self> {
        let table = entry.value.as_table()?;
        if let Some(fields) = table.get("fields")
            && fields.as_table().is_some_and(|table| table.entries.is_empty())
        {
            context.diagnostics.push(
                Diagnostic::new(&codes::EMPTY, "`fields` is empty")
                    .at(fields.span, "writes nothing"),
            );
        }
        Some(Self {
            name: entry.key.clone(),
            span: entry.value.span,
            description: read::text(table, "description"),
            connection: read::text(table, "connection"),
            entity: read::entity(table),
            count: read::integer(table, "count"),
            after: read::texts(table, "after"),
            fields: SeedField::read_all(table, "fields", context),
        })
    }
}

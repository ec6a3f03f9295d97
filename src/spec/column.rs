//! `columns.NAME = { … }` of a table: type, default, what it refers to.

use super::read::{self, Context};
use super::{ReferentialAction, literal};
use crate::diagnostics::Span;
use crate::document::{
    Entry, Group, GroupRule, KeyShape, Node, NodeKind, Shape, Spanned, Table, TableShape, Text,
    TextKind,
};
use crate::value::Value;

/// The shape of a column.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a column",
    id: "column",
    summary: "A column of a table, or what a collection's validator asks of a field.",
    keys: &[
        KeyShape::required(
            "type",
            &Shape::OneOf(&[&Shape::Text(TextKind::Reference), &Shape::Table(&NATIVE)]),
            "a portable type, an enum's name, or a type for each store",
        ),
        KeyShape::optional("null", &Shape::Boolean, "whether it may be null (default: false)"),
        KeyShape::optional(
            "default",
            &Shape::OneOf(&[&Shape::Table(&DEFAULT), &Shape::Literal]),
            "what fills it when it is left out: a literal, `uuid`, `now`, `identity`, or an \
             expression of the store",
        ),
        KeyShape::optional("unique", &Shape::Boolean, "whether no two rows may have the same"),
        KeyShape::optional(
            "references",
            &Shape::Text(TextKind::Reference),
            "the `table.column` whose values it takes: a foreign key",
        ),
        KeyShape::optional(
            "on_delete",
            &ACTION,
            "what happens when the row that it refers to goes",
        ),
        KeyShape::optional("on_update", &ACTION, "what happens when the key it refers to changes"),
        KeyShape::optional(
            "generated",
            &Shape::Text(TextKind::Query),
            "the expression that computes it, in the store's language",
        ),
        KeyShape::optional(
            "check",
            &Shape::Text(TextKind::Query),
            "a condition that every row meets, in the store's language",
        ),
        KeyShape::optional("comment", &Shape::PLAIN, "what it is for"),
        KeyShape::optional(
            "renamed_from",
            &Shape::Text(TextKind::Reference),
            "its name before; values stay",
        ),
    ],
    groups: &[],
};

/// What happens to the rows that refer.
pub(super) static ACTION: Shape = Shape::Choice(&read::words(&ReferentialAction::CHOICES));

static NATIVE: TableShape = TableShape {
    name: "a type for each store",
    id: "column_type",
    summary: "A type of one store, as it is written there, and what takes its place elsewhere.",
    keys: &[
        KeyShape::optional("postgres", &Shape::Text(TextKind::Query), "in PostgreSQL"),
        KeyShape::optional("mysql", &Shape::Text(TextKind::Query), "in MariaDB and MySQL"),
        KeyShape::optional("sqlite", &Shape::Text(TextKind::Query), "in SQLite"),
        KeyShape::optional(
            "otherwise",
            &Shape::Text(TextKind::Reference),
            "the portable type, or enum, of every other store",
        ),
    ],
    groups: &[Group {
        name: "type",
        keys: &["postgres", "mysql", "sqlite", "otherwise"],
        rule: GroupRule::AtLeastOne,
    }],
};

static DEFAULT: TableShape = TableShape {
    name: "a default",
    id: "column_default",
    summary: "An expression of the store, or a literal that is a table.",
    keys: &[
        KeyShape::optional(
            "expr",
            &Shape::Text(TextKind::Query),
            "an expression in the store's language",
        ),
        KeyShape::optional("value", &Shape::Literal, "a literal, such as an empty JSON object"),
    ],
    groups: &[Group { name: "value", keys: &["expr", "value"], rule: GroupRule::ExactlyOne }],
};

/// A column.
#[derive(Clone, Debug)]
pub struct DeclaredColumn {
    /// Its name.
    pub name: Text,
    /// What it holds. `None` only after an error.
    pub column_type: Option<DeclaredType>,
    /// Whether it may be null.
    pub null: bool,
    /// What fills it when it is left out.
    pub default: Option<DeclaredDefault>,
    /// Whether no two rows may have the same.
    pub unique: bool,
    /// The `table.column` that it refers to.
    pub references: Option<Text>,
    /// When the row that it refers to is deleted.
    pub on_delete: Option<Spanned<ReferentialAction>>,
    /// When the key that it refers to changes.
    pub on_update: Option<Spanned<ReferentialAction>>,
    /// The expression that computes it.
    pub generated: Option<Text>,
    /// A condition that every row meets.
    pub check: Option<Text>,
    /// What it is for.
    pub comment: Option<Text>,
    /// Its name before.
    pub renamed_from: Option<Text>,
}

/// The type of a column as written.
#[derive(Clone, Debug)]
pub enum DeclaredType {
    /// A portable type, or an enum.
    Named(Text),
    /// A type for each store.
    PerStore {
        /// Where it stands.
        span: Span,
        /// The connector and its type.
        stores: Vec<(&'static str, Text)>,
        /// Of every other store.
        otherwise: Option<Text>,
    },
}

/// What fills a column that is left out, as written.
#[derive(Clone, Debug)]
pub enum DeclaredDefault {
    /// A literal, or one of the words.
    Value(Spanned<Value>),
    /// A literal that is no word.
    Literal(Spanned<Value>),
    /// An expression of the store.
    Expression(Text),
}

impl DeclaredDefault {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Value(value) | Self::Literal(value) => value.span,
            Self::Expression(text) => text.span(),
        }
    }
}

impl DeclaredColumn {
    pub(super) fn read(entry: &Entry, context: &mut Context<'_>) -> Option<Self> {
        let table = entry.value.as_table()?;
        let boolean = |key| read::boolean(table, key).is_some_and(|it| it.value);
        for (key, why) in [
            ("on_delete", "there is no `references` that it could be about"),
            ("on_update", "there is no `references` that it could be about"),
        ] {
            if table.get("references").is_none() {
                context.misplaced(table, key, why);
            }
        }
        if table.get("generated").is_some() {
            context.misplaced(table, "default", "a generated column is computed, always");
        }
        Some(Self {
            name: entry.key.clone(),
            column_type: table.get("type").and_then(read_type),
            null: boolean("null"),
            default: table.get("default").and_then(|node| read_default(node, context)),
            unique: boolean("unique"),
            references: read::text(table, "references"),
            on_delete: read::choice(table, "on_delete", &ReferentialAction::CHOICES),
            on_update: read::choice(table, "on_update", &ReferentialAction::CHOICES),
            generated: read::text(table, "generated"),
            check: read::text(table, "check"),
            comment: read::text(table, "comment"),
            renamed_from: read::text(table, "renamed_from"),
        })
    }
}

fn read_type(node: &Node) -> Option<DeclaredType> {
    match &node.kind {
        NodeKind::Text(name) => Some(DeclaredType::Named(name.clone())),
        NodeKind::Table(table) => Some(DeclaredType::PerStore {
            span: node.span,
            stores: ["postgres", "mysql", "sqlite"]
                .into_iter()
                .filter_map(|store| Some((store, read::text(table, store)?)))
                .collect(),
            otherwise: read::text(table, "otherwise"),
        }),
        _ => None,
    }
}

fn read_default(node: &Node, context: &mut Context<'_>) -> Option<DeclaredDefault> {
    let literal_of =
        |node: &Node, context: &mut Context<'_>| literal::read(node, context.diagnostics);
    match &node.kind {
        NodeKind::Table(table) if !table.is_extended_json() => of_table(table, context),
        _ => literal_of(node, context).map(DeclaredDefault::Value),
    }
}

fn of_table(table: &Table, context: &mut Context<'_>) -> Option<DeclaredDefault> {
    if let Some(text) = read::text(table, "expr") {
        return Some(DeclaredDefault::Expression(text));
    }
    literal::read(table.get("value")?, context.diagnostics).map(DeclaredDefault::Literal)
}

//! `expect = { … }`: what a check's answer should be.

use super::read::{self, Context};
use super::{Entity, Filter, Query, Sum, check_kind, literal};
use crate::diagnostics::Span;
use crate::document::{
    Bound, Group, GroupRule, KeyShape, Node, NodeKind, Shape, Spanned, Table, TableShape, Text,
    TextKind, parse_bound, parse_percent,
};
use crate::value::Value;

/// The shape of `expect`.
pub(super) static SHAPE: TableShape = TableShape {
    name: "`expect`",
    id: "expect",
    summary: "What the answer of a check should be.",
    keys: &[
        KeyShape::optional(
            "equals",
            &Shape::OneOf(&[&Shape::Table(&OPERAND), &Shape::Literal]),
            "the answer is this: a literal, or an answer from elsewhere",
        ),
        KeyShape::optional(
            "min",
            &Shape::OneOf(&[&Shape::Table(&OPERAND), &Shape::Literal]),
            "the answer is at least this",
        ),
        KeyShape::optional(
            "max",
            &Shape::OneOf(&[&Shape::Table(&OPERAND), &Shape::Literal]),
            "the answer is at most this",
        ),
        KeyShape::optional(
            "rows",
            &Shape::Integer { min: 0, max: i64::MAX },
            "so many records are found",
        ),
        KeyShape::optional(
            "rate",
            &Shape::OneOf(&[&Shape::Bound, &Shape::Table(&RATE)]),
            "a share: of all records that a filter finds, of what a query counts, or of the records \
             that a phase did not reject",
        ),
        KeyShape::optional(
            "explained_by",
            &Shape::Text(TextKind::Reference),
            "the phase whose skips and rejects explain a difference",
        ),
    ],
    groups: &[Group {
        name: "expectation",
        keys: &["equals", "min", "max", "rows", "rate"],
        rule: GroupRule::AtLeastOne,
    }],
};

static OPERAND: TableShape = TableShape {
    name: "an operand",
    id: "operand",
    summary: "An answer from elsewhere: a query's, a count, or a total.",
    keys: &[
        KeyShape::optional("connection", &Shape::Text(TextKind::Reference), "the connection"),
        KeyShape::optional("query", &super::query::SHAPE, "a query; by scheme where they differ"),
        KeyShape::optional(
            "table",
            &Shape::Text(TextKind::Reference),
            "a table whose records are counted",
        ),
        KeyShape::optional(
            "collection",
            &Shape::Text(TextKind::Reference),
            "a collection whose records are counted",
        ),
        KeyShape::optional("filter", &Shape::Filter, "which records are counted"),
        KeyShape::optional("sum", &Shape::Table(&check_kind::SUM), "a total"),
    ],
    groups: &[Group {
        name: "answer",
        keys: &["query", "table", "collection", "sum"],
        rule: GroupRule::ExactlyOne,
    }],
};

static RATE: TableShape = TableShape {
    name: "`rate`",
    id: "rate",
    summary: "Bounds of a share.",
    keys: &[
        KeyShape::optional("min", &Shape::Percent, "at least"),
        KeyShape::optional("max", &Shape::Percent, "at most"),
    ],
    groups: &[Group { name: "bound", keys: &["min", "max"], rule: GroupRule::AtLeastOne }],
};

/// `expect = { … }`.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Its table.
    pub span: Span,
    /// The answer is this.
    pub equals: Option<Operand>,
    /// The answer is at least this.
    pub min: Option<Operand>,
    /// The answer is at most this.
    pub max: Option<Operand>,
    /// So many records are found.
    pub rows: Option<Spanned<u64>>,
    /// At least this share of all records is found.
    pub rate: Option<Rate>,
    /// The phase whose skips and rejects explain a difference.
    pub explained_by: Option<Text>,
}

/// A share of all records, from 0 to 1; at least one bound is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// At least.
    pub min: Option<Spanned<f64>>,
    /// At most.
    pub max: Option<Spanned<f64>>,
}

/// What an answer is compared with.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A literal.
    Literal(Spanned<Value>),
    /// The answer of a query elsewhere.
    Query {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The query.
        query: Query,
    },
    /// How many records there are elsewhere.
    Count {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The table or collection.
        entity: Entity,
        /// Which records.
        filter: Option<Filter>,
    },
    /// A total elsewhere.
    Sum(Sum),
    /// Something that was refused; the error is reported.
    Invalid,
}

impl Expect {
    pub(super) fn read(node: &Node, check: &Table, context: &mut Context<'_>) -> Option<Self> {
        let table = node.as_table()?;
        let has = |key: &str| check.get(key).is_some();
        if !["filter", "query", "phase"].iter().any(|key| has(key)) {
            context.misplaced(table, "rate", "belongs to a `filter`, `query` or `phase`");
        }
        if has("phase") {
            for key in ["equals", "min", "max", "rows", "explained_by"] {
                context.misplaced(table, key, "of a `phase` its `rate` is expected");
            }
        }
        if ["sum", "stats"].iter().any(|key| check.get(key).is_some()) {
            context.misplaced(table, "rows", "belongs to a `query` or `filter`");
        }
        let operand = |key: &str, context: &mut Context<'_>| {
            table.get(key).map(|node| Operand::read(node, context))
        };
        Some(Self {
            span: node.span,
            equals: operand("equals", context),
            min: operand("min", context),
            max: operand("max", context),
            rows: read::integer(table, "rows"),
            rate: table.get("rate").and_then(Rate::read),
            explained_by: read::text(table, "explained_by"),
        })
    }
}

impl Rate {
    fn read(node: &Node) -> Option<Self> {
        let share = |text: &Text| Some(Spanned::new(parse_percent(text)?, text.span()));
        match &node.kind {
            NodeKind::Text(text) => Some(match parse_bound(text)? {
                Bound::AtLeast(least) => {
                    Self { min: Some(Spanned::new(least, text.span())), max: None }
                }
                Bound::AtMost(most) => {
                    Self { min: None, max: Some(Spanned::new(most, text.span())) }
                }
            }),
            NodeKind::Table(table) => {
                let bound = |key| read::text(table, key).as_ref().and_then(share);
                Some(Self { min: bound("min"), max: bound("max") })
            }
            _ => None,
        }
    }
}

impl Operand {
    fn read(node: &Node, context: &mut Context<'_>) -> Self {
        let table = match &node.kind {
            NodeKind::Table(table) if !table.is_extended_json() => table,
            _ => {
                return literal::read(node, context.diagnostics)
                    .map_or(Self::Invalid, Self::Literal);
            }
        };
        if let Some(sum) = table.get("sum") {
            context.misplaced(table, "connection", "`sum` has its own");
            context.misplaced(table, "filter", "`sum` has its own");
            return Sum::read(sum, context).map_or(Self::Invalid, Self::Sum);
        }
        context.needed(table, "connection", node.span, "has no `connection`");
        let connection = read::text(table, "connection");
        if table.get("query").is_some() {
            context.misplaced(table, "filter", "the query selects");
            return Query::read(table, "query")
                .map_or(Self::Invalid, |query| Self::Query { connection, query });
        }
        match read::entity(table) {
            Some(entity) => Self::Count {
                connection,
                entity,
                filter: Filter::read(table, "filter", context.diagnostics),
            },
            None => Self::Invalid,
        }
    }
}

//! The kinds of checks: what a `[[check]]` looks at.

use std::time::Duration;

use super::read::{self, Context};
use super::{Entity, Filter, Query, SortKey};
use crate::diagnostics::Span;
use crate::document::{
    Group, GroupRule, KeyKind, KeyShape, Node, Shape, Spanned, Table, TableShape, Text, TextKind,
};

const CONNECTION: KeyShape =
    KeyShape::required("connection", &Shape::Text(TextKind::Reference), "the connection");
const TABLE: KeyShape = KeyShape::optional("table", &Shape::Text(TextKind::Reference), "the table");
const COLLECTION: KeyShape =
    KeyShape::optional("collection", &Shape::Text(TextKind::Reference), "the collection");
const FILTER: KeyShape = KeyShape::optional("filter", &Shape::Filter, "which records");
const ENTITY: Group = Group {
    name: "table or collection",
    keys: &["table", "collection"],
    rule: GroupRule::ExactlyOne,
};

/// The shape of `references`.
pub(super) static REFERENCES: TableShape = TableShape {
    name: "`references`",
    id: "references",
    summary: "Each reference finds its record.",
    keys: &[
        CONNECTION,
        KeyShape::required(
            "from",
            &Shape::Text(TextKind::Reference),
            "the table or collection that refers",
        ),
        KeyShape::required("path", &Shape::Text(TextKind::Column), "its field that refers"),
        KeyShape::required(
            "to",
            &Shape::Text(TextKind::Reference),
            "the table or collection referred to",
        ),
        KeyShape::required("key", &Shape::Text(TextKind::Column), "its field that is referred to"),
        KeyShape::optional("back", &Shape::Text(TextKind::Column), "its field that refers back"),
    ],
    groups: &[],
};

/// The shape of `compare`.
pub(super) static COMPARE: TableShape = TableShape {
    name: "`compare`",
    id: "compare",
    summary: "Records of two tables agree.",
    keys: &[
        CONNECTION,
        KeyShape::required(
            "left",
            &Shape::Text(TextKind::Reference),
            "the one table or collection",
        ),
        KeyShape::required("right", &Shape::Text(TextKind::Reference), "the other"),
        KeyShape::required(
            "on",
            &Shape::MapOf(KeyKind::Reference, &Shape::Text(TextKind::Column)),
            "which records belong together: fields of the left with those of the right",
        ),
        KeyShape::required(
            "equal",
            &Shape::NonEmptyList(&Shape::Text(TextKind::Column)),
            "the fields that must be equal",
        ),
    ],
    groups: &[],
};

/// The shape of `latency`.
pub(super) static LATENCY: TableShape = TableShape {
    name: "`latency`",
    id: "latency",
    summary: "A read is quick.",
    keys: &[
        CONNECTION,
        TABLE,
        COLLECTION,
        FILTER,
        KeyShape::optional(
            "sort",
            &Shape::Names(TextKind::Column),
            "in which order; `-` before a field is descending",
        ),
        KeyShape::optional("limit", &Shape::Integer { min: 1, max: i64::MAX }, "at most so many"),
        KeyShape::optional(
            "repeat",
            &Shape::Integer { min: 1, max: 10_000 },
            "how often it is read (default: 20)",
        ),
        KeyShape::required("p95", &Shape::Duration, "the time that 95 of 100 reads keep"),
    ],
    groups: &[ENTITY],
};

/// The shape of `stats`.
pub(super) static STATS: TableShape = TableShape {
    name: "`stats`",
    id: "stats",
    summary: "How large a table or collection is.",
    keys: &[
        CONNECTION,
        TABLE,
        COLLECTION,
        KeyShape::optional(
            "measure",
            &Shape::Choice(&read::words(&Measure::CHOICES)),
            "the number that `expect` is about (default: records)",
        ),
    ],
    groups: &[ENTITY],
};

/// The shape of `unique`.
pub(super) static UNIQUE: TableShape = TableShape {
    name: "`unique`",
    id: "unique",
    summary: "No two records share these fields.",
    keys: &[
        CONNECTION,
        TABLE,
        COLLECTION,
        KeyShape::required(
            "keys",
            &Shape::NonEmptyList(&Shape::Text(TextKind::Column)),
            "the fields",
        ),
    ],
    groups: &[ENTITY],
};

/// The shape of `sum`.
pub(super) static SUM: TableShape = TableShape {
    name: "`sum`",
    id: "sum",
    summary: "A total.",
    keys: &[
        CONNECTION,
        TABLE,
        COLLECTION,
        KeyShape::required("of", &Shape::Text(TextKind::Column), "the field that is added up"),
        FILTER,
    ],
    groups: &[ENTITY],
};

/// What a check looks at.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// The answer of a query.
    Query {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The query.
        query: Query,
    },
    /// The records that a filter finds.
    Filter {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The table or collection. `None` only after an error.
        entity: Option<Entity>,
        /// Which records.
        filter: Filter,
    },
    /// Each reference finds its record.
    References(References),
    /// Records of two tables agree.
    Compare(Compare),
    /// A read is quick.
    Latency(Latency),
    /// How large a table or collection is.
    Stats(Stats),
    /// No two records share these fields.
    Unique(Unique),
    /// A total.
    Sum(Sum),
    /// How many of its records a phase did not reject.
    Phase(Text),
    /// Something that was refused; the error is reported.
    Invalid,
}

/// `references = { … }`.
#[derive(Clone, Debug)]
pub struct References {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection that refers. `None` only after an error.
    pub from: Option<Text>,
    /// The field that refers. `None` only after an error.
    pub path: Option<Text>,
    /// The table or collection referred to. `None` only after an error.
    pub to: Option<Text>,
    /// Its field that is referred to. `None` only after an error.
    pub key: Option<Text>,
    /// Its field that refers back.
    pub back: Option<Text>,
}

/// `compare = { … }`.
#[derive(Clone, Debug)]
pub struct Compare {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The one table or collection. `None` only after an error.
    pub left: Option<Text>,
    /// The other. `None` only after an error.
    pub right: Option<Text>,
    /// Which records belong together: fields of the left with those of the right.
    pub on: Vec<(Text, Text)>,
    /// The fields that must be equal.
    pub equal: Vec<Text>,
}

/// `latency = { … }`.
#[derive(Clone, Debug)]
pub struct Latency {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// Which records.
    pub filter: Option<Filter>,
    /// In which order.
    pub sort: Vec<SortKey>,
    /// At most so many.
    pub limit: Option<Spanned<u64>>,
    /// How often it is read.
    pub repeat: Option<Spanned<u64>>,
    /// The time that 95 of 100 reads keep. `None` only after an error.
    pub p95: Option<Spanned<Duration>>,
}

impl Latency {
    /// How often it is read when the spec does not say.
    pub const DEFAULT_REPEAT: u64 = 20;
}

/// `stats = { … }`.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The number that `expect` is about.
    pub measure: Option<Spanned<Measure>>,
}

/// A number about a table or collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Records.
    #[default]
    Records,
    /// Bytes of data.
    Bytes,
    /// Bytes of indexes.
    IndexBytes,
    /// Bytes of data per record.
    AverageBytes,
}

/// `unique = { … }`.
#[derive(Clone, Debug)]
pub struct Unique {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The fields.
    pub keys: Vec<Text>,
}

/// `sum = { … }`: also an operand of `expect.equals`.
#[derive(Clone, Debug)]
pub struct Sum {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The field that is added up. `None` only after an error.
    pub of: Option<Text>,
    /// Which records.
    pub filter: Option<Filter>,
}

impl Measure {
    const CHOICES: [(&str, Self); 4] = [
        ("records", Self::Records),
        ("bytes", Self::Bytes),
        ("index_bytes", Self::IndexBytes),
        ("average_bytes", Self::AverageBytes),
    ];
}

impl CheckKind {
    pub(super) fn read(table: &Table, context: &mut Context<'_>) -> Self {
        let connection = read::text(table, "connection");
        if let Some(query) = Query::read(table, "query") {
            return Self::Query { connection, query };
        }
        if table.get("filter").is_some() {
            return match Filter::read(table, "filter", context.diagnostics) {
                Some(filter) => Self::Filter { connection, entity: read::entity(table), filter },
                None => Self::Invalid,
            };
        }
        let inner = |key: &str| {
            let node = table.get(key)?;
            Some((node.as_table()?, node.span))
        };
        if let Some((table, span)) = inner("references") {
            return Self::References(References {
                span,
                connection: read::text(table, "connection"),
                from: read::text(table, "from"),
                path: read::text(table, "path"),
                to: read::text(table, "to"),
                key: read::text(table, "key"),
                back: read::text(table, "back"),
            });
        }
        if let Some((table, span)) = inner("compare") {
            return Self::Compare(Compare {
                span,
                connection: read::text(table, "connection"),
                left: read::text(table, "left"),
                right: read::text(table, "right"),
                on: read::text_map(table, "on"),
                equal: read::texts(table, "equal"),
            });
        }
        if let Some((table, span)) = inner("latency") {
            return Self::Latency(Latency {
                span,
                connection: read::text(table, "connection"),
                entity: read::entity(table),
                filter: Filter::read(table, "filter", context.diagnostics),
                sort: read::sort_keys(table, "sort"),
                limit: read::integer(table, "limit"),
                repeat: read::integer(table, "repeat"),
                p95: read::duration(table, "p95"),
            });
        }
        if let Some((table, span)) = inner("stats") {
            return Self::Stats(Stats {
                span,
                connection: read::text(table, "connection"),
                entity: read::entity(table),
                measure: read::choice(table, "measure", &Measure::CHOICES),
            });
        }
        if let Some((table, span)) = inner("unique") {
            return Self::Unique(Unique {
                span,
                connection: read::text(table, "connection"),
                entity: read::entity(table),
                keys: read::texts(table, "keys"),
            });
        }
        if let Some(phase) = read::text(table, "phase") {
            return Self::Phase(phase);
        }
        table.get("sum").and_then(|node| Sum::read(node, context)).map_or(Self::Invalid, Self::Sum)
    }
}

impl Sum {
    pub(super) fn read(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let table = node.as_table()?;
        Some(Self {
            span: node.span,
            connection: read::text(table, "connection"),
            entity: read::entity(table),
            of: read::text(table, "of"),
            filter: Filter::read(table, "filter", context.diagnostics),
        })
    }
}

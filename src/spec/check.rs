//! `[[check]]`: what must hold afterwards.

use super::read::{self, Context};
use super::{CheckKind, Expect, check_kind, expect};
use crate::diagnostics::Span;
use crate::document::{
    Group, GroupRule, KeyShape, Shape, Spanned, Table, TableShape, Text, TextKind,
};

/// The keys of which a check has one.
const KINDS: &[&str] =
    &["query", "filter", "references", "compare", "latency", "stats", "unique", "sum", "phase"];

/// The shape of a check.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a check",
    id: "check",
    summary: "What must hold afterwards.",
    keys: &[
        KeyShape::required("name", &Shape::Text(TextKind::Words), "what holds, as a sentence"),
        KeyShape::optional(
            "after",
            &Shape::Names(TextKind::Reference),
            "phases that must be done before",
        ),
        KeyShape::optional(
            "severity",
            &Shape::Choice(&read::words(&CheckSeverity::CHOICES)),
            "what a failure means: error stops what depends on it (default: error)",
        ),
        KeyShape::optional("advice", &Shape::PLAIN, "what to do when it fails"),
        KeyShape::optional(
            "connection",
            &Shape::Text(TextKind::Reference),
            "the connection of `query` or `filter`",
        ),
        KeyShape::optional(
            "table",
            &Shape::Text(TextKind::Reference),
            "the table that `filter` looks at",
        ),
        KeyShape::optional(
            "collection",
            &Shape::Text(TextKind::Reference),
            "the collection that `filter` looks at",
        ),
        KeyShape::optional(
            "query",
            &super::query::SHAPE,
            "a query with `expect`; by scheme where they differ",
        ),
        KeyShape::optional("filter", &Shape::Filter, "a filter with `expect`"),
        KeyShape::optional(
            "references",
            &Shape::Table(&check_kind::REFERENCES),
            "each reference finds its record",
        ),
        KeyShape::optional(
            "compare",
            &Shape::Table(&check_kind::COMPARE),
            "records of two tables agree",
        ),
        KeyShape::optional("latency", &Shape::Table(&check_kind::LATENCY), "a read is quick"),
        KeyShape::optional(
            "stats",
            &Shape::Table(&check_kind::STATS),
            "how large a table or collection is",
        ),
        KeyShape::optional(
            "unique",
            &Shape::Table(&check_kind::UNIQUE),
            "no two records share these fields",
        ),
        KeyShape::optional("sum", &Shape::Table(&check_kind::SUM), "a total with `expect`"),
        KeyShape::optional(
            "phase",
            &Shape::Text(TextKind::Reference),
            "a phase whose success is looked at: the share of its records that it did not reject",
        ),
        KeyShape::optional(
            "expect",
            &Shape::Table(&expect::SHAPE),
            "what is expected of `query`, `filter`, `sum`, `stats` or `phase`",
        ),
    ],
    groups: &[
        Group { name: "kind", keys: KINDS, rule: GroupRule::ExactlyOne },
        Group {
            name: "table or collection",
            keys: &["table", "collection"],
            rule: GroupRule::AtMostOne,
        },
    ],
};

/// A check.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name. `None` only after an error.
    pub name: Option<Text>,
    /// Its table.
    pub span: Span,
    /// Phases that must be done before.
    pub after: Vec<Text>,
    /// What a failure means.
    pub severity: Option<Spanned<CheckSeverity>>,
    /// What to do when it fails.
    pub advice: Option<Text>,
    /// What is looked at.
    pub kind: CheckKind,
    /// What is expected (`query`, `filter`, `sum`, `stats`, `phase`).
    pub expect: Option<Expect>,
}

/// What a failed check means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckSeverity {
    /// It is reported.
    Info,
    /// It is reported as a warning.
    Warning,
    /// It stops what depends on it.
    #[default]
    Error,
}

impl CheckSeverity {
    const CHOICES: [(&str, Self); 3] =
        [("error", Self::Error), ("warning", Self::Warning), ("info", Self::Info)];
}

impl Check {
    /// What a failure means.
    pub fn severity(&self) -> CheckSeverity {
        self.severity.map(|severity| severity.value).unwrap_or_default()
    }

    pub(super) fn read(table: &Table, span: Span, context: &mut Context<'_>) -> Self {
        let has = |key: &str| table.get(key).is_some();
        let kinds = KINDS.iter().filter(|kind| has(kind)).count();
        // With several kinds, or none, it is not known what the others belong to.
        if kinds == 1 {
            Self::check_belongings(table, span, context);
        }
        Self {
            name: read::text(table, "name"),
            span,
            after: read::texts(table, "after"),
            severity: read::choice(table, "severity", &CheckSeverity::CHOICES),
            advice: read::text(table, "advice"),
            kind: CheckKind::read(table, context),
            expect: table.get("expect").and_then(|node| Expect::read(node, table, context)),
        }
    }

    fn check_belongings(table: &Table, span: Span, context: &mut Context<'_>) {
        let has = |key: &str| table.get(key).is_some();
        if has("query") || has("filter") {
            context.needed(table, "connection", span, "has no `connection`");
        } else {
            context.misplaced(table, "connection", "belongs to `query` or `filter`");
        }
        if has("filter") {
            if !has("table") && !has("collection") {
                context.needed(table, "table", span, "a filter needs `table` or `collection`");
            }
        } else {
            for key in ["table", "collection"] {
                context.misplaced(table, key, "belongs to `filter`");
            }
        }
        if has("query") || has("filter") || has("sum") || has("phase") {
            context.needed(table, "expect", span, "says nothing that could fail");
        } else if !has("stats") {
            context.misplaced(
                table,
                "expect",
                "belongs to `query`, `filter`, `sum`, `stats` or `phase`",
            );
        }
    }
}

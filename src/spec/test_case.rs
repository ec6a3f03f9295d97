//! `[[test]]`: a test of a phase's mapping, without a database.

use super::literal;
use super::read::{self, Context};
use crate::diagnostics::Span;
use crate::document::{
    Entry, Group, GroupRule, KeyKind, KeyShape, Node, NodeKind, Shape, Spanned, Table, TableShape,
    Text, TextKind,
};
use crate::value::Value;

/// The shape of a test.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a test",
    id: "test",
    summary: "A test of a phase's mapping, without a database.",
    keys: &[
        KeyShape::optional("name", &Shape::PLAIN, "what it shows"),
        KeyShape::required("phase", &Shape::Text(TextKind::Reference), "the phase"),
        KeyShape::required("given", &Shape::List(&Shape::Record), "the source's records"),
        KeyShape::optional(
            "existing",
            &Shape::List(&Shape::Record),
            "what the target holds before",
        ),
        KeyShape::optional(
            "lookups",
            &Shape::MapOf(KeyKind::Reference, &LOOKUP),
            "what lookups find: by phase, ids by source key; by table, its records",
        ),
        KeyShape::optional(
            "expect",
            &Shape::List(&Shape::Record),
            "what the target holds afterwards, matched by target key",
        ),
        KeyShape::optional(
            "exact",
            &Shape::Boolean,
            "whether all fields are compared and not only the named ones",
        ),
        KeyShape::optional("expect_rejects", &FATES, "how many are rejected, or the reasons"),
        KeyShape::optional("expect_skips", &FATES, "how many are skipped, or the reasons"),
    ],
    groups: &[Group {
        name: "expectation",
        keys: &["expect", "expect_rejects", "expect_skips"],
        rule: GroupRule::AtLeastOne,
    }],
};

static LOOKUP: Shape =
    Shape::OneOf(&[&Shape::MapOf(KeyKind::Code, &Shape::Literal), &Shape::List(&Shape::Record)]);

static FATES: Shape =
    Shape::OneOf(&[&Shape::Integer { min: 0, max: i64::MAX }, &Shape::List(&Shape::PLAIN)]);

/// A test.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// Its table.
    pub span: Span,
    /// Its name.
    pub name: Option<Text>,
    /// The phase. `None` only after an error.
    pub phase: Option<Text>,
    /// The source's records; each value is an object.
    pub given: Vec<Spanned<Value>>,
    /// What the target holds before.
    pub existing: Vec<Spanned<Value>>,
    /// What lookups find, by phase or by table.
    pub lookups: Vec<(Text, TestLookup)>,
    /// What the target holds afterwards; `None` when the test does not say.
    pub expect: Option<Spanned<Vec<Spanned<Value>>>>,
    /// Whether all fields are compared and not only the named ones.
    pub exact: bool,
    /// What is rejected.
    pub expect_rejects: Option<Spanned<Fates>>,
    /// What is skipped.
    pub expect_skips: Option<Spanned<Fates>>,
}

/// What a lookup finds in a test.
#[derive(Clone, Debug)]
pub enum TestLookup {
    /// A phase's ids by source key, in canonical text.
    Ids(Vec<(Text, Spanned<Value>)>),
    /// A table's records; each value is an object.
    Records(Vec<Spanned<Value>>),
}

/// Records that do not arrive.
#[derive(Clone, Debug, PartialEq)]
pub enum Fates {
    /// So many.
    Count(u64),
    /// One for each of these reasons.
    Reasons(Vec<Text>),
}

impl TestCase {
    pub(super) fn read(table: &Table, span: Span, context: &mut Context<'_>) -> Self {
        let diagnostics = &mut *context.diagnostics;
        let expect = table
            .get("expect")
            .map(|node| Spanned::new(literal::records(table, "expect", diagnostics), node.span));
        if expect.is_none() {
            context.misplaced(table, "exact", "belongs to `expect`");
        }
        let diagnostics = &mut *context.diagnostics;
        Self {
            span,
            name: read::text(table, "name"),
            phase: read::text(table, "phase"),
            given: literal::records(table, "given", diagnostics),
            existing: literal::records(table, "existing", diagnostics),
            lookups: read::entries(table, "lookups")
                .iter()
                .filter_map(|entry| TestLookup::read(entry, context))
                .collect(),
            expect,
            exact: read::boolean(table, "exact").is_some_and(|exact| exact.value),
            expect_rejects: table.get("expect_rejects").and_then(Fates::read),
            expect_skips: table.get("expect_skips").and_then(Fates::read),
        }
    }
}

impl TestLookup {
    fn read(entry: &Entry, context: &mut Context<'_>) -> Option<(Text, Self)> {
        let found = match &entry.value.kind {
            NodeKind::Table(table) => Self::Ids(
                table
                    .entries
                    .iter()
                    .filter_map(|id| {
                        Some((id.key.clone(), literal::read(&id.value, context.diagnostics)?))
                    })
                    .collect(),
            ),
            NodeKind::Array(nodes) => Self::Records(
                nodes.iter().filter_map(|node| literal::read(node, context.diagnostics)).collect(),
            ),
            _ => return None,
        };
        Some((entry.key.clone(), found))
    }
}

impl Fates {
    fn read(node: &Node) -> Option<Spanned<Self>> {
        let fates = match &node.kind {
            NodeKind::Integer(count) => Self::Count(u64::try_from(*count).ok()?),
            NodeKind::Array(_) => Self::Reasons(read::node_texts(node)),
            _ => return None,
        };
        Some(Spanned::new(fates, node.span))
    }
}

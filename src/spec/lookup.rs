//! `lookup`: the id that another phase made, or a field of another table.

use super::read::{self, Context};
use super::{Entity, Field, field};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::document::{
    Group, GroupRule, KeyShape, NodeKind, Shape, Spanned, Table, TableShape, Text, TextKind,
};

/// The full form of a lookup; a bare string is short for `{ phase = … }`.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a lookup",
    id: "lookup",
    summary: "The id that a phase made for a key, or a field of any table. A bare string is short \
              for `{ phase = … }`.",
    keys: &[
        KeyShape::optional("phase", &Shape::Text(TextKind::Reference), "the phase"),
        KeyShape::optional("table", &Shape::Text(TextKind::Reference), "the table"),
        KeyShape::optional("collection", &Shape::Text(TextKind::Reference), "the collection"),
        KeyShape::optional(
            "connection",
            &Shape::Text(TextKind::Reference),
            "the connection of the table or collection",
        ),
        KeyShape::optional(
            "take",
            &Shape::Text(TextKind::Column),
            "the column or path that is taken",
        ),
        KeyShape::optional(
            "match",
            &field::FIELDS,
            "by which fields the record is found: its columns with rules",
        ),
        KeyShape::optional(
            "on_many",
            &Shape::Choice(&read::words(&OnMany::CHOICES)),
            "what happens when several match (default: reject)",
        ),
        KeyShape::optional(
            "after",
            &Shape::Names(TextKind::Reference),
            "phases that must be done before",
        ),
        KeyShape::optional(
            "stub",
            &Shape::Boolean,
            "whether what it refers to may come later or go in circles",
        ),
    ],
    groups: &[Group {
        name: "phase, table or collection",
        keys: &["phase", "table", "collection"],
        rule: GroupRule::ExactlyOne,
    }],
};

/// A lookup.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The whole of it.
    pub span: Span,
    /// In what.
    pub target: LookupTarget,
    /// By which fields, when it is not by the origin's value. The rules see the source record.
    pub matches: Option<Vec<Field>>,
    /// Whether what it refers to may come later or go in circles.
    pub stub: Option<Spanned<bool>>,
    /// Phases that must be done before.
    pub after: Vec<Text>,
}

/// What a lookup looks in.
#[derive(Clone, Debug)]
pub enum LookupTarget {
    /// The ids that a phase made or found.
    Phase(Text),
    /// A table or collection.
    Entity {
        /// The connection. `None` only after an error.
        connection: Option<Text>,
        /// The table or collection.
        entity: Entity,
        /// The column or path that is taken. `None` only after an error.
        take: Option<Text>,
        /// What happens when several match.
        on_many: Option<Spanned<OnMany>>,
    },
    /// Something that was refused; the error is reported.
    Invalid,
}

/// What happens when several records match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMany {
    /// The record is rejected.
    #[default]
    Reject,
    /// The first, in key order, serves.
    First,
    /// The last, in key order, serves.
    Last,
    /// All serve, as a list.
    All,
}

impl OnMany {
    const CHOICES: [(&str, Self); 4] = [
        ("reject", Self::Reject),
        ("first", Self::First),
        ("last", Self::Last),
        ("all", Self::All),
    ];
}

impl Lookup {
    /// Reads the lookup of a rule's table, with the `match` and `stub` that may stand beside it.
    pub(super) fn read(rule: &Table, context: &mut Context<'_>) -> Option<Self> {
        let node = rule.get("lookup")?;
        let empty = Table::default();
        let (table, target) = match &node.kind {
            NodeKind::Text(phase) => (&empty, LookupTarget::Phase(phase.clone())),
            NodeKind::Table(table) => (table, LookupTarget::read(table, node.span, context)),
            _ => (&empty, LookupTarget::Invalid),
        };
        for key in ["match", "stub"] {
            if let (Some(inner), Some(beside)) = (table.entry(key), rule.entry(key)) {
                context.diagnostics.push(
                    Diagnostic::new(&codes::SEVERAL_OF, format!("the lookup has `{key}` twice"))
                        .at(beside.key.span(), "again beside it")
                        .and(inner.key.span(), "first inside it"),
                );
            }
        }
        let holder = if table.get("match").is_some() { table } else { rule };
        let matches =
            holder.get("match").is_some().then(|| Field::read_all(holder, "match", context));
        check_key(rule, node.span, &target, holder, context);
        Some(Self {
            span: node.span,
            target,
            matches,
            stub: read::boolean(table, "stub").or_else(|| read::boolean(rule, "stub")),
            after: read::texts(table, "after"),
        })
    }
}

/// A phase is looked up by the origin's value, a table by `match`.
fn check_key(
    rule: &Table,
    span: Span,
    target: &LookupTarget,
    holder: &Table,
    context: &mut Context<'_>,
) {
    let origin = ["from", "value", "expr", "template", "id", "each", "first"]
        .iter()
        .find_map(|key| rule.entry(key));
    let by_match = holder.entry("match");
    match (target, by_match) {
        (LookupTarget::Phase(_), Some(entry)) => context.diagnostics.push(
            Diagnostic::new(&codes::MISPLACED_KEY, "a phase is looked up by its source key")
                .at(entry.key.span(), "has no meaning here")
                .help("write `from` with the source key, or look up the table itself"),
        ),
        (LookupTarget::Phase(_), None) if origin.is_none() => context.diagnostics.push(
            Diagnostic::new(&codes::NONE_OF, "the lookup of a phase needs a key")
                .at(span, "has no key")
                .help("add `from` with the path of the source key"),
        ),
        (LookupTarget::Entity { .. }, None) => context.diagnostics.push(
            Diagnostic::new(&codes::MISSING_KEY, "the lookup of a table needs `match`")
                .at(span, "`match` is missing")
                .help(
                    "`match` names the fields that the record is found by: { email = \"email\" }",
                ),
        ),
        (LookupTarget::Entity { .. }, Some(entry)) => {
            if let Some(origin) = origin {
                context.diagnostics.push(
                    Diagnostic::new(&codes::SEVERAL_OF, "a lookup by `match` is an origin itself")
                        .at(origin.key.span(), "excludes the lookup")
                        .and(entry.key.span(), "the key of the lookup"),
                );
            }
            if entry.value.as_table().is_some_and(|table| table.entries.is_empty()) {
                context.diagnostics.push(
                    Diagnostic::new(&codes::EMPTY, "`match` is empty")
                        .at(entry.value.span, "finds every record"),
                );
            }
        }
        _ => {}
    }
}

impl LookupTarget {
    fn read(table: &Table, span: Span, context: &mut Context<'_>) -> Self {
        if table.get("phase").is_some() {
            for key in ["connection", "take", "on_many"] {
                context.misplaced(table, key, "belongs to the lookup of a table");
            }
            return read::text(table, "phase").map_or(Self::Invalid, Self::Phase);
        }
        let Some(entity) = read::entity(table) else { return Self::Invalid };
        context.needed(table, "connection", span, "the lookup of a table needs `connection`");
        context.needed(table, "take", span, "the lookup of a table needs `take`");
        Self::Entity {
            connection: read::text(table, "connection"),
            entity,
            take: read::text(table, "take"),
            on_many: read::choice(table, "on_many", &OnMany::CHOICES),
        }
    }
}

//! `[phase.NAME]`: records from a source, mapped, into a target.

use super::read::{self, Context};
use super::{Deleted, Enrich, Field, Source, Target, enrich, field, source, target};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::document::{
    Entry, KeyKind, KeyShape, Node, NodeKind, Shape, Spanned, Table, TableShape, Text, TextKind,
    parse_percent,
};

/// The shape of a phase.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a phase",
    id: "phase",
    summary: "Records from a source, mapped, into a target.",
    keys: &[
        KeyShape::optional("description", &Shape::PLAIN, "what it is for"),
        KeyShape::required("source", &Shape::Table(&source::SHAPE), "where records come from"),
        KeyShape::required("target", &Shape::Table(&target::SHAPE), "where they go"),
        KeyShape::required(
            "fields",
            &field::FIELDS,
            "what is written: target fields and their rules",
        ),
        KeyShape::optional("let", &field::FIELDS, "named values that are not written"),
        KeyShape::optional(
            "mark",
            &field::FIELDS,
            "what is set in records that the source no longer has, with `deleted = \"mark\"`",
        ),
        KeyShape::optional(
            "skip",
            &Shape::List(&Shape::Table(&CONDITION)),
            "records that are left out, tested before the fields",
        ),
        KeyShape::optional(
            "reject",
            &Shape::List(&Shape::Table(&CONDITION)),
            "records that are rejected, tested after the fields",
        ),
        KeyShape::optional(
            "after",
            &Shape::Names(TextKind::Reference),
            "phases that must be done before",
        ),
        KeyShape::optional(
            "batch",
            &Shape::Integer { min: 1, max: 1_000_000 },
            "records per batch (default: 1000)",
        ),
        KeyShape::optional(
            "transaction",
            &Shape::Choice(&read::words(&Transaction::CHOICES)),
            "what commits together (default: the engine groups batches)",
        ),
        KeyShape::optional(
            "on_duplicate",
            &Shape::Choice(&read::words(&OnDuplicate::CHOICES)),
            "what happens to a second record with the same target key (default: reject)",
        ),
        KeyShape::optional(
            "max_rejects",
            &Shape::OneOf(&[&Shape::Integer { min: 0, max: i64::MAX }, &Shape::Percent]),
            "how many rejects stop the phase",
        ),
        KeyShape::optional(
            "expected",
            &Shape::Integer { min: 0, max: i64::MAX },
            "how many records the source should hold",
        ),
        KeyShape::optional(
            "ignore",
            &Shape::MapOf(KeyKind::Reference, &Shape::Text(TextKind::Words)),
            "source columns or paths that are left out, each with the reason",
        ),
        KeyShape::optional(
            "renamed_from",
            &Shape::Text(TextKind::Name),
            "the name under which it ran before",
        ),
        KeyShape::optional(
            "enrich",
            &Shape::MapOf(KeyKind::Target, &Shape::Table(&enrich::SHAPE)),
            "target fields that an HTTP service fills, each with how",
        ),
        KeyShape::optional(
            "enabled",
            &Shape::Boolean,
            "whether the phase is run at all (default: true)",
        ),
        KeyShape::optional(
            "triggers",
            &Shape::Choice(&read::words(&Triggers::CHOICES)),
            "whether the target's triggers work while the phase writes (default: on)",
        ),
        KeyShape::optional(
            "foreign_keys",
            &Shape::Choice(&read::words(&ForeignKeys::CHOICES)),
            "when the target's foreign keys are checked: with every row, or all at the end \
             (default: immediate)",
        ),
        KeyShape::optional(
            "backup",
            &Shape::Boolean,
            "whether the target is exported before the phase begins (default: as its connection \
             says)",
        ),
    ],
    groups: &[],
};

static CONDITION: TableShape = TableShape {
    name: "a rule",
    id: "condition",
    summary: "Which records, and why.",
    keys: &[
        KeyShape::required("when", &Shape::Text(TextKind::Expression), "an expression"),
        KeyShape::required("reason", &Shape::Text(TextKind::Words), "why, as reports show it"),
    ],
    groups: &[],
};

/// A phase.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name, short: the full name is `spec.phase`.
    pub name: Text,
    /// Its header.
    pub span: Span,
    /// What it is for.
    pub description: Option<Text>,
    /// Where records come from. `None` only after an error.
    pub source: Option<Source>,
    /// Where they go. `None` only after an error.
    pub target: Option<Target>,
    /// Records per batch.
    pub batch: Option<Spanned<u64>>,
    /// What commits together.
    pub transaction: Option<Spanned<Transaction>>,
    /// What happens to a second record with the same target key.
    pub on_duplicate: Option<Spanned<OnDuplicate>>,
    /// How many rejects stop the phase.
    pub max_rejects: Option<Spanned<RejectLimit>>,
    /// Phases that must be done before.
    pub after: Vec<Text>,
    /// How many records the source should hold.
    pub expected: Option<Spanned<u64>>,
    /// Source columns that are left out, with the reason.
    pub ignore: Vec<(Text, Text)>,
    /// Named values that are not written.
    pub lets: Vec<Field>,
    /// What is written.
    pub fields: Vec<Field>,
    /// What is set in records that the source no longer has.
    pub mark: Vec<Field>,
    /// Records that are left out, tested before the fields.
    pub skip: Vec<Condition>,
    /// Records that are rejected, tested after the fields.
    pub reject: Vec<Condition>,
    /// The name under which it ran before.
    pub renamed_from: Option<Text>,
    /// Target fields that a service fills.
    pub enrich: Vec<Enrich>,
    /// Whether it is run at all.
    pub enabled: Option<Spanned<bool>>,
    /// Whether the target's triggers work meanwhile.
    pub triggers: Option<Spanned<Triggers>>,
    /// When the target's foreign keys are checked.
    pub foreign_keys: Option<Spanned<ForeignKeys>>,
    /// Whether its target is exported before it begins; as its connection says when it does not.
    pub backup: Option<Spanned<bool>>,
}

impl Phase {
    /// Records per batch when the phase does not say.
    pub const DEFAULT_BATCH: u64 = 1000;

    /// Records per batch: no more than any enrichment takes together.
    pub fn batch(&self) -> u64 {
        let own = self.batch.map_or(Self::DEFAULT_BATCH, |batch| batch.value);
        self.enrich.iter().map(Enrich::batch).fold(own, u64::min)
    }

    /// What happens to a second record with the same target key.
    pub fn on_duplicate(&self) -> OnDuplicate {
        self.on_duplicate.map_or(OnDuplicate::Reject, |choice| choice.value)
    }
}

/// What commits together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// Each source record.
    Record,
    /// Each batch.
    Batch,
    /// The whole phase.
    Phase,
}

/// What happens to a second record with the same target key within the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The first one is written, each further one is rejected.
    Reject,
    /// The first one is written.
    First,
    /// The last one is written.
    Last,
}

/// Whether the target's triggers work while a phase writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triggers {
    /// They do.
    On,
    /// They do not.
    Off,
}

/// When the target's foreign keys are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKeys {
    /// With every row.
    Immediate,
    /// All together, when the phase has written everything.
    Deferred,
}

/// How many rejects stop a phase, or how many records may be gone from its source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RejectLimit {
    /// More than this many.
    Count(u64),
    /// More than this share of the records read (0.01 for `"1%"`).
    Share(f64),
}

/// A `[[phase.NAME.skip]]` or `[[phase.NAME.reject]]` rule.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The expression. `None` only after an error.
    pub when: Option<Text>,
    /// Why; shown and counted. `None` only after an error.
    pub reason: Option<Text>,
    /// The rule's table.
    pub span: Span,
}

impl Transaction {
    const CHOICES: [(&str, Self); 3] =
        [("record", Self::Record), ("batch", Self::Batch), ("phase", Self::Phase)];
}

impl Triggers {
    const CHOICES: [(&str, Self); 2] = [("on", Self::On), ("off", Self::Off)];
}

impl ForeignKeys {
    const CHOICES: [(&str, Self); 2] =
        [("immediate", Self::Immediate), ("deferred", Self::Deferred)];
}

impl OnDuplicate {
    const CHOICES: [(&str, Self); 3] =
        [("reject", Self::Reject), ("first", Self::First), ("last", Self::Last)];
}

impl Phase {
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
        let source = table.get("source").and_then(|node| Source::read(node, context));
        let target = table.get("target").and_then(|node| Target::read(node, context));
        let fields = Field::read_all(table, "fields", context);
        let mark = Field::read_all(table, "mark", context);
        let deleted = source.as_ref().and_then(|source| source.deleted.as_ref());
        Deleted::check(deleted, table, target.as_ref(), (&fields, &mark), context);
        Some(Self {
            name: entry.key.clone(),
            span: entry.value.span,
            description: read::text(table, "description"),
            source,
            target,
            batch: read::integer(table, "batch"),
            transaction: read::choice(table, "transaction", &Transaction::CHOICES),
            on_duplicate: read::choice(table, "on_duplicate", &OnDuplicate::CHOICES),
            max_rejects: table.get("max_rejects").and_then(RejectLimit::read),
            after: read::texts(table, "after"),
            expected: read::integer(table, "expected"),
            ignore: read::text_map(table, "ignore"),
            lets: Field::read_all(table, "let", context),
            fields,
            mark,
            skip: Condition::read_all(table, "skip"),
            reject: Condition::read_all(table, "reject"),
            renamed_from: read::text(table, "renamed_from"),
            enrich: Enrich::read_all(table),
            enabled: read::boolean(table, "enabled"),
            triggers: read::choice(table, "triggers", &Triggers::CHOICES),
            foreign_keys: read::choice(table, "foreign_keys", &ForeignKeys::CHOICES),
            backup: read::boolean(table, "backup"),
        })
    }
}

impl RejectLimit {
    pub(super) fn read(node: &Node) -> Option<Spanned<Self>> {
        let limit = match &node.kind {
            NodeKind::Integer(count) => Self::Count(u64::try_from(*count).ok()?),
            NodeKind::Text(text) => Self::Share(parse_percent(text)?),
            _ => return None,
        };
        Some(Spanned::new(limit, node.span))
    }
}

impl Condition {
    fn read_all(table: &Table, key: &str) -> Vec<Self> {
        read::tables(table, key)
            .map(|(table, span)| Self {
                when: read::text(table, "when"),
                reason: read::text(table, "reason"),
                span,
            })
            .collect()
    }
}

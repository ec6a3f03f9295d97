//! A generator: how one field of a seeded row is made.

use super::read::{self, Context};
use super::{Entity, Filter, TargetKey, literal};
use crate::diagnostics::Span;
use crate::document::{
    Group, GroupRule, KeyKind, KeyShape, Node, NodeKind, Shape, Spanned, Table, TableShape, Text,
    TextKind, parse_percent,
};
use crate::value::Value;

/// The shape of the fields of a seed.
pub(super) static FIELDS: Shape = Shape::MapOf(KeyKind::Target, &Shape::Table(&SHAPE));

/// The keys of which a generator has one.
const KINDS: &[&str] = &[
    "fake",
    "pick",
    "integer",
    "decimal",
    "boolean",
    "date",
    "timestamp",
    "sequence",
    "id",
    "value",
    "template",
    "reference",
    "object",
    "list",
];

/// The shape of a generator.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a generator",
    id: "generator",
    summary: "How one field of a seeded row is made: one kind, and how clean the values are.",
    keys: &[
        KeyShape::optional(
            "fake",
            &Shape::Text(TextKind::Reference),
            "a kind of made-up text; `mapper list fakes` lists them",
        ),
        KeyShape::optional("pick", &Shape::NonEmptyList(&Shape::Literal), "one of these values"),
        KeyShape::optional(
            "weights",
            &Shape::NonEmptyList(&Shape::Integer { min: 0, max: 1_000_000 }),
            "how often each value of `pick` comes, in proportion",
        ),
        KeyShape::optional("integer", &Shape::Table(&INTEGER), "a whole number"),
        KeyShape::optional("decimal", &Shape::Table(&DECIMAL), "a decimal number"),
        KeyShape::optional("boolean", &Shape::Table(&BOOLEAN), "true or false"),
        KeyShape::optional("date", &Shape::Table(&SPAN), "a day"),
        KeyShape::optional("timestamp", &Shape::Table(&SPAN), "a moment, in whole seconds"),
        KeyShape::optional(
            "sequence",
            &Shape::Table(&SEQUENCE),
            "a number that grows from row to row",
        ),
        KeyShape::optional(
            "id",
            &Shape::Choice(&read::words(&SeedId::CHOICES)),
            "an id that no other row has",
        ),
        KeyShape::optional("value", &Shape::Literal, "the same in every row"),
        KeyShape::optional(
            "template",
            &Shape::Text(TextKind::Template),
            "text made of other fields of the row, and of `row`, its number from 1",
        ),
        KeyShape::optional(
            "reference",
            &Shape::OneOf(&[&Shape::Text(TextKind::Reference), &Shape::Table(&ROWS)]),
            "a field of a row of another seed, by its name, or of a row that is there already",
        ),
        KeyShape::optional(
            "take",
            &Shape::Text(TextKind::Column),
            "with `reference`: the field that is taken (default: `id`; of a collection `_id`)",
        ),
        KeyShape::optional(
            "distribution",
            &Shape::Choice(&read::words(&Distribution::CHOICES)),
            "with `reference`: how rows are chosen (default: uniform)",
        ),
        KeyShape::optional("where", &Shape::Filter, "with `reference`: which rows can be chosen"),
        KeyShape::optional("object", &FIELDS, "an object with these fields"),
        KeyShape::optional("list", &Shape::Table(&LIST), "a list"),
        KeyShape::optional("null_rate", &Shape::Percent, "the share of nulls"),
        KeyShape::optional("unique", &Shape::Boolean, "whether no two rows have the same value"),
        KeyShape::optional("dirty", &Shape::Table(&DIRTY), "values that are wrong on purpose"),
    ],
    groups: &[Group { name: "kind", keys: KINDS, rule: GroupRule::ExactlyOne }],
};

static INTEGER: TableShape = TableShape {
    name: "`integer`",
    id: "integer_range",
    summary: "Whole numbers, both ends included.",
    keys: &[
        KeyShape::required("min", &Shape::Integer { min: i64::MIN, max: i64::MAX }, "the smallest"),
        KeyShape::required("max", &Shape::Integer { min: i64::MIN, max: i64::MAX }, "the largest"),
    ],
    groups: &[],
};

static DECIMAL: TableShape = TableShape {
    name: "`decimal`",
    id: "decimal_range",
    summary: "Decimal numbers, both ends included.",
    keys: &[
        KeyShape::required("min", &Shape::Literal, "the smallest: a number"),
        KeyShape::required("max", &Shape::Literal, "the largest: a number"),
        KeyShape::optional(
            "scale",
            &Shape::Integer { min: 0, max: 18 },
            "digits after the point (default: 2)",
        ),
    ],
    groups: &[],
};

static BOOLEAN: TableShape = TableShape {
    name: "`boolean`",
    id: "boolean_rate",
    summary: "Truth values.",
    keys: &[KeyShape::optional("rate", &Shape::Percent, "the share of true (default: \"50%\")")],
    groups: &[],
};

static SPAN: TableShape = TableShape {
    name: "a span of time",
    id: "time_range",
    summary: "Days or moments, both ends included. An end is a day, a moment, \"now\", or a time \
              before or after it such as \"-2years\" or \"+30days\"; now is 2026-01-01, unless \
              `MAPPER_NOW` says otherwise.",
    keys: &[
        KeyShape::required("from", &Shape::Literal, "the earliest"),
        KeyShape::required("to", &Shape::Literal, "the latest"),
    ],
    groups: &[],
};

static SEQUENCE: TableShape = TableShape {
    name: "`sequence`",
    id: "sequence",
    summary: "Numbers that grow from row to row.",
    keys: &[
        KeyShape::optional(
            "start",
            &Shape::Integer { min: -1_000_000_000_000, max: 1_000_000_000_000 },
            "that of the first row (default: 1)",
        ),
        KeyShape::optional(
            "step",
            &Shape::Integer { min: -1_000_000, max: 1_000_000 },
            "from one row to the next (default: 1)",
        ),
    ],
    groups: &[],
};

static ROWS: TableShape = TableShape {
    name: "rows that are there",
    id: "existing_rows",
    summary: "Rows that are in a table or collection already.",
    keys: &[
        KeyShape::optional(
            "connection",
            &Shape::Text(TextKind::Reference),
            "the connection (default: the seed's)",
        ),
        KeyShape::optional("table", &Shape::Text(TextKind::Reference), "the table"),
        KeyShape::optional("collection", &Shape::Text(TextKind::Reference), "the collection"),
    ],
    groups: &[Group {
        name: "table or collection",
        keys: &["table", "collection"],
        rule: GroupRule::ExactlyOne,
    }],
};

static LIST: TableShape = TableShape {
    name: "`list`",
    id: "seeded_list",
    summary: "A list of values of one generator.",
    keys: &[
        KeyShape::required("of", &Shape::Table(&SHAPE), "how an element is made"),
        KeyShape::optional(
            "min",
            &Shape::Integer { min: 0, max: 10_000 },
            "the fewest elements (default: 0)",
        ),
        KeyShape::required("max", &Shape::Integer { min: 0, max: 10_000 }, "the most elements"),
    ],
    groups: &[],
};

static DIRTY: TableShape = TableShape {
    name: "`dirty`",
    id: "dirty",
    summary: "Values that are wrong on purpose.",
    keys: &[
        KeyShape::required("rate", &Shape::Percent, "the share of rows"),
        KeyShape::required(
            "with",
            &Shape::NonEmptyList(&Shape::OneOf(&[
                &Shape::Choice(&read::words(&Dirt::CHOICES)),
                &Shape::Table(&DIRTY_VALUE),
            ])),
            "what stands there instead, all equally often",
        ),
    ],
    groups: &[],
};

static DIRTY_VALUE: TableShape = TableShape {
    name: "a dirty value",
    id: "dirty_value",
    summary: "A value that stands where another should.",
    keys: &[KeyShape::required("value", &Shape::Literal, "the value")],
    groups: &[],
};

/// A field of a seeded row.
#[derive(Clone, Debug)]
pub struct SeedField {
    /// The target's field.
    pub target: TargetKey,
    /// How it is made.
    pub generator: Generator,
}

/// How one value is made.
#[derive(Clone, Debug)]
pub struct Generator {
    /// The whole of it.
    pub span: Span,
    /// What is made.
    pub kind: GeneratorKind,
    /// The share of nulls, from 0 to 1.
    pub null_rate: Option<Spanned<f64>>,
    /// Whether no two rows have the same value.
    pub unique: Option<Spanned<bool>>,
    /// Values that are wrong on purpose.
    pub dirty: Option<Dirty>,
}

/// What a generator makes.
#[derive(Clone, Debug)]
pub enum GeneratorKind {
    /// Made-up text of a kind.
    Fake(Text),
    /// One of several values. A value that was refused is left out.
    Pick {
        /// The values.
        values: Vec<Spanned<Value>>,
        /// How often each comes.
        weights: Option<Spanned<Vec<u64>>>,
    },
    /// A whole number.
    Integer {
        /// The smallest.
        min: Spanned<i64>,
        /// The largest.
        max: Spanned<i64>,
    },
    /// A decimal number.
    Decimal {
        /// The smallest.
        min: Spanned<Value>,
        /// The largest.
        max: Spanned<Value>,
        /// Digits after the point.
        scale: u8,
    },
    /// True or false.
    Boolean {
        /// The share of true, from 0 to 1.
        rate: f64,
    },
    /// A day.
    Date {
        /// The earliest.
        from: Spanned<Value>,
        /// The latest.
        to: Spanned<Value>,
    },
    /// A moment.
    Timestamp {
        /// The earliest.
        from: Spanned<Value>,
        /// The latest.
        to: Spanned<Value>,
    },
    /// A number that grows from row to row.
    Sequence {
        /// That of the first row.
        start: i64,
        /// From one row to the next.
        step: i64,
    },
    /// An id.
    Id(SeedId),
    /// The same in every row.
    Value(Value),
    /// Text made of other fields.
    Template(Text),
    /// A field of another row.
    Reference(Box<Reference>),
    /// An object.
    Object(Vec<SeedField>),
    /// A list.
    List {
        /// How an element is made.
        of: Box<Generator>,
        /// The fewest elements.
        min: u64,
        /// The most elements.
        max: Spanned<u64>,
    },
    /// Something that was refused; the error is reported.
    Invalid,
}

/// A field of another row.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Of which rows.
    pub of: Referred,
    /// The field that is taken.
    pub take: Option<Text>,
    /// How rows are chosen.
    pub distribution: Option<Spanned<Distribution>>,
    /// Which rows can be chosen.
    pub filter: Option<Filter>,
}

/// Rows that a reference chooses from.
#[derive(Clone, Debug)]
pub enum Referred {
    /// Those of another seed, or earlier ones of the same.
    Seed(Text),
    /// Those that are there.
    Rows {
        /// The whole of it.
        span: Span,
        /// The connection, when it is not the seed's.
        connection: Option<Text>,
        /// The table or collection. `None` only after an error.
        entity: Option<Entity>,
    },
}

/// How a reference chooses rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    /// All equally often.
    #[default]
    Uniform,
    /// The first most often, the second half as often, and so on.
    Zipf,
    /// One after the other, each as often as the others.
    Each,
}

/// Kinds of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedId {
    /// A UUID.
    Uuid,
    /// An object id.
    ObjectId,
}

/// Values that are wrong on purpose.
#[derive(Clone, Debug)]
pub struct Dirty {
    /// The share of rows, from 0 to 1.
    pub rate: f64,
    /// What stands there instead.
    pub with: Vec<Spanned<DirtyWith>>,
}

/// What stands in the place of a clean value.
#[derive(Clone, Debug)]
pub enum DirtyWith {
    /// A kind of dirt.
    Dirt(Dirt),
    /// A value.
    Value(Value),
}

/// Kinds of dirt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dirt {
    /// Null.
    Null,
    /// Empty text.
    Empty,
    /// Text of blanks.
    Blank,
    /// Text that is far too long.
    TooLong,
    /// Text in the other case.
    WrongCase,
    /// A day or moment far in the future.
    FutureDate,
}

impl SeedId {
    const CHOICES: [(&str, Self); 2] = [("uuid", Self::Uuid), ("objectid", Self::ObjectId)];
}

impl Distribution {
    const CHOICES: [(&str, Self); 3] =
        [("uniform", Self::Uniform), ("zipf", Self::Zipf), ("each", Self::Each)];
}

impl Dirt {
    const CHOICES: [(&str, Self); 6] = [
        ("null", Self::Null),
        ("empty", Self::Empty),
        ("blank", Self::Blank),
        ("too_long", Self::TooLong),
        ("wrong_case", Self::WrongCase),
        ("future_date", Self::FutureDate),
    ];
}

impl SeedField {
    pub(super) fn read_all(table: &Table, key: &str, context: &mut Context<'_>) -> Vec<Self> {
        read::entries(table, key)
            .iter()
            .map(|entry| Self {
                target: TargetKey { text: entry.key.clone(), quoted: entry.quoted },
                generator: Generator::read(&entry.value, context),
            })
            .collect()
    }
}

impl Generator {
    fn read(node: &Node, context: &mut Context<'_>) -> Self {
        let mut generator = Self {
            span: node.span,
            kind: GeneratorKind::Invalid,
            null_rate: None,
            unique: None,
            dirty: None,
        };
        let Some(table) = node.as_table() else { return generator };
        if table.get("pick").is_none() {
            context.misplaced(table, "weights", "belongs to `pick`");
        }
        if table.get("reference").is_none() {
            for key in ["take", "distribution", "where"] {
                context.misplaced(table, key, "belongs to `reference`");
            }
        }
        generator.kind = GeneratorKind::read(table, context).unwrap_or(GeneratorKind::Invalid);
        generator.null_rate = percent(table, "null_rate");
        generator.unique = read::boolean(table, "unique");
        generator.dirty = Dirty::read(table, context);
        generator
    }
}

impl GeneratorKind {
    /// `None` after an error, which is told.
    fn read(table: &Table, context: &mut Context<'_>) -> Option<Self> {
        let inner = |key: &str| table.get(key).and_then(Node::as_table);
        let kind = KINDS.iter().find(|key| table.get(key).is_some())?;
        Some(match *kind {
            "fake" => Self::Fake(read::text(table, "fake")?),
            "pick" => {
                let nodes = table.get("pick")?.as_array()?;
                let values: Vec<_> =
                    nodes.iter().map(|node| literal::read(node, context.diagnostics)).collect();
                Self::Pick {
                    values: values.into_iter().collect::<Option<_>>()?,
                    weights: weights(table),
                }
            }
            "integer" => {
                let range = inner("integer")?;
                Self::Integer { min: integer(range, "min")?, max: integer(range, "max")? }
            }
            "decimal" => {
                let range = inner("decimal")?;
                let mut end = |key| literal::read(range.get(key)?, context.diagnostics);
                let (min, max) = (end("min"), end("max"));
                let scale = integer(range, "scale").map_or(2, |scale| scale.value);
                Self::Decimal { min: min?, max: max?, scale: u8::try_from(scale).ok()? }
            }
            "boolean" => {
                let rate = percent(inner("boolean")?, "rate").map_or(0.5, |rate| rate.value);
                Self::Boolean { rate }
            }
            "date" | "timestamp" => {
                let span = inner(kind)?;
                let mut end = |key| literal::read(span.get(key)?, context.diagnostics);
                let (from, to) = (end("from"), end("to"));
                let (from, to) = (from?, to?);
                if *kind == "date" { Self::Date { from, to } } else { Self::Timestamp { from, to } }
            }
            "sequence" => {
                let sequence = inner("sequence")?;
                let number = |key| integer(sequence, key).map_or(1, |number| number.value);
                Self::Sequence { start: number("start"), step: number("step") }
            }
            "id" => Self::Id(read::choice(table, "id", &SeedId::CHOICES)?.value),
            "value" => Self::Value(literal::read(table.get("value")?, context.diagnostics)?.value),
            "template" => Self::Template(read::text(table, "template")?),
            "reference" => Self::Reference(Box::new(Reference::read(table, context)?)),
            "object" => {
                table.get("object")?.as_table()?;
                Self::Object(SeedField::read_all(table, "object", context))
            }
            _ => {
                let list = inner("list")?;
                Self::List {
                    of: Box::new(Generator::read(list.get("of")?, context)),
                    min: read::integer(list, "min").map_or(0, |min| min.value),
                    max: read::integer(list, "max")?,
                }
            }
        })
    }
}

impl Reference {
    fn read(table: &Table, context: &mut Context<'_>) -> Option<Self> {
        let node = table.get("reference")?;
        let of = match &node.kind {
            NodeKind::Text(name) => Referred::Seed(name.clone()),
            NodeKind::Table(rows) => Referred::Rows {
                span: node.span,
                connection: read::text(rows, "connection"),
                entity: read::entity(rows),
            },
            _ => return None,
        };
        Some(Self {
            of,
            take: read::text(table, "take"),
            distribution: read::choice(table, "distribution", &Distribution::CHOICES),
            filter: Filter::read(table, "where", context.diagnostics),
        })
    }
}

impl Dirty {
    fn read(table: &Table, context: &mut Context<'_>) -> Option<Self> {
        let dirty = table.get("dirty")?.as_table()?;
        let rate = percent(dirty, "rate")?.value;
        let mut with = Vec::new();
        for node in dirty.get("with").and_then(Node::as_array).unwrap_or(&[]) {
            let one = match &node.kind {
                NodeKind::Text(word) => Dirt::CHOICES
                    .iter()
                    .find(|(known, _)| *known == word.as_str())
                    .map(|(_, dirt)| DirtyWith::Dirt(*dirt)),
                NodeKind::Table(table) => table
                    .get("value")
                    .and_then(|node| literal::read(node, context.diagnostics))
                    .map(|value| DirtyWith::Value(value.value)),
                _ => None,
            };
            with.extend(one.map(|one| Spanned::new(one, node.span)));
        }
        (!with.is_empty()).then_some(Self { rate, with })
    }
}

fn integer(table: &Table, key: &str) -> Option<Spanned<i64>> {
    let node = table.get(key)?;
    match node.kind {
        NodeKind::Integer(value) => Some(Spanned::new(value, node.span)),
        _ => None,
    }
}

fn percent(table: &Table, key: &str) -> Option<Spanned<f64>> {
    let text = read::text(table, key)?;
    Some(Spanned::new(parse_percent(&text)?, text.span()))
}

fn weights(table: &Table) -> Option<Spanned<Vec<u64>>> {
    let node = table.get("weights")?;
    let weights = node.as_array()?.iter().map(|node| match node.kind {
        NodeKind::Integer(weight) => u64::try_from(weight).ok(),
        _ => None,
    });
    Some(Spanned::new(weights.collect::<Option<_>>()?, node.span))
}

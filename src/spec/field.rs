//! `[phase.NAME.fields]` and `let`: how one value is made.

use super::read::{self, Context};
use super::{Lookup, literal, lookup};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::document::{
    Group, GroupRule, KeyKind, KeyShape, Node, NodeKind, Shape, Spanned, Table, TableShape, Text,
    TextKind,
};
use crate::value::Value;

/// The shape of `fields`, `let`, `object`, `extend` and `match`.
pub(super) static FIELDS: Shape = Shape::MapOf(KeyKind::Target, &RULE);

/// The shape of a rule: a path, or the full form.
pub(super) static RULE: Shape =
    Shape::OneOf(&[&Shape::Text(TextKind::Path), &Shape::Table(&SHAPE)]);

/// The keys of which a rule has one.
const ORIGINS: &[&str] = &["from", "value", "expr", "template", "id", "each", "first"];

/// The full form of a rule.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a field",
    id: "field",
    summary: "How a value is made: one origin, then steps in the order of this table. A bare \
              string is short for `{ from = … }`.",
    keys: &[
        KeyShape::optional(
            "from",
            &Shape::Names(TextKind::Path),
            "origin: a path; several are the key of a lookup",
        ),
        KeyShape::optional("value", &Shape::Literal, "origin: a literal"),
        KeyShape::optional("expr", &Shape::Text(TextKind::Expression), "origin: an expression"),
        KeyShape::optional("template", &Shape::Text(TextKind::Template), "origin: a template"),
        KeyShape::optional(
            "id",
            &Shape::Choice(&read::words(&IdKind::CHOICES)),
            "origin: a new id, the same in every run",
        ),
        KeyShape::optional(
            "each",
            &Shape::Text(TextKind::Path),
            "origin: a path whose elements are made one by one",
        ),
        KeyShape::optional(
            "first",
            &Shape::NonEmptyList(&RULE),
            "origin: the first of several rules that gives something",
        ),
        KeyShape::optional(
            "lookup",
            &Shape::OneOf(&[&Shape::Text(TextKind::Reference), &Shape::Table(&lookup::SHAPE)]),
            "the id that a phase made for this key, or a field of another table",
        ),
        KeyShape::optional("match", &FIELDS, "by which fields a lookup finds its record"),
        KeyShape::optional(
            "stub",
            &Shape::Boolean,
            "whether what a lookup refers to may come later or go in circles",
        ),
        KeyShape::optional("namespace", &Shape::PLAIN, "the namespace of a UUID, with `id`"),
        KeyShape::optional(
            "name",
            &Shape::Text(TextKind::Template),
            "the name of an id within its namespace, with `id`",
        ),
        KeyShape::optional("apply", &APPLY, "transforms"),
        KeyShape::optional("parse", &Shape::Text(TextKind::Format), "how text is read as a time"),
        KeyShape::optional("cast", &Shape::Text(TextKind::Type), "the type that it becomes"),
        KeyShape::optional(
            "timezone",
            &Shape::Text(TextKind::Timezone),
            "the zone for `parse`, `cast` and `format`",
        ),
        KeyShape::optional(
            "crosswalk",
            &Shape::Text(TextKind::Reference),
            "the crosswalk that translates it",
        ),
        KeyShape::optional("object", &FIELDS, "the fields that replace each object"),
        KeyShape::optional("extend", &FIELDS, "the fields that are set in each object"),
        KeyShape::optional(
            "without",
            &Shape::NonEmptyList(&Shape::Text(TextKind::Column)),
            "the fields that are taken out of each object",
        ),
        KeyShape::optional(
            "format",
            &Shape::Text(TextKind::Format),
            "how a time is written as text",
        ),
        KeyShape::optional("default", &Shape::Literal, "what serves for null and missing"),
        KeyShape::optional(
            "on_error",
            &Shape::Choice(&read::words(&OnError::CHOICES)),
            "what happens when a step fails (default: reject)",
        ),
        KeyShape::optional(
            "on_missing",
            &Shape::Choice(&read::words(&OnMissing::CHOICES)),
            "what happens when a lookup or `first` finds nothing (default: reject)",
        ),
    ],
    groups: &[
        Group { name: "origin", keys: ORIGINS, rule: GroupRule::AtMostOne },
        Group {
            name: "origin",
            keys: &["from", "value", "expr", "template", "id", "each", "first", "lookup"],
            rule: GroupRule::AtLeastOne,
        },
        Group { name: "translation", keys: &["crosswalk", "lookup"], rule: GroupRule::AtMostOne },
        Group { name: "shape", keys: &["object", "extend"], rule: GroupRule::AtMostOne },
        Group { name: "shape", keys: &["object", "without"], rule: GroupRule::AtMostOne },
    ],
};

/// A transform, or several.
static APPLY: Shape = Shape::OneOf(&[
    &Shape::Text(TextKind::Reference),
    &TRANSFORM,
    &Shape::NonEmptyList(&Shape::OneOf(&[&Shape::Text(TextKind::Reference), &TRANSFORM])),
]);

/// A transform with arguments: a table with one key, its name.
static TRANSFORM: Shape = Shape::MapOf(KeyKind::Name, &Shape::Literal);

/// One entry of `fields`, `let`, `object`, `extend` or `match`: a name and how its value is made.
#[derive(Clone, Debug)]
pub struct Field {
    /// Where the value goes.
    pub target: TargetKey,
    /// How it is made.
    pub rule: Rule,
}

/// A target key: a field, or a path into a document when it is quoted and has dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetKey {
    /// The key without quotes.
    pub text: Text,
    /// Whether it was quoted.
    pub quoted: bool,
}

/// How one value is made: an origin, then steps in a fixed order.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The whole of it.
    pub span: Span,
    /// Where the value comes from.
    pub origin: Origin,
    /// 1: transforms, in order.
    pub apply: Vec<Apply>,
    /// 2: the format that text is read with.
    pub parse: Option<Text>,
    /// 2: the type that it becomes, as written.
    pub cast: Option<Text>,
    /// The zone for `parse`, `cast` and `format`.
    pub timezone: Option<Text>,
    /// 3: the crosswalk that translates it.
    pub crosswalk: Option<Text>,
    /// 3: the lookup that translates it.
    pub lookup: Option<Lookup>,
    /// 4: the fields that replace each object.
    pub object: Option<Vec<Field>>,
    /// 4: the fields that are set in each object.
    pub extend: Option<Vec<Field>>,
    /// 4: the fields that are taken out of each object.
    pub without: Vec<Text>,
    /// 5: the format that it is written with.
    pub format: Option<Text>,
    /// 6: what serves when the result is null or missing.
    pub default: Option<Spanned<Value>>,
    /// What happens when a step fails.
    pub on_error: Option<Spanned<OnError>>,
    /// What happens when a lookup finds nothing, or `first` finds none.
    pub on_missing: Option<Spanned<OnMissing>>,
}

impl Rule {
    /// A rule of an origin without steps.
    pub fn new(origin: Origin, span: Span) -> Self {
        Self {
            span,
            origin,
            apply: Vec::new(),
            parse: None,
            cast: None,
            timezone: None,
            crosswalk: None,
            lookup: None,
            object: None,
            extend: None,
            without: Vec::new(),
            format: None,
            default: None,
            on_error: None,
            on_missing: None,
        }
    }

    /// What happens when a step fails.
    pub fn on_error(&self) -> OnError {
        self.on_error.map_or(OnError::Reject, |choice| choice.value)
    }

    /// What happens when a lookup finds nothing, or `first` finds none.
    pub fn on_missing(&self) -> OnMissing {
        self.on_missing.map_or(OnMissing::Reject, |choice| choice.value)
    }
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A path, or several for a lookup by a composite key. Never empty.
    From(Vec<Text>),
    /// A literal.
    Value(Spanned<Value>),
    /// An expression.
    Expr(Text),
    /// A template.
    Template(Text),
    /// A new id.
    Id(Id),
    /// A path whose elements are made one by one; `object` and `extend` see each as `@`.
    Each(Text),
    /// The first of several that gives something.
    First(Vec<Rule>),
    /// A lookup by other fields than the key (`match`); it stands here and not in `Rule::lookup`.
    Lookup(Lookup),
    /// Something that was refused; the error is reported.
    Invalid,
}

/// A new id.
#[derive(Clone, Debug)]
pub struct Id {
    /// What kind.
    pub kind: Spanned<IdKind>,
    /// The UUID namespace.
    pub namespace: Option<Text>,
    /// The template of the name within it.
    pub name: Option<Text>,
}

/// Kinds of new ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// A UUID version 5.
    Uuid,
    /// An object id.
    ObjectId,
    /// The source's own.
    Keep,
}

/// One transform with its arguments.
#[derive(Clone, Debug)]
pub struct Apply {
    /// The transform's name.
    pub name: Text,
    /// Its arguments.
    pub arguments: Arguments,
    /// The whole of it.
    pub span: Span,
}

/// The arguments of a transform.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// None (`"trim"`).
    None,
    /// One, for the first parameter (`{ round = 2 }`).
    Single(ArgumentValue),
    /// By parameter (`{ replace = { pattern = "a", with = "b" } }`).
    Named(Vec<(Text, ArgumentValue)>),
}

/// An argument of a transform.
#[derive(Clone, Debug)]
pub enum ArgumentValue {
    /// A literal.
    Literal(Spanned<Value>),
    /// A path into the record (`{ path = "quantity" }`).
    Path(Text),
}

/// What happens when a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// The record is rejected.
    Reject,
    /// The field is null.
    Null,
    /// The field gets its default.
    Default,
}

/// What happens when a lookup finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMissing {
    /// The record is rejected.
    Reject,
    /// The field is null.
    Null,
    /// The field gets its default.
    Default,
    /// The record is skipped and counted.
    Skip,
}

impl IdKind {
    const CHOICES: [(&str, Self); 3] =
        [("uuid", Self::Uuid), ("objectid", Self::ObjectId), ("keep", Self::Keep)];
}

impl OnError {
    const CHOICES: [(&str, Self); 3] =
        [("reject", Self::Reject), ("null", Self::Null), ("default", Self::Default)];
}

impl OnMissing {
    const CHOICES: [(&str, Self); 4] = [
        ("reject", Self::Reject),
        ("null", Self::Null),
        ("default", Self::Default),
        ("skip", Self::Skip),
    ];
}

impl Field {
    /// The fields of a key; those whose rule was refused whole keep their name with
    /// [`Origin::Invalid`].
    pub(super) fn read_all(table: &Table, key: &str, context: &mut Context<'_>) -> Vec<Self> {
        read::entries(table, key)
            .iter()
            .map(|entry| Self {
                target: TargetKey { text: entry.key.clone(), quoted: entry.quoted },
                rule: Rule::read(&entry.value, context),
            })
            .collect()
    }
}

impl Rule {
    fn read(node: &Node, context: &mut Context<'_>) -> Self {
        match &node.kind {
            NodeKind::Text(path) => Self::new(Origin::From(vec![path.clone()]), node.span),
            NodeKind::Table(table) => Self::read_table(table, node.span, context),
            _ => Self::new(Origin::Invalid, node.span),
        }
    }

    fn read_table(table: &Table, span: Span, context: &mut Context<'_>) -> Self {
        let lookup = Lookup::read(table, context);
        check_belongings(table, span, context);
        let nested = |key: &str, context: &mut Context<'_>| {
            table.get(key).is_some().then(|| Field::read_all(table, key, context))
        };
        let has_origin = ORIGINS.iter().any(|key| table.get(key).is_some());
        let (origin, lookup) = match lookup {
            Some(lookup) if !has_origin => (Origin::Lookup(lookup), None),
            lookup => (Origin::read(table, context), lookup),
        };
        Self {
            origin,
            apply: Apply::read_all(table, context),
            parse: read::text(table, "parse"),
            cast: read::text(table, "cast"),
            timezone: read::text(table, "timezone"),
            crosswalk: read::text(table, "crosswalk"),
            lookup,
            object: nested("object", context),
            extend: nested("extend", context),
            without: read::texts(table, "without"),
            format: read::text(table, "format"),
            default: table.get("default").and_then(|node| literal::read(node, context.diagnostics)),
            on_error: read::choice(table, "on_error", &OnError::CHOICES),
            on_missing: read::choice(table, "on_missing", &OnMissing::CHOICES),
            span,
        }
    }
}

/// Tells keys that mean nothing without others.
fn check_belongings(table: &Table, span: Span, context: &mut Context<'_>) {
    let has = |key: &str| table.get(key).is_some();
    if !has("lookup") {
        for key in ["match", "stub"] {
            context.misplaced(table, key, "belongs to `lookup`");
        }
    }
    if !has("lookup") && !has("first") {
        context.misplaced(table, "on_missing", "belongs to `lookup` or `first`");
    }
    if !has("id") {
        for key in ["namespace", "name"] {
            context.misplaced(table, key, "belongs to `id`");
        }
    }
    if !["parse", "cast", "format"].iter().any(|key| has(key)) {
        context.misplaced(table, "timezone", "belongs to `parse`, `cast` or `format`");
    }
    for key in ["on_error", "on_missing"] {
        if read::text(table, key).is_some_and(|word| word.as_str() == "default") {
            context.needed(table, "default", span, "falls back on a `default` that is not there");
        }
    }
    if let Some(from) = table.get("from")
        && from.as_array().is_some_and(|paths| paths.len() > 1)
        && !has("lookup")
    {
        context.diagnostics.push(
            Diagnostic::new(&codes::MISPLACED_KEY, "several paths are the key of a lookup")
                .at(from.span, "there is no `lookup`")
                .help("to join values, write a `template`"),
        );
    }
}

impl Origin {
    fn read(table: &Table, context: &mut Context<'_>) -> Self {
        let found = ORIGINS.iter().find_map(|key| Some((*key, table.get(key)?)));
        let Some((key, node)) = found else { return Self::Invalid };
        let origin = match key {
            "from" => {
                let paths = read::node_texts(node);
                (!paths.is_empty()).then_some(Self::From(paths))
            }
            "value" => literal::read(node, context.diagnostics).map(Self::Value),
            "expr" => node.as_text().cloned().map(Self::Expr),
            "template" => node.as_text().cloned().map(Self::Template),
            "id" => read::choice(table, "id", &IdKind::CHOICES).map(|kind| {
                if kind.value != IdKind::Uuid {
                    context.misplaced(table, "namespace", "belongs to `id = \"uuid\"`");
                }
                if kind.value == IdKind::Keep {
                    context.misplaced(table, "name", "the id is kept as it is");
                }
                Self::Id(Id {
                    kind,
                    namespace: read::text(table, "namespace"),
                    name: read::text(table, "name"),
                })
            }),
            "each" => node.as_text().cloned().map(Self::Each),
            _ => node.as_array().map(|rules| {
                Self::First(rules.iter().map(|node| Rule::read(node, context)).collect())
            }),
        };
        origin.unwrap_or(Self::Invalid)
    }
}

impl Apply {
    fn read_all(table: &Table, context: &mut Context<'_>) -> Vec<Self> {
        match table.get("apply") {
            None => Vec::new(),
            Some(node) => match node.as_array() {
                Some(nodes) => nodes.iter().filter_map(|node| Self::read(node, context)).collect(),
                None => Self::read(node, context).into_iter().collect(),
            },
        }
    }

    fn read(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let (name, arguments) = match &node.kind {
            NodeKind::Text(name) => (name.clone(), Arguments::None),
            NodeKind::Table(table) => {
                let [entry] = &table.entries[..] else {
                    context.diagnostics.push(
                        Diagnostic::new(&codes::BAD_VALUE, "a transform is a table with one key")
                            .at(node.span, "its name, with the arguments as the value")
                            .help("several transforms are a list: [\"trim\", { round = 2 }]"),
                    );
                    return None;
                };
                (entry.key.clone(), Arguments::read(&entry.value, context)?)
            }
            _ => return None,
        };
        Some(Self { name, arguments, span: node.span })
    }
}

impl Arguments {
    fn read(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        match &node.kind {
            NodeKind::Table(table)
                if !table.is_extended_json() && ArgumentValue::path(node).is_none() =>
            {
                let arguments: Vec<_> = table
                    .entries
                    .iter()
                    .map(|entry| {
                        Some((entry.key.clone(), ArgumentValue::read(&entry.value, context)?))
                    })
                    .collect();
                arguments.into_iter().collect::<Option<_>>().map(Self::Named)
            }
            _ => ArgumentValue::read(node, context).map(Self::Single),
        }
    }
}

impl ArgumentValue {
    /// The path of `{ path = "…" }`.
    fn path(node: &Node) -> Option<Text> {
        match &node.as_table()?.entries[..] {
            [entry] if entry.key.as_str() == "path" => entry.value.as_text().cloned(),
            _ => None,
        }
    }

    fn read(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        if let Some(path) = Self::path(node) {
            return Some(Self::Path(path));
        }
        literal::read(node, context.diagnostics).map(Self::Literal)
    }
}

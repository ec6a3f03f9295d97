//! `[phase.NAME.fields]` and `let`: how one value is made.

use super::Lookup;
use crate::diagnostics::Span;
use crate::document::{Spanned, Text};
use crate::value::Value;

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

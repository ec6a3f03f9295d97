//! Types of values before any is seen: from the source's columns through every step.

use super::origins::{Mention, MentionRoot, PhaseOrigins};
use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes};
use crate::expr::{Expr, IdKind, Origin, Path, Root, Segment, Step};
use crate::functions;
use crate::plan::Phase;
use crate::value::cast::{TimePattern, can_cast};
use crate::value::{DataType, Value};

/// What is known of a source's records.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// Columns, or dotted paths of documents, with their types.
    pub(super) columns: Vec<(String, DataType)>,
}

impl Shape {
    fn of(&self, names: &[String]) -> DataType {
        let find = |name: &str| {
            self.columns.iter().find(|(column, _)| column == name).map(|(_, of)| of.clone())
        };
        match names {
            [] => DataType::Json,
            [one] => find(one).unwrap_or(DataType::Any),
            all => find(&all.join(".")).unwrap_or(DataType::Any),
        }
    }
}

/// The types of a phase's parts.
pub(super) struct Typed {
    /// Of the target's fields, in the order of the mapping.
    pub(super) fields: Vec<DataType>,
}

/// Finds the types of a phase's fields, and reports what can't be on the way.
///
/// `lookups` are the types of what the phase's lookups give.
pub(super) fn phase(
    phase: &Phase,
    origins: &PhaseOrigins,
    shape: &Shape,
    lookups: &[DataType],
    diagnostics: &mut Diagnostics,
) -> Typed {
    let mut typer = Typer { shape, lookups, lets: Vec::new(), diagnostics, span: origins.name };
    let spans = origins.lets.iter().copied().chain(std::iter::repeat(origins.name));
    for ((name, expr), span) in phase.mapping.lets.iter().zip(spans) {
        typer.span = span;
        let of = typer.expr(expr);
        typer.lets.push((name.clone(), of));
    }
    let spans = origins.fields.iter().map(|(_, rule)| *rule);
    let mut fields = Vec::with_capacity(phase.mapping.fields.len());
    for ((_, expr), span) in phase.mapping.fields.iter().zip(spans) {
        typer.span = span;
        fields.push(typer.expr(expr));
    }
    for mention in origins.mentions.iter().filter(|mention| mention.arithmetic) {
        typer.arithmetic(mention);
    }
    Typed { fields }
}

struct Typer<'a> {
    shape: &'a Shape,
    lookups: &'a [DataType],
    lets: Vec<(String, DataType)>,
    diagnostics: &'a mut Diagnostics,
    /// The rule that is looked at.
    span: Span,
}

impl Typer<'_> {
    fn expr(&mut self, expr: &Expr) -> DataType {
        let origin = match &expr.origin {
            Origin::Path(path) => self.path(path),
            Origin::Value(value) => of_value(value),
            Origin::Expression(_) => DataType::Any,
            Origin::Template(_) => DataType::TEXT,
            Origin::Id(rule) => match rule.kind {
                IdKind::Uuid(_) => DataType::Uuid,
                IdKind::ObjectId => DataType::ObjectId,
                IdKind::Keep => DataType::Any,
            },
            Origin::Each(_) => {
                self.steps(DataType::Any, &expr.steps);
                return DataType::Array(Box::new(DataType::Any));
            }
            Origin::First { alternatives, .. } => {
                let types: Vec<DataType> =
                    alternatives.iter().map(|alternative| self.expr(alternative)).collect();
                common(types.iter())
            }
            Origin::Lookup(call) => {
                for key in &call.keys {
                    self.expr(key);
                }
                self.lookups.get(call.lookup).cloned().unwrap_or(DataType::Any)
            }
        };
        self.steps(origin, &expr.steps)
    }

    fn path(&self, path: &Path) -> DataType {
        let Some(segments) = path.segments() else {
            return DataType::Array(Box::new(DataType::Any));
        };
        let names: Option<Vec<String>> = segments
            .iter()
            .map(|segment| match segment {
                Segment::Name(name) => Some(name.clone()),
                Segment::Index(_) => None,
            })
            .collect();
        match (&path.root, names) {
            (Root::Record, Some(names)) => self.shape.of(&names),
            (Root::Let(name), Some(rest)) => self.named(name, &rest),
            _ => DataType::Any,
        }
    }

    fn named(&self, name: &str, rest: &[String]) -> DataType {
        let known = self.lets.iter().find(|(known, _)| known == name).map(|(_, of)| of.clone());
        if rest.is_empty() { known.unwrap_or(DataType::Any) } else { DataType::Any }
    }

    fn steps(&mut self, mut at: DataType, steps: &[Step]) -> DataType {
        for step in steps {
            at = match step {
                Step::Apply { function, .. } => {
                    functions::find(function).map_or(DataType::Any, functions::Function::returns)
                }
                Step::Parse { pattern, timezone } => {
                    let read = TimePattern::new(pattern).ok();
                    match read.as_ref().and_then(|pattern| pattern.parses().ok()) {
                        Some(DataType::DateTime) if timezone.is_some() => DataType::Timestamp,
                        Some(read) => read.clone(),
                        None => DataType::Any,
                    }
                }
                Step::Cast { to, timezone } => {
                    self.cast(&at, to, timezone.is_some());
                    to.clone()
                }
                Step::Crosswalk(crosswalk) => {
                    let types: Vec<DataType> = crosswalk
                        .codes
                        .values()
                        .chain(&crosswalk.otherwise)
                        .map(of_value)
                        .collect();
                    common(types.iter())
                }
                Step::Object(fields) => {
                    for (_, expr) in fields {
                        self.expr(expr);
                    }
                    DataType::Json
                }
                Step::Extend { fields, .. } => {
                    for (_, expr) in fields {
                        self.expr(expr);
                    }
                    DataType::Json
                }
                Step::Format { timezone, .. } => {
                    if at == DataType::Timestamp && timezone.is_none() {
                        self.missing_timezone("a timestamp is formatted");
                    }
                    DataType::TEXT
                }
            };
        }
        at
    }

    fn cast(&mut self, from: &DataType, to: &DataType, timezone: bool) {
        use DataType::{Date, DateTime, Time, Timestamp};
        if !can_cast(from, to) {
            self.diagnostics.push(
                Diagnostic::new(&codes::TYPE_MISMATCH, format!("{from} can't be cast to {to}"))
                    .at(self.span, format!("this is {from}")),
            );
        }
        let local = matches!(
            (from, to),
            (Timestamp, Date | Time | DateTime) | (Date | DateTime, Timestamp)
        );
        if local && !timezone {
            self.missing_timezone(&format!("{from} is cast to {to}"));
        }
    }

    fn missing_timezone(&mut self, what: &str) {
        self.diagnostics.push(
            Diagnostic::new(&codes::MISSING_TIMEZONE, format!("{what} without a time zone"))
                .at(self.span, "whose day and clock?")
                .help("add `timezone = \"…\"`, such as `UTC` or `Europe/Berlin`"),
        );
    }

    fn arithmetic(&mut self, mention: &Mention) {
        let of = match &mention.root {
            MentionRoot::Record => self.shape.of(&mention.path),
            MentionRoot::Let(name) => self.named(name, &mention.path),
            _ => return,
        };
        let opaque = matches!(
            of,
            DataType::Decimal { .. }
                | DataType::Bytes
                | DataType::Date
                | DataType::Time
                | DataType::DateTime
                | DataType::Timestamp
                | DataType::Uuid
                | DataType::ObjectId
        );
        if opaque {
            self.diagnostics.push(
                Diagnostic::new(
                    &codes::ARITHMETIC,
                    format!("an expression can't calculate with {of}"),
                )
                .at(mention.span, format!("this is {of}"))
                .help("calculate with transforms: `apply = [{ multiply = 2 }, { round = 2 }]`"),
            );
        }
    }
}

/// The type of a literal.
pub(super) fn of_value(value: &Value) -> DataType {
    match value {
        Value::Missing | Value::Null => DataType::Any,
        Value::Bool(_) => DataType::Bool,
        Value::Int(_) => DataType::INT64,
        Value::Float(_) => DataType::FLOAT64,
        Value::Decimal(_) => DataType::DECIMAL,
        Value::Text(_) => DataType::TEXT,
        Value::Bytes(_) => DataType::Bytes,
        Value::Date(_) => DataType::Date,
        Value::Time(_) => DataType::Time,
        Value::DateTime(_) => DataType::DateTime,
        Value::Timestamp(_) => DataType::Timestamp,
        Value::Uuid(_) => DataType::Uuid,
        Value::ObjectId(_) => DataType::ObjectId,
        Value::Array(_) => DataType::Array(Box::new(DataType::Any)),
        Value::Object(_) => DataType::Json,
    }
}

/// The one type of all, or anything.
fn common<'t>(mut types: impl Iterator<Item = &'t DataType>) -> DataType {
    let Some(first) = types.next() else { return DataType::Any };
    if types.all(|other| other == first) { first.clone() } else { DataType::Any }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_differ_have_only_anything_in_common() {
        let (text, int) = (DataType::TEXT, DataType::INT64);
        assert_eq!(common([&text, &text].into_iter()), text);
        assert_eq!(common([&text, &int].into_iter()), DataType::Any);
        assert_eq!(common(std::iter::empty()), DataType::Any);
    }

    #[test]
    fn a_column_has_its_type_and_what_is_inside_json_has_none() {
        let shape = Shape {
            columns: vec![
                ("id".into(), DataType::INT64),
                ("notes".into(), DataType::Json),
                ("address.city".into(), DataType::TEXT),
            ],
        };
        let of = |names: &[&str]| {
            shape.of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["id"]), DataType::INT64);
        assert_eq!(of(&["notes", "x"]), DataType::Any);
        assert_eq!(of(&["address", "city"]), DataType::TEXT);
        assert_eq!(of(&["other"]), DataType::Any);
    }
}

//! Expressions of the language as computations of a statement.

use std::cell::Cell;

use crate::expr::{
    ArgumentExpr, Crosswalk, Expr, IdKind, IdRule, OnMissing, Origin, Path, Root, Segment, Step,
    TemplatePart, template_parts,
};
use crate::plan::Phase;
use crate::value::statement::Compute;
use crate::value::{DataType, Schema, Value};

/// Named values may use each other; each use is computed anew, so their number is bounded.
const MOST_PARTS: u32 = 1_000;

/// What expressions are lowered against. Every failure says what has no equivalent, as the end of a
/// sentence.
pub(super) struct Lowering<'p> {
    phase: &'p Phase,
    key: &'p [String],
    source: &'p Schema,
    parts: Cell<u32>,
}

type Lowered = Result<Compute, String>;

impl<'p> Lowering<'p> {
    pub(super) fn new(phase: &'p Phase, key: &'p [String], source: &'p Schema) -> Self {
        Self { phase, key, source, parts: Cell::new(0) }
    }

    /// A field's or named value's expression. Where it would fail, so does the computation, or its
    /// result is the same.
    pub(super) fn expr(&self, expr: &Expr) -> Lowered {
        self.parts.set(self.parts.get() + 1);
        if self.parts.get() > MOST_PARTS {
            return Err("it is too large".into());
        }
        let mut value = self.origin(&expr.origin)?;
        for step in &expr.steps {
            value = self.step(value, step)?;
        }
        match &expr.default {
            None | Some(Value::Null | Value::Missing) => Ok(value),
            Some(default) => self.first(vec![value, literal(default)?]),
        }
    }

    fn origin(&self, origin: &Origin) -> Lowered {
        match origin {
            Origin::Path(path) => self.path(path),
            Origin::Value(value) => literal(value),
            Origin::Template(text) => self.template(text),
            Origin::Id(rule) => self.id(rule),
            Origin::First { alternatives, on_missing } => {
                let all = alternatives.iter().map(|one| self.expr(one));
                let first = self.first(all.collect::<Result<_, _>>()?)?;
                Ok(match on_missing {
                    OnMissing::Null => first,
                    _ => Compute::Present(Box::new(first)),
                })
            }
            Origin::Expression(_) => Err("an expression has no exact equivalent".into()),
            Origin::Each(_) => Err("a list has no exact equivalent".into()),
            Origin::Lookup(_) => Err("a lookup needs the ledger".into()),
        }
    }

    fn path(&self, path: &Path) -> Lowered {
        match (&path.root, path.segments()) {
            (Root::Record, Some([Segment::Name(name)])) => self.column(name),
            (Root::Let(name), Some([])) => self.named(name),
            _ => Err("a path into a value has no exact equivalent".into()),
        }
    }

    fn column(&self, name: &str) -> Lowered {
        match self.source.column(name) {
            Some(_) => Ok(Compute::Column(name.to_owned())),
            None => Err(format!("the source has no column `{name}`")),
        }
    }

    fn named(&self, name: &str) -> Lowered {
        match self.phase.mapping.lets.iter().find(|(known, _)| known == name) {
            Some((_, expr)) => self.expr(expr),
            None => Err(format!("there is no named value `{name}`")),
        }
    }

    fn template(&self, text: &str) -> Lowered {
        let other = || "a template of more than texts and names has no exact equivalent".to_owned();
        let mut all = Vec::new();
        for part in template_parts(text).ok_or_else(other)? {
            let (path, trim) = match part {
                TemplatePart::Text(text) => {
                    all.push(Compute::Literal(Value::from(text)));
                    continue;
                }
                TemplatePart::Name { path, trim } => (path, trim),
            };
            let value = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["let", name] => self.named(name)?,
                ["let" | "now" | "record" | "target"] => return Err(other()),
                [name] => self.column(name)?,
                _ => return Err(other()),
            };
            let value = match value.data_type(self.source) {
                Some(DataType::Text { .. }) if trim => {
                    Compute::Trim { of: Box::new(value), start: true, end: true }
                }
                Some(DataType::Text { .. }) => value,
                Some(DataType::Int { .. }) if !trim => Compute::Text(Box::new(value)),
                _ => return Err("only texts and integers are printed alike".into()),
            };
            all.push(value);
        }
        Ok(Compute::Concat(all))
    }

    fn id(&self, rule: &IdRule) -> Lowered {
        match (rule.kind, &rule.name, self.key) {
            (IdKind::Uuid(_), Some(name), _) => {
                let namespace = rule.namespace().ok_or("the id has no namespace")?;
                Ok(Compute::Uuid { namespace, name: Box::new(self.template(name)?) })
            }
            (IdKind::Keep, _, [one]) => self.column(one),
            (IdKind::Uuid(_), None, _) => {
                Err("an id made from the key has no exact equivalent; one with a `name` has".into())
            }
            _ => Err("an id of this kind has no exact equivalent".into()),
        }
    }

    fn step(&self, value: Compute, step: &Step) -> Lowered {
        let data_type = value.data_type(self.source);
        let is_text = matches!(data_type, Some(DataType::Text { .. }));
        let is_int = matches!(data_type, Some(DataType::Int { .. }));
        let printed =
            is_text || is_int || matches!(data_type, Some(DataType::Bool | DataType::Uuid));
        let of = Box::new(value);
        match step {
            Step::Apply { function, arguments } => {
                let trim = |start, end| Ok(Compute::Trim { of: of.clone(), start, end });
                match (function.as_str(), arguments.as_slice()) {
                    ("trim", []) if is_text => trim(true, true),
                    ("trim_start", []) if is_text => trim(true, false),
                    ("trim_end", []) if is_text => trim(false, true),
                    ("to_text", []) if printed => Ok(Compute::Text(of)),
                    ("empty_to_null", []) if is_text => Ok(Compute::NullIf(of, "".into())),
                    ("zero_to_null", []) if is_int => Ok(Compute::NullIf(of, Value::Int(0))),
                    ("null_if", [(_, ArgumentExpr::Value(other))])
                        if matches!(
                            (other, is_text, is_int),
                            (Value::Text(_), true, _) | (Value::Int(_), _, true)
                        ) =>
                    {
                        Ok(Compute::NullIf(of, other.clone()))
                    }
                    ("coalesce", [(_, ArgumentExpr::Value(other))]) => {
                        self.first(vec![*of, literal(other)?])
                    }
                    ("coalesce", [(_, ArgumentExpr::Path(path))]) => {
                        let other = self.path(path)?;
                        self.first(vec![*of, other])
                    }
                    (name, _) => Err(format!("the transform `{name}` has no exact equivalent")),
                }
            }
            Step::Cast { to, .. } => match (to, &data_type) {
                (DataType::Text { length: None }, _) if printed => Ok(Compute::Text(of)),
                (
                    DataType::Int { bits: 64, signed: true },
                    Some(DataType::Int { signed: true, .. }),
                ) => Ok(*of),
                (to, Some(from)) if to == from => Ok(*of),
                (to, _) => Err(format!("the cast to {to} has no exact equivalent")),
            },
            Step::Crosswalk(crosswalk) => codes(of, data_type.as_ref(), crosswalk),
            Step::Parse { .. } => Err("`parse` has no exact equivalent".into()),
            Step::Format { .. } => Err("`format` has no exact equivalent".into()),
            Step::Object(_) | Step::Extend { .. } => Err("objects have no exact equivalent".into()),
        }
    }

    /// The first that is not null, when all are of one type.
    fn first(&self, all: Vec<Compute>) -> Lowered {
        let first = Compute::First(all);
        match first.data_type(self.source) {
            Some(_) => Ok(first),
            None => Err("alternatives of several types have no exact equivalent".into()),
        }
    }
}

fn literal(value: &Value) -> Lowered {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) => Ok(Compute::Literal(value.clone())),
        Value::Text(text) if !text.contains('\0') => Ok(Compute::Literal(value.clone())),
        other => Err(format!("a literal of kind {} has no exact equivalent", other.kind())),
    }
}

/// A crosswalk finds a code by its canonical text, which tells values of one type apart.
fn codes(of: Box<Compute>, data_type: Option<&DataType>, crosswalk: &Crosswalk) -> Lowered {
    let read = |code: &str| match data_type {
        Some(DataType::Int { signed: true, .. }) => {
            // "07" and "+7" are never an integer's canonical text.
            code.parse::<i64>().ok().filter(|int| int.to_string() == code).map(Value::Int)
        }
        Some(DataType::Text { .. }) => (!code.contains('\0')).then(|| Value::text(code)),
        Some(DataType::Bool) => match code {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    if !matches!(
        data_type,
        Some(DataType::Int { signed: true, .. } | DataType::Text { .. } | DataType::Bool)
    ) {
        return Err(format!("the codes of crosswalk `{}` are of no simple type", crosswalk.name));
    }
    let mut codes = Vec::with_capacity(crosswalk.codes.len());
    for (code, value) in &crosswalk.codes {
        literal(value)?;
        codes.extend(read(code).map(|code| (code, value.clone())));
    }
    crosswalk.otherwise.as_ref().map(literal).transpose()?;
    Ok(Compute::Codes { of, codes, otherwise: crosswalk.otherwise.clone() })
}

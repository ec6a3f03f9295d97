//! A mapping made ready to run: paths are slots, texts are compiled, transforms are bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

use super::evaluate::{NameBinding, NameSource};
use super::plain::PlainText;
use super::select::{Path, Root};
use super::template::{ExpressionId, Name, TemplateId, TextKind, Texts, TextsBuilder, analyse};
use super::{
    ArgumentExpr, Crosswalk, Expr, IdRule, LookupCall, Mapping, OnError, OnMissing, Origin, Step,
};
use crate::functions::{self, Argument, Transform};
use crate::value::cast::{CastOptions, TimePattern};
use crate::value::{DataType, FieldPath, Value};

/// A mapping, compiled against the layout of its records. Shared by all workers of a phase.
pub struct Program {
    pub(super) texts: Texts,
    pub(super) explode: Option<Bound>,
    pub(super) lets: Vec<Node>,
    pub(super) let_names: Vec<String>,
    pub(super) skip: Vec<Test>,
    pub(super) fields: Vec<(String, Node)>,
    pub(super) inputs: Vec<Node>,
    pub(super) reject: Vec<Test>,
    pub(super) columns: Option<Arc<[String]>>,
    pub(super) target_paths: Vec<FieldPath>,
    /// Fields that are a column as it is, which nothing else uses: field and column.
    moves: Vec<(usize, usize)>,
}

/// Why a mapping can't be compiled against a layout. The checker finds these before a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ProgramError {
    /// The field, named value or rule.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

pub(super) struct Node {
    pub(super) origin: NodeOrigin,
    pub(super) steps: Vec<NodeStep>,
    pub(super) default: Option<Value>,
    pub(super) on_error: OnError,
}

pub(super) enum NodeOrigin {
    Path(Bound),
    Value(Value),
    Expression(ExpressionId, Vec<NameBinding>),
    Template(TextNode),
    Id(IdRule, Option<TextNode>),
    Each(Bound),
    First {
        alternatives: Vec<Node>,
        on_missing: OnMissing,
        /// Whether one of them is a lookup.
        looks_up: bool,
    },
    Lookup {
        lookup: usize,
        keys: Vec<Node>,
        on_missing: OnMissing,
    },
}

pub(super) enum NodeStep {
    Apply { transform: Box<dyn Transform>, dynamic: Vec<Bound>, takes_absent: bool },
    Parse(TimePattern, Option<Tz>),
    Cast(DataType, CastOptions),
    Crosswalk(Codes),
    Object(Vec<(FieldPath, Node)>),
    Extend { fields: Vec<(FieldPath, Node)>, without: Vec<String> },
    Format(TimePattern, Option<Tz>),
}

/// A template with its names.
pub(super) struct TextNode {
    pub(super) id: TemplateId,
    pub(super) names: Vec<NameBinding>,
    /// The same put together directly, where it is simple; its names are numbered as `names`.
    pub(super) plain: Option<PlainText>,
}

/// A crosswalk, its whole numbers found without writing them out.
pub(super) struct Codes {
    pub(super) crosswalk: Arc<Crosswalk>,
    pub(super) numbers: BTreeMap<i64, Value>,
}

/// A path with its first step resolved.
pub(super) struct Bound {
    pub(super) path: Path,
    pub(super) slot: Slot,
}

#[derive(Clone, Copy)]
pub(super) enum Slot {
    /// A column; the path goes on inside its value.
    Column(usize),
    /// The record has no such column.
    Absent,
    /// The whole record: a document, or the columns as an object.
    Record,
    /// The current element.
    Element,
    /// The element of a phase that explodes.
    Exploded,
    /// A named value; the path goes on inside it.
    Let(usize),
}

pub(super) struct Test {
    pub(super) expression: ExpressionId,
    pub(super) names: Vec<NameBinding>,
    pub(super) reason: String,
}

impl Program {
    /// Compiles a mapping for records with these columns (`None`: documents).
    ///
    /// # Errors
    /// When a text, pattern or argument is wrong; the checker finds these before a run.
    pub fn compile(mapping: &Mapping, columns: Option<&[String]>) -> Result<Self, ProgramError> {
        let mut compiler = Compiler {
            texts: TextsBuilder::default(),
            columns,
            lets: mapping.lets.iter().map(|(name, _)| name.clone()).collect(),
            element: mapping.element.clone(),
            place: "explode".to_owned(),
        };
        let explode = mapping.explode.as_ref().map(|path| compiler.bind(path)).transpose()?;
        let mut lets = Vec::with_capacity(mapping.lets.len());
        for (name, expr) in &mapping.lets {
            compiler.place = format!("let.{name}");
            lets.push(compiler.node(expr, false)?);
        }
        let mut fields = Vec::with_capacity(mapping.fields.len());
        for (path, expr) in &mapping.fields {
            compiler.place = path.to_string();
            fields.push((path.to_string(), compiler.node(expr, false)?));
        }
        "the input of an enrichment".clone_into(&mut compiler.place);
        let inputs = compiler.nodes(&mapping.inputs, false)?;
        let skip = compiler.tests(&mapping.skip, "skip")?;
        let reject = compiler.tests(&mapping.reject, "reject")?;
        let texts = compiler.texts.build().map_err(|message| ProgramError {
            place: "a template or expression".into(),
            message,
        })?;
        let moves = moves(mapping, columns, &fields);
        Ok(Self {
            texts,
            moves,
            explode,
            lets,
            let_names: mapping.lets.iter().map(|(name, _)| name.clone()).collect(),
            skip,
            fields,
            inputs,
            reject,
            columns: columns.map(Arc::from),
            target_paths: mapping.fields.iter().map(|(path, _)| path.clone()).collect(),
        })
    }
}

impl Codes {
    fn of(crosswalk: &Arc<Crosswalk>) -> Self {
        let number = |(code, value): (&String, &Value)| {
            let number: i64 = code.parse().ok()?;
            (number.to_string() == *code).then(|| (number, value.clone()))
        };
        let numbers = crosswalk.codes.iter().filter_map(number).collect();
        Self { crosswalk: Arc::clone(crosswalk), numbers }
    }
}

impl Program {
    /// Takes the fields that are a column of the record and of no other use out of it. Call it once
    /// for a record that [`Program::map`] mapped without them, after [`Program::leave_moves`].
    pub fn take_moves(&self, row: &mut [Value], fields: &mut [Value]) {
        for &(field, column) in &self.moves {
            fields[field] = std::mem::take(&mut row[column]);
        }
    }

    /// From now on, [`Program::map`] leaves those fields missing.
    pub fn leave_moves(&mut self) {
        for &(field, _) in &self.moves {
            self.fields[field].1.origin = NodeOrigin::Value(Value::Missing);
        }
    }
}

/// Finds the fields of a phase that are moved: where a column serves one field alone, which takes
/// it unchanged.
fn moves(
    mapping: &Mapping,
    columns: Option<&[String]>,
    fields: &[(String, Node)],
) -> Vec<(usize, usize)> {
    // A reject rule may look at all fields.
    if columns.is_none() || mapping.explode.is_some() || !mapping.reject.is_empty() {
        return Vec::new();
    }
    let column = |node: &Node| match &node.origin {
        NodeOrigin::Path(Bound { path, slot: Slot::Column(column) })
            if path.segments().is_some_and(|segments| segments.len() == 1)
                && node.steps.is_empty()
                && node.default.is_none() =>
        {
            Some(*column)
        }
        _ => None,
    };
    let taken = |index: usize| column(&fields[index].1);
    let mut rest = mapping.clone();
    let mut at = 0;
    rest.fields.retain(|_| {
        at += 1;
        taken(at - 1).is_none()
    });
    let Some(used) = rest.columns() else { return Vec::new() };
    let all: Vec<(usize, usize)> =
        (0..fields.len()).filter_map(|index| Some((index, taken(index)?))).collect();
    let once = |&(_, column): &(usize, usize)| {
        all.iter().filter(|(_, other)| *other == column).count() == 1
            && columns.is_some_and(|columns| !used.contains(&columns[column]))
    };
    all.iter().copied().filter(once).collect()
}

struct Compiler<'m> {
    texts: TextsBuilder,
    columns: Option<&'m [String]>,
    lets: Vec<String>,
    element: Option<String>,
    place: String,
}

impl Compiler<'_> {
    fn error(&self, message: impl Into<String>) -> ProgramError {
        ProgramError { place: self.place.clone(), message: message.into() }
    }

    fn bind(&self, path: &Path) -> Result<Bound, ProgramError> {
        let slot = match &path.root {
            Root::Element => Slot::Element,
            Root::Exploded => Slot::Exploded,
            Root::Let(name) => Slot::Let(
                self.lets
                    .iter()
                    .position(|known| known == name)
                    .ok_or_else(|| self.error(format!("there is no named value `{name}`")))?,
            ),
            Root::Record => match (self.columns, path.head()) {
                (Some(columns), Some(head)) => columns
                    .iter()
                    .position(|column| column == head)
                    .map_or(Slot::Absent, Slot::Column),
                _ => Slot::Record,
            },
        };
        Ok(Bound { path: path.clone(), slot })
    }

    fn names(
        &self,
        text: &str,
        kind: TextKind,
        inside: bool,
    ) -> Result<Vec<NameBinding>, ProgramError> {
        let analysis = analyse(text, kind).map_err(|error| self.error(error.message))?;
        let mut bindings: Vec<NameBinding> = Vec::new();
        for name in &analysis.names {
            let root = &name.path[0];
            if bindings.iter().any(|binding| *binding.name == **root) {
                continue;
            }
            let source = match root.as_str() {
                "let" => NameSource::Lets(self.lets_used(&analysis.names)),
                "now" => NameSource::Now,
                "record" => NameSource::Record,
                "target" => NameSource::Target,
                name if self.element.as_deref() == Some(name) => NameSource::Exploded,
                name if inside => NameSource::ElementField(name.to_owned()),
                name => match self.columns {
                    None => NameSource::DocumentField(name.to_owned()),
                    Some(columns) => match columns.iter().position(|column| column == name) {
                        Some(index) => NameSource::Column(index),
                        None => continue,
                    },
                },
            };
            bindings.push(NameBinding { name: Arc::from(root.as_str()), source });
        }
        Ok(bindings)
    }

    /// The named values that a text uses: those that it names, or all when it takes `let` whole.
    fn lets_used(&self, names: &[Name]) -> Vec<(usize, String)> {
        let uses = |wanted: &str| {
            names
                .iter()
                .filter(|name| name.path[0] == "let")
                .any(|name| name.path.get(1).is_none_or(|used| used == wanted))
        };
        self.lets.iter().cloned().enumerate().filter(|(_, name)| uses(name)).collect()
    }

    fn tests(&mut self, rules: &[super::Rule], kind: &str) -> Result<Vec<Test>, ProgramError> {
        rules
            .iter()
            .map(|rule| {
                self.place = format!("{kind} ({})", rule.reason);
                Ok(Test {
                    names: self.names(&rule.when, TextKind::Expression, false)?,
                    expression: self.texts.expression(&rule.when),
                    reason: rule.reason.clone(),
                })
            })
            .collect()
    }

    fn nodes(&mut self, exprs: &[Expr], inside: bool) -> Result<Vec<Node>, ProgramError> {
        exprs.iter().map(|expr| self.node(expr, inside)).collect()
    }

    fn fields(
        &mut self,
        fields: &[(FieldPath, Expr)],
    ) -> Result<Vec<(FieldPath, Node)>, ProgramError> {
        fields.iter().map(|(path, expr)| Ok((path.clone(), self.node(expr, true)?))).collect()
    }

    fn template(&mut self, text: &str, inside: bool) -> Result<TextNode, ProgramError> {
        let names = self.names(text, TextKind::Template, inside)?;
        let number = |name: &str| names.iter().position(|binding| *binding.name == *name);
        let plain = PlainText::of(text, number);
        Ok(TextNode { id: self.texts.template(text), names, plain })
    }

    fn node(&mut self, expr: &Expr, inside: bool) -> Result<Node, ProgramError> {
        let origin = match &expr.origin {
            Origin::Path(path) => NodeOrigin::Path(self.bind(path)?),
            Origin::Value(value) => NodeOrigin::Value(value.clone()),
            Origin::Expression(text) => {
                let names = self.names(text, TextKind::Expression, inside)?;
                NodeOrigin::Expression(self.texts.expression(text), names)
            }
            Origin::Template(text) => NodeOrigin::Template(self.template(text, inside)?),
            Origin::Id(rule) => {
                let name =
                    rule.name.as_ref().map(|text| self.template(text, inside)).transpose()?;
                NodeOrigin::Id(rule.clone(), name)
            }
            Origin::Each(path) => NodeOrigin::Each(self.bind(path)?),
            Origin::First { alternatives, on_missing } => NodeOrigin::First {
                alternatives: self.nodes(alternatives, inside)?,
                on_missing: *on_missing,
                looks_up: alternatives.iter().any(looks_up),
            },
            Origin::Lookup(LookupCall { lookup, keys, on_missing }) => NodeOrigin::Lookup {
                lookup: *lookup,
                keys: self.nodes(keys, inside)?,
                on_missing: *on_missing,
            },
        };
        let steps = expr.steps.iter().map(|step| self.step(step)).collect::<Result<_, _>>()?;
        Ok(Node { origin, steps, default: expr.default.clone(), on_error: expr.on_error })
    }

    fn pattern(&self, pattern: &str) -> Result<TimePattern, ProgramError> {
        TimePattern::new(pattern).map_err(|message| self.error(message))
    }

    fn step(&mut self, step: &Step) -> Result<NodeStep, ProgramError> {
        Ok(match step {
            Step::Apply { function, arguments } => self.apply(function, arguments)?,
            Step::Parse { pattern, timezone } => NodeStep::Parse(self.pattern(pattern)?, *timezone),
            Step::Cast { to, timezone } => NodeStep::Cast(
                to.clone(),
                CastOptions { timezone: *timezone, ..CastOptions::default() },
            ),
            Step::Crosswalk(crosswalk) => NodeStep::Crosswalk(Codes::of(crosswalk)),
            Step::Object(fields) => NodeStep::Object(self.fields(fields)?),
            Step::Extend { fields, without } => {
                NodeStep::Extend { fields: self.fields(fields)?, without: without.clone() }
            }
            Step::Format { pattern, timezone } => {
                NodeStep::Format(self.pattern(pattern)?, *timezone)
            }
        })
    }

    fn apply(
        &mut self,
        name: &str,
        arguments: &[(Option<String>, ArgumentExpr)],
    ) -> Result<NodeStep, ProgramError> {
        let function = functions::find(name)
            .ok_or_else(|| self.error(format!("there is no transform `{name}`")))?;
        let mut dynamic = Vec::new();
        let mut bound = Vec::with_capacity(arguments.len());
        for (name, argument) in arguments {
            let argument = match argument {
                ArgumentExpr::Value(value) => Argument::Constant(value.clone()),
                ArgumentExpr::Path(path) => {
                    dynamic.push(self.bind(path)?);
                    Argument::Dynamic(dynamic.len() - 1)
                }
            };
            bound.push((name.clone(), argument));
        }
        let transform =
            functions::bind(function, bound).map_err(|error| self.error(error.to_string()))?;
        Ok(NodeStep::Apply { transform, dynamic, takes_absent: function.takes_absent() })
    }
}

/// Whether something looks up, at its beginning.
fn looks_up(expr: &Expr) -> bool {
    match &expr.origin {
        Origin::Lookup(_) => true,
        Origin::First { alternatives, .. } => alternatives.iter().any(looks_up),
        _ => false,
    }
}

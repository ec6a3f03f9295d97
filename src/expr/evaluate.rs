//! One record through a program.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::program::{Bound, Codes, Node, NodeOrigin, NodeStep, Program, Slot, Test, TextNode};
use super::repairs::{Place, Repair, Repairs};
use super::template::names;
use super::{OnError, OnMissing};
use crate::value::{FieldPath, Key, KeyError, Object, Problem, Row, Value, cast};

/// Answers lookups while records are mapped.
pub trait Lookups {
    /// What the lookup with this index finds for a key.
    fn find(&self, lookup: usize, key: &Key) -> Found;
}

/// What a lookup finds.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A value.
    Value(Value),
    /// Nothing.
    Nothing,
    /// Several records where one was expected.
    Many,
    /// It is not known yet: map the record again when it is.
    Pending,
}

/// What became of a record (or element).
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// The values of the target's fields, in the order of the mapping.
    Row(Row),
    /// A rule or lookup leaves it out, for this reason.
    Skipped(String),
    /// It can't be mapped.
    Rejected(Problem),
    /// A lookup is not known yet.
    Pending,
}

/// What is mapped: a record, or one element of it.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    /// The record's values, in the layout that the program was compiled for.
    pub row: &'a [Value],
    /// The source key, with the element's number when the phase explodes.
    pub key: &'a Key,
    /// The element, when the phase explodes.
    pub exploded: Option<&'a Value>,
    /// When the phase first started.
    pub now: chrono::DateTime<chrono::Utc>,
}

/// Why an evaluation ends early.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt {
    /// Something is wrong.
    Problem(Problem),
    /// The record is left out, for this reason.
    Skip(String),
    /// A lookup is not known yet.
    Pending,
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// A name of a text and where its value comes from.
pub(super) struct NameBinding {
    pub(super) name: Arc<str>,
    pub(super) source: NameSource,
}

pub(super) enum NameSource {
    Column(usize),
    DocumentField(String),
    ElementField(String),
    Exploded,
    /// The named values that the text uses, and no others: one that fails is none of its business.
    Lets(Vec<(usize, String)>),
    Now,
    Record,
    Target,
}

type Evaluated = Result<Value, Halt>;

thread_local! {
    /// Where texts are put together.
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

struct Scope<'a> {
    program: &'a Program,
    element: Element<'a>,
    /// What `@` is: the exploded element, or the value that `each`, `object` or `extend` is at.
    current: Option<&'a Value>,
    lets: &'a [Evaluated],
    lookups: &'a dyn Lookups,
    /// The mapped fields, for reject rules.
    target: Option<&'a [Value]>,
    /// What is computed.
    place: Place,
    /// What was done to bring the record in all the same.
    log: &'a RefCell<Vec<(Place, Repair)>>,
}

impl Program {
    /// The elements of a record when the phase explodes: what the path finds, a list's elements one
    /// by one. Empty when there is nothing there.
    pub fn elements(&self, row: &[Value]) -> Vec<Value> {
        let Some(explode) = &self.explode else { return Vec::new() };
        let found = match explode.slot {
            Slot::Column(index) => explode.path.select_in_head(&row[index]),
            Slot::Record => explode.path.select(&self.record(row)),
            Slot::Absent | Slot::Element | Slot::Exploded | Slot::Let(_) => Value::Missing,
        };
        match found {
            Value::Array(values) => Arc::unwrap_or_clone(values),
            Value::Missing | Value::Null => Vec::new(),
            one => vec![one],
        }
    }

    /// Whether the phase takes records apart into elements.
    pub fn explodes(&self) -> bool {
        self.explode.is_some()
    }

    /// Maps one record or element. What services are asked about comes after the fields.
    pub fn map(&self, element: Element<'_>, lookups: &dyn Lookups) -> Mapped {
        self.map_and_count(element, lookups, &mut Repairs::new())
    }

    /// Maps one record or element, and counts what was done to bring it in all the same.
    pub fn map_and_count(
        &self,
        element: Element<'_>,
        lookups: &dyn Lookups,
        repairs: &mut Repairs,
    ) -> Mapped {
        let log = RefCell::new(Vec::new());
        match self.try_map(element, lookups, &log) {
            Ok(row) => {
                for (place, repair) in log.into_inner() {
                    let name = match place {
                        Place::Let(index) => format!("let.{}", self.let_names[index]),
                        Place::Field(index) => self.fields[index].0.clone(),
                        Place::Elsewhere => continue,
                    };
                    *repairs.entry(format!("{name}: {}", repair.name())).or_default() += 1;
                }
                Mapped::Row(row)
            }
            Err(Halt::Skip(reason)) => Mapped::Skipped(reason),
            Err(Halt::Problem(problem)) => Mapped::Rejected(problem),
            Err(Halt::Pending) => Mapped::Pending,
        }
    }

    fn try_map(
        &self,
        element: Element<'_>,
        lookups: &dyn Lookups,
        log: &RefCell<Vec<(Place, Repair)>>,
    ) -> Result<Row, Halt> {
        let mut lets: Vec<Evaluated> = Vec::with_capacity(self.lets.len());
        for (index, node) in self.lets.iter().enumerate() {
            let scope = self.scope(element, &lets, lookups, log);
            let value = Scope { place: Place::Let(index), ..scope }.node(node);
            lets.push(value);
        }
        let scope = self.scope(element, &lets, lookups, log);
        if let Some(reason) = scope.first_true(&self.skip)? {
            return Err(Halt::Skip(reason.to_owned()));
        }
        let mut row = Vec::with_capacity(self.fields.len());
        let mut pending = false;
        for (index, (name, node)) in self.fields.iter().enumerate() {
            let scope = self.scope(element, &lets, lookups, log);
            match (Scope { place: Place::Field(index), ..scope }).node(node) {
                Ok(value) => row.push(value),
                // Goes on, so that all lookups of the record are asked for at once.
                Err(Halt::Pending) => {
                    pending = true;
                    row.push(Value::Missing);
                }
                Err(Halt::Problem(problem)) => return Err(Halt::Problem(problem.at(name))),
                Err(skip) => return Err(skip),
            }
        }
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for node in &self.inputs {
            match scope.node(node) {
                Ok(value) => inputs.push(value),
                Err(Halt::Pending) => pending = true,
                Err(halt) => return Err(halt),
            }
        }
        if pending {
            return Err(Halt::Pending);
        }
        let scope = Scope { target: Some(&row), ..self.scope(element, &lets, lookups, log) };
        if let Some(reason) = scope.first_true(&self.reject)? {
            return Err(Halt::Problem(Problem::new(reason.to_owned(), "a reject rule says so")));
        }
        row.append(&mut inputs);
        Ok(row)
    }

    fn scope<'a>(
        &'a self,
        element: Element<'a>,
        lets: &'a [Evaluated],
        lookups: &'a dyn Lookups,
        log: &'a RefCell<Vec<(Place, Repair)>>,
    ) -> Scope<'a> {
        Scope {
            program: self,
            element,
            current: element.exploded,
            lets,
            lookups,
            target: None,
            place: Place::Elsewhere,
            log,
        }
    }

    /// The whole record as one value.
    fn record(&self, row: &[Value]) -> Value {
        match &self.columns {
            None => row.first().cloned().unwrap_or_default(),
            Some(columns) => Value::object(
                columns
                    .iter()
                    .zip(row)
                    .map(|(name, value)| (name.as_str(), value.clone()))
                    .collect(),
            ),
        }
    }
}

impl Scope<'_> {
    fn first_true<'t>(&self, tests: &'t [Test]) -> Result<Option<&'t str>, Halt> {
        for test in tests {
            let names = self.names(&test.names)?;
            let result = self.program.texts.evaluate(test.expression, &names)?;
            let holds = match &result {
                Value::Bool(holds) => *holds,
                Value::Missing | Value::Null => false,
                Value::Int(number) => *number != 0,
                Value::Float(number) => *number != 0.0,
                Value::Text(text) => !text.is_empty(),
                Value::Array(values) => !values.is_empty(),
                Value::Object(object) => !object.is_empty(),
                _ => true,
            };
            if holds {
                return Ok(Some(&test.reason));
            }
        }
        Ok(None)
    }

    fn path(&self, bound: &Bound) -> Evaluated {
        Ok(match bound.slot {
            Slot::Column(index) => bound.path.select_in_head(&self.element.row[index]),
            Slot::Absent => Value::Missing,
            Slot::Record => match &self.program.columns {
                None => match self.element.row.first() {
                    Some(document) => bound.path.select(document),
                    None => Value::Missing,
                },
                Some(_) => bound.path.select(&self.program.record(self.element.row)),
            },
            Slot::Element => match self.current {
                Some(current) => bound.path.select(current),
                None => Value::Missing,
            },
            Slot::Exploded => match self.element.exploded {
                Some(exploded) => bound.path.select(exploded),
                None => Value::Missing,
            },
            Slot::Let(index) => bound.path.select(&self.named(index)?),
        })
    }

    fn named(&self, index: usize) -> Evaluated {
        self.lets.get(index).cloned().unwrap_or(Ok(Value::Missing))
    }

    fn names(&self, bindings: &[NameBinding]) -> Result<minijinja::Value, Halt> {
        let mut pairs = Vec::with_capacity(bindings.len());
        for binding in bindings {
            let field = |object: Option<&Value>, name: &str| {
                object.and_then(Value::as_object).and_then(|object| object.get(name)).cloned()
            };
            let value = match &binding.source {
                NameSource::Column(index) => self.element.row[*index].clone(),
                NameSource::DocumentField(name) => {
                    field(self.element.row.first(), name).unwrap_or_default()
                }
                NameSource::ElementField(name) => field(self.current, name).unwrap_or_default(),
                NameSource::Exploded => self.element.exploded.cloned().unwrap_or_default(),
                NameSource::Lets(names) => {
                    let mut lets = Object::with_capacity(names.len());
                    for (index, name) in names {
                        match self.named(*index)? {
                            Value::Missing => {}
                            value => {
                                lets.insert(name.as_str(), value);
                            }
                        }
                    }
                    Value::object(lets)
                }
                NameSource::Now => Value::Timestamp(self.element.now),
                NameSource::Record => self.program.record(self.element.row),
                NameSource::Target => {
                    let mut target = Object::new();
                    for (path, value) in
                        self.program.target_paths.iter().zip(self.target.unwrap_or_default())
                    {
                        path.set(&mut target, value.clone());
                    }
                    Value::object(target)
                }
            };
            if !matches!(value, Value::Missing) {
                pairs.push((Arc::clone(&binding.name), value));
            }
        }
        Ok(names(pairs))
    }

    fn node(&self, node: &Node) -> Evaluated {
        let value = match self.origin_and_steps(node) {
            Ok(value) => value,
            Err(Halt::Problem(problem)) => match node.on_error {
                OnError::Reject => return Err(Halt::Problem(problem)),
                OnError::Null => {
                    self.did(Repair::ErrorNull);
                    return Ok(Value::Null);
                }
                OnError::Default => {
                    self.did(Repair::ErrorDefault);
                    Value::Missing
                }
            },
            Err(halt) => return Err(halt),
        };
        match &node.default {
            Some(default) if value.is_absent() => Ok(default.clone()),
            _ => Ok(value),
        }
    }

    fn origin_and_steps(&self, node: &Node) -> Evaluated {
        if let NodeOrigin::Each(path) = &node.origin {
            return match self.path(path)? {
                Value::Array(values) => values
                    .iter()
                    .map(|value| self.steps(value.clone(), &node.steps))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Value::array),
                absent if absent.is_absent() => Ok(absent),
                _ => Err(Problem::new("each", "`each` takes a list").into()),
            };
        }
        let value = self.origin(&node.origin)?;
        self.steps(value, &node.steps)
    }

    fn origin(&self, origin: &NodeOrigin) -> Evaluated {
        match origin {
            NodeOrigin::Path(path) | NodeOrigin::Each(path) => self.path(path),
            NodeOrigin::Value(value) => Ok(value.clone()),
            NodeOrigin::Expression(id, names) => {
                Ok(self.program.texts.evaluate(*id, &self.names(names)?)?)
            }
            NodeOrigin::Template(text) => self.text(text, |text| Value::text(text)),
            NodeOrigin::Id(rule, None) => Ok(rule.make(self.element.key, None)),
            NodeOrigin::Id(rule, Some(name)) => {
                self.text(name, |name| rule.make(self.element.key, Some(name)))
            }
            NodeOrigin::First { alternatives, on_missing, looks_up } => {
                for (index, alternative) in alternatives.iter().enumerate() {
                    let before = self.log.borrow().len();
                    let value = self.node(alternative)?;
                    if !value.is_absent() {
                        if *looks_up {
                            self.did(Repair::Link(index + 1));
                        }
                        return Ok(value);
                    }
                    // What gave nothing made up for nothing.
                    self.log.borrow_mut().truncate(before);
                }
                let message = "none of the alternatives gives a value";
                if *looks_up {
                    return self.missing(*on_missing, "lookup_missing", message);
                }
                self.missing(*on_missing, "missing", message)
            }
            NodeOrigin::Lookup { lookup, keys, on_missing } => {
                self.lookup(*lookup, keys, *on_missing)
            }
        }
    }

    /// What is made of a rendered text.
    fn text(&self, text: &TextNode, make: impl Fn(&str) -> Value) -> Evaluated {
        if let Some(plain) = &text.plain {
            let mut scratch = SCRATCH.take();
            scratch.clear();
            let value = |number: usize| self.held(&text.names.get(number)?.source);
            let made = plain.render(&mut scratch, value).then(|| make(&scratch));
            SCRATCH.set(scratch);
            if let Some(made) = made {
                return Ok(made);
            }
        }
        Ok(make(&self.program.texts.render(&text.id, &self.names(&text.names)?)?))
    }

    /// The value of a name that the record or element holds as it is.
    fn held(&self, source: &NameSource) -> Option<&Value> {
        match source {
            NameSource::Column(index) => self.element.row.get(*index),
            NameSource::DocumentField(name) => self.element.row.first()?.as_object()?.get(name),
            NameSource::ElementField(name) => self.current?.as_object()?.get(name),
            NameSource::Exploded => self.element.exploded,
            NameSource::Lets(_) | NameSource::Now | NameSource::Record | NameSource::Target => None,
        }
    }

    fn lookup(&self, lookup: usize, keys: &[Node], on_missing: OnMissing) -> Evaluated {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(self.node(key)?);
        }
        let key = match Key::new(&values) {
            Ok(key) => key,
            Err(KeyError::Absent(_)) => return Ok(Value::Null),
            Err(KeyError::NotScalar(_)) => {
                return Err(Problem::new("lookup", "a list or object can't be looked up").into());
            }
        };
        match self.lookups.find(lookup, &key) {
            Found::Value(value) => Ok(value),
            Found::Pending => Err(Halt::Pending),
            Found::Nothing => {
                self.missing(on_missing, "lookup_missing", "the lookup finds nothing for this key")
            }
            Found::Many => {
                Err(Problem::new("lookup_many", "the lookup finds several records").into())
            }
        }
    }

    fn steps(&self, mut value: Value, steps: &[NodeStep]) -> Evaluated {
        for step in steps {
            if value.is_absent() && !matches!(step, NodeStep::Apply { takes_absent: true, .. }) {
                continue;
            }
            value = match step {
                NodeStep::Apply { transform, dynamic, .. } => {
                    let arguments = dynamic
                        .iter()
                        .map(|path| self.path(path))
                        .collect::<Result<Vec<_>, _>>()?;
                    transform.apply(value, &arguments)?
                }
                NodeStep::Parse(pattern, timezone) => cast::parse_time(&value, pattern, *timezone)?,
                NodeStep::Cast(to, options) => cast::cast(value, to, options)?,
                NodeStep::Crosswalk(crosswalk) => translate(crosswalk, &value)?,
                NodeStep::Object(fields) => {
                    let mut object = Object::with_capacity(fields.len());
                    self.inside(&value, fields, &mut object)?;
                    Value::object(object)
                }
                NodeStep::Extend { fields, without } => {
                    let Value::Object(base) = &value else {
                        let message = format!("`extend` takes an object, not {}", value.kind());
                        return Err(Problem::new("extend", message).into());
                    };
                    let mut object = Object::clone(base);
                    for name in without {
                        object.remove(name);
                    }
                    self.inside(&value, fields, &mut object)?;
                    Value::object(object)
                }
                NodeStep::Format(pattern, timezone) => {
                    cast::format_time(&value, pattern, *timezone)?
                }
            };
        }
        Ok(value)
    }

    /// What becomes of a value that is nowhere.
    fn missing(
        &self,
        on_missing: OnMissing,
        reason: &'static str,
        message: &'static str,
    ) -> Evaluated {
        // Of what is no lookup nothing is counted.
        let counts = reason == "lookup_missing";
        match on_missing {
            OnMissing::Reject => Err(Problem::new(reason, message).into()),
            OnMissing::Null => {
                if counts {
                    self.did(Repair::MissingNull);
                }
                Ok(Value::Null)
            }
            OnMissing::Default => {
                if counts {
                    self.did(Repair::MissingDefault);
                }
                Ok(Value::Missing)
            }
            OnMissing::Skip => Err(Halt::Skip(reason.to_owned())),
        }
    }

    /// Notes what was done to bring the record in all the same.
    fn did(&self, repair: Repair) {
        if self.place != Place::Elsewhere {
            self.log.borrow_mut().push((self.place, repair));
        }
    }

    /// Computes nested fields with the value as `@`, into an object.
    fn inside(
        &self,
        value: &Value,
        fields: &[(FieldPath, Node)],
        into: &mut Object,
    ) -> Result<(), Halt> {
        let scope = Scope { current: Some(value), ..*self };
        for (path, node) in fields {
            let field = scope.node(node).map_err(|halt| match halt {
                Halt::Problem(problem) => Halt::Problem(problem.at(&path.to_string())),
                halt => halt,
            })?;
            if !matches!(field, Value::Missing) {
                path.set(into, field);
            }
        }
        Ok(())
    }
}

fn translate(codes: &Codes, value: &Value) -> Evaluated {
    let crosswalk = &codes.crosswalk;
    let found = match value {
        Value::Int(number) => codes.numbers.get(number),
        value => match value.canonical_text() {
            Some(code) => crosswalk.codes.get(&*code),
            None => {
                let message = format!("a crosswalk takes one code, not {}", value.kind());
                return Err(Problem::new("crosswalk", message).into());
            }
        },
    };
    match found.or(crosswalk.otherwise.as_ref()) {
        Some(value) => Ok(value.clone()),
        None => {
            let message = format!("the code is not in crosswalk `{}`", crosswalk.name);
            Err(Problem::new("crosswalk", message).into())
        }
    }
}

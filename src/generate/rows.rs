//! A recipe made ready, and the rows that follow from it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;

use super::pool::{Choice, From, Rows as PoolRows};
use super::random::{Chance, Salt, below, unit};
use super::{Dirt, Dirty, Field, Generator, Kind, Pool, ROW, Recipe, Reference, Taken};
use crate::connectors::{Layout, matches};
use crate::expr::{
    Element, Expr, Found, Lookups, Mapped, Mapping, OnError, Origin, Program, TextKind, analyse,
};
use crate::value::query::Filter;
use crate::value::{FieldPath, Key, Object, ObjectId, Problem, Row, Value};

/// How long a text is that is far too long.
const TOO_LONG: usize = 5_000;

/// How far in the future what is far in the future is, in days.
const FAR: i64 = 100 * 365;

/// Values of references to rows that are there, by reference.
pub(super) type Values = Vec<(Reference, Arc<Vec<Value>>)>;

/// The rows of one table of a recipe.
#[derive(Debug)]
pub(super) struct Rows {
    recipe: Arc<Recipe>,
    /// Those tables that are needed.
    tables: BTreeMap<usize, Table>,
    table: usize,
}

#[derive(Debug)]
struct Table {
    count: u64,
    fields: Vec<Made>,
    names: Vec<FieldPath>,
}

/// A generator made ready.
struct Made {
    salt: Salt,
    generator: Generator,
    inner: Inner,
}

/// What a kind needs besides.
enum Inner {
    None,
    /// For weights: their sums.
    Sums(Vec<u64>),
    Template(Box<Template>),
    Choice(Choice),
    Fields(Vec<(FieldPath, Made)>),
    Element(Box<Made>),
}

struct Template {
    program: Program,
    /// Per column of the program's record: the field of the table that it is, when it is used.
    used: Vec<Option<usize>>,
    /// Whether the last column is the number of the row.
    numbered: bool,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.generator.fmt(f)
    }
}

/// What a value belongs to.
#[derive(Clone, Copy)]
struct At {
    table: usize,
    row: u64,
}

/// Templates of seeds look nothing up.
struct NoLookups;

impl Lookups for NoLookups {
    fn find(&self, _lookup: usize, _key: &Key) -> Found {
        Found::Nothing
    }
}

/// The tables that a table's rows are made from: itself and those that it refers to.
pub(super) fn needed(recipe: &Recipe, table: usize) -> Vec<usize> {
    let mut needed = vec![table];
    let mut next = 0;
    while let Some(at) = needed.get(next).copied() {
        next += 1;
        for reference in references(recipe, at) {
            if let Pool::Table { table, .. } = reference.pool
                && !needed.contains(&table)
            {
                needed.push(table);
            }
        }
    }
    needed
}

/// The references of a table, those inside objects and lists too.
pub(super) fn references(recipe: &Recipe, table: usize) -> Vec<&Reference> {
    fn collect<'r>(generator: &'r Generator, all: &mut Vec<&'r Reference>) {
        match &generator.kind {
            Kind::Reference(reference) => all.push(reference),
            Kind::Object(fields) => fields.iter().for_each(|field| collect(&field.generator, all)),
            Kind::List { of, .. } => collect(of, all),
            _ => {}
        }
    }
    let mut all = Vec::new();
    for field in recipe.tables.get(table).map_or(&[][..], |table| &table.fields) {
        collect(&field.generator, &mut all);
    }
    all
}

impl Rows {
    /// Makes a table's rows ready. `values` are those of the references to rows that are there.
    ///
    /// # Errors
    /// When a template can't be compiled, or a reference finds no row.
    pub(super) fn new(
        recipe: &Arc<Recipe>,
        table: usize,
        values: &Values,
    ) -> Result<Self, Problem> {
        let mut rows = Self { recipe: Arc::clone(recipe), tables: BTreeMap::new(), table };
        // What is referred to is ready when a filter has to look at its rows.
        let mut order = needed(recipe, table);
        order.reverse();
        while !order.is_empty() {
            let ready = order.iter().position(|at| {
                references(recipe, *at).iter().all(|reference| match reference.pool {
                    Pool::Table { table, .. } => table == *at || rows.tables.contains_key(&table),
                    Pool::Rows { .. } => true,
                })
            });
            let Some(ready) = ready else {
                return Err(Problem::new("circle", "seeds refer to each other in a circle"));
            };
            let at = order.remove(ready);
            let made = rows.make_ready(at, values)?;
            rows.tables.insert(at, made);
        }
        Ok(rows)
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.tables.get(&self.table).map_or(0, |table| table.count)
    }

    /// A row: its number, and the values of the fields.
    pub(super) fn row(&self, row: u64) -> Result<Row, Problem> {
        let count = self.tables.get(&self.table).map_or(0, |table| table.fields.len());
        let mut values = Vec::with_capacity(count + 1);
        values.push(Value::Int(i64::try_from(row + 1).unwrap_or(i64::MAX)));
        for field in 0..count {
            values.push(self.field(At { table: self.table, row }, field)?);
        }
        Ok(values)
    }

    fn make_ready(&self, table: usize, values: &Values) -> Result<Table, Problem> {
        let recipe = &self.recipe.tables[table];
        let salt = Salt::new(self.recipe.seed, &recipe.salt);
        let mut fields = Vec::with_capacity(recipe.fields.len());
        for field in &recipe.fields {
            let salt = salt.part(&field.path.to_string());
            let made = self
                .made(table, salt, &field.generator, values)
                .map_err(|problem| problem.at(&field.path.to_string()))?;
            fields.push(made);
        }
        let names = recipe.fields.iter().map(|field| field.path.clone()).collect();
        Ok(Table { count: recipe.count, fields, names })
    }

    fn made(
        &self,
        table: usize,
        salt: Salt,
        generator: &Generator,
        values: &Values,
    ) -> Result<Made, Problem> {
        let inner = match &generator.kind {
            Kind::Pick { weights, .. } => {
                let mut sum = 0;
                Inner::Sums(
                    weights
                        .iter()
                        .map(|weight| {
                            sum += weight;
                            sum
                        })
                        .collect(),
                )
            }
            Kind::Template(text) => {
                Inner::Template(Box::new(template(text, &self.recipe.tables[table].fields)?))
            }
            Kind::Reference(reference) => Inner::Choice(self.choice(table, reference, values)?),
            Kind::Object(fields) => Inner::Fields(
                fields
                    .iter()
                    .map(|field| {
                        let salt = salt.part(&field.path.to_string());
                        let made = self.made(table, salt, &field.generator, values)?;
                        Ok((field.path.clone(), made))
                    })
                    .collect::<Result<_, Problem>>()?,
            ),
            Kind::List { of, .. } => {
                Inner::Element(Box::new(self.made(table, salt.part("[]"), of, values)?))
            }
            _ => Inner::None,
        };
        Ok(Made { salt, generator: generator.clone(), inner })
    }

    fn choice(
        &self,
        own: usize,
        reference: &Reference,
        values: &Values,
    ) -> Result<Choice, Problem> {
        let from = match &reference.pool {
            Pool::Table { table, take } => {
                let count = self.recipe.tables[*table].count;
                let rows = if reference.filter == Filter::All {
                    PoolRows::All(count)
                } else {
                    let mut these = Vec::new();
                    for row in 0..count {
                        if self.matches(*table, row, &reference.filter)? {
                            these.push(row);
                        }
                    }
                    PoolRows::These(Arc::new(these))
                };
                From::Table { table: *table, take: *take, rows, earlier: *table == own }
            }
            Pool::Rows { .. } => {
                let known = values.iter().find(|(other, _)| other == reference);
                From::Values(known.map(|(_, values)| Arc::clone(values)).unwrap_or_default())
            }
        };
        let choice = Choice::new(from, reference.distribution);
        if choice.count() == 0 && self.recipe.tables[own].count > 0 {
            let message = "there is no row that the reference could choose";
            return Err(Problem::new("reference", message));
        }
        Ok(choice)
    }

    /// Whether a row of a table is one that the filter wants.
    fn matches(&self, table: usize, row: u64, filter: &Filter) -> Result<bool, Problem> {
        let mut document = Object::new();
        let Some(made) = self.tables.get(&table) else { return Ok(false) };
        for path in filter.paths() {
            let root = path.split('.').next().unwrap_or_default();
            for (field, name) in made.names.iter().enumerate().filter(|(_, n)| n.root() == root) {
                name.set(&mut document, self.field(At { table, row }, field)?);
            }
        }
        Ok(matches(filter, &Layout::Document, &vec![Value::object(document)]))
    }

    /// A field's value, dirt included.
    fn field(&self, at: At, field: usize) -> Result<Value, Problem> {
        let Some(table) = self.tables.get(&at.table) else { return Ok(Value::Null) };
        let name = || table.names[field].to_string();
        let made = &table.fields[field];
        self.value(made, made.salt, at).map_err(|problem| problem.at(&name()))
    }

    /// A field's value as templates see it.
    fn clean_field(&self, at: At, field: usize) -> Result<Value, Problem> {
        let Some(table) = self.tables.get(&at.table) else { return Ok(Value::Null) };
        let made = &table.fields[field];
        self.clean(made, made.salt, at)
    }

    fn value(&self, made: &Made, salt: Salt, at: At) -> Result<Value, Problem> {
        let clean = self.clean(made, salt, at)?;
        let Some(dirty) = &made.generator.dirty else { return Ok(clean) };
        let mut chance = salt.part("dirty").chance(at.row);
        if unit(&mut chance) >= dirty.rate {
            return Ok(clean);
        }
        Ok(self.soil(dirty, &mut chance, &clean))
    }

    fn soil(&self, dirty: &Dirty, chance: &mut Chance, clean: &Value) -> Value {
        let place = usize::try_from(below(chance, dirty.with.len() as u128)).unwrap_or_default();
        let text = || clean.canonical_text().unwrap_or_default().into_owned();
        match &dirty.with[place] {
            Dirt::Null => Value::Null,
            Dirt::Empty => Value::text(""),
            Dirt::Blank => Value::text("   "),
            Dirt::TooLong => {
                let text = text();
                let piece = if text.is_empty() { "x" } else { &text };
                Value::text(piece.repeat(TOO_LONG.div_ceil(piece.len())))
            }
            Dirt::WrongCase => {
                let text = text();
                let upper = text.to_uppercase();
                Value::text(if text == upper { text.to_lowercase() } else { upper })
            }
            Dirt::FutureDate => {
                let far = self.recipe.now + TimeDelta::days(FAR);
                if matches!(clean, Value::Timestamp(_)) {
                    Value::Timestamp(far)
                } else {
                    Value::Date(far.date_naive())
                }
            }
            Dirt::Value(value) => value.clone(),
        }
    }

    fn clean(&self, made: &Made, salt: Salt, at: At) -> Result<Value, Problem> {
        let generator = &made.generator;
        if generator.null_rate > 0.0
            && unit(&mut salt.part("null").chance(at.row)) < generator.null_rate
        {
            return Ok(Value::Null);
        }
        let mut chance = salt.chance(at.row);
        let now = self.recipe.now;
        let place = |size: u128, chance: &mut Chance| {
            if !generator.unique {
                return Ok(below(chance, size));
            }
            if u128::from(at.row) < size {
                return Ok(salt.shuffled(at.row, size));
            }
            Err(Problem::new("unique", "there are not so many different values"))
        };
        Ok(match (&generator.kind, &made.inner) {
            (Kind::Fake(fake), _) => {
                Value::text(fake.make(&mut chance, generator.unique.then_some(at.row + 1)))
            }
            (Kind::Pick { values, .. }, Inner::Sums(sums)) if !generator.unique => {
                let sum = sums.last().copied().unwrap_or_default();
                let point = below(&mut chance, sum.into());
                let place = sums.partition_point(|sum| u128::from(*sum) <= point);
                values.get(place).cloned().unwrap_or(Value::Null)
            }
            (Kind::Boolean(rate), _) if !generator.unique => Value::Bool(unit(&mut chance) < *rate),
            (
                Kind::Pick { .. }
                | Kind::Integer { .. }
                | Kind::Decimal { .. }
                | Kind::Boolean(_)
                | Kind::Date(..)
                | Kind::Timestamp(..)
                | Kind::Value(_),
                _,
            ) => {
                let size = generator.size(now).unwrap_or(1);
                generator.nth(place(size, &mut chance)?, now)
            }
            (Kind::Sequence { start, step }, _) => {
                let row = i64::try_from(at.row).unwrap_or(i64::MAX);
                let value = step.checked_mul(row).and_then(|steps| start.checked_add(steps));
                value
                    .map(Value::Int)
                    .ok_or_else(|| Problem::new("sequence", "the number is beyond 64 bits"))?
            }
            (Kind::Uuid, _) => {
                Value::Uuid(uuid::Builder::from_random_bytes(salt.id(at.row)).into_uuid())
            }
            (Kind::ObjectId, _) => {
                let mut id = [0; 12];
                id.copy_from_slice(&salt.id(at.row)[..12]);
                Value::ObjectId(ObjectId(id))
            }
            (Kind::Template(_), Inner::Template(template)) => self.rendered(template, at)?,
            (Kind::Reference(_), Inner::Choice(choice)) => {
                self.referred(choice, &mut chance, salt, at, generator.unique)?
            }
            (Kind::Object(_), Inner::Fields(fields)) => {
                let mut object = Object::with_capacity(fields.len());
                for (path, made) in fields {
                    // Inside a list every element has its own chance.
                    let salt = salt.part(&path.to_string());
                    path.set(&mut object, self.value(made, salt, at)?);
                }
                Value::object(object)
            }
            (Kind::List { min, max, .. }, Inner::Element(element)) => {
                let size = u128::from(max.saturating_sub(*min)) + 1;
                let count = min + u64::try_from(below(&mut chance, size)).unwrap_or_default();
                let inside = salt.part("[]");
                let values = (0..count).map(|i| self.value(element, inside.element(i), at));
                Value::array(values.collect::<Result<_, _>>()?)
            }
            _ => Value::Null,
        })
    }

    fn rendered(&self, template: &Template, at: At) -> Result<Value, Problem> {
        let mut record: Row = Vec::with_capacity(template.used.len() + 1);
        for used in &template.used {
            record.push(match used {
                Some(field) => self.clean_field(at, *field)?,
                None => Value::Missing,
            });
        }
        let number = Value::Int(i64::try_from(at.row + 1).unwrap_or(i64::MAX));
        let key =
            Key::new([&number]).map_err(|_| Problem::new("template", "the row has no number"))?;
        if template.numbered {
            record.push(number);
        }
        let element = Element { row: &record, key: &key, exploded: None, now: self.recipe.now };
        match template.program.map(element, &NoLookups) {
            Mapped::Row(mut row) => Ok(row.pop().unwrap_or_default()),
            Mapped::Rejected(mut problem) => {
                problem.field = None;
                Err(problem)
            }
            Mapped::Skipped(_) | Mapped::Pending => {
                Err(Problem::new("template", "the template gives nothing"))
            }
        }
    }

    fn referred(
        &self,
        choice: &Choice,
        chance: &mut Chance,
        salt: Salt,
        at: At,
        unique: bool,
    ) -> Result<Value, Problem> {
        let Some(place) = choice.place(chance, salt, at.row, unique) else {
            // The first of rows that refer to earlier ones of their own table.
            if choice.count_for(at.row) == 0 {
                return Ok(Value::Null);
            }
            return Err(Problem::new("unique", "there are not so many rows to refer to"));
        };
        match &choice.from {
            From::Values(values) => {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                Ok(values.get(place).cloned().unwrap_or(Value::Null))
            }
            From::Table { table, take, rows, .. } => {
                let row = rows.nth(place).unwrap_or_default();
                match take {
                    // What the other row really holds, dirt included.
                    Taken::Field(field) => self.field(At { table: *table, row }, *field),
                    Taken::Number => Ok(Value::Int(i64::try_from(row + 1).unwrap_or(i64::MAX))),
                }
            }
        }
    }
}

/// Compiles a template over the fields of its table.
fn template(text: &str, fields: &[Field]) -> Result<Template, Problem> {
    let wrong = |message: String| Problem::new("template", message);
    let analysis = analyse(text, TextKind::Template).map_err(|error| wrong(error.message))?;
    let places: HashMap<&str, usize> = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.path.is_field())
        .map(|(at, field)| (field.path.root(), at))
        .collect();
    let mut columns: Vec<String> = Vec::new();
    let mut used = Vec::new();
    for name in &analysis.names {
        let Some(first) = name.path.first() else { continue };
        if let Some(field) = places.get(first.as_str())
            && !columns.contains(first)
        {
            columns.push(first.clone());
            used.push(Some(*field));
        }
    }
    let numbered = !places.contains_key(ROW);
    if numbered {
        columns.push(ROW.to_owned());
    }
    let mapping = Mapping {
        fields: vec![(
            FieldPath::field("text"),
            Expr {
                origin: Origin::Template(text.to_owned()),
                steps: Vec::new(),
                default: None,
                on_error: OnError::Reject,
            },
        )],
        ..Mapping::default()
    };
    let program = Program::compile(&mapping, Some(&columns)).map_err(|e| wrong(e.message))?;
    Ok(Template { program, used, numbered })
}

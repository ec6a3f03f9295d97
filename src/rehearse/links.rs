//! What a plan uses, and which rows belong together: by foreign keys, lookups, keys of targets and
//! checks of the spec.

use std::collections::{BTreeMap, BTreeSet};

use crate::connectors::{Layout, ScanSource, value_at};
use crate::expr::{Expr, LookupCall, Mapping, Origin, Step};
use crate::plan::{CheckKind, ConnectionId, Expect, LookupKind, Operand, Phase, Plan, SumOf};
use crate::value::{Schema, Value};

/// A table or collection: where (the number of its scratch database), and its name.
pub(super) type Entity = (usize, String);

/// What a plan uses of its connections.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Tables and collections.
    pub(super) entities: BTreeSet<Entity>,
    /// Those that records are read from.
    pub(super) roots: BTreeSet<Entity>,
    /// Places where queries may use any table.
    pub(super) any: BTreeSet<usize>,
    /// Those that are needed whole: what is looked up in them is only known when records are mapped.
    pub(super) whole: BTreeSet<Entity>,
    /// Tables that the spec itself makes.
    pub(super) declared: BTreeSet<Entity>,
    /// Enums that the spec itself makes.
    pub(super) declared_enums: BTreeSet<Entity>,
    /// Rows that belong together.
    pub(super) links: Vec<Link>,
}

/// Rows of one table that refer to rows of another.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) from: Entity,
    pub(super) read: Read,
    pub(super) to: Entity,
    /// The columns that are referred to; empty is the source's own key.
    pub(super) columns: Vec<String>,
}

/// How a row says what it refers to.
#[derive(Debug)]
pub(super) enum Read {
    /// By these columns or paths.
    Paths(Vec<String>),
    /// By the keys of a phase's lookup or target.
    Keys { phase: usize, keys: Vec<Expr> },
}

impl Uses {
    /// What a plan uses, of connections at these places; `None` where there is no database.
    pub(super) fn of(plan: &Plan, places: &[Option<usize>]) -> Self {
        let mut uses = Self::default();
        for (index, phase) in plan.phases.iter().enumerate() {
            uses.phase(plan, places, index, phase);
        }
        for check in &plan.checks {
            uses.check(places, &check.kind);
        }
        for task in &plan.indexes {
            uses.entity(places, task.connection, &task.entity);
        }
        for wanted in &plan.prerequisites {
            uses.entity(places, wanted.connection, &wanted.table);
        }
        for task in &plan.structures {
            let Some(place) = places[task.connection] else { continue };
            let names = task.tables.iter().map(|table| table.definition.name.clone());
            uses.declared.extend(names.map(|name| (place, name)));
            let names = task.enums.iter().map(|one| one.definition.name.clone());
            uses.declared_enums.extend(names.map(|name| (place, name)));
        }
        uses
    }

    fn entity(
        &mut self,
        places: &[Option<usize>],
        connection: ConnectionId,
        name: &str,
    ) -> Option<Entity> {
        let entity = (places[connection]?, name.to_owned());
        self.entities.insert(entity.clone());
        Some(entity)
    }

    fn phase(&mut self, plan: &Plan, places: &[Option<usize>], index: usize, phase: &Phase) {
        let target = self.entity(places, phase.target.connection, &phase.target.entity);
        let source = match &phase.source.scan {
            ScanSource::Entity(entity) | ScanSource::Pipeline { entity, .. } => {
                self.entity(places, phase.source.connection, entity)
            }
            ScanSource::Query(_) => {
                self.any.extend(places[phase.source.connection]);
                None
            }
            ScanSource::Files => None,
        };
        self.roots.extend(source.clone());
        let mut calls = Vec::new();
        for (_, expr) in &phase.mapping.lets {
            find_calls(expr, false, &mut calls);
        }
        for (_, expr) in &phase.mapping.fields {
            find_calls(expr, false, &mut calls);
        }
        for (call, inside) in calls {
            let Some(lookup) = phase.lookups.get(call.lookup) else { continue };
            let (to, columns) = match &lookup.kind {
                LookupKind::Phase { phase } => {
                    let Some(other) = plan.find_phase(phase) else { continue };
                    let other = &plan.phases[other].source;
                    let ScanSource::Entity(name) = &other.scan else { continue };
                    (self.entity(places, other.connection, name), other.key.clone())
                }
                LookupKind::Entity { connection, entity, by, .. } => {
                    (self.entity(places, *connection, entity), by.clone())
                }
            };
            let Some(to) = to else { continue };
            self.keys(index, phase, source.as_ref(), to, columns, (&call.keys, inside));
        }
        // What the target holds under the keys of the source's records.
        let key: Option<Vec<(String, Expr)>> = phase
            .target
            .key
            .iter()
            .map(|path| {
                let field = phase.mapping.fields.iter().find(|(field, _)| field == path);
                field.map(|(path, expr)| (path.to_string(), expr.clone()))
            })
            .collect();
        if let (Some(to), Some(key)) = (target, key.filter(|key| !key.is_empty())) {
            let (columns, keys): (Vec<String>, Vec<Expr>) = key.into_iter().unzip();
            // An id that is made from the key is never there before, and what is computed otherwise
            // decides only whether a record is new.
            if keys.iter().all(|key| is_plain(&phase.mapping, key)) {
                self.keys(index, phase, source.as_ref(), to, columns, (&keys, false));
            }
        }
    }

    fn keys(
        &mut self,
        index: usize,
        phase: &Phase,
        source: Option<&Entity>,
        to: Entity,
        columns: Vec<String>,
        (keys, inside): (&[Expr], bool),
    ) {
        let plain = !inside && keys.iter().all(|key| is_plain(&phase.mapping, key));
        match source {
            Some(source) if plain => {
                let read = Read::Keys { phase: index, keys: keys.to_vec() };
                self.links.push(Link { from: source.clone(), read, to, columns });
            }
            _ => {
                self.whole.insert(to);
            }
        }
    }

    fn check(&mut self, places: &[Option<usize>], kind: &CheckKind) {
        match kind {
            CheckKind::Query { connection, expect, .. } => {
                self.any.extend(places[*connection]);
                self.expect(places, expect);
            }
            CheckKind::Filter { connection, entity, expect, .. }
            | CheckKind::Stats { connection, entity, expect, .. } => {
                self.entity(places, *connection, entity);
                self.expect(places, expect);
            }
            CheckKind::References { connection, from, path, to, key, back } => {
                let from = self.entity(places, *connection, from);
                let to = self.entity(places, *connection, to);
                let (Some(from), Some(to)) = (from, to) else { return };
                let link = |from: &Entity, path: &str, to: &Entity, columns: &[&str]| Link {
                    from: from.clone(),
                    read: Read::Paths(vec![path.to_owned()]),
                    to: to.clone(),
                    columns: columns.iter().map(|column| (*column).to_owned()).collect(),
                };
                self.links.push(link(&from, path, &to, &[key]));
                if let Some(back) = back {
                    self.links.push(link(&to, back, &from, &[]));
                }
            }
            CheckKind::Compare { connection, left, right, on, .. } => {
                let left = self.entity(places, *connection, left);
                let right = self.entity(places, *connection, right);
                let (Some(left), Some(right)) = (left, right) else { return };
                let (ours, theirs): (Vec<String>, Vec<String>) = on.iter().cloned().unzip();
                self.links.push(Link {
                    from: left.clone(),
                    read: Read::Paths(ours.clone()),
                    to: right.clone(),
                    columns: theirs.clone(),
                });
                self.links.push(Link {
                    from: right,
                    read: Read::Paths(theirs),
                    to: left,
                    columns: ours,
                });
            }
            CheckKind::Latency { connection, entity, .. }
            | CheckKind::Unique { connection, entity, .. } => {
                self.entity(places, *connection, entity);
            }
            CheckKind::Sum { sum, expect } => {
                self.sum(places, sum);
                self.expect(places, expect);
            }
            CheckKind::Phase { .. } => {}
        }
    }

    fn expect(&mut self, places: &[Option<usize>], expect: &Expect) {
        for operand in [&expect.equals, &expect.min, &expect.max].into_iter().flatten() {
            match operand {
                Operand::Query { connection, .. } => self.any.extend(places[*connection]),
                Operand::Count { connection, entity, .. } => {
                    self.entity(places, *connection, entity);
                }
                Operand::Sum(sum) => self.sum(places, sum),
                Operand::Value(_) => {}
            }
        }
    }

    fn sum(&mut self, places: &[Option<usize>], sum: &SumOf) {
        self.entity(places, sum.connection, &sum.entity);
    }

    /// Takes foreign keys in.
    pub(super) fn foreign_keys(&mut self, schemas: &BTreeMap<Entity, Schema>) {
        for (from, schema) in schemas {
            for key in &schema.foreign_keys {
                self.links.push(Link {
                    from: from.clone(),
                    read: Read::Paths(key.columns.clone()),
                    to: (from.0, key.table.clone()),
                    columns: key.references.clone(),
                });
            }
        }
    }
}

/// The lookups of an expression; whether each is inside an element or object, of which it may use
/// parts.
fn find_calls<'e>(expr: &'e Expr, inside: bool, calls: &mut Vec<(&'e LookupCall, bool)>) {
    match &expr.origin {
        Origin::Lookup(call) => {
            calls.push((call, inside));
            for key in &call.keys {
                find_calls(key, inside, calls);
            }
        }
        Origin::First { alternatives, .. } => {
            for expr in alternatives {
                find_calls(expr, inside, calls);
            }
        }
        _ => {}
    }
    for step in &expr.steps {
        if let Step::Object(fields) | Step::Extend { fields, .. } = step {
            for (_, expr) in fields {
                find_calls(expr, true, calls);
            }
        }
    }
}

/// Whether an expression only says where in the record its value is.
fn is_plain(mapping: &Mapping, expr: &Expr) -> bool {
    value_of(mapping, expr, &Value::Missing, &Value::Missing).is_some()
}

/// The value of an expression that only says where it is; `None` for any other. Casts do not count:
/// the value is made to fit where it is looked for.
fn value_of(mapping: &Mapping, expr: &Expr, record: &Value, element: &Value) -> Option<Value> {
    use crate::expr::Root;
    if !expr.steps.iter().all(|step| matches!(step, Step::Cast { timezone: None, .. })) {
        return None;
    }
    match &expr.origin {
        Origin::Value(value) => Some(value.clone()),
        Origin::Path(path) => {
            path.segments()?;
            match &path.root {
                Root::Record => Some(path.select(record)),
                Root::Exploded => Some(path.select(element)),
                Root::Element => None,
                Root::Let(name) => {
                    let (_, expr) = mapping.lets.iter().find(|(other, _)| other == name)?;
                    Some(path.select(&value_of(mapping, expr, record, element)?))
                }
            }
        }
        _ => None,
    }
}

impl Link {
    /// What a record refers to, once for each element where its phase explodes it.
    pub(super) fn tuples(&self, plan: &Plan, record: &Value) -> Vec<Vec<Value>> {
        let (phase, keys) = match &self.read {
            Read::Paths(paths) => {
                let row = std::slice::from_ref(record);
                let tuple = paths.iter().map(|name| value_at(&Layout::Document, row, name).clone());
                return vec![tuple.collect()];
            }
            Read::Keys { phase, keys } => (&plan.phases[*phase], keys),
        };
        let mapping = &phase.mapping;
        let tuple = |element: &Value| -> Option<Vec<Value>> {
            keys.iter().map(|key| value_of(mapping, key, record, element)).collect()
        };
        match &mapping.explode {
            None => tuple(&Value::Missing).into_iter().collect(),
            Some(path) => match path.select(record) {
                Value::Array(elements) => elements.iter().filter_map(tuple).collect(),
                element => tuple(&element).into_iter().collect(),
            },
        }
    }
}

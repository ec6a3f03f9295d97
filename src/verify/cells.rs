//! Which cells of a phase are compared, and when two are equal.

use std::sync::Arc;

use crate::ledger::Fate;
use crate::plan::{OnConflict, Phase, Plan, WriteMode};
use crate::run::{Shape, Stores};
use crate::value::{FieldPath, Object, Value};

/// The cells of a phase's records.
pub(super) struct Cells<'p> {
    phase: &'p Phase,
    shape: &'p Shape,
    /// Per field: what later phases write of it.
    overwritten: Vec<Vec<Overwritten>>,
}

/// A place inside a field that a later phase writes too.
struct Overwritten {
    /// Names from the field inwards; empty is the field itself.
    inside: Vec<String>,
    /// Whether only what was absent is written.
    if_absent: bool,
}

impl<'p> Cells<'p> {
    pub(super) fn new(plan: &'p Plan, stores: &Stores, index: usize, shape: &'p Shape) -> Self {
        let phase = &plan.phases[index];
        let mut overwritten: Vec<Vec<Overwritten>> = Vec::new();
        overwritten.resize_with(shape.fields.len(), Vec::new);
        for other in later_writers(plan, stores, index) {
            let (if_absent, everything) = match other.target.write {
                WriteMode::Fill { .. } => (true, false),
                WriteMode::Patch | WriteMode::Insert(OnConflict::Update) => (false, false),
                WriteMode::Insert(OnConflict::Replace) => (false, true),
                WriteMode::Insert(OnConflict::Skip | OnConflict::Fail) | WriteMode::Append => {
                    continue;
                }
            };
            for (field, path) in shape.paths.iter().enumerate() {
                if shape.identity.contains(&shape.fields[field]) {
                    continue;
                }
                if everything && !other.target.key.contains(path) {
                    overwritten[field].push(Overwritten { inside: Vec::new(), if_absent });
                    continue;
                }
                for written in written_paths(other) {
                    if let Some(inside) = inside(path, written) {
                        overwritten[field].push(Overwritten { inside, if_absent });
                    }
                }
            }
        }
        Self { phase, shape, overwritten }
    }

    /// The fields that are not compared at all.
    pub(super) fn not_compared(&self) -> Vec<String> {
        let whole = |places: &Vec<Overwritten>| {
            places.iter().any(|place| place.inside.is_empty() && !place.if_absent)
        };
        let fields = self.shape.fields.iter().zip(&self.overwritten);
        let enriched = &self.shape.enriched;
        fields
            .zip(enriched)
            .filter(|((_, places), enriched)| **enriched || whole(places))
            .map(|((name, _), _)| name.clone())
            .collect()
    }

    /// Whether the phase wrote a field of a record with that fate. `None` is a record that the
    /// ledger does not know; `filled` are the fields that a `fill` set.
    pub(super) fn is_written(
        &self,
        field: usize,
        value: &Value,
        fate: Option<&Fate>,
        filled: &[String],
    ) -> bool {
        let shape = self.shape;
        // What a service answered is not asked again.
        if shape.enriched[field] {
            return false;
        }
        let identifies = shape.identity.contains(&shape.fields[field]);
        match self.phase.target.write {
            WriteMode::Insert(_) | WriteMode::Append => {
                let is_new = matches!(fate, None | Some(Fate::Inserted));
                // A record that was there before keeps its id. What a column is filled with by
                // default is the store's affair.
                (is_new || !(identifies || shape.id_field == Some(field)))
                    && (shape.documents || !matches!(value, Value::Missing))
            }
            WriteMode::Patch => {
                !identifies && !shape.key.contains(&field) && !matches!(value, Value::Missing)
            }
            // The journal may name the object that was made to hold the field.
            WriteMode::Fill { .. } => {
                let inside = |name: &String| {
                    let rest = shape.fields[field].strip_prefix(name.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                !value.is_absent() && filled.iter().any(inside)
            }
        }
    }

    /// Whether a cell holds what it should.
    pub(super) fn is_equal(&self, field: usize, expected: &Value, actual: &Value) -> bool {
        let places = &self.overwritten[field];
        if places.is_empty() {
            return self.same(expected, actual);
        }
        let (mut expected, mut actual) = (expected.clone(), actual.clone());
        for place in places {
            if place.inside.is_empty() {
                if !place.if_absent || expected.is_absent() {
                    return true;
                }
            } else if !place.if_absent || at(&expected, &place.inside).is_absent() {
                strip(&mut expected, &place.inside);
                strip(&mut actual, &place.inside);
            }
        }
        // A later phase may have made the object that holds its field.
        let is_husk = actual.as_object().is_some_and(Object::is_empty);
        self.same(&expected, &actual) || (expected.is_absent() && is_husk)
    }

    /// As the engine compares before it updates: a document keeps null and missing apart.
    fn same(&self, expected: &Value, actual: &Value) -> bool {
        if self.shape.documents && (expected.is_absent() || actual.is_absent()) {
            expected.kind() == actual.kind()
        } else {
            expected.same_content(actual)
        }
    }
}

/// The phases that come after one and write to the same table or collection.
fn later_writers<'p>(
    plan: &'p Plan,
    stores: &'p Stores,
    index: usize,
) -> impl Iterator<Item = &'p Phase> {
    let phase = &plan.phases[index];
    let place = |index: usize| plan.graph.find(crate::plan::Work::Phase(index));
    let own_place = place(index);
    let store = stores.get(phase.target.connection);
    plan.phases.iter().enumerate().filter_map(move |(other_index, other)| {
        let later = match (own_place, place(other_index)) {
            (Some(own), Some(other)) => other > own,
            _ => other_index > index,
        };
        (later
            && other.target.entity == phase.target.entity
            && Arc::ptr_eq(stores.get(other.target.connection), store))
        .then_some(other)
    })
}

/// The fields that a phase sets in records that exist.
fn written_paths(phase: &Phase) -> impl Iterator<Item = &FieldPath> {
    let id = phase.id_field().map(|(path, _)| path);
    let inserts = matches!(phase.target.write, WriteMode::Insert(_));
    phase
        .mapping
        .fields
        .iter()
        .map(|(path, _)| path)
        .filter(move |path| !phase.target.key.contains(path))
        .filter(move |path| !inserts || id != Some(*path))
}

/// Where one path lies inside a field: empty when it is the field or holds it; `None` when they do
/// not meet.
fn inside(field: &FieldPath, other: &FieldPath) -> Option<Vec<String>> {
    let (field, other) = (field.parts(), other.parts());
    if field.starts_with(other) {
        return Some(Vec::new());
    }
    other.starts_with(field).then(|| other[field.len()..].to_vec())
}

fn at<'v>(value: &'v Value, path: &[String]) -> &'v Value {
    let mut at = value;
    for part in path {
        at = at.as_object().and_then(|object| object.get(part)).unwrap_or(&Value::Missing);
    }
    at
}

fn strip(value: &mut Value, path: &[String]) {
    let (Value::Object(object), Some((first, rest))) = (value, path.split_first()) else { return };
    let object = Arc::make_mut(object);
    if rest.is_empty() {
        object.remove(first);
    } else if let Some(inner) = object.get_mut(first) {
        strip(inner, rest);
    }
}

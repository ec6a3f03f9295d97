//! What a mapped record means for the target, given what is there and what is known.

use std::sync::Arc;

use super::Shape;
use crate::ledger::{BeforeImage, Fate, Known};
use crate::plan::{OnConflict, WriteMode};
use crate::value::codec::content_hash;
use crate::value::{FieldPath, Key, Object, Problem, Row, Value};

/// A record of the target, as it is.
#[derive(Clone, Debug)]
pub(super) struct Existing {
    /// The values that identify it.
    pub(super) identity: Row,
    /// The whole document, or the columns that the phase maps and then those it does not.
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Document(Arc<Object>),
    Columns(Row),
}

impl Existing {
    fn field(&self, shape: &Shape, index: usize) -> Value {
        match &self.content {
            Content::Document(document) => shape.paths[index].get(document).clone(),
            Content::Columns(row) => row.get(index).cloned().unwrap_or_default(),
        }
    }
}

/// What is to be done for a record.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) fate: Fate,
    /// What the fate says more, for rejects.
    pub(super) problem: Option<Problem>,
    pub(super) action: Action,
    pub(super) hash: u64,
    /// What identifies its record in the target, when it has one.
    pub(super) identity: Option<Row>,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    None,
    Insert,
    /// Columns or paths to set, and their new values.
    Update {
        set: Vec<String>,
        values: Row,
        /// What the journal keeps.
        image: BeforeImage,
    },
}

/// Decides about one record, of which its values and their hash are given.
pub(super) fn decide(
    shape: &Shape,
    write: WriteMode,
    update: bool,
    (values, hash): (&Row, u64),
    existing: Option<&Existing>,
    known: Option<&Known>,
) -> Decision {
    let written_before = known.and_then(Known::arrived);
    // What came back to the source gets the mapping's values in any case.
    let update = update || written_before.is_some_and(Known::is_marked);
    let same_as_before = written_before.is_some_and(|known| known.entry.hash == Some(hash));
    let decision = |fate: Fate, action: Action| Decision {
        fate,
        problem: None,
        action,
        hash,
        identity: existing.map(|existing| existing.identity.clone()),
    };
    let reject = |reason: &'static str, message: &str| Decision {
        fate: Fate::Rejected(reason.into()),
        problem: Some(Problem::new(reason, message)),
        action: Action::None,
        hash,
        identity: existing.map(|existing| existing.identity.clone()),
    };
    let insert = || Decision {
        fate: Fate::Inserted,
        problem: None,
        action: Action::Insert,
        hash,
        identity: own_identity(shape, values),
    };
    let changed = |set: Vec<(String, Value, Value)>| {
        if set.is_empty() {
            return decision(Fate::Unchanged, Action::None);
        }
        let image = image(existing, &set);
        let (set, values) = set.into_iter().map(|(name, value, _)| (name, value)).unzip();
        decision(Fate::Updated, Action::Update { set, values, image })
    };
    match (write, existing) {
        (WriteMode::Append, _) => match written_before {
            // Nobody asks the target for the record, so its identity is as the ledger has it.
            Some(before) => Decision {
                identity: before.entry.id.as_ref().and_then(Key::values),
                ..if same_as_before {
                    decision(Fate::Unchanged, Action::None)
                } else {
                    decision(Fate::Skipped("appended_before".into()), Action::None)
                }
            },
            None => insert(),
        },
        (WriteMode::Insert(_), None) => insert(),
        (WriteMode::Insert(on_conflict), Some(existing)) => {
            let on_conflict = match on_conflict {
                OnConflict::Skip | OnConflict::Fail if update && written_before.is_some() => {
                    OnConflict::Update
                }
                other => other,
            };
            match on_conflict {
                OnConflict::Skip | OnConflict::Fail if same_as_before => {
                    decision(Fate::Unchanged, Action::None)
                }
                OnConflict::Skip => decision(Fate::Skipped("exists".into()), Action::None),
                OnConflict::Fail => {
                    reject("exists", "the target has a record with this key already")
                }
                OnConflict::Update => changed(differing(shape, values, existing, true)),
                OnConflict::Replace => {
                    let mut set = differing(shape, values, existing, true);
                    set.extend(beyond_mapping(shape, existing));
                    changed(set)
                }
            }
        }
        (WriteMode::Patch | WriteMode::Fill { .. }, None) => {
            reject("not_found", "the target has no record with this key")
        }
        (WriteMode::Patch, Some(existing)) => match blocked(shape, values, existing) {
            Some(problem) => Decision { problem: Some(problem), ..reject("path", "") },
            None => changed(differing(shape, values, existing, false)),
        },
        (WriteMode::Fill { null_is_missing }, Some(existing)) => {
            if let Some(problem) = blocked(shape, values, existing) {
                return Decision { problem: Some(problem), ..reject("path", "") };
            }
            let mut set = differing(shape, values, existing, false);
            set.retain(|(_, value, before)| {
                !value.is_absent()
                    && (matches!(before, Value::Missing)
                        || (null_is_missing && matches!(before, Value::Null)))
            });
            changed(set)
        }
    }
}

/// The hash that the ledger keeps of a mapped record.
pub(super) fn row_hash(shape: &Shape, write: WriteMode, values: &Row) -> u64 {
    if shape.documents && matches!(write, WriteMode::Insert(_) | WriteMode::Append) {
        content_hash([&Value::object(document(&shape.paths, values))])
    } else {
        content_hash(values)
    }
}

/// The document that mapped values make.
pub(super) fn document(paths: &[FieldPath], values: &Row) -> Object {
    let mut document = Object::with_capacity(paths.len());
    for (path, value) in paths.iter().zip(values) {
        if !matches!(value, Value::Missing) {
            path.set(&mut document, value.clone());
        }
    }
    document
}

/// What identifies a new record, where its mapped values tell.
pub(super) fn own_identity(shape: &Shape, values: &Row) -> Option<Row> {
    let identity: Row =
        shape.identity_fields.as_ref()?.iter().map(|index| values[*index].clone()).collect();
    Key::new(&identity).is_ok().then_some(identity)
}

/// The mapped fields whose values differ: name, new value, value before.
fn differing(
    shape: &Shape,
    values: &Row,
    existing: &Existing,
    inserting: bool,
) -> Vec<(String, Value, Value)> {
    let mut set = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let kept = shape.key.contains(&index)
            || shape.identity.contains(&shape.fields[index])
            || (inserting && shape.id_field == Some(index));
        if kept || (!inserting && matches!(value, Value::Missing)) {
            continue;
        }
        // A field that the mapping leaves to the store's default is left alone.
        if !shape.documents && matches!(value, Value::Missing) {
            continue;
        }
        let before = existing.field(shape, index);
        let same = if shape.documents && value.is_absent() != before.is_absent() {
            false
        } else if shape.documents && value.is_absent() {
            value.kind() == before.kind()
        } else {
            value.same_content(&before)
        };
        if !same {
            set.push((shape.fields[index].clone(), value.clone(), before));
        }
    }
    set
}

/// For `replace`: what the record holds beyond what the mapping gives.
fn beyond_mapping(shape: &Shape, existing: &Existing) -> Vec<(String, Value, Value)> {
    match &existing.content {
        Content::Document(document) => document
            .iter()
            .filter(|(name, _)| {
                *name != "_id" && !shape.paths.iter().any(|path| path.root() == *name)
            })
            .map(|(name, before)| (name.to_owned(), Value::Missing, before.clone()))
            .collect(),
        Content::Columns(row) => shape
            .unmapped
            .iter()
            .zip(&row[shape.fields.len()..])
            .filter(|(name, before)| !before.is_absent() && !shape.identity.contains(name))
            .map(|(name, before)| (name.clone(), Value::Null, before.clone()))
            .collect(),
    }
}

/// What the journal keeps of a change. Where a path is set through objects that were not there, it
/// is the outermost of them that was missing.
pub(super) fn image(existing: Option<&Existing>, set: &[(String, Value, Value)]) -> BeforeImage {
    let plain = || BeforeImage {
        fields: set.iter().map(|(name, _, before)| (name.clone(), before.clone())).collect(),
        after_hash: content_hash(set.iter().map(|(_, value, _)| value)),
    };
    let Some(Existing { content: Content::Document(document), .. }) = existing else {
        return plain();
    };
    let outermost = |name: &str| -> Option<String> {
        let path: FieldPath = name.parse().ok()?;
        let mut object = &**document;
        for (index, part) in path.parts().iter().enumerate() {
            match object.get(part) {
                Some(Value::Object(inner)) => object = inner,
                Some(_) => return None,
                None => return Some(path.parts()[..=index].join(".")),
            }
        }
        None
    };
    let mut fields: Vec<(String, Value)> = Vec::with_capacity(set.len());
    let mut after = Object::clone(document);
    let mut shortened = false;
    for (name, value, before) in set {
        let missing = matches!(before, Value::Missing).then(|| outermost(name)).flatten();
        shortened |= missing.as_ref().is_some_and(|missing| missing != name);
        if let Ok(path) = name.parse::<FieldPath>() {
            path.set(&mut after, value.clone());
        }
        let name = missing.unwrap_or_else(|| name.clone());
        if !fields.iter().any(|(known, _)| *known == name) {
            fields.push((name, before.clone()));
        }
    }
    if !shortened {
        return plain();
    }
    let values: Vec<Value> = fields
        .iter()
        .map(|(name, _)| {
            name.parse::<FieldPath>().map_or(Value::Missing, |path| path.get(&after).clone())
        })
        .collect();
    BeforeImage { fields, after_hash: content_hash(&values) }
}

/// Why a path can't be set: something on its way is no object.
fn blocked(shape: &Shape, values: &Row, existing: &Existing) -> Option<Problem> {
    let Content::Document(document) = &existing.content else { return None };
    for (path, value) in shape.paths.iter().zip(values) {
        if path.is_field() || matches!(value, Value::Missing) {
            continue;
        }
        let mut object = &**document;
        for part in &path.parts()[..path.parts().len() - 1] {
            match object.get(part) {
                None => break,
                Some(Value::Object(inner)) => object = inner,
                Some(other) => {
                    let message = format!("`{part}` on the way is {}, not an object", other.kind());
                    return Some(Problem::new("path", message).at(&path.to_string()));
                }
            }
        }
    }
    None
}

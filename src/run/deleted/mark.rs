//! What is set in a record that the source no longer has.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};

use crate::connectors::Store;
use crate::expr::{Element, Expr, Found, Lookups, Mapped, Mapping, Program};
use crate::ledger::BeforeImage;
use crate::run::decide::{Content, Existing, image};
use crate::run::undo::Present;
use crate::run::{RunError, RunErrorKind};
use crate::value::{Column, FieldPath, Key, Row, Schema, Value};

/// Fields and the values that they get, as the target holds them.
#[derive(Clone, Debug, Default)]
pub(in crate::run) struct Mark {
    fields: Vec<(FieldPath, Value)>,
}

/// How a record is to be changed.
pub(super) struct Change {
    pub(super) set: Vec<String>,
    pub(super) values: Row,
    pub(super) image: BeforeImage,
}

struct Nothing;

impl Lookups for Nothing {
    fn find(&self, _: usize, _: &Key) -> Found {
        Found::Nothing
    }
}

impl Mark {
    /// Computes the values. `now` is when the phase began in this run; of it they see whole seconds,
    /// which every store keeps.
    ///
    /// # Errors
    /// When one can't be made, or the target can't hold it.
    pub(in crate::run) fn new(
        rules: &[(FieldPath, Expr)],
        store: &Arc<dyn Store>,
        schema: Option<&Schema>,
        now: DateTime<Utc>,
    ) -> Result<Self, RunError> {
        let refused =
            |message: String| RunError::new(RunErrorKind::Refused, message).help("correct `mark`");
        let mapping = Mapping { fields: rules.to_vec(), ..Mapping::default() };
        let program =
            Program::compile(&mapping, Some(&[])).map_err(|error| refused(error.to_string()))?;
        let key = Key::from_bytes(Vec::new());
        let now = now.trunc_subsecs(0);
        let element = Element { row: &[], key: &key, exploded: None, now };
        let values = match program.map(element, &Nothing) {
            Mapped::Row(values) => values,
            Mapped::Rejected(problem) => {
                return Err(refused(format!("the mark can't be made: {}", problem.message)));
            }
            Mapped::Skipped(_) | Mapped::Pending => {
                return Err(refused("the mark can't be made without a record".to_owned()));
            }
        };
        let mut fields = Vec::with_capacity(rules.len());
        for ((path, _), value) in rules.iter().zip(values) {
            let column = match schema.filter(|_| !store.capabilities().documents) {
                None => Column::any(),
                Some(schema) => schema.column(path.root()).cloned().ok_or_else(|| {
                    refused(format!(
                        "the target has no column `{}`, which `mark` sets",
                        path.root()
                    ))
                })?,
            };
            let value = match value {
                Value::Missing if !store.capabilities().documents => Value::Null,
                value => value,
            };
            if value.is_absent() && !column.nullable {
                return Err(refused(format!("`mark` sets `{path}` to null, which it can't be")));
            }
            let value = if value.is_absent() {
                value
            } else {
                store.fit(value, &column).map_err(|problem| {
                    refused(format!("the mark does not fit `{path}`: {}", problem.message))
                })?
            };
            fields.push((path.clone(), value));
        }
        Ok(Self { fields })
    }

    /// The columns or paths that are set.
    pub(super) fn names(&self) -> Vec<String> {
        self.fields.iter().map(|(path, _)| path.to_string()).collect()
    }

    /// How a record is changed; `None` where it is marked already.
    ///
    /// # Errors
    /// When a path can't be set in it: something on its way is no object.
    pub(super) fn change(&self, present: Present, identity: &Row) -> Result<Option<Change>, ()> {
        let mut set: Vec<(String, Value, Value)> = Vec::new();
        for (path, value) in &self.fields {
            let name = path.to_string();
            let before = present.get(&name);
            let missing = |value: &Value| matches!(value, Value::Missing);
            if !(value.same_content(&before) && missing(value) == missing(&before)) {
                set.push((name, value.clone(), before));
            }
        }
        if set.is_empty() {
            return Ok(None);
        }
        let existing = match present {
            Present::Document(document) => {
                if self.fields.iter().any(|(path, _)| is_blocked(path, &document)) {
                    return Err(());
                }
                let content = Content::Document(document);
                Some(Existing { identity: identity.clone(), content })
            }
            Present::Columns(..) => None,
        };
        let image = image(existing.as_ref(), &set);
        let (set, values) = set.into_iter().map(|(name, value, _)| (name, value)).unzip();
        Ok(Some(Change { set, values, image }))
    }
}

/// Whether something on the way of a path is no object.
fn is_blocked(path: &FieldPath, document: &crate::value::Object) -> bool {
    let mut object = document;
    for part in &path.parts()[..path.parts().len() - 1] {
        match object.get(part) {
            None => return false,
            Some(Value::Object(inner)) => object = inner,
            Some(_) => return true,
        }
    }
    false
}

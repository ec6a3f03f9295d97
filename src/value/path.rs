//! Paths into a target: a column, or a place inside a document.

use std::fmt;
use std::str::FromStr;

use super::{Object, Value};

/// Where a value goes: field names from the outside in (`outcome.status`). Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(Vec<String>);

/// The text is no path: it is empty or has an empty part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a target path is field names with dots between them")]
pub struct ParseFieldPathError;

impl FieldPath {
    /// A single field, whatever its name contains.
    pub fn field(name: impl Into<String>) -> Self {
        Self(vec![name.into()])
    }

    /// The names from the outside in.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The outermost field.
    pub fn root(&self) -> &str {
        &self.0[0]
    }

    /// Whether it is a single field.
    pub fn is_field(&self) -> bool {
        self.0.len() == 1
    }

    /// The value there; `Missing` when there is none.
    pub fn get<'v>(&self, document: &'v Object) -> &'v Value {
        static MISSING: Value = Value::Missing;
        let mut object = document;
        let (last, outer) = self.0.split_last().expect("a path has parts");
        for part in outer {
            match object.get(part) {
                Some(Value::Object(inner)) => object = inner,
                _ => return &MISSING,
            }
        }
        object.get(last).unwrap_or(&MISSING)
    }

    /// Sets the value there, making objects on the way; `Missing` takes the field out. Something
    /// on the way that is not an object is replaced.
    pub fn set(&self, document: &mut Object, value: Value) {
        set(document, &self.0, value);
    }
}

fn set(object: &mut Object, parts: &[String], value: Value) {
    let [first, rest @ ..] = parts else { return };
    if rest.is_empty() {
        if matches!(value, Value::Missing) {
            object.remove(first);
        } else {
            object.insert(first.as_str(), value);
        }
        return;
    }
    match object.get_mut(first) {
        Some(Value::Object(inner)) => set(std::sync::Arc::make_mut(inner), rest, value),
        _ if matches!(value, Value::Missing) => {}
        _ => {
            let mut inner = Object::new();
            set(&mut inner, rest, value);
            object.insert(first.as_str(), Value::object(inner));
        }
    }
}

impl FromStr for FieldPath {
    type Err = ParseFieldPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        if parts.iter().any(String::is_empty) {
            return Err(ParseFieldPathError);
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

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
        let Some((last, outer)) = self.0.split_last() else { return &MISSING };
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn objects_are_made_on_the_way() {
        let mut document = Object::new();
        path("a.b.c").set(&mut document, Value::Int(1));
        path("a.d").set(&mut document, Value::Int(2));
        assert_eq!(*path("a.b.c").get(&document), Value::Int(1));
        assert_eq!(*path("a.d").get(&document), Value::Int(2));
        assert_eq!(*path("a.b.x").get(&document), Value::Missing);
        assert_eq!(*path("a.d.x").get(&document), Value::Missing);
        path("a.d.x").set(&mut document, Value::Int(3));
        assert_eq!(*path("a.d.x").get(&document), Value::Int(3));
    }

    #[test]
    fn missing_takes_out_and_makes_nothing() {
        let mut document = Object::new();
        path("a.b").set(&mut document, Value::Missing);
        assert!(document.is_empty());
        path("a.b").set(&mut document, Value::Null);
        path("a.b").set(&mut document, Value::Missing);
        assert_eq!(*path("a").get(&document), Value::object(Object::new()));
    }

    #[test]
    fn a_shared_object_is_not_changed_for_others() {
        let mut first = Object::new();
        path("a.b").set(&mut first, Value::Int(1));
        let mut second = first.clone();
        path("a.b").set(&mut second, Value::Int(2));
        assert_eq!(*path("a.b").get(&first), Value::Int(1));
    }

    #[test]
    fn empty_parts_are_refused_and_dots_can_be_in_a_field() {
        for text in ["", ".", "a.", ".a", "a..b"] {
            assert_eq!(text.parse::<FieldPath>(), Err(ParseFieldPathError), "{text}");
        }
        let field = FieldPath::field("a.b");
        assert!(field.is_field());
        assert_eq!(field.root(), "a.b");
    }

    proptest! {
        #[test]
        fn what_is_set_is_there(
            first in "[a-c](\\.[a-c]){0,3}",
            second in "[a-c](\\.[a-c]){0,3}",
            number in any::<i64>(),
        ) {
            let mut document = Object::new();
            path(&first).set(&mut document, Value::Null);
            path(&second).set(&mut document, Value::Int(number));
            prop_assert_eq!(path(&second).get(&document), &Value::Int(number));
            prop_assert_eq!(path(&first).to_string(), first);
        }
    }
}

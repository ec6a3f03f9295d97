//! Objects: fields by name, in order.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::{Value, extended_json, json_text};

/// Fields by name, in the order in which they were set. Names are unique.
///
/// An object that comes as plain JSON is held as its text, and read when something asks for its
/// fields.
#[derive(Clone, Default)]
pub struct Object {
    /// The fields as JSON, as long as they are those of the text.
    text: Option<Box<str>>,
    /// Set once they were asked for, where there is a text; always otherwise.
    fields: OnceLock<Vec<(Arc<str>, Value)>>,
}

impl Object {
    /// Makes an empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty object with room for `fields` fields.
    pub fn with_capacity(fields: usize) -> Self {
        Self::from_unique(Vec::with_capacity(fields))
    }

    /// Takes fields whose names the caller knows to be unique.
    pub(super) fn from_unique(fields: Vec<(Arc<str>, Value)>) -> Self {
        Self { text: None, fields: OnceLock::from(fields) }
    }

    /// Takes the text of a JSON object, to be read when something asks for its fields; `None` when
    /// it is not in the plain form in which PostgreSQL's `jsonb` writes most objects, and must be
    /// read in any case.
    pub fn from_json(text: &str) -> Option<Self> {
        json_text::is_plain_object(text)
            .then(|| Self { text: Some(text.into()), fields: OnceLock::new() })
    }

    /// The text that [`Object::from_json`] took, unless the object was changed since.
    pub fn json(&self) -> Option<&str> {
        self.text.as_deref()
    }

    fn fields(&self) -> &Vec<(Arc<str>, Value)> {
        self.fields.get_or_init(|| match &self.text {
            None => Vec::new(),
            Some(text) => match extended_json::parse_plain(&**text) {
                Ok(Value::Object(read)) => {
                    Arc::unwrap_or_clone(read).fields.into_inner().unwrap_or_default()
                }
                _ => unreachable!("the text was looked through when it was taken"),
            },
        })
    }

    fn fields_mut(&mut self) -> &mut Vec<(Arc<str>, Value)> {
        self.fields();
        self.text = None;
        self.fields.get_mut().expect("they were asked for right before")
    }

    /// Takes fields in order; `None` when a name comes twice.
    pub fn from_fields(fields: Vec<(Arc<str>, Value)>) -> Option<Self> {
        const FEW: usize = 24;
        let unique = if fields.len() <= FEW {
            let comes_again = |(at, (name, _)): (usize, &(Arc<str>, Value))| {
                fields[at + 1..].iter().any(|(other, _)| other == name)
            };
            !fields.iter().enumerate().any(comes_again)
        } else {
            let mut seen = HashSet::with_capacity(fields.len());
            fields.iter().all(|(name, _)| seen.insert(&**name))
        };
        unique.then(|| Self::from_unique(fields))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields().len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields().iter().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }

    /// The value of a field, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.fields_mut().iter_mut().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }

    /// Sets a field: in place when it is there, at the end otherwise. Gives the value before.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: Value) -> Option<Value> {
        let name = name.into();
        if let Some(slot) = self.get_mut(&name) {
            return Some(std::mem::replace(slot, value));
        }
        self.fields_mut().push((name, value));
        None
    }

    /// Takes a field out; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let index = self.fields().iter().position(|(field, _)| &**field == name)?;
        Some(self.fields_mut().remove(index).1)
    }

    /// The fields in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> + ExactSizeIterator {
        self.fields().iter().map(|(name, value)| (&**name, value))
    }

    /// The names in order, shared.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.fields().iter().map(|(name, _)| name)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("fields", self.fields()).finish()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields()
    }
}

impl<N: Into<Arc<str>>> FromIterator<(N, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(fields: I) -> Self {
        let mut object = Self::new();
        for (name, value) in fields {
            object.insert(name, value);
        }
        object
    }
}

impl IntoIterator for Object {
    type Item = (Arc<str>, Value);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields();
        self.fields.into_inner().unwrap_or_default().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_set_again_keeps_its_place() {
        let mut object: Object = [("a", Value::Int(1)), ("b", Value::Int(2))].into_iter().collect();
        assert_eq!(object.insert("a", Value::Int(3)), Some(Value::Int(1)));
        assert_eq!(object.insert("c", Value::Null), None);
        let names: Vec<&str> = object.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(object.remove("b"), Some(Value::Int(2)));
        assert_eq!((object.len(), object.get("b")), (2, None));
    }

    #[test]
    fn fields_with_a_name_twice_are_no_object() {
        for count in [2, 100] {
            let field = |n: i64| (Arc::from(format!("f{n}")), Value::Int(n));
            let mut fields: Vec<(Arc<str>, Value)> = (0..count).map(field).collect();
            let whole = Object::from_fields(fields.clone()).unwrap();
            assert_eq!(whole.len(), fields.len());
            fields.push(field(0));
            assert_eq!(Object::from_fields(fields), None);
        }
    }
}

//! Objects: fields by name, in order.

use std::collections::HashSet;
use std::sync::Arc;

use super::Value;

/// Fields by name, in the order in which they were set. Names are unique.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    fields: Vec<(Arc<str>, Value)>,
}

impl Object {
    /// Makes an empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty object with room for `fields` fields.
    pub fn with_capacity(fields: usize) -> Self {
        Self { fields: Vec::with_capacity(fields) }
    }

    /// Takes fields whose names the caller knows to be unique.
    pub(super) fn from_unique(fields: Vec<(Arc<str>, Value)>) -> Self {
        Self { fields }
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
        unique.then_some(Self { fields })
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }

    /// The value of a field, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.fields.iter_mut().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }

    /// Sets a field: in place when it is there, at the end otherwise. Gives the value before.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: Value) -> Option<Value> {
        let name = name.into();
        if let Some(slot) = self.get_mut(&name) {
            return Some(std::mem::replace(slot, value));
        }
        self.fields.push((name, value));
        None
    }

    /// Takes a field out; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let index = self.fields.iter().position(|(field, _)| &**field == name)?;
        Some(self.fields.remove(index).1)
    }

    /// The fields in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> + ExactSizeIterator {
        self.fields.iter().map(|(name, value)| (&**name, value))
    }

    /// The names in order, shared.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.fields.iter().map(|(name, _)| name)
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
        self.fields.into_iter()
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

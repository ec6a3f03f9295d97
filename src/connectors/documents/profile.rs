//! The shape of a collection, found by looking at its documents.

use std::collections::HashMap;

use crate::value::{Column, DataType, Kind, Object, Value};

/// Documents beyond which only so many of them are looked at, evenly spaced.
pub(crate) const SAMPLE: u64 = 10_000;

/// What was found so far.
#[derive(Default)]
pub(crate) struct Profile {
    documents: u64,
    paths: Vec<Path>,
    places: HashMap<String, usize>,
}

struct Path {
    name: String,
    kinds: Vec<Kind>,
    /// The type of all elements, when all values are lists; `None` before the first.
    element: Option<DataType>,
    present: u64,
    null: bool,
}

impl Profile {
    /// Looks at one more document.
    pub(crate) fn add(&mut self, document: &Object) {
        self.documents += 1;
        self.fields(document, "");
    }

    /// How many documents were looked at.
    pub(crate) fn documents(&self) -> u64 {
        self.documents
    }

    fn fields(&mut self, object: &Object, prefix: &str) {
        for (name, value) in object.iter() {
            // A name with a dot can't be told from a path.
            if name.contains('.') || matches!(value, Value::Missing) {
                continue;
            }
            let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            self.value(&path, value);
            if let Value::Object(inner) = value {
                self.fields(inner, &path);
            }
        }
    }

    fn value(&mut self, name: &str, value: &Value) {
        let place = if let Some(place) = self.places.get(name) {
            *place
        } else {
            self.places.insert(name.to_owned(), self.paths.len());
            self.paths.push(Path {
                name: name.to_owned(),
                kinds: Vec::new(),
                element: None,
                present: 0,
                null: false,
            });
            self.paths.len() - 1
        };
        let path = &mut self.paths[place];
        path.present += 1;
        if matches!(value, Value::Null) {
            path.null = true;
            return;
        }
        if !path.kinds.contains(&value.kind()) {
            path.kinds.push(value.kind());
        }
        if let Value::Array(elements) = value {
            for element in elements.iter() {
                let found = type_of(element.kind());
                path.element = Some(match path.element.take() {
                    Some(known) if known != found => DataType::Any,
                    _ => found,
                });
            }
        }
    }

    /// The paths as columns, in the order in which they were met.
    pub(crate) fn columns(self) -> Vec<Column> {
        let documents = self.documents;
        let column = |path: Path| {
            let names: Vec<&str> = path.kinds.iter().map(|kind| kind.name()).collect();
            Column {
                data_type: match path.kinds.as_slice() {
                    [Kind::Array] => {
                        DataType::Array(Box::new(path.element.unwrap_or(DataType::Any)))
                    }
                    [kind] => type_of(*kind),
                    _ => DataType::Any,
                },
                declared: if names.is_empty() { "null".to_owned() } else { names.join(" or ") },
                nullable: path.null || path.present < documents,
                name: path.name,
                has_default: false,
                generated: false,
            }
        };
        self.paths.into_iter().map(column).collect()
    }
}

fn type_of(kind: Kind) -> DataType {
    match kind {
        Kind::Missing | Kind::Null => DataType::Any,
        Kind::Bool => DataType::Bool,
        Kind::Int => DataType::INT64,
        Kind::Float => DataType::FLOAT64,
        Kind::Decimal => DataType::DECIMAL,
        Kind::Text => DataType::TEXT,
        Kind::Bytes => DataType::Bytes,
        Kind::Date => DataType::Date,
        Kind::Time => DataType::Time,
        Kind::DateTime => DataType::DateTime,
        Kind::Timestamp => DataType::Timestamp,
        Kind::Uuid => DataType::Uuid,
        Kind::ObjectId => DataType::ObjectId,
        Kind::Array => DataType::Array(Box::new(DataType::Any)),
        Kind::Object => DataType::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_nulls_by_path() {
        let mut profile = Profile::default();
        let inner = |n: i64| Value::object([("n", Value::Int(n))].into_iter().collect());
        let first = [("a", inner(1)), ("b", "x".into()), ("c", Value::array(vec![1.into()]))];
        let second = [("a", inner(2)), ("b", 5.into()), ("c", Value::Null)];
        profile.add(&first.into_iter().collect());
        profile.add(&second.into_iter().collect());
        profile.add(&[("a", inner(3))].into_iter().collect());
        let found: Vec<_> = profile
            .columns()
            .into_iter()
            .map(|column| (column.name, column.data_type.to_string(), column.nullable))
            .collect();
        let expected = [
            ("a", "json", false),
            ("a.n", "integer", false),
            ("b", "any", true),
            ("c", "array(integer)", true),
        ];
        assert_eq!(found, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c)));
    }
}

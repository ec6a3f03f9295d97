//! What is otherwise than a test expects, for people.

use std::fmt;

use crate::value::Value;
use crate::value::extended_json::to_text;

/// Something that is otherwise than expected. Records of tests stand in specs, so their values are
/// shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// The phase could not be run.
    Failed(String),
    /// A record is there, with other values.
    Row {
        /// Its target key.
        key: String,
        /// The fields that differ.
        fields: Vec<FieldDifference>,
    },
    /// A record is not there.
    Missing(String),
    /// A record is there that is not expected.
    Extra(String),
    /// Other records were left out or refused.
    Fates {
        /// `rejects` or `skips`.
        what: &'static str,
        /// What is expected.
        expected: String,
        /// What is so.
        actual: String,
        /// The rejects one by one.
        details: Vec<String>,
    },
}

/// A field with another value than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// The field.
    pub field: String,
    /// What is expected, as extended JSON.
    pub expected: String,
    /// What is there.
    pub actual: String,
}

impl FieldDifference {
    pub(super) fn new(field: &str, expected: &Value, actual: &Value) -> Self {
        Self { field: field.to_owned(), expected: shown(expected), actual: shown(actual) }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Missing => "(missing)".to_owned(),
        value => to_text(value).unwrap_or_else(|_| format!("{value:?}")),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) => write!(f, "it can't be run: {message}"),
            Self::Missing(row) => write!(f, "not there: {row}"),
            Self::Extra(row) => write!(f, "not expected: {row}"),
            Self::Row { key, fields } => {
                write!(f, "record {key}:")?;
                let width = fields.iter().map(|one| one.field.chars().count()).max().unwrap_or(0);
                for FieldDifference { field, expected, actual } in fields {
                    write!(f, "\n  {field:width$}  expected {expected}")?;
                    write!(f, "\n  {:width$}  actual   {actual}", "")?;
                }
                Ok(())
            }
            Self::Fates { what, expected, actual, details } => {
                write!(f, "{what}:\n  expected {expected}\n  actual   {actual}")?;
                details.iter().try_for_each(|detail| write!(f, "\n  {detail}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_aligned() {
        let fields = vec![
            FieldDifference::new("a", &Value::Int(1), &Value::Missing),
            FieldDifference::new("name", &Value::text("x"), &Value::text("y")),
        ];
        let text = Difference::Row { key: "7".into(), fields }.to_string();
        let expected = "record 7:\n  a     expected 1\n        actual   (missing)\n  \
                        name  expected \"x\"\n        actual   \"y\"";
        assert_eq!(text, expected);
    }
}

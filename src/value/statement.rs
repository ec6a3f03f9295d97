//! What a phase does inside one database, as a statement that connectors render: rows of one table,
//! computed, into another.

use uuid::Uuid;

use super::query::Filter;
use super::{DataType, Key, Schema, Value};

/// Rows of a table into another table of the same database, a portion at a time.
///
/// A source row is carried over when each of its values can be computed, fits its column exactly as
/// it is, and is not null in a column that refuses null. Every other row is left out: the engine
/// takes it the usual way.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// The table that is read.
    pub source: String,
    /// Its ordered unique key.
    pub key: Vec<String>,
    /// Which of its rows.
    pub filter: Filter,
    /// The table that is written.
    pub target: String,
    /// The columns that are written and how each value is computed.
    pub fields: Vec<(String, Compute)>,
    /// The columns by which a row of the target is the same as a new one. They are among `fields`.
    pub conflict: Vec<String>,
    /// Where copies of the source's key are among `fields`.
    pub key_fields: Vec<usize>,
}

impl Transfer {
    /// The columns that are written, in order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }
}

/// A part of a transfer: the rows whose keys lie between two keys, both included.
#[derive(Clone, Copy, Debug)]
pub struct Portion<'a> {
    /// The first key's values.
    pub first: &'a [Value],
    /// The last key's values.
    pub last: &'a [Value],
    /// Whether the target may hold rows with the same key already. Those are left out.
    pub look: bool,
    /// Where what identifies a new row is among the fields, when it is asked for.
    pub identity: Option<&'a [usize]>,
}

/// What a transfer tells of a row that is new, made from what the target holds of it now.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRow {
    /// The source's key; `None` when what the target holds is no key.
    pub key: Option<Key>,
    /// What identifies it, when the portion asks and the values are a key.
    pub identity: Option<Key>,
    /// The [`content_hash`](super::codec::content_hash) of its fields, in their order.
    pub hash: u64,
}

impl NewRow {
    /// Of a row whose fields were hashed. Of its values only those of key and identity are looked at.
    pub fn new(values: &[Value], hash: u64, transfer: &Transfer, portion: Portion<'_>) -> Self {
        let key = |places: &[usize]| Key::new(places.iter().map(|place| &values[*place])).ok();
        Self { key: key(&transfer.key_fields), identity: portion.identity.and_then(key), hash }
    }
}

/// How a value is computed from a row of the source.
#[derive(Clone, Debug, PartialEq)]
pub enum Compute {
    /// A column's value.
    Column(String),
    /// A text, an integer, a truth value or null.
    Literal(Value),
    /// The canonical text of an integer, a text, a truth value or a UUID.
    Text(Box<Compute>),
    /// Texts one after the other. Fails when one is null.
    Concat(Vec<Compute>),
    /// A text without the white space (as Unicode has it) at its ends.
    Trim {
        /// The text.
        of: Box<Compute>,
        /// At the start.
        start: bool,
        /// At the end.
        end: bool,
    },
    /// Null when the value is this literal.
    NullIf(Box<Compute>, Value),
    /// A code replaced by another. Null stays null.
    Codes {
        /// The code: an integer, a text or a truth value.
        of: Box<Compute>,
        /// Codes of the same type, and what each becomes.
        codes: Vec<(Value, Value)>,
        /// What any other code becomes; `None` fails.
        otherwise: Option<Value>,
    },
    /// The first that is not null; null when all are.
    First(Vec<Compute>),
    /// The value. Fails when it is null.
    Present(Box<Compute>),
    /// A UUID of version 5.
    Uuid {
        /// The namespace.
        namespace: Uuid,
        /// The name, a text.
        name: Box<Compute>,
    },
}

impl Compute {
    /// The columns that the value is computed from.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Column(name) => vec![name],
            Self::Literal(_) => Vec::new(),
            Self::Text(of) | Self::NullIf(of, _) | Self::Present(of) => of.columns(),
            Self::Trim { of, .. } | Self::Codes { of, .. } => of.columns(),
            Self::Uuid { name, .. } => name.columns(),
            Self::Concat(all) | Self::First(all) => {
                all.iter().flat_map(|one| one.columns()).collect()
            }
        }
    }

    /// The type of the result, given the source's columns; `None` when a column is not there or the
    /// parts are of several types.
    pub fn data_type(&self, source: &Schema) -> Option<DataType> {
        match self {
            Self::Column(name) => source.column(name).map(|column| column.data_type.clone()),
            Self::Literal(value) => literal_type(value),
            Self::Text(_) | Self::Concat(_) => Some(DataType::TEXT),
            Self::Trim { of, .. } | Self::NullIf(of, _) | Self::Present(of) => of.data_type(source),
            Self::Codes { codes, otherwise, .. } => {
                let results = codes.iter().map(|(_, value)| value).chain(otherwise);
                one_type(results.filter(|value| !value.is_absent()).map(literal_type))
            }
            Self::First(all) => {
                let some = all.iter().filter(|one| **one != Self::Literal(Value::Null));
                one_type(some.map(|one| one.data_type(source)))
            }
            Self::Uuid { .. } => Some(DataType::Uuid),
        }
    }
}

/// The type of a literal: a text as long as it is.
fn literal_type(value: &Value) -> Option<DataType> {
    match value {
        Value::Text(text) => {
            Some(DataType::Text { length: u32::try_from(text.chars().count()).ok() })
        }
        Value::Int(_) => Some(DataType::INT64),
        Value::Bool(_) => Some(DataType::Bool),
        _ => None,
    }
}

/// The one type of all; of texts the longest.
fn one_type(types: impl Iterator<Item = Option<DataType>>) -> Option<DataType> {
    let mut one: Option<DataType> = None;
    for next in types {
        let next = next?;
        one = Some(match (one, next) {
            (None, next) => next,
            (Some(DataType::Text { length: a }), DataType::Text { length: b }) => {
                DataType::Text { length: a.zip(b).map(|(a, b)| a.max(b)) }
            }
            (Some(DataType::Int { signed: true, .. }), DataType::Int { signed: true, .. }) => {
                DataType::INT64
            }
            (Some(a), b) if a == b => a,
            _ => return None,
        });
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Column;

    #[test]
    fn parts_of_several_types_have_none() {
        let column = Column { name: "code".into(), ..Column::of(DataType::INT64) };
        let source = Schema { columns: vec![column], ..Schema::default() };
        let code = || Compute::Column("code".into());
        let literal = |value: Value| Compute::Literal(value);
        let first = |all: Vec<Compute>| Compute::First(all).data_type(&source);
        assert_eq!(first(vec![code(), literal(Value::Int(1))]), Some(DataType::INT64));
        assert_eq!(first(vec![code(), literal("a".into())]), None);
        assert_eq!(first(vec![literal(Value::Null), code()]), Some(DataType::INT64));
        assert_eq!(Compute::Column("other".into()).data_type(&source), None);
        let codes = Compute::Codes {
            of: Box::new(code()),
            codes: vec![(Value::Int(1), "one".into()), (Value::Int(2), Value::Null)],
            otherwise: Some("other".into()),
        };
        assert_eq!(codes.data_type(&source), Some(DataType::Text { length: Some(5) }));
    }
}

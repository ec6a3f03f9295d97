//! The data model: what one field of one record can hold, whatever store it came from.
//!
//! Values are cheap to clone (long content is shared), keep apart *missing* (the field is not
//! there), *null* (it is there and holds nothing) and *empty*, and never lose digits: integers
//! beyond 64 bits and decimals are kept exactly.

pub mod cast;
pub mod codec;
pub mod constraint;
mod data_type;
mod decimal;
pub mod declared;
pub mod extended_json;
mod json_text;
mod key;
pub(crate) mod names;
mod object;
mod object_id;
mod path;
mod problem;
pub mod query;
mod schema;
pub mod statement;
pub mod structure;
pub mod switch;
pub mod time;

pub use data_type::{DataType, Kind, ParseDataTypeError};
pub use decimal::{Decimal, ParseDecimalError};
pub use key::{Key, KeyError};
pub use object::Object;
pub use object_id::{ObjectId, ParseObjectIdError};
pub use path::{FieldPath, ParseFieldPathError};
pub use problem::Problem;
pub use schema::{Column, ForeignKey, Index, IndexKey, Schema};

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use uuid::Uuid;

/// One value of a record.
///
/// Equality is structural and exact: `Int(1)` and `Decimal(1)` differ, as do `Missing` and `Null`.
/// Use [`Value::same_content`] to compare what two stores hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// The field is not there.
    #[default]
    Missing,
    /// The field is there and holds nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number of up to 64 bits; larger ones are [`Value::Decimal`].
    Int(i64),
    /// A binary floating-point number.
    Float(f64),
    /// An exact decimal number with its scale.
    Decimal(Decimal),
    /// Text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A calendar date.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// A date and time as on a wall clock, without a zone.
    DateTime(NaiveDateTime),
    /// A moment.
    Timestamp(DateTime<Utc>),
    /// A UUID.
    Uuid(Uuid),
    /// A MongoDB object id.
    ObjectId(ObjectId),
    /// A list.
    Array(Arc<Vec<Value>>),
    /// Fields by name, in order.
    Object(Arc<Object>),
}

/// One record: its values in the order of its batch's layout.
///
/// For a layout of columns there is one value per column; a document is a row of one
/// [`Value::Object`].
pub type Row = Vec<Value>;

impl Value {
    /// Makes text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// Makes bytes.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(Arc::from(bytes.as_ref()))
    }

    /// Makes a list.
    pub fn array(values: Vec<Value>) -> Self {
        Self::Array(Arc::new(values))
    }

    /// Makes an object.
    pub fn object(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// What kind of value this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Missing => Kind::Missing,
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::Decimal(_) => Kind::Decimal,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
            Self::Date(_) => Kind::Date,
            Self::Time(_) => Kind::Time,
            Self::DateTime(_) => Kind::DateTime,
            Self::Timestamp(_) => Kind::Timestamp,
            Self::Uuid(_) => Kind::Uuid,
            Self::ObjectId(_) => Kind::ObjectId,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
        }
    }

    /// Whether the value is null or missing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    /// The text, when it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The object, when it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The list, when it is one.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    /// Whether two values hold the same content, across the ways in which stores spell it:
    /// numbers by their numeric value, missing as null, objects field by field in any order.
    pub fn same_content(&self, other: &Value) -> bool {
        match (self, other) {
            (a, b) if a.is_absent() && b.is_absent() => true,
            (Self::Float(a), Self::Float(b)) => {
                a.partial_cmp(b) == Some(std::cmp::Ordering::Equal) || (a.is_nan() && b.is_nan())
            }
            (
                Self::Int(_) | Self::Float(_) | Self::Decimal(_),
                Self::Int(_) | Self::Float(_) | Self::Decimal(_),
            ) => match (Decimal::from_value(self), Decimal::from_value(other)) {
                (Some(a), Some(b)) => a.same_number(&b),
                _ => false,
            },
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.same_content(b))
            }
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, value)| {
                        b.get(name).is_some_and(|other| value.same_content(other))
                    })
            }
            (a, b) => a == b,
        }
    }

    /// The canonical text of a scalar, as crosswalks and keys in messages use it; `None` for
    /// null, missing, lists and objects.
    ///
    /// Numbers are plain decimal digits, times are ISO 8601, moments end in `Z`, ids are
    /// lower-case hexadecimal, bytes are base64.
    pub fn canonical_text(&self) -> Option<std::borrow::Cow<'_, str>> {
        use base64::Engine as _;
        use std::borrow::Cow;
        Some(match self {
            Self::Missing | Self::Null | Self::Array(_) | Self::Object(_) => return None,
            Self::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Int(value) => Cow::Owned(value.to_string()),
            Self::Float(value) => Cow::Owned(value.to_string()),
            Self::Decimal(value) => Cow::Owned(value.to_string()),
            Self::Text(value) => Cow::Borrowed(value),
            Self::Bytes(value) => {
                Cow::Owned(base64::engine::general_purpose::STANDARD.encode(value))
            }
            Self::Date(value) => Cow::Owned(time::date_text(*value)),
            Self::Time(value) => Cow::Owned(time::time_text(*value)),
            Self::DateTime(value) => Cow::Owned(time::date_time_text(*value)),
            Self::Timestamp(value) => Cow::Owned(time::timestamp_text(*value)),
            Self::Uuid(value) => Cow::Owned(value.to_string()),
            Self::ObjectId(value) => Cow::Owned(value.to_string()),
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Arc::from(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Self::array(values)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    fn object(fields: Vec<(&str, Value)>) -> Value {
        Value::object(fields.into_iter().collect())
    }

    #[test]
    fn equality_is_exact_and_content_is_not() {
        assert_ne!(Value::Int(1), decimal("1"));
        assert!(Value::Int(1).same_content(&decimal("1.00")));
        assert!(Value::Float(0.1).same_content(&decimal("0.10")));
        assert!(!Value::Float(0.1).same_content(&decimal("0.1000000000000000055")));
        assert!(
            !Value::Int(9_007_199_254_740_993).same_content(&Value::Float(9_007_199_254_740_992.0))
        );
        assert!(!Value::Int(1).same_content(&Value::text("1")));
        assert!(Value::Float(f64::NAN).same_content(&Value::Float(f64::NAN)));
        assert_ne!(Value::Missing, Value::Null);
        assert!(Value::Missing.same_content(&Value::Null));
        assert!(!Value::Null.same_content(&Value::text("")));
    }

    #[test]
    fn objects_have_the_same_content_in_any_order_but_lists_do_not() {
        let (a, b) = (("a", Value::Int(1)), ("b", Value::Float(2.0)));
        let other = object(vec![("b", Value::Int(2)), ("a", Value::Int(1))]);
        assert!(object(vec![a.clone(), b.clone()]).same_content(&other));
        assert!(!object(vec![a]).same_content(&other));
        let list = |values: &[i64]| Value::array(values.iter().copied().map(Value::Int).collect());
        assert!(!list(&[1, 2]).same_content(&list(&[2, 1])));
    }

    #[test]
    fn canonical_text_of_scalars() {
        let text = |value: Value| value.canonical_text().map(std::borrow::Cow::into_owned);
        assert_eq!(text(Value::Float(1e21)).as_deref(), Some("1000000000000000000000"));
        assert_eq!(text(decimal("1.10")).as_deref(), Some("1.10"));
        assert_eq!(text(Value::bytes("hi")).as_deref(), Some("aGk="));
        let at = DateTime::from_timestamp_millis(1_500).unwrap();
        assert_eq!(text(Value::Timestamp(at)).as_deref(), Some("1970-01-01T00:00:01.500Z"));
        assert_eq!(text(Value::Null), None);
        assert_eq!(text(Value::array(vec![])), None);
    }
}

//! Values on their way into MiniJinja and back.
//!
//! Text, integers, floats and truth values become MiniJinja's own; lists and objects are wrapped
//! and converted element by element when something looks at them; decimals, times, ids and bytes
//! are opaque: they can be printed, tested and compared with their like, and nothing else.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Enumerator, Object as JinjaObject, ObjectRepr, ValueKind};

use crate::value::{Decimal, Object, Value};

/// A value as MiniJinja sees it.
pub(super) fn to_jinja(value: &Value) -> minijinja::Value {
    match value {
        Value::Missing => minijinja::Value::UNDEFINED,
        Value::Null => minijinja::Value::from(()),
        Value::Bool(value) => minijinja::Value::from(*value),
        Value::Int(value) => minijinja::Value::from(*value),
        Value::Float(value) => minijinja::Value::from(*value),
        Value::Text(text) => minijinja::Value::from(Arc::clone(text)),
        Value::Array(values) => minijinja::Value::from_object(List(Arc::clone(values))),
        Value::Object(object) => minijinja::Value::from_object(Fields(Arc::clone(object))),
        other => minijinja::Value::from_object(Opaque(other.clone())),
    }
}

/// What MiniJinja gave, as a value; `None` for what has no counterpart (functions, iterators).
pub(super) fn from_jinja(value: &minijinja::Value) -> Option<Value> {
    if let Some(Opaque(value)) = value.downcast_object_ref() {
        return Some(value.clone());
    }
    if let Some(List(values)) = value.downcast_object_ref() {
        return Some(Value::Array(Arc::clone(values)));
    }
    if let Some(Fields(object)) = value.downcast_object_ref() {
        return Some(Value::Object(Arc::clone(object)));
    }
    Some(match value.kind() {
        ValueKind::Undefined => Value::Missing,
        ValueKind::None => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number => number(value)?,
        ValueKind::String => Value::text(value.as_str()?),
        ValueKind::Bytes => Value::bytes(value.as_bytes()?),
        ValueKind::Seq | ValueKind::Iterable => Value::array(
            value.try_iter().ok()?.map(|item| from_jinja(&item)).collect::<Option<_>>()?,
        ),
        ValueKind::Map => {
            let mut object = Object::new();
            for key in value.try_iter().ok()? {
                let field = value.get_item(&key).ok()?;
                object.insert(key.as_str()?, from_jinja(&field)?);
            }
            Value::object(object)
        }
        _ => return None,
    })
}

/// Whether it is a decimal.
pub(super) fn is_decimal(value: &minijinja::Value) -> bool {
    matches!(value.downcast_object_ref(), Some(Opaque(Value::Decimal(_))))
}

/// A number as a decimal; `None` for one that is none, such as infinity.
pub(super) fn decimal_of(value: &minijinja::Value) -> Option<minijinja::Value> {
    Decimal::from_value(&number(value)?).map(|made| to_jinja(&Value::Decimal(made)))
}

fn number(value: &minijinja::Value) -> Option<Value> {
    if value.is_integer() {
        return Some(match i64::try_from(value.clone()) {
            Ok(whole) => Value::Int(whole),
            Err(_) => Value::Decimal(value.to_string().parse::<Decimal>().ok()?),
        });
    }
    f64::try_from(value.clone()).ok().map(Value::Float)
}

/// A list, converted element by element.
#[derive(Debug)]
struct List(Arc<Vec<Value>>);

impl JinjaObject for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.0.get(key.as_usize()?).map(to_jinja)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

/// An object, converted field by field.
#[derive(Debug)]
struct Fields(Arc<Object>);

impl JinjaObject for Fields {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.0.get(key.as_str()?).map(to_jinja)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<minijinja::Value> {
        self.0.get(key).map(to_jinja)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(
            self.0.names().map(|name| minijinja::Value::from(Arc::clone(name))).collect(),
        )
    }
}

/// A value that expressions only carry.
#[derive(Debug)]
struct Opaque(Value);

impl JinjaObject for Opaque {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other: &Self = other.downcast_ref()?;
        match (&self.0, &other.0) {
            (Value::Decimal(a), Value::Decimal(b)) => Some(a.number().cmp(b.number())),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
            (Value::DateTime(a), Value::DateTime(b)) => Some(a.cmp(b)),
            (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
            (Value::Uuid(a), Value::Uuid(b)) => Some(a.cmp(b)),
            (Value::ObjectId(a), Value::ObjectId(b)) => Some(a.cmp(b)),
            (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
            (a, b) => Some(a.kind().cmp(&b.kind())),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.canonical_text().unwrap_or_default())
    }
}

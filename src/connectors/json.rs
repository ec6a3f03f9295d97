//! adapter
use crate::value::{DataType, Object, Problem, Value};

pub(crate) fn parse_plain(text: &str) -> Result<Value, ()> {
    serde_json::from_str::<serde_json::Value>(text).map(from).map_err(|_| ())
}
fn from(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::Number(n) => {
            n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap_or(0.0)), Value::Int)
        }
        serde_json::Value::String(s) => Value::from(s),
        serde_json::Value::Array(a) => Value::array(a.into_iter().map(from).collect()),
        serde_json::Value::Object(o) => {
            Value::object(o.into_iter().map(|(k, v)| (k, from(v))).collect::<Object>())
        }
    }
}
fn to(value: &Value) -> serde_json::Value {
    match value {
        Value::Missing | Value::Null => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => (*i).into(),
        Value::Float(f) => (*f).into(),
        Value::Array(a) => a.iter().map(to).collect(),
        Value::Object(o) => {
            serde_json::Value::Object(o.iter().map(|(k, v)| (k.to_owned(), to(v))).collect())
        }
        other => other.canonical_text().unwrap_or_default().into_owned().into(),
    }
}
pub(crate) fn to_plain_text(value: &Value) -> Result<String, Problem> {
    Ok(to(value).to_string())
}
pub(crate) fn parse(text: &str) -> Result<Value, ()> {
    parse_plain(text)
}
pub(crate) fn to_text(value: &Value) -> Result<String, Problem> {
    to_plain_text(value)
}
pub(crate) fn fit(value: Value, _data_type: &DataType) -> Result<Value, Problem> {
    Ok(value)
}

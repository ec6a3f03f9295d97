//! About how much memory values take.

use crate::value::Value;

/// About how many bytes a row takes.
pub(crate) fn row_bytes(row: &[Value]) -> usize {
    row.iter().map(value_bytes).sum()
}

fn value_bytes(value: &Value) -> usize {
    let content = match value {
        Value::Text(text) => text.len() + 16,
        Value::Bytes(bytes) => bytes.len() + 16,
        Value::Decimal(_) => 48,
        Value::Array(values) => row_bytes(values),
        Value::Object(object) if object.json().is_some() => object.json().map_or(0, str::len) + 80,
        Value::Object(object) => {
            object.iter().map(|(name, value)| name.len() + 16 + value_bytes(value)).sum()
        }
        _ => 0,
    };
    size_of::<Value>() + content
}

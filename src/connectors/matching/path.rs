//! Dotted paths into documents, through lists as MongoDB goes.

use crate::value::Value;

/// The value at a path; `Missing` when there is none. Lists are not looked into.
pub(super) fn get<'v>(value: &'v Value, path: &str) -> &'v Value {
    let mut at = value;
    for part in path.split('.') {
        match at {
            Value::Object(object) => at = object.get(part).unwrap_or(&Value::Missing),
            _ => return &Value::Missing,
        }
    }
    at
}

/// Whether one of the candidates at a path holds: the value there, the elements of a list there,
/// and what the rest of the path finds in each object of a list on the way.
pub(super) fn any(value: &Value, parts: &[&str], holds: &mut impl FnMut(&Value) -> bool) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return match value {
            Value::Array(elements) => elements.iter().any(&mut *holds) || holds(value),
            _ => holds(value),
        };
    };
    match value {
        Value::Object(object) => any(object.get(part).unwrap_or(&Value::Missing), rest, holds),
        Value::Array(elements) => {
            let indexed = part.parse::<usize>().ok().and_then(|index| elements.get(index));
            indexed.is_some_and(|element| any(element, rest, holds))
                || elements
                    .iter()
                    .filter(|element| matches!(element, Value::Object(_)))
                    .any(|element| any(element, parts, holds))
        }
        _ => holds(&Value::Missing),
    }
}

//! Arguments meet parameters.

use super::{Argument, Function, Parameter, ParameterKind, Transform};
use crate::value::{Decimal, Value};

/// Why arguments do not go with a transform; a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BindError(pub String);

/// Binds arguments to a transform's parameters: named ones by name, the others in order.
///
/// # Errors
/// When one is unknown, given twice, missing, of the wrong kind, or not usable.
pub fn bind(
    function: &dyn Function,
    arguments: Vec<(Option<String>, Argument)>,
) -> Result<Box<dyn Transform>, BindError> {
    let (name, parameters) = (function.name(), function.parameters());
    let mut bound = vec![Argument::Absent; parameters.len()];
    let mut given = vec![false; parameters.len()];
    for (position, (label, argument)) in arguments.into_iter().enumerate() {
        let index = match &label {
            Some(label) => parameters.iter().position(|parameter| parameter.name == *label),
            None => (position < parameters.len()).then_some(position),
        };
        let Some(index) = index else { return Err(unknown(name, label.as_deref(), parameters)) };
        let parameter = &parameters[index];
        if std::mem::replace(&mut given[index], true) {
            return Err(BindError(format!("`{}` of `{name}` is given twice", parameter.name)));
        }
        bound[index] = match argument {
            Argument::Constant(value) => Argument::Constant(constant(name, parameter, value)?),
            argument => argument,
        };
    }
    for (parameter, argument) in parameters.iter().zip(&bound) {
        if parameter.required && matches!(argument, Argument::Absent) {
            let summary = parameter.summary;
            return Err(BindError(format!("`{name}` needs `{}`: {summary}", parameter.name)));
        }
    }
    function.compile(bound).map_err(BindError)
}

/// Checks a constant, and gives it the form that transforms rely on: numbers are integers or
/// decimals, lists of text are lists.
fn constant(name: &str, parameter: &Parameter, value: Value) -> Result<Value, BindError> {
    let right = match (parameter.kind, value) {
        (ParameterKind::Any, value) => return Ok(value),
        (ParameterKind::Text, value @ Value::Text(_))
        | (ParameterKind::Integer | ParameterKind::Number, value @ Value::Int(_))
        | (ParameterKind::Number, value @ Value::Decimal(_))
        | (ParameterKind::Boolean, value @ Value::Bool(_)) => Ok(value),
        (ParameterKind::Number, Value::Text(text)) => {
            text.parse().map(Value::Decimal).map_err(|_| "text that is no number".to_owned())
        }
        (ParameterKind::Number, value @ Value::Float(_)) => Decimal::from_value(&value)
            .map(Value::Decimal)
            .ok_or_else(|| "a float that is no number".to_owned()),
        (ParameterKind::TextList, value @ Value::Text(_)) => Ok(Value::array(vec![value])),
        (ParameterKind::TextList, Value::Array(values)) => {
            match values.iter().find(|value| value.as_text().is_none()) {
                None => Ok(Value::Array(values)),
                Some(other) => Err(format!("a list with {}", other.kind())),
            }
        }
        (_, value) => Err(value.kind().to_string()),
    };
    right.map_err(|got| {
        let (label, kind) = (parameter.name, parameter.kind.describe());
        BindError(format!("`{label}` of `{name}` takes {kind}, not {got}"))
    })
}

fn unknown(name: &str, label: Option<&str>, parameters: &[Parameter]) -> BindError {
    let names: Vec<String> =
        parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
    BindError(match (label, names.is_empty()) {
        (_, true) => format!("`{name}` takes no arguments"),
        (Some(label), false) => {
            format!("`{name}` has no parameter `{label}`; it has {}", names.join(", "))
        }
        (None, false) => {
            format!("`{name}` takes at most {} arguments: {}", names.len(), names.join(", "))
        }
    })
}

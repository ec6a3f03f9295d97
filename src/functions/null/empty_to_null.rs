//! `empty_to_null`.

use crate::functions::arguments::transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Makes null of empty text, an empty list or an empty object.
pub(in crate::functions) struct EmptyToNull;

impl Function for EmptyToNull {
    fn name(&self) -> &'static str {
        "empty_to_null"
    }
    fn summary(&self) -> &'static str {
        "Makes null of empty text, an empty list or an empty object."
    }
    fn category(&self) -> Category {
        Category::Null
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""empty_to_null""#, given: r#""""#, gives: Ok("null") },
            Example { apply: r#""empty_to_null""#, given: "[]", gives: Ok("null") },
            Example { apply: r#""empty_to_null""#, given: r#"" ""#, gives: Ok(r#"" ""#) },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let none = match &value {
                Value::Text(text) => text.is_empty(),
                Value::Array(values) => values.is_empty(),
                Value::Object(object) => object.is_empty(),
                Value::Bytes(bytes) => bytes.is_empty(),
                _ => false,
            };
            Ok(if none { Value::Null } else { value })
        })
    }
}

//! `length`.

use crate::functions::arguments::{transform, wrong};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Counts the characters of text, the elements of a list, the fields of an object, or bytes.
pub(in crate::functions) struct Length;

impl Function for Length {
    fn name(&self) -> &'static str {
        "length"
    }
    fn summary(&self) -> &'static str {
        "Counts the characters of text, the elements of a list, the fields of an object, or bytes."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::INT64
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""length""#, given: r#""né""#, gives: Ok("2") },
            Example { apply: r#""length""#, given: "[1, null]", gives: Ok("2") },
            Example { apply: r#""length""#, given: r#"{"a": 1}"#, gives: Ok("1") },
            Example { apply: r#""length""#, given: "12", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let length = match &value {
                Value::Text(text) => text.chars().count(),
                Value::Array(values) => values.len(),
                Value::Object(object) => object.len(),
                Value::Bytes(bytes) => bytes.len(),
                value => return Err(wrong("length", "text, bytes, a list or an object", value)),
            };
            Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
        })
    }
}

//! `to_text`.

use crate::functions::arguments::{scalar_text, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Writes a number, date, id or any other scalar as its canonical text.
pub(in crate::functions) struct ToText;

impl Function for ToText {
    fn name(&self) -> &'static str {
        "to_text"
    }
    fn summary(&self) -> &'static str {
        "Writes a number, date, id or any other scalar as its canonical text."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::TEXT
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""to_text""#, given: "12", gives: Ok(r#""12""#) },
            Example {
                apply: r#""to_text""#,
                given: r#"{"$numberDecimal": "1.10"}"#,
                gives: Ok(r#""1.10""#),
            },
            Example { apply: r#""to_text""#, given: "[1]", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| match value {
            Value::Text(_) => Ok(value),
            value => Ok(Value::text(scalar_text("to_text", &value)?)),
        })
    }
}

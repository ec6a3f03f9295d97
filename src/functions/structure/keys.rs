//! `keys`.

use crate::functions::arguments::{transform, wrong};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Lists the names of an object's fields, in order.
pub(in crate::functions) struct Keys;

impl Function for Keys {
    fn name(&self) -> &'static str {
        "keys"
    }
    fn summary(&self) -> &'static str {
        "Lists the names of an object's fields, in order."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::Array(Box::new(DataType::TEXT))
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#""keys""#,
                given: r#"{"b": 1, "a": 2}"#,
                gives: Ok(r#"["b", "a"]"#),
            },
            Example { apply: r#""keys""#, given: "{}", gives: Ok("[]") },
            Example { apply: r#""keys""#, given: "[]", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| match value {
            Value::Object(object) => {
                Ok(Value::array(object.names().cloned().map(Value::Text).collect()))
            }
            value => Err(wrong("keys", "an object", &value)),
        })
    }
}

//! `compact`.

use crate::functions::arguments::{transform, wrong};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Object, Value};

/// Takes null elements out of a list, or null fields out of an object.
pub(in crate::functions) struct Compact;

impl Function for Compact {
    fn name(&self) -> &'static str {
        "compact"
    }
    fn summary(&self) -> &'static str {
        "Takes null elements out of a list, or null fields out of an object."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::Json
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""compact""#, given: "[1, null, 2]", gives: Ok("[1, 2]") },
            Example {
                apply: r#""compact""#,
                given: r#"{"a": null, "b": 0}"#,
                gives: Ok(r#"{"b": 0}"#),
            },
            Example { apply: r#""compact""#, given: "1", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| match &value {
            Value::Array(values) => Ok(Value::array(
                values.iter().filter(|value| !value.is_absent()).cloned().collect(),
            )),
            Value::Object(object) => {
                let mut kept = Object::clone(object);
                for (name, value) in object.iter() {
                    if value.is_absent() {
                        kept.remove(name);
                    }
                }
                Ok(Value::object(kept))
            }
            value => Err(wrong("compact", "a list or an object", value)),
        })
    }
}

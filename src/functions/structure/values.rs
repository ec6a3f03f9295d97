//! `values`.

use crate::functions::arguments::{transform, wrong};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Lists the values of an object's fields, in order.
pub(in crate::functions) struct Values;

impl Function for Values {
    fn name(&self) -> &'static str {
        "values"
    }
    fn summary(&self) -> &'static str {
        "Lists the values of an object's fields, in order."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::Array(Box::new(DataType::Any))
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""values""#, given: r#"{"b": 1, "a": 2}"#, gives: Ok("[1, 2]") },
            Example { apply: r#""values""#, given: "{}", gives: Ok("[]") },
            Example { apply: r#""values""#, given: "[]", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| match value {
            Value::Object(object) => {
                Ok(Value::array(object.iter().map(|(_, value)| value.clone()).collect()))
            }
            value => Err(wrong("values", "an object", &value)),
        })
    }
}

//! `wrap`.

use crate::functions::arguments::transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Makes a list of one value; a list stays what it is.
pub(in crate::functions) struct Wrap;

impl Function for Wrap {
    fn name(&self) -> &'static str {
        "wrap"
    }
    fn summary(&self) -> &'static str {
        "Makes a list of one value; a list stays what it is."
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
            Example { apply: r#""wrap""#, given: "5", gives: Ok("[5]") },
            Example { apply: r#""wrap""#, given: "[5]", gives: Ok("[5]") },
            Example { apply: r#""wrap""#, given: r#"{"a": 1}"#, gives: Ok(r#"[{"a": 1}]"#) },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| match value {
            Value::Array(_) => Ok(value),
            value => Ok(Value::array(vec![value])),
        })
    }
}

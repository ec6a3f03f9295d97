//! `first`.

use crate::functions::arguments::{list, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Takes the first element of a list; null when it is empty.
pub(in crate::functions) struct First;

impl Function for First {
    fn name(&self) -> &'static str {
        "first"
    }
    fn summary(&self) -> &'static str {
        "Takes the first element of a list; null when it is empty."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""first""#, given: "[3, 1, 2]", gives: Ok("3") },
            Example { apply: r#""first""#, given: "[]", gives: Ok("null") },
            Example { apply: r#""first""#, given: r#""abc""#, gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| Ok(list("first", &value)?.first().cloned().unwrap_or(Value::Null)))
    }
}

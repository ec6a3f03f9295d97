//! `last`.

use crate::functions::arguments::{list, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Takes the last element of a list; null when it is empty.
pub(in crate::functions) struct Last;

impl Function for Last {
    fn name(&self) -> &'static str {
        "last"
    }
    fn summary(&self) -> &'static str {
        "Takes the last element of a list; null when it is empty."
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
            Example { apply: r#""last""#, given: "[3, 1, 2]", gives: Ok("2") },
            Example { apply: r#""last""#, given: "[]", gives: Ok("null") },
            Example { apply: r#""last""#, given: r#""abc""#, gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| Ok(list("last", &value)?.last().cloned().unwrap_or(Value::Null)))
    }
}

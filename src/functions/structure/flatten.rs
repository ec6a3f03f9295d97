//! `flatten`.

use crate::functions::arguments::{list, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Puts the elements of the lists in a list in their place, one level deep.
pub(in crate::functions) struct Flatten;

impl Function for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }
    fn summary(&self) -> &'static str {
        "Puts the elements of the lists in a list in their place, one level deep."
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
            Example { apply: r#""flatten""#, given: "[1, [2, [3]], []]", gives: Ok("[1, 2, [3]]") },
            Example { apply: r#""flatten""#, given: "[]", gives: Ok("[]") },
            Example { apply: r#""flatten""#, given: "{}", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let mut flat = Vec::new();
            for element in list("flatten", &value)? {
                match element {
                    Value::Array(inner) => flat.extend(inner.iter().cloned()),
                    element => flat.push(element.clone()),
                }
            }
            Ok(Value::array(flat))
        })
    }
}

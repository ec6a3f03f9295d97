//! `min`.

use std::cmp::Ordering;

use crate::functions::arguments::{list, order, problem, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Takes the least element of a list of numbers, or of dates or texts; null when the list is empty.
pub(in crate::functions) struct Min;

impl Function for Min {
    fn name(&self) -> &'static str {
        "min"
    }
    fn summary(&self) -> &'static str {
        "Takes the least element of a list of numbers, or of dates or texts; null when the list is empty."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#""min""#,
                given: r#"[3, 10, {"$numberDecimal": "7.5"}]"#,
                gives: Ok("3"),
            },
            Example { apply: r#""min""#, given: "[]", gives: Ok("null") },
            Example { apply: r#""min""#, given: r#"[1, "b"]"#, gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let mut found: Option<&Value> = None;
            for element in list("min", &value)? {
                let other = found.unwrap_or(element);
                match order(element, other) {
                    Some(Ordering::Less) => found = Some(element),
                    Some(_) => found = Some(other),
                    None => {
                        return Err(problem("`min` takes a list of values that can be compared"));
                    }
                }
            }
            Ok(found.cloned().unwrap_or(Value::Null))
        })
    }
}

//! `max`.

use std::cmp::Ordering;

use crate::functions::arguments::{list, order, problem, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Takes the greatest element of a list of numbers, or of dates or texts; null when the list is empty.
pub(in crate::functions) struct Max;

impl Function for Max {
    fn name(&self) -> &'static str {
        "max"
    }
    fn summary(&self) -> &'static str {
        "Takes the greatest element of a list of numbers, or of dates or texts; null when the list is empty."
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
                apply: r#""max""#,
                given: r#"[3, 10, {"$numberDecimal": "7.5"}]"#,
                gives: Ok("10"),
            },
            Example { apply: r#""max""#, given: "[]", gives: Ok("null") },
            Example { apply: r#""max""#, given: r#"[1, "b"]"#, gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let mut found: Option<&Value> = None;
            for element in list("max", &value)? {
                let other = found.unwrap_or(element);
                match order(element, other) {
                    Some(Ordering::Greater) => found = Some(element),
                    Some(_) => found = Some(other),
                    None => {
                        return Err(problem("`max` takes a list of values that can be compared"));
                    }
                }
            }
            Ok(found.cloned().unwrap_or(Value::Null))
        })
    }
}

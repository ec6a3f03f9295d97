//! `unique`.

use std::collections::HashSet;

use crate::functions::arguments::{list, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Key, Value};

/// Takes repeated elements out of a list; the first of each stays.
pub(in crate::functions) struct Unique;

impl Function for Unique {
    fn name(&self) -> &'static str {
        "unique"
    }
    fn summary(&self) -> &'static str {
        "Takes repeated elements out of a list; the first of each stays."
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
            Example {
                apply: r#""unique""#,
                given: r#"[1, 2, 1.0, "1"]"#,
                gives: Ok(r#"[1, 2, "1"]"#),
            },
            Example {
                apply: r#""unique""#,
                given: r#"[{"a": 1}, {"a": 1}, null, null]"#,
                gives: Ok(r#"[{"a": 1}, null]"#),
            },
            Example { apply: r#""unique""#, given: "5", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let (mut keys, mut others) = (HashSet::new(), Vec::new());
            let mut unique = Vec::new();
            for element in list("unique", &value)? {
                let new = match Key::new([element]) {
                    Ok(key) => keys.insert(key),
                    Err(_) if others.iter().any(|other| element.same_content(other)) => false,
                    Err(_) => {
                        others.push(element.clone());
                        true
                    }
                };
                if new {
                    unique.push(element.clone());
                }
            }
            Ok(Value::array(unique))
        })
    }
}

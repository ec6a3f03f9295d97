//! `omit`.

use std::collections::HashSet;

use crate::functions::arguments::{Arguments, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Leaves named fields of an object out.
pub(in crate::functions) struct Omit;

impl Function for Omit {
    fn name(&self) -> &'static str {
        "omit"
    }
    fn summary(&self) -> &'static str {
        "Leaves named fields of an object out."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "fields",
            summary: "the names",
            kind: ParameterKind::TextList,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Json
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ omit = ["a", "x"] }"#,
                given: r#"{"a": 1, "b": 2}"#,
                gives: Ok(r#"{"b": 2}"#),
            },
            Example {
                apply: r#"{ omit = "b" }"#,
                given: r#"{"a": 1, "b": 2}"#,
                gives: Ok(r#"{"a": 1}"#),
            },
            Example { apply: "{ omit = [] }", given: "1", gives: Err("transform") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let names: HashSet<String> =
            Arguments::new(self, arguments).constant_texts(0)?.into_iter().collect();
        transform(move |value, _| {
            let object = value.as_object().ok_or_else(|| wrong("omit", "an object", &value))?;
            let fields = object.clone().into_iter().filter(|(field, _)| !names.contains(&**field));
            Ok(Value::object(fields.collect()))
        })
    }
}

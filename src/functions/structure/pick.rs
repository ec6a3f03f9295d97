//! `pick`.

use std::collections::HashSet;

use crate::functions::arguments::{Arguments, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Takes only named fields of an object, in the object's order.
pub(in crate::functions) struct Pick;

impl Function for Pick {
    fn name(&self) -> &'static str {
        "pick"
    }
    fn summary(&self) -> &'static str {
        "Takes only named fields of an object, in the object's order."
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
                apply: r#"{ pick = ["a", "x"] }"#,
                given: r#"{"a": 1, "b": 2}"#,
                gives: Ok(r#"{"a": 1}"#),
            },
            Example {
                apply: r#"{ pick = "b" }"#,
                given: r#"{"a": 1, "b": 2}"#,
                gives: Ok(r#"{"b": 2}"#),
            },
            Example { apply: "{ pick = [] }", given: "1", gives: Err("transform") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let names: HashSet<String> =
            Arguments::new(self, arguments).constant_texts(0)?.into_iter().collect();
        transform(move |value, _| {
            let object = value.as_object().ok_or_else(|| wrong("pick", "an object", &value))?;
            let fields = object.clone().into_iter().filter(|(field, _)| names.contains(&**field));
            Ok(Value::object(fields.collect()))
        })
    }
}

//! `merge`.

use crate::functions::arguments::{Arguments, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Sets the fields of another object in an object; the other one's win.
pub(in crate::functions) struct Merge;

impl Function for Merge {
    fn name(&self) -> &'static str {
        "merge"
    }
    fn summary(&self) -> &'static str {
        "Sets the fields of another object in an object; the other one's win."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "with",
            summary: "the other object",
            kind: ParameterKind::Any,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Json
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: "{ merge = { with = { b = 3, c = 4 } } }",
                given: r#"{"a": 1, "b": 2}"#,
                gives: Ok(r#"{"a": 1, "b": 3, "c": 4}"#),
            },
            Example {
                apply: "{ merge = { with = { } } }",
                given: r#"{"a": 1}"#,
                gives: Ok(r#"{"a": 1}"#),
            },
            Example { apply: "{ merge = { with = { } } }", given: "[]", gives: Err("transform") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        if let Ok(Some(other)) = arguments.constant(0)
            && other.as_object().is_none()
        {
            return Err("`with` of `merge` takes an object".to_owned());
        }
        transform(move |value, dynamic| {
            let object = value.as_object().ok_or_else(|| wrong("merge", "an object", &value))?;
            let other = arguments.value(0, dynamic);
            let other = other.as_object().ok_or_else(|| arguments.wrong(0, "an object", other))?;
            let mut merged = object.clone();
            for (name, value) in other.clone() {
                merged.insert(name, value);
            }
            Ok(Value::object(merged))
        })
    }
}

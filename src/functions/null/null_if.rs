//! `null_if`.

use crate::functions::arguments::{Arguments, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Makes null of a value that is one of some.
pub(in crate::functions) struct NullIf;

impl Function for NullIf {
    fn name(&self) -> &'static str {
        "null_if"
    }
    fn summary(&self) -> &'static str {
        "Makes null of a value that is one of some."
    }
    fn category(&self) -> Category {
        Category::Null
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "values",
            summary: "a value, or a list of them; text is compared letter by letter",
            kind: ParameterKind::Any,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#"{ null_if = ["N/A", "-"] }"#, given: r#""-""#, gives: Ok("null") },
            Example {
                apply: "{ null_if = 0 }",
                given: r#"{"$numberDecimal": "0.00"}"#,
                gives: Ok("null"),
            },
            Example { apply: r#"{ null_if = "n/a" }"#, given: r#""N/A""#, gives: Ok(r#""N/A""#) },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        transform(move |value, dynamic| {
            let none = match arguments.value(0, dynamic) {
                Value::Array(values) => values.iter().any(|other| value.same_content(other)),
                other => value.same_content(other),
            };
            Ok(if none { Value::Null } else { value })
        })
    }
}

//! `coalesce`.

use crate::functions::arguments::{Arguments, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::DataType;

/// Takes another value when the value is null or missing.
pub(in crate::functions) struct Coalesce;

impl Function for Coalesce {
    fn name(&self) -> &'static str {
        "coalesce"
    }
    fn summary(&self) -> &'static str {
        "Takes another value when the value is null or missing."
    }
    fn category(&self) -> Category {
        Category::Null
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "with",
            summary: "the other value, often `{ path = … }`",
            kind: ParameterKind::Any,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn takes_absent(&self) -> bool {
        true
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#"{ coalesce = "none" }"#, given: "null", gives: Ok(r#""none""#) },
            Example {
                apply: r#"{ coalesce = "none" }"#,
                given: r#""some""#,
                gives: Ok(r#""some""#),
            },
            Example { apply: "{ coalesce = 0 }", given: "false", gives: Ok("false") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        transform(move |value, dynamic| {
            Ok(if value.is_absent() { arguments.value(0, dynamic).clone() } else { value })
        })
    }
}

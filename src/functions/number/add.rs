//! `add`.

use crate::functions::arguments::{Arguments, number, number_value, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Adds a number, exactly.
pub(in crate::functions) struct Add;

impl Function for Add {
    fn name(&self) -> &'static str {
        "add"
    }
    fn summary(&self) -> &'static str {
        "Adds a number, exactly."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "number",
            summary: "what is added",
            kind: ParameterKind::Number,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::DECIMAL
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: "{ add = 5 }", given: "37", gives: Ok("42") },
            Example {
                apply: r#"{ add = "0.20" }"#,
                given: r#"{"$numberDecimal": "0.10"}"#,
                gives: Ok(r#"{"$numberDecimal": "0.30"}"#),
            },
            Example {
                apply: "{ add = 1 }",
                given: "9223372036854775807",
                gives: Ok(r#"{"$numberDecimal": "9223372036854775808"}"#),
            },
            Example { apply: "{ add = 1 }", given: r#""1""#, gives: Err("transform") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        transform(move |value, dynamic| {
            let (left, right) = (number("add", &value)?, arguments.number(0, dynamic)?);
            let whole =
                matches!((&value, arguments.value(0, dynamic)), (Value::Int(_), Value::Int(_)));
            number_value("add", left.number() + right.number(), whole)
        })
    }
}

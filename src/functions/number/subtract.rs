//! `subtract`.

use crate::functions::arguments::{Arguments, number, number_value, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Subtracts a number, exactly.
pub(in crate::functions) struct Subtract;

impl Function for Subtract {
    fn name(&self) -> &'static str {
        "subtract"
    }
    fn summary(&self) -> &'static str {
        "Subtracts a number, exactly."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "number",
            summary: "what is subtracted",
            kind: ParameterKind::Number,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::DECIMAL
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: "{ subtract = 5 }", given: "3", gives: Ok("-2") },
            Example {
                apply: r#"{ subtract = "0.1" }"#,
                given: "0.3",
                gives: Ok(r#"{"$numberDecimal": "0.2"}"#),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        transform(move |value, dynamic| {
            let (left, right) = (number("subtract", &value)?, arguments.number(0, dynamic)?);
            let whole =
                matches!((&value, arguments.value(0, dynamic)), (Value::Int(_), Value::Int(_)));
            number_value("subtract", left.number() - right.number(), whole)
        })
    }
}

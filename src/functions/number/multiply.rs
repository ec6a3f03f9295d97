//! `multiply`.

use crate::functions::arguments::{Arguments, number, number_value, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Multiplies by a number, exactly.
pub(in crate::functions) struct Multiply;

impl Function for Multiply {
    fn name(&self) -> &'static str {
        "multiply"
    }
    fn summary(&self) -> &'static str {
        "Multiplies by a number, exactly."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "by",
            summary: "what it is multiplied by",
            kind: ParameterKind::Number,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::DECIMAL
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: "{ multiply = 100 }",
                given: r#"{"$numberDecimal": "1.10"}"#,
                gives: Ok(r#"{"$numberDecimal": "110.00"}"#),
            },
            Example {
                apply: r#"{ multiply = "0.1" }"#,
                given: "3",
                gives: Ok(r#"{"$numberDecimal": "0.3"}"#),
            },
            Example { apply: "{ multiply = 3 }", given: "4", gives: Ok("12") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        transform(move |value, dynamic| {
            let (left, right) = (number("multiply", &value)?, arguments.number(0, dynamic)?);
            let whole =
                matches!((&value, arguments.value(0, dynamic)), (Value::Int(_), Value::Int(_)));
            number_value("multiply", left.number() * right.number(), whole)
        })
    }
}

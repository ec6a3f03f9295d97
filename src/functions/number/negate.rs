//! `negate`.

use crate::functions::arguments::{number, number_value, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Turns the sign of a number.
pub(in crate::functions) struct Negate;

impl Function for Negate {
    fn name(&self) -> &'static str {
        "negate"
    }
    fn summary(&self) -> &'static str {
        "Turns the sign of a number."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::DECIMAL
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""negate""#, given: "5", gives: Ok("-5") },
            Example {
                apply: r#""negate""#,
                given: r#"{"$numberDecimal": "-1.50"}"#,
                gives: Ok(r#"{"$numberDecimal": "1.50"}"#),
            },
            Example {
                apply: r#""negate""#,
                given: "-9223372036854775808",
                gives: Ok(r#"{"$numberDecimal": "9223372036854775808"}"#),
            },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let number = number("negate", &value)?;
            number_value("negate", -number.number(), matches!(value, Value::Int(_)))
        })
    }
}

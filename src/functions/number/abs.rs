//! `abs`.

use crate::functions::arguments::{number, number_value, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Takes the sign off a number.
pub(in crate::functions) struct Abs;

impl Function for Abs {
    fn name(&self) -> &'static str {
        "abs"
    }
    fn summary(&self) -> &'static str {
        "Takes the sign off a number."
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
            Example { apply: r#""abs""#, given: "-5", gives: Ok("5") },
            Example {
                apply: r#""abs""#,
                given: r#"{"$numberDecimal": "-1.50"}"#,
                gives: Ok(r#"{"$numberDecimal": "1.50"}"#),
            },
            Example { apply: r#""abs""#, given: r#""-5""#, gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let number = number("abs", &value)?;
            number_value("abs", number.number().abs(), matches!(value, Value::Int(_)))
        })
    }
}

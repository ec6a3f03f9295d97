//! `sum`.

use bigdecimal::BigDecimal;

use crate::functions::arguments::{list, number, number_value, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Adds up a list of numbers, exactly; 0 when it is empty.
pub(in crate::functions) struct Sum;

impl Function for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }
    fn summary(&self) -> &'static str {
        "Adds up a list of numbers, exactly; 0 when it is empty."
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
            Example { apply: r#""sum""#, given: "[1, 2, 3]", gives: Ok("6") },
            Example {
                apply: r#""sum""#,
                given: "[0.1, 0.2]",
                gives: Ok(r#"{"$numberDecimal": "0.3"}"#),
            },
            Example { apply: r#""sum""#, given: "[]", gives: Ok("0") },
            Example { apply: r#""sum""#, given: "[1, null]", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let (mut sum, mut whole) = (BigDecimal::from(0), true);
            for element in list("sum", &value)? {
                sum += number("sum", element)?.number();
                whole &= matches!(element, Value::Int(_));
            }
            number_value("sum", sum, whole)
        })
    }
}

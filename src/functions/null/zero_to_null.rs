//! `zero_to_null`.

use crate::functions::arguments::transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Makes null of the number zero.
pub(in crate::functions) struct ZeroToNull;

impl Function for ZeroToNull {
    fn name(&self) -> &'static str {
        "zero_to_null"
    }
    fn summary(&self) -> &'static str {
        "Makes null of the number zero."
    }
    fn category(&self) -> Category {
        Category::Null
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""zero_to_null""#, given: "0", gives: Ok("null") },
            Example {
                apply: r#""zero_to_null""#,
                given: r#"{"$numberDecimal": "0.00"}"#,
                gives: Ok("null"),
            },
            Example { apply: r#""zero_to_null""#, given: r#""0""#, gives: Ok(r#""0""#) },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let none = value.same_content(&Value::Int(0));
            Ok(if none { Value::Null } else { value })
        })
    }
}

//! `blank_to_null`.

use crate::functions::arguments::transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Makes null of text that is empty or only white space.
pub(in crate::functions) struct BlankToNull;

impl Function for BlankToNull {
    fn name(&self) -> &'static str {
        "blank_to_null"
    }
    fn summary(&self) -> &'static str {
        "Makes null of text that is empty or only white space."
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
            Example { apply: r#""blank_to_null""#, given: r#""  ""#, gives: Ok("null") },
            Example { apply: r#""blank_to_null""#, given: r#"" a ""#, gives: Ok(r#"" a ""#) },
            Example { apply: r#""blank_to_null""#, given: "0", gives: Ok("0") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            let none = value.as_text().is_some_and(|text| text.trim().is_empty());
            Ok(if none { Value::Null } else { value })
        })
    }
}

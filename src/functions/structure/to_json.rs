//! `to_json`.

use crate::functions::arguments::{problem, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value, extended_json};

/// Writes a value as JSON text; decimals keep all digits.
pub(in crate::functions) struct ToJson;

impl Function for ToJson {
    fn name(&self) -> &'static str {
        "to_json"
    }
    fn summary(&self) -> &'static str {
        "Writes a value as JSON text; decimals keep all digits."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::TEXT
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#""to_json""#,
                given: r#"{"a": [1, {"$numberDecimal": "2.50"}]}"#,
                gives: Ok(r#""{\"a\":[1,2.50]}""#),
            },
            Example { apply: r#""to_json""#, given: r#""x""#, gives: Ok(r#""\"x\"""#) },
            Example {
                apply: r#""to_json""#,
                given: r#"{"$numberDouble": "NaN"}"#,
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            extended_json::to_plain_text(&value).map(Value::from).map_err(|error| {
                problem(format!("`to_json` can't write this value: {}", error.message))
            })
        })
    }
}

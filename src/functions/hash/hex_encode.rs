//! `hex_encode`.

use crate::functions::arguments::{content, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Writes bytes, or the UTF-8 of text, as hexadecimal digits.
pub(in crate::functions) struct HexEncode;

impl Function for HexEncode {
    fn name(&self) -> &'static str {
        "hex_encode"
    }
    fn summary(&self) -> &'static str {
        "Writes bytes, or the UTF-8 of text, as hexadecimal digits."
    }
    fn category(&self) -> Category {
        Category::Hash
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::TEXT
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""hex_encode""#, given: r#""hi""#, gives: Ok(r#""6869""#) },
            Example {
                apply: r#""hex_encode""#,
                given: r#"{"$binary": "/w=="}"#,
                gives: Ok(r#""ff""#),
            },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| Ok(Value::from(hex::encode(content("hex_encode", &value)?))))
    }
}

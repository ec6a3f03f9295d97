//! `hex_decode`.

use crate::functions::arguments::{problem, text, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Reads hexadecimal text as bytes.
pub(in crate::functions) struct HexDecode;

impl Function for HexDecode {
    fn name(&self) -> &'static str {
        "hex_decode"
    }
    fn summary(&self) -> &'static str {
        "Reads hexadecimal text as bytes."
    }
    fn category(&self) -> Category {
        Category::Hash
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::Bytes
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#""hex_decode""#,
                given: r#""6869""#,
                gives: Ok(r#"{"$binary": "aGk="}"#),
            },
            Example { apply: r#""hex_decode""#, given: r#""686""#, gives: Err("transform") },
            Example { apply: r#""hex_decode""#, given: r#""zz""#, gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            hex::decode(text("hex_decode", &value)?)
                .map(Value::bytes)
                .map_err(|_| problem("`hex_decode` takes pairs of hexadecimal digits"))
        })
    }
}

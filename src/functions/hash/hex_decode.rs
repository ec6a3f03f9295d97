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
            decoded(text("hex_decode", &value)?)
                .map(Value::bytes)
                .ok_or_else(|| problem("`hex_decode` takes pairs of hexadecimal digits"))
        })
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()).collect()
}

//! `base64_decode`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::functions::arguments::{problem, text, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Reads base64 text as bytes.
pub(in crate::functions) struct Base64Decode;

impl Function for Base64Decode {
    fn name(&self) -> &'static str {
        "base64_decode"
    }
    fn summary(&self) -> &'static str {
        "Reads base64 text as bytes."
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
                apply: r#""base64_decode""#,
                given: r#""aGk=""#,
                gives: Ok(r#"{"$binary": "aGk="}"#),
            },
            Example { apply: r#""base64_decode""#, given: r#""*""#, gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            STANDARD
                .decode(text("base64_decode", &value)?)
                .map(Value::bytes)
                .map_err(|_| problem("`base64_decode` takes base64 text"))
        })
    }
}

//! `base64_encode`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::functions::arguments::{content, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Writes bytes, or the UTF-8 of text, as base64.
pub(in crate::functions) struct Base64Encode;

impl Function for Base64Encode {
    fn name(&self) -> &'static str {
        "base64_encode"
    }
    fn summary(&self) -> &'static str {
        "Writes bytes, or the UTF-8 of text, as base64."
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
            Example { apply: r#""base64_encode""#, given: r#""hi""#, gives: Ok(r#""aGk=""#) },
            Example {
                apply: r#""base64_encode""#,
                given: r#"{"$binary": "/w=="}"#,
                gives: Ok(r#""/w==""#),
            },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| Ok(Value::from(STANDARD.encode(content("base64_encode", &value)?))))
    }
}

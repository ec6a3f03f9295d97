//! `sha1`.

use sha1::{Digest as _, Sha1 as Hasher};

use crate::functions::arguments::{content, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Makes the SHA-1 hash of text or bytes, as hexadecimal digits.
pub(in crate::functions) struct Sha1;

impl Function for Sha1 {
    fn name(&self) -> &'static str {
        "sha1"
    }
    fn summary(&self) -> &'static str {
        "Makes the SHA-1 hash of text or bytes, as hexadecimal digits."
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
            Example {
                apply: r#""sha1""#,
                given: r#""abc""#,
                gives: Ok(r#""a9993e364706816aba3e25717850c26c9cd0d89d""#),
            },
            Example {
                apply: r#""sha1""#,
                given: r#"{"$binary": "YWJj"}"#,
                gives: Ok(r#""a9993e364706816aba3e25717850c26c9cd0d89d""#),
            },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| Ok(Value::from(hex::encode(Hasher::digest(content("sha1", &value)?)))))
    }
}

//! `sha256`.

use sha2::{Digest as _, Sha256 as Hasher};

use crate::functions::arguments::{content, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Makes the SHA-256 hash of text or bytes, as hexadecimal digits.
pub(in crate::functions) struct Sha256;

impl Function for Sha256 {
    fn name(&self) -> &'static str {
        "sha256"
    }
    fn summary(&self) -> &'static str {
        "Makes the SHA-256 hash of text or bytes, as hexadecimal digits."
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
                apply: r#""sha256""#,
                given: r#""abc""#,
                gives: Ok(r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#),
            },
            Example {
                apply: r#""sha256""#,
                given: "12",
                gives: Ok(r#""6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918""#),
            },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| {
            Ok(Value::from(hex::encode(Hasher::digest(content("sha256", &value)?))))
        })
    }
}

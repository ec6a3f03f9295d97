//! `md5`.

use md5::{Digest as _, Md5 as Hasher};

use crate::functions::arguments::{content, transform};
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::{DataType, Value};

/// Makes the MD5 hash of text or bytes, as hexadecimal digits.
pub(in crate::functions) struct Md5;

impl Function for Md5 {
    fn name(&self) -> &'static str {
        "md5"
    }
    fn summary(&self) -> &'static str {
        "Makes the MD5 hash of text or bytes, as hexadecimal digits."
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
                apply: r#""md5""#,
                given: r#""abc""#,
                gives: Ok(r#""900150983cd24fb0d6963f7d28e17f72""#),
            },
            Example { apply: r#""md5""#, given: "[]", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        transform(|value, _| Ok(Value::from(hex::encode(Hasher::digest(content("md5", &value)?)))))
    }
}

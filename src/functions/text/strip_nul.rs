//! `strip_nul`.

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Takes out NUL characters, which some stores can't hold.
pub(in crate::functions) struct StripNul;

impl Function for StripNul {
    fn name(&self) -> &'static str {
        "strip_nul"
    }
    fn summary(&self) -> &'static str {
        "Takes out NUL characters, which some stores can't hold."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    fn returns(&self) -> DataType {
        DataType::TEXT
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""strip_nul""#, given: r#""a\u0000b""#, gives: Ok(r#""ab""#) },
            Example { apply: r#""strip_nul""#, given: r#""ab""#, gives: Ok(r#""ab""#) },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("strip_nul", |text| text.replace('\0', ""))
    }
}

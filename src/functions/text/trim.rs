//! `trim`.

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Takes white space off both ends.
pub(in crate::functions) struct Trim;

impl Function for Trim {
    fn name(&self) -> &'static str {
        "trim"
    }
    fn summary(&self) -> &'static str {
        "Takes white space off both ends."
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
            Example { apply: r#""trim""#, given: r#""  a b \n""#, gives: Ok(r#""a b""#) },
            Example { apply: r#""trim""#, given: "1", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("trim", |text| text.trim().to_owned())
    }
}

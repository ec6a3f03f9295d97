//! `upper`.

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Makes all letters capitals.
pub(in crate::functions) struct Upper;

impl Function for Upper {
    fn name(&self) -> &'static str {
        "upper"
    }
    fn summary(&self) -> &'static str {
        "Makes all letters capitals."
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
            Example { apply: r#""upper""#, given: r#""straße""#, gives: Ok(r#""STRASSE""#) },
            Example { apply: r#""upper""#, given: "true", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("upper", str::to_uppercase)
    }
}

//! `collapse_spaces`.

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Makes one blank of every run of white space, and trims.
pub(in crate::functions) struct CollapseSpaces;

impl Function for CollapseSpaces {
    fn name(&self) -> &'static str {
        "collapse_spaces"
    }
    fn summary(&self) -> &'static str {
        "Makes one blank of every run of white space, and trims."
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
            Example {
                apply: r#""collapse_spaces""#,
                given: r#""  a \n\t b  ""#,
                gives: Ok(r#""a b""#),
            },
            Example { apply: r#""collapse_spaces""#, given: r#""   ""#, gives: Ok(r#""""#) },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("collapse_spaces", |text| {
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
    }
}

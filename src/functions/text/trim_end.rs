//! `trim_end`.

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Takes white space off the end.
pub(in crate::functions) struct TrimEnd;

impl Function for TrimEnd {
    fn name(&self) -> &'static str {
        "trim_end"
    }
    fn summary(&self) -> &'static str {
        "Takes white space off the end."
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
            Example { apply: r#""trim_end""#, given: r#"" a ""#, gives: Ok(r#"" a""#) },
            Example { apply: r#""trim_end""#, given: r#""""#, gives: Ok(r#""""#) },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("trim_end", |text| text.trim_end().to_owned())
    }
}

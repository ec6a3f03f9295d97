//! `trim_start`.

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Takes white space off the front.
pub(in crate::functions) struct TrimStart;

impl Function for TrimStart {
    fn name(&self) -> &'static str {
        "trim_start"
    }
    fn summary(&self) -> &'static str {
        "Takes white space off the front."
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
            Example { apply: r#""trim_start""#, given: r#"" a ""#, gives: Ok(r#""a ""#) },
            Example { apply: r#""trim_start""#, given: r#""""#, gives: Ok(r#""""#) },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("trim_start", |text| text.trim_start().to_owned())
    }
}

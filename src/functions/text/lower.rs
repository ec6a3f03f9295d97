//! `lower`.

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Makes all letters small.
pub(in crate::functions) struct Lower;

impl Function for Lower {
    fn name(&self) -> &'static str {
        "lower"
    }
    fn summary(&self) -> &'static str {
        "Makes all letters small."
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
            Example { apply: r#""lower""#, given: r#""ÀB c1""#, gives: Ok(r#""àb c1""#) },
            Example { apply: r#""lower""#, given: "1", gives: Err("transform") },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("lower", str::to_lowercase)
    }
}

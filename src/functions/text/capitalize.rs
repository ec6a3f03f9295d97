//! `capitalize`.

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Makes the first letter a capital and leaves the rest.
pub(in crate::functions) struct Capitalize;

impl Function for Capitalize {
    fn name(&self) -> &'static str {
        "capitalize"
    }
    fn summary(&self) -> &'static str {
        "Makes the first letter a capital and leaves the rest."
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
                apply: r#""capitalize""#,
                given: r#""hello World""#,
                gives: Ok(r#""Hello World""#),
            },
            Example { apply: r#""capitalize""#, given: r#""élan""#, gives: Ok(r#""Élan""#) },
            Example { apply: r#""capitalize""#, given: r#""""#, gives: Ok(r#""""#) },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("capitalize", capitalized)
    }
}

/// The text with its first letter a capital.
pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

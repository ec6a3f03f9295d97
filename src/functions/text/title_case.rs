//! `title_case`.

use unicode_segmentation::UnicodeSegmentation as _;

use super::capitalize::capitalized;
use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Makes the first letter of every word a capital and the others small.
pub(in crate::functions) struct TitleCase;

impl Function for TitleCase {
    fn name(&self) -> &'static str {
        "title_case"
    }
    fn summary(&self) -> &'static str {
        "Makes the first letter of every word a capital and the others small."
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
                apply: r#""title_case""#,
                given: r#""JANE o'neil-SMITH""#,
                gives: Ok(r#""Jane O'neil-Smith""#),
            },
            Example {
                apply: r#""title_case""#,
                given: r#""élan vital""#,
                gives: Ok(r#""Élan Vital""#),
            },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("title_case", |text| {
            text.split_word_bounds().map(|word| capitalized(&word.to_lowercase())).collect()
        })
    }
}

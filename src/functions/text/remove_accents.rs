//! `remove_accents`.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::functions::arguments::text_transform;
use crate::functions::{Argument, Category, Example, Function, Parameter, Transform};
use crate::value::DataType;

/// Takes accents and other combining marks off letters; letters of their own, such as ø and ß, stay.
pub(in crate::functions) struct RemoveAccents;

impl Function for RemoveAccents {
    fn name(&self) -> &'static str {
        "remove_accents"
    }
    fn summary(&self) -> &'static str {
        "Takes accents and other combining marks off letters; letters of their own, such as ø and ß, stay."
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
                apply: r#""remove_accents""#,
                given: r#""Crème brûlée""#,
                gives: Ok(r#""Creme brulee""#),
            },
            Example {
                apply: r#""remove_accents""#,
                given: r#""Øresund""#,
                gives: Ok(r#""Øresund""#),
            },
        ]
    }
    fn compile(&self, _: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        text_transform("remove_accents", |text| {
            text.nfd().filter(|letter| !is_combining_mark(*letter)).nfc().collect()
        })
    }
}

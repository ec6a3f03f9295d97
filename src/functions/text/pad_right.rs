//! `pad_right`.

use crate::functions::arguments::{Arguments, MOST, scalar_text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Fills text up at its end to a number of characters.
pub(in crate::functions) struct PadRight;

impl Function for PadRight {
    fn name(&self) -> &'static str {
        "pad_right"
    }
    fn summary(&self) -> &'static str {
        "Fills text up at its end to a number of characters."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "length",
                summary: "characters in all; longer text stays as it is",
                kind: ParameterKind::Integer,
                required: true,
            },
            Parameter {
                name: "with",
                summary: "the character to fill with; a blank when left out",
                kind: ParameterKind::Text,
                required: false,
            },
        ]
    }
    fn returns(&self) -> DataType {
        DataType::TEXT
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ pad_right = { length = 5, with = "." } }"#,
                given: r#""ab""#,
                gives: Ok(r#""ab...""#),
            },
            Example { apply: "{ pad_right = 2 }", given: r#""long""#, gives: Ok(r#""long""#) },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        arguments.check_integer(0, (0, MOST))?;
        let with = arguments.constant_text(1)?.unwrap_or(" ").to_owned();
        if with.chars().count() != 1 {
            return Err("`with` of `pad_right` is one character".to_owned());
        }
        transform(move |value, dynamic| {
            let length = arguments.integer(0, dynamic, (0, MOST))?;
            let text = scalar_text("pad_right", &value)?;
            let length = usize::try_from(length).unwrap_or_default();
            let missing = length.saturating_sub(text.chars().count());
            Ok(Value::from(format!("{text}{}", with.repeat(missing))))
        })
    }
}

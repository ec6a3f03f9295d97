//! `truncate`.

use crate::functions::arguments::{Arguments, MOST, problem, text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Cuts text that is longer than a number of characters.
pub(in crate::functions) struct Truncate;

impl Function for Truncate {
    fn name(&self) -> &'static str {
        "truncate"
    }
    fn summary(&self) -> &'static str {
        "Cuts text that is longer than a number of characters."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "length",
                summary: "characters at most",
                kind: ParameterKind::Integer,
                required: true,
            },
            Parameter {
                name: "end",
                summary: "what text that was cut ends with, within the length",
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
            Example { apply: "{ truncate = 3 }", given: r#""abcdé""#, gives: Ok(r#""abc""#) },
            Example {
                apply: r#"{ truncate = { length = 4, end = "…" } }"#,
                given: r#""abcdef""#,
                gives: Ok(r#""abc…""#),
            },
            Example { apply: "{ truncate = 9 }", given: r#""abc""#, gives: Ok(r#""abc""#) },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        arguments.check_integer(0, (0, MOST))?;
        let end = arguments.constant_text(1)?.unwrap_or_default().to_owned();
        let end_length = end.chars().count();
        transform(move |value, dynamic| {
            let length = arguments.integer(0, dynamic, (0, MOST))?;
            let length = usize::try_from(length).unwrap_or_default();
            let text = text("truncate", &value)?;
            if text.chars().count() <= length {
                return Ok(value);
            }
            let Some(kept) = length.checked_sub(end_length) else {
                return Err(problem("`end` of `truncate` is not longer than `length`"));
            };
            let kept: String = text.chars().take(kept).collect();
            Ok(Value::from(kept + &end))
        })
    }
}

//! `substring`.

use crate::functions::arguments::{Arguments, MOST, text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Takes a part of text, counted in characters.
pub(in crate::functions) struct Substring;

impl Function for Substring {
    fn name(&self) -> &'static str {
        "substring"
    }
    fn summary(&self) -> &'static str {
        "Takes a part of text, counted in characters."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "from",
                summary: "the first character, from 0; negative counts from the end",
                kind: ParameterKind::Integer,
                required: true,
            },
            Parameter {
                name: "length",
                summary: "characters at most; to the end when left out",
                kind: ParameterKind::Integer,
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
                apply: "{ substring = { from = 2, length = 3 } }",
                given: r#""abcdef""#,
                gives: Ok(r#""cde""#),
            },
            Example { apply: "{ substring = 4 }", given: r#""abcdef""#, gives: Ok(r#""ef""#) },
            Example { apply: "{ substring = -2 }", given: r#""abcdé""#, gives: Ok(r#""dé""#) },
            Example { apply: "{ substring = 9 }", given: r#""abc""#, gives: Ok(r#""""#) },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        arguments.check_integer(0, (-MOST, MOST))?;
        arguments.check_integer(1, (0, MOST))?;
        transform(move |value, dynamic| {
            let text = text("substring", &value)?;
            let from = arguments.integer(0, dynamic, (-MOST, MOST))?;
            let length = match arguments.value(1, dynamic) {
                Value::Missing => usize::MAX,
                _ => usize::try_from(arguments.integer(1, dynamic, (0, MOST))?).unwrap_or_default(),
            };
            let distance = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
            let skip =
                if from < 0 { text.chars().count().saturating_sub(distance) } else { distance };
            Ok(Value::from(text.chars().skip(skip).take(length).collect::<String>()))
        })
    }
}

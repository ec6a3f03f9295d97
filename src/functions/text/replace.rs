//! `replace`.

use regex::Regex;

use crate::functions::arguments::{Arguments, problem, text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Replaces every occurrence of a text, or of what a regular expression finds.
pub(in crate::functions) struct Replace;

impl Function for Replace {
    fn name(&self) -> &'static str {
        "replace"
    }
    fn summary(&self) -> &'static str {
        "Replaces every occurrence of a text, or of what a regular expression finds."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "from",
                summary: "what is replaced",
                kind: ParameterKind::Text,
                required: true,
            },
            Parameter {
                name: "to",
                summary: "what comes in its place; `$1` is a group of a regular expression",
                kind: ParameterKind::Text,
                required: true,
            },
            Parameter {
                name: "regex",
                summary: "whether `from` is a regular expression",
                kind: ParameterKind::Boolean,
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
                apply: r#"{ replace = { from = "-", to = "" } }"#,
                given: r#""12-34-56""#,
                gives: Ok(r#""123456""#),
            },
            Example {
                apply: r#"{ replace = { from = "([0-9]+)", to = "<$1>", regex = true } }"#,
                given: r#""a1b22""#,
                gives: Ok(r#""a<1>b<22>""#),
            },
            Example {
                apply: r#"{ replace = { from = ".", to = "!" } }"#,
                given: r#""a.b""#,
                gives: Ok(r#""a!b""#),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        if arguments.flag(2)? {
            let pattern = Regex::new(arguments.constant_text(0)?.unwrap_or_default())
                .map_err(|_| "`from` of `replace` is no regular expression".to_owned())?;
            return transform(move |value, dynamic| {
                let to = arguments.text(1, dynamic)?;
                Ok(Value::text(pattern.replace_all(text("replace", &value)?, to)))
            });
        }
        if arguments.constant(0).is_ok_and(|from| from.and_then(Value::as_text) == Some("")) {
            return Err("`from` of `replace` is not empty".to_owned());
        }
        transform(move |value, dynamic| {
            let (from, to) = (arguments.text(0, dynamic)?, arguments.text(1, dynamic)?);
            if from.is_empty() {
                return Err(problem("`from` of `replace` is not empty"));
            }
            Ok(Value::from(text("replace", &value)?.replace(from, to)))
        })
    }
}

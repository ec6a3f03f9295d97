//! `extract`.

use regex::Regex;

use crate::functions::arguments::{Arguments, text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Takes what a regular expression finds, or one of its groups; null when it finds nothing.
pub(in crate::functions) struct Extract;

impl Function for Extract {
    fn name(&self) -> &'static str {
        "extract"
    }
    fn summary(&self) -> &'static str {
        "Takes what a regular expression finds, or one of its groups; null when it finds nothing."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "pattern",
                summary: "the regular expression",
                kind: ParameterKind::Text,
                required: true,
            },
            Parameter {
                name: "group",
                summary: "the group's number or name; the first group, or else all that is found",
                kind: ParameterKind::Any,
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
                apply: r#"{ extract = "[0-9]+" }"#,
                given: r#""order 4711 of 9""#,
                gives: Ok(r#""4711""#),
            },
            Example {
                apply: r#"{ extract = "([A-Z]+)-([0-9]+)" }"#,
                given: r#""see AB-12""#,
                gives: Ok(r#""AB""#),
            },
            Example {
                apply: r#"{ extract = { pattern = "([A-Z]+)-(?<number>[0-9]+)", group = "number" } }"#,
                given: r#""see AB-12""#,
                gives: Ok(r#""12""#),
            },
            Example { apply: r#"{ extract = "[0-9]+" }"#, given: r#""none""#, gives: Ok("null") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let pattern = Regex::new(arguments.constant_text(0)?.unwrap_or_default())
            .map_err(|_| "`pattern` of `extract` is no regular expression".to_owned())?;
        let group = match arguments.constant(1)? {
            None => usize::from(pattern.captures_len() > 1),
            Some(group) => group_index(&pattern, group)
                .ok_or("`group` of `extract` is the number or name of a group of the pattern")?,
        };
        transform(move |value, _| {
            let found = pattern.captures(text("extract", &value)?);
            let found =
                found.and_then(|found| found.get(group).map(|part| Value::text(part.as_str())));
            Ok(found.unwrap_or(Value::Null))
        })
    }
}

fn group_index(pattern: &Regex, group: &Value) -> Option<usize> {
    match group {
        Value::Int(number) => {
            usize::try_from(*number).ok().filter(|number| *number < pattern.captures_len())
        }
        Value::Text(name) => pattern.capture_names().position(|group| group == Some(name)),
        _ => None,
    }
}

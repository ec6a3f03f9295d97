//! `parse_json`.

use crate::functions::arguments::{Arguments, problem, text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value, extended_json};

/// Reads text as JSON; lists and objects stay what they are.
pub(in crate::functions) struct ParseJson;

impl Function for ParseJson {
    fn name(&self) -> &'static str {
        "parse_json"
    }
    fn summary(&self) -> &'static str {
        "Reads text as JSON; numbers keep all digits."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "extended",
            summary: "whether `$oid` and the like are read as in MongoDB",
            kind: ParameterKind::Boolean,
            required: false,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Json
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#""parse_json""#,
                given: r#""{\"a\": [1, 2.50]}""#,
                gives: Ok(r#"{"a": [1, {"$numberDecimal": "2.50"}]}"#),
            },
            Example {
                apply: "{ parse_json = { extended = true } }",
                given: r#""{\"$numberLong\": \"5\"}""#,
                gives: Ok("5"),
            },
            Example { apply: r#""parse_json""#, given: r#""{""#, gives: Err("transform") },
            Example { apply: r#""parse_json""#, given: r#"{"a": 1}"#, gives: Ok(r#"{"a": 1}"#) },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let extended = Arguments::new(self, arguments).flag(0)?;
        transform(move |value, _| {
            if matches!(value, Value::Array(_) | Value::Object(_)) {
                return Ok(value);
            }
            let text = text("parse_json", &value)?;
            let parsed = if extended {
                extended_json::parse(text)
            } else {
                extended_json::parse_plain(text)
            };
            parsed.map_err(|error| problem(format!("`parse_json` takes JSON: {error}")))
        })
    }
}

//! `days_until`.

use crate::functions::arguments::{Arguments, problem, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value, time};

/// Counts the days from a date to a later one; negative when that is earlier.
pub(in crate::functions) struct DaysUntil;

impl Function for DaysUntil {
    fn name(&self) -> &'static str {
        "days_until"
    }
    fn summary(&self) -> &'static str {
        "Counts the days from a date to a later one; negative when that is earlier."
    }
    fn category(&self) -> Category {
        Category::Date
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "until",
            summary: "the later date",
            kind: ParameterKind::Any,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::INT64
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ days_until = "2024-03-01" }"#,
                given: r#"{"date": "2024-02-01"}"#,
                gives: Ok("29"),
            },
            Example {
                apply: r#"{ days_until = "2024-01-31" }"#,
                given: r#"{"date": "2024-02-01"}"#,
                gives: Ok("-1"),
            },
            Example {
                apply: r#"{ days_until = "2024-03-01" }"#,
                given: "5",
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        transform(move |value, dynamic| {
            let Value::Date(from) = value else {
                return Err(wrong("days_until", "a date", &value));
            };
            let until = match arguments.value(0, dynamic) {
                Value::Date(until) => *until,
                Value::Text(text) => time::parse_date(text)
                    .ok_or_else(|| problem("`until` of `days_until` takes a date of ISO 8601"))?,
                other => return Err(arguments.wrong(0, "a date", other)),
            };
            Ok(Value::Int(until.signed_duration_since(from).num_days()))
        })
    }
}

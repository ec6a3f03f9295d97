//! `add_duration`.

use chrono::TimeDelta;

use crate::functions::arguments::{Arguments, problem, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Adds a length of time to a datetime or timestamp.
pub(in crate::functions) struct AddDuration;

impl Function for AddDuration {
    fn name(&self) -> &'static str {
        "add_duration"
    }
    fn summary(&self) -> &'static str {
        "Adds a length of time to a datetime or timestamp."
    }
    fn category(&self) -> Category {
        Category::Date
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "duration",
            summary: "hours, minutes and seconds, such as `1h 30m`; a minus goes back",
            kind: ParameterKind::Text,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ add_duration = "1h 30m" }"#,
                given: r#"{"$date": "2024-01-31T23:00:00Z"}"#,
                gives: Ok(r#"{"$date": "2024-02-01T00:30:00Z"}"#),
            },
            Example {
                apply: r#"{ add_duration = "-15m" }"#,
                given: r#"{"datetime": "2024-01-31T10:00:00"}"#,
                gives: Ok(r#"{"datetime": "2024-01-31T09:45:00"}"#),
            },
            Example {
                apply: r#"{ add_duration = "1h" }"#,
                given: r#"{"date": "2024-01-31"}"#,
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let duration = length(arguments.constant_text(0)?.unwrap_or_default())
    .ok_or("`duration` of `add_duration` is a length such as \"1h 30m\" or \"-15m\"; months and years have none")?;
        transform(move |value, _| {
            match &value {
                Value::DateTime(at) => at.checked_add_signed(duration).map(Value::DateTime),
                Value::Timestamp(at) => at.checked_add_signed(duration).map(Value::Timestamp),
                value => return Err(wrong("add_duration", "a datetime or timestamp", value)),
            }
            .ok_or_else(|| problem("the result of `add_duration` is outside of the calendar"))
        })
    }
}

fn length(text: &str) -> Option<TimeDelta> {
    let (sign, text) = text.trim().strip_prefix('-').map_or((1, text), |text| (-1, text));
    let mut units = text.split(|letter: char| !letter.is_ascii_alphabetic());
    // Months and years are no fixed lengths, though the parser would take them for averages.
    if units.any(|unit| unit == "M" || unit.starts_with("mo") || unit.starts_with('y')) {
        return None;
    }
    let length = TimeDelta::from_std(humantime::parse_duration(text).ok()?).ok()?;
    length.checked_mul(sign)
}

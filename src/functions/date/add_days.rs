//! `add_days`.

use chrono::TimeDelta;

use crate::functions::arguments::{Arguments, problem, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Adds days to a date or datetime; a negative number goes back.
pub(in crate::functions) struct AddDays;

impl Function for AddDays {
    fn name(&self) -> &'static str {
        "add_days"
    }
    fn summary(&self) -> &'static str {
        "Adds days to a date or datetime; a negative number goes back."
    }
    fn category(&self) -> Category {
        Category::Date
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "days",
            summary: "how many days",
            kind: ParameterKind::Integer,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: "{ add_days = 30 }",
                given: r#"{"date": "2024-01-31"}"#,
                gives: Ok(r#"{"date": "2024-03-01"}"#),
            },
            Example {
                apply: "{ add_days = -1 }",
                given: r#"{"datetime": "2024-03-01T10:00:00"}"#,
                gives: Ok(r#"{"datetime": "2024-02-29T10:00:00"}"#),
            },
            Example {
                apply: "{ add_days = 1 }",
                given: r#""2024-01-31""#,
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        arguments.check_integer(0, (-MOST_DAYS, MOST_DAYS))?;
        transform(move |value, dynamic| {
            let days = TimeDelta::days(arguments.integer(0, dynamic, (-MOST_DAYS, MOST_DAYS))?);
            match &value {
        Value::Date(date) => date.checked_add_signed(days).map(Value::Date),
        Value::DateTime(at) => at.checked_add_signed(days).map(Value::DateTime),
        Value::Timestamp(_) => {
            let message = "`add_days` takes a date or datetime: a day of a timestamp depends on \
                           the zone; `add_duration` adds hours";
            return Err(problem(message));
        }
        value => return Err(wrong("add_days", "a date or datetime", value)),
    }
    .ok_or_else(|| problem("the result of `add_days` is outside of the calendar"))
        })
    }
}

/// The most days that are added.
const MOST_DAYS: i64 = 4_000_000;

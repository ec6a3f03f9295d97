//! `years_until`.

use chrono::{Datelike as _, NaiveDate};

use crate::functions::arguments::{Arguments, problem, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value, time};

/// Counts the whole years from a date to a later one, as an age is counted.
pub(in crate::functions) struct YearsUntil;

impl Function for YearsUntil {
    fn name(&self) -> &'static str {
        "years_until"
    }
    fn summary(&self) -> &'static str {
        "Counts the whole years from a date to a later one, as an age is counted."
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
                apply: r#"{ years_until = "2024-02-28" }"#,
                given: r#"{"date": "2000-02-29"}"#,
                gives: Ok("23"),
            },
            Example {
                apply: r#"{ years_until = "2024-02-29" }"#,
                given: r#"{"date": "2000-02-29"}"#,
                gives: Ok("24"),
            },
            Example {
                apply: r#"{ years_until = "2023-03-01" }"#,
                given: r#"{"date": "2000-02-29"}"#,
                gives: Ok("23"),
            },
            Example {
                apply: r#"{ years_until = "1999-01-01" }"#,
                given: r#"{"date": "2000-01-01"}"#,
                gives: Ok("-1"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        transform(move |value, dynamic| {
            let Value::Date(from) = value else {
                return Err(wrong("years_until", "a date", &value));
            };
            let until = match arguments.value(0, dynamic) {
                Value::Date(until) => *until,
                Value::Text(text) => time::parse_date(text)
                    .ok_or_else(|| problem("`until` of `years_until` takes a date of ISO 8601"))?,
                other => return Err(arguments.wrong(0, "a date", other)),
            };
            Ok(Value::Int(years(from, until)))
        })
    }
}

/// Birthdays between two dates; the 29th of February counts on the 1st of March in other years.
fn years(from: NaiveDate, until: NaiveDate) -> i64 {
    if until < from {
        return -years(until, from);
    }
    let before = (until.month(), until.day()) < (from.month(), from.day());
    i64::from(until.year()) - i64::from(from.year()) - i64::from(before)
}

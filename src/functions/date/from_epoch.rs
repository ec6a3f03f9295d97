//! `from_epoch`.

use bigdecimal::{BigDecimal, ToPrimitive as _};
use chrono::DateTime;

use crate::functions::arguments::{Arguments, number, problem, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Makes a timestamp of a number of seconds, milliseconds or microseconds since 1970.
pub(in crate::functions) struct FromEpoch;

impl Function for FromEpoch {
    fn name(&self) -> &'static str {
        "from_epoch"
    }
    fn summary(&self) -> &'static str {
        "Makes a timestamp of a number of seconds, milliseconds or microseconds since 1970."
    }
    fn category(&self) -> Category {
        Category::Date
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "unit",
            summary: "seconds, milliseconds or microseconds",
            kind: ParameterKind::Text,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Timestamp
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ from_epoch = "seconds" }"#,
                given: "1706704200",
                gives: Ok(r#"{"$date": "2024-01-31T12:30:00Z"}"#),
            },
            Example {
                apply: r#"{ from_epoch = "milliseconds" }"#,
                given: "-1",
                gives: Ok(r#"{"$date": "1969-12-31T23:59:59.999Z"}"#),
            },
            Example {
                apply: r#"{ from_epoch = "seconds" }"#,
                given: "0.5",
                gives: Ok(r#"{"$date": "1970-01-01T00:00:00.500Z"}"#),
            },
            Example {
                apply: r#"{ from_epoch = "seconds" }"#,
                given: r#""0""#,
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let unit = arguments.word(0, UNITS)?;
        transform(move |value, _| {
            let nanoseconds = number("from_epoch", &value)?.number() * BigDecimal::from(unit);
            let whole = nanoseconds.is_integer().then(|| nanoseconds.to_i128()).flatten();
            let at = whole.and_then(|whole| {
                let seconds = i64::try_from(whole.div_euclid(1_000_000_000)).ok()?;
                let fraction = u32::try_from(whole.rem_euclid(1_000_000_000)).ok()?;
                DateTime::from_timestamp(seconds, fraction)
            });
            at.map(Value::Timestamp).ok_or_else(|| {
                problem("`from_epoch` takes a number of the calendar, down to nanoseconds")
            })
        })
    }
}

/// The units, with their nanoseconds.
pub(super) const UNITS: &[(&str, i64)] =
    &[("seconds", 1_000_000_000), ("milliseconds", 1_000_000), ("microseconds", 1_000)];

//! `to_epoch`.

use super::from_epoch::UNITS;
use crate::functions::arguments::{Arguments, problem, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Makes a number of seconds, milliseconds or microseconds since 1970 of a timestamp.
pub(in crate::functions) struct ToEpoch;

impl Function for ToEpoch {
    fn name(&self) -> &'static str {
        "to_epoch"
    }
    fn summary(&self) -> &'static str {
        "Makes a number of seconds, milliseconds or microseconds since 1970 of a timestamp."
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
        DataType::INT64
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ to_epoch = "seconds" }"#,
                given: r#"{"$date": "2024-01-31T12:30:00Z"}"#,
                gives: Ok("1706704200"),
            },
            Example {
                apply: r#"{ to_epoch = "milliseconds" }"#,
                given: r#"{"$date": "1969-12-31T23:59:59.999Z"}"#,
                gives: Ok("-1"),
            },
            Example {
                apply: r#"{ to_epoch = "seconds" }"#,
                given: r#"{"$date": "1970-01-01T00:00:00.500Z"}"#,
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let unit = arguments.word(0, UNITS)?;
        transform(move |value, _| {
            let Value::Timestamp(at) = value else {
                return Err(wrong("to_epoch", "a timestamp", &value));
            };
            let nanoseconds = i128::from(at.timestamp()) * 1_000_000_000
                + i128::from(at.timestamp_subsec_nanos());
            let number = nanoseconds / i128::from(unit);
            match i64::try_from(number) {
                Ok(whole) if nanoseconds % i128::from(unit) == 0 => Ok(Value::Int(whole)),
                _ => Err(problem("the timestamp of `to_epoch` has a fraction of the unit")),
            }
        })
    }
}

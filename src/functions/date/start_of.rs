//! `start_of`.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};
use chrono_tz::Tz;

use crate::functions::arguments::{Arguments, problem, transform, wrong};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::cast::{from_local, to_local};
use crate::value::{DataType, Value};

/// Goes back to the start of the minute, hour, day, week (Monday), month or year.
pub(in crate::functions) struct StartOf;

impl Function for StartOf {
    fn name(&self) -> &'static str {
        "start_of"
    }
    fn summary(&self) -> &'static str {
        "Goes back to the start of the minute, hour, day, week (Monday), month or year."
    }
    fn category(&self) -> Category {
        Category::Date
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "unit",
                summary: "minute, hour, day, week, month or year",
                kind: ParameterKind::Text,
                required: true,
            },
            Parameter {
                name: "timezone",
                summary: "the zone that days begin in, for timestamps",
                kind: ParameterKind::Text,
                required: false,
            },
        ]
    }
    fn returns(&self) -> DataType {
        DataType::Any
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ start_of = "month" }"#,
                given: r#"{"date": "2024-02-29"}"#,
                gives: Ok(r#"{"date": "2024-02-01"}"#),
            },
            Example {
                apply: r#"{ start_of = "week" }"#,
                given: r#"{"datetime": "2024-02-29T10:30:00"}"#,
                gives: Ok(r#"{"datetime": "2024-02-26T00:00:00"}"#),
            },
            Example {
                apply: r#"{ start_of = { unit = "day", timezone = "Africa/Lagos" } }"#,
                given: r#"{"$date": "2024-01-31T23:30:00Z"}"#,
                gives: Ok(r#"{"$date": "2024-01-31T23:00:00Z"}"#),
            },
            Example {
                apply: r#"{ start_of = "day" }"#,
                given: r#"{"$date": "2024-01-31T23:30:00Z"}"#,
                gives: Err("timezone"),
            },
            Example {
                apply: r#"{ start_of = "hour" }"#,
                given: r#"{"date": "2024-02-29"}"#,
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let unit = arguments.word(0, UNITS)?;
        let zone: Option<Tz> = match arguments.constant_text(1)? {
            None => None,
            Some(zone) => Some(zone.parse().map_err(|_| {
                "`timezone` of `start_of` is a name such as Africa/Lagos".to_owned()
            })?),
        };
        transform(move |value, _| {
            let outside = || problem("the result of `start_of` is outside of the calendar");
            match value {
                Value::Date(date) if unit >= Unit::Day => {
                    start_of_day(date, unit).map(Value::Date).ok_or_else(outside)
                }
                Value::DateTime(at) => start(at, unit).map(Value::DateTime).ok_or_else(outside),
                Value::Timestamp(at) => {
                    let start = start(to_local(at, zone)?, unit).ok_or_else(outside)?;
                    Ok(Value::Timestamp(from_local(start, zone)?))
                }
                Value::Date(_) => Err(problem("`start_of` takes a date only for days and longer")),
                value => Err(wrong("start_of", "a date, datetime or timestamp", &value)),
            }
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

const UNITS: &[(&str, Unit)] = &[
    ("minute", Unit::Minute),
    ("hour", Unit::Hour),
    ("day", Unit::Day),
    ("week", Unit::Week),
    ("month", Unit::Month),
    ("year", Unit::Year),
];

fn start(at: NaiveDateTime, unit: Unit) -> Option<NaiveDateTime> {
    let time = match unit {
        Unit::Minute => NaiveTime::from_hms_opt(at.hour(), at.minute(), 0)?,
        Unit::Hour => NaiveTime::from_hms_opt(at.hour(), 0, 0)?,
        _ => NaiveTime::MIN,
    };
    Some(start_of_day(at.date(), unit)?.and_time(time))
}

fn start_of_day(date: NaiveDate, unit: Unit) -> Option<NaiveDate> {
    match unit {
        Unit::Minute | Unit::Hour | Unit::Day => Some(date),
        Unit::Week => {
            let days = date.weekday().num_days_from_monday().into();
            date.checked_sub_signed(TimeDelta::days(days))
        }
        Unit::Month => date.with_day(1),
        Unit::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1),
    }
}

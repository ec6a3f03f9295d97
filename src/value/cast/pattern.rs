//! strftime patterns: times out of text and into text.

use std::fmt::Write as _;

use chrono::format::{DelayedFormat, Fixed, Item, Numeric, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use super::{from_local, to_local};
use crate::value::{DataType, Problem, Value};

/// A checked strftime pattern (`%d/%m/%Y %H:%M`), for [`parse_time`] and [`format_time`].
#[derive(Clone, Debug, PartialEq)]
pub struct TimePattern {
    items: Vec<Item<'static>>,
    parses: Result<DataType, String>,
}

impl TimePattern {
    /// Checks a pattern.
    ///
    /// # Errors
    /// When it holds no specifier or an unknown one.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let items = StrftimeItems::new(pattern)
            .parse_to_owned()
            .map_err(|_| "the pattern holds an unknown % specifier".to_owned())?;
        if !items.iter().any(|item| matches!(item, Item::Numeric(..) | Item::Fixed(_))) {
            return Err("the pattern holds no % specifier, such as %Y-%m-%d".to_owned());
        }
        let parses = parsed_type(&items);
        Ok(Self { items, parses })
    }

    /// What text of this pattern is read as: a date, a time, a datetime or, with an offset such as
    /// `%z`, a timestamp.
    ///
    /// # Errors
    /// When the pattern serves only for formatting, since text of it names no whole date or time.
    pub fn parses(&self) -> Result<&DataType, &str> {
        self.parses.as_ref().map_err(String::as_str)
    }

    fn write(
        &self,
        date: Option<NaiveDate>,
        time: Option<NaiveTime>,
        zone: Option<&DateTime<Tz>>,
    ) -> Result<Value, Problem> {
        let mut text = String::new();
        let items = self.items.iter();
        let done = match zone {
            Some(at) => {
                let offset = at.offset();
                write!(text, "{}", DelayedFormat::new_with_offset(date, time, offset, items))
            }
            None => write!(text, "{}", DelayedFormat::new(date, time, items)),
        };
        let lacks = "the pattern asks for a part that the value does not have";
        done.map_err(|_| Problem::new("format", lacks))?;
        Ok(Value::from(text))
    }
}

/// Reads text by a pattern. A local date and time becomes a timestamp when a zone is given. What
/// is a date or time already stays what it is, as do null and missing.
///
/// # Errors
/// Reason `parse` when the value is not text of that pattern; reason `local_time` as for a cast.
pub fn parse_time(
    value: &Value,
    pattern: &TimePattern,
    timezone: Option<Tz>,
) -> Result<Value, Problem> {
    let text = match value {
        Value::Text(text) => text.trim(),
        Value::Missing | Value::Null => return Ok(value.clone()),
        value => {
            let message = format!("`parse` takes text, not {}", value.kind());
            return Err(Problem::new("parse", message));
        }
    };
    let to = pattern.parses().map_err(|message| Problem::new("parse", message))?;
    let not_read = || Problem::new("parse", "the text is not of the form that the pattern says");
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, pattern.items.iter()).map_err(|_| not_read())?;
    let time = || parsed.to_naive_time().ok().filter(|time| time.nanosecond() < 1_000_000_000);
    let value = match to {
        DataType::Date => parsed.to_naive_date().ok().map(Value::Date),
        DataType::Time => time().map(Value::Time),
        DataType::DateTime => match (parsed.to_naive_date(), time()) {
            (Ok(date), Some(time)) => Some(Value::DateTime(date.and_time(time))),
            _ => None,
        },
        _ => parsed
            .to_datetime()
            .ok()
            .filter(|at| at.nanosecond() < 1_000_000_000)
            .map(|at| Value::Timestamp(at.with_timezone(&Utc))),
    };
    match (value.ok_or_else(not_read)?, timezone) {
        (Value::DateTime(at), Some(_)) => Ok(Value::Timestamp(from_local(at, timezone)?)),
        (value, _) => Ok(value),
    }
}

/// Writes a date or time as text by a pattern. Null and missing stay what they are.
///
/// # Errors
/// Reason `format` for another kind of value, or a part that the value does not have; reason
/// `timezone` for a timestamp without a zone.
pub fn format_time(
    value: &Value,
    pattern: &TimePattern,
    timezone: Option<Tz>,
) -> Result<Value, Problem> {
    match value {
        Value::Missing | Value::Null => Ok(value.clone()),
        Value::Date(date) => pattern.write(Some(*date), None, None),
        Value::Time(time) => pattern.write(None, Some(*time), None),
        Value::DateTime(at) => pattern.write(Some(at.date()), Some(at.time()), None),
        Value::Timestamp(at) => {
            let local = to_local(*at, timezone)?;
            let zoned = timezone.map(|zone| zone.from_utc_datetime(&at.naive_utc()));
            pattern.write(Some(local.date()), Some(local.time()), zoned.as_ref())
        }
        value => {
            let message = format!("`format` takes a date or time, not {}", value.kind());
            Err(Problem::new("format", message))
        }
    }
}

/// Finds by a trial what text of a pattern is read as.
fn parsed_type(items: &[Item<'_>]) -> Result<DataType, String> {
    if items.iter().any(|item| matches!(item, Item::Fixed(Fixed::TimezoneName))) {
        return Err("%Z names a zone that can't be read back; use %z, or `timezone`".to_owned());
    }
    if items.iter().any(|item| matches!(item, Item::Numeric(Numeric::Timestamp, _))) {
        return Ok(DataType::Timestamp);
    }
    let sample = DateTime::from_timestamp(1_000_734_386, 789_000_000).unwrap_or_default();
    let sample = sample.with_timezone(&chrono_tz::Africa::Lagos);
    let mut text = String::new();
    let mut parsed = Parsed::new();
    let local = sample.naive_local();
    let formatted = DelayedFormat::new_with_offset(
        Some(local.date()),
        Some(local.time()),
        sample.offset(),
        items.iter(),
    );
    let unusable = || "text of the pattern can't be read back".to_owned();
    write!(text, "{formatted}").map_err(|_| unusable())?;
    parse(&mut parsed, &text, items.iter()).map_err(|_| unusable())?;

    let date_part = [
        parsed.year().is_some() || parsed.isoyear().is_some(),
        parsed.year_div_100().is_some() || parsed.isoyear_div_100().is_some(),
        parsed.year_mod_100().is_some() || parsed.isoyear_mod_100().is_some(),
        parsed.quarter().is_some() || parsed.month().is_some(),
        parsed.week_from_sun().is_some() || parsed.week_from_mon().is_some(),
        parsed.isoweek().is_some() || parsed.weekday().is_some(),
        parsed.ordinal().is_some() || parsed.day().is_some(),
    ]
    .contains(&true);
    let time_part = [
        parsed.hour_div_12(),
        parsed.hour_mod_12(),
        parsed.minute(),
        parsed.second(),
        parsed.nanosecond(),
    ]
    .iter()
    .any(Option::is_some);
    match (date_part, time_part, parsed.offset().is_some()) {
        (true, _, _) if parsed.to_naive_date().is_err() => {
            Err("the pattern names no whole date: year, month and day".to_owned())
        }
        (_, true, _) if parsed.to_naive_time().is_err() => {
            Err("the pattern names no whole time: hour and minute".to_owned())
        }
        (true, true, true) => Ok(DataType::Timestamp),
        (true, true, false) => Ok(DataType::DateTime),
        (true, false, false) => Ok(DataType::Date),
        (false, true, false) => Ok(DataType::Time),
        (false, _, _) | (true, false, true) => {
            Err("the pattern has an offset without a whole date and time".to_owned())
        }
    }
}

//! Between moments and local time.

use chrono::offset::LocalResult;
use chrono::{DateTime, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::value::Problem;

/// The local date and time of a moment in a zone.
///
/// # Errors
/// Reason `timezone` without a zone; reason `range` at the very ends of the calendar.
pub fn to_local(at: DateTime<Utc>, zone: Option<Tz>) -> Result<NaiveDateTime, Problem> {
    use chrono::Offset as _;
    let zone = zone.ok_or_else(no_zone)?;
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    at.naive_utc()
        .checked_add_offset(offset)
        .ok_or_else(|| Problem::new("range", "the local time is outside of the calendar"))
}

/// The moment of a local date and time in a zone.
///
/// # Errors
/// Reason `timezone` without a zone; reason `local_time` when a clock change skips or repeats it.
pub fn from_local(at: NaiveDateTime, zone: Option<Tz>) -> Result<DateTime<Utc>, Problem> {
    let zone = zone.ok_or_else(no_zone)?;
    match zone.from_local_datetime(&at) {
        LocalResult::Single(at) => Ok(at.with_timezone(&Utc)),
        LocalResult::None => Err(Problem::new(
            "local_time",
            format!("the local time does not exist in {zone}: the clock is put forward over it"),
        )),
        LocalResult::Ambiguous(..) => Err(Problem::new(
            "local_time",
            format!("the local time occurs twice in {zone}: the clock is put back over it"),
        )),
    }
}

fn no_zone() -> Problem {
    Problem::new("timezone", "local time and moments turn into each other only with `timezone`")
}

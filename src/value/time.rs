//! Dates and times as text, in one spelling everywhere.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Utc};

/// `2024-01-31`.
pub fn date_text(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

/// `14:30:00`, with as many digits of fraction (3, 6 or 9) as it holds.
pub fn time_text(time: NaiveTime) -> String {
    format!("{}{}", time.format("%H:%M:%S"), fraction(time.nanosecond()))
}

/// `2024-01-31T14:30:00`, with a fraction as in [`time_text`].
pub fn date_time_text(value: NaiveDateTime) -> String {
    format!("{}T{}", date_text(value.date()), time_text(value.time()))
}

/// `2024-01-31T14:30:00Z`, with a fraction as in [`time_text`].
pub fn timestamp_text(value: DateTime<Utc>) -> String {
    format!("{}Z", date_time_text(value.naive_utc()))
}

fn fraction(nanoseconds: u32) -> String {
    let nanoseconds = nanoseconds % 1_000_000_000;
    if nanoseconds == 0 {
        String::new()
    } else if nanoseconds.is_multiple_of(1_000_000) {
        format!(".{:03}", nanoseconds / 1_000_000)
    } else if nanoseconds.is_multiple_of(1_000) {
        format!(".{:06}", nanoseconds / 1_000)
    } else {
        format!(".{nanoseconds:09}")
    }
}

/// Reads `2024-01-31`.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Reads `14:30` and `14:30:00.123`.
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
        .ok()
}

/// Reads ISO 8601 without a zone, with `T` or a blank between date and time.
pub fn parse_date_time(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// Reads ISO 8601 with `Z` or an offset, with `T` or a blank between date and time.
pub fn parse_timestamp(text: &str) -> Option<DateTime<Utc>> {
    let text = text.strip_suffix(" UTC").map_or_else(|| text.to_owned(), |text| format!("{text}Z"));
    let offset = text.rfind(['+', '-', 'Z']).filter(|at| *at > 10)?;
    let (local, offset) = text.split_at(offset);
    let local = parse_date_time(local.trim_end())?;
    let seconds = if offset == "Z" {
        0
    } else {
        let sign = if offset.starts_with('-') { -1 } else { 1 };
        let digits: String = offset[1..].chars().filter(|c| *c != ':').collect();
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes) = match digits.len() {
            2 => (digits.parse::<i32>().ok()?, 0),
            4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
            _ => return None,
        };
        if hours > 23 || minutes > 59 {
            return None;
        }
        sign * (hours * 3600 + minutes * 60)
    };
    local.checked_sub_signed(chrono::TimeDelta::seconds(seconds.into())).map(|utc| utc.and_utc())
}

//! Dates and times as text, in one spelling everywhere: ISO 8601, strict.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Utc};

/// `2024-01-31`; years outside 0 to 9999 have a sign and at least four digits.
pub fn date_text(date: NaiveDate) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    if (0..=9999).contains(&year) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:+05}-{month:02}-{day:02}")
    }
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

/// Reads `2024-01-31`. Years outside 0 to 9999 need a sign; two-digit years and parts without
/// their zeros are not read.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let (date, rest) = date(text.as_bytes())?;
    rest.is_empty().then_some(date)
}

/// Reads `14:30` and `14:30:00.123`, up to nine digits of fraction. A leap second is not read.
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    let (time, rest) = time(text.as_bytes())?;
    rest.is_empty().then_some(time)
}

/// Reads ISO 8601 without a zone, with `T` or a blank between date and time.
pub fn parse_date_time(text: &str) -> Option<NaiveDateTime> {
    let (value, rest) = date_time(text.as_bytes())?;
    rest.is_empty().then_some(value)
}

/// Reads ISO 8601 with `Z`, ` UTC` or an offset, with `T` or a blank between date and time.
pub fn parse_timestamp(text: &str) -> Option<DateTime<Utc>> {
    let (local, rest) = date_time(text.as_bytes())?;
    let east = offset(rest.strip_prefix(b" ").unwrap_or(rest))?;
    local.checked_sub_signed(chrono::TimeDelta::seconds(east)).map(|utc| utc.and_utc())
}

fn date_time(text: &[u8]) -> Option<(NaiveDateTime, &[u8])> {
    let (date, rest) = date(text)?;
    let [b'T' | b't' | b' ', rest @ ..] = rest else { return None };
    let (time, rest) = time(rest)?;
    Some((date.and_time(time), rest))
}

fn date(text: &[u8]) -> Option<(NaiveDate, &[u8])> {
    let (sign, rest) = match text {
        [b'-', rest @ ..] => (Some(-1), rest),
        [b'+', rest @ ..] => (Some(1), rest),
        rest => (None, rest),
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits != 4 && (sign.is_none() || !(4..=6).contains(&digits)) {
        return None;
    }
    let (year, rest) = number(rest, digits)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let year = sign.unwrap_or(1) * i32::try_from(year).ok()?;
    Some((NaiveDate::from_ymd_opt(year, month, day)?, rest))
}

fn time(text: &[u8]) -> Option<(NaiveTime, &[u8])> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let Some(rest) = rest.strip_prefix(b":") else {
        return Some((NaiveTime::from_hms_opt(hour, minute, 0)?, rest));
    };
    let (second, rest) = number(rest, 2)?;
    let (nanosecond, rest) = match rest.strip_prefix(b".") {
        None => (0, rest),
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let power = u32::try_from(digits).ok().filter(|digits| (1..=9).contains(digits))?;
            let (fraction, rest) = number(rest, digits)?;
            (fraction * 10_u32.pow(9 - power), rest)
        }
    };
    Some((NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond)?, rest))
}

/// Seconds east of Greenwich, from `Z`, `UTC`, `+01`, `+0100` or `+01:00`.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        b"Z" | b"z" | b"UTC" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number(rest, 2)?;
    let minutes = match rest {
        [] => 0,
        rest => {
            let (minutes, rest) = number(rest.strip_prefix(b":").unwrap_or(rest), 2)?;
            if !rest.is_empty() {
                return None;
            }
            minutes
        }
    };
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// The number of exactly `digits` digits (nine at most) at the start, and what follows.
fn number(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let number = digits.iter().try_fold(0_u32, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
    })?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_moment() -> impl Strategy<Value = DateTime<Utc>> {
        (-400_000_000_000_i64..400_000_000_000, 0..1_000_000_000_u32)
            .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
    }

    #[test]
    fn what_is_not_strict_iso_is_not_read() {
        for text in
            ["24-01-05", "2024-1-5", "2024-13-01", "2023-02-29", "2024-01-31 ", "12345-01-01"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for text in ["24:00", "9:30", "09:30:60", "09:30:00.", "09:30:00.1234567891", "09:30Z"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        for text in
            ["2024-01-31T10:00:00", "2024-01-31T10:00:00+1", "2024-01-31T10:00:00+24:00", "é"]
        {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn every_spelling_of_an_offset_is_the_same_moment() {
        let noon = parse_timestamp("2024-01-31T12:00:00Z");
        assert!(noon.is_some());
        for text in [
            "2024-01-31T13:00:00+01:00",
            "2024-01-31 13:00:00.000+0100",
            "2024-01-31 13:00+01",
            "2024-01-31 12:00:00 UTC",
            "2024-01-31T10:30:00 -01:30",
        ] {
            assert_eq!(parse_timestamp(text), noon, "{text}");
        }
    }

    #[test]
    fn years_beyond_four_digits_have_a_sign() {
        let far = NaiveDate::from_ymd_opt(12345, 6, 7).unwrap();
        assert_eq!(date_text(far), "+12345-06-07");
        let before = NaiveDate::from_ymd_opt(-43, 3, 15).unwrap();
        assert_eq!(date_text(before), "-0043-03-15");
    }

    proptest! {
        #[test]
        fn text_is_read_back(at in any_moment()) {
            let local = at.naive_utc();
            prop_assert_eq!(parse_date(&date_text(local.date())), Some(local.date()));
            prop_assert_eq!(parse_time(&time_text(local.time())), Some(local.time()));
            prop_assert_eq!(parse_date_time(&date_time_text(local)), Some(local));
            prop_assert_eq!(parse_timestamp(&timestamp_text(at)), Some(at));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = (parse_date(&text), parse_time(&text), parse_timestamp(&text));
        }
    }
}

//! Values out of the text protocol, and into literals.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use encoding_rs::{Encoding, WINDOWS_1252};
use sqlx::mysql::MySqlRow;
use sqlx::{Decode, MySql, Row as _, ValueRef as _};

use super::types::{Charset, Class, ColumnType};
use crate::connectors::{Policies, ZeroDatePolicy};
use crate::value::extended_json::{parse_plain, to_plain_text};
use crate::value::{Decimal, Problem, Value, time};

/// The bytes of a value as the server sent them; `None` for null.
pub(super) fn bytes(row: &MySqlRow, index: usize) -> Option<&[u8]> {
    let value = row.try_get_raw(index).ok()?;
    if value.is_null() {
        return None;
    }
    <&[u8] as Decode<MySql>>::decode(value).ok()
}

/// A text of the catalog; empty for null.
pub(super) fn plain_text(row: &MySqlRow, index: usize) -> String {
    optional_text(row, index).unwrap_or_default()
}

/// A text of the catalog.
pub(super) fn optional_text(row: &MySqlRow, index: usize) -> Option<String> {
    bytes(row, index).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// How a connection's columns are read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) policies: Policies,
    /// What text columns really hold.
    pub(super) encoding: Option<&'static Encoding>,
}

impl Reading {
    /// Whether what is read of a column may differ from what the server compares.
    pub(super) fn changes(&self, column: &ColumnType) -> bool {
        match column.class {
            Class::Date | Class::DateTime | Class::Timestamp => self.policies.zero_date.is_some(),
            Class::Text => self.encoding.is_some(),
            Class::Truth => true,
            _ => false,
        }
    }

    /// Reads one value.
    ///
    /// # Errors
    /// When the bytes are none of the column's type, and no policy says what they are. The problem
    /// names no column.
    pub(super) fn decode(&self, bytes: &[u8], column: &ColumnType) -> Result<Value, Problem> {
        let unreadable = || Problem::new("value", "the server's value can't be read");
        let ascii = || std::str::from_utf8(bytes).map_err(|_| unreadable());
        Ok(match column.class {
            Class::Int => whole(ascii()?).ok_or_else(unreadable)?,
            Class::Truth => self.truth(ascii()?).ok_or_else(unreadable)?,
            Class::Bool => Value::Bool(bits(bytes) == 1),
            Class::Bit => unsigned(bits(bytes)),
            Class::Decimal => Value::Decimal(ascii()?.parse().map_err(|_| unreadable())?),
            Class::Float | Class::Double => {
                Value::Float(ascii()?.parse().map_err(|_| unreadable())?)
            }
            Class::Text => self.text(bytes, column.charset)?,
            Class::Bytes => Value::bytes(bytes),
            Class::Date | Class::DateTime | Class::Timestamp => {
                self.moment(ascii()?, column.class)?
            }
            Class::Time => clock(ascii()?),
            Class::Json => {
                let text = ascii()?;
                parse_plain(text).unwrap_or_else(|_| Value::text(text))
            }
            Class::Uuid => Value::Uuid(uuid::Uuid::try_parse(ascii()?).map_err(|_| unreadable())?),
            Class::Formed => Value::text(ascii()?),
        })
    }

    fn truth(&self, text: &str) -> Option<Value> {
        let (yes, no) = self.policies.booleans.as_ref()?;
        let is = |texts: &[String]| texts.iter().any(|known| known == text);
        if is(yes) {
            Some(Value::Bool(true))
        } else if is(no) {
            Some(Value::Bool(false))
        } else {
            whole(text)
        }
    }

    fn text(&self, bytes: &[u8], charset: Charset) -> Result<Value, Problem> {
        let wrong = || Problem::new("encoding", "the text is not in the encoding of its column");
        let by = |encoding: &'static Encoding| {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
            text.map(|text| Value::from(text.into_owned())).ok_or_else(wrong)
        };
        let utf8 = || std::str::from_utf8(bytes).map(Value::text);
        match (charset, self.encoding) {
            (Charset::Utf8mb4 | Charset::Utf8mb3, Some(encoding)) => {
                utf8().or_else(|_| by(encoding))
            }
            (_, Some(encoding)) => by(encoding),
            (Charset::Latin1, None) => by(WINDOWS_1252),
            (Charset::Ascii, None) if !bytes.is_ascii() => Err(wrong()),
            (_, None) => utf8().map_err(|_| wrong()),
        }
    }

    fn moment(&self, text: &str, class: Class) -> Result<Value, Problem> {
        let of = |at: NaiveDateTime| match class {
            Class::Date => Value::Date(at.date()),
            Class::DateTime => Value::DateTime(at),
            _ => Value::Timestamp(at.and_utc()),
        };
        let (day, rest) = text.split_at_checked(10).unwrap_or((text, ""));
        let mut parts = day.splitn(3, '-').map(|part| part.parse::<u32>().unwrap_or(0));
        let [year, month, number] = [0; 3].map(|_: u32| parts.next().unwrap_or(0));
        if year == 0 || month == 0 || number == 0 {
            return match self.policies.zero_date {
                Some(ZeroDatePolicy::Null) => Ok(Value::Null),
                Some(ZeroDatePolicy::Replace(date)) => Ok(of(date.and_time(NaiveTime::MIN))),
                None => Err(Problem::new(
                    "zero_date",
                    "the date has a zero in year, month or day (policy `zero_date`)",
                )),
            };
        }
        let date =
            i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, number));
        let time =
            if rest.is_empty() { Some(NaiveTime::MIN) } else { time::parse_time(rest.trim()) };
        match (date, time) {
            (Some(date), Some(time)) => Ok(of(date.and_time(time))),
            _ => Err(Problem::new("date", "the calendar has no such date")),
        }
    }
}

fn whole(text: &str) -> Option<Value> {
    match text.parse() {
        Ok(number) => Some(Value::Int(number)),
        Err(_) => text.parse().ok().map(Value::Decimal),
    }
}

fn bits(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn unsigned(number: u64) -> Value {
    i64::try_from(number).map_or_else(
        |_| Value::Decimal(Decimal::new(bigdecimal::BigDecimal::from(number))),
        Value::Int,
    )
}

/// A time of day; what is negative or of 24 hours and more stays text.
fn clock(text: &str) -> Value {
    match time::parse_time(text) {
        Some(time) if text.as_bytes().get(2) == Some(&b':') => Value::Time(time),
        _ => Value::text(text),
    }
}

/// Whether a text is what a `TIME` column holds beside times of day: `-838:59:59.000000`.
pub(super) fn is_duration(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let parts: Vec<&str> = whole.split(':').collect();
    let number = |part: &str, most: u32| {
        (2..=3).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse::<u32>().is_ok_and(|number| number <= most)
    };
    fraction.len() <= 6
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(parts.as_slice(), [hours, minutes, seconds]
            if number(hours, 838) && number(minutes, 59) && minutes.len() == 2
                && number(seconds, 59) && seconds.len() == 2)
}

/// Text as a literal of UTF-8.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    push_quoted(&mut literal, text);
    literal
}

fn push_quoted(sql: &mut String, text: &str) {
    sql.push('\'');
    for character in text.chars() {
        match character {
            '\'' => sql.push_str("''"),
            '\\' => sql.push_str("\\\\"),
            '\0' => sql.push_str("\\0"),
            other => sql.push(other),
        }
    }
    sql.push('\'');
}

/// Bytes as a literal.
pub(super) fn push_bytes(sql: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    sql.reserve(bytes.len() * 2 + 3);
    sql.push_str("x'");
    for byte in bytes {
        sql.push(char::from(DIGITS[usize::from(byte >> 4)]));
        sql.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    sql.push('\'');
}

/// Adds a value as a literal for a column.
///
/// # Errors
/// When the column can't hold it exactly; nothing useful is added then.
pub(super) fn push_literal(
    sql: &mut String,
    value: &Value,
    column: &ColumnType,
) -> Result<(), NotHeld> {
    // Writing into text in memory has no way to fail.
    match (column.class, value) {
        (_, Value::Missing | Value::Null) => sql.push_str("NULL"),
        (Class::Json, value) => {
            let text = to_plain_text(value).map_err(|_| NotHeld)?;
            push_quoted(sql, &text);
        }
        (Class::Bool | Class::Truth, Value::Bool(value)) => {
            sql.push(if *value { '1' } else { '0' });
        }
        (
            Class::Int | Class::Truth | Class::Bit | Class::Decimal | Class::Double | Class::Float,
            Value::Int(number),
        ) => {
            let _ = write!(sql, "{number}");
        }
        (Class::Int | Class::Truth | Class::Bit | Class::Decimal, Value::Decimal(number)) => {
            let _ = write!(sql, "{number}");
        }
        (Class::Double | Class::Float, Value::Float(number)) if number.is_finite() => {
            let _ = write!(sql, "{number:e}");
        }
        (Class::Text | Class::Formed | Class::Uuid, Value::Text(text)) => push_quoted(sql, text),
        (Class::Text | Class::Uuid, Value::Uuid(id)) => {
            let _ = write!(sql, "'{id}'");
        }
        (Class::Text, Value::ObjectId(id)) => {
            let _ = write!(sql, "'{id}'");
        }
        (Class::Bytes, Value::Bytes(bytes)) => push_bytes(sql, bytes),
        (Class::Date, Value::Date(date)) => {
            let _ = write!(sql, "'{}'", time::date_text(*date));
        }
        (Class::DateTime, Value::DateTime(at)) => push_moment(sql, *at),
        (Class::Timestamp, Value::Timestamp(at)) => push_moment(sql, at.naive_utc()),
        (Class::Time, Value::Time(at)) => {
            let _ = write!(sql, "'{}'", at.format("%H:%M:%S%.f"));
        }
        (Class::Time, Value::Text(text)) if is_duration(text) => push_quoted(sql, text),
        _ => return Err(NotHeld),
    }
    Ok(())
}

/// A column can't hold a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotHeld;

/// Adds a moment as a literal.
pub(super) fn push_moment(sql: &mut String, at: NaiveDateTime) {
    let _ = write!(sql, "'{} {}'", time::date_text(at.date()), at.format("%H:%M:%S%.f"));
}

/// A key part as the server has it; what pages are bounded by.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Raw {
    Null,
    /// Digits that stand for themselves.
    Number(String),
    Text(String),
    Bytes(Vec<u8>),
}

impl Raw {
    /// Takes what the server sent for a column.
    pub(super) fn of(bytes: Option<&[u8]>, column: &ColumnType) -> Self {
        let Some(bytes) = bytes else { return Self::Null };
        match column.class {
            Class::Bool | Class::Bit => Self::Number(bits(bytes).to_string()),
            Class::Int | Class::Truth | Class::Decimal | Class::Double | Class::Float => {
                Self::Number(String::from_utf8_lossy(bytes).into_owned())
            }
            Class::Bytes => Self::Bytes(bytes.to_vec()),
            Class::Text if !column.by_bytes => Self::Bytes(bytes.to_vec()),
            _ => match std::str::from_utf8(bytes) {
                Ok(text) if column.charset != Charset::Latin1 => Self::Text(text.to_owned()),
                _ => Self::Bytes(bytes.to_vec()),
            },
        }
    }

    /// Adds it as a literal.
    pub(super) fn push(&self, sql: &mut String) {
        match self {
            Self::Null => sql.push_str("NULL"),
            Self::Number(digits)
                if digits.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) =>
            {
                sql.push_str(digits);
                // A number without an exponent is a decimal, with one a float, as the column.
            }
            Self::Number(text) | Self::Text(text) => push_quoted(sql, text),
            Self::Bytes(bytes) => push_bytes(sql, bytes),
        }
    }
}

/// A value that stands for a stored one in the key of a record that can't be read.
pub(super) fn key_value(raw: &Raw) -> Value {
    match raw {
        Raw::Null => Value::text(""),
        Raw::Number(text) => whole(text).unwrap_or_else(|| Value::text(text)),
        Raw::Text(text) => Value::Text(Arc::from(text.as_str())),
        Raw::Bytes(bytes) => Value::bytes(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], charset: Charset, label: Option<&str>) -> Result<Value, String> {
        let encoding = label.and_then(|label| Encoding::for_label(label.as_bytes()));
        let reading = Reading { policies: Policies::default(), encoding };
        let column = ColumnType::of("varchar(9)", charset, None, false);
        reading.decode(bytes, &column).map_err(|problem| problem.reason.into_owned())
    }

    #[test]
    fn text_is_what_its_column_or_the_policy_says() {
        let wrong = Err("encoding".to_owned());
        assert_eq!(text(b"caf\xe9", Charset::Utf8mb4, None), wrong);
        assert_eq!(text(b"caf\xe9", Charset::Utf8mb3, Some("windows-1252")), Ok("café".into()));
        // What is UTF-8, as declared, stays.
        assert_eq!(text("café".as_bytes(), Charset::Utf8mb4, Some("latin1")), Ok("café".into()));
        assert_eq!(text(b"caf\xe9", Charset::Latin1, None), Ok("café".into()));
        assert_eq!(text("café".as_bytes(), Charset::Latin1, Some("utf-8")), Ok("café".into()));
        assert_eq!(text(b"caf\xe9", Charset::Latin1, Some("utf-8")), wrong);
        assert_eq!(text(b"caf\xe9", Charset::Ascii, None), wrong);
    }

    #[test]
    fn literals_hold_any_text() {
        assert_eq!(quoted("a'b\\c\0"), "'a''b\\\\c\\0'");
        let mut sql = String::new();
        push_bytes(&mut sql, &[0, 255]);
        assert_eq!(sql, "x'00ff'");
    }

    #[test]
    fn durations() {
        for text in ["838:59:59", "-00:00:01", "100:00:00.25"] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["839:00:00", "1:2:3", "12:60:00", "--12:00:00", "soon", "12:00:00.1234567"] {
            assert!(!is_duration(text), "{text}");
        }
    }
}

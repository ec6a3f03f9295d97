//! Values out of PostgreSQL's binary form.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::{BigInt, Sign};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta};

use super::types::Codec;
use crate::value::extended_json::Parser;
use crate::value::{Decimal, Object, Problem, Value};

/// Days from the first day of the common era to 2000-01-01, where PostgreSQL counts from.
const EPOCH_DAYS: i64 = 730_120;

/// Seconds from 1970 to 2000.
const EPOCH_SECONDS: i64 = 946_684_800;

/// Reads one value. The bytes are those of the type; anything else is damage.
pub(super) fn decode(codec: &Codec, bytes: &[u8], json: &Parser) -> Result<Value, Problem> {
    Ok(match codec {
        Codec::Bool => Value::Bool(bytes == [1]),
        Codec::Int2 => Value::Int(i16::from_be_bytes(sized(bytes)?).into()),
        Codec::Int4 => Value::Int(i32::from_be_bytes(sized(bytes)?).into()),
        Codec::Int8 => Value::Int(i64::from_be_bytes(sized(bytes)?)),
        Codec::Float4 => Value::Float(f32::from_be_bytes(sized(bytes)?).into()),
        Codec::Float8 => Value::Float(f64::from_be_bytes(sized(bytes)?)),
        Codec::Numeric => numeric(bytes)?,
        Codec::Text | Codec::AsText => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Problem::new("encoding", "the text is not UTF-8"))?;
            Value::text(text)
        }
        Codec::Vector => vector(bytes)?,
        Codec::Bytea => Value::bytes(bytes),
        Codec::Date => date(i32::from_be_bytes(sized(bytes)?))?,
        Codec::Time => time(i64::from_be_bytes(sized(bytes)?))?,
        Codec::Timestamp => Value::DateTime(moment(i64::from_be_bytes(sized(bytes)?))?.naive_utc()),
        Codec::TimestampTz => Value::Timestamp(moment(i64::from_be_bytes(sized(bytes)?))?),
        Codec::Uuid => Value::Uuid(uuid::Uuid::from_bytes(sized(bytes)?)),
        Codec::Json => parse_json(json, bytes)?,
        Codec::Jsonb => match bytes.split_first() {
            Some((1, text)) => {
                let held = std::str::from_utf8(text).ok().and_then(Object::from_json);
                match held {
                    Some(object) => Value::object(object),
                    None => parse_json(json, text)?,
                }
            }
            _ => return Err(damaged()),
        },
        Codec::Array(element, _) => array(element, bytes, json)?,
    })
}

/// `[0.5,-1]`, each number as short as a short float can be told.
fn vector(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let numbers = inner.ok_or_else(damaged)?.split(',').filter(|number| !number.is_empty());
    let number = |text: &str| text.parse::<f32>().map(|number| Value::Float(number.into()));
    let numbers = numbers.map(number).collect::<Result<_, _>>().map_err(|_| damaged())?;
    Ok(Value::array(numbers))
}

fn sized<const SIZE: usize>(bytes: &[u8]) -> Result<[u8; SIZE], Problem> {
    bytes.try_into().map_err(|_| damaged())
}

fn damaged() -> Problem {
    Problem::new("value", "the value is not of the column's form")
}

fn parse_json(parser: &Parser, text: &[u8]) -> Result<Value, Problem> {
    parser.parse(text).map_err(|_| {
        Problem::new(
            "json",
            "the JSON has a name twice, a number with too many digits, or is nested too deep",
        )
    })
}

fn date(days: i32) -> Result<Value, Problem> {
    match days {
        i32::MAX | i32::MIN => return Err(infinite("date")),
        _ => {}
    }
    let from_era = i32::try_from(i64::from(days) + EPOCH_DAYS).ok();
    from_era
        .and_then(NaiveDate::from_num_days_from_ce_opt)
        .map(Value::Date)
        .ok_or_else(|| Problem::new("range", "the date is beyond the years that can be held"))
}

fn infinite(what: &str) -> Problem {
    Problem::new("infinity", format!("an infinite {what} has no counterpart"))
}

fn time(micros: i64) -> Result<Value, Problem> {
    if micros == 86_400_000_000 {
        return Err(Problem::new("range", "the time 24:00:00 has no counterpart"));
    }
    let seconds = u32::try_from(micros.div_euclid(1_000_000)).map_err(|_| damaged())?;
    let nanos = u32::try_from(micros.rem_euclid(1_000_000) * 1000).map_err(|_| damaged())?;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)
        .map(Value::Time)
        .ok_or_else(damaged)
}

fn moment(micros: i64) -> Result<DateTime<chrono::Utc>, Problem> {
    if micros == i64::MAX || micros == i64::MIN {
        return Err(infinite("timestamp"));
    }
    let seconds = micros.div_euclid(1_000_000) + EPOCH_SECONDS;
    let nanos = u32::try_from(micros.rem_euclid(1_000_000) * 1000).map_err(|_| damaged())?;
    DateTime::from_timestamp(seconds, nanos)
        .ok_or_else(|| Problem::new("range", "the moment is beyond the years that can be held"))
}

fn numeric(bytes: &[u8]) -> Result<Value, Problem> {
    let word = |at: usize| -> Result<u16, Problem> {
        let bytes = bytes.get(at..at + 2).ok_or_else(damaged)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let count = usize::from(word(0)?);
    let weight = i64::from(word(2)?.cast_signed());
    let negative = match word(4)? {
        0x0000 => false,
        0x4000 => true,
        0xC000 => return Err(Problem::new("nan", "the numeric is not a number (NaN)")),
        0xD000 | 0xF000 => return Err(infinite("numeric")),
        _ => return Err(damaged()),
    };
    let scale = i64::from(word(6)?);
    let groups = bytes.get(8..8 + count * 2).ok_or_else(damaged)?;
    let groups = groups.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    // The digits that are there end so many places after the point.
    let held = 4 * (i64::try_from(count).unwrap_or(0) - 1 - weight);
    let whole = (weight.max(-1) + 1) * 4;
    if whole + scale > i64::try_from(Decimal::MAX_DIGITS).unwrap_or(i64::MAX) {
        return Err(Problem::new("range", "the numeric has too many digits"));
    }
    // Shifted to the scale that it is shown with.
    let shift = scale - held;
    let small = count <= 8 && (-4..=4).contains(&shift);
    let number = if count == 0 {
        BigInt::from(0)
    } else if small {
        let mut unscaled: i128 = groups.fold(0, |sum, group| sum * 10_000 + i128::from(group));
        let power = 10_i128.pow(u32::try_from(shift.abs()).unwrap_or(0));
        unscaled = if shift < 0 { unscaled / power } else { unscaled * power };
        unscaled = if negative { -unscaled } else { unscaled };
        if let (Ok(mantissa), Ok(scale)) = (i64::try_from(unscaled), u8::try_from(scale)) {
            return Ok(Value::Decimal(Decimal::from_parts(mantissa, scale)));
        }
        BigInt::from(unscaled)
    } else {
        let mut digits = Vec::with_capacity(count * 4);
        for group in groups {
            digits.extend(
                [group / 1000, group / 100 % 10, group / 10 % 10, group % 10]
                    .map(|d| u8::try_from(d).unwrap_or(0)),
            );
        }
        let length = i64::try_from(digits.len()).unwrap_or(0) + shift;
        digits.resize(usize::try_from(length).unwrap_or(0), 0);
        let sign = if negative { Sign::Minus } else { Sign::Plus };
        BigInt::from_radix_be(sign, &digits, 10).unwrap_or_default()
    };
    Ok(Value::Decimal(Decimal::new(BigDecimal::new(number, scale))))
}

fn array(element: &Codec, bytes: &[u8], json: &Parser) -> Result<Value, Problem> {
    let mut rest = bytes;
    let dimensions = usize::try_from(int(&mut rest)?).map_err(|_| damaged())?;
    let _flags = int(&mut rest)?;
    let _element = int(&mut rest)?;
    if dimensions == 0 {
        return Ok(Value::array(Vec::new()));
    }
    if dimensions > 6 {
        return Err(damaged());
    }
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(int(&mut rest)?).map_err(|_| damaged())?);
        if int(&mut rest)? != 1 {
            return Err(Problem::new("array", "the array's first position is not 1"));
        }
    }
    // Every element takes four bytes at least.
    let count = lengths.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
    if lengths.contains(&0) || count.is_none_or(|count| count > rest.len() / 4) {
        return Err(damaged());
    }
    level(element, &lengths, &mut rest, json)
}

fn level(
    element: &Codec,
    lengths: &[usize],
    rest: &mut &[u8],
    json: &Parser,
) -> Result<Value, Problem> {
    let Some((length, inner)) = lengths.split_first() else {
        let length = int(rest)?;
        let Ok(length) = usize::try_from(length) else { return Ok(Value::Null) };
        let (bytes, after) = rest.split_at_checked(length).ok_or_else(damaged)?;
        *rest = after;
        return decode(element, bytes, json);
    };
    let mut values = Vec::with_capacity((*length).min(rest.len()));
    for _ in 0..*length {
        values.push(level(element, inner, rest, json)?);
    }
    Ok(Value::Array(Arc::new(values)))
}

fn int(rest: &mut &[u8]) -> Result<i32, Problem> {
    let (bytes, after) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    *rest = after;
    Ok(i32::from_be_bytes(*bytes))
}

/// The day that PostgreSQL counts from.
pub(super) fn days_of(date: NaiveDate) -> i64 {
    use chrono::Datelike as _;
    i64::from(date.num_days_from_ce()) - EPOCH_DAYS
}

/// Microseconds since 2000 of a moment that has no finer fraction.
pub(super) fn micros_of(at: DateTime<chrono::Utc>) -> Option<i64> {
    let nanos = at.timestamp_subsec_nanos();
    if !nanos.is_multiple_of(1000) || nanos >= 1_000_000_000 {
        return None;
    }
    at.timestamp()
        .checked_sub(EPOCH_SECONDS)?
        .checked_mul(1_000_000)?
        .checked_add(i64::from(nanos / 1000))
}

/// Microseconds since midnight of a time that has no finer fraction.
pub(super) fn micros_of_day(time: NaiveTime) -> Option<i64> {
    let since = time.signed_duration_since(NaiveTime::MIN);
    let micros = since.num_microseconds()?;
    (since == TimeDelta::microseconds(micros) && micros < 86_400_000_000).then_some(micros)
}

/// The first day that PostgreSQL's dates hold: 4713 BC of the Julian calendar.
pub(super) fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2000, 1, 1)
        .and_then(|day| day.checked_sub_days(Days::new(2_451_545)))
        .unwrap_or(NaiveDate::MIN)
}

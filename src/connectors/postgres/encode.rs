//! Values into PostgreSQL's binary form.

use bigdecimal::ToPrimitive as _;
use bigdecimal::num_bigint::Sign;

use super::decode::{days_of, first_day, micros_of, micros_of_day};
use super::types::Codec;
use crate::value::extended_json::write_plain;
use crate::value::{Decimal, Value};

/// The column can't hold the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// Whether a type is written in binary form.
pub(super) fn is_binary(codec: &Codec) -> bool {
    !codec.is_text()
}

/// Appends one field: its length and its content.
pub(super) fn field(into: &mut Vec<u8>, codec: &Codec, value: &Value) -> Result<(), Refused> {
    if value.is_absent() {
        into.extend_from_slice(&(-1_i32).to_be_bytes());
        return Ok(());
    }
    let start = into.len();
    into.extend_from_slice(&[0; 4]);
    content(into, codec, value)?;
    let length = i32::try_from(into.len() - start - 4).map_err(|_| Refused)?;
    into[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn content(into: &mut Vec<u8>, codec: &Codec, value: &Value) -> Result<(), Refused> {
    match (codec, value) {
        (Codec::Bool, Value::Bool(value)) => into.push(u8::from(*value)),
        (Codec::Int2, value) => {
            let value = i16::try_from(whole(value)?).map_err(|_| Refused)?;
            into.extend_from_slice(&value.to_be_bytes());
        }
        (Codec::Int4, value) => {
            let value = i32::try_from(whole(value)?).map_err(|_| Refused)?;
            into.extend_from_slice(&value.to_be_bytes());
        }
        (Codec::Int8, value) => into.extend_from_slice(&whole(value)?.to_be_bytes()),
        (Codec::Float4, value) => {
            let value = float(value)?;
            #[expect(clippy::cast_possible_truncation, reason = "checked right after")]
            let narrow = value as f32;
            if f64::from(narrow).to_bits() != value.to_bits() && !value.is_nan() {
                return Err(Refused);
            }
            into.extend_from_slice(&narrow.to_be_bytes());
        }
        (Codec::Float8, value) => into.extend_from_slice(&float(value)?.to_be_bytes()),
        (Codec::Numeric, Value::Int(value)) => {
            let mut buffer = [0; 20];
            numeric(into, *value < 0, digits(value.unsigned_abs().into(), &mut buffer), 0)?;
        }
        (Codec::Numeric, value) => decimal(into, &Decimal::from_value(value).ok_or(Refused)?)?,
        (Codec::Text, Value::Text(text)) => {
            if text.as_bytes().contains(&0) {
                return Err(Refused);
            }
            into.extend_from_slice(text.as_bytes());
        }
        (Codec::Text, Value::Uuid(_) | Value::ObjectId(_)) => {
            into.extend_from_slice(value.canonical_text().unwrap_or_default().as_bytes());
        }
        (Codec::Bytea, Value::Bytes(bytes)) => into.extend_from_slice(bytes),
        (Codec::Date, Value::Date(date)) => {
            if *date < first_day() {
                return Err(Refused);
            }
            let days = i32::try_from(days_of(*date)).map_err(|_| Refused)?;
            into.extend_from_slice(&days.to_be_bytes());
        }
        (Codec::Time, Value::Time(time)) => {
            into.extend_from_slice(&micros_of_day(*time).ok_or(Refused)?.to_be_bytes());
        }
        (Codec::Timestamp, Value::DateTime(at)) => moment(into, at.and_utc())?,
        (Codec::TimestampTz, Value::Timestamp(at)) => moment(into, *at)?,
        (Codec::Uuid, Value::Uuid(id)) => into.extend_from_slice(id.as_bytes()),
        (Codec::Json, value) => json(into, value)?,
        (Codec::Jsonb, value) => {
            into.push(1);
            match value {
                Value::Object(object) if let Some(text) = object.json() => {
                    into.extend_from_slice(text.as_bytes());
                }
                value => json(into, value)?,
            }
        }
        (Codec::Array(element, id), Value::Array(values)) => array(into, element, *id, values)?,
        _ => return Err(Refused),
    }
    Ok(())
}

fn whole(value: &Value) -> Result<i64, Refused> {
    match value {
        Value::Int(value) => Ok(*value),
        Value::Decimal(value) => value.to_i64().ok_or(Refused),
        _ => Err(Refused),
    }
}

fn float(value: &Value) -> Result<f64, Refused> {
    match value {
        Value::Float(value) => Ok(*value),
        Value::Int(value) => {
            let narrow = i32::try_from(*value).map_err(|_| Refused)?;
            Ok(narrow.into())
        }
        _ => Err(Refused),
    }
}

fn moment(into: &mut Vec<u8>, at: chrono::DateTime<chrono::Utc>) -> Result<(), Refused> {
    if at.date_naive() < first_day() {
        return Err(Refused);
    }
    into.extend_from_slice(&micros_of(at).ok_or(Refused)?.to_be_bytes());
    Ok(())
}

fn json(into: &mut Vec<u8>, value: &Value) -> Result<(), Refused> {
    write_plain(into, value).map_err(|_| Refused)
}

/// The decimal digits of a number, from the highest.
fn digits(mut number: u128, buffer: &mut [u8]) -> &[u8] {
    let mut at = buffer.len();
    let mut put = |digit: u8| {
        at -= 1;
        buffer[at] = digit;
    };
    while number > u128::from(u64::MAX) {
        put(u8::try_from(number % 10).unwrap_or(0));
        number /= 10;
    }
    // Division of 64 bits is much faster.
    let mut number = u64::try_from(number).unwrap_or(0);
    while number > 0 {
        put(u8::try_from(number % 10).unwrap_or(0));
        number /= 10;
    }
    &buffer[at..]
}

fn decimal(into: &mut Vec<u8>, number: &Decimal) -> Result<(), Refused> {
    if let Some((mantissa, scale)) = number.parts() {
        let mut buffer = [0; 20];
        let digits = digits(mantissa.unsigned_abs().into(), &mut buffer);
        return numeric(into, mantissa < 0, digits, scale.into());
    }
    let (unscaled, scale) = number.number().as_bigint_and_scale();
    let negative = unscaled.sign() == Sign::Minus;
    if let Some(small) = unscaled.magnitude().to_u128() {
        let mut buffer = [0; 40];
        return numeric(into, negative, digits(small, &mut buffer), scale);
    }
    numeric(into, negative, &unscaled.magnitude().to_radix_be(10), scale)
}

/// Appends a numeric of these digits, of which `scale` are after the point.
fn numeric(into: &mut Vec<u8>, negative: bool, digits: &[u8], scale: i64) -> Result<(), Refused> {
    let shown = u16::try_from(scale.max(0)).map_err(|_| Refused)?;
    // The digits before the point; groups of four are counted from the point both ways.
    let before = i64::try_from(digits.len()).map_err(|_| Refused)? - scale;
    let weight = (before + 3).div_euclid(4) - 1;
    let lead = usize::try_from((weight + 1) * 4 - before).map_err(|_| Refused)?;
    let start = into.len();
    into.extend_from_slice(&[0; 8]);
    let mut groups: u16 = 0;
    let mut kept: u16 = 0;
    let mut first = None;
    let digit = |at: usize| {
        at.checked_sub(lead).and_then(|at| digits.get(at)).map_or(0, |digit| u16::from(*digit))
    };
    for group in 0..(lead + digits.len()).div_ceil(4) {
        let value = (0..4).fold(0, |sum, part| sum * 10 + digit(group * 4 + part));
        if first.is_none() && value == 0 {
            continue;
        }
        first = first.or(Some(group));
        into.extend_from_slice(&value.to_be_bytes());
        groups = groups.checked_add(1).ok_or(Refused)?;
        if value != 0 {
            kept = groups;
        }
    }
    into.truncate(start + 8 + usize::from(kept) * 2);
    let weight = match first {
        None => 0,
        Some(first) => weight - i64::try_from(first).map_err(|_| Refused)?,
    };
    let weight = i16::try_from(weight).map_err(|_| Refused)?;
    let sign: u16 = if negative && kept > 0 { 0x4000 } else { 0 };
    let header =
        [kept.to_be_bytes(), weight.to_be_bytes(), sign.to_be_bytes(), shown.to_be_bytes()];
    for (place, word) in header.iter().enumerate() {
        into[start + place * 2..start + place * 2 + 2].copy_from_slice(word);
    }
    Ok(())
}

fn array(into: &mut Vec<u8>, element: &Codec, id: u32, values: &[Value]) -> Result<(), Refused> {
    let mut lengths = Vec::new();
    let mut level = values;
    while !level.is_empty() {
        lengths.push(level.len());
        match (&level[0], element) {
            // A list in a list of JSON is JSON.
            (Value::Array(inner), element) if !matches!(element, Codec::Json | Codec::Jsonb) => {
                if inner.is_empty() {
                    return Err(Refused);
                }
                level = inner;
            }
            _ => break,
        }
    }
    let put = |into: &mut Vec<u8>, number: usize| -> Result<(), Refused> {
        let number = i32::try_from(number).map_err(|_| Refused)?;
        into.extend_from_slice(&number.to_be_bytes());
        Ok(())
    };
    put(into, lengths.len())?;
    put(into, 1)?;
    into.extend_from_slice(&id.to_be_bytes());
    for length in &lengths {
        put(into, *length)?;
        put(into, 1)?;
    }
    elements(into, element, &lengths, values)
}

fn elements(
    into: &mut Vec<u8>,
    element: &Codec,
    lengths: &[usize],
    values: &[Value],
) -> Result<(), Refused> {
    let Some((length, inner)) = lengths.split_first() else { return Ok(()) };
    if values.len() != *length {
        return Err(Refused);
    }
    for value in values {
        match (inner.is_empty(), value) {
            (true, value) => field(into, element, value)?,
            (false, Value::Array(values)) => elements(into, element, inner, values)?,
            (false, _) => return Err(Refused),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decode::decode;
    use super::*;
    use crate::value::extended_json::Parser;

    fn round(codec: &Codec, value: &Value) -> Value {
        let mut bytes = Vec::new();
        field(&mut bytes, codec, value).unwrap();
        decode(codec, &bytes[4..], &Parser::plain()).unwrap()
    }

    #[test]
    fn hard_numbers_come_back() {
        for text in [
            "0",
            "0.00",
            "0.0001",
            "0.00001",
            "1",
            "10000",
            "99999999",
            "1.10",
            "-1.5",
            "100000000",
            "12345678901234567890123456789012345678901234567890.123456789",
            "0.000000000001",
            "1234567890.0123456789",
            "-0.5",
            "1000000000000000000000000000000000000000000000",
        ] {
            let value = Value::Decimal(text.parse().unwrap());
            assert_eq!(round(&Codec::Numeric, &value), value, "{text}");
        }
    }

    #[test]
    fn lists_in_lists_are_rectangles() {
        let codec = Codec::Array(Box::new(Codec::Int4), 23);
        let list = |values: &[i64]| Value::array(values.iter().copied().map(Value::Int).collect());
        let square = Value::array(vec![list(&[1, 2]), list(&[3, 4])]);
        assert_eq!(round(&codec, &square), square);
        let nulls = Value::array(vec![Value::Null, Value::Int(1)]);
        assert_eq!(round(&codec, &nulls), nulls);
        let ragged = Value::array(vec![list(&[1, 2]), list(&[3])]);
        assert_eq!(field(&mut Vec::new(), &codec, &ragged), Err(Refused));
    }

    proptest! {
        #[test]
        fn numbers_come_back(text in "-?[0-9]{1,60}(\\.[0-9]{1,40})?") {
            let number: Decimal = text.parse().unwrap();
            let value = Value::Decimal(number);
            prop_assert_eq!(round(&Codec::Numeric, &value), value);
        }

        #[test]
        fn integers_come_back(number in any::<i64>()) {
            let read = round(&Codec::Numeric, &Value::Int(number));
            prop_assert!(read.same_content(&Value::Int(number)));
            prop_assert_eq!(round(&Codec::Int8, &Value::Int(number)), Value::Int(number));
        }

        #[test]
        fn moments_and_texts_come_back(
            seconds in -210_000_000_000_i64..400_000_000_000,
            micros in 0..1_000_000_u32,
            text in "[^\\x00]{0,20}",
        ) {
            let at = chrono::DateTime::from_timestamp(seconds, micros * 1000).unwrap();
            for (codec, value) in [
                (Codec::TimestampTz, Value::Timestamp(at)),
                (Codec::Timestamp, Value::DateTime(at.naive_utc())),
                (Codec::Date, Value::Date(at.date_naive())),
                (Codec::Time, Value::Time(at.time())),
                (Codec::Text, Value::from(text)),
            ] {
                prop_assert_eq!(round(&codec, &value), value);
            }
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let parser = Parser::plain();
            let list = Codec::Array(Box::new(Codec::Int4), 23);
            for codec in [Codec::Numeric, Codec::Date, Codec::Time, Codec::Jsonb, Codec::Uuid, list] {
                let _ = decode(&codec, &bytes, &parser);
            }
        }
    }
}

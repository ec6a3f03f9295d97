//! Keys: ordered lists of scalar values, encoded without ambiguity.
//!
//! The encoding is typed and length-prefixed, so that (1, 11) and (11, 1), or `"1"` and `1`, never
//! meet. It is what the ledger stores, what ids are derived from, and what duplicates are found by.

use std::fmt;

use chrono::{Datelike as _, Timelike as _};

use super::{Decimal, ObjectId, Value, time};

/// A record's key, encoded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Box<[u8]>);

/// Why values make no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A part is null or missing.
    #[error("part {0} of the key is null or missing")]
    Absent(usize),
    /// A part is a list, an object or a number that is not one.
    #[error("part {0} of the key is not a scalar")]
    NotScalar(usize),
}

impl Key {
    /// Encodes a key's values.
    ///
    /// # Errors
    /// When a part is null, missing, a list, an object or not a number; the index tells which.
    pub fn new<'v>(values: impl IntoIterator<Item = &'v Value>) -> Result<Self, KeyError> {
        let mut bytes = Vec::with_capacity(24);
        for (index, value) in values.into_iter().enumerate() {
            encode(&mut bytes, value, index)?;
        }
        Ok(Self(bytes.into_boxed_slice()))
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes an encoding that [`Key::as_bytes`] gave.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The values inside; `None` when the bytes are no key.
    pub fn values(&self) -> Option<Vec<Value>> {
        let mut rest: &[u8] = &self.0;
        let mut values = Vec::new();
        while !rest.is_empty() {
            values.push(decode(&mut rest)?);
        }
        Some(values)
    }

    /// A 128-bit hash of the encoding, for sets of seen keys.
    pub fn hash128(&self) -> u128 {
        xxhash_rust::xxh3::xxh3_128(&self.0)
    }

    /// The key for people: parts in canonical text with `, ` between them. Text that does not look
    /// like an id is shown as a short hash, unless `show_values`.
    pub fn display(&self, show_values: bool) -> String {
        let Some(values) = self.values() else { return "(unreadable key)".to_owned() };
        let parts: Vec<String> = values
            .iter()
            .map(|value| match value {
                Value::Text(text) if !show_values && !looks_like_id(text) => {
                    format!("#{:08x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()) >> 32)
                }
                value => value.canonical_text().unwrap_or_default().into_owned(),
            })
            .collect();
        parts.join(", ")
    }
}

/// Whether a text key is an id (hexadecimal, UUID, number, or code with digits) and so may be shown.
fn looks_like_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && (uuid::Uuid::try_parse(text).is_ok()
            || text.bytes().all(|byte| byte.is_ascii_digit())
            || (text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.display(false))
    }
}

mod tag {
    pub(super) const BOOL: u8 = 1;
    pub(super) const INT: u8 = 2;
    pub(super) const DECIMAL: u8 = 3;
    pub(super) const TEXT: u8 = 4;
    pub(super) const BYTES: u8 = 5;
    pub(super) const DATE: u8 = 6;
    pub(super) const TIME: u8 = 7;
    pub(super) const DATE_TIME: u8 = 8;
    pub(super) const TIMESTAMP: u8 = 9;
    pub(super) const UUID: u8 = 10;
    pub(super) const OBJECT_ID: u8 = 11;
}

fn encode(bytes: &mut Vec<u8>, value: &Value, index: usize) -> Result<(), KeyError> {
    let mut put = |tag: u8, content: &[u8]| {
        bytes.push(tag);
        bytes.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(content);
    };
    match value {
        Value::Missing | Value::Null => return Err(KeyError::Absent(index)),
        Value::Array(_) | Value::Object(_) => return Err(KeyError::NotScalar(index)),
        Value::Bool(value) => put(tag::BOOL, &[u8::from(*value)]),
        Value::Int(value) => put(tag::INT, &ordered(*value)),
        Value::Float(_) | Value::Decimal(_) => {
            let decimal = Decimal::from_value(value).ok_or(KeyError::NotScalar(index))?;
            match decimal.to_i64() {
                Some(whole) => put(tag::INT, &ordered(whole)),
                None => {
                    put(tag::DECIMAL, decimal.number().normalized().to_plain_string().as_bytes());
                }
            }
        }
        Value::Text(text) => put(tag::TEXT, text.as_bytes()),
        Value::Bytes(content) => put(tag::BYTES, content),
        Value::Date(date) => put(tag::DATE, &ordered(date.num_days_from_ce().into())),
        Value::Time(time) => {
            put(tag::TIME, time::time_text(*time).as_bytes());
        }
        Value::DateTime(at) => put(tag::DATE_TIME, &moment(at.and_utc())),
        Value::Timestamp(at) => put(tag::TIMESTAMP, &moment(*at)),
        Value::Uuid(id) => put(tag::UUID, id.as_bytes()),
        Value::ObjectId(id) => put(tag::OBJECT_ID, &id.0),
    }
    Ok(())
}

/// Big-endian with the sign bit turned: bytes sort as the numbers do.
fn ordered(value: i64) -> [u8; 8] {
    (value ^ i64::MIN).to_be_bytes()
}

fn moment(at: chrono::DateTime<chrono::Utc>) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&ordered(at.timestamp()));
    bytes[8..].copy_from_slice(&at.nanosecond().to_be_bytes());
    bytes
}

fn decode(rest: &mut &[u8]) -> Option<Value> {
    let (&tag, after) = rest.split_first()?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (content, after) = after.split_at_checked(length)?;
    *rest = after;
    let whole = |bytes: &[u8]| Some(i64::from_be_bytes(bytes.try_into().ok()?) ^ i64::MIN);
    let at = |bytes: &[u8]| {
        let seconds = whole(bytes.get(..8)?)?;
        let nanoseconds = u32::from_be_bytes(bytes.get(8..)?.try_into().ok()?);
        chrono::DateTime::from_timestamp(seconds, nanoseconds)
    };
    Some(match tag {
        tag::BOOL => Value::Bool(content == [1]),
        tag::INT => Value::Int(whole(content)?),
        tag::DECIMAL => Value::Decimal(std::str::from_utf8(content).ok()?.parse().ok()?),
        tag::TEXT => Value::text(std::str::from_utf8(content).ok()?),
        tag::BYTES => Value::bytes(content),
        tag::DATE => Value::Date(chrono::NaiveDate::from_num_days_from_ce_opt(
            whole(content)?.try_into().ok()?,
        )?),
        tag::TIME => Value::Time(time::parse_time(std::str::from_utf8(content).ok()?)?),
        tag::DATE_TIME => Value::DateTime(at(content)?.naive_utc()),
        tag::TIMESTAMP => Value::Timestamp(at(content)?),
        tag::UUID => Value::Uuid(uuid::Uuid::from_slice(content).ok()?),
        tag::OBJECT_ID => Value::ObjectId(ObjectId(content.try_into().ok()?)),
        _ => return None,
    })
}

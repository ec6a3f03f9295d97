//! Keys: ordered lists of scalar values, encoded without ambiguity.
//!
//! The encoding is typed and length-prefixed, so that (1, 11) and (11, 1), or `"1"` and `1`, never
//! meet. It is what the ledger stores, what ids are derived from, and what duplicates are found by.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::{Datelike as _, Timelike as _};

use super::{Decimal, ObjectId, Value, time};

/// A record's key, encoded. Cheap to clone: a short one is held in place, a long one is shared.
#[derive(Clone)]
pub struct Key(Repr);

/// How many bytes are held in place: enough for a number, a UUID, a moment.
const INLINE: usize = 22;

#[derive(Clone)]
enum Repr {
    Inline { length: u8, bytes: [u8; INLINE] },
    Shared(Arc<[u8]>),
}

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
        let mut buffer = Buffer { length: 0, inline: [0; INLINE], long: Vec::new() };
        for (index, value) in values.into_iter().enumerate() {
            encode(&mut buffer, value, index)?;
        }
        Ok(Self(if buffer.long.is_empty() {
            let length = u8::try_from(buffer.length).unwrap_or_default();
            Repr::Inline { length, bytes: buffer.inline }
        } else {
            Repr::Shared(buffer.long.into())
        }))
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Repr::Shared(bytes) => bytes,
        }
    }

    /// Takes an encoding that [`Key::as_bytes`] gave.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Self {
        let content = bytes.as_ref();
        Self(match u8::try_from(content.len()) {
            Ok(length) if content.len() <= INLINE => {
                let mut bytes = [0; INLINE];
                bytes[..content.len()].copy_from_slice(content);
                Repr::Inline { length, bytes }
            }
            _ => Repr::Shared(content.into()),
        })
    }

    /// The values inside; `None` when the bytes are no key.
    pub fn values(&self) -> Option<Vec<Value>> {
        let mut rest = self.as_bytes();
        let mut values = Vec::new();
        while !rest.is_empty() {
            values.push(decode(&mut rest)?);
        }
        Some(values)
    }

    /// A 128-bit hash of the encoding, for sets of seen keys.
    pub fn hash128(&self) -> u128 {
        xxhash_rust::xxh3::xxh3_128(self.as_bytes())
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

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
    }
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

/// Where an encoding goes.
pub(super) trait Sink {
    /// Appends bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Bytes that are held in place as long as they are few.
struct Buffer {
    length: usize,
    inline: [u8; INLINE],
    /// All of them, once they are many.
    long: Vec<u8>,
}

impl Sink for Buffer {
    fn put(&mut self, bytes: &[u8]) {
        if self.long.is_empty() {
            let end = self.length + bytes.len();
            if let Some(room) = self.inline.get_mut(self.length..end) {
                room.copy_from_slice(bytes);
                self.length = end;
                return;
            }
            self.long.reserve(end.max(2 * INLINE));
            self.long.extend_from_slice(&self.inline[..self.length]);
        }
        self.long.extend_from_slice(bytes);
    }
}

/// Appends the encoding of a text.
pub(super) fn encode_text(into: &mut impl Sink, text: &[u8]) {
    let [a, b, c, d] = u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    into.put(&[tag::TEXT, a, b, c, d]);
    into.put(text);
}

/// Appends the encoding of a part of a key; `index` is its number, for errors.
pub(super) fn encode(into: &mut impl Sink, value: &Value, index: usize) -> Result<(), KeyError> {
    let mut put = |tag: u8, content: &[u8]| {
        let [a, b, c, d] = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
        into.put(&[tag, a, b, c, d]);
        into.put(content);
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
                    let mut digits = Vec::with_capacity(24);
                    decimal.write_shortest(&mut digits);
                    put(tag::DECIMAL, &digits);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(values: &[Value]) -> Key {
        Key::new(values).unwrap()
    }

    /// Values that a key may hold, in the form in which it gives them back.
    fn part() -> impl Strategy<Value = Value> {
        let moment = (-400_000_000_000_i64..400_000_000_000, 0..1_000_000_000_u32)
            .prop_map(|(s, n)| chrono::DateTime::from_timestamp(s, n).unwrap());
        prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            "-?[1-9][0-9]{0,20}\\.[0-9]{0,9}[1-9]"
                .prop_map(|text| Value::Decimal(text.parse().unwrap())),
            "[a-c,\\x00\"1]{0,4}".prop_map(Value::from),
            any::<Vec<u8>>().prop_map(Value::bytes),
            moment.clone().prop_map(|at| Value::Date(at.date_naive())),
            moment.clone().prop_map(|at| Value::Time(at.time())),
            moment.clone().prop_map(|at| Value::DateTime(at.naive_utc())),
            moment.prop_map(Value::Timestamp),
            any::<u128>().prop_map(|id| Value::Uuid(uuid::Uuid::from_u128(id))),
            any::<[u8; 12]>().prop_map(|id| Value::ObjectId(ObjectId(id))),
        ]
    }

    #[test]
    fn parts_and_kinds_never_run_together() {
        let int = Value::Int;
        assert_ne!(key(&[int(1), int(11)]), key(&[int(11), int(1)]));
        assert_ne!(key(&["1".into()]), key(&[int(1)]));
        assert_ne!(key(&["a".into(), "bc".into()]), key(&["ab".into(), "c".into()]));
        assert_ne!(key(&["a, b".into()]), key(&["a".into(), "b".into()]));
        assert_ne!(key(&[]), key(&["".into()]));
    }

    #[test]
    fn the_same_number_is_the_same_key() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        assert_eq!(key(&[Value::Int(5)]), key(&[Value::Float(5.0)]));
        assert_eq!(key(&[Value::Int(5)]), key(&[decimal("5.00")]));
        assert_eq!(key(&[Value::Float(1.5)]), key(&[decimal("1.50")]));
    }

    #[test]
    fn what_is_no_scalar_makes_no_key() {
        let two = |second| Key::new(&[Value::Int(1), second]);
        assert_eq!(two(Value::Null), Err(KeyError::Absent(1)));
        assert_eq!(two(Value::Missing), Err(KeyError::Absent(1)));
        assert_eq!(two(Value::array(vec![])), Err(KeyError::NotScalar(1)));
        assert_eq!(two(Value::Float(f64::NAN)), Err(KeyError::NotScalar(1)));
    }

    #[test]
    fn text_that_is_no_id_is_shown_as_a_hash() {
        let shown = |text: &str| key(&[text.into()]).display(false);
        assert_eq!(shown("4711"), "4711");
        assert_eq!(shown("5f1d7f3a2b4c6d8e9f0a1b2c"), "5f1d7f3a2b4c6d8e9f0a1b2c");
        let hidden = shown("jane@example.org");
        assert!(hidden.starts_with('#') && hidden.len() == 9, "{hidden}");
        assert_eq!(key(&["jane".into(), Value::Int(7)]).display(true), "jane, 7");
        assert!(!format!("{:?}", key(&["jane".into()])).contains("jane"));
    }

    proptest! {
        #[test]
        fn values_come_back(values in prop::collection::vec(part(), 0..4)) {
            prop_assert_eq!(key(&values).values(), Some(values));
        }

        #[test]
        fn different_values_have_different_keys(
            a in prop::collection::vec(part(), 0..4),
            b in prop::collection::vec(part(), 0..4),
        ) {
            prop_assert_eq!(key(&a) == key(&b), a == b);
        }

        #[test]
        fn integers_and_moments_sort_as_they_are(a in any::<i64>(), b in any::<i64>()) {
            prop_assert_eq!(key(&[Value::Int(a)]).cmp(&key(&[Value::Int(b)])), a.cmp(&b));
            let at = |s: i64| chrono::DateTime::from_timestamp(s >> 24, 0).unwrap();
            let moment = |s| key(&[Value::Timestamp(at(s))]);
            prop_assert_eq!(moment(a).cmp(&moment(b)), at(a).cmp(&at(b)));
        }

        #[test]
        fn any_bytes_are_a_key_or_not_but_never_a_panic(bytes in any::<Vec<u8>>()) {
            let key = Key::from_bytes(bytes);
            let _ = (key.values(), key.display(true));
        }
    }
}

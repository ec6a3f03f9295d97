//! A compact binary form of any value, for what the ledger keeps. Reading gives exactly what was
//! written.

use std::sync::Arc;

use super::{Key, Object, Value, json_text, key};

/// Writes a whole number in 7-bit groups, lowest first (LEB128).
pub fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Reads what [`write_number`] wrote.
pub fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Writes a length and the bytes.
pub fn write_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    write_number(bytes, content.len() as u64);
    bytes.extend_from_slice(content);
}

/// Reads what [`write_bytes`] wrote.
pub fn read_bytes<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(read_number(bytes)?).ok()?;
    let (content, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(content)
}

/// Reads a text that [`write_bytes`] wrote.
pub fn read_text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    std::str::from_utf8(read_bytes(bytes)?).ok()
}

pub(super) mod tag {
    pub(in crate::value) const MISSING: u8 = 0;
    pub(in crate::value) const NULL: u8 = 1;
    pub(in crate::value) const FLOAT: u8 = 2;
    pub(in crate::value) const DECIMAL: u8 = 3;
    pub(in crate::value) const ARRAY: u8 = 4;
    pub(in crate::value) const OBJECT: u8 = 5;
    /// Everything that the key encoding holds exactly.
    pub(in crate::value) const SCALAR: u8 = 6;
}

/// Appends a value.
pub fn write_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Missing => bytes.push(tag::MISSING),
        Value::Null => bytes.push(tag::NULL),
        Value::Float(number) => {
            bytes.push(tag::FLOAT);
            bytes.extend_from_slice(&number.to_bits().to_be_bytes());
        }
        Value::Decimal(number) => {
            bytes.push(tag::DECIMAL);
            write_bytes(bytes, number.to_string().as_bytes());
        }
        Value::Array(values) => {
            bytes.push(tag::ARRAY);
            write_number(bytes, values.len() as u64);
            values.iter().for_each(|value| write_value(bytes, value));
        }
        Value::Object(object) => {
            bytes.push(tag::OBJECT);
            write_number(bytes, object.len() as u64);
            for (name, value) in object.iter() {
                write_bytes(bytes, name.as_bytes());
                write_value(bytes, value);
            }
        }
        scalar => {
            bytes.push(tag::SCALAR);
            let key = Key::new([scalar]);
            write_bytes(bytes, key.as_ref().map_or(&[], Key::as_bytes));
        }
    }
}

/// Reads what [`write_value`] wrote; `None` when the bytes are damaged.
pub fn read_value(bytes: &mut &[u8]) -> Option<Value> {
    read_nested(bytes, 0)
}

fn read_nested(bytes: &mut &[u8], depth: usize) -> Option<Value> {
    if depth > 256 {
        return None;
    }
    let (&tag, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(match tag {
        tag::MISSING => Value::Missing,
        tag::NULL => Value::Null,
        tag::FLOAT => {
            let (bits, rest) = bytes.split_first_chunk::<8>()?;
            *bytes = rest;
            Value::Float(f64::from_bits(u64::from_be_bytes(*bits)))
        }
        tag::DECIMAL => Value::Decimal(read_text(bytes)?.parse().ok()?),
        tag::ARRAY => {
            let length = read_number(bytes)?;
            let mut values = Vec::new();
            for _ in 0..length {
                values.push(read_nested(bytes, depth + 1)?);
            }
            Value::array(values)
        }
        tag::OBJECT => {
            let length = read_number(bytes)?;
            let mut object = Object::new();
            for _ in 0..length {
                let name: Arc<str> = Arc::from(read_text(bytes)?);
                object.insert(name, read_nested(bytes, depth + 1)?);
            }
            Value::object(object)
        }
        tag::SCALAR => {
            let mut values = Key::from_bytes(read_bytes(bytes)?).values()?;
            if values.len() != 1 {
                return None;
            }
            values.remove(0)
        }
        _ => return None,
    })
}

/// An 8-byte hash of values' content: equal for values that hold the same content
/// ([`Value::same_content`]), whatever way a store spells it.
pub fn content_hash<'v>(values: impl IntoIterator<Item = &'v Value>) -> u64 {
    let mut hasher = ContentHasher::default();
    values.into_iter().for_each(|value| hasher.value(value));
    hasher.finish()
}

/// Makes [`content_hash`]es one after the other, each value by value, so that a value that is only
/// hashed need not be made.
pub struct ContentHasher {
    bytes: Vec<u8>,
}

impl Default for ContentHasher {
    fn default() -> Self {
        Self { bytes: Vec::with_capacity(1024) }
    }
}

impl ContentHasher {
    /// Takes the next value.
    pub fn value(&mut self, value: &Value) {
        hash_into(&mut self.bytes, value);
    }

    /// Takes the next value, a text.
    pub fn text(&mut self, text: &str) {
        key::encode_text(&mut self.bytes, text.as_bytes());
    }

    /// Takes the next value, an object in the form in which [`Object::from_json`] holds it as text;
    /// false, and nothing is taken, when it is in another.
    pub fn json(&mut self, text: &str) -> bool {
        json_text::content(&mut self.bytes, text)
    }

    /// The hash of the values so far. The next value is the first of another hash.
    pub fn finish(&mut self) -> u64 {
        let hash = xxhash_rust::xxh3::xxh3_64(&self.bytes);
        self.bytes.clear();
        hash
    }
}

fn hash_into(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Missing | Value::Null => bytes.push(tag::NULL),
        Value::Array(values) => {
            bytes.push(tag::ARRAY);
            write_number(bytes, values.len() as u64);
            values.iter().for_each(|value| hash_into(bytes, value));
        }
        Value::Object(object) => {
            if object.json().is_some_and(|text| json_text::content(bytes, text)) {
                return;
            }
            bytes.push(tag::OBJECT);
            write_number(bytes, object.len() as u64);
            let mut fields: Vec<_> = object.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in fields {
                write_bytes(bytes, name.as_bytes());
                hash_into(bytes, value);
            }
        }
        // The key encoding gives numbers of one value one form.
        other => {
            let before = bytes.len();
            if key::encode(bytes, other, 0).is_err() {
                bytes.truncate(before);
                write_value(bytes, other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{ObjectId, time};

    fn samples() -> Vec<Value> {
        vec![
            Value::Missing,
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(-0.0),
            Value::Float(f64::NAN),
            Value::Decimal("1.10".parse().unwrap()),
            Value::text("naïve\0"),
            Value::bytes([0, 255]),
            Value::Date(time::parse_date("0001-01-01").unwrap()),
            Value::Time(time::parse_time("23:59:59.123456789").unwrap()),
            Value::DateTime(time::parse_date_time("1899-12-31T23:59:59.5").unwrap()),
            Value::Timestamp(time::parse_timestamp("1969-12-31T23:59:59.999999Z").unwrap()),
            Value::Uuid(uuid::Uuid::from_u128(7)),
            Value::ObjectId(ObjectId([9; 12])),
            Value::array(vec![Value::Null, Value::array(vec![])]),
            Value::object(Object::from_iter([("b", Value::Int(1)), ("a", Value::Null)])),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        for value in samples() {
            let mut bytes = Vec::new();
            write_value(&mut bytes, &value);
            let mut rest = bytes.as_slice();
            let read = read_value(&mut rest).unwrap();
            assert_eq!(format!("{read:?}"), format!("{value:?}"));
            assert!(rest.is_empty());
            for cut in 0..bytes.len() {
                read_value(&mut &bytes[..cut]);
            }
        }
    }

    #[test]
    fn values_that_were_not_made_have_the_hash_of_those_that_were() {
        let text = r#"{"a": [1, 0.50, null], "bc": {"d": "x"}}"#;
        let object = Value::object(Object::from_json(text).unwrap());
        let mut hasher = ContentHasher::default();
        for _ in 0..2 {
            hasher.text("naïve\0");
            assert!(hasher.json(text));
            assert!(!hasher.json(r#"{"a": "\n"}"#));
            hasher.value(&Value::Null);
            let values = [Value::text("naïve\0"), object.clone(), Value::Null];
            assert_eq!(hasher.finish(), content_hash(&values));
        }
    }

    #[test]
    fn same_content_has_the_same_hash() {
        let same = [
            (Value::Int(1), Value::Decimal("1.00".parse().unwrap())),
            (Value::Float(0.5), Value::Decimal("0.50".parse().unwrap())),
            (Value::Missing, Value::Null),
            (
                Value::object(Object::from_iter([("a", Value::Int(1)), ("b", Value::Int(2))])),
                Value::object(Object::from_iter([("b", Value::Int(2)), ("a", Value::Int(1))])),
            ),
        ];
        for (a, b) in same {
            assert!(a.same_content(&b), "{a:?} {b:?}");
            assert_eq!(content_hash([&a]), content_hash([&b]), "{a:?} {b:?}");
        }
        let all: Vec<u64> = samples().iter().skip(1).map(|value| content_hash([value])).collect();
        let mut unique = all.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), all.len());
        assert_ne!(
            content_hash([&Value::text("a"), &Value::text("b")]),
            content_hash([&Value::text("ab"), &Value::text("")])
        );
    }
}

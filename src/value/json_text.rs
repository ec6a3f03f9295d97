//! JSON in the form in which `jsonb` writes it: looked through without making values of it.
//!
//! Most JSON only passes through. What is plain enough (no escapes, no exponents, names in the order
//! of `jsonb`) is told from its text: whether it can be held as text, and its content for a hash.

use super::codec::{tag, write_bytes, write_number};
use super::{Decimal, Value, key};

/// As deep as values are read, and a little less.
const DEPTH: usize = 100;

/// Digits, sign and point of the longest number that is taken.
const NUMBER: usize = 17;

/// Whether a text is an object in the plain form of `jsonb`, whole.
pub(super) fn is_plain_object(text: &str) -> bool {
    let mut reader = Reader::new(text);
    text.starts_with('{') && reader.skip(0).is_some() && reader.at == text.len()
}

/// Appends the content of a text, as [`super::codec`] does of its value. False, and nothing is
/// appended, unless the text [`is_plain_object`].
pub(super) fn content(into: &mut Vec<u8>, text: &str) -> bool {
    let before = into.len();
    let mut reader = Reader::new(text);
    let is_plain =
        text.starts_with('{') && reader.content(into, 0).is_some() && reader.at == text.len();
    if !is_plain {
        into.truncate(before);
    }
    is_plain
}

/// Each step gives `None` where the text is not plain.
struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
    /// The fields of the objects that are being read, inner ones last: their names, and where the
    /// content of each begins.
    fields: Vec<(&'t [u8], usize)>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, fields: Vec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    /// A string without escapes.
    fn string(&mut self) -> Option<&'t [u8]> {
        self.take(b'"')?;
        let start = self.at;
        let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < b' ';
        let length = self.bytes[start..].iter().position(special)?;
        self.at += length;
        self.take(b'"')?;
        Some(&self.bytes[start..start + length])
    }

    /// A number of few digits without an exponent; -0 is none.
    fn number(&mut self) -> Option<&'t str> {
        let start = self.at;
        let negative = self.take(b'-').is_some();
        let whole = self.digits()?;
        if whole.len() > 1 && whole[0] == b'0' {
            return None;
        }
        let mut is_zero = whole == b"0";
        if self.take(b'.').is_some() {
            is_zero &= self.digits()?.iter().all(|digit| *digit == b'0');
        }
        let number = &self.bytes[start..self.at];
        if number.len() > NUMBER
            || (negative && is_zero)
            || matches!(self.peek(), Some(b'e' | b'E'))
        {
            return None;
        }
        std::str::from_utf8(number).ok()
    }

    fn digits(&mut self) -> Option<&'t [u8]> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        (length > 0).then(|| &rest[..length])
    }

    /// Goes over a list or object; `part` over each of its parts. Gives how many there are.
    fn parts(&mut self, close: u8, mut part: impl FnMut(&mut Self) -> Option<()>) -> Option<u64> {
        self.at += 1;
        self.blanks();
        let mut count = 0;
        while self.take(close).is_none() {
            if count > 0 {
                self.take(b',')?;
                self.blanks();
            }
            part(self)?;
            count += 1;
            self.blanks();
        }
        Some(count)
    }

    fn name(&mut self) -> Option<&'t [u8]> {
        let name = self.string()?;
        self.blanks();
        self.take(b':')?;
        self.blanks();
        Some(name)
    }

    /// Goes over a value.
    fn skip(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            _ if depth > DEPTH => None,
            b'"' => self.string().map(|_| ()),
            b'{' => {
                let mut before: Option<&[u8]> = None;
                let fields = self.parts(b'}', |reader| {
                    let name = reader.name()?;
                    if before.is_some_and(|before| !is_before(before, name)) {
                        return None;
                    }
                    before = Some(name);
                    reader.skip(depth + 1)
                });
                fields.map(|_| ())
            }
            b'[' => self.parts(b']', |reader| reader.skip(depth + 1)).map(|_| ()),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number().map(|_| ()),
        }
    }

    /// Goes over a value and appends its content.
    fn content(&mut self, into: &mut Vec<u8>, depth: usize) -> Option<()> {
        match self.peek()? {
            _ if depth > DEPTH => return None,
            b'"' => key::encode_text(into, self.string()?),
            b'{' => {
                into.push(tag::OBJECT);
                let start = put_room(into);
                let outer = self.fields.len();
                let mut before: Option<&[u8]> = None;
                let count = self.parts(b'}', |reader| {
                    let name = reader.name()?;
                    if before.is_some_and(|before| !is_before(before, name)) {
                        return None;
                    }
                    before = Some(name);
                    reader.fields.push((name, into.len()));
                    write_bytes(into, name);
                    reader.content(into, depth + 1)
                })?;
                let fields = &self.fields[outer..];
                if !fields.is_sorted() {
                    sort(into, fields);
                }
                self.fields.truncate(outer);
                put_number(into, start, count);
            }
            b'[' => {
                into.push(tag::ARRAY);
                let start = put_room(into);
                let count = self.parts(b']', |reader| reader.content(into, depth + 1))?;
                put_number(into, start, count);
            }
            b'n' => {
                self.word(b"null")?;
                into.push(tag::NULL);
            }
            b't' => {
                self.word(b"true")?;
                key::encode(into, &Value::Bool(true), 0).ok()?;
            }
            b'f' => {
                self.word(b"false")?;
                key::encode(into, &Value::Bool(false), 0).ok()?;
            }
            _ => {
                let number: Decimal = self.number()?.parse().ok()?;
                key::encode(into, &Value::Decimal(number), 0).ok()?;
            }
        }
        Some(())
    }
}

/// Whether one name stands before another in `jsonb`; so none comes twice.
fn is_before(name: &[u8], other: &[u8]) -> bool {
    (name.len(), name) < (other.len(), other)
}

/// Puts the fields of an object, the last of what is there, into the order of their names.
fn sort(content: &mut Vec<u8>, fields: &[(&[u8], usize)]) {
    let Some(&(_, start)) = fields.first() else { return };
    let unsorted = content.split_off(start);
    let mut end = unsorted.len();
    let mut parts: Vec<(&[u8], &[u8])> = Vec::with_capacity(fields.len());
    for &(name, at) in fields.iter().rev() {
        parts.push((name, &unsorted[at - start..end]));
        end = at - start;
    }
    parts.sort_unstable();
    for (_, part) in parts {
        content.extend_from_slice(part);
    }
}

/// Leaves room for a number that is known when what follows it is; gives its place.
fn put_room(content: &mut Vec<u8>) -> usize {
    content.push(0);
    content.len() - 1
}

/// Puts a number where there is room for it. Few numbers take more than the one byte that was left.
fn put_number(content: &mut Vec<u8>, at: usize, number: u64) {
    match u8::try_from(number) {
        Ok(byte) if byte < 0x80 => content[at] = byte,
        _ => {
            let mut bytes = Vec::with_capacity(10);
            write_number(&mut bytes, number);
            content.splice(at..=at, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::Object;
    use crate::value::codec::content_hash;
    use crate::value::extended_json::{parse_plain, to_plain_text};

    /// JSON as `jsonb` writes it.
    fn json() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|truth| truth.to_string()),
            any::<i64>().prop_map(|number| number.to_string()),
            "-?(0|[1-9][0-9]{0,12})(\\.[0-9]{1,5})?",
            "\"[a-cé \\u{1f642}']{0,5}\"",
        ];
        let inner = scalar.prop_recursive(3, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|parts| format!("[{}]", parts.join(", "))),
                prop::collection::btree_map("[a-cé]{0,3}", inner, 0..4).prop_map(object),
            ]
        });
        prop::collection::btree_map("[a-cé]{0,3}", inner, 0..6).prop_map(object)
    }

    fn object(fields: std::collections::BTreeMap<String, String>) -> String {
        let mut fields: Vec<(String, String)> = fields.into_iter().collect();
        fields.sort_by_key(|(name, _)| (name.len(), name.clone()));
        let parts: Vec<String> =
            fields.into_iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        format!("{{{}}}", parts.join(", "))
    }

    proptest! {
        #[test]
        fn an_object_held_as_text_is_as_one_that_was_read(text in json()) {
            let read = parse_plain(&text).unwrap();
            if let Some(held) = Object::from_json(&text) {
                prop_assert_eq!(held.json(), Some(text.as_str()));
                let held = Value::object(held);
                prop_assert_eq!(content_hash([&held]), content_hash([&read]));
                prop_assert_eq!(to_plain_text(&held), to_plain_text(&read));
                prop_assert_eq!(held, read);
            } else {
                prop_assert!(text.contains("-0") || text.len() > NUMBER);
            }
        }

        #[test]
        fn what_is_taken_is_json(text in "[{}\\[\\]\",:a-c0-9.eE\\\\ -]{0,12}") {
            let text = format!("{{{text}");
            let mut into = vec![7];
            prop_assert_eq!(content(&mut into, &text), is_plain_object(&text));
            if is_plain_object(&text) {
                prop_assert!(parse_plain(&text).is_ok(), "{}", text);
            } else {
                prop_assert_eq!(into, [7]);
            }
        }
    }

    #[test]
    fn many_parts_are_counted_as_they_are() {
        let fields = |from: usize, count: usize| {
            (from..from + count).map(|n| (n.to_string(), format!("[{}]", vec!["7"; n].join(", "))))
        };
        for count in [0, 1, 127, 128, 200] {
            let text = object(fields(100, count).chain(fields(0, 90)).collect());
            let held = Value::object(Object::from_json(&text).unwrap());
            let read = parse_plain(&text).unwrap();
            assert_eq!(content_hash([&held]), content_hash([&read]), "{count}");
        }
    }

    #[test]
    fn what_is_not_plain_is_not_held_as_text() {
        for text in [
            r#"{"bb": 1, "a": 2}"#,
            r#"{"a": 1, "a": 2}"#,
            r#"{"a": "\n"}"#,
            r#"{"a": 1e5}"#,
            r#"{"a": -0}"#,
            r#"{"a": 01}"#,
            r#"{"a": 123456789012345678901}"#,
            r#"{"a": 1} "#,
            r#"{"a": 1,}"#,
            "[1]",
            "",
        ] {
            assert!(!is_plain_object(text), "{text}");
            assert!(!content(&mut Vec::new(), text), "{text}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        assert!(!is_plain_object(&deep) && !content(&mut Vec::new(), &deep));
        assert!(is_plain_object(r#"{"a": 0.50, "bb": [], "cc": {}}"#));
    }
}

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
    let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
    text.starts_with('{') && reader.skip(0).is_some() && reader.at == text.len()
}

/// Appends the content of a text that [`is_plain_object`], as [`super::codec`] does of its value.
pub(super) fn content(into: &mut Vec<u8>, text: &str) {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
    // It was looked through when it was taken.
    let _ = reader.content(into);
}

/// Each step gives `None` where the text is not plain.
struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
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
                    // Sorted as `jsonb` does, and so none comes twice.
                    if before.is_some_and(|before| (before.len(), before) >= (name.len(), name)) {
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

    fn content(&mut self, into: &mut Vec<u8>) -> Option<()> {
        match self.peek()? {
            b'"' => key::encode_text(into, self.string()?),
            b'{' => {
                let mut fields: Vec<(&[u8], usize)> = Vec::with_capacity(8);
                self.parts(b'}', |reader| {
                    fields.push((reader.name()?, reader.at));
                    reader.skip(0)
                })?;
                let end = self.at;
                fields.sort_unstable();
                into.push(tag::OBJECT);
                write_number(into, fields.len() as u64);
                for (name, value) in fields {
                    write_bytes(into, name);
                    self.at = value;
                    self.content(into)?;
                }
                self.at = end;
            }
            b'[' => {
                let start = self.at;
                let count = self.parts(b']', |reader| reader.skip(0))?;
                into.push(tag::ARRAY);
                write_number(into, count);
                self.at = start;
                self.parts(b']', |reader| reader.content(into))?;
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
            if is_plain_object(&text) {
                prop_assert!(parse_plain(&text).is_ok(), "{}", text);
            }
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
        }
        assert!(!is_plain_object(&format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200))));
        assert!(is_plain_object(r#"{"a": 0.50, "bb": [], "cc": {}}"#));
    }
}

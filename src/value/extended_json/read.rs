//! Reading: one pass from text to values.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::wrapper;
use crate::value::names::Names;
use crate::value::{Decimal, Object, Problem, Value};

/// Why text is not read as JSON. It holds nothing of what the text says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line} column {column}")]
pub struct ParseError {
    /// What it counts as: `json` (syntax), `duplicate_key`, `number`, `wrapper` (a `$…` object that
    /// is wrong or has no counterpart), or `uuid_order` (a UUID of the old binary subtype 3, whose
    /// byte order is not known).
    pub reason: &'static str,
    /// A sentence without a full stop.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1; it may be just after the mistake.
    pub column: usize,
}

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        Self::new(error.reason, error.to_string())
    }
}

/// Reads one value of extended JSON, relaxed or canonical. For many texts see [`Parser`].
///
/// # Errors
/// When it is not JSON, an object has a name twice, a number has too many digits, nesting is deeper
/// than 127, or a `$…` wrapper is wrong or unknown.
pub fn parse(text: impl AsRef<[u8]>) -> Result<Value, ParseError> {
    Parser { extended: true, names: Names::none() }.parse(text.as_ref())
}

/// Reads one value of plain JSON: `{"$oid": …}` is an object as any other.
///
/// # Errors
/// As [`parse`], wrappers aside.
pub fn parse_plain(text: impl AsRef<[u8]>) -> Result<Value, ParseError> {
    Parser { extended: false, names: Names::none() }.parse(text.as_ref())
}

/// A reader for many texts of one shape: it is faster than [`parse`], and field names that come
/// again share their memory.
#[derive(Debug)]
pub struct Parser {
    extended: bool,
    names: Names,
}

impl Parser {
    /// Reads extended JSON.
    pub fn extended() -> Self {
        Self { extended: true, names: Names::new() }
    }

    /// Reads plain JSON.
    pub fn plain() -> Self {
        Self { extended: false, names: Names::new() }
    }

    /// Reads one value.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn parse(&self, text: &[u8]) -> Result<Value, ParseError> {
        let start = text.as_ptr().addr();
        let state =
            State { parser: self, text: start..start + text.len(), failure: Cell::new(None) };
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = Seed(&state).deserialize(&mut reader);
        value.and_then(|value| reader.end().map(|()| value)).map_err(|error| {
            let failure = state.failure.take();
            let reason = failure.as_ref().map_or("json", |failure| failure.reason);
            let message = match failure {
                Some(failure) => failure.message,
                None => syntax_message(&error),
            };
            ParseError { reason, message, line: error.line(), column: error.column() }
        })
    }
}

/// What the JSON reader says, without the place, which is told apart.
fn syntax_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// What is wrong with what the JSON means.
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

struct State<'p> {
    parser: &'p Parser,
    /// Where the text lies in memory.
    text: Range<usize>,
    failure: Cell<Option<Failure>>,
}

impl State<'_> {
    fn fail<E: de::Error>(&self, failure: Failure) -> E {
        self.failure.set(Some(failure));
        // Only the place of this error is used.
        E::custom("")
    }
}

#[derive(Clone, Copy)]
struct Seed<'s>(&'s State<'s>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::Decimal(value.into()), Value::Int))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let state = self.0;
        let name = match map.next_key_seed(Name(state))? {
            None => return Ok(Value::object(Object::new())),
            Some(Key::Number) => {
                let text: String = map.next_value()?;
                return number(&text).map_err(|failure| state.fail(failure));
            }
            Some(Key::Name(name)) => name,
        };
        if state.parser.extended && wrapper::is_reserved(&name) {
            return self.wrapper(&name, map);
        }
        let mut fields = Vec::with_capacity(8);
        let mut seen = Seen::default();
        let mut next = Some(name);
        while let Some(name) = next {
            if !seen.is_new(&fields, &name) {
                return Err(state.fail(Failure::new("duplicate_key", "a name is given twice")));
            }
            let value = map.next_value_seed(self)?;
            fields.push((name, value));
            next = match map.next_key_seed(Name(state))? {
                Some(Key::Name(name)) => Some(name),
                Some(Key::Number) | None => None,
            };
        }
        Ok(Value::object(Object::from_unique(fields)))
    }
}

impl Seed<'_> {
    fn wrapper<'de, A: MapAccess<'de>>(self, name: &str, mut map: A) -> Result<Value, A::Error> {
        let state = self.0;
        let content = map.next_value_seed(self)?;
        let mut second = None;
        while let Some(Key::Name(name)) = map.next_key_seed(Name(state))? {
            if second.is_some() {
                return Err(state.fail(wrapper::not_alone()));
            }
            second = Some((name, map.next_value_seed(self)?));
        }
        let second = second.as_ref().map(|(name, value)| (&**name, value));
        wrapper::read(name, &content, second).map_err(|failure| state.fail(failure))
    }
}

/// Finds names that come twice, in linear time also for objects with thousands of names.
#[derive(Default)]
struct Seen(HashSet<Arc<str>>);

impl Seen {
    fn is_new(&mut self, fields: &[(Arc<str>, Value)], name: &Arc<str>) -> bool {
        const FEW: usize = 24;
        if fields.len() < FEW {
            return fields.iter().all(|(field, _)| field != name);
        }
        if self.0.is_empty() {
            self.0.extend(fields.iter().map(|(field, _)| Arc::clone(field)));
        }
        self.0.insert(Arc::clone(name))
    }
}

enum Key {
    Number,
    Name(Arc<str>),
}

struct Name<'s>(&'s State<'s>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Key;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key, E> {
        // With arbitrary precision a number comes as a map with one private name. A name of the
        // text lies in the text; so no document can pass an object off as a number.
        if self.0.text.contains(&name.as_ptr().addr()) || !name.starts_with("$serde_json::") {
            return Ok(Key::Name(self.0.parser.names.get(name)));
        }
        Ok(Key::Number)
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(Key::Name(self.0.parser.names.get(name)))
    }
}

/// The value of a JSON number that is not an integer of 64 bits.
fn number(text: &str) -> Result<Value, Failure> {
    let whole = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if (!whole || text == "-0")
        && let Ok(float) = text.parse::<f64>()
        && float.is_finite()
        && is_own_text(text, float)
    {
        return Ok(Value::Float(float));
    }
    text.parse::<Decimal>().map(Value::Decimal).map_err(|_| {
        Failure::new("number", format!("a number has more than {} digits", Decimal::MAX_DIGITS))
    })
}

/// Whether the text is how the float itself is written.
fn is_own_text(text: &str, float: f64) -> bool {
    // Up to 15 digits a float keeps every decimal apart, so its shortest text has those digits.
    let plain = text.len() <= 16 && !text.contains(['e', 'E']);
    if plain && (!text.ends_with('0') || text.ends_with(".0")) {
        return true;
    }
    text == format!("{float:?}")
        || text == float.to_string()
        || serde_json::Number::from_f64(float).is_some_and(|number| number.as_str() == text)
}

/// Reads a string that stands inside a wrapper as a number.
pub(super) fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

//! The tree: values with spans, tables in the order of the file.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::Text;
use crate::diagnostics::{Span, wording};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its place: all of an inline value, the header of a table that has one.
    pub span: Span,
    /// The value.
    pub kind: NodeKind,
}

/// A value of a document.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Text.
    Text(Text),
    /// A whole number.
    Integer(i64),
    /// A number with a point.
    Float(f64),
    /// A truth value.
    Boolean(bool),
    /// A date, a time, or both.
    Datetime(Datetime),
    /// A list.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
    /// Something that was refused; the error is reported.
    Invalid,
}

/// A date, a time, or both, as TOML has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datetime {
    /// A date.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// Both, without an offset.
    DateTime(NaiveDateTime),
    /// Both, with an offset: a moment.
    Timestamp(DateTime<Utc>),
}

/// A table: entries in the order of the file. Keys are unique.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Text,
    /// Whether the key was quoted.
    pub quoted: bool,
    /// Whether it is a part of a dotted key (`a` in `a.b = 1`), headers aside.
    pub dotted: bool,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The text, when it is one.
    pub fn as_text(&self) -> Option<&Text> {
        match &self.kind {
            NodeKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The table, when it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.kind {
            NodeKind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The list, when it is one.
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Array(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// Whether it was refused.
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind, NodeKind::Invalid)
    }
}

impl Table {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.as_str() == key)
    }

    /// The refused key that was probably meant to be this one.
    pub fn misspelt(&self, key: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.value.is_invalid() && entry.key.as_str() != key)
            .find(|entry| wording::suggest(&entry.key, [key]).is_some())
    }

    /// Whether the first key begins with `$`: the table is a literal in extended JSON.
    pub fn is_extended_json(&self) -> bool {
        self.entries.first().is_some_and(|entry| entry.key.starts_with('$'))
    }
}

impl fmt::Display for NodeKind {
    /// The type in TOML's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(Datetime::Date(_)) => "a date",
            Self::Datetime(Datetime::Time(_)) => "a time",
            Self::Datetime(_) => "a datetime",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
            Self::Invalid => "nothing that can be read",
        })
    }
}

//! `source = { … }`: where a phase's records come from.

use super::{Entity, EntityKind, Filter, Located};
use crate::diagnostics::Span;
use crate::document::{Spanned, Text};
use crate::value::Value;

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its table.
    pub span: Span,
    /// The connection; `None` for files, or after an error.
    pub connection: Option<Text>,
    /// What is read.
    pub input: Input,
    /// The ordered unique key; empty is the store's own (a table's primary key, `_id`).
    pub key: Vec<Text>,
    /// Declared column types: name and type as written.
    pub columns: Vec<(Text, Text)>,
    /// Which records.
    pub filter: Option<Filter>,
    /// A path whose elements become records.
    pub explode: Option<Text>,
    /// The element's name in paths and templates.
    pub element: Option<Text>,
}

/// What a source reads.
#[derive(Clone, Debug)]
pub enum Input {
    /// A table or collection.
    Entity(Entity),
    /// A query in the store's language.
    Query(Text),
    /// A collection through an aggregation pipeline.
    Pipeline {
        /// The collection.
        collection: Text,
        /// The stages.
        stages: Spanned<Vec<Value>>,
    },
    /// Files.
    Files(Files),
    /// Something that was refused; the error is reported.
    Invalid,
}

/// Files as a source.
#[derive(Clone, Debug)]
pub struct Files {
    /// A glob.
    pub pattern: Located,
    /// The format; `None` goes by the ending.
    pub format: Option<Spanned<FileFormat>>,
    /// A label of the Encoding Standard; `None` is UTF-8.
    pub encoding: Option<Text>,
    /// CSV: the field delimiter; `None` is a comma.
    pub delimiter: Option<Spanned<u8>>,
    /// CSV: texts that mean null.
    pub null_values: Vec<Text>,
}

/// File formats; a further `.gz` or `.zst` ending means compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// One JSON document per line, extended JSON included.
    JsonLines,
    /// Comma-separated values with a header line.
    Csv,
}

impl Source {
    /// The table or collection that is read, when it is one.
    pub fn entity(&self) -> Option<Entity> {
        match &self.input {
            Input::Entity(entity) => Some(entity.clone()),
            Input::Pipeline { collection, .. } => {
                Some(Entity { kind: EntityKind::Collection, name: collection.clone() })
            }
            Input::Query(_) | Input::Files(_) | Input::Invalid => None,
        }
    }
}

//! What a connection is opened with.

use std::path::PathBuf;

use crate::value::{Problem, Value};

/// A connection as the plan hands it to a connector. Secrets are inside `url`; it has no `Debug`.
#[derive(Clone)]
pub struct ConnectionConfig {
    /// Its name in the spec.
    pub name: String,
    /// Where it is, variables put in, relative paths made absolute.
    pub url: String,
    /// Whether entities are collections, when the store can do both.
    pub model: Model,
    /// What to do with values that have no counterpart.
    pub policies: Policies,
    /// Files to read, when this is a file source.
    pub files: Option<FileSource>,
    /// Whether a database that is not there may be created (for fixtures).
    pub create: bool,
}

/// Tables or collections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Tables with columns.
    #[default]
    Tables,
    /// Collections of documents.
    Documents,
}

/// Named policies for values that have no exact counterpart. The default of each is to reject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// NUL characters in text, for a store that can't hold them.
    pub nul: Option<NulPolicy>,
    /// Texts that are read as true and as false in boolean columns.
    pub booleans: Option<(Vec<String>, Vec<String>)>,
    /// The encoding of text that is not declared, or declared wrongly (a label of the Encoding
    /// Standard).
    pub encoding: Option<String>,
    /// Dates with a zero in year, month or day (MySQL).
    pub zero_date: Option<ZeroDatePolicy>,
    /// The byte order of UUIDs in BSON binaries of subtype 3.
    pub uuid_order: Option<UuidOrder>,
}

/// What a date with a zero in year, month or day is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroDatePolicy {
    /// Null.
    Null,
    /// This day (at midnight, where there is a time).
    Replace(chrono::NaiveDate),
}

/// The byte order in which a driver wrote UUIDs before BSON's subtype 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UuidOrder {
    /// As RFC 9562 has it; also that of old Python drivers.
    Standard,
    /// The two halves reversed each (old Java drivers).
    Java,
    /// The first three fields little-endian (old C# drivers).
    CSharp,
}

/// What to do with NUL characters in text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NulPolicy {
    /// Leave them out.
    Strip,
    /// Put this text in their place.
    Replace(String),
}

/// Files as a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSource {
    /// A glob, absolute.
    pub pattern: PathBuf,
    /// The format; `None` goes by the ending.
    pub format: Option<FileFormat>,
    /// A label of the Encoding Standard; `None` is UTF-8.
    pub encoding: Option<String>,
    /// CSV: the field delimiter.
    pub delimiter: u8,
    /// CSV: texts that mean null. Empty: an empty unquoted field is empty text.
    pub null_values: Vec<String>,
    /// Declared column types, by column.
    pub columns: Vec<(String, crate::value::DataType)>,
}

/// File formats. A further `.gz` or `.zst` ending is taken off by decompressing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// One JSON document per line, extended JSON included.
    JsonLines,
    /// Comma-separated values with a header line.
    Csv,
}

/// Text that a store without NUL characters holds, by the connection's policy.
///
/// # Errors
/// When the text has a NUL character and no policy says what to do with it.
pub(crate) fn without_nul(value: Value, policy: Option<&NulPolicy>) -> Result<Value, Problem> {
    let Value::Text(text) = &value else { return Ok(value) };
    if !text.contains('\0') {
        return Ok(value);
    }
    match policy {
        None => {
            Err(Problem::new("nul", "the target holds no NUL character in text (policy `nul`)"))
        }
        Some(NulPolicy::Strip) => Ok(Value::from(text.replace('\0', ""))),
        Some(NulPolicy::Replace(with)) => Ok(Value::from(text.replace('\0', with))),
    }
}

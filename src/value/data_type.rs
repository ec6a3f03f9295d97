//! Types: what a column promises to hold, and what kind a value is.

use std::fmt;

/// The kind of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the Value variant of its name")]
pub enum Kind {
    Missing,
    Null,
    Bool,
    Int,
    Float,
    Decimal,
    Text,
    Bytes,
    Date,
    Time,
    DateTime,
    Timestamp,
    Uuid,
    ObjectId,
    Array,
    Object,
}

impl Kind {
    /// The name as messages use it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Int => "integer",
            Self::Float => "float",
            Self::Decimal => "decimal",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
            Self::ObjectId => "objectid",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type of a column or of an expression's result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// Anything: nothing is promised (documents, untyped columns).
    Any,
    /// True or false.
    Bool,
    /// A whole number of `bits` bits.
    Int {
        /// 16, 32 or 64.
        bits: u8,
        /// Whether it has a sign.
        signed: bool,
    },
    /// A binary float of `bits` bits.
    Float {
        /// 32 or 64.
        bits: u8,
    },
    /// An exact decimal; `None` is unbounded.
    Decimal {
        /// Digits in all.
        precision: Option<u32>,
        /// Digits after the point.
        scale: Option<u32>,
    },
    /// Text of at most `length` characters.
    Text {
        /// Characters, when bounded.
        length: Option<u32>,
    },
    /// Bytes.
    Bytes,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A wall-clock date and time without zone.
    DateTime,
    /// A moment.
    Timestamp,
    /// A UUID.
    Uuid,
    /// A MongoDB object id.
    ObjectId,
    /// A JSON document of any shape.
    Json,
    /// A list of one type.
    Array(Box<DataType>),
    /// One of the named values.
    Enum(Vec<String>),
}

impl DataType {
    /// A 64-bit signed integer.
    pub const INT64: Self = Self::Int { bits: 64, signed: true };
    /// A 64-bit float.
    pub const FLOAT64: Self = Self::Float { bits: 64 };
    /// Text without a bound.
    pub const TEXT: Self = Self::Text { length: None };
    /// A decimal without bounds.
    pub const DECIMAL: Self = Self::Decimal { precision: None, scale: None };
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Bool => f.write_str("boolean"),
            Self::Int { bits: 64, signed: true } => f.write_str("integer"),
            Self::Int { bits, signed: true } => write!(f, "integer({bits})"),
            Self::Int { bits, signed: false } => write!(f, "unsigned({bits})"),
            Self::Float { bits: 64 } => f.write_str("float"),
            Self::Float { bits } => write!(f, "float({bits})"),
            Self::Decimal { precision: None, .. } => f.write_str("decimal"),
            Self::Decimal { precision: Some(precision), scale } => {
                write!(f, "decimal({precision},{})", scale.unwrap_or(0))
            }
            Self::Text { length: None } => f.write_str("text"),
            Self::Text { length: Some(length) } => write!(f, "text({length})"),
            Self::Bytes => f.write_str("bytes"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::DateTime => f.write_str("datetime"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Uuid => f.write_str("uuid"),
            Self::ObjectId => f.write_str("objectid"),
            Self::Json => f.write_str("json"),
            Self::Array(element) => write!(f, "array({element})"),
            Self::Enum(values) => write!(f, "enum({})", values.join(", ")),
        }
    }
}

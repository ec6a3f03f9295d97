//! Types: what a column promises to hold, and what kind a value is.

use std::fmt;
use std::str::FromStr;

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

    /// The names of all types, without what may stand in parentheses behind them.
    pub const NAMES: &'static [&'static str] = &[
        "text",
        "integer",
        "unsigned",
        "float",
        "decimal",
        "boolean",
        "bytes",
        "date",
        "time",
        "datetime",
        "timestamp",
        "uuid",
        "objectid",
        "json",
        "array",
        "any",
    ];
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

/// The text names no type of the spec language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a type is one of text, text(LENGTH), integer, integer(16|32|64), unsigned(16|32|64), float, \
     float(32|64), decimal, decimal(PRECISION, SCALE), boolean, bytes, date, time, datetime, \
     timestamp, uuid, objectid, json, array, array(TYPE), any"
)]
pub struct ParseDataTypeError;

impl FromStr for DataType {
    type Err = ParseDataTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Bounds the recursion of array(array(…)).
        if text.len() > 200 {
            return Err(ParseDataTypeError);
        }
        let (name, arguments) = match text.trim().split_once('(') {
            None => (text.trim(), None),
            Some((name, rest)) => {
                let arguments = rest.strip_suffix(')').ok_or(ParseDataTypeError)?;
                (name.trim_end(), Some(arguments.trim()))
            }
        };
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| ParseDataTypeError);
        let bits = |least: u8| match arguments.map(number).transpose()? {
            None => Ok(64),
            Some(bits) => u8::try_from(bits)
                .ok()
                .filter(|bits| matches!(bits, 16 | 32 | 64) && *bits >= least)
                .ok_or(ParseDataTypeError),
        };
        Ok(match name {
            "text" => match arguments.map(number).transpose()? {
                Some(0) => return Err(ParseDataTypeError),
                length => Self::Text { length },
            },
            "integer" => Self::Int { bits: bits(16)?, signed: true },
            "unsigned" => Self::Int { bits: bits(16)?, signed: false },
            "float" => Self::Float { bits: bits(32)? },
            "decimal" => match arguments {
                None => Self::DECIMAL,
                Some(arguments) => {
                    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
                    let (precision, scale) = (number(precision)?, number(scale)?);
                    if precision == 0 || scale > precision {
                        return Err(ParseDataTypeError);
                    }
                    Self::Decimal { precision: Some(precision), scale: Some(scale) }
                }
            },
            "array" => Self::Array(Box::new(arguments.map_or(Ok(Self::Any), str::parse)?)),
            _ if arguments.is_some() => return Err(ParseDataTypeError),
            "any" => Self::Any,
            "boolean" => Self::Bool,
            "bytes" => Self::Bytes,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime" => Self::DateTime,
            "timestamp" => Self::Timestamp,
            "uuid" => Self::Uuid,
            "objectid" => Self::ObjectId,
            "json" => Self::Json,
            _ => return Err(ParseDataTypeError),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_a_type() {
        for name in DataType::NAMES {
            assert!(name.parse::<DataType>().is_ok(), "{name}");
        }
    }

    #[test]
    fn every_spelling_is_read_back() {
        for text in [
            "text",
            "text(20)",
            "integer",
            "integer(16)",
            "integer(32)",
            "unsigned(64)",
            "float",
            "float(32)",
            "decimal",
            "decimal(10,2)",
            "boolean",
            "bytes",
            "date",
            "time",
            "datetime",
            "timestamp",
            "uuid",
            "objectid",
            "json",
            "array(text(3))",
            "any",
        ] {
            let data_type: DataType = text.parse().unwrap();
            assert_eq!(data_type.to_string(), text);
        }
        assert_eq!("integer(64)".parse(), Ok(DataType::INT64));
        assert_eq!(" decimal( 10 , 2 ) ".parse::<DataType>().unwrap().to_string(), "decimal(10,2)");
        assert_eq!("array".parse(), Ok(DataType::Array(Box::new(DataType::Any))));
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for text in [
            "",
            "string",
            "text(0)",
            "text(-1)",
            "text(",
            "text)",
            "integer(8)",
            "float(16)",
            "decimal(2,3)",
            "decimal(0,0)",
            "decimal(a,b)",
            "uuid(4)",
            "array(what)",
            "Text",
        ] {
            assert_eq!(text.parse::<DataType>(), Err(ParseDataTypeError), "{text}");
        }
        let deep = "array(".repeat(100_000);
        assert_eq!(deep.parse::<DataType>(), Err(ParseDataTypeError));
    }
}

//! Declared column types, and what SQLite makes of them.

use crate::value::DataType;

/// How SQLite changes values on their way into a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

/// What a column holds, and its affinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnType {
    pub(crate) data_type: DataType,
    pub(crate) affinity: Affinity,
}

impl ColumnType {
    /// A column of which nothing is known, such as an expression in a query.
    pub(crate) const UNKNOWN: Self = Self { data_type: DataType::Any, affinity: Affinity::Blob };

    /// Reads a declared type, as in `CREATE TABLE`.
    pub(crate) fn of(declared: &str) -> Self {
        let upper = declared.to_ascii_uppercase();
        let affinity = affinity(&upper);
        Self { data_type: data_type(&upper, affinity), affinity }
    }
}

/// SQLite's own rule.
fn affinity(upper: &str) -> Affinity {
    let has = |part: &str| upper.contains(part);
    if has("INT") {
        Affinity::Integer
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Affinity::Text
    } else if has("BLOB") || upper.trim().is_empty() {
        Affinity::Blob
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

fn data_type(upper: &str, affinity: Affinity) -> DataType {
    let (name, arguments) = upper.split_once('(').unwrap_or((upper, ""));
    let mut numbers =
        arguments.trim_end_matches(')').split(',').map(|part| part.trim().parse::<u32>().ok());
    let first = numbers.next().flatten();
    let second = numbers.next().flatten();
    match name.trim() {
        "BOOL" | "BOOLEAN" => DataType::Bool,
        "DECIMAL" | "NUMERIC" | "NUMBER" | "DEC" => numeric(first, second),
        "DECIMAL_TEXT" => {
            DataType::Decimal { precision: first, scale: first.map(|_| second.unwrap_or(0)) }
        }
        "STRING" => DataType::TEXT,
        "BLOB" | "BINARY" | "VARBINARY" | "BYTEA" => DataType::Bytes,
        "DATE" => DataType::Date,
        "TIME" => DataType::Time,
        "DATETIME" | "TIMESTAMP" => DataType::DateTime,
        "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" => DataType::Timestamp,
        "UUID" | "GUID" | "UNIQUEIDENTIFIER" => DataType::Uuid,
        "JSON" | "JSONB" => DataType::Json,
        "OBJECTID_TEXT" => DataType::ObjectId,
        name => match affinity {
            Affinity::Integer => DataType::INT64,
            Affinity::Real => DataType::FLOAT64,
            Affinity::Text if name.contains("CHAR") => DataType::Text { length: first },
            Affinity::Text => DataType::TEXT,
            Affinity::Blob | Affinity::Numeric => DataType::Any,
        },
    }
}

/// Decimal digits that a binary float keeps exactly.
pub(super) const FLOAT_DIGITS: u32 = 15;
/// Decimal digits that always fit a 64-bit integer.
const INT_DIGITS: u32 = 18;

/// A column with numeric affinity keeps integers of 64 bits and floats, whatever it declares: so
/// many digits are what it can promise.
fn numeric(precision: Option<u32>, scale: Option<u32>) -> DataType {
    match precision {
        None => DataType::Decimal { precision: Some(FLOAT_DIGITS), scale: None },
        Some(precision) => {
            let scale = scale.unwrap_or(0);
            let most = if scale == 0 { INT_DIGITS } else { FLOAT_DIGITS };
            DataType::Decimal { precision: Some(precision.min(most)), scale: Some(scale) }
        }
    }
}

/// Whether decimals of this type are held as numbers; the others are held as text.
pub(super) fn held_as_number(precision: Option<u32>, scale: Option<u32>) -> bool {
    precision.is_some_and(|precision| {
        precision <= FLOAT_DIGITS || (scale == Some(0) && precision <= INT_DIGITS)
    })
}

/// The type to declare for a column that is to hold these values.
pub(super) fn declare(data_type: &DataType) -> String {
    match data_type {
        DataType::Any => String::new(),
        DataType::Bool => "BOOLEAN".to_owned(),
        DataType::Int { .. } => "INTEGER".to_owned(),
        DataType::Float { .. } => "REAL".to_owned(),
        DataType::Decimal { precision, scale } => {
            let name = if held_as_number(*precision, *scale) { "DECIMAL" } else { "DECIMAL_TEXT" };
            match (precision, scale) {
                (Some(_), None) => "NUMERIC".to_owned(),
                (Some(precision), Some(scale)) => format!("{name}({precision},{scale})"),
                (None, _) => name.to_owned(),
            }
        }
        DataType::Text { length: Some(length) } => format!("VARCHAR({length})"),
        DataType::Text { length: None } | DataType::Enum(_) => "TEXT".to_owned(),
        DataType::Bytes => "BLOB".to_owned(),
        DataType::Date => "DATE".to_owned(),
        DataType::Time => "TIME".to_owned(),
        DataType::DateTime => "DATETIME".to_owned(),
        DataType::Timestamp => "TIMESTAMPTZ".to_owned(),
        DataType::Uuid => "UUID".to_owned(),
        DataType::ObjectId => "OBJECTID_TEXT".to_owned(),
        DataType::Json | DataType::Array(_) => "JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types() {
        let cases = [
            ("INTEGER", DataType::INT64, Affinity::Integer),
            ("tinyint(1)", DataType::INT64, Affinity::Integer),
            ("BOOLEAN", DataType::Bool, Affinity::Numeric),
            ("VARCHAR(20)", DataType::Text { length: Some(20) }, Affinity::Text),
            ("text", DataType::TEXT, Affinity::Text),
            ("", DataType::Any, Affinity::Blob),
            ("DOUBLE PRECISION", DataType::FLOAT64, Affinity::Real),
            ("TIMESTAMP WITH TIME ZONE", DataType::Timestamp, Affinity::Numeric),
            (
                "DECIMAL(10, 2)",
                DataType::Decimal { precision: Some(10), scale: Some(2) },
                Affinity::Numeric,
            ),
            (
                "NUMERIC(38,10)",
                DataType::Decimal { precision: Some(15), scale: Some(10) },
                Affinity::Numeric,
            ),
            ("DECIMAL_TEXT", DataType::DECIMAL, Affinity::Text),
        ];
        for (declared, data_type, affinity) in cases {
            assert_eq!(ColumnType::of(declared), ColumnType { data_type, affinity }, "{declared}");
        }
    }

    #[test]
    fn what_is_declared_is_read_back() {
        let decimal = |precision, scale| DataType::Decimal { precision, scale };
        for data_type in [
            DataType::Any,
            DataType::Bool,
            DataType::INT64,
            DataType::FLOAT64,
            DataType::DECIMAL,
            decimal(Some(12), Some(2)),
            decimal(Some(38), Some(10)),
            decimal(Some(18), Some(0)),
            decimal(Some(15), None),
            DataType::Text { length: Some(9) },
            DataType::TEXT,
            DataType::Bytes,
            DataType::Date,
            DataType::Time,
            DataType::DateTime,
            DataType::Timestamp,
            DataType::Uuid,
            DataType::ObjectId,
            DataType::Json,
        ] {
            assert_eq!(ColumnType::of(&declare(&data_type)).data_type, data_type);
        }
    }
}

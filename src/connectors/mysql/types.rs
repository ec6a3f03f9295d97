//! Declared column types, and how their values are sent.

use crate::value::DataType;

use super::config::Server;

/// How a column's values look on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Whole numbers, years included.
    Int,
    /// `TINYINT(1)` where the connection says which numbers are truth values.
    Truth,
    /// `BIT(1)`.
    Bool,
    Bit,
    Decimal,
    Float,
    Double,
    Text,
    Bytes,
    Date,
    DateTime,
    Timestamp,
    Time,
    Json,
    Uuid,
    /// Text of a form of its own that the server checks, such as `INET6`.
    Formed,
}

/// The character set in which text is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8mb4,
    Utf8mb3,
    Ascii,
    /// `latin1`, which is windows-1252 in MySQL.
    Latin1,
    /// One that the server turns into UTF-8.
    Other,
    None,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnType {
    pub(super) class: Class,
    pub(super) data_type: DataType,
    pub(super) charset: Charset,
    /// Whether the server's order and equality are those of the bytes.
    pub(super) by_bytes: bool,
    /// Whether blanks at the end do not count.
    pub(super) padded: bool,
}

impl ColumnType {
    /// A column of a query, of which the driver tells the type.
    pub(super) fn of_result(name: &str) -> Self {
        let declared = name.to_ascii_lowercase();
        let declared = if declared == "boolean" { "tinyint".to_owned() } else { declared };
        let textual = declared.ends_with("text")
            || matches!(declared.as_str(), "char" | "varchar" | "enum" | "set" | "json");
        let charset = if textual { Charset::Utf8mb4 } else { Charset::None };
        let mut column = Self::of(&declared, charset, None, false);
        // Length and digits are not told.
        column.data_type = match column.data_type {
            DataType::Decimal { .. } => DataType::DECIMAL,
            DataType::Text { .. } | DataType::Enum(_) => DataType::TEXT,
            other => other,
        };
        if column.class == Class::Bool {
            column.class = Class::Bit;
            column.data_type = DataType::Int { bits: 64, signed: false };
        }
        column
    }

    /// Reads a declared type, as the catalog spells it.
    pub(super) fn of(
        declared: &str,
        charset: Charset,
        collation: Option<&str>,
        truths: bool,
    ) -> Self {
        let Declared { name, first, second, unsigned } = Declared::of(declared);
        let int = |bits| DataType::Int { bits, signed: !unsigned };
        let (class, data_type) = match name {
            "tinyint" if first == Some(1) && truths && !unsigned => (Class::Truth, DataType::Bool),
            "tinyint" | "smallint" | "year" => (Class::Int, int(16)),
            "mediumint" | "int" => (Class::Int, int(32)),
            "bigint" => (Class::Int, int(64)),
            "bit" if first.unwrap_or(1) == 1 => (Class::Bool, DataType::Bool),
            "bit" => (Class::Bit, DataType::Int { bits: 64, signed: false }),
            "decimal" => (
                Class::Decimal,
                DataType::Decimal {
                    precision: Some(first.unwrap_or(10)),
                    scale: Some(second.unwrap_or(0)),
                },
            ),
            "float" => (Class::Float, DataType::Float { bits: 32 }),
            "double" => (Class::Double, DataType::FLOAT64),
            "char" | "varchar" => (Class::Text, DataType::Text { length: first }),
            "enum" => (Class::Text, DataType::Enum(members(declared))),
            "tinytext" | "text" | "mediumtext" | "longtext" | "set" => {
                (Class::Text, DataType::TEXT)
            }
            "date" => (Class::Date, DataType::Date),
            "datetime" => (Class::DateTime, DataType::DateTime),
            "timestamp" => (Class::Timestamp, DataType::Timestamp),
            "time" => (Class::Time, DataType::Time),
            "json" => (Class::Json, DataType::Json),
            "uuid" => (Class::Uuid, DataType::Uuid),
            "inet4" | "inet6" => (Class::Formed, DataType::TEXT),
            _ => (Class::Bytes, DataType::Bytes),
        };
        let collation = collation.unwrap_or_default();
        let listed = matches!(name, "enum" | "set");
        let no_pad = collation.contains("nopad") || collation.contains("_0900_");
        Self {
            class,
            data_type,
            charset,
            by_bytes: class != Class::Text
                || (!listed && collation.ends_with("_bin") && is_utf8(charset)),
            padded: class == Class::Text && (listed || !no_pad),
        }
    }
}

/// The parts of a declared type.
pub(super) struct Declared<'d> {
    pub(super) name: &'d str,
    pub(super) first: Option<u32>,
    pub(super) second: Option<u32>,
    pub(super) unsigned: bool,
}

impl<'d> Declared<'d> {
    pub(super) fn of(declared: &'d str) -> Self {
        let end = declared.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(declared.len());
        let (name, rest) = declared.split_at(end);
        let inside = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let mut numbers =
            inside.map_or("", |(inside, _)| inside).split(',').map(|n| n.trim().parse().ok());
        Self {
            name,
            first: numbers.next().flatten(),
            second: numbers.next().flatten(),
            unsigned: rest.contains(" unsigned"),
        }
    }
}

/// The names of `enum('a','it''s')` or of a set.
pub(super) fn members(declared: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut characters = declared.chars().skip_while(|c| *c != '\'').peekable();
    while characters.next() == Some('\'') {
        let mut name = String::new();
        while let Some(character) = characters.next() {
            if character != '\'' {
                name.push(character);
            } else if characters.next_if_eq(&'\'').is_some() {
                name.push('\'');
            } else {
                break;
            }
        }
        names.push(name);
        while characters.next_if(|c| *c == ',').is_some() {}
    }
    names
}

/// The character set of that name.
pub(super) fn charset(name: Option<&str>) -> Charset {
    match name {
        None | Some("binary") => Charset::None,
        Some("utf8mb4") => Charset::Utf8mb4,
        Some("utf8" | "utf8mb3") => Charset::Utf8mb3,
        Some("ascii") => Charset::Ascii,
        Some("latin1") => Charset::Latin1,
        Some(_) => Charset::Other,
    }
}

fn is_utf8(charset: Charset) -> bool {
    matches!(charset, Charset::Utf8mb4 | Charset::Utf8mb3 | Charset::Ascii)
}

/// Characters that the text columns of one index have together: 3072 bytes, of four each, and room
/// for other columns.
const INDEXED: u32 = 720;

/// The type to declare for a column that is to hold these values. A text that is one of `keys`
/// columns of text in a key gets a length, since text without one can't be indexed.
pub(super) fn declare(data_type: &DataType, keys: Option<u32>, server: Server) -> String {
    let text = format!("CHARACTER SET utf8mb4 COLLATE {}", server.exact_collation());
    match data_type {
        DataType::Bool => "BIT(1)".to_owned(),
        DataType::Int { bits, signed } => {
            let name = match bits {
                16 => "SMALLINT",
                32 => "INT",
                _ => "BIGINT",
            };
            if *signed { name.to_owned() } else { format!("{name} UNSIGNED") }
        }
        DataType::Float { bits: 32 } => "FLOAT".to_owned(),
        DataType::Float { .. } => "DOUBLE".to_owned(),
        DataType::Decimal { precision: Some(precision), scale } => {
            format!("DECIMAL({precision},{})", scale.unwrap_or(0))
        }
        // As many digits as there can be, on both sides of the point.
        DataType::Decimal { precision: None, .. } => "DECIMAL(65,30)".to_owned(),
        DataType::Text { length: Some(length @ 1..=16_000) } => format!("VARCHAR({length}) {text}"),
        DataType::Text { .. } | DataType::Any => match keys {
            Some(count) => format!("VARCHAR({}) {text}", (INDEXED / count.max(1)).min(255)),
            None => format!("LONGTEXT {text}"),
        },
        DataType::Enum(names) => {
            let names: Vec<String> = names.iter().map(|name| super::codec::quoted(name)).collect();
            format!("ENUM({}) {text}", names.join(","))
        }
        DataType::Bytes => match keys {
            Some(count) => format!("VARBINARY({})", (INDEXED / count.max(1)).min(255)),
            None => "LONGBLOB".to_owned(),
        },
        DataType::Date => "DATE".to_owned(),
        DataType::Time => "TIME(6)".to_owned(),
        DataType::DateTime => "DATETIME(6)".to_owned(),
        DataType::Timestamp => "TIMESTAMP(6)".to_owned(),
        DataType::Uuid if server.has_uuid() => "UUID".to_owned(),
        DataType::Uuid => format!("CHAR(36) {text}"),
        DataType::ObjectId => format!("CHAR(24) {text}"),
        DataType::Json | DataType::Array(_) => "JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types() {
        let of = |declared: &str| ColumnType::of(declared, Charset::Utf8mb4, None, false);
        let cases = [
            ("tinyint(1)", DataType::Int { bits: 16, signed: true }),
            ("bigint(20) unsigned", DataType::Int { bits: 64, signed: false }),
            ("bit(1)", DataType::Bool),
            ("bit(12)", DataType::Int { bits: 64, signed: false }),
            ("decimal(65,30)", DataType::Decimal { precision: Some(65), scale: Some(30) }),
            ("varchar(20)", DataType::Text { length: Some(20) }),
            (
                "enum('a','it''s','x,y')",
                DataType::Enum(vec!["a".into(), "it's".into(), "x,y".into()]),
            ),
            ("timestamp(6)", DataType::Timestamp),
            ("geometry", DataType::Bytes),
        ];
        for (declared, data_type) in cases {
            assert_eq!(of(declared).data_type, data_type, "{declared}");
        }
        let truth = ColumnType::of("tinyint(1)", Charset::None, None, true);
        assert_eq!((truth.class, truth.data_type), (Class::Truth, DataType::Bool));
    }
}

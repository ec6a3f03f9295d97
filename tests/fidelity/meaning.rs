//! The one notation in which what all stores hold is compared.

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document};
use serde_json::Value as Json;

use super::hard::Store;

/// What a column of a table holds, by its declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Number,
    Text,
    Bool,
    Bytes,
    Date,
    DateTime,
    Moment,
    Time,
    Uuid,
    ObjectId,
    Json,
    Array,
}

impl Shape {
    pub(crate) fn of(store: Store, declared: &str) -> Self {
        let lower = declared.to_lowercase();
        if lower.ends_with("[]") {
            return Self::Array;
        }
        match lower.split(['(', ' ']).next().unwrap_or_default() {
            "json" | "jsonb" => Self::Json,
            "bool" | "boolean" | "bit" => Self::Bool,
            "uuid" => Self::Uuid,
            "objectid" | "objectid_text" => Self::ObjectId,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime" => Self::DateTime,
            "timestamp" if matches!(store, Store::MariaDb | Store::Csv) => Self::Moment,
            "timestamp" => Self::DateTime,
            "timestamptz" => Self::Moment,
            "blob" | "bytea" | "longblob" | "bytes" => Self::Bytes,
            "numeric" | "decimal" | "decimal_text" | "real" | "double" | "float" | "integer"
            | "bigint" | "smallint" | "tinyint" => Self::Number,
            _ => Self::Text,
        }
    }

    /// The kind of its values.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Text => "text",
            Self::Bool => "boolean",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Moment => "moment",
            Self::Time => "time",
            Self::Uuid => "uuid",
            Self::ObjectId => "oid",
            Self::Json | Self::Array => "json",
        }
    }

    /// What the store's own text of a value means.
    pub(crate) fn meaning(self, text: &str) -> String {
        let clock = |text: &str| trimmed(&text.replace(' ', "T"));
        match self {
            Self::Number => number(text),
            Self::Text => quoted(text),
            Self::Bool => match text {
                "1" | "t" => "true".to_owned(),
                "0" | "f" => "false".to_owned(),
                other => other.to_owned(),
            },
            Self::Bytes => format!("bytes:{}", text.to_lowercase()),
            Self::Date => format!("date:{}", era(text)),
            Self::DateTime => format!("datetime:{}", clock(&era(text))),
            Self::Moment => format!("moment:{}Z", clock(era(text).trim_end_matches('Z'))),
            Self::Time => format!("time:{}", trimmed(text)),
            Self::Uuid => format!("uuid:{text}"),
            Self::ObjectId => format!("oid:{text}"),
            Self::Json | Self::Array => match serde_json::from_str(text) {
                Ok(json) => plain(&json),
                Err(_) => format!("no JSON: {text}"),
            },
        }
    }
}

/// `0044-03-15 BC` is the year -43.
fn era(text: &str) -> String {
    match text.strip_suffix(" BC").and_then(|text| text.split_once('-')) {
        Some((year, rest)) => format!("-{:04}-{rest}", year.parse::<u32>().unwrap_or(0) - 1),
        None => text.to_owned(),
    }
}

/// Without zeros at the end of a second's fraction.
fn trimmed(text: &str) -> String {
    match text.split_once('.') {
        Some((_, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => text.to_owned(),
    }
}

/// A number without superfluous zeros and without an exponent.
pub(crate) fn number(text: &str) -> String {
    let spelt = text.trim_start_matches("Inf");
    match (text, text.parse::<bigdecimal::BigDecimal>()) {
        (_, Ok(number)) => number.normalized().to_plain_string(),
        ("inf" | "Inf", _) => "Infinity".to_owned(),
        _ if spelt != text => "Infinity".to_owned(),
        _ => text.to_owned(),
    }
}

pub(crate) fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// The kind of a value in the notation.
pub(crate) fn kind(meaning: &str) -> &str {
    match meaning.as_bytes().first() {
        Some(b'"') => "text",
        Some(b'[' | b'{') => "json",
        _ if matches!(meaning, "true" | "false") => "boolean",
        _ if matches!(meaning, "null" | "missing") => meaning,
        _ => meaning.split_once(':').map_or("number", |(kind, _)| kind),
    }
}

/// A value without its kind.
pub(crate) fn content(meaning: &str) -> String {
    match kind(meaning) {
        "text" => serde_json::from_str::<String>(meaning).unwrap_or_default(),
        "number" => number(meaning),
        "json" => {
            serde_json::from_str(meaning).map_or_else(|_| meaning.to_owned(), |json| plain(&json))
        }
        "boolean" | "null" | "missing" => meaning.to_owned(),
        kind => meaning[kind.len() + 1..].to_owned(),
    }
}

/// The meaning of JSON in a column.
pub(crate) fn plain(json: &Json) -> String {
    match json {
        Json::Number(digits) => number(&digits.to_string()),
        Json::Array(values) => list(values.iter().map(plain)),
        Json::Object(fields) => object(fields.iter().map(|(name, value)| (name, plain(value)))),
        scalar => scalar.to_string(),
    }
}

/// The meaning of extended JSON in a document of SQLite.
pub(crate) fn extended(json: &Json) -> String {
    match json {
        Json::Number(digits) => number(&digits.to_string()),
        Json::Array(values) => list(values.iter().map(extended)),
        Json::Object(fields) if fields.keys().next().is_some_and(|name| name.starts_with('$')) => {
            bson(&to_bson(json))
        }
        Json::Object(fields) => object(fields.iter().map(|(name, value)| (name, extended(value)))),
        scalar => scalar.to_string(),
    }
}

/// The meaning of a BSON value.
pub(crate) fn bson(value: &Bson) -> String {
    match value {
        Bson::Int32(value) => value.to_string(),
        Bson::Int64(value) => value.to_string(),
        Bson::Double(value) if value.is_nan() => "NaN".to_owned(),
        Bson::Double(value) if value.is_infinite() => {
            if *value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
        }
        Bson::Double(value) => number(&value.to_string()),
        Bson::Decimal128(value) => number(&value.to_string()),
        Bson::String(text) => quoted(text),
        Bson::Boolean(value) => value.to_string(),
        Bson::Null => "null".to_owned(),
        Bson::ObjectId(id) => format!("oid:{id}"),
        Bson::DateTime(at) => {
            match chrono::DateTime::from_timestamp_millis(at.timestamp_millis()) {
                Some(at) => {
                    let text = at.naive_utc().format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
                    format!("moment:{}Z", trimmed(&text))
                }
                None => format!("{at:?}"),
            }
        }
        Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes }) => {
            format!("bytes:{}", hex(bytes))
        }
        Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes }) => {
            let id = uuid::Uuid::from_slice(bytes);
            id.map_or_else(|_| "no UUID".to_owned(), |id| format!("uuid:{id}"))
        }
        Bson::Array(values) => list(values.iter().map(bson)),
        Bson::Document(fields) => object(fields.iter().map(|(name, value)| (name, bson(value)))),
        other => format!("{other:?}"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

fn object<'n>(fields: impl Iterator<Item = (&'n String, String)>) -> String {
    let fields: Vec<String> =
        fields.map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", fields.join(","))
}

/// Extended JSON as BSON.
pub(crate) fn to_bson(json: &Json) -> Bson {
    use base64::Engine as _;
    let decoded = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    match json {
        Json::Null => Bson::Null,
        Json::Bool(value) => Bson::Boolean(*value),
        Json::Number(digits) => match digits.as_i64() {
            Some(number) => i32::try_from(number).map_or(Bson::Int64(number), Bson::Int32),
            None => Bson::Double(digits.to_string().parse().unwrap()),
        },
        Json::String(text) => Bson::String(text.clone()),
        Json::Array(values) => Bson::Array(values.iter().map(to_bson).collect()),
        Json::Object(fields) => {
            let (name, inner) = fields.iter().next().map_or(("", &Json::Null), |(n, v)| (n, v));
            let text = inner.as_str().unwrap_or_default();
            match name {
                "$numberDecimal" => Bson::Decimal128(text.parse().unwrap()),
                "$numberDouble" => Bson::Double(text.parse().unwrap()),
                "$numberLong" => Bson::Int64(text.parse().unwrap()),
                "$oid" => Bson::ObjectId(text.parse().unwrap()),
                "$date" => {
                    let millis = match to_bson(inner) {
                        Bson::Int64(millis) => millis,
                        Bson::Int32(millis) => millis.into(),
                        _ => chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis(),
                    };
                    Bson::DateTime(mongodb::bson::DateTime::from_millis(millis))
                }
                "$uuid" => Bson::Binary(Binary {
                    subtype: BinarySubtype::Uuid,
                    bytes: uuid::Uuid::parse_str(text).unwrap().as_bytes().to_vec(),
                }),
                "$binary" => {
                    let part = |name: &str| inner[name].as_str().unwrap_or_default();
                    let subtype = u8::from_str_radix(part("subType"), 16).unwrap();
                    Bson::Binary(Binary { subtype: subtype.into(), bytes: decoded(part("base64")) })
                }
                _ => {
                    let mut document = Document::new();
                    for (name, value) in fields {
                        document.insert(name, to_bson(value));
                    }
                    Bson::Document(document)
                }
            }
        }
    }
}

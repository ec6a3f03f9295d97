//! Types of columns: how they are read and written.

use crate::value::DataType;

/// How values of a type are on the wire in binary form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    /// Text in every type that holds text.
    Text,
    Bytea,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Uuid,
    Json,
    Jsonb,
    /// A list, with the object id of the elements' type.
    Array(Box<Codec>, u32),
    /// The type of the extension pgvector: a list of short floats, read and written as text.
    Vector,
    /// Read and written as the type's text.
    AsText,
}

impl Codec {
    /// Whether the server's own text of the type is what goes over the wire.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::AsText | Self::Vector)
    }
}

/// What the catalog says of a type, domains resolved.
#[derive(Clone, Debug)]
pub(super) struct TypeRow {
    /// The type's own name.
    pub(super) name: String,
    /// Whether it is one of PostgreSQL's own.
    pub(super) builtin: bool,
    /// `e` for an enum.
    pub(super) class: String,
    /// Its modifier: length, precision; -1 for none.
    pub(super) modifier: i32,
    /// For an array, its elements' type.
    pub(super) element: Option<Element>,
    /// An enum's names, or those of an array's elements.
    pub(super) labels: Option<Vec<String>>,
}

/// The elements' type of an array.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) builtin: bool,
    pub(super) class: String,
    pub(super) id: u32,
}

impl TypeRow {
    /// Whether the type, or that of its elements, is PostgreSQL's own.
    pub(super) fn is_builtin(&self) -> bool {
        self.element.as_ref().map_or(self.builtin, |element| element.builtin)
    }

    /// How it is read and written, and what it holds.
    pub(super) fn resolve(&self) -> (Codec, DataType) {
        if let Some(element) = &self.element {
            let inner = Self {
                name: element.name.clone(),
                builtin: element.builtin,
                class: element.class.clone(),
                modifier: self.modifier,
                element: None,
                labels: self.labels.clone(),
            };
            let (codec, data_type) = inner.resolve();
            return match codec {
                Codec::AsText | Codec::Vector => (Codec::AsText, DataType::TEXT),
                codec => (
                    Codec::Array(Box::new(codec), element.id),
                    DataType::Array(Box::new(data_type)),
                ),
            };
        }
        if self.class == "e" {
            return (Codec::Text, DataType::Enum(self.labels.clone().unwrap_or_default()));
        }
        if self.name == "citext" {
            return (Codec::Text, DataType::TEXT);
        }
        if self.name == "vector" && !self.builtin && self.class == "b" {
            return (Codec::Vector, DataType::Array(Box::new(DataType::Float { bits: 32 })));
        }
        if !self.builtin {
            return (Codec::AsText, DataType::TEXT);
        }
        let length = u32::try_from(self.modifier - 4).ok();
        match self.name.as_str() {
            "bool" => (Codec::Bool, DataType::Bool),
            "int2" => (Codec::Int2, DataType::Int { bits: 16, signed: true }),
            "int4" => (Codec::Int4, DataType::Int { bits: 32, signed: true }),
            "int8" => (Codec::Int8, DataType::INT64),
            "float4" => (Codec::Float4, DataType::Float { bits: 32 }),
            "float8" => (Codec::Float8, DataType::FLOAT64),
            "numeric" => (Codec::Numeric, numeric(self.modifier)),
            "text" | "name" => (Codec::Text, DataType::TEXT),
            "varchar" => (Codec::Text, DataType::Text { length }),
            "bpchar" => (Codec::Text, DataType::Text { length }),
            "bytea" => (Codec::Bytea, DataType::Bytes),
            "date" => (Codec::Date, DataType::Date),
            "time" => (Codec::Time, DataType::Time),
            "timestamp" => (Codec::Timestamp, DataType::DateTime),
            "timestamptz" => (Codec::TimestampTz, DataType::Timestamp),
            "uuid" => (Codec::Uuid, DataType::Uuid),
            "json" => (Codec::Json, DataType::Json),
            "jsonb" => (Codec::Jsonb, DataType::Json),
            _ => (Codec::AsText, DataType::TEXT),
        }
    }
}

/// `numeric(10,2)` as its modifier tells it. A scale below zero is not part of the type; what it
/// rounds is refused when values are fitted.
fn numeric(modifier: i32) -> DataType {
    let Ok(packed) = u32::try_from(modifier - 4) else { return DataType::DECIMAL };
    let (precision, scale) = (packed >> 16, packed & 0x7ff);
    if scale >= 0x400 {
        return DataType::DECIMAL;
    }
    DataType::Decimal { precision: Some(precision), scale: Some(scale) }
}

/// The type to declare for a column that is to hold these values.
pub(super) fn declare(data_type: &DataType) -> String {
    match data_type {
        DataType::Any | DataType::Enum(_) => "text".to_owned(),
        DataType::Bool => "boolean".to_owned(),
        DataType::Int { bits: 16, signed: true } => "smallint".to_owned(),
        DataType::Int { bits: 32, signed: true } | DataType::Int { bits: 16, signed: false } => {
            "integer".to_owned()
        }
        DataType::Int { bits: 64, signed: false } => "numeric(20,0)".to_owned(),
        DataType::Int { .. } => "bigint".to_owned(),
        DataType::Float { bits: 32 } => "real".to_owned(),
        DataType::Float { .. } => "double precision".to_owned(),
        DataType::Decimal { precision: Some(precision), scale: Some(scale) } => {
            format!("numeric({precision},{scale})")
        }
        DataType::Decimal { .. } => "numeric".to_owned(),
        DataType::Text { length: Some(length) } => format!("varchar({length})"),
        DataType::Text { length: None } => "text".to_owned(),
        DataType::Bytes => "bytea".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::Time => "time".to_owned(),
        DataType::DateTime => "timestamp".to_owned(),
        DataType::Timestamp => "timestamptz".to_owned(),
        DataType::Uuid => "uuid".to_owned(),
        DataType::ObjectId => "varchar(24)".to_owned(),
        // Keeps the order of names, which `jsonb` does not.
        DataType::Json => "json".to_owned(),
        DataType::Array(element) => match element.as_ref() {
            DataType::Array(_) => declare(element),
            DataType::Any => "json".to_owned(),
            element => format!("{}[]", declare(element)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_of_numeric() {
        let decimal =
            |precision, scale| DataType::Decimal { precision: Some(precision), scale: Some(scale) };
        assert_eq!(numeric(4 + (10 << 16) + 2), decimal(10, 2));
        assert_eq!(numeric(4 + (1000 << 16) + 1000), decimal(1000, 1000));
        assert_eq!(numeric(-1), DataType::DECIMAL);
        // numeric(5,-2)
        assert_eq!(numeric(4 + (5 << 16) + (0x800 - 2)), DataType::DECIMAL);
    }
}

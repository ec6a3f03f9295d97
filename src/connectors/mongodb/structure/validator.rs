//! What a collection's validator asks of its documents, from columns and back.

use mongodb::bson::{Bson, Document, doc};

use crate::value::DataType;
use crate::value::structure::{ColumnDefinition, ColumnType, EnumDefinition, TableDefinition};

/// The validator of these columns.
pub(super) fn of(table: &TableDefinition) -> Document {
    let mut properties = Document::new();
    let mut required: Vec<Bson> = Vec::new();
    for column in &table.columns {
        if !column.nullable {
            required.push(Bson::String(column.name.clone()));
        }
        properties.insert(&column.name, property(column));
    }
    let mut schema = doc! { "bsonType": "object" };
    if let Some(comment) = &table.comment {
        schema.insert("description", comment);
    }
    if !required.is_empty() {
        schema.insert("required", required);
    }
    if !properties.is_empty() {
        schema.insert("properties", properties);
    }
    doc! { "$jsonSchema": schema }
}

/// What is asked of one field. Its type stands in the title, since BSON has fewer.
pub(super) fn property(column: &ColumnDefinition) -> Document {
    let mut property = Document::new();
    match &column.column_type {
        ColumnType::Portable(data_type) => {
            property.insert("title", data_type.to_string());
            let mut names: Vec<Bson> =
                bson_types(data_type).iter().map(|name| Bson::String((*name).into())).collect();
            if !names.is_empty() {
                if column.nullable {
                    names.push("null".into());
                }
                property.insert("bsonType", names);
            }
            if let DataType::Text { length: Some(length) } = data_type {
                property.insert("maxLength", i64::from(*length));
            }
        }
        ColumnType::Enum(definition) => {
            property.insert("title", &definition.name);
            let mut values: Vec<Bson> =
                definition.values.iter().map(|value| Bson::String(value.clone())).collect();
            if column.nullable {
                values.push(Bson::Null);
            }
            property.insert("enum", values);
        }
        ColumnType::Native(name) => {
            property.insert("bsonType", name);
        }
    }
    if let Some(comment) = &column.comment {
        property.insert("description", comment);
    }
    property
}

fn bson_types(data_type: &DataType) -> &'static [&'static str] {
    match data_type {
        DataType::Any | DataType::Json => &[],
        DataType::Bool => &["bool"],
        DataType::Int { bits: 16 | 32, signed: true } | DataType::Int { bits: 16, .. } => {
            &["int", "long"]
        }
        DataType::Int { .. } => &["int", "long"],
        DataType::Float { .. } => &["double", "int", "long"],
        DataType::Decimal { .. } => &["decimal", "int", "long"],
        DataType::Text { .. } | DataType::Time | DataType::Enum(_) => &["string"],
        DataType::Bytes | DataType::Uuid => &["binData"],
        DataType::Date | DataType::DateTime | DataType::Timestamp => &["date"],
        DataType::ObjectId => &["objectId"],
        DataType::Array(_) => &["array"],
    }
}

/// The columns that a validator speaks of, and what the collection is for.
pub(super) fn read(validator: &Document) -> (Vec<ColumnDefinition>, Option<String>) {
    let Ok(schema) = validator.get_document("$jsonSchema") else { return (Vec::new(), None) };
    let required: Vec<&str> = schema
        .get_array("required")
        .map(|names| names.iter().filter_map(Bson::as_str).collect())
        .unwrap_or_default();
    let comment = schema.get_str("description").ok().map(str::to_owned);
    let Ok(properties) = schema.get_document("properties") else { return (Vec::new(), comment) };
    let column = |(name, property): (&String, &Bson)| {
        let property = property.as_document()?;
        Some(ColumnDefinition {
            name: name.clone(),
            column_type: column_type(name, property),
            nullable: !required.contains(&name.as_str()),
            default: None,
            generated: None,
            comment: property.get_str("description").ok().map(str::to_owned),
        })
    };
    (properties.iter().filter_map(column).collect(), comment)
}

fn column_type(name: &str, property: &Document) -> ColumnType {
    let title = property.get_str("title").ok();
    if let Ok(values) = property.get_array("enum") {
        return ColumnType::Enum(EnumDefinition {
            name: title.unwrap_or(name).to_owned(),
            values: values.iter().filter_map(Bson::as_str).map(str::to_owned).collect(),
        });
    }
    if let Some(data_type) = title.and_then(|title| title.parse().ok()) {
        return ColumnType::Portable(data_type);
    }
    let first = match property.get("bsonType") {
        Some(Bson::String(name)) => name.as_str(),
        Some(Bson::Array(names)) => {
            names.iter().filter_map(Bson::as_str).find(|name| *name != "null").unwrap_or_default()
        }
        _ => "",
    };
    let length = property.get("maxLength").and_then(super::super::error::number);
    ColumnType::Portable(match first {
        "bool" => DataType::Bool,
        "int" => DataType::Int { bits: 32, signed: true },
        "long" => DataType::INT64,
        "double" | "number" => DataType::FLOAT64,
        "decimal" => DataType::DECIMAL,
        "string" => DataType::Text { length: length.and_then(|length| u32::try_from(length).ok()) },
        "binData" => DataType::Bytes,
        "date" => DataType::Timestamp,
        "objectId" => DataType::ObjectId,
        "array" => DataType::Array(Box::new(DataType::Any)),
        "object" => DataType::Json,
        "" => DataType::Any,
        other => return ColumnType::Native(other.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_back_from_the_validator() {
        let column = |name: &str, column_type, nullable| ColumnDefinition {
            name: name.into(),
            column_type,
            nullable,
            default: None,
            generated: None,
            comment: nullable.then(|| "why".to_owned()),
        };
        let portable = ColumnType::Portable;
        let status = EnumDefinition { name: "status".into(), values: vec!["a".into(), "b".into()] };
        let table = TableDefinition {
            name: "tasks".into(),
            columns: vec![
                column("title", portable(DataType::Text { length: Some(9) }), false),
                column("price", portable("decimal(12,2)".parse().unwrap()), true),
                column("status", ColumnType::Enum(status.clone()), false),
                column("state", ColumnType::Enum(status), true),
                column("anything", portable(DataType::Any), true),
                column("day", portable(DataType::Date), false),
            ],
            comment: Some("what is to do".into()),
            ..TableDefinition::default()
        };
        let validator = of(&table);
        assert_eq!(read(&validator), (table.columns, table.comment));
        let schema = validator.get_document("$jsonSchema").unwrap();
        let price = schema.get_document("properties").unwrap().get_document("price").unwrap();
        assert_eq!(
            price.get_array("bsonType").unwrap(),
            &["decimal".into(), "int".into(), "long".into(), Bson::from("null")]
        );
    }

    #[test]
    fn a_validator_that_somebody_else_wrote() {
        let validator = doc! { "$jsonSchema": { "properties": {
            "name": { "bsonType": "string", "maxLength": 20 },
            "at": { "bsonType": ["null", "date"] },
            "kind": { "enum": ["x"] },
        } } };
        let types: Vec<_> = read(&validator).0.into_iter().map(|it| it.column_type).collect();
        let kind = EnumDefinition { name: "kind".into(), values: vec!["x".into()] };
        assert_eq!(
            types,
            [
                ColumnType::Portable(DataType::Text { length: Some(20) }),
                ColumnType::Portable(DataType::Timestamp),
                ColumnType::Enum(kind),
            ]
        );
        assert_eq!(read(&doc! { "a": { "$gt": 1 } }), (Vec::new(), None));
    }
}

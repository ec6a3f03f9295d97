//! What is declared, as far as moving records is concerned.

use super::structure::{ColumnType, TableDefinition};
use super::{Column, DataType, ForeignKey, Index, IndexKey, Schema};

/// What moving records needs to know of a table that is declared.
pub fn schema_of(table: &TableDefinition) -> Schema {
    let columns = table.columns.iter().map(|column| Column {
        name: column.name.clone(),
        data_type: data_type(&column.column_type),
        declared: type_text(&column.column_type),
        nullable: column.nullable,
        has_default: column.default.is_some(),
        generated: column.generated.is_some(),
    });
    let unique = table.unique.iter().map(|unique| Index {
        name: unique.name.clone(),
        keys: unique
            .columns
            .iter()
            .map(|path| IndexKey { path: path.clone(), descending: false })
            .collect(),
        unique: true,
    });
    // An index that covers some rows only says nothing of the others.
    let whole = table.indexes.iter().filter(|index| index.condition.is_none());
    let indexes = whole.map(|index| Index {
        name: index.name.clone(),
        keys: index.keys.clone(),
        unique: index.unique,
    });
    Schema {
        columns: columns.collect(),
        primary_key: table.primary_key.clone(),
        foreign_keys: table
            .foreign_keys
            .iter()
            .map(|key| ForeignKey {
                columns: key.columns.clone(),
                table: key.table.clone(),
                references: key.references.clone(),
            })
            .collect(),
        indexes: unique.chain(indexes).collect(),
        open: false,
        sampled: None,
    }
}

/// What a column of this type holds, as far as records are concerned.
pub fn data_type(of: &ColumnType) -> DataType {
    match of {
        ColumnType::Portable(data_type) => data_type.clone(),
        ColumnType::Enum(definition) => DataType::Enum(definition.values.clone()),
        ColumnType::Native(_) => DataType::Any,
    }
}

/// A type as a spec writes it.
pub fn type_text(of: &ColumnType) -> String {
    match of {
        ColumnType::Portable(data_type) => data_type.to_string(),
        ColumnType::Enum(definition) => definition.name.clone(),
        ColumnType::Native(text) => text.clone(),
    }
}

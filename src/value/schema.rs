//! What a store says about a table or collection.

use super::DataType;

/// The shape of one table, collection or file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Columns in order. For a collection, what a profile of it found, path by path.
    pub columns: Vec<Column>,
    /// The primary key's columns (`_id` for a collection).
    pub primary_key: Vec<String>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes, the primary key's aside.
    pub indexes: Vec<Index>,
    /// Whether fields beyond `columns` may occur (collections, JSON Lines).
    pub open: bool,
    /// For a profile: how many records were looked at.
    pub sampled: Option<u64>,
}

impl Schema {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a unique index or the primary key covers exactly these columns, in any order.
    pub fn is_unique(&self, columns: &[String]) -> bool {
        let same = |other: &[String]| {
            other.len() == columns.len() && columns.iter().all(|column| other.contains(column))
        };
        (!self.primary_key.is_empty() && same(&self.primary_key))
            || self.indexes.iter().any(|index| {
                index.unique
                    && same(&index.keys.iter().map(|key| key.path.clone()).collect::<Vec<_>>())
            })
    }
}

/// One column, or one path of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name; a dotted path inside documents.
    pub name: String,
    /// What it holds.
    pub data_type: DataType,
    /// The type as the store spells it (`VARCHAR(20)`), for messages.
    pub declared: String,
    /// Whether null is allowed.
    pub nullable: bool,
    /// Whether the store fills it when it is left out (default, identity).
    pub has_default: bool,
    /// Whether the store computes it and refuses a written value.
    pub generated: bool,
}

impl Column {
    /// A nullable column of this type without a name, where only the type matters.
    pub fn of(data_type: DataType) -> Self {
        Self {
            name: String::new(),
            declared: data_type.to_string(),
            data_type,
            nullable: true,
            has_default: false,
            generated: false,
        }
    }

    /// A column that promises nothing, as every field of a document is.
    pub fn any() -> Self {
        Self::of(DataType::Any)
    }
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Columns here.
    pub columns: Vec<String>,
    /// The other table.
    pub table: String,
    /// Its columns.
    pub references: Vec<String>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name in the store.
    pub name: String,
    /// Keys in order.
    pub keys: Vec<IndexKey>,
    /// Whether it forbids duplicates.
    pub unique: bool,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct IndexKey {
    /// Column, or dotted path in a document.
    pub path: String,
    /// Whether it sorts from high to low.
    pub descending: bool,
}

//! The structure of a database: what a spec declares of it and what a catalog says.
//!
//! [`crate::value::Schema`] is what moving records needs to know of a table; a [`TableDefinition`] is
//! all that makes it, so that a table can be created, compared, altered and put back.

use serde::{Deserialize, Serialize};

use super::{DataType, IndexKey};

/// A type with named values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumDefinition {
    /// Its name.
    pub name: String,
    /// Its values in order.
    pub values: Vec<String>,
}

/// Everything that makes a table, or a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDefinition {
    /// Its name.
    pub name: String,
    /// Its columns in order. For a collection what a validator asks of its documents.
    pub columns: Vec<ColumnDefinition>,
    /// The primary key's columns in order; empty when it has none.
    pub primary_key: Vec<String>,
    /// Unique constraints, the primary key aside.
    pub unique: Vec<UniqueDefinition>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKeyDefinition>,
    /// Checks.
    pub checks: Vec<CheckDefinition>,
    /// Indexes; those that stand behind a primary key or a unique constraint aside.
    pub indexes: Vec<IndexDefinition>,
    /// What it is for.
    pub comment: Option<String>,
}

impl TableDefinition {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&ColumnDefinition> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub column_type: ColumnType,
    /// Whether null is allowed.
    pub nullable: bool,
    /// What fills it when it is left out.
    pub default: Option<DefaultValue>,
    /// The expression that computes it, in the store's language; such a column is never written.
    pub generated: Option<String>,
    /// What it is for.
    pub comment: Option<String>,
}

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnType {
    /// A type that every store has, or has something for. Never [`DataType::Enum`].
    Portable(#[serde(with = "data_type_text")] DataType),
    /// A type with named values. A store without such types has a column that holds only these; its
    /// values then change with [`StructureChange::AlterColumn`], one for each column.
    Enum(EnumDefinition),
    /// A type of one store, as it is written there (`tsvector`, `geometry(Point, 4326)`).
    Native(String),
}

/// What fills a column that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DefaultValue {
    /// A new random UUID.
    Uuid,
    /// The moment of the transaction.
    Now,
    /// The next number: an identity column.
    Identity,
    /// A text, or the value of an enum.
    Text(String),
    /// A number, as decimal digits.
    Number(String),
    /// True or false.
    Boolean(bool),
    /// A JSON document, as text.
    Json(String),
    /// An expression in the store's language.
    Expression(String),
}

/// A unique constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueDefinition {
    /// Its name in the store.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<String>,
}

/// A foreign key with what happens to the rows that refer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKeyDefinition {
    /// Its name in the store.
    pub name: String,
    /// Columns here.
    pub columns: Vec<String>,
    /// The other table.
    pub table: String,
    /// Its columns.
    pub references: Vec<String>,
    /// When the row that is referred to is deleted.
    pub on_delete: ReferentialAction,
    /// When its key changes.
    pub on_update: ReferentialAction,
}

/// What happens to the rows that refer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReferentialAction {
    /// The change is refused, at the end of the statement.
    #[default]
    NoAction,
    /// The change is refused at once.
    Restrict,
    /// They go, or change, too.
    Cascade,
    /// Their columns become null.
    SetNull,
    /// Their columns become what their defaults say.
    SetDefault,
}

/// A check of every row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDefinition {
    /// Its name in the store.
    pub name: String,
    /// The condition, in the store's language.
    pub expression: String,
}

/// An index with all that makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexDefinition {
    /// Its name in the store.
    pub name: String,
    /// Keys in order: columns, or dotted paths in a collection.
    pub keys: Vec<IndexKey>,
    /// Whether it forbids duplicates.
    pub unique: bool,
    /// Which rows it covers, as a condition in the store's language; `None` is all.
    pub condition: Option<String>,
    /// How it works.
    pub method: IndexMethod,
}

/// How an index works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexMethod {
    /// Ordered: equality, ranges, sorting.
    #[default]
    Ordered,
    /// What is inside JSON documents and arrays (GIN).
    Contents,
    /// Another method of one store, by its name there (`gist`, `brin`, `hash`).
    Native(String),
}

/// One step from one structure to another. A connector renders it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum StructureChange {
    CreateExtension {
        name: String,
    },
    DropExtension {
        name: String,
    },
    CreateEnum(EnumDefinition),
    /// Adds a value after another one, or first.
    AddEnumValue {
        name: String,
        value: String,
        after: Option<String>,
    },
    /// Takes values out; every row that holds one makes it fail.
    RemoveEnumValues {
        before: EnumDefinition,
        after: EnumDefinition,
        used_by: Vec<ColumnPlace>,
    },
    RenameEnum {
        from: String,
        to: String,
    },
    DropEnum(EnumDefinition),
    /// Creates a table without its foreign keys and indexes, which come as changes of their own.
    CreateTable(TableDefinition),
    DropTable(TableDefinition),
    RenameTable {
        from: String,
        to: String,
    },
    AddColumn {
        table: String,
        column: ColumnDefinition,
    },
    DropColumn {
        table: String,
        column: ColumnDefinition,
    },
    RenameColumn {
        table: String,
        from: String,
        to: String,
    },
    /// Changes type, nullability, default or comment. Where enums are types of their own, values that
    /// differ are none of its business.
    AlterColumn {
        table: String,
        before: ColumnDefinition,
        after: ColumnDefinition,
    },
    SetPrimaryKey {
        table: String,
        before: Vec<String>,
        after: Vec<String>,
    },
    AddUnique {
        table: String,
        unique: UniqueDefinition,
    },
    DropUnique {
        table: String,
        unique: UniqueDefinition,
    },
    AddForeignKey {
        table: String,
        key: ForeignKeyDefinition,
    },
    DropForeignKey {
        table: String,
        key: ForeignKeyDefinition,
    },
    AddCheck {
        table: String,
        check: CheckDefinition,
    },
    DropCheck {
        table: String,
        check: CheckDefinition,
    },
    CreateIndex {
        table: String,
        index: IndexDefinition,
    },
    DropIndex {
        table: String,
        index: IndexDefinition,
    },
    CommentTable {
        table: String,
        before: Option<String>,
        after: Option<String>,
    },
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnPlace {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// A change as a store will do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedChange {
    /// The statements, in the store's language, in order.
    pub statements: Vec<String>,
    /// What is locked meanwhile, and for how long (`writes to "tasks" wait while it is read once`).
    pub locks: String,
    /// What data it loses, if it does (`the values of "tasks"."notes"`).
    pub loses: Option<String>,
    /// Where the store has no such thing and something else takes its place: one sentence each
    /// (`enum "task_status" is TEXT with a CHECK`).
    pub differences: Vec<String>,
}

/// A type as the text that the language writes.
mod data_type_text {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::value::DataType;

    pub(super) fn serialize<S: Serializer>(
        data_type: &DataType,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(data_type)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DataType, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_comes_back_from_json() {
        let definition = TableDefinition {
            name: "tasks".into(),
            columns: vec![ColumnDefinition {
                name: "amount".into(),
                column_type: ColumnType::Portable(DataType::Decimal {
                    precision: Some(12),
                    scale: Some(2),
                }),
                nullable: false,
                default: Some(DefaultValue::Number("0.00".into())),
                generated: None,
                comment: None,
            }],
            primary_key: vec!["amount".into()],
            indexes: vec![IndexDefinition {
                name: "tasks_amount".into(),
                keys: vec![IndexKey { path: "amount".into(), descending: true }],
                unique: false,
                condition: Some("amount > 0".into()),
                method: IndexMethod::Native("brin".into()),
            }],
            ..TableDefinition::default()
        };
        let text = serde_json::to_string(&definition).unwrap();
        assert_eq!(serde_json::from_str::<TableDefinition>(&text).unwrap(), definition);
    }
}

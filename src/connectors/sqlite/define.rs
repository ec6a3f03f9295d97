//! Changes of an SQLite file's structure.

use super::catalog::quote;
use super::types::declare;
use super::writer::Writer;
use crate::connectors::tables::CatalogTable as _;
use crate::connectors::{Definition, StoreError, StoreErrorKind};
use crate::value::{DataType, Index, Schema};

/// Carries out a change of structure in a file of tables.
pub(crate) async fn define(writer: &mut Writer, definition: &Definition) -> Result<(), StoreError> {
    match definition {
        Definition::CreateTable { entity, schema } => {
            writer.run(create_table(entity, schema)).await
        }
        Definition::CreateCollection { .. } => Err(StoreError::new(
            StoreErrorKind::Unsupported,
            "a connection of tables has no collections; say model = \"documents\"",
        )),
        Definition::DropEntity { entity } => {
            writer.run(format!("DROP TABLE IF EXISTS {}", quote(entity))).await
        }
        Definition::CreateIndex { entity, index } => {
            let keys: Vec<String> = index
                .keys
                .iter()
                // A name that is no column would be taken for a text; with the table's it is not.
                .map(|key| format!("{}{}", quote(&key.path), descending(key.descending)))
                .collect();
            check_columns(writer, entity, index).await?;
            create_index(writer, entity, &index.name, index.unique, &keys).await
        }
        Definition::DropIndex { name, .. } => {
            writer.run(format!("DROP INDEX IF EXISTS {}", quote(name))).await
        }
        Definition::CreateView { entity, view } => {
            let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
            let query = view.query(quote, quote, literal);
            writer.run(format!("CREATE VIEW {} AS {query}", quote(entity))).await
        }
        Definition::Script(script) => writer.run(script.as_str()).await,
    }
}

pub(crate) fn descending(descending: bool) -> &'static str {
    if descending { " DESC" } else { "" }
}

/// Creates an index over columns or expressions in SQL.
pub(crate) async fn create_index(
    writer: &mut Writer,
    entity: &str,
    name: &str,
    unique: bool,
    keys: &[String],
) -> Result<(), StoreError> {
    let unique = if unique { "UNIQUE " } else { "" };
    let (name, keys) = (quote(name), keys.join(", "));
    let sql = format!("CREATE {unique}INDEX {name} ON {} ({keys})", quote(entity));
    writer.run(sql).await.map_err(|mut error| {
        if error.message.contains("a constraint is violated") {
            error.message = format!("index {name}: the records are not unique by its keys");
        }
        error
    })
}

async fn check_columns(writer: &mut Writer, entity: &str, index: &Index) -> Result<(), StoreError> {
    let (connection, context) = writer.parts();
    let table = context.table(connection, entity).await?;
    let names: Vec<&str> = index.keys.iter().map(|key| key.path.as_str()).collect();
    table.named(&names).map(|_| ())
}

fn create_table(entity: &str, schema: &Schema) -> String {
    // An integer that is the whole primary key is the row's number, which SQLite fills.
    let mut parts: Vec<String> = schema
        .columns
        .iter()
        .map(|column| {
            let name = quote(&column.name);
            let mut part = format!("{name} {}", declare(&column.data_type));
            if !column.nullable {
                part.push_str(" NOT NULL");
            }
            if let DataType::Enum(values) = &column.data_type {
                let values: Vec<String> =
                    values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
                part = format!("{part} CHECK ({name} IN ({}))", values.join(", "));
            }
            part
        })
        .collect();
    let list = |columns: &[String]| {
        let names: Vec<String> = columns.iter().map(|column| quote(column)).collect();
        names.join(", ")
    };
    if !schema.primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", list(&schema.primary_key)));
    }
    for key in &schema.foreign_keys {
        let references = if key.references.is_empty() {
            String::new()
        } else {
            format!(" ({})", list(&key.references))
        };
        parts.push(format!(
            "FOREIGN KEY ({}) REFERENCES {}{references}",
            list(&key.columns),
            quote(&key.table)
        ));
    }
    format!("CREATE TABLE IF NOT EXISTS {} ({})", quote(entity), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Column;

    #[test]
    fn a_table_with_its_key() {
        let column = |name: &str, data_type| Column {
            name: name.into(),
            data_type,
            declared: String::new(),
            nullable: name != "id",
            has_default: false,
            generated: false,
        };
        let schema = Schema {
            columns: vec![
                column("id", DataType::INT64),
                column("kind", DataType::Enum(vec!["a".into(), "it's".into()])),
            ],
            primary_key: vec!["id".into()],
            ..Schema::default()
        };
        assert_eq!(
            create_table("items", &schema),
            r#"CREATE TABLE IF NOT EXISTS "items" ("id" INTEGER NOT NULL, "kind" TEXT CHECK ("kind" IN ('a', 'it''s')), PRIMARY KEY ("id"))"#
        );
    }
}

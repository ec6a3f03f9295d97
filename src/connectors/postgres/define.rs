//! Changes of a database's structure.

use super::name::{LEDGER, Name, list, literal, quote};
use super::read;
use super::types::declare;
use super::writer::Writer;
use crate::connectors::tables::CatalogTable as _;
use crate::connectors::{Definition, StoreError, StoreErrorKind};
use crate::value::{DataType, Index, Schema};

/// Carries out a change of structure.
pub(super) async fn define(writer: &mut Writer, definition: &Definition) -> Result<(), StoreError> {
    match definition {
        Definition::CreateTable { entity, schema } => {
            let name = Name::parse(entity);
            let (connection, server) = writer.parts()?;
            // Also where the right to create it again is missing.
            let there = super::catalog::table(connection, entity).await;
            if there.map_err(|error| server.error(&error))?.is_some() {
                return Ok(());
            }
            let mut sql = create_table(&name, schema);
            if name.is_ledger() {
                let plain = store_plainly(&name, schema);
                sql = format!("CREATE SCHEMA IF NOT EXISTS {}; {sql}; {plain}", quote(LEDGER));
            }
            writer.define(sql).await
        }
        Definition::CreateCollection { .. } => Err(StoreError::new(
            StoreErrorKind::Unsupported,
            "PostgreSQL has tables, not collections",
        )),
        Definition::DropEntity { entity } => {
            writer.define(format!("DROP TABLE IF EXISTS {}", Name::parse(entity))).await
        }
        Definition::CreateIndex { entity, index } => {
            let (connection, server) = writer.parts()?;
            let table = read::table(connection, entity, server).await?;
            let names: Vec<&str> = index.keys.iter().map(|key| key.path.as_str()).collect();
            table.named(&names)?;
            let sql = create_index(&table.from, index);
            writer.define(sql).await.map_err(|mut error| {
                if error.message.contains("(SQLSTATE 23505)") {
                    error.message =
                        format!("index `{}`: the records are not unique by its keys", index.name);
                }
                error
            })
        }
        Definition::DropIndex { entity, name } => {
            let schema = Name::parse(entity).schema;
            let index = Name { schema, table: name.clone() };
            writer.define(format!("DROP INDEX IF EXISTS {index}")).await
        }
        Definition::CreateView { entity, view } => {
            let query = view.query(|name| Name::parse(name).to_string(), quote, literal);
            writer.define(format!("CREATE VIEW {} AS {query}", Name::parse(entity))).await
        }
        Definition::Script(script) => writer.define(script.clone()).await,
    }
}

fn create_index(from: &str, index: &Index) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| format!("{}{}", quote(&key.path), if key.descending { " DESC" } else { "" }))
        .collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!("CREATE {unique}INDEX {} ON {from} ({})", quote(&index.name), keys.join(", "))
}

/// Keeps the server from compressing the ledger's bytes: they are packed, and hashes do not shrink,
/// so that it would try for long and in vain.
fn store_plainly(name: &Name, schema: &Schema) -> String {
    let bytes = schema.columns.iter().filter(|column| column.data_type == DataType::Bytes);
    let parts: Vec<String> = bytes
        .map(|column| format!("ALTER COLUMN {} SET STORAGE EXTERNAL", quote(&column.name)))
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("ALTER TABLE {name} {}", parts.join(", "))
    }
}

fn create_table(name: &Name, schema: &Schema) -> String {
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
                let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
                part = format!("{part} CHECK ({name} IN ({}))", values.join(", "));
            }
            part
        })
        .collect();
    let columns = |names: &[String]| list(names.iter().map(String::as_str));
    if !schema.primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", columns(&schema.primary_key)));
    }
    for key in &schema.foreign_keys {
        let references = if key.references.is_empty() {
            String::new()
        } else {
            format!(" ({})", columns(&key.references))
        };
        parts.push(format!(
            "FOREIGN KEY ({}) REFERENCES {}{references}",
            columns(&key.columns),
            Name::parse(&key.table)
        ));
    }
    format!("CREATE TABLE IF NOT EXISTS {name} ({})", parts.join(", "))
}

//! Changes of a database's structure.

use super::catalog::{Table, quote, rows};
use super::codec::quoted;
use super::types::{Class, declare};
use super::writer::Writer;
use crate::connectors::tables::CatalogTable as _;
use crate::connectors::{Definition, StoreError, StoreErrorKind};
use crate::value::{DataType, Index, Schema};

/// Characters, or bytes, of a column without a length that an index looks at.
const PREFIX: u32 = 191;

/// Carries out a change of structure.
pub(super) async fn define(writer: &mut Writer, definition: &Definition) -> Result<(), StoreError> {
    match definition {
        Definition::CreateTable { entity, schema } => {
            // Otherwise the first TIMESTAMP that is not null would take the time of each change.
            // Where that can't be set, it is the default since MySQL 8.0 and MariaDB 10.10.
            let (connection, _) = writer.parts();
            let _ = super::catalog::execute(
                connection,
                "SET SESSION explicit_defaults_for_timestamp = 1",
            )
            .await;
            let sql = create_table(entity, schema, writer);
            writer.define(sql).await
        }
        Definition::CreateCollection { .. } => Err(StoreError::new(
            StoreErrorKind::Unsupported,
            "a connection of tables has no collections",
        )),
        Definition::DropEntity { entity } => {
            let view = is_view(writer, entity).await?;
            let kind = if view { "VIEW" } else { "TABLE" };
            writer.define(format!("DROP {kind} IF EXISTS {}", quote(entity))).await
        }
        Definition::CreateIndex { entity, index } => create_index(writer, entity, index).await,
        Definition::DropIndex { entity, name } => {
            let (connection, context) = writer.parts();
            let sql = format!(
                "SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
                 AND TABLE_NAME = {} AND INDEX_NAME = {} LIMIT 1",
                quoted(entity),
                quoted(name)
            );
            let found = rows(connection, sql).await.map_err(|e| context.error(&e))?;
            if found.is_empty() {
                return Ok(());
            }
            writer.define(format!("DROP INDEX {} ON {}", quote(name), quote(entity))).await
        }
        Definition::CreateView { entity, view } => {
            let query = view.query(quote, quote, quoted);
            writer.define(format!("CREATE VIEW {} AS {query}", quote(entity))).await
        }
        Definition::Script(script) => writer.define(script.as_str()).await,
    }
}

async fn is_view(writer: &mut Writer, entity: &str) -> Result<bool, StoreError> {
    let (connection, context) = writer.parts();
    let sql = format!(
        "SELECT 1 FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() \
         AND TABLE_NAME = {}",
        quoted(entity)
    );
    Ok(!rows(connection, sql).await.map_err(|e| context.error(&e))?.is_empty())
}

async fn create_index(writer: &mut Writer, entity: &str, index: &Index) -> Result<(), StoreError> {
    let (connection, context) = writer.parts();
    let table = context.table(connection, entity).await?;
    let names: Vec<&str> = index.keys.iter().map(|key| key.path.as_str()).collect();
    table.named(&names)?;
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| {
            let prefix = prefix(&table, &key.path, index.unique);
            let descending = if key.descending { " DESC" } else { "" };
            format!("{}{prefix}{descending}", quote(&key.path))
        })
        .collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = quote(&index.name);
    let sql = format!("CREATE {unique}INDEX {name} ON {} ({})", quote(entity), keys.join(", "));
    writer.define(sql).await.map_err(|mut error| {
        if error.message.contains("not unique") {
            error.message = format!("index {name}: the records are not unique by its keys");
        }
        error
    })
}

/// Text and bytes without a length are indexed by their beginning. That would be no unique index of
/// the column: one is left to the server, which in MariaDB keeps hashes and elsewhere refuses.
fn prefix(table: &Table, column: &str, unique: bool) -> String {
    let long = table.column(column).is_some_and(|column| {
        let column_type = &column.column_type;
        matches!(column_type.class, Class::Text | Class::Bytes | Class::Json)
            && (column.declared.contains("text")
                || column.declared.contains("blob")
                || column.declared == "json")
    });
    if long && !unique { format!("({PREFIX})") } else { String::new() }
}

fn create_table(entity: &str, schema: &Schema, writer: &Writer) -> String {
    let server = writer.database.server;
    let unbounded = |data_type: &DataType| {
        matches!(data_type, DataType::Text { length: None } | DataType::Any | DataType::Bytes)
    };
    let in_key = |name: &String| {
        schema.primary_key.contains(name)
            || schema.foreign_keys.iter().any(|key| key.columns.contains(name))
    };
    let keys = schema
        .columns
        .iter()
        .filter(|column| in_key(&column.name) && unbounded(&column.data_type))
        .count();
    let keys = u32::try_from(keys).unwrap_or(u32::MAX);
    let mut parts: Vec<String> = schema
        .columns
        .iter()
        .map(|column| {
            let keys = in_key(&column.name).then_some(keys);
            let declared = declare(&column.data_type, keys, server);
            let null = if column.nullable { "NULL" } else { "NOT NULL" };
            format!("{} {declared} {null}", quote(&column.name))
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
        parts.push(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({})",
            list(&key.columns),
            quote(&key.table),
            list(if key.references.is_empty() { &key.columns } else { &key.references })
        ));
    }
    format!(
        "CREATE TABLE IF NOT EXISTS {} ({}) ENGINE = InnoDB ROW_FORMAT = DYNAMIC \
         DEFAULT CHARACTER SET utf8mb4 COLLATE {}",
        quote(entity),
        parts.join(", "),
        server.exact_collation()
    )
}

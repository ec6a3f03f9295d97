//! The structure of a file of documents: collections and their indexes. Nothing checks documents.

use super::define::{create, define};
use super::read;
use crate::connectors::sqlite::catalog::quote;
use crate::connectors::sqlite::read::Context;
use crate::connectors::sqlite::writer::Writer;
use crate::connectors::{Definition, StoreError, StoreErrorKind};
use crate::value::structure::{
    IndexDefinition, IndexMethod, RenderedChange, StructureChange, TableDefinition,
};
use crate::value::{Index, IndexKey};
use sqlx::sqlite::SqliteConnection;

/// All that makes a collection; `None` when there is none of that name.
pub(super) async fn structure(
    connection: &mut SqliteConnection,
    entity: &str,
    context: Context<'_>,
) -> Result<Option<TableDefinition>, StoreError> {
    let Some(described) = read::describe(connection, entity, context).await? else {
        return Ok(None);
    };
    let index = |index: Index| IndexDefinition {
        name: index.name,
        keys: index.keys,
        unique: index.unique,
        condition: None,
        method: IndexMethod::Ordered,
    };
    let mut indexes: Vec<IndexDefinition> = described.indexes.into_iter().map(index).collect();
    indexes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Some(TableDefinition { name: entity.to_owned(), indexes, ..TableDefinition::default() }))
}

/// What a change does in the file.
enum Way {
    /// A definition of a collection or index.
    Define(Definition),
    /// A statement over its documents, or its table.
    Statement(String),
    Nothing,
}

fn path(field: &str) -> String {
    format!("'$.\"{}\"'", field.replace('\'', "''"))
}

fn way(change: &StructureChange) -> Result<Way, String> {
    use StructureChange as C;
    let create_index = |table: &str, index: &IndexDefinition| Definition::CreateIndex {
        entity: table.to_owned(),
        index: Index { name: index.name.clone(), keys: index.keys.clone(), unique: index.unique },
    };
    let drop_index = |table: &str, name: &str| {
        Way::Define(Definition::DropIndex { entity: table.to_owned(), name: name.to_owned() })
    };
    Ok(match change {
        C::CreateTable(table) => {
            Way::Define(Definition::CreateCollection { entity: table.name.clone() })
        }
        C::DropTable(table) => Way::Define(Definition::DropEntity { entity: table.name.clone() }),
        C::RenameTable { from, to } => {
            Way::Statement(format!("ALTER TABLE {} RENAME TO {}", quote(from), quote(to)))
        }
        C::DropColumn { table, column } => {
            let path = path(&column.name);
            Way::Statement(format!(
                "UPDATE {} SET document = json_remove(document, {path}) \
                 WHERE json_type(document, {path}) IS NOT NULL",
                quote(table)
            ))
        }
        C::RenameColumn { table, from, to } => {
            let (from, to) = (path(from), path(to));
            Way::Statement(format!(
                "UPDATE {} SET document = json_remove(json_set(document, {to}, \
                 document -> {from}), {from}) WHERE json_type(document, {from}) IS NOT NULL",
                quote(table)
            ))
        }
        C::AddUnique { table, unique } => {
            let keys = unique
                .columns
                .iter()
                .map(|path| IndexKey { path: path.clone(), descending: false })
                .collect();
            let index = Index { name: unique.name.clone(), keys, unique: true };
            Way::Define(Definition::CreateIndex { entity: table.clone(), index })
        }
        C::CreateIndex { index, .. } if index.condition.is_some() => {
            return Err(format!("index `{}`: an index here is of all documents", index.name));
        }
        C::CreateIndex { table, index } => Way::Define(create_index(table, index)),
        C::DropUnique { table, unique } => drop_index(table, &unique.name),
        C::DropIndex { table, index } => drop_index(table, &index.name),
        _ => Way::Nothing,
    })
}

/// What is done for a change.
///
/// # Errors
/// When it can't be.
pub(super) fn render(change: &StructureChange) -> Result<RenderedChange, String> {
    use StructureChange as C;
    let short = "the file, for writing, for a moment".to_owned();
    let unchecked = |of: &str| {
        vec![format!("nothing in the file checks the documents of `{of}`; `mapper` does")]
    };
    let statements = match way(change)? {
        Way::Statement(statement) => vec![statement],
        Way::Define(Definition::CreateCollection { entity }) => vec![format!(
            "CREATE TABLE {} (_id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL)",
            quote(&entity)
        )],
        Way::Define(Definition::DropEntity { entity }) => {
            vec![format!("DROP TABLE {}", quote(&entity))]
        }
        Way::Define(Definition::CreateIndex { entity, index }) => {
            let keys: Vec<String> = index.keys.iter().map(|key| quote(&key.path)).collect();
            let unique = if index.unique { "UNIQUE " } else { "" };
            let (name, table) = (quote(&index.name), quote(&entity));
            vec![format!("CREATE {unique}INDEX {name} ON {table} ({})", keys.join(", "))]
        }
        Way::Define(Definition::DropIndex { name, .. }) => {
            vec![format!("DROP INDEX {}", quote(&name))]
        }
        Way::Define(_) | Way::Nothing => Vec::new(),
    };
    let (loses, differences) = match change {
        C::CreateTable(table) if !table.columns.is_empty() => (None, unchecked(&table.name)),
        C::AddColumn { table, .. } | C::AlterColumn { table, .. } => (None, unchecked(table)),
        C::DropTable(table) => (Some(format!("the documents of `{}`", table.name)), Vec::new()),
        C::DropColumn { table, column } => {
            (Some(format!("the values of `{table}`.`{}`", column.name)), Vec::new())
        }
        C::AddForeignKey { key, .. } => {
            (None, vec![format!("foreign key `{}`: documents have none", key.name)])
        }
        C::AddCheck { check, .. } => {
            (None, vec![format!("check `{}`: documents have none", check.name)])
        }
        _ => (None, Vec::new()),
    };
    let locks = if statements.is_empty() { "nothing".to_owned() } else { short };
    Ok(RenderedChange { statements, locks, loses, differences })
}

/// Makes a change, unless it is made already.
pub(super) async fn change(
    writer: &mut Writer,
    change: &StructureChange,
) -> Result<(), StoreError> {
    use StructureChange as C;
    let way =
        way(change).map_err(|message| StoreError::new(StoreErrorKind::Unsupported, message))?;
    let Some(entity) = crate::connectors::structure::table_of(change) else { return Ok(()) };
    let (connection, context) = writer.parts();
    let there = structure(connection, entity, context).await?;
    let has = |name: &str| {
        there.as_ref().is_some_and(|table| table.indexes.iter().any(|it| it.name == name))
    };
    let is_done = match change {
        C::CreateTable(_) => there.is_some(),
        C::DropTable(_) | C::RenameTable { .. } => there.is_none(),
        C::CreateIndex { index, .. } => has(&index.name),
        C::AddUnique { unique, .. } => has(&unique.name),
        C::DropIndex { index, .. } => !has(&index.name),
        C::DropUnique { unique, .. } => !has(&unique.name),
        _ => false,
    };
    if is_done {
        return Ok(());
    }
    match way {
        Way::Nothing => Ok(()),
        Way::Define(Definition::CreateCollection { entity }) => create(writer, &entity).await,
        Way::Define(definition) => define(writer, &definition).await,
        Way::Statement(statement) => writer.run(statement).await,
    }
}

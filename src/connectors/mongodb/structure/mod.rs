//! The structure of collections: validators from columns, and indexes.

mod validator;

use futures_util::TryStreamExt as _;
use mongodb::bson::{Bson, Document, doc};

use super::catalog::index_documents;
use super::codec::to_bson;
use super::define::is_duplicate;
use super::error::{is_code, number};
use super::server::Server;
use crate::connectors::structure::{self as shared, State};
use crate::connectors::{StoreError, StoreErrorKind};
use crate::value::structure::{
    ColumnType, IndexDefinition, IndexMethod, RenderedChange, StructureChange, TableDefinition,
    UniqueDefinition,
};
use crate::value::{IndexKey, extended_json};

/// All that makes a collection; `None` when there is none of that name.
pub(super) async fn structure(
    server: &Server,
    entity: &str,
) -> Result<Option<TableDefinition>, StoreError> {
    let error = |error| server.error(&error);
    let found = server
        .database
        .run_cursor_command(doc! { "listCollections": 1, "filter": { "name": entity } })
        .await
        .map_err(error)?;
    let found: Vec<Document> = found.try_collect().await.map_err(error)?;
    let is_it = |it: &&Document| {
        it.get_str("name").is_ok_and(|name| name == entity)
            && it.get_str("type").unwrap_or("collection") != "view"
    };
    let Some(found) = found.iter().find(is_it) else { return Ok(None) };
    let validator = found.get_document("options").and_then(|it| it.get_document("validator"));
    let (columns, comment) = validator.map(validator::read).unwrap_or_default();
    let mut table =
        TableDefinition { name: entity.to_owned(), columns, comment, ..TableDefinition::default() };
    for index in index_documents(server, entity).await? {
        table.indexes.extend(index_of(&index));
    }
    table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Some(table))
}

fn index_of(found: &Document) -> Option<IndexDefinition> {
    let name = found.get_str("name").ok().filter(|name| *name != "_id_")?;
    let mut method = IndexMethod::Ordered;
    let mut keys = Vec::new();
    for (path, direction) in found.get_document("key").ok()? {
        if let Bson::String(kind) = direction {
            method = IndexMethod::Native(kind.clone());
        }
        let descending = number(direction).is_some_and(|direction| direction < 0);
        keys.push(IndexKey { path: path.clone(), descending });
    }
    let condition = found.get_document("partialFilterExpression").ok();
    Some(IndexDefinition {
        name: name.to_owned(),
        keys,
        unique: found.get_bool("unique").unwrap_or(false),
        condition: condition.map(ToString::to_string),
        method,
    })
}

/// A change as commands.
struct Commands {
    list: Vec<Document>,
    locks: String,
    loses: Option<String>,
    differences: Vec<String>,
}

/// What the server does for a change. `before` is the collection as it is, where that is known: a
/// validator is replaced whole.
fn commands(
    change: &StructureChange,
    before: Option<&TableDefinition>,
    validates: bool,
) -> Result<Commands, String> {
    use StructureChange as C;
    let mut all = Commands {
        list: Vec::new(),
        locks: "nothing".to_owned(),
        loses: None,
        differences: Vec::new(),
    };
    let mut after = before.cloned().unwrap_or_default();
    let unset = |table: &str, column: &str| {
        doc! { "update": table, "updates": [{
            "q": { column: { "$exists": true } }, "u": { "$unset": { column: "" } }, "multi": true,
        }] }
    };
    let differs = |what: String| vec![format!("{what}: MongoDB has none")];
    let mut validate = None;
    match change {
        C::CreateExtension { name } => all.differences = differs(format!("extension `{name}`")),
        C::AddForeignKey { key, .. } => {
            all.differences = differs(format!("foreign key `{}`", key.name));
        }
        C::AddCheck { check, .. } => all.differences = differs(format!("check `{}`", check.name)),
        C::SetPrimaryKey { .. } => all.differences = differs("a primary key but `_id`".to_owned()),
        C::CreateEnum(definition) => {
            all.differences = vec![format!(
                "enum `{}` is a list of values in the validators that use it",
                definition.name
            )];
        }
        C::DropExtension { .. }
        | C::RenameEnum { .. }
        | C::AddEnumValue { .. }
        | C::RemoveEnumValues { .. }
        | C::DropEnum(_)
        | C::DropForeignKey { .. }
        | C::DropCheck { .. } => {}
        C::CreateTable(table) => {
            let mut command = doc! { "create": &table.name };
            if validates && !(table.columns.is_empty() && table.comment.is_none()) {
                command.insert("validator", validator::of(table));
            }
            all.list.push(command);
            all.list.extend(table.unique.iter().map(|it| unique(&table.name, it)));
            all.differences = of_columns(table, validates);
        }
        C::DropTable(table) => {
            all.list.push(doc! { "drop": &table.name });
            all.loses = Some(format!("the documents of `{}`", table.name));
        }
        C::RenameTable { from, to } => {
            all.list.push(doc! { "renameCollection": from, "to": to });
            all.locks = format!("`{from}`, for a moment");
        }
        C::AddColumn { table, column } => {
            after.columns.retain(|known| known.name != column.name);
            after.columns.push(column.clone());
            validate = Some(table);
        }
        C::DropColumn { table, column } => {
            after.columns.retain(|known| known.name != column.name);
            validate = Some(table);
            all.loses = Some(format!("the values of `{table}`.`{}`", column.name));
            all.list.push(unset(table, &column.name));
        }
        C::RenameColumn { table, from, to } => {
            after.columns.iter_mut().filter(|it| it.name == *from).for_each(|it| {
                it.name.clone_from(to);
            });
            validate = Some(table);
            all.list.push(doc! { "update": table, "updates": [{
                "q": { from: { "$exists": true } }, "u": { "$rename": { from: to } }, "multi": true,
            }] });
        }
        C::AlterColumn { table, after: column, .. } => {
            match after.columns.iter_mut().find(|known| known.name == column.name) {
                Some(known) => known.clone_from(column),
                None => after.columns.push(column.clone()),
            }
            validate = Some(table);
        }
        C::CommentTable { table, after: comment, .. } => {
            after.comment.clone_from(comment);
            validate = Some(table);
        }
        C::AddUnique { table, unique: wanted } => {
            all.list.push(unique(table, wanted));
            all.locks = indexing(table);
        }
        C::DropUnique { table, unique: UniqueDefinition { name, .. } } => {
            all.list.push(doc! { "dropIndexes": table, "index": name });
        }
        C::CreateIndex { table, index } => {
            all.list.push(create_index(table, index)?);
            all.locks = indexing(table);
        }
        C::DropIndex { table, index } => {
            all.list.push(doc! { "dropIndexes": table, "index": &index.name });
        }
    }
    if let Some(table) = validate {
        if !all.list.is_empty() {
            all.locks = format!("nothing; the documents of `{table}` are changed one by one");
        }
        if validates {
            // Documents change before more is asked of them, or less.
            all.list.insert(0, doc! { "collMod": table, "validator": {} });
            let validator = validator::of(&after);
            all.list.push(doc! { "collMod": table, "validator": validator });
        } else {
            all.differences.push(unchecked(table));
        }
    }
    Ok(all)
}

fn indexing(table: &str) -> String {
    format!("`{table}`, for a moment before and after it is read once; reads and writes go on")
}

fn unchecked(table: &str) -> String {
    format!("this server does not check the documents of `{table}`; `mapper` does as it writes")
}

fn of_columns(table: &TableDefinition, validates: bool) -> Vec<String> {
    let mut all = Vec::new();
    if !validates && !table.columns.is_empty() {
        all.push(unchecked(&table.name));
    }
    for column in &table.columns {
        if column.default.is_some() || column.generated.is_some() {
            let name = &column.name;
            all.push(format!("column `{name}`: MongoDB fills no field by itself"));
        }
    }
    if !table.foreign_keys.is_empty() || !table.checks.is_empty() {
        all.push(format!("`{}`: MongoDB has neither foreign keys nor checks", table.name));
    }
    all
}

fn unique(table: &str, unique: &UniqueDefinition) -> Document {
    let mut keys = Document::new();
    for column in &unique.columns {
        keys.insert(column, 1);
    }
    doc! { "createIndexes": table, "indexes": [
        { "key": keys, "name": &unique.name, "unique": true }
    ] }
}

fn create_index(table: &str, index: &IndexDefinition) -> Result<Document, String> {
    let mut keys = Document::new();
    for key in &index.keys {
        let direction = match &index.method {
            IndexMethod::Native(kind) => Bson::String(kind.clone()),
            _ if key.descending => Bson::Int32(-1),
            _ => Bson::Int32(1),
        };
        keys.insert(&key.path, direction);
    }
    let mut wanted = doc! { "key": keys, "name": &index.name };
    if index.unique {
        wanted.insert("unique", true);
    }
    if let Some(condition) = &index.condition {
        let filter = extended_json::parse(condition)
            .ok()
            .and_then(|filter| to_bson(&filter).ok())
            .filter(|filter| filter.as_document().is_some());
        let Some(filter) = filter else {
            return Err(format!(
                "index `{}`: which documents it covers is a filter, such as {{\"n\": {{\"$gt\": 0}}}}",
                index.name
            ));
        };
        wanted.insert("partialFilterExpression", filter);
    }
    Ok(doc! { "createIndexes": table, "indexes": [wanted] })
}

/// What the server does for a change.
///
/// # Errors
/// When it can't.
pub(super) fn render(change: &StructureChange, server: &Server) -> Result<RenderedChange, String> {
    let Commands { list, locks, loses, differences } = commands(change, None, server.original)?;
    let statements = list.iter().map(ToString::to_string).collect();
    Ok(RenderedChange { statements, locks, loses, differences })
}

/// Makes a change, unless it is made already. Each command can be given again.
pub(super) async fn change(server: &Server, change: &StructureChange) -> Result<(), StoreError> {
    let Some(entity) = shared::table_of(change) else { return Ok(()) };
    let mut state = State { table: structure(server, entity).await?, ..State::default() };
    if let StructureChange::RenameTable { to, .. } = change {
        state.renamed = structure(server, to).await?;
    }
    if is_done(change, &state, server.original)? {
        return Ok(());
    }
    let before = state.table.as_ref();
    let Commands { list, .. } = commands(change, before, server.original)
        .map_err(|message| StoreError::new(StoreErrorKind::Unsupported, message))?;
    for command in list {
        run(server, change, command).await?;
    }
    Ok(())
}

fn is_done(change: &StructureChange, state: &State, validates: bool) -> Result<bool, StoreError> {
    use StructureChange as C;
    let indexed = |name: &str| {
        state.table.as_ref().is_some_and(|table| table.indexes.iter().any(|it| it.name == name))
    };
    Ok(match change {
        // Documents that were not changed yet are found by what they hold.
        C::DropColumn { .. } | C::RenameColumn { .. } => false,
        C::CreateTable(_) if !validates => state.table.is_some(),
        C::AddUnique { unique, .. } => indexed(&unique.name),
        C::DropUnique { unique, .. } => !indexed(&unique.name),
        C::AddForeignKey { .. } | C::AddCheck { .. } | C::SetPrimaryKey { .. } => true,
        _ => shared::is_done(change, state, &|one: &ColumnType, other: &ColumnType| one == other)?,
    })
}

async fn run(
    server: &Server,
    change: &StructureChange,
    mut command: Document,
) -> Result<(), StoreError> {
    let done = if let Ok(from) = command.get_str("renameCollection").map(str::to_owned) {
        let place = |name: &str| format!("{}.{name}", server.database.name());
        let to = command.get_str("to").map(place).unwrap_or_default();
        let rename = doc! { "renameCollection": place(&from), "to": to };
        server.client.database("admin").run_command(rename).await
    } else {
        command.insert("writeConcern", server.write_concern.clone());
        server.command(command.clone()).await
    };
    let nothing_to_do: &[i32] = match change {
        StructureChange::DropTable(_) => &[26],
        StructureChange::DropIndex { .. } | StructureChange::DropUnique { .. } => &[26, 27],
        StructureChange::CreateTable(_) => &[48],
        _ => &[],
    };
    match done {
        Ok(answer) => match answer.get_array("writeErrors") {
            Ok(errors) if !errors.is_empty() => Err(StoreError::new(
                StoreErrorKind::Query,
                format!("{}: documents can't be changed", server.location),
            )),
            _ => Ok(()),
        },
        Err(error) if is_code(&error, nothing_to_do) => Ok(()),
        Err(error) if is_duplicate(&error) => {
            let name = match change {
                StructureChange::CreateIndex { index, .. } => &index.name,
                StructureChange::AddUnique { unique, .. } => &unique.name,
                _ => return Err(server.error(&error)),
            };
            let message = format!(
                "{}: index `{name}`: the records are not unique by its keys",
                server.location
            );
            Err(StoreError::new(StoreErrorKind::Query, message))
        }
        Err(error) => Err(server.error(&error)),
    }
}

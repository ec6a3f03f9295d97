//! Changes of structure as statements, with what they lock and what they lose.

use super::types::{declared, default_text, replaced};
use super::{column, enumeration};
use crate::connectors::postgres::name::{Name, list, literal, quote};
use crate::value::structure::{
    ColumnDefinition, ColumnType, DefaultValue, ForeignKeyDefinition, IndexDefinition, IndexMethod,
    ReferentialAction, RenderedChange, StructureChange, TableDefinition,
};

pub(super) const NOTHING: &str = "nothing that is in use";
pub(super) const SHORT: &str = "for a moment";

/// What PostgreSQL of this version does for a change.
///
/// # Errors
/// When it can't do it.
pub(crate) fn render(change: &StructureChange, version: u32) -> Result<RenderedChange, String> {
    use StructureChange as C;
    Ok(match change {
        C::CreateExtension { name } => {
            done(vec![format!("CREATE EXTENSION IF NOT EXISTS {}", quote(name))], NOTHING)
        }
        C::DropExtension { name } => {
            done(vec![format!("DROP EXTENSION IF EXISTS {}", quote(name))], NOTHING)
        }
        C::CreateEnum(definition) => done(vec![enumeration::create(definition)], NOTHING),
        C::AddEnumValue { name, value, after } => {
            done(vec![enumeration::add(name, value, after.as_deref())], enumeration::ADD_LOCKS)
        }
        C::RemoveEnumValues { before, after, used_by } => {
            enumeration::remove(before, after, used_by)
        }
        C::RenameEnum { from, to } => {
            let to = quote(&Name::parse(to).table);
            done(vec![format!("ALTER TYPE {} RENAME TO {to}", Name::parse(from))], NOTHING)
        }
        C::DropEnum(definition) => {
            done(vec![format!("DROP TYPE {}", Name::parse(&definition.name))], NOTHING)
        }
        C::CreateTable(table) => create_table(table, version)?,
        C::DropTable(table) => RenderedChange {
            loses: Some(format!("the rows of `{}`", table.name)),
            ..done(vec![format!("DROP TABLE {}", Name::parse(&table.name))], &whole(&table.name))
        },
        C::RenameTable { from, to } => {
            let (from_name, to_name) = (Name::parse(from), Name::parse(to));
            let mut statements = Vec::new();
            let mut now = from_name.clone();
            if to_name.table != from_name.table {
                statements
                    .push(format!("ALTER TABLE {from_name} RENAME TO {}", quote(&to_name.table)));
                now.table.clone_from(&to_name.table);
            }
            if let Some(schema) = to_name.schema.filter(|_| to_name_differs(from, to)) {
                statements.push(format!("ALTER TABLE {now} SET SCHEMA {}", quote(&schema)));
            }
            done(statements, &whole(from))
        }
        C::AddColumn { table, column } => column::add(table, column, version),
        C::DropColumn { table, column } => column::drop(table, column),
        C::RenameColumn { table, from, to } => done(
            vec![alter(table, &format!("RENAME COLUMN {} TO {}", quote(from), quote(to)))],
            &whole(table),
        ),
        C::AlterColumn { table, before, after } => column::alter(table, before, after, version)?,
        C::SetPrimaryKey { table, before, after } => primary_key(table, before, after),
        C::AddUnique { table, unique } => done(
            vec![alter(
                table,
                &format!(
                    "ADD CONSTRAINT {} UNIQUE ({})",
                    quote(&unique.name),
                    names(&unique.columns)
                ),
            )],
            &read_once(table),
        ),
        C::DropUnique { table, unique } => drop_constraint(table, &unique.name),
        C::AddForeignKey { table, key } => done(
            vec![alter(table, &format!("ADD {}", foreign_key(key)))],
            &format!("writes to `{table}` and `{}` wait while `{table}` is read once", key.table),
        ),
        C::DropForeignKey { table, key } => RenderedChange {
            locks: format!("`{table}` and `{}`, {SHORT}", key.table),
            ..drop_constraint(table, &key.name)
        },
        C::AddCheck { table, check } => done(
            vec![alter(
                table,
                &format!("ADD CONSTRAINT {} CHECK ({})", quote(&check.name), check.expression),
            )],
            &read_once(table),
        ),
        C::DropCheck { table, check } => drop_constraint(table, &check.name),
        C::CreateIndex { table, index } => done(
            vec![create_index(table, index)],
            &format!("writes to `{table}` wait while it is read once; reads go on"),
        ),
        C::DropIndex { table, index } => {
            let name = Name { schema: Name::parse(table).schema, table: index.name.clone() };
            done(vec![format!("DROP INDEX {name}")], &whole(table))
        }
        C::CommentTable { table, after, .. } => {
            done(vec![comment_table(table, after.as_deref())], NOTHING)
        }
    })
}

fn to_name_differs(from: &str, to: &str) -> bool {
    Name::parse(from).schema != Name::parse(to).schema
}

pub(super) fn done(statements: Vec<String>, locks: &str) -> RenderedChange {
    RenderedChange { statements, locks: locks.to_owned(), loses: None, differences: Vec::new() }
}

pub(super) fn whole(table: &str) -> String {
    format!("`{table}`, {SHORT}")
}

pub(super) fn read_once(table: &str) -> String {
    format!("`{table}`, while it is read once")
}

pub(super) fn alter(table: &str, what: &str) -> String {
    format!("ALTER TABLE {} {what}", Name::parse(table))
}

fn names(columns: &[String]) -> String {
    columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
}

fn drop_constraint(table: &str, name: &str) -> RenderedChange {
    done(vec![alter(table, &format!("DROP CONSTRAINT {}", quote(name)))], &whole(table))
}

fn create_table(table: &TableDefinition, version: u32) -> Result<RenderedChange, String> {
    let mut parts = Vec::new();
    let mut differences = Vec::new();
    for column in &table.columns {
        parts.push(column_text(column, version));
        differences.extend(column_differences(column));
    }
    if !table.primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", names(&table.primary_key)));
    }
    for unique in &table.unique {
        let columns = names(&unique.columns);
        parts.push(format!("CONSTRAINT {} UNIQUE ({columns})", quote(&unique.name)));
    }
    for check in &table.checks {
        parts.push(format!("CONSTRAINT {} CHECK ({})", quote(&check.name), check.expression));
    }
    parts.extend(table.foreign_keys.iter().map(foreign_key));
    if let Some(index) = table.indexes.first() {
        return Err(format!("index `{}` is created after its table", index.name));
    }
    let name = Name::parse(&table.name);
    let mut statements = vec![format!("CREATE TABLE {name} (\n  {}\n)", parts.join(",\n  "))];
    if let Some(comment) = &table.comment {
        statements.push(comment_table(&table.name, Some(comment)));
    }
    for column in table.columns.iter().filter(|column| column.comment.is_some()) {
        statements.push(comment_column(&table.name, column));
    }
    Ok(RenderedChange { differences, ..done(statements, NOTHING) })
}

/// A column as it stands in CREATE TABLE.
pub(super) fn column_text(column: &ColumnDefinition, version: u32) -> String {
    let mut text = format!("{} {}", quote(&column.name), declared(&column.column_type));
    if let Some(expression) = &column.generated {
        text.push_str(&format!(" GENERATED ALWAYS AS ({expression}) STORED"));
    }
    match &column.default {
        Some(DefaultValue::Identity) => text.push_str(" GENERATED BY DEFAULT AS IDENTITY"),
        Some(default) if column.generated.is_none() => {
            if let Some(default) = default_text(default, version) {
                text.push_str(&format!(" DEFAULT {default}"));
            }
        }
        _ => {}
    }
    if !column.nullable {
        text.push_str(" NOT NULL");
    }
    text
}

/// What is otherwise than declared.
pub(super) fn column_differences(column: &ColumnDefinition) -> Option<String> {
    let replaced = replaced(&column.column_type)?;
    Some(format!("column `{}`: {replaced}", column.name))
}

fn foreign_key(key: &ForeignKeyDefinition) -> String {
    let references = match key.references.as_slice() {
        [] => String::new(),
        columns => format!(" ({})", names(columns)),
    };
    let mut text = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {}{references}",
        quote(&key.name),
        names(&key.columns),
        Name::parse(&key.table)
    );
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if let Some(action) = action_text(action) {
            text.push_str(&format!(" ON {event} {action}"));
        }
    }
    text
}

fn action_text(action: ReferentialAction) -> Option<&'static str> {
    match action {
        ReferentialAction::NoAction => None,
        ReferentialAction::Restrict => Some("RESTRICT"),
        ReferentialAction::Cascade => Some("CASCADE"),
        ReferentialAction::SetNull => Some("SET NULL"),
        ReferentialAction::SetDefault => Some("SET DEFAULT"),
    }
}

fn create_index(table: &str, index: &IndexDefinition) -> String {
    let mut keys = Vec::new();
    let mut included = Vec::new();
    for key in &index.keys {
        if let Some(column) = key.path.strip_prefix("(INCLUDE ") {
            included.push(column.trim_end_matches(')').to_owned());
            continue;
        }
        // What begins with a parenthesis is no column but a key as the catalog spells it.
        let path = if key.path.starts_with('(') { key.path.clone() } else { quote(&key.path) };
        keys.push(format!("{path}{}", if key.descending { " DESC" } else { "" }));
    }
    let method = match &index.method {
        IndexMethod::Ordered => String::new(),
        IndexMethod::Contents => " USING gin".to_owned(),
        IndexMethod::Native(method) => format!(" USING {}", quote(method)),
    };
    let mut text = format!(
        "CREATE {}INDEX {} ON {}{method} ({})",
        if index.unique { "UNIQUE " } else { "" },
        quote(&index.name),
        Name::parse(table),
        keys.join(", ")
    );
    if !included.is_empty() {
        text.push_str(&format!(" INCLUDE ({})", included.join(", ")));
    }
    if let Some(condition) = &index.condition {
        text.push_str(&format!(" WHERE {condition}"));
    }
    text
}

/// The constraint's name is looked up, since it may have been made under another name of the table.
fn primary_key(table: &str, before: &[String], after: &[String]) -> RenderedChange {
    let mut statements = Vec::new();
    if !before.is_empty() {
        let name = literal(&Name::parse(table).to_string());
        statements.push(format!(
            "DO $mapper$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', \
             conrelid::regclass, conname) FROM pg_constraint WHERE conrelid = {name}::regclass \
             AND contype = 'p'); END $mapper$"
        ));
    }
    if !after.is_empty() {
        let columns = list(after.iter().map(String::as_str));
        statements.push(alter(table, &format!("ADD PRIMARY KEY ({columns})")));
    }
    done(statements, &read_once(table))
}

fn comment_table(table: &str, comment: Option<&str>) -> String {
    let comment = comment.map_or_else(|| "NULL".to_owned(), literal);
    format!("COMMENT ON TABLE {} IS {comment}", Name::parse(table))
}

/// The statement that gives a column its comment, or takes it away.
pub(super) fn comment_column(table: &str, column: &ColumnDefinition) -> String {
    let comment = column.comment.as_deref().map_or_else(|| "NULL".to_owned(), literal);
    format!("COMMENT ON COLUMN {}.{} IS {comment}", Name::parse(table), quote(&column.name))
}

/// Whether two types are one in the store. Values of an enum are its own business.
pub(super) fn same_type(one: &ColumnType, other: &ColumnType) -> bool {
    declared(one) == declared(other)
}

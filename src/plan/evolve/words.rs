//! Changes, foreign keys and indexes in words.

use super::enumeration::gone;
use crate::value::declared::type_text;
use crate::value::structure::{ForeignKeyDefinition, IndexDefinition, StructureChange};

/// A foreign key in words: `(customer_id) to users (id), on delete cascade`.
pub fn foreign_key_text(key: &ForeignKeyDefinition) -> String {
    use crate::value::structure::ReferentialAction as Action;
    let action = |action| match action {
        Action::NoAction => None,
        Action::Restrict => Some("restrict"),
        Action::Cascade => Some("cascade"),
        Action::SetNull => Some("set null"),
        Action::SetDefault => Some("set default"),
    };
    let mut text =
        format!("({}) to {} ({})", key.columns.join(", "), key.table, key.references.join(", "));
    if let Some(action) = action(key.on_delete) {
        text.push_str(&format!(", on delete {action}"));
    }
    if let Some(action) = action(key.on_update) {
        text.push_str(&format!(", on update {action}"));
    }
    text
}

/// An index in words: `(status, -createdAt), unique`.
pub fn index_text(index: &IndexDefinition) -> String {
    use crate::value::structure::IndexMethod;
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| format!("{}{}", if key.descending { "-" } else { "" }, key.path))
        .collect();
    let mut text = format!("({})", keys.join(", "));
    if index.unique {
        text.push_str(", unique");
    }
    if let Some(condition) = &index.condition {
        text.push_str(&format!(", where {condition}"));
    }
    match &index.method {
        IndexMethod::Ordered => {}
        IndexMethod::Contents => text.push_str(", of contents"),
        IndexMethod::Native(method) => text.push_str(&format!(", by {method}")),
    }
    text
}

/// A change in a few words: `adds column tasks.notes`.
pub fn describe(change: &StructureChange) -> String {
    use StructureChange as C;
    match change {
        C::CreateExtension { name } => format!("creates extension {name}"),
        C::DropExtension { name } => format!("drops extension {name}"),
        C::CreateEnum(definition) => {
            format!("creates enum {} ({})", definition.name, definition.values.join(", "))
        }
        C::AddEnumValue { name, value, .. } => format!("adds {value} to enum {name}"),
        C::RemoveEnumValues { before, after, .. } => {
            format!("removes {} from enum {}", gone(before, after).join(", "), after.name)
        }
        C::RenameEnum { from, to } => format!("renames enum {from} to {to}"),
        C::DropEnum(definition) => format!("drops enum {}", definition.name),
        C::CreateTable(table) => format!("creates table {}", table.name),
        C::DropTable(table) => format!("drops table {}", table.name),
        C::RenameTable { from, to } => format!("renames table {from} to {to}"),
        C::AddColumn { table, column } => format!("adds column {table}.{}", column.name),
        C::DropColumn { table, column } => format!("drops column {table}.{}", column.name),
        C::RenameColumn { table, from, to } => format!("renames column {table}.{from} to {to}"),
        C::AlterColumn { table, before, after } => {
            let mut what = Vec::new();
            if before.column_type != after.column_type {
                let (from, to) = (type_text(&before.column_type), type_text(&after.column_type));
                what.push(if from == to {
                    "its values".to_owned()
                } else {
                    format!("{from} to {to}")
                });
            }
            if before.nullable != after.nullable {
                let now = if after.nullable { "may be null" } else { "must not be null" };
                what.push(now.to_owned());
            }
            if before.default != after.default {
                what.push("its default".to_owned());
            }
            if before.comment != after.comment {
                what.push("its comment".to_owned());
            }
            format!("alters column {table}.{}: {}", after.name, what.join(", "))
        }
        C::SetPrimaryKey { table, after, .. } => {
            format!("sets the primary key of {table} to ({})", after.join(", "))
        }
        C::AddUnique { table, unique } => {
            format!("adds unique ({}) to {table}", unique.columns.join(", "))
        }
        C::DropUnique { table, unique } => {
            format!("drops unique ({}) of {table}", unique.columns.join(", "))
        }
        C::AddForeignKey { table, key } => {
            format!("adds foreign key {table} {}", foreign_key_text(key))
        }
        C::DropForeignKey { table, key } => {
            format!("drops foreign key {table} {}", foreign_key_text(key))
        }
        C::AddCheck { table, check } => format!("adds check {} to {table}", check.name),
        C::DropCheck { table, check } => format!("drops check {} of {table}", check.name),
        C::CreateIndex { table, index } => {
            format!("creates index on {table} {}", index_text(index))
        }
        C::DropIndex { table, index } => format!("drops index on {table} {}", index_text(index)),
        C::CommentTable { table, .. } => format!("comments table {table}"),
    }
}

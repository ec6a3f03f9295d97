//! What a change makes of a table.

use super::{apply_to_enum, bare};
use crate::value::constraint::{put, remove};
use crate::value::structure::{ColumnType, StructureChange, TableDefinition};

/// What a table is after a change of it.
pub fn apply(change: &StructureChange, table: &mut TableDefinition) {
    use StructureChange as C;
    match change {
        C::RenameTable { to, .. } => {
            for key in &mut table.foreign_keys {
                if key.table == table.name {
                    key.table.clone_from(to);
                }
            }
            table.name.clone_from(to);
        }
        // Told again after an interruption, what is there already is there once.
        C::AddColumn { column, .. } => {
            table.columns.retain(|other| other.name != column.name);
            table.columns.push(column.clone());
        }
        C::DropColumn { column, .. } => table.columns.retain(|other| other.name != column.name),
        C::RenameColumn { from, to, .. } => rename_column(table, from, to),
        C::AlterColumn { after, .. } => {
            if let Some(place) = table.columns.iter_mut().find(|column| column.name == after.name) {
                place.clone_from(after);
            }
        }
        C::SetPrimaryKey { after, .. } => table.primary_key.clone_from(after),
        C::AddUnique { unique, .. } => put(table, unique),
        C::DropUnique { unique, .. } => remove(table, unique),
        C::AddForeignKey { key, .. } => put(table, key),
        C::DropForeignKey { key, .. } => remove(table, key),
        C::AddCheck { check, .. } => put(table, check),
        C::DropCheck { check, .. } => remove(table, check),
        C::CreateIndex { index, .. } => put(table, index),
        C::DropIndex { index, .. } => remove(table, index),
        C::CommentTable { after, .. } => table.comment.clone_from(after),
        C::CreateTable(definition) => *table = bare(definition),
        _ => {}
    }
}

fn rename_column(table: &mut TableDefinition, from: &str, to: &str) {
    let own = table.name.clone();
    let rename = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    table.columns.iter_mut().for_each(|column| rename(&mut column.name));
    table.primary_key.iter_mut().for_each(rename);
    table.unique.iter_mut().flat_map(|unique| &mut unique.columns).for_each(rename);
    table
        .indexes
        .iter_mut()
        .flat_map(|index| &mut index.keys)
        .for_each(|key| rename(&mut key.path));
    for key in &mut table.foreign_keys {
        key.columns.iter_mut().for_each(rename);
        if key.table == own {
            key.references.iter_mut().for_each(rename);
        }
    }
}

/// What a change of something else does to a table: names that it refers to. Tells whether it did.
pub fn apply_elsewhere(change: &StructureChange, table: &mut TableDefinition) -> bool {
    let before = table.clone();
    match change {
        StructureChange::RenameTable { from, to } => {
            for key in table.foreign_keys.iter_mut().filter(|key| key.table == *from) {
                key.table.clone_from(to);
            }
        }
        StructureChange::RenameColumn { table: other, from, to } if *other != table.name => {
            for key in table.foreign_keys.iter_mut().filter(|key| key.table == *other) {
                for name in key.references.iter_mut().filter(|name| *name == from) {
                    name.clone_from(to);
                }
            }
        }
        StructureChange::RenameEnum { .. }
        | StructureChange::AddEnumValue { .. }
        | StructureChange::RemoveEnumValues { .. } => {
            for column in &mut table.columns {
                if let ColumnType::Enum(definition) = &mut column.column_type {
                    apply_to_enum(change, definition);
                }
            }
        }
        _ => {}
    }
    *table != before
}

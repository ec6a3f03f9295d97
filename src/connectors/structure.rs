//! What the stores share of changing structure: whether a change is made already, and how rows that
//! stand in its way are told.

use super::{Rows, StoreError, StoreErrorKind};
use crate::value::structure::{
    ColumnType, EnumDefinition, ForeignKeyDefinition, StructureChange, TableDefinition,
};
use crate::value::switch::{Switch, SwitchKind, Violating};
use crate::value::{Key, Value};

/// How many keys of rows that stand in a change's way are named.
pub(super) const NAMED: usize = 10;

/// What the catalog holds of what a change is about.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The table, by its name before the change.
    pub(super) table: Option<TableDefinition>,
    /// For a table that gets another name: what has that name.
    pub(super) renamed: Option<TableDefinition>,
    /// The types with named values.
    pub(super) enums: Vec<EnumDefinition>,
    /// The extensions.
    pub(super) extensions: Vec<String>,
}

/// The table that a change is about, by its name before.
pub(super) fn table_of(change: &StructureChange) -> Option<&str> {
    use StructureChange as C;
    match change {
        C::CreateTable(definition) | C::DropTable(definition) => Some(&definition.name),
        C::RenameTable { from, .. } => Some(from),
        C::AddColumn { table, .. }
        | C::DropColumn { table, .. }
        | C::RenameColumn { table, .. }
        | C::AlterColumn { table, .. }
        | C::SetPrimaryKey { table, .. }
        | C::AddUnique { table, .. }
        | C::DropUnique { table, .. }
        | C::AddForeignKey { table, .. }
        | C::DropForeignKey { table, .. }
        | C::AddCheck { table, .. }
        | C::DropCheck { table, .. }
        | C::CreateIndex { table, .. }
        | C::DropIndex { table, .. }
        | C::CommentTable { table, .. } => Some(table),
        _ => None,
    }
}

/// Whether a change is made already. `same` tells whether two types are one in the store.
///
/// # Errors
/// When something else has the name of what the change makes.
pub(super) fn is_done(
    change: &StructureChange,
    state: &State,
    same: &dyn Fn(&ColumnType, &ColumnType) -> bool,
) -> Result<bool, StoreError> {
    use StructureChange as C;
    let enumeration = |name: &str| state.enums.iter().find(|known| known.name == name);
    let on_table = |done: &dyn Fn(&TableDefinition) -> bool| state.table.as_ref().is_some_and(done);
    Ok(match change {
        C::CreateExtension { name } => state.extensions.contains(name),
        C::DropExtension { name } => !state.extensions.contains(name),
        C::CreateEnum(definition) => match enumeration(&definition.name) {
            Some(known) if known.values == definition.values => true,
            Some(_) => return Err(taken(&format!("enum `{}`", definition.name), "other values")),
            None => false,
        },
        C::AddEnumValue { name, value, .. } => {
            enumeration(name).is_some_and(|known| known.values.contains(value))
        }
        C::RemoveEnumValues { after, .. } => {
            enumeration(&after.name).is_some_and(|known| known.values == after.values)
        }
        C::RenameEnum { from, to } => enumeration(from).is_none() && enumeration(to).is_some(),
        C::DropEnum(definition) => enumeration(&definition.name).is_none(),
        C::CreateTable(wanted) => match &state.table {
            Some(found) if is_same_shape(wanted, found, same) => true,
            Some(_) => return Err(taken(&format!("table `{}`", wanted.name), "another shape")),
            None => false,
        },
        C::DropTable(_) => state.table.is_none(),
        C::RenameTable { .. } => state.table.is_none() && state.renamed.is_some(),
        C::AddColumn { table, column } => {
            let found = state.table.as_ref().and_then(|table| table.column(&column.name));
            match found {
                Some(found) if same(&found.column_type, &column.column_type) => true,
                Some(_) => {
                    let what = format!("column `{table}`.`{}`", column.name);
                    return Err(taken(&what, "another type"));
                }
                None => false,
            }
        }
        C::DropColumn { column, .. } => on_table(&|table| table.column(&column.name).is_none()),
        C::RenameColumn { from, to, .. } => {
            on_table(&|table| table.column(from).is_none() && table.column(to).is_some())
        }
        C::AlterColumn { after, .. } => on_table(&|table| {
            table.column(&after.name).is_some_and(|found| {
                same(&found.column_type, &after.column_type)
                    && (found.nullable, &found.default, &found.generated, &found.comment)
                        == (after.nullable, &after.default, &after.generated, &after.comment)
            })
        }),
        C::SetPrimaryKey { after, .. } => on_table(&|table| table.primary_key == *after),
        C::AddUnique { unique, .. } => on_table(&|table| table.unique.contains(unique)),
        C::DropUnique { unique, .. } => {
            on_table(&|table| table.unique.iter().all(|found| found.name != unique.name))
        }
        C::AddForeignKey { key, .. } => on_table(&|table| table.foreign_keys.contains(key)),
        C::DropForeignKey { key, .. } => {
            on_table(&|table| table.foreign_keys.iter().all(|found| found.name != key.name))
        }
        // How the store spells the condition does not matter: one of this name was made of this one.
        C::AddCheck { check, .. } => {
            on_table(&|table| table.checks.iter().any(|found| found.name == check.name))
        }
        C::DropCheck { check, .. } => {
            on_table(&|table| table.checks.iter().all(|found| found.name != check.name))
        }
        C::CreateIndex { index, .. } => on_table(&|table| {
            table.indexes.iter().any(|found| {
                (&found.name, &found.keys, found.unique) == (&index.name, &index.keys, index.unique)
            })
        }),
        C::DropIndex { index, .. } => {
            on_table(&|table| table.indexes.iter().all(|found| found.name != index.name))
        }
        C::CommentTable { after, .. } => on_table(&|table| table.comment == *after),
    })
}

fn is_same_shape(
    wanted: &TableDefinition,
    found: &TableDefinition,
    same: &dyn Fn(&ColumnType, &ColumnType) -> bool,
) -> bool {
    wanted.primary_key == found.primary_key
        && wanted.columns.len() == found.columns.len()
        && wanted.columns.iter().zip(&found.columns).all(|(wanted, found)| {
            wanted.name == found.name
                && wanted.nullable == found.nullable
                && wanted.generated.is_some() == found.generated.is_some()
                && same(&wanted.column_type, &found.column_type)
        })
}

fn taken(what: &str, but: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Query, format!("{what} is there already, with {but}"))
}

/// How a store writes the parts of a query.
pub(super) struct Spelling {
    /// Quotes a column.
    pub(super) column: fn(&str) -> String,
    /// Names a table.
    pub(super) table: fn(&str) -> String,
}

/// The query for the keys of rows that refer to nothing. A table without a primary key gives a row
/// of no use for each, so that they can be counted.
pub(super) fn orphans(
    table: &TableDefinition,
    key: &ForeignKeyDefinition,
    references: &[String],
    spelling: &Spelling,
) -> String {
    keys_of(table, &refers_to_nothing(key, references, false, spelling), NAMED + 1, spelling)
}

/// The query that counts the rows that violate a foreign key, and the one that names the first of
/// them. `full` says that a row has all columns of the key or none.
pub(super) fn violations(
    table: &TableDefinition,
    (key, full): (&ForeignKeyDefinition, bool),
    references: &[String],
    named: usize,
    spelling: &Spelling,
) -> (String, String) {
    let condition = refers_to_nothing(key, references, full, spelling);
    let from = (spelling.table)(&table.name);
    let count = format!("SELECT count(*) FROM {from} AS child WHERE {condition}");
    (count, keys_of(table, &condition, named, spelling))
}

/// The condition that a row, `child`, refers to nothing.
fn refers_to_nothing(
    key: &ForeignKeyDefinition,
    references: &[String],
    full: bool,
    spelling: &Spelling,
) -> String {
    let child = |column: &String| format!("child.{}", (spelling.column)(column));
    let each = |what: &str, between: &str| {
        let parts: Vec<String> =
            key.columns.iter().map(|column| format!("{} {what}", child(column))).collect();
        parts.join(between)
    };
    let pairs: Vec<String> = key
        .columns
        .iter()
        .zip(references)
        .map(|(here, there)| format!("parent.{} = {}", (spelling.column)(there), child(here)))
        .collect();
    let absent = format!(
        "NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {})",
        (spelling.table)(&key.table),
        pairs.join(" AND ")
    );
    let present = each("IS NOT NULL", " AND ");
    if full && key.columns.len() > 1 {
        let some = each("IS NOT NULL", " OR ");
        return format!("({some}) AND (NOT ({present}) OR {absent})");
    }
    format!("{present} AND {absent}")
}

fn keys_of(table: &TableDefinition, condition: &str, limit: usize, spelling: &Spelling) -> String {
    let told: Vec<String> = match table.primary_key.as_slice() {
        [] => vec!["1".to_owned()],
        columns => {
            columns.iter().map(|column| format!("child.{}", (spelling.column)(column))).collect()
        }
    };
    format!(
        "SELECT {} FROM {} AS child WHERE {condition} ORDER BY {} LIMIT {limit}",
        told.join(", "),
        (spelling.table)(&table.name),
        (1..=told.len()).map(|place| place.to_string()).collect::<Vec<_>>().join(", "),
    )
}

/// Rows that violate a foreign key, out of the answers to the queries of [`violations`].
pub(super) fn violating(table: &TableDefinition, count: &Rows, keys: Rows) -> Violating {
    let counted = match count.rows.first().and_then(|row| row.first()) {
        Some(Value::Int(count)) => u64::try_from(*count).unwrap_or_default(),
        _ => keys.rows.len() as u64,
    };
    let keys = if table.primary_key.is_empty() { Vec::new() } else { keys.rows };
    Violating { rows: counted, keys }
}

/// A foreign key whose checking is the affair of the session that writes, so that the catalog stays
/// as it is.
pub(super) fn unchecked(table: &str, key: &ForeignKeyDefinition) -> Switch {
    Switch {
        kind: SwitchKind::ForeignKey,
        table: table.to_owned(),
        name: key.name.clone(),
        off: Vec::new(),
        on: Vec::new(),
        prove: None,
        key: Some(key.clone()),
        full: false,
    }
}

/// A foreign key that rows violate, with the keys of the first ones.
pub(super) fn violated(
    location: &str,
    table: &TableDefinition,
    key: &ForeignKeyDefinition,
    rows: &Rows,
) -> StoreError {
    let keys = keys(rows, !table.primary_key.is_empty());
    StoreError::new(
        StoreErrorKind::Query,
        format!(
            "{location}: foreign key `{}`: rows of `{}` refer to rows of `{}` that are not \
             there{keys}",
            key.name, table.name, key.table
        ),
    )
}

/// The keys of rows: `: 3, 4, and more`.
pub(super) fn keys(rows: &Rows, has_key: bool) -> String {
    if rows.rows.is_empty() || !has_key {
        return String::new();
    }
    let shown: Vec<String> = rows
        .rows
        .iter()
        .take(NAMED)
        .filter_map(|row| Key::new(row.iter().filter(|value| **value != Value::Missing)).ok())
        .map(|key| {
            let text = key.display(false);
            if text.contains(", ") { format!("({text})") } else { text }
        })
        .collect();
    let more = if rows.rows.len() > NAMED { ", and more" } else { "" };
    format!(": {}{more}", shown.join(", "))
}

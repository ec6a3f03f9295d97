//! From one declaration of a table or an enum to the next, as changes; and each change back.

use std::collections::BTreeMap;

use super::structure::{EnumTask, TableTask};
use crate::value::declared::type_text;
use crate::value::structure::{
    CheckDefinition, ColumnDefinition, ColumnPlace, ColumnType, EnumDefinition,
    ForeignKeyDefinition, IndexDefinition, StructureChange, TableDefinition, UniqueDefinition,
};

/// Why an edit of a declaration is refused, and the ways on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A sentence without a full stop.
    pub message: String,
    /// What can be done.
    pub help: String,
}

impl Refusal {
    /// Makes one.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// A table without its foreign keys and indexes, as it is created first.
pub fn bare(table: &TableDefinition) -> TableDefinition {
    TableDefinition { foreign_keys: Vec::new(), indexes: Vec::new(), ..table.clone() }
}

/// Names of constraints and indexes: as declared, and as they are in the store where that differs.
pub type Names = BTreeMap<String, String>;

/// The changes from what was declared to what is declared, and the names that constraints keep.
///
/// `enum_types` tells whether enums are types of their own in the store.
///
/// # Errors
/// With every edit that is refused.
pub fn table(
    before: &TableDefinition,
    task: &TableTask,
    names: &Names,
    enum_types: bool,
) -> Result<(Vec<StructureChange>, Names), Vec<Refusal>> {
    let after = &task.definition;
    let mut differ = Differ {
        table: after.name.clone(),
        changes: Vec::new(),
        refused: Vec::new(),
        names: names.clone(),
        renamed: before.name != after.name,
    };
    let mut now = before.clone();
    if differ.renamed {
        differ.push(
            &mut now,
            StructureChange::RenameTable { from: before.name.clone(), to: after.name.clone() },
        );
    }
    for (from, to) in &task.renamed_columns {
        let has = |name: &str| now.columns.iter().any(|column| column.name == name);
        if has(from) && !has(to) {
            let table = after.name.clone();
            let change =
                StructureChange::RenameColumn { table, from: from.clone(), to: to.clone() };
            differ.push(&mut now, change);
            differ.renamed = true;
        }
    }
    differ.leaving(&mut now, after);
    differ.columns(&mut now, task, enum_types);
    differ.arriving(&mut now, after);
    if differ.refused.is_empty() { Ok((differ.changes, differ.names)) } else { Err(differ.refused) }
}

struct Differ {
    table: String,
    changes: Vec<StructureChange>,
    refused: Vec<Refusal>,
    names: Names,
    /// Whether the table or a column has another name now, so that default names are others too.
    renamed: bool,
}

impl Differ {
    fn push(&mut self, now: &mut TableDefinition, change: StructureChange) {
        apply(&change, now);
        self.changes.push(change);
    }

    /// The name that a constraint has in the store.
    fn real(&self, declared: &str) -> String {
        self.names.get(declared).cloned().unwrap_or_else(|| declared.to_owned())
    }

    /// Keeps the store's name of a constraint that is declared under another one now.
    fn keeps(&mut self, old: &str, new: &str) {
        let real = self.names.remove(old).unwrap_or_else(|| old.to_owned());
        if real != new {
            self.names.insert(new.to_owned(), real);
        }
    }

    /// What is no longer declared goes first.
    fn leaving(&mut self, now: &mut TableDefinition, after: &TableDefinition) {
        let table = self.table.clone();
        for key in now.foreign_keys.clone() {
            let twin = after.foreign_keys.iter().find(|other| same_foreign_key(&key, other));
            if self.stays(twin.map(|twin| (key.name.as_str(), twin.name.as_str()))) {
                rename_in(&mut now.foreign_keys, &key, twin.cloned());
                continue;
            }
            let real = ForeignKeyDefinition { name: self.real(&key.name), ..key.clone() };
            now.foreign_keys.retain(|other| other.name != key.name);
            self.names.remove(&key.name);
            self.changes.push(StructureChange::DropForeignKey { table: table.clone(), key: real });
        }
        for index in now.indexes.clone() {
            let twin = after.indexes.iter().find(|other| same_index(&index, other));
            if self.stays(twin.map(|twin| (index.name.as_str(), twin.name.as_str()))) {
                rename_in(&mut now.indexes, &index, twin.cloned());
                continue;
            }
            let real = IndexDefinition { name: self.real(&index.name), ..index.clone() };
            now.indexes.retain(|other| other.name != index.name);
            self.names.remove(&index.name);
            self.changes.push(StructureChange::DropIndex { table: table.clone(), index: real });
        }
        for unique in now.unique.clone() {
            let twin = after.unique.iter().find(|other| other.columns == unique.columns);
            if self.stays(twin.map(|twin| (unique.name.as_str(), twin.name.as_str()))) {
                rename_in(&mut now.unique, &unique, twin.cloned());
                continue;
            }
            let real = UniqueDefinition { name: self.real(&unique.name), ..unique.clone() };
            now.unique.retain(|other| other.name != unique.name);
            self.names.remove(&unique.name);
            self.changes.push(StructureChange::DropUnique { table: table.clone(), unique: real });
        }
        for check in now.checks.clone() {
            let twin = after.checks.iter().find(|other| other.expression == check.expression);
            if self.stays(twin.map(|twin| (check.name.as_str(), twin.name.as_str()))) {
                rename_in(&mut now.checks, &check, twin.cloned());
                continue;
            }
            let real = CheckDefinition { name: self.real(&check.name), ..check.clone() };
            now.checks.retain(|other| other.name != check.name);
            self.names.remove(&check.name);
            self.changes.push(StructureChange::DropCheck { table: table.clone(), check: real });
        }
    }

    /// Whether a constraint stays as it is: its twin, of the same meaning, has the same name, or
    /// another one only because something was renamed.
    fn stays(&mut self, names: Option<(&str, &str)>) -> bool {
        match names {
            None => false,
            Some((old, new)) if old == new => true,
            Some((old, new)) if self.renamed => {
                let (old, new) = (old.to_owned(), new.to_owned());
                self.keeps(&old, &new);
                true
            }
            Some(_) => false,
        }
    }

    fn columns(&mut self, now: &mut TableDefinition, task: &TableTask, enum_types: bool) {
        let after = &task.definition;
        let table = self.table.clone();
        let gone: Vec<ColumnDefinition> = now
            .columns
            .iter()
            .filter(|column| after.columns.iter().all(|other| other.name != column.name))
            .cloned()
            .collect();
        for column in gone {
            if task.allow_drop {
                self.push(now, StructureChange::DropColumn { table: table.clone(), column });
            } else {
                self.refused.push(Refusal::new(
                    format!("table `{table}` no longer declares its column `{}`", column.name),
                    format!(
                        "put it back; or say `renamed_from = \"{}\"` in the column that it became; \
                         or `allow_drop = true` in the table, which drops it with its values",
                        column.name
                    ),
                ));
            }
        }
        for column in &after.columns {
            let Some(old) = now.columns.iter().find(|other| other.name == column.name).cloned()
            else {
                let column = column.clone();
                self.push(now, StructureChange::AddColumn { table: table.clone(), column });
                continue;
            };
            let same_type = match (&old.column_type, &column.column_type) {
                (ColumnType::Enum(a), ColumnType::Enum(b)) if enum_types => a.name == b.name,
                (a, b) => a == b,
            };
            if old.generated != column.generated {
                // What is computed is never lost.
                let (out, back) = (old.clone(), column.clone());
                if old.generated.is_none() && !task.allow_drop {
                    self.refused.push(Refusal::new(
                        format!(
                            "column `{table}.{}` becomes a generated one, and its values are lost",
                            column.name
                        ),
                        "say `allow_drop = true` in the table if that is what you want",
                    ));
                    continue;
                }
                self.push(now, StructureChange::DropColumn { table: table.clone(), column: out });
                self.push(now, StructureChange::AddColumn { table: table.clone(), column: back });
                continue;
            }
            let same = same_type
                && old.nullable == column.nullable
                && old.default == column.default
                && old.comment == column.comment;
            if !same {
                let change = StructureChange::AlterColumn {
                    table: table.clone(),
                    before: old.clone(),
                    after: column.clone(),
                };
                self.push(now, change);
            } else if old != *column {
                // Only the values of an enum, which has changes of its own.
                if let Some(place) = now.columns.iter_mut().find(|c| c.name == column.name) {
                    place.clone_from(column);
                }
            }
        }
        if now.primary_key != after.primary_key {
            let change = StructureChange::SetPrimaryKey {
                table,
                before: now.primary_key.clone(),
                after: after.primary_key.clone(),
            };
            self.push(now, change);
        }
    }

    /// What is declared newly comes last.
    fn arriving(&mut self, now: &mut TableDefinition, after: &TableDefinition) {
        let table = self.table.clone();
        for unique in &after.unique {
            if now.unique.iter().all(|other| other.name != unique.name) {
                let unique = unique.clone();
                self.push(now, StructureChange::AddUnique { table: table.clone(), unique });
            }
        }
        for check in &after.checks {
            if now.checks.iter().all(|other| other.name != check.name) {
                let check = check.clone();
                self.push(now, StructureChange::AddCheck { table: table.clone(), check });
            }
        }
        for index in &after.indexes {
            if now.indexes.iter().all(|other| other.name != index.name) {
                let index = index.clone();
                self.push(now, StructureChange::CreateIndex { table: table.clone(), index });
            }
        }
        for key in &after.foreign_keys {
            if now.foreign_keys.iter().all(|other| other.name != key.name) {
                let key = key.clone();
                self.push(now, StructureChange::AddForeignKey { table: table.clone(), key });
            }
        }
        if now.comment != after.comment {
            let change = StructureChange::CommentTable {
                table,
                before: now.comment.clone(),
                after: after.comment.clone(),
            };
            self.push(now, change);
        }
    }
}

fn rename_in<T: PartialEq>(list: &mut [T], old: &T, new: Option<T>) {
    if let (Some(place), Some(new)) = (list.iter_mut().find(|other| *other == old), new) {
        *place = new;
    }
}

/// Whether two foreign keys mean the same, whatever their names.
pub fn same_foreign_key(a: &ForeignKeyDefinition, b: &ForeignKeyDefinition) -> bool {
    a.columns == b.columns
        && a.table == b.table
        && a.references == b.references
        && a.on_delete == b.on_delete
        && a.on_update == b.on_update
}

/// Whether two indexes mean the same, whatever their names.
pub fn same_index(a: &IndexDefinition, b: &IndexDefinition) -> bool {
    a.keys == b.keys && a.unique == b.unique && a.condition == b.condition && a.method == b.method
}

/// The changes of an enum. `used_by` are the columns of its type.
///
/// # Errors
/// With the edit that is refused.
pub fn enumeration(
    before: &EnumDefinition,
    task: &EnumTask,
    used_by: &[ColumnPlace],
) -> Result<Vec<StructureChange>, Vec<Refusal>> {
    let after = &task.definition;
    let name = &after.name;
    let mut changes = Vec::new();
    let mut now = EnumDefinition { name: name.clone(), values: before.values.clone() };
    if before.name != *name {
        changes.push(StructureChange::RenameEnum { from: before.name.clone(), to: name.clone() });
    }
    let gone: Vec<&str> = before
        .values
        .iter()
        .filter(|value| !after.values.contains(value))
        .map(String::as_str)
        .collect();
    let kept = |values: &[String]| -> Vec<String> {
        values
            .iter()
            .filter(|value| before.values.contains(value) && after.values.contains(value))
            .cloned()
            .collect()
    };
    if kept(&before.values) != kept(&after.values) {
        return Err(vec![Refusal::new(
            format!("the values of enum `{name}` are in another order than before"),
            "keep the order of those that were there; new ones may stand anywhere",
        )]);
    }
    if !gone.is_empty() && !task.allow_drop {
        return Err(vec![Refusal::new(
            format!(
                "enum `{name}` no longer declares {}",
                crate::diagnostics::wording::and_list(&gone)
            ),
            "put it back; or say `allow_drop = true` in the enum, which removes what no row holds",
        )]);
    }
    for (at, value) in after.values.iter().enumerate() {
        if !now.values.contains(value) {
            let previous = at.checked_sub(1).map(|at| after.values[at].clone());
            let change = StructureChange::AddEnumValue {
                name: name.clone(),
                value: value.clone(),
                after: previous,
            };
            apply_to_enum(&change, &mut now);
            changes.push(change);
        }
    }
    if !gone.is_empty() {
        changes.push(StructureChange::RemoveEnumValues {
            before: now,
            after: after.clone(),
            used_by: used_by.to_vec(),
        });
    }
    Ok(changes)
}

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
        C::AddUnique { unique, .. } => {
            table.unique.retain(|other| other.name != unique.name);
            table.unique.push(unique.clone());
        }
        C::DropUnique { unique, .. } => table.unique.retain(|other| other.name != unique.name),
        C::AddForeignKey { key, .. } => {
            table.foreign_keys.retain(|other| other.name != key.name);
            table.foreign_keys.push(key.clone());
        }
        C::DropForeignKey { key, .. } => table.foreign_keys.retain(|other| other.name != key.name),
        C::AddCheck { check, .. } => {
            table.checks.retain(|other| other.name != check.name);
            table.checks.push(check.clone());
        }
        C::DropCheck { check, .. } => table.checks.retain(|other| other.name != check.name),
        C::CreateIndex { index, .. } => {
            table.indexes.retain(|other| other.name != index.name);
            table.indexes.push(index.clone());
        }
        C::DropIndex { index, .. } => table.indexes.retain(|other| other.name != index.name),
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

/// What an enum is after a change of it; another one's change is none.
pub fn apply_to_enum(change: &StructureChange, definition: &mut EnumDefinition) {
    match change {
        StructureChange::RenameEnum { from, to } if *from == definition.name => {
            definition.name.clone_from(to);
        }
        StructureChange::AddEnumValue { name, value, after } if *name == definition.name => {
            if definition.values.contains(value) {
                return;
            }
            let at = after
                .as_ref()
                .and_then(|after| definition.values.iter().position(|other| other == after))
                .map_or(0, |at| at + 1);
            definition.values.insert(at, value.clone());
        }
        StructureChange::RemoveEnumValues { after, .. } if after.name == definition.name => {
            definition.clone_from(after);
        }
        _ => {}
    }
}

/// The changes that take a change back, in order. `used_by` are the columns of an enum's type.
pub fn reverse(
    change: &StructureChange,
    enum_now: Option<&EnumDefinition>,
    used_by: &[ColumnPlace],
) -> Vec<StructureChange> {
    use StructureChange as C;
    vec![match change.clone() {
        C::CreateExtension { name } => C::DropExtension { name },
        C::DropExtension { name } => C::CreateExtension { name },
        C::CreateEnum(definition) => C::DropEnum(definition),
        C::DropEnum(definition) => C::CreateEnum(definition),
        C::RenameEnum { from, to } => C::RenameEnum { from: to, to: from },
        C::AddEnumValue { name, value, .. } => {
            let before = enum_now
                .cloned()
                .unwrap_or(EnumDefinition { name: name.clone(), values: vec![value.clone()] });
            let mut after = before.clone();
            after.values.retain(|other| *other != value);
            C::RemoveEnumValues { before, after, used_by: used_by.to_vec() }
        }
        C::RemoveEnumValues { before, after, .. } => return put_back(&before, &after),
        C::CreateTable(definition) => C::DropTable(definition),
        C::DropTable(definition) => return create(&definition),
        C::RenameTable { from, to } => C::RenameTable { from: to, to: from },
        C::AddColumn { table, column } => C::DropColumn { table, column },
        C::DropColumn { table, column } => return add_back(table, column),
        C::RenameColumn { table, from, to } => C::RenameColumn { table, from: to, to: from },
        C::AlterColumn { table, before, after } => {
            C::AlterColumn { table, before: after, after: before }
        }
        C::SetPrimaryKey { table, before, after } => {
            C::SetPrimaryKey { table, before: after, after: before }
        }
        C::AddUnique { table, unique } => C::DropUnique { table, unique },
        C::DropUnique { table, unique } => C::AddUnique { table, unique },
        C::AddForeignKey { table, key } => C::DropForeignKey { table, key },
        C::DropForeignKey { table, key } => C::AddForeignKey { table, key },
        C::AddCheck { table, check } => C::DropCheck { table, check },
        C::DropCheck { table, check } => C::AddCheck { table, check },
        C::CreateIndex { table, index } => C::DropIndex { table, index },
        C::DropIndex { table, index } => C::CreateIndex { table, index },
        C::CommentTable { table, before, after } => {
            C::CommentTable { table, before: after, after: before }
        }
    }]
}

/// Creates a table with all that belongs to it.
pub fn create(definition: &TableDefinition) -> Vec<StructureChange> {
    let table = &definition.name;
    let indexes = definition
        .indexes
        .iter()
        .map(|index| StructureChange::CreateIndex { table: table.clone(), index: index.clone() });
    let keys = definition
        .foreign_keys
        .iter()
        .map(|key| StructureChange::AddForeignKey { table: table.clone(), key: key.clone() });
    std::iter::once(StructureChange::CreateTable(bare(definition)))
        .chain(indexes)
        .chain(keys)
        .collect()
}

/// A column that must be filled comes back empty first; its values follow.
fn add_back(table: String, column: ColumnDefinition) -> Vec<StructureChange> {
    if column.nullable || column.generated.is_some() || column.default.is_some() {
        return vec![StructureChange::AddColumn { table, column }];
    }
    let open = ColumnDefinition { nullable: true, ..column.clone() };
    vec![
        StructureChange::AddColumn { table: table.clone(), column: open.clone() },
        StructureChange::AlterColumn { table, before: open, after: column },
    ]
}

fn put_back(before: &EnumDefinition, after: &EnumDefinition) -> Vec<StructureChange> {
    let gone = before.values.iter().enumerate().filter(|(_, value)| !after.values.contains(value));
    gone.map(|(at, value)| StructureChange::AddEnumValue {
        name: after.name.clone(),
        value: value.clone(),
        after: at.checked_sub(1).map(|at| before.values[at].clone()),
    })
    .collect()
}

/// How two tables differ, one phrase each; constraints and indexes by what they mean.
pub fn differences(wanted: &TableDefinition, found: &TableDefinition) -> Vec<String> {
    let mut all = Vec::new();
    for column in &wanted.columns {
        match found.columns.iter().find(|other| other.name == column.name) {
            None => all.push(format!("column `{}` is not there", column.name)),
            Some(other) => column_differences(column, other, &mut all),
        }
    }
    for column in &found.columns {
        if wanted.columns.iter().all(|other| other.name != column.name) {
            all.push(format!("column `{}` is there besides", column.name));
        }
    }
    if wanted.primary_key != found.primary_key {
        let key = |key: &[String]| {
            if key.is_empty() { "none".to_owned() } else { format!("({})", key.join(", ")) }
        };
        all.push(format!(
            "its primary key is {}, not {}",
            key(&found.primary_key),
            key(&wanted.primary_key)
        ));
    }
    let mut compare = |what: &str, wanted: Vec<String>, found: Vec<String>| {
        for one in &wanted {
            if !found.contains(one) {
                all.push(format!("{what} {one} is not there"));
            }
        }
        for one in &found {
            if !wanted.contains(one) {
                all.push(format!("{what} {one} is there besides"));
            }
        }
    };
    let unique = |table: &TableDefinition| -> Vec<String> {
        table.unique.iter().map(|unique| format!("({})", unique.columns.join(", "))).collect()
    };
    compare("unique", unique(wanted), unique(found));
    let keys = |table: &TableDefinition| table.foreign_keys.iter().map(foreign_key_text).collect();
    compare("foreign key", keys(wanted), keys(found));
    let checks = |table: &TableDefinition| -> Vec<String> {
        table.checks.iter().map(|check| format!("`{}`", check.expression)).collect()
    };
    compare("check", checks(wanted), checks(found));
    let indexes = |table: &TableDefinition| table.indexes.iter().map(index_text).collect();
    compare("index", indexes(wanted), indexes(found));
    if wanted.comment != found.comment {
        all.push("its comment is another one".to_owned());
    }
    all
}

fn column_differences(wanted: &ColumnDefinition, found: &ColumnDefinition, all: &mut Vec<String>) {
    let name = &wanted.name;
    if wanted.column_type != found.column_type {
        let (is, not) = (type_text(&found.column_type), type_text(&wanted.column_type));
        if is == not {
            all.push(format!("column `{name}` is of `{is}` with other values"));
        } else {
            all.push(format!("column `{name}` is {is}, not {not}"));
        }
    }
    if wanted.nullable != found.nullable {
        let is = if found.nullable { "may be null" } else { "must not be null" };
        all.push(format!("column `{name}` {is}"));
    }
    if wanted.default != found.default {
        let text = |column: &ColumnDefinition| match &column.default {
            None => "no default".to_owned(),
            Some(default) => format!("the default {default:?}"),
        };
        all.push(format!("column `{name}` has {}, not {}", text(found), text(wanted)));
    }
    if wanted.generated != found.generated {
        all.push(format!("column `{name}` is computed otherwise"));
    }
    if wanted.comment != found.comment {
        all.push(format!("column `{name}` has another comment"));
    }
}

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
            let gone: Vec<&str> = before
                .values
                .iter()
                .filter(|value| !after.values.contains(value))
                .map(String::as_str)
                .collect();
            format!("removes {} from enum {}", gone.join(", "), after.name)
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

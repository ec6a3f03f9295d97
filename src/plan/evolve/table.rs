//! From one declaration of a table to the next.

use std::collections::BTreeMap;

use super::{Refusal, apply};
use crate::plan::structure::TableTask;
use crate::value::constraint::{Constraint, remove};
use crate::value::structure::{
    CheckDefinition, ColumnDefinition, ColumnType, ForeignKeyDefinition, IndexDefinition,
    StructureChange, TableDefinition, UniqueDefinition,
};

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

    /// Keeps the store's name of a constraint that is declared under another one now.
    fn keeps(&mut self, old: &str, new: &str) {
        let real = self.names.remove(old).unwrap_or_else(|| old.to_owned());
        if real != new {
            self.names.insert(new.to_owned(), real);
        }
    }

    /// What is no longer declared goes first.
    fn leaving(&mut self, now: &mut TableDefinition, after: &TableDefinition) {
        self.leave::<ForeignKeyDefinition>(now, after);
        self.leave::<IndexDefinition>(now, after);
        self.leave::<UniqueDefinition>(now, after);
        self.leave::<CheckDefinition>(now, after);
    }

    fn leave<C: Constraint>(&mut self, now: &mut TableDefinition, after: &TableDefinition) {
        for old in C::all(now).to_vec() {
            let twin = C::all(after).iter().find(|other| old.means_the_same(other));
            if self.stays(twin.map(|twin| (old.name(), twin.name()))) {
                let place = C::all_mut(now).iter_mut().find(|other| **other == old);
                if let (Some(place), Some(twin)) = (place, twin) {
                    place.clone_from(twin);
                }
                continue;
            }
            remove(now, &old);
            let real = self.names.remove(old.name()).unwrap_or_else(|| old.name().to_owned());
            self.changes.push(old.named(real).drop_from(self.table.clone()));
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
        self.arrive::<UniqueDefinition>(now, after);
        self.arrive::<CheckDefinition>(now, after);
        self.arrive::<IndexDefinition>(now, after);
        self.arrive::<ForeignKeyDefinition>(now, after);
        if now.comment != after.comment {
            let change = StructureChange::CommentTable {
                table: self.table.clone(),
                before: now.comment.clone(),
                after: after.comment.clone(),
            };
            self.push(now, change);
        }
    }
    fn arrive<C: Constraint>(&mut self, now: &mut TableDefinition, after: &TableDefinition) {
        for new in C::all(after) {
            if C::all(now).iter().all(|other| other.name() != new.name()) {
                self.push(now, new.clone().add_to(self.table.clone()));
            }
        }
    }
}

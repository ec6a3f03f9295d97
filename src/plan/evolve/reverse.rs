//! Each change back.

use super::create;
use crate::value::structure::{ColumnDefinition, ColumnPlace, EnumDefinition, StructureChange};

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

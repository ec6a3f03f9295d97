//! From one declaration of an enum to the next.

use super::Refusal;
use crate::plan::structure::EnumTask;
use crate::value::structure::{ColumnPlace, EnumDefinition, StructureChange};

/// The values that an enum no longer has.
pub(super) fn gone<'v>(before: &'v EnumDefinition, after: &EnumDefinition) -> Vec<&'v str> {
    let gone = before.values.iter().filter(|value| !after.values.contains(value));
    gone.map(String::as_str).collect()
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
    let gone = gone(before, after);
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

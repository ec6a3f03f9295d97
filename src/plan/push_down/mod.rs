//! Which phases one database can do by itself, as a [`Transfer`].
//!
//! A phase is pushed down when every part of it has an exact equivalent; the first part that has
//! none is the reason why it streams. What a transfer leaves out is streamed, so a value that can't
//! be computed needs no equivalent here.

mod compute;

use self::compute::Lowering;
use super::{Phase, WriteMode};
use crate::connectors::ScanSource;
use crate::value::statement::{Compute, Transfer};
use crate::value::{DataType, Schema};

/// Batches of a phase that is pushed down hold at least this many records, unless each of them
/// commits: the cost of a statement should not count.
pub const PUSHED_BATCH: usize = 10_000;

/// The transfer that does what a phase does, given the source's key and both tables, which are in
/// the same database.
///
/// # Errors
/// When a part of the phase has no exact equivalent: says which, as the end of a sentence.
pub fn push_down(
    phase: &Phase,
    key: &[String],
    source: &Schema,
    target: &Schema,
) -> Result<Transfer, String> {
    let entity = of_whole_records(phase)?;
    of_target(phase, entity, target)?;
    let lowering = Lowering::new(phase, key, source);
    let mut fields = Vec::with_capacity(phase.mapping.fields.len());
    for (path, expr) in &phase.mapping.fields {
        let name = path.to_string();
        if target.column(&name).is_none_or(|column| column.generated) {
            return Err(format!("the target can't be written at `{name}`"));
        }
        let value = lowering.expr(expr).map_err(|what| format!("`{name}`: {what}"))?;
        fields.push((name, value));
    }
    let mut key_fields = Vec::with_capacity(key.len());
    for part in key {
        let plain = source.column(part).is_some_and(|column| is_plain(&column.data_type));
        let copy = Compute::Column(part.clone());
        match fields.iter().position(|(_, value)| *value == copy) {
            Some(place) if plain => key_fields.push(place),
            _ => return Err(format!("the target keeps no copy of the source's key `{part}`")),
        }
    }
    Ok(Transfer {
        source: entity.to_owned(),
        key: key.to_vec(),
        filter: phase.source.filter.clone(),
        target: phase.target.entity.clone(),
        fields,
        key_fields,
        conflict: phase.target.key.iter().map(ToString::to_string).collect(),
    })
}

/// The phase's source table, when each of its rows becomes one new row of the target.
fn of_whole_records(phase: &Phase) -> Result<&str, String> {
    let ScanSource::Entity(entity) = &phase.source.scan else {
        return Err("its source is not a table".into());
    };
    match phase.target.write {
        WriteMode::Insert(_) => {}
        WriteMode::Patch | WriteMode::Fill { .. } => {
            return Err("it edits records that are there".into());
        }
        WriteMode::Append => return Err("it appends, without a key".into()),
    }
    if *entity == phase.target.entity {
        return Err("source and target are the same table".into());
    }
    if phase.follows.is_some() {
        return Err("it is a second pass".into());
    }
    if !phase.enrich.is_empty() {
        return Err("a service fills one of its fields".into());
    }
    if phase.mapping.explode.is_some() {
        return Err("it takes records apart".into());
    }
    for (rules, name) in [(&phase.mapping.skip, "skip"), (&phase.mapping.reject, "reject")] {
        if !rules.is_empty() {
            return Err(format!("its `{name}` rules are expressions"));
        }
    }
    Ok(entity)
}

/// Whether the target is one whose rows do not depend on the order or the size of batches.
fn of_target(phase: &Phase, source: &str, target: &Schema) -> Result<(), String> {
    let key: Vec<String> = phase.target.key.iter().map(ToString::to_string).collect();
    let mapped = |name: &String| {
        phase.mapping.fields.iter().any(|(path, _)| path.is_field() && path.root() == name)
    };
    if !key.iter().all(mapped) || !target.primary_key.iter().all(mapped) {
        return Err("the target makes its keys itself".into());
    }
    if !target.is_unique(&key) {
        return Err("the target has no unique index on its key".into());
    }
    let own = |table: &str| table == phase.target.entity || table == source;
    if target.foreign_keys.iter().any(|foreign| own(&foreign.table)) {
        return Err("the target refers to itself or to the source".into());
    }
    Ok(())
}

/// Whether values of this type are the same in key, column and statement.
fn is_plain(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int { signed: true, .. } | DataType::Text { .. } | DataType::Uuid)
}

#[cfg(test)]
mod tests;

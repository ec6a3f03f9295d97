//! What fills the columns of the targets.

use super::place::text;
use super::{Absent, Coverage, FillState, TargetColumn, TargetCoverage, place_of};
use crate::connectors::Model;
use crate::expr::{Origin, Read, Reader, What};
use crate::plan::{Phase, Plan, WriteMode};
use crate::run::{RunError, Stores};
use crate::value::declared::schema_of;
use crate::value::{Column, FieldPath, Schema};

/// Looks at every table and collection that phases write.
pub(super) async fn survey(
    plan: &Plan,
    stores: &Stores,
    found: &mut Coverage,
) -> Result<(), RunError> {
    let mut done: Vec<(&str, Model, &str)> = Vec::new();
    for phase in &plan.phases {
        let (connection, entity) = (phase.target.connection, phase.target.entity.as_str());
        let (url, model) = place_of(plan, connection);
        if done.contains(&(url, model, entity)) {
            continue;
        }
        done.push((url, model, entity));
        let phases: Vec<&Phase> = plan
            .phases
            .iter()
            .filter(|other| {
                other.target.entity == entity
                    && place_of(plan, other.target.connection) == (url, model)
            })
            .collect();
        let store = stores.get(connection);
        // What a spec declares will be as it says, whatever is there now.
        let schema = match plan.declared_table(connection, entity) {
            Some(table) => Some(schema_of(&table.definition)),
            None => store.describe(entity).await?,
        };
        let name = plan.connections[connection].name.clone();
        let mut by: Vec<String> = phases.iter().map(|phase| phase.full_name()).collect();
        by.dedup();
        if schema.is_none() && !store.capabilities().implicit_entities {
            let (connection, name) = (name.clone(), entity.to_owned());
            found.absent.push(Absent { connection, name, column: None, by: by.clone() });
        }
        let schema = schema.unwrap_or_default();
        let columns = if schema.open || schema.columns.is_empty() {
            fields(&phases)
        } else {
            columns(&schema, &phases)
        };
        found.targets.push(TargetCoverage {
            connection: name,
            name: entity.to_owned(),
            by,
            columns,
        });
    }
    Ok(())
}

/// The columns of a table.
fn columns(schema: &Schema, phases: &[&Phase]) -> Vec<TargetColumn> {
    let creates = phases
        .iter()
        .any(|phase| matches!(phase.target.write, WriteMode::Insert(_) | WriteMode::Append));
    let column = |column: &Column| {
        let fills: Vec<Fill> = phases
            .iter()
            .flat_map(|phase| fills(phase, |path| path.root() == column.name))
            .collect();
        let state = match state_of(&fills) {
            Some(state) => state,
            None if column.has_default || column.generated => FillState::Defaulted,
            None if !creates => FillState::Kept,
            None if column.nullable => FillState::Null,
            None => FillState::Unfilled,
        };
        TargetColumn {
            name: column.name.clone(),
            holds: column.declared.clone(),
            state,
            by: fills.into_iter().map(|fill| fill.told).collect(),
        }
    };
    schema.columns.iter().map(column).collect()
}

/// The fields that phases write in documents.
fn fields(phases: &[&Phase]) -> Vec<TargetColumn> {
    let mut paths: Vec<&FieldPath> = Vec::new();
    for (path, _) in phases.iter().flat_map(|phase| &phase.mapping.fields) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let column = |path: &FieldPath| {
        let fills: Vec<Fill> =
            phases.iter().flat_map(|phase| fills(phase, |other| other == path)).collect();
        TargetColumn {
            name: path.to_string(),
            holds: String::new(),
            state: state_of(&fills).unwrap_or(FillState::Kept),
            by: fills.into_iter().map(|fill| fill.told).collect(),
        }
    };
    paths.into_iter().map(column).collect()
}

struct Fill {
    constant: bool,
    told: String,
}

fn state_of(fills: &[Fill]) -> Option<FillState> {
    let constant = !fills.is_empty() && fills.iter().all(|fill| fill.constant);
    match fills {
        [] => None,
        _ if constant => Some(FillState::Constant),
        _ => Some(FillState::Filled),
    }
}

/// What a phase fills of the fields that are wanted.
fn fills(phase: &Phase, wanted: impl Fn(&FieldPath) -> bool) -> Vec<Fill> {
    let reads = phase.mapping.reads();
    let fields = phase.mapping.fields.iter().filter(|(path, _)| wanted(path));
    let fill = |(path, expr): &(FieldPath, crate::expr::Expr)| {
        let from = sources(&reads, path);
        let constant =
            from.is_empty() && matches!(expr.origin, Origin::Value(_) | Origin::Template(_));
        let name = phase.full_name();
        let told = match &*from {
            [] if constant => format!("{name}: a constant"),
            [] => name,
            _ => format!("{name} from {}", from.join(", ")),
        };
        Fill { constant, told }
    };
    fields.map(fill).collect()
}

/// What a field is made of, as paths.
fn sources(reads: &[Read], field: &FieldPath) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for read in reads.iter().filter(|read| read.by == Reader::Field(field.clone())) {
        let name = match &read.what {
            What::Key => "the source key".to_owned(),
            What::Place { place, .. } if place.is_empty() => "the record".to_owned(),
            What::Place { place, .. } => text(place),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

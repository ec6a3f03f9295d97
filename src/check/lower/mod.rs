//! The parts of a plan, one file each, from the parts of a spec.

pub(super) mod canonical;
mod checks;
mod checksum;
mod enrich;
mod filter;
mod indexes;
mod phases;
mod source;
mod structure;
mod tests;

use super::{Checker, Seed};
use crate::plan::{Plan, SpecInfo};

/// Lowers everything. `None` when something is wrong, all of which is reported.
pub(super) fn plan(checker: &mut Checker<'_>) -> Option<(Plan, Vec<Seed>)> {
    checker.prepare_connections();
    let phases = checker.phases();
    let edges = checker.phase_edges();
    let indexes = checker.indexes();
    let checks = checker.checks();
    let structures = checker.structures();
    let tests = checker.tests(phases.as_deref());
    let seeds = checker.seeds();
    let (phases, edges, indexes, checks, tests) = (phases?, edges?, indexes?, checks?, tests?);
    let structures = structures?;
    let graph = checker.graph(&edges, &structures.facts, &indexes.1, &checks.1);
    let spec_names: Vec<&str> =
        (0..checker.set.specs.len()).map(|spec| checker.spec_name(spec)).collect();
    let mut plan = Plan {
        specs: Vec::new(),
        connections: Vec::new(),
        phases,
        indexes: indexes.0,
        checks: checks.0,
        prerequisites: structures.prerequisites,
        structures: structures.tasks,
        tests,
        graph,
    };
    plan.specs = checker
        .set
        .specs
        .iter()
        .enumerate()
        .map(|(at, spec)| SpecInfo {
            name: spec_names[at].to_owned(),
            description: spec.description.as_ref().map(ToString::to_string),
            path: checker.sources.path(spec.source).to_owned(),
            checksum: checksum::of_spec(checker, &plan, at),
        })
        .collect();
    checker.connections.rename_homonyms(&spec_names);
    for planned in &checker.connections.list {
        plan.connections.push(planned.connection.clone());
        checker.origins.connections.push(planned.span);
    }
    // A file that tables are made in comes into being with them.
    for task in &plan.structures {
        plan.connections[task.connection].config.create = true;
    }
    Some((plan, seeds?))
}

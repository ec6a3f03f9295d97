//! The parts of a plan, one file each, from the parts of a spec.

pub(super) mod canonical;
mod checks;
mod checksum;
mod filter;
mod indexes;
mod phases;
mod source;
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
    let prerequisites = checker.prerequisites();
    let tests = checker.tests(phases.as_deref());
    let seeds = checker.seeds();
    let (phases, edges, indexes, checks, tests) = (phases?, edges?, indexes?, checks?, tests?);
    let graph = checker.graph(&edges, &indexes.1, &checks.1);
    let spec_names: Vec<&str> =
        (0..checker.set.specs.len()).map(|spec| checker.spec_name(spec)).collect();
    let mut plan = Plan {
        specs: Vec::new(),
        connections: Vec::new(),
        phases,
        indexes: indexes.0,
        checks: checks.0,
        prerequisites: prerequisites?,
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
    Some((plan, seeds?))
}

impl Checker<'_> {
    /// The tables that must be there.
    fn prerequisites(&mut self) -> Option<Vec<(usize, String)>> {
        let set = self.set;
        let mut all = Vec::new();
        let mut right = true;
        for (spec, content) in set.specs.iter().enumerate() {
            for table in &content.tables {
                let handle = table.connection.as_ref().and_then(|name| self.connection(spec, name));
                match handle {
                    Some(handle) => {
                        all.push((handle.id, table.name.to_string()));
                        self.origins.prerequisites.push(table.name.span());
                    }
                    None => right = false,
                }
            }
        }
        right.then_some(all)
    }
}

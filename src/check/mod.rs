//! From what the author wrote to what will be done, or to every mistake in it.
//!
//! [`check`] needs no store. [`connect`] then compares the plan with what the stores really hold.
//! Each pass is one file. A name that could not be resolved is reported once, where it stands, and
//! what follows from it stays silent; all other references are still looked at.

mod capabilities;
mod connect;
mod connections;
mod expressions;
mod graph;
mod lints;
mod lower;
mod names;
mod origins;
mod overlap;
mod policies;
mod query;
mod seeds;
mod types;

pub use connect::connect;
pub use origins::{LookupOrigins, Mention, MentionRoot, Origins, PhaseOrigins};
pub use seeds::{Seed, SeedOptions, seeds};

use std::collections::HashSet;
use std::path::PathBuf;

use crate::diagnostics::{Diagnostic, Diagnostics, SourceMap, Span, codes};
use crate::plan::Plan;
use crate::spec::{self, SpecSet};
use crate::value::FieldPath;

use connections::Connections;
use graph::PhaseFacts;

/// What the checker has to know beside the specs.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What relative paths from variables and arguments are relative to. Absolute.
    pub working_directory: PathBuf,
}

/// A plan with the places in the specs that its parts come from.
#[derive(Clone)]
pub struct Checked {
    /// What will be done.
    pub plan: Plan,
    /// Where each part of it was written.
    pub origins: Origins,
    /// The seeds, of which [`seeds`] makes a plan of their own.
    pub seeds: Vec<Seed>,
    /// In a plan of seeds: what is taken of rows that only the store makes.
    seed_takes: Vec<SeedTake>,
    /// In a plan of seeds, per phase: a field that tells its rows apart.
    seed_keys: Vec<Option<FieldPath>>,
}

/// A field of a seeded row that only the store makes.
#[derive(Clone, Debug)]
struct SeedTake {
    /// The phase that writes the row.
    phase: usize,
    /// The field.
    take: String,
    /// Where it is asked for.
    span: Span,
}

/// Checks specs without looking at any store. Gives a plan when there is no error; every mistake
/// goes to `diagnostics`.
pub fn check(
    set: &SpecSet,
    sources: &SourceMap,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Option<Checked> {
    let mut checker = Checker::new(set, sources, options, diagnostics);
    let plan = lower::plan(&mut checker);
    // What looks unused may be used where something is wrong.
    if !checker.diagnostics.has_errors() {
        lints::run(&mut checker);
    }
    let origins = std::mem::take(&mut checker.origins);
    // Errors of reading count too: a plan of half a spec would be another plan.
    let (plan, seeds) = plan.filter(|_| !diagnostics.has_errors())?;
    let mut checked =
        Checked { plan, origins, seeds, seed_takes: Vec::new(), seed_keys: Vec::new() };
    connect::declared(&mut checked, diagnostics);
    (!diagnostics.has_errors()).then_some(checked)
}

/// What the passes share.
struct Checker<'s> {
    set: &'s SpecSet,
    sources: &'s SourceMap,
    options: &'s Options,
    diagnostics: &'s mut Diagnostics,
    /// All phases of all specs, in order; a phase's place here is its place in the plan.
    phases: Vec<PhaseRef<'s>>,
    /// What the graph is made of, phase by phase.
    facts: Vec<PhaseFacts>,
    connections: Connections<'s>,
    /// Whether a file has a mistake in its syntax. What it defines may then be lost, so names that
    /// can't be found are no mistake.
    damaged: bool,
    /// Crosswalks that a field uses: spec and name.
    used_crosswalks: HashSet<(usize, &'s str)>,
    origins: Origins,
}

/// A phase and the spec that it belongs to.
#[derive(Clone, Copy)]
struct PhaseRef<'s> {
    spec: usize,
    phase: &'s spec::Phase,
}

impl<'s> Checker<'s> {
    fn new(
        set: &'s SpecSet,
        sources: &'s SourceMap,
        options: &'s Options,
        diagnostics: &'s mut Diagnostics,
    ) -> Self {
        let phases: Vec<PhaseRef<'s>> = set
            .specs
            .iter()
            .enumerate()
            .flat_map(|(spec, content)| {
                content.phases.iter().map(move |phase| PhaseRef { spec, phase })
            })
            .collect();
        let damaged = diagnostics.sorted().iter().any(|told| told.code == &codes::SYNTAX);
        Self {
            set,
            sources,
            options,
            diagnostics,
            facts: vec![PhaseFacts::default(); phases.len()],
            phases,
            connections: Connections::new(set),
            damaged,
            used_crosswalks: HashSet::new(),
            origins: Origins::default(),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a name that can't be found.
    fn report_unknown(&mut self, diagnostic: Diagnostic) {
        if !self.damaged {
            self.report(diagnostic);
        }
    }

    /// The name of a spec; empty after an error.
    fn spec_name(&self, spec: usize) -> &'s str {
        self.set.specs[spec].name.as_ref().map_or("", |name| name.as_str())
    }

    /// `spec.phase`.
    fn full_name(&self, phase: usize) -> String {
        let PhaseRef { spec, phase } = self.phases[phase];
        format!("{}.{}", self.spec_name(spec), phase.name)
    }
}

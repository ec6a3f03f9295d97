//! The plan against what the stores really hold.

mod catalog;
mod field;
mod foreign_keys;
mod parts;
mod source;
mod target;

use std::sync::Arc;

use chrono_tz::Tz;

use super::types::{self, Shape};
use super::{Checked, SeedOptions, seeds};
use crate::connectors::Store;
use crate::diagnostics::Diagnostics;
use crate::expr::{IdKind, Step};
use crate::generate::fixed_now;
use crate::plan::{LookupKind, OnMany, Phase};
use crate::value::DataType;

use catalog::Catalog;

/// Compares a plan with its stores, which are in the order of its connections: what is missing,
/// what does not fit. Foreign keys add to the order of the plan.
///
/// Nothing is read but catalogs and profiles.
pub async fn connect(
    checked: &mut Checked,
    stores: &[Arc<dyn Store>],
    diagnostics: &mut Diagnostics,
) {
    let catalog = Catalog::read(checked, stores, diagnostics).await;
    let live = Live { checked, stores, catalog: &catalog };
    live.prerequisites(diagnostics);
    for at in 0..checked.plan.phases.len() {
        live.phase(at, diagnostics);
    }
    live.indexes(diagnostics);
    live.checks(diagnostics);
    live.seed_takes(diagnostics);
    let keys = live.seed_keys(diagnostics);
    let clocks = live.seed_clocks();
    foreign_keys::order(checked, &catalog);
    for (phase, key) in keys {
        checked.plan.phases[phase].target.key = vec![key];
    }
    for (phase, field) in clocks {
        let (_, made) = &mut checked.plan.phases[phase].mapping.fields[field];
        made.steps.push(Step::Cast { to: DataType::DateTime, timezone: Some(Tz::UTC) });
    }
    if !checked.seeds.is_empty() {
        let used: Vec<Arc<dyn Store>> = seeds::used_connections(&checked.seeds)
            .into_iter()
            .filter_map(|connection| stores.get(connection).cloned())
            .collect();
        let options = SeedOptions { count: None, seed: 1, now: fixed_now() };
        let (mut seeds, _) = seeds(checked, &options, diagnostics);
        Box::pin(connect(&mut seeds, &used, diagnostics)).await;
    }
}

/// Compares a plan with the tables that its specs declare, as far as that can be done without a
/// store. Foreign keys add to the order of the plan.
pub(super) fn declared(checked: &mut Checked, diagnostics: &mut Diagnostics) {
    let catalog = Catalog::declared(checked);
    let live = Live { checked, stores: &[], catalog: &catalog };
    for at in 0..live.checked.plan.phases.len() {
        live.phase(at, diagnostics);
    }
    foreign_keys::order(checked, &catalog);
}

/// What the passes share.
pub(super) struct Live<'a> {
    pub(super) checked: &'a Checked,
    stores: &'a [Arc<dyn Store>],
    pub(super) catalog: &'a Catalog,
}

impl Live<'_> {
    fn phase(&self, at: usize, diagnostics: &mut Diagnostics) {
        let (phase, origins) = (&self.checked.plan.phases[at], &self.checked.origins.phases[at]);
        let schema = self.source(phase, origins, diagnostics);
        let mut shape = Shape { columns: origins.columns.clone() };
        if let Some(schema) = schema {
            let known: Vec<_> = schema
                .columns
                .iter()
                .filter(|column| !shape.columns.iter().any(|(name, _)| *name == column.name))
                .map(|column| (column.name.clone(), column.data_type.clone()))
                .collect();
            shape.columns.extend(known);
        }
        let lookups = self.lookups(phase, origins, diagnostics);
        let typed = types::phase(phase, origins, &shape, &lookups, diagnostics);
        self.target(phase, origins, &typed.fields, schema, diagnostics);
    }

    /// The type of what a lookup gives.
    fn lookup_type(&self, lookup: &LookupKind) -> DataType {
        match lookup {
            LookupKind::Phase { phase } => self
                .checked
                .plan
                .find_phase(phase)
                .and_then(|at| self.checked.plan.phases[at].id_field())
                .map_or(DataType::Any, |(_, rule)| match rule.kind {
                    IdKind::Uuid(_) => DataType::Uuid,
                    IdKind::ObjectId => DataType::ObjectId,
                    IdKind::Keep => DataType::Any,
                }),
            LookupKind::Entity { connection, entity, take, on_many, .. } => {
                let of = self
                    .catalog
                    .schema(*connection, entity)
                    .and_then(|schema| schema.column(take))
                    .map_or(DataType::Any, |column| column.data_type.clone());
                if *on_many == OnMany::All { DataType::Array(Box::new(of)) } else { of }
            }
        }
    }

    /// Whether collections come into being by themselves.
    fn implicit(&self, connection: usize) -> bool {
        self.stores.get(connection).is_some_and(|store| store.capabilities().implicit_entities)
    }

    /// The phases that write to a table or collection.
    fn writers(&self, connection: usize, entity: &str) -> impl Iterator<Item = &Phase> {
        let url = self.url(connection);
        self.checked.plan.phases.iter().filter(move |phase| {
            phase.target.entity == entity && self.url(phase.target.connection) == url
        })
    }

    fn url(&self, connection: usize) -> &str {
        self.checked.plan.connections.get(connection).map_or("", |known| &known.config.url)
    }
}

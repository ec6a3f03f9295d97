//! What goes into scratch databases: fixtures, or a sample of the real data with its structure.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::links::Uses;
use super::sample::Sampler;
use super::{Filled, Rehearsal, Request, SHARE, Step, structure};
use crate::connectors::{self, ConnectionConfig, Policies, ScanSource, Store, StoreErrorKind};
use crate::diagnostics::wording::and_list;
use crate::plan::Plan;
use crate::run::{Cancel, Observer, RunError, Stores, fixtures, unopened};

/// What is filled, and from where.
pub(super) struct Fill<'f> {
    pub(super) plan: &'f Plan,
    /// The scratch database of each connection.
    pub(super) places: &'f [Option<usize>],
    /// The scratch databases, by connection.
    pub(super) stores: &'f Stores,
    /// The real databases, by the number of their scratch database.
    pub(super) origins: &'f [Option<Arc<dyn Store>>],
}

/// Whether a connection's data come from its fixtures.
fn by_fixtures(plan: &Plan, connection: usize, request: &Request) -> bool {
    request.share.is_none() && plan.connections[connection].fixtures.is_some()
}

/// Opens the real databases, by the number of their scratch database. One that is not needed may be
/// absent.
pub(super) async fn origins(
    plan: &Plan,
    places: &[Option<usize>],
    request: &Request,
) -> Result<Vec<Option<Arc<dyn Store>>>, RunError> {
    let count = places.iter().flatten().max().map_or(0, |most| most + 1);
    let mut origins: Vec<Option<Arc<dyn Store>>> = Vec::with_capacity(count);
    for place in 0..count {
        let connections = || (0..places.len()).filter(|other| places[*other] == Some(place));
        let Some(first) = connections().next() else { continue };
        let connection = &plan.connections[first];
        // What is there goes over as it is.
        let config = ConnectionConfig {
            create: false,
            policies: Policies::default(),
            ..connection.config.clone()
        };
        let needed = connections().any(|other| !by_fixtures(plan, other, request));
        origins.push(match connectors::open(&config).await {
            Ok(store) => Some(store),
            Err(_) if !needed => None,
            Err(error) if error.kind == StoreErrorKind::NotFound => {
                return Err(unopened(error, &connection.name).help(
                    "a sample is taken of it; without `--sample` fixtures serve, where the \
                           connection has them",
                ));
            }
            Err(error) => return Err(unopened(error, &connection.name)),
        });
    }
    Ok(origins)
}

impl Fill<'_> {
    /// Fills the scratch databases.
    pub(super) async fn fill(
        &self,
        request: &Request,
        observer: &dyn Observer,
        cancel: &Cancel,
        rehearsal: &mut Rehearsal,
    ) -> Result<(), RunError> {
        let start = Instant::now();
        let mut loaded: BTreeSet<(usize, PathBuf)> = BTreeSet::new();
        let mut sampled: BTreeSet<usize> = BTreeSet::new();
        for (index, connection) in self.plan.connections.iter().enumerate() {
            let Some(place) = self.places[index] else { continue };
            if !by_fixtures(self.plan, index, request) {
                sampled.insert(place);
                continue;
            }
            let Some(folder) = &connection.fixtures else { continue };
            if !loaded.insert((place, folder.clone())) {
                continue;
            }
            let records = fixtures::fill_store(self.stores.get(index), folder).await?;
            let event =
                crate::run::Event::Fixtures { connection: connection.name.clone(), records };
            observer.event(&event);
            let (connection, from) = (connection.name.clone(), "fixtures".to_owned());
            rehearsal.data.push(Filled { connection, from, records, tables: Vec::new() });
        }
        let filled: BTreeSet<usize> = loaded.iter().map(|(place, _)| *place).collect();
        sampled.retain(|place| !filled.contains(place));
        if !sampled.is_empty() {
            self.sample(&sampled, request.share.unwrap_or(SHARE), cancel, rehearsal).await?;
        }
        rehearsal.steps.push(Step {
            name: "fill".to_owned(),
            passed: true,
            seconds: start.elapsed().as_secs_f64(),
            found: Vec::new(),
        });
        Ok(())
    }

    async fn sample(
        &self,
        sampled: &BTreeSet<usize>,
        share: f64,
        cancel: &Cancel,
        rehearsal: &mut Rehearsal,
    ) -> Result<(), RunError> {
        let mut scratch: Vec<Arc<dyn Store>> = Vec::with_capacity(self.origins.len());
        for place in 0..self.origins.len() {
            let connection = self.places.iter().position(|other| *other == Some(place));
            scratch.extend(connection.map(|connection| Arc::clone(self.stores.get(connection))));
        }
        let origins: Vec<Option<Arc<dyn Store>>> = self
            .origins
            .iter()
            .enumerate()
            .map(|(place, origin)| origin.clone().filter(|_| sampled.contains(&place)))
            .collect();
        let mut uses = Uses::of(self.plan, self.places);
        for place in uses.any.clone() {
            if let Some(origin) = &origins[place] {
                let all = origin.entities().await?;
                uses.entities.extend(all.into_iter().map(|name| (place, name)));
            }
        }
        let schemas = structure::closed(&origins, &uses).await?;
        uses.foreign_keys(&schemas);
        let copied = structure::copy(&origins, &scratch, &uses, schemas).await?;
        let mut sampler = Sampler::new(self.plan, (&origins, &scratch), (&uses, &copied), cancel);
        sampler.take(share).await?;
        copied.complete(&scratch).await?;
        for place in sampled {
            let connection = self.places.iter().position(|other| *other == Some(*place));
            let name = connection.map(|index| self.plan.connections[index].name.clone());
            let tables: Vec<(String, u64)> = copied
                .schemas
                .keys()
                .filter(|(other, _)| other == place)
                .map(|entity| (entity.1.clone(), sampler.rows(entity)))
                .collect();
            rehearsal.data.push(Filled {
                connection: name.unwrap_or_default(),
                from: format!("a sample of {} %", share * 100.0),
                records: tables.iter().map(|(_, rows)| rows).sum(),
                tables,
            });
        }
        if sampler.unreadable > 0 {
            let count = sampler.unreadable;
            rehearsal.warnings.push(format!("{count} records can't be read, and are not sampled"));
        }
        let whole: Vec<&str> = uses.whole.iter().map(|(_, name)| name.as_str()).collect();
        if !whole.is_empty() {
            rehearsal.warnings.push(format!(
                "taken whole, because what is looked up there is computed: {}",
                and_list(&whole)
            ));
        }
        let bare: Vec<&str> = copied.bare.iter().map(|(_, name)| name.as_str()).collect();
        if !bare.is_empty() {
            rehearsal.warnings.push(format!(
                "only columns, primary key and indexes were copied of {}",
                and_list(&bare)
            ));
        }
        Ok(())
    }

    /// Says of each phase how many records its real source has, where that can be known.
    pub(super) async fn full_sizes(&self, rehearsal: &mut Rehearsal) {
        for told in &mut rehearsal.phases {
            let phase = self.plan.phases.iter().find(|phase| phase.full_name() == told.phase);
            let Some(phase) = phase else { continue };
            let (ScanSource::Entity(entity), Some(place)) =
                (&phase.source.scan, self.places[phase.source.connection])
            else {
                continue;
            };
            let Some(Some(origin)) = self.origins.get(place) else { continue };
            // What can't be counted is not estimated.
            told.full = match origin.describe(entity).await {
                Ok(Some(_)) => origin.count(entity, &phase.source.filter).await.ok(),
                _ => None,
            };
        }
    }
}

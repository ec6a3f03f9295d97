//! The plan of seeds: a phase each, over generated rows.

use chrono::{DateTime, Utc};

use super::{Seed, generated_connection, unique};
use crate::check::graph::order;
use crate::check::lower::canonical::digest;
use crate::check::origins::{LookupOrigins, Origins, PhaseOrigins};
use crate::check::{Checked, SeedTake};
use crate::connectors::ScanSource;
use crate::diagnostics::Diagnostics;
use crate::expr::{Expr, LookupCall, Mapping, OnError, OnMissing, Origin, Path};
use crate::generate::{self, Field, Generated, Generator, Kind, Pool, ROW, Recipe, Taken};
use crate::ledger::SEEDS;
use crate::plan::{
    ConnectionId, Edge, Lookup, LookupKind, OnDuplicate, Phase, Plan, Source, SpecInfo, Target,
    Transaction, Work, WriteMode,
};
use crate::value::FieldPath;
use crate::value::query::Filter;

/// Rows per batch.
const BATCH: usize = 2000;

/// How seeds are made.
#[derive(Clone, Copy, Debug)]
pub struct SeedOptions {
    /// How many rows the largest seed has; the others keep their proportion to it.
    pub count: Option<u64>,
    /// The number that chance begins with.
    pub seed: u64,
    /// What moments are relative to.
    pub now: DateTime<Utc>,
}

/// The plan that makes the seeds of specs, and the recipe of its last connection, which is that of
/// the generated rows. What can't be made so often goes to `diagnostics`.
pub fn seeds(
    checked: &Checked,
    options: &SeedOptions,
    diagnostics: &mut Diagnostics,
) -> (Checked, Recipe) {
    let seeds = &checked.seeds;
    let counts = scaled(seeds, options.count);
    for diagnostic in unique::too_few(seeds, &counts, options.now) {
        diagnostics.push(diagnostic);
    }
    let mut plan = Plan::default();
    let mut origins = Origins::default();
    // Other stores of the specs need not be there.
    let used = used_connections(seeds);
    for connection in &used {
        plan.connections.push(checked.plan.connections[*connection].clone());
        origins.connections.push(checked.origins.connections[*connection]);
    }
    let generated = plan.connections.len();
    plan.connections.push(generated_connection());
    origins.connections.extend(seeds.first().map(|seed| seed.places.name));
    let mut takes = Vec::new();
    let mut keys = Vec::with_capacity(seeds.len());
    for (at, seed) in seeds.iter().enumerate() {
        let mut phase = phase(seeds, at, counts[at], options.seed, generated);
        phase.target.connection = place(&used, seed.connection);
        for (field, table) in lookups(seed) {
            if let Some((take, span)) = &seed.places.takes[field] {
                takes.push(SeedTake { phase: table, take: take.clone(), span: *span });
            }
        }
        origins.phases.push(places(seed, &phase));
        keys.push(key(seed));
        plan.phases.push(phase);
    }
    for seed in seeds {
        let name = spec_name(seed);
        if !plan.specs.iter().any(|spec| spec.name == name) {
            let own = seeds.iter().filter(|other| other.owner == seed.owner);
            let checksums: Vec<&str> = own.map(|other| other.checksum.as_str()).collect();
            plan.specs.push(SpecInfo {
                name,
                description: None,
                path: seed.path.clone(),
                checksum: digest(&serde_json::json!([checksums, options.seed])),
            });
        }
    }
    let work =
        plan.phases.iter().enumerate().map(|(at, phase)| (Work::Phase(at), phase.full_name()));
    let edges: Vec<Vec<Edge>> = seeds
        .iter()
        .map(|seed| {
            let edge = |(node, reason): &(usize, _)| Edge { node: *node, reason: *reason };
            seed.after.iter().filter(|(node, _)| *node < seeds.len()).map(edge).collect()
        })
        .collect();
    plan.graph = order::sorted(work.collect(), &edges);
    let recipe = Recipe {
        seed: options.seed,
        now: options.now,
        tables: seeds
            .iter()
            .zip(&counts)
            .map(|(seed, count)| generate::Table {
                name: table_name(seed),
                salt: seed.name.clone(),
                count: *count,
                fields: renumbered(&seed.fields, &used),
            })
            .collect(),
    };
    (Checked { plan, origins, seeds: Vec::new(), seed_takes: takes, seed_keys: keys }, recipe)
}

/// The connections that seeds write to, and those whose rows they refer to.
pub(in crate::check) fn used_connections(seeds: &[Seed]) -> Vec<ConnectionId> {
    fn collect(fields: &[Field], used: &mut Vec<ConnectionId>) {
        for field in fields {
            collect_one(&field.generator, used);
        }
    }
    fn collect_one(generator: &Generator, used: &mut Vec<ConnectionId>) {
        match &generator.kind {
            Kind::Reference(reference) => {
                if let Pool::Rows { connection, .. } = reference.pool {
                    used.push(connection);
                }
            }
            Kind::Object(fields) => collect(fields, used),
            Kind::List { of, .. } => collect_one(of, used),
            _ => {}
        }
    }
    let mut used: Vec<ConnectionId> = seeds.iter().map(|seed| seed.connection).collect();
    for seed in seeds {
        collect(&seed.fields, &mut used);
    }
    used.sort_unstable();
    used.dedup();
    used
}

/// Where a connection is among those that are used.
fn place(used: &[ConnectionId], connection: ConnectionId) -> ConnectionId {
    used.iter().position(|other| *other == connection).unwrap_or_default()
}

/// The same fields, with connections by their place among those that are used.
fn renumbered(fields: &[Field], used: &[ConnectionId]) -> Vec<Field> {
    fn one(generator: &mut Generator, used: &[ConnectionId]) {
        match &mut generator.kind {
            Kind::Reference(reference) => {
                if let Pool::Rows { connection, .. } = &mut reference.pool {
                    *connection = place(used, *connection);
                }
            }
            Kind::Object(fields) => {
                for field in fields {
                    one(&mut field.generator, used);
                }
            }
            Kind::List { of, .. } => one(of, used),
            _ => {}
        }
    }
    let mut fields = fields.to_vec();
    for field in &mut fields {
        one(&mut field.generator, used);
    }
    fields
}

/// A field in which no two rows have the same value, and none has none.
fn key(seed: &Seed) -> Option<FieldPath> {
    let differs = |generator: &Generator| {
        let kind = match &generator.kind {
            Kind::Uuid | Kind::ObjectId => true,
            Kind::Sequence { step, .. } => *step != 0,
            _ => generator.unique,
        };
        kind && generator.null_rate == 0.0 && generator.dirty.is_none()
    };
    let found = seed.fields.iter().find(|field| differs(&field.generator));
    found.map(|field| field.path.clone())
}

/// How many rows each seed has.
fn scaled(seeds: &[Seed], count: Option<u64>) -> Vec<u64> {
    let largest = seeds.iter().map(|seed| seed.count).max().unwrap_or(0);
    let scale = |own: u64| match count {
        Some(count) if largest > 0 => {
            let rows = (u128::from(own) * u128::from(count)).div_ceil(largest.into());
            u64::try_from(rows).unwrap_or(u64::MAX)
        }
        _ => own,
    };
    seeds.iter().map(|seed| scale(seed.count)).collect()
}

/// What stands for a spec's seeds in the ledger, beside the spec's own runs.
fn spec_name(seed: &Seed) -> String {
    format!("{SEEDS}{}", seed.owner)
}

fn table_name(seed: &Seed) -> String {
    format!("{}.{}", seed.owner, seed.name)
}

/// The fields of a seed that are looked up by the number of another's row: field and seed.
fn lookups(seed: &Seed) -> impl Iterator<Item = (usize, usize)> {
    seed.fields.iter().enumerate().filter_map(|(at, field)| match &field.generator.kind {
        Kind::Reference(reference) => match reference.pool {
            Pool::Table { table, take: Taken::Number } => Some((at, table)),
            _ => None,
        },
        _ => None,
    })
}

fn phase(seeds: &[Seed], at: usize, count: u64, number: u64, generated: usize) -> Phase {
    let seed = &seeds[at];
    let expr =
        |origin| Expr { origin, steps: Vec::new(), default: None, on_error: OnError::Reject };
    let mut fields = Vec::with_capacity(seed.fields.len());
    let mut looked_up = Vec::new();
    for (place, field) in seed.fields.iter().enumerate() {
        let column = expr(Origin::Path(Path::field(&Generated::column(place))));
        let made = match lookups(seed).find(|(field, _)| *field == place) {
            None => column,
            Some((_, table)) => {
                let phase = format!("{}.{}", spec_name(&seeds[table]), seeds[table].name);
                looked_up.push(Lookup { kind: LookupKind::Phase { phase }, stub: false });
                expr(Origin::Lookup(LookupCall {
                    lookup: looked_up.len() - 1,
                    keys: vec![column],
                    on_missing: OnMissing::Reject,
                }))
            }
        };
        fields.push((field.path.clone(), made));
    }
    Phase {
        spec: spec_name(seed),
        name: seed.name.clone(),
        renamed_from: None,
        description: seed.description.clone(),
        checksum: digest(&serde_json::json!([seed.checksum, number])),
        source: Source {
            connection: generated,
            scan: ScanSource::Entity(table_name(seed)),
            key: vec![ROW.to_owned()],
            filter: Filter::All,
            changes: None,
        },
        target: Target {
            connection: seed.connection,
            entity: seed.entity.clone(),
            key: Vec::new(),
            write: WriteMode::Append,
        },
        mapping: Mapping { fields, ..Mapping::default() },
        lookups: looked_up,
        batch: BATCH,
        transaction: Transaction::Auto,
        on_duplicate: OnDuplicate::Reject,
        max_rejects: None,
        expected: Some(count),
        ignore: Vec::new(),
        follows: None,
        enrich: Vec::new(),
        enabled: true,
        off: crate::plan::Off::default(),
        deleted: None,
        backup: None,
    }
}

fn places(seed: &Seed, phase: &Phase) -> PhaseOrigins {
    PhaseOrigins {
        name: seed.places.name,
        source: seed.places.name,
        source_key: Vec::new(),
        filter: Vec::new(),
        target: seed.places.entity,
        target_key: Vec::new(),
        fields: seed.places.fields.clone(),
        lets: Vec::new(),
        lookups: phase
            .lookups
            .iter()
            .map(|_| LookupOrigins { target: seed.places.name, take: None, by: Vec::new() })
            .collect(),
        mentions: Vec::new(),
        changes: None,
        ignore: Vec::new(),
        columns: Vec::new(),
    }
}

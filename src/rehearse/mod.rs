//! A rehearsal: the whole life of a spec in a scratch database. It is filled, the spec runs, what it
//! made is verified, it runs again and must change nothing, it is taken back and everything must be
//! as it was. The real stores are only read, and the scratch database goes whatever happens.

mod content;
mod fill;
mod links;
mod sample;
mod steps;
mod structure;
mod tell;

use std::path::PathBuf;
use std::sync::Arc;

use crate::connectors::scratch::{self, Scratch};
use crate::connectors::{StoreError, is_embedded};
use crate::plan::{Check, CheckKind, Expect, Operand, Plan, Severity};
use crate::run::{Cancel, Observer, Options, RunError, RunErrorKind, Stores};

/// The share of the source that is sampled when nothing else is said.
pub const SHARE: f64 = 0.05;

/// How a rehearsal is done.
#[derive(Clone, Debug)]
pub struct Request {
    /// The share of the real source, from 0 to 1. Without it, fixtures are used where a connection
    /// has them, and [`SHARE`] of the others.
    pub share: Option<f64>,
    /// Whether the scratch database stays.
    pub keep: bool,
    /// Where folders for databases in files are made.
    pub temporary: PathBuf,
    /// How the spec is run.
    pub run: Options,
}

/// What a rehearsal found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rehearsal {
    /// The specs.
    pub specs: Vec<String>,
    /// What each connection was filled with.
    pub data: Vec<Filled>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// How long each phase took.
    pub phases: Vec<PhaseTime>,
    /// Where the scratch databases were; they are there still when they were to be kept.
    pub places: Vec<String>,
    /// Whether they are there still.
    pub kept: bool,
    /// Scratch databases that earlier rehearsals had left, and that are gone now.
    pub removed: Vec<String>,
    /// What the user should know besides.
    pub warnings: Vec<String>,
    /// Whether someone wished to stop.
    pub cancelled: bool,
}

/// What a connection's scratch database was filled with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filled {
    /// The connection.
    pub connection: String,
    /// What it is: `fixtures`, or a share of the real data.
    pub from: String,
    /// Records.
    pub records: u64,
    /// Tables and collections with how many records of each, when it is a sample.
    pub tables: Vec<(String, u64)>,
}

/// A step of a rehearsal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What was done.
    pub name: String,
    /// Whether it went as it must.
    pub passed: bool,
    /// How long it took.
    pub seconds: f64,
    /// What was found.
    pub found: Vec<String>,
}

/// How long a phase took, and would take on all of the source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhaseTime {
    /// The phase.
    pub phase: String,
    /// Records that were read.
    pub read: u64,
    /// Records that were rejected.
    pub rejected: u64,
    /// How long it took.
    pub seconds: f64,
    /// How many records the real source has, when that is known.
    pub full: Option<u64>,
}

impl PhaseTime {
    /// Records per second.
    #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.read as f64 / self.seconds } else { 0.0 }
    }

    /// How many seconds the real source would take.
    #[expect(clippy::cast_precision_loss, reason = "an estimate is no exact number")]
    pub fn estimate(&self) -> Option<f64> {
        let full = self.full?;
        (self.read > 0).then(|| self.seconds * full as f64 / self.read as f64)
    }
}

impl Rehearsal {
    /// Whether all held.
    pub fn is_passed(&self) -> bool {
        !self.cancelled && !self.steps.is_empty() && self.steps.iter().all(|step| step.passed)
    }
}

/// Rehearses a plan.
///
/// # Errors
/// When a scratch database can't be made or filled. What was made is removed.
pub async fn rehearse(
    plan: &Plan,
    request: &Request,
    observer: Arc<dyn Observer>,
    cancel: &Cancel,
) -> Result<Rehearsal, RunError> {
    let mut rehearsal = Rehearsal {
        specs: plan.specs.iter().map(|spec| spec.name.clone()).collect(),
        ..Rehearsal::default()
    };
    // Connections to one database share a scratch database.
    let mut urls: Vec<&str> = Vec::new();
    let places: Vec<Option<usize>> = plan
        .connections
        .iter()
        .map(|connection| {
            let config = &connection.config;
            config.files.is_none().then(|| {
                urls.iter().position(|url| *url == config.url).unwrap_or_else(|| {
                    urls.push(&config.url);
                    urls.len() - 1
                })
            })
        })
        .collect();
    let configs: Vec<_> = (0..urls.len())
        .filter_map(|place| places.iter().position(|other| *other == Some(place)))
        .map(|connection| &plan.connections[connection].config)
        .collect();
    let mut swept = false;
    for config in &configs {
        if is_embedded(config) && std::mem::replace(&mut swept, true) {
            continue;
        }
        match scratch::remove_leftovers(config, &request.temporary).await {
            Ok(removed) => rehearsal.removed.extend(removed),
            Err(error) => rehearsal
                .warnings
                .push(format!("what earlier rehearsals left could not be looked for: {error}")),
        }
    }
    let mut scratches: Vec<Scratch> = Vec::with_capacity(configs.len());
    let mut failed = None;
    for config in &configs {
        match Scratch::create(config, &request.temporary).await {
            Ok(scratch) => scratches.push(scratch),
            Err(error) => {
                failed = Some(cannot_create(error));
                break;
            }
        }
    }
    rehearsal.places = scratches.iter().map(Scratch::location).collect();
    let done = match failed {
        Some(error) => Err(error),
        None => {
            let sampled = request.share.is_some()
                || plan
                    .connections
                    .iter()
                    .any(|c| c.fixtures.is_none() && c.config.files.is_none());
            let inside = inside(plan, &places, &scratches, sampled);
            on(plan, &inside, &places, request, observer, cancel, &mut rehearsal).await
        }
    };
    rehearsal.kept = request.keep && done.is_ok();
    for scratch in scratches {
        let location = scratch.location();
        let ended = if rehearsal.kept { scratch.keep().await } else { scratch.remove().await };
        if let Err(error) = ended {
            rehearsal.warnings.push(format!("{location} is still there: {error}"));
        }
    }
    match done {
        Err(error) if error.kind == RunErrorKind::Cancelled => rehearsal.cancelled = true,
        done => done?,
    }
    Ok(rehearsal)
}

fn cannot_create(error: StoreError) -> RunError {
    let mut error = RunError::from(error);
    error.help = Some(
        "a rehearsal needs a database of its own beside the connection's: give its user the right \
         to create one, or let the connection's variable lead to a server where it may"
            .to_owned(),
    );
    error
}

/// The plan with its connections leading into scratch databases.
fn inside(plan: &Plan, places: &[Option<usize>], scratches: &[Scratch], sampled: bool) -> Plan {
    let mut plan = plan.clone();
    for (connection, place) in plan.connections.iter_mut().zip(places) {
        let Some(place) = place else { continue };
        let config = scratches[*place].config();
        connection.config.url.clone_from(&config.url);
        connection.config.create = config.create;
        connection.production = false;
        connection.backup = None;
    }
    if sampled {
        for check in &mut plan.checks {
            if is_about_size(check) {
                check.severity = Severity::Info;
            }
        }
        for phase in &mut plan.phases {
            phase.expected = None;
        }
    }
    plan
}

/// Whether a check expects a number that a sample can't have.
fn is_about_size(check: &Check) -> bool {
    let fixed = |expect: &Expect| {
        matches!(expect.equals, Some(Operand::Value(_)))
            || expect.rows.is_some_and(|rows| rows > 0)
            || matches!(expect.min, Some(Operand::Value(_)))
    };
    match &check.kind {
        CheckKind::Query { expect, .. }
        | CheckKind::Filter { expect, .. }
        | CheckKind::Stats { expect, .. }
        | CheckKind::Sum { expect, .. } => fixed(expect),
        _ => false,
    }
}

/// Rehearses on scratch databases, and closes what it opened there.
async fn on(
    plan: &Plan,
    inside: &Plan,
    places: &[Option<usize>],
    request: &Request,
    observer: Arc<dyn Observer>,
    cancel: &Cancel,
    rehearsal: &mut Rehearsal,
) -> Result<(), RunError> {
    let stores = Stores::open(inside).await?;
    let origins = fill::origins(plan, places, request).await;
    let done = match origins {
        Ok(origins) => {
            let done = async {
                let work = fill::Fill { plan, places, stores: &stores, origins: &origins };
                work.fill(request, &*observer, cancel, rehearsal).await?;
                steps::all(inside, &stores, request, observer, cancel, rehearsal).await?;
                work.full_sizes(rehearsal).await;
                Ok(())
            };
            let done = done.await;
            for origin in origins.into_iter().flatten() {
                origin.close().await;
            }
            done
        }
        Err(error) => Err(error),
    };
    for connection in stores.distinct(0..inside.connections.len()) {
        stores.get(connection).close().await;
    }
    done
}

//! `mapper rejects`: what was rejected and why; try again.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::progress::Watcher;
use super::table::table;
use super::{ExitCode, Failure, confirm, environment, load, open, signal};
use crate::check::{self, Checked, SeedOptions};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::wording::{self, plural};
use crate::generate;
use crate::ids;
use crate::plan::Plan;
use crate::rejects::{self, Reject};
use crate::run::{Options, Retried, Stores};

/// List what was rejected and why, or try it again
///
/// A reject stands until its record arrives. The exit code is 3 while one stands.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Read the rejected records again, and bring in those that can be, under the spec as it is now
    #[arg(long)]
    retry: bool,
    /// Show keys that are text as they are, and not as a short hash
    #[arg(long)]
    show_values: bool,
    /// Do not ask before `--retry` writes to production
    #[arg(short, long, requires = "retry")]
    yes: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let checked = load::checked(&arguments.spec, environment, console)?;
    let seeds = seeds(&checked);
    let plan = checked.plan.with_second_passes();
    if arguments.retry {
        confirm::production(console, arguments.yes, &plan)?;
    }
    let stores = if arguments.retry {
        open::existing(&plan).await?
    } else {
        open::existing_or_empty(&plan).await?
    };
    let done = work(arguments, environment, console, (&plan, &seeds), &stores).await;
    open::close(&plan, &stores).await;
    let (retried, standing) = done?;
    let cancelled = retried.iter().any(|(_, retried)| retried.cancelled);
    let exit = match (cancelled, standing.is_empty()) {
        (true, _) => ExitCode::Interrupted,
        (false, true) => ExitCode::Done,
        (false, false) => ExitCode::Rejects,
    };
    if console.is_json() {
        console.document(&document(arguments, &plan, &retried, &standing, exit))?;
        return Ok(exit);
    }
    for (phase, retried) in &retried {
        if let Some(line) = line(&plan.phases[*phase].full_name(), retried) {
            console.say(&line);
        }
    }
    let heads = ["phase", "key", "reason", "field", "why"];
    let rows: Vec<Vec<String>> = standing
        .iter()
        .map(|reject| {
            vec![
                reject.phase.clone(),
                reject.key.clone(),
                reject.reason.clone(),
                reject.field.clone().unwrap_or_default(),
                reject.message.clone(),
            ]
        })
        .collect();
    if standing.is_empty() {
        console.say("No reject stands.");
    } else {
        console.answer(&table(&heads, &rows), || Json::Null)?;
        let stand = if standing.len() == 1 { "stands" } else { "stand" };
        console.say(&format!("{} {stand}.", plural(standing.len(), "reject")));
    }
    Ok(exit)
}

type Done = (Vec<(usize, Retried)>, Vec<Reject>);

async fn work(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
    (plan, seeds): (&Plan, &Plan),
    stores: &Stores,
) -> Result<Done, Failure> {
    let mut retried = Vec::new();
    if arguments.retry {
        let options = Options {
            now: environment.now()?,
            who: environment.who(),
            command: environment::command_line(std::env::args_os()),
            ..Options::default()
        };
        let _locks = stores.lock(plan).await?;
        let how = "The same command goes on from there.";
        let cancel = signal::listen(*console, how.to_owned());
        let watcher = Watcher::new(console, None)?;
        let done = rejects::retry(plan, stores, &options, &watcher, &cancel).await;
        watcher.finish();
        retried = done?;
        ids::refresh(plan, stores).await?;
    }
    let mut standing = rejects::list(plan, stores, arguments.show_values).await?;
    let seeded = Stores::from_stores(
        seeds
            .connections
            .iter()
            .filter_map(|used| plan.connections.iter().position(|known| known.name == used.name))
            .map(|at| stores.get(at).clone())
            .collect(),
    );
    standing.extend(rejects::list(seeds, &seeded, arguments.show_values).await?);
    Ok((retried, standing))
}

/// The plan of the spec's seeds: what was rejected of them stands beside the rest.
fn seeds(checked: &Checked) -> Plan {
    let options = SeedOptions { count: None, seed: 1, now: generate::fixed_now() };
    check::seeds(checked, &options, &mut Diagnostics::new()).0.plan
}

/// What became of a phase's rejects; nothing when it had none.
fn line(phase: &str, retried: &Retried) -> Option<String> {
    let counts = &retried.counts;
    let told = wording::counts(&[
        (counts.inserted, "inserted"),
        (counts.updated, "updated"),
        (counts.unchanged, "unchanged"),
        (counts.skipped, "skipped"),
        (counts.rejected, "rejected again"),
        (retried.vanished, "not in the source any more"),
    ]);
    told.map(|told| format!("{phase}: {told}"))
}

fn document(
    arguments: &Arguments,
    plan: &Plan,
    retried: &[(usize, Retried)],
    standing: &[Reject],
    exit: ExitCode,
) -> Json {
    let again: Vec<Json> = retried
        .iter()
        .map(|(phase, retried)| {
            let counts = &retried.counts;
            json!({
                "phase": plan.phases[*phase].full_name(),
                "read": counts.read,
                "inserted": counts.inserted,
                "updated": counts.updated,
                "unchanged": counts.unchanged,
                "skipped": counts.skipped,
                "rejected": counts.rejected,
                "vanished": retried.vanished,
            })
        })
        .collect();
    let rejects: Vec<Json> = standing
        .iter()
        .map(|reject| {
            json!({
                "phase": reject.phase,
                "key": reject.key,
                "reason": reject.reason,
                "field": reject.field,
                "message": reject.message,
                "run": reject.run,
            })
        })
        .collect();
    let mut document = json!({ "exit": exit.number(), "rejects": rejects });
    if arguments.retry {
        document["retried"] = Json::Array(again);
    }
    document
}

//! `mapper rollback`: undo.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::progress::Watcher;
use super::{ExitCode, Failure, confirm, load, open, run, signal};
use crate::diagnostics::wording::{self, plural};
use crate::ids;
use crate::ledger::ObjectRecord;
use crate::rollback::{Request, RollbackOutcome, Scope, losses, rollback};

/// Take runs back, newest first
///
/// What a run inserted is deleted, what it changed becomes what it was, what it created is dropped
/// when it is empty. A unit is one spec's part of one run; without a flag it is the last one. Rows
/// that were edited since, or that others refer to, are kept and listed, and the exit code is 1.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Take back the last N runs
    #[arg(short, value_name = "N", group = "scope")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    n: Option<u32>,
    /// Take back all runs
    #[arg(long, group = "scope")]
    all: bool,
    /// Take back this phase, in all runs
    #[arg(long, value_name = "PHASE", group = "scope")]
    phase: Option<String>,
    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take back also what was edited since, or is referred to
    #[arg(long)]
    force: bool,
    /// Show keys that are text as they are, and not as a short hash
    #[arg(long)]
    show_values: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let plan = load::plan(&arguments.spec, environment, console)?;
    let request = Request {
        scope: match (&arguments.phase, arguments.all, arguments.n) {
            (Some(name), ..) => Scope::Phase(plan.phases[run::phase(&plan, name)?].full_name()),
            (None, true, _) => Scope::All,
            (None, false, count) => Scope::Runs(count.unwrap_or(1) as usize),
        },
        dry_run: arguments.dry_run,
        force: arguments.force,
        show_values: arguments.show_values,
    };
    let stores = open::existing(&plan).await?;
    if !request.dry_run {
        if !arguments.yes {
            for loss in losses(&plan, &stores, &request.scope).await? {
                console.warning(&loss);
            }
        }
        let name = confirm::name(&plan);
        let what = match &request.scope {
            Scope::All => format!("all runs of `{name}`"),
            Scope::Phase(phase) => format!("phase `{phase}` in all runs"),
            Scope::Runs(1) => format!("the last run of `{name}`"),
            Scope::Runs(count) => format!("the last {count} runs of `{name}`"),
        };
        let forced = if request.force { ", also what was edited since" } else { "" };
        confirm::confirm(console, arguments.yes, &format!("takes back {what}{forced}"), &name)?;
    }
    let locks = if request.dry_run { Vec::new() } else { stores.lock(&plan).await? };
    let cancel = signal::listen(*console, "The same command goes on from there.".to_owned());
    let watcher = Watcher::new(console, None)?;
    let done = rollback(&plan, &stores, &request, &watcher, &cancel).await;
    watcher.finish();
    let refreshed = match &done {
        Ok(_) if !request.dry_run => ids::refresh(&plan, &stores).await.map(|_| ()),
        _ => Ok(()),
    };
    drop(locks);
    open::close(&plan, &stores).await;
    let done = done?;
    refreshed?;
    told(&done, &WORDS, console)
}

/// How a rollback is told.
pub(super) struct Words {
    /// When there is nothing to take back.
    pub(super) nothing: &'static str,
    /// When records were kept: what to do.
    pub(super) kept: &'static str,
}

const WORDS: Words =
    Words { nothing: "There is no run to take back.", kept: "`--force` takes back those too." };

/// Tells what was taken back, or that there is nothing, and gives the exit code.
pub(super) fn told(
    outcome: &RollbackOutcome,
    words: &Words,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let exit = match (outcome.cancelled, outcome.is_complete()) {
        (true, _) => ExitCode::Interrupted,
        (false, true) => ExitCode::Done,
        (false, false) => ExitCode::Failed,
    };
    if console.is_json() {
        console.document(&document(outcome, exit))?;
    } else if outcome.units.is_empty() {
        console.say(words.nothing);
    } else {
        tell(outcome, words, console);
    }
    Ok(exit)
}

fn tell(outcome: &RollbackOutcome, words: &Words, console: &Console) {
    for unit in &outcome.units {
        console.say(&format!("{} {}", unit.spec, unit.run));
        for phase in &unit.phases {
            let told = wording::counts(&[
                (phase.deleted, "deleted"),
                (phase.restored, "restored"),
                (phase.gone, "gone already"),
                (phase.kept, "kept"),
            ]);
            let told = told.unwrap_or_else(|| "nothing".to_owned());
            console.say(&format!("  {}: {told}", phase.phase));
        }
        for change in &unit.undone {
            console.say(&format!("  {change}"));
        }
        for why in &unit.standing {
            console.error_text(&format!("  stays: {why}"));
        }
        for object in &unit.dropped {
            console.say(&format!("  dropped {}", object_name(object)));
        }
        for object in &unit.left {
            console.say(&format!("  left {}, which holds other records", object_name(object)));
        }
    }
    for message in &outcome.warnings {
        console.warning(message);
    }
    let mut why: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for kept in &outcome.kept {
        why.entry((&kept.phase, kept.why.describe())).or_default().push(&kept.key);
    }
    for ((phase, why), keys) in why {
        console.error_text(&format!("kept in {phase}, {why}: {}", keys.join("; ")));
    }
    let kept = usize::try_from(outcome.kept_records()).unwrap_or(usize::MAX);
    console.say(&match (outcome.cancelled, kept, outcome.dry_run) {
        (true, ..) => "Interrupted. The same command goes on from there.".to_owned(),
        (false, 0, true) if outcome.is_complete() => {
            "This was a dry run: nothing was written.".to_owned()
        }
        (false, 0, false) if outcome.is_complete() => "Taken back.".to_owned(),
        (false, 0, dry_run) => format!(
            "{}, but for what stays. `--force` takes back that too, where the store lets it go.",
            if dry_run { "This was a dry run: it would be taken back" } else { "Taken back" }
        ),
        (false, kept, true) => {
            format!(
                "This was a dry run: nothing was written. {} would be kept.",
                plural(kept, "record")
            )
        }
        (false, kept, false) => {
            format!("Taken back, but for {}. {}", plural(kept, "record"), words.kept)
        }
    });
}

fn object_name(object: &ObjectRecord) -> String {
    if object.name == object.entity {
        object.entity.clone()
    } else {
        format!("{} {} of {}", object.kind.name(), object.name, object.entity)
    }
}

fn document(outcome: &RollbackOutcome, exit: ExitCode) -> Json {
    let object = |object: &ObjectRecord| json!({ "kind": object.kind.name(), "entity": object.entity, "name": object.name });
    let units: Vec<Json> = outcome
        .units
        .iter()
        .map(|unit| {
            let phases: Vec<Json> = unit
                .phases
                .iter()
                .map(|phase| {
                    json!({
                        "phase": phase.phase,
                        "deleted": phase.deleted,
                        "restored": phase.restored,
                        "gone": phase.gone,
                        "kept": phase.kept,
                    })
                })
                .collect();
            json!({
                "spec": unit.spec,
                "run": unit.run,
                "rolled_back": unit.rolled_back,
                "phases": phases,
                "undone": unit.undone,
                "standing": unit.standing,
                "dropped": unit.dropped.iter().map(object).collect::<Vec<_>>(),
                "left": unit.left.iter().map(object).collect::<Vec<_>>(),
            })
        })
        .collect();
    let kept: Vec<Json> = outcome
        .kept
        .iter()
        .map(|kept| {
            json!({
                "run": kept.run,
                "phase": kept.phase,
                "key": kept.key,
                "why": kept.why.describe(),
            })
        })
        .collect();
    json!({
        "exit": exit.number(),
        "dry_run": outcome.dry_run,
        "cancelled": outcome.cancelled,
        "runs": units,
        "kept_records": outcome.kept_records(),
        "kept": kept,
        "warnings": outcome.warnings,
    })
}

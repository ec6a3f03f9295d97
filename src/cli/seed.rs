//! `mapper seed`: data to try a spec on.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::failure::tell_run_error;
use super::load::Loaded;
use super::progress::Watcher;
use super::{ExitCode, Failure, environment, load, open, rollback as undo, signal, summary};
use crate::check::{self, Checked, SeedOptions};
use crate::connectors::Store;
use crate::diagnostics::wording::{and_list, plural};
use crate::diagnostics::{Diagnostics, SourceMap, render};
use crate::generate::{self, Generated, Recipe};
use crate::plan::Plan;
use crate::report::{Report, exit_code};
use crate::rollback::{Request, Scope, rollback};
use crate::run::fixtures::{self, Fill};
use crate::run::{self, Options, Outcome, RunError, RunErrorKind, Stores};

/// Fill tables and collections with test data, from the spec's seeds or its fixtures
///
/// The same spec, `--count` and `--seed` give the same data on every machine. What is seeded is
/// kept account of, so a second time adds nothing, and `--clean` removes exactly that. A connection
/// with `production = true` is refused.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Fill databases that are absent or empty from the fixtures that the connections name
    ///
    /// `mapper run` does the same before it begins. A database that holds anything is left alone.
    #[arg(long, conflicts_with_all = ["count", "seed", "clean"])]
    fixtures: bool,
    /// How many rows the largest seed has; the others keep their proportion to it
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    count: Option<u64>,
    /// The number that chance begins with: another one gives other data (default: 1)
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Remove what was seeded; rows that were edited since, or that others refer to, are kept
    #[arg(long, conflicts_with_all = ["count", "seed"])]
    clean: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    if arguments.fixtures {
        return load_fixtures(arguments, environment, console).await;
    }
    let Loaded { checked, mut diagnostics, sources } =
        load::load(std::slice::from_ref(&arguments.spec), environment);
    let Some(checked) = checked else {
        return Err(Failure::Spec(Box::new((diagnostics, sources))));
    };
    if checked.seeds.is_empty() {
        return Err(Failure::usage("the spec has no seeds").help(
            "a table `[seed.NAME]` says what to make; `--fixtures` loads the spec's fixtures",
        ));
    }
    refuse_production(&checked)?;
    let options = SeedOptions {
        count: arguments.count,
        seed: arguments.seed.unwrap_or(1),
        now: environment.now()?.unwrap_or_else(generate::fixed_now),
    };
    let (seeds, recipe) = check::seeds(&checked, &options, &mut diagnostics);
    // What is to be removed is there, however many rows the spec asks for now.
    if diagnostics.has_errors() && !arguments.clean {
        return Err(Failure::Spec(Box::new((diagnostics, sources))));
    }
    if !diagnostics.is_empty() {
        console.say(&render::text(&diagnostics, &sources, console.style()));
    }
    if arguments.clean {
        return clean(&seeds.plan, console).await;
    }
    let job = Job {
        spec: arguments.spec.display().to_string(),
        commit_after: environment.commit_after()?,
        environment,
        console,
        sources,
    };
    job.seed(seeds, recipe).await
}

/// Refuses to make up data where real data is.
fn refuse_production(checked: &Checked) -> Result<(), Failure> {
    let connections = &checked.plan.connections;
    let mut names: Vec<&str> = Vec::new();
    for seed in &checked.seeds {
        let target = &connections[seed.connection];
        let production = connections
            .iter()
            .any(|other| other.production && other.config.url == target.config.url);
        if production && !names.contains(&target.name.as_str()) {
            names.push(&target.name);
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let message = format!("{} is production, which is never seeded", and_list(&names));
    Err(Failure::usage(message).help("seed a database of its own for tests"))
}

/// The stores of a plan of seeds: those of its connections, and that of the generated rows.
fn with_generated(stores: &Stores, recipe: Recipe) -> Stores {
    let mut all: Vec<Arc<dyn Store>> = stores.iter().cloned().collect();
    all.push(Arc::new(Generated::new(recipe, all.clone())));
    Stores::from_stores(all)
}

/// A plan without its last connection, that of the generated rows, to open the others.
fn without_generated(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.connections.pop();
    plan
}

/// A command that seeds.
struct Job<'a> {
    spec: String,
    commit_after: Option<std::time::Duration>,
    environment: &'a Environment,
    console: &'a Console,
    sources: SourceMap,
}

impl Job<'_> {
    async fn seed(self, mut seeds: Checked, recipe: Recipe) -> Result<ExitCode, Failure> {
        let console = self.console;
        let watcher = Arc::new(Watcher::new(console, None)?);
        let opened = without_generated(&seeds.plan);
        let (stores, _) = fixtures::open(&opened, Fill::Embedded, &*watcher).await?;
        let mut diagnostics = Diagnostics::new();
        let known: Vec<Arc<dyn Store>> = stores.iter().cloned().collect();
        check::connect(&mut seeds, &known, &mut diagnostics).await;
        if diagnostics.has_errors() {
            open::close(&opened, &stores).await;
            return Err(Failure::Spec(Box::new((diagnostics, self.sources))));
        }
        if !diagnostics.is_empty() {
            console.say(&render::text(&diagnostics, &self.sources, console.style()));
        }
        let plan = Arc::new(seeds.plan);
        let stores = with_generated(&stores, recipe);
        let ended = self.write(&plan, &stores, &watcher).await;
        open::close(&plan, &stores).await;
        watcher.finish();
        let mut report = match &ended {
            Ok((outcome, _)) => Report::of_run(&plan, outcome),
            Err(error) => Report::of_error(&plan, error),
        };
        let exit = match &ended {
            Ok((outcome, rejects)) => match exit_code(outcome) {
                0 if *rejects > 0 => ExitCode::Rejects,
                number => ExitCode::from_number(number),
            },
            Err(error) => ExitCode::of(error),
        };
        report.exit = exit.number();
        if console.is_json() {
            console.document(&summary::json(&report)?)?;
            return Ok(exit);
        }
        match &ended {
            Ok((outcome, _)) => {
                summary::tell(&report, console);
                for error in outcome.nodes.iter().filter_map(|node| node.error.as_ref()) {
                    tell_run_error(error, console);
                }
                console.say(&next(exit, &self.spec));
            }
            Err(error) => tell_run_error(error, console),
        }
        Ok(exit)
    }

    /// Writes the rows. Gives the outcome, and how many rows were rejected.
    async fn write(
        &self,
        plan: &Arc<Plan>,
        stores: &Stores,
        watcher: &Arc<Watcher>,
    ) -> Result<(Outcome, u64), RunError> {
        let spec = &self.spec;
        let defaults = Options::default();
        let options = Options {
            commit_after: self.commit_after.unwrap_or(defaults.commit_after),
            who: self.environment.who(),
            command: environment::command_line(std::env::args_os()),
            ..defaults
        };
        let _locks = stores.lock(plan).await?;
        let changed = run::changed_phases(plan, stores, &options).await?;
        if !changed.is_empty() {
            let message = format!(
                "what {} seeded came of another spec, or of another `--seed`",
                and_list(&changed)
            );
            return Err(RunError::new(RunErrorKind::Refused, message)
                .help(format!("`mapper seed {spec} --clean` removes it; seed again afterwards")));
        }
        let cancel =
            signal::listen(*self.console, format!("`mapper seed {spec}` goes on from there."));
        let outcome = run::run(
            Arc::clone(plan),
            stores.clone(),
            Arc::new(options),
            Arc::clone(watcher) as Arc<dyn run::Observer>,
            cancel,
        )
        .await?;
        let rejects = open::rejects(plan, stores).await.unwrap_or_else(|_| outcome.rejected());
        Ok((outcome, rejects))
    }
}

/// What can be done next, in a sentence or two.
fn next(exit: ExitCode, spec: &str) -> String {
    match exit {
        ExitCode::Done => format!("Seeded. `mapper seed {spec} --clean` removes it again."),
        ExitCode::Rejects => format!(
            "Seeded, but for rows that were rejected. `mapper seed {spec} --clean` removes the \
             others again."
        ),
        ExitCode::Interrupted => format!(
            "Interrupted. What was committed stays; `mapper seed {spec}` goes on from there."
        ),
        ExitCode::Failed | ExitCode::Usage => format!(
            "Failed. What was committed stays; `mapper seed {spec}` goes on from there, \
             `mapper seed {spec} --clean` removes it."
        ),
    }
}

/// Removes what was seeded.
async fn clean(plan: &Plan, console: &Console) -> Result<ExitCode, Failure> {
    let plan = without_generated(plan);
    let stores = open::existing(&plan).await?;
    let locks = stores.lock(&plan).await?;
    let cancel = signal::listen(*console, "The same command goes on from there.".to_owned());
    let watcher = Watcher::new(console, None)?;
    let request = Request { scope: Scope::All, ..Request::default() };
    let done = rollback(&plan, &stores, &request, &watcher, &cancel).await;
    watcher.finish();
    drop(locks);
    open::close(&plan, &stores).await;
    let words = undo::Words {
        nothing: "There is nothing that was seeded.",
        kept: "Delete those by hand if nobody needs them.",
    };
    undo::told(&done?, &words, console)
}

async fn load_fixtures(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let plan = load::plan(&arguments.spec, environment, console)?;
    let with_fixtures: Vec<&str> = plan
        .connections
        .iter()
        .filter(|connection| connection.fixtures.is_some())
        .map(|connection| connection.name.as_str())
        .collect();
    if with_fixtures.is_empty() {
        return Err(Failure::usage("no connection of the spec has fixtures")
            .help("a connection names their folder with `fixtures = \"…\"`"));
    }
    let watcher = Watcher::new(console, None)?;
    let opened = fixtures::open(&plan, Fill::All, &watcher).await;
    let loaded = watcher.finish();
    let (stores, _) = opened?;
    open::close(&plan, &stores).await;
    if console.is_json() {
        let connections: Vec<Json> = with_fixtures
            .iter()
            .map(|name| {
                let records =
                    loaded.iter().find(|(other, _)| other == name).map(|(_, count)| count);
                json!({ "connection": name, "loaded": records.is_some(), "records": records })
            })
            .collect();
        console.document(&json!({ "exit": 0, "connections": connections }))?;
    }
    for name in with_fixtures {
        let records = loaded.iter().find(|(other, _)| other == name).map(|(_, count)| *count);
        console.say(&match records {
            Some(records) => {
                let records = plural(usize::try_from(records).unwrap_or(usize::MAX), "record");
                format!("{name}: {records} loaded")
            }
            None => format!("{name}: there was data already, so nothing was loaded"),
        });
    }
    Ok(ExitCode::Done)
}

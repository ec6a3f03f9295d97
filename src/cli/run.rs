//! `mapper run`: the migration.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::console::Console;
use super::environment::Environment;
use super::failure::tell_run_error;
use super::progress::Watcher;
use super::summary::{self, ReportFile};
use super::table::table;
use super::{ExitCode, Failure, confirm, environment, load, open, signal};
use crate::diagnostics::wording::{and_list, did_you_mean, or_list, plural};
use crate::ids;
use crate::plan::{Plan, Work};
use crate::rejects::{self, Reject};
use crate::report::{RejectReport, Report, exit_code};
use crate::rollback::{self, Request, Scope};
use crate::run::{
    self, Cancel, Event, Observer as _, Options, Outcome, RunError, RunErrorKind, Stores, fixtures,
};
use crate::status::{Status, status};

/// How many records that a run would reject are shown.
const SHOWN: usize = 20;

/// How many of them a report holds.
const FORETOLD: usize = 1_000;

/// Run the migration
///
/// Phases run in the order that `mapper plan` shows, side by side where they can. What was
/// interrupted goes on where it stood; what is done already is compared, and only differences are
/// written. It asks only before it touches a connection with `production = true`, and before
/// `--redo` takes something back.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Read and map everything, say what would happen, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Run this phase and no other; may be repeated
    #[arg(long, value_name = "PHASE")]
    only: Vec<String>,
    /// Leave this phase out; may be repeated
    #[arg(long, value_name = "PHASE")]
    skip: Vec<String>,
    /// Run this phase and those that the plan lists after it
    #[arg(long, value_name = "PHASE", conflicts_with = "only")]
    from: Option<String>,
    /// Take this phase back first, then run it again; may be repeated
    #[arg(long, value_name = "PHASE", conflicts_with = "dry_run")]
    redo: Vec<String>,
    /// Map this phase again, and update what differs from what it wrote; may be repeated
    #[arg(long, value_name = "PHASE")]
    update: Vec<String>,
    /// Accept that this phase's spec changed since it ran; may be repeated
    #[arg(long, value_name = "PHASE", conflicts_with = "dry_run")]
    keep: Vec<String>,
    /// Write a report, as JSON or Markdown by the ending of its name (.json, .md)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write every event as a line of JSON; with `--verbose` every record too
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// With `--verbose`, show keys that are text as they are, and not as a short hash
    #[arg(long, requires = "verbose")]
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
    let report_file = ReportFile::new(arguments.report.as_deref())?;
    let plan = load::plan(&arguments.spec, environment, console)?;
    let options = options(arguments, &plan, environment)?;
    let redo = phases(&plan, &arguments.redo)?.into_iter().collect();
    ask(arguments, &plan, console)?;
    let spec = arguments.spec.display().to_string();
    let watcher = Arc::new(Watcher::new(console, arguments.events.as_deref())?);
    let cancel = signal::listen(*console, format!("`mapper run {spec}` goes on from there."));
    let wants_progress = arguments.report.is_some() || console.is_json();
    let job = Job {
        plan: Arc::new(plan),
        options: Arc::new(options),
        redo,
        cancel,
        watcher,
        wants_progress,
    };
    let ended = job.run().await;
    job.watcher.finish();
    let mut report = match &ended {
        Ok(Ended { outcome, progress: Some(status), .. }) => {
            Report::of_run(&job.plan, outcome).with_progress(&job.plan, status)
        }
        Ok(Ended { outcome, .. }) => Report::of_run(&job.plan, outcome),
        Err(error) => Report::of_error(&job.plan, error),
    };
    if let Ok(Ended { foretold, .. }) = &ended {
        report.rejects = foretold.iter().take(FORETOLD).map(RejectReport::from).collect();
    }
    let exit = match &ended {
        Ok(Ended { outcome, open_rejects, .. }) => match exit_code(outcome) {
            0 if *open_rejects > 0 => ExitCode::Rejects,
            number => ExitCode::from_number(number),
        },
        Err(error) => ExitCode::of(error),
    };
    report.exit = exit.number();
    report_file.write(&report)?;
    if console.is_json() {
        console.document(&summary::json(&report)?)?;
        return Ok(exit);
    }
    match &ended {
        Ok(Ended { outcome, open_rejects, foretold, .. }) => {
            summary::tell(&report, console);
            foretell(foretold, console);
            for node in &outcome.nodes {
                if let Some(error) = &node.error {
                    tell_run_error(error, console);
                }
            }
            console.say(&next(exit, outcome, *open_rejects, &spec));
        }
        Err(error) => tell_run_error(error, console),
    }
    Ok(exit)
}

/// Tells which records a run would reject, and why.
fn foretell(foretold: &[Reject], console: &Console) {
    if foretold.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = foretold
        .iter()
        .take(SHOWN)
        .map(|reject| {
            let field = reject.field.clone().unwrap_or_default();
            let names = [&reject.phase, &reject.key, &reject.reason].map(Clone::clone);
            names.into_iter().chain([field, reject.message.clone()]).collect()
        })
        .collect();
    let heads = ["phase", "key", "reason", "field", "why"];
    console.say(&format!("\nA run would reject:\n{}", table(&heads, &rows)));
    if foretold.len() > SHOWN {
        console.say(&format!(
            "and {} more; `--report` holds the first {FORETOLD}",
            foretold.len() - SHOWN
        ));
    }
}

/// What can be done next, in a sentence or two.
fn next(exit: ExitCode, outcome: &Outcome, open_rejects: u64, spec: &str) -> String {
    if outcome.dry_run {
        return format!("This was a dry run: nothing was written. `mapper run {spec}` does it.");
    }
    let referenced = outcome.referenced();
    if exit == ExitCode::Failed && referenced > 0 && !outcome.is_failed() && !outcome.cancelled {
        return format!(
            "Done, but for {referenced} that the source no longer has: others refer to them, so they \
             stay. Every run tries again."
        );
    }
    match exit {
        ExitCode::Done => {
            format!("Done. `mapper verify {spec}` looks at it, `mapper rollback {spec}` undoes it.")
        }
        ExitCode::Rejects => format!(
            "Done, and {} not in. `mapper rejects {spec}` lists what and why; when data or spec \
             are mended, `mapper rejects {spec} --retry` tries again.",
            match open_rejects {
                1 => "1 record is".to_owned(),
                count => format!("{count} records are"),
            }
        ),
        ExitCode::Interrupted => {
            format!(
                "Interrupted. What was committed stays; `mapper run {spec}` goes on from there."
            )
        }
        ExitCode::Failed | ExitCode::Usage => format!(
            "Failed. What was committed stays; `mapper run {spec}` goes on from there, \
             `mapper rollback {spec}` undoes it."
        ),
    }
}

/// Asks, when the flags and the plan give a reason.
fn ask(arguments: &Arguments, plan: &Plan, console: &Console) -> Result<(), Failure> {
    if arguments.dry_run {
        return Ok(());
    }
    let mut deeds: Vec<String> = confirm::writes_to_production(plan).into_iter().collect();
    let asked = selected(arguments, plan)?;
    let runs = |index: &usize| asked.is_empty() || asked.contains(index);
    deeds.extend(confirm::deletes_in_production(plan, runs));
    if !arguments.redo.is_empty() {
        deeds.push(format!("takes back what {} wrote", and_list(&arguments.redo)));
    }
    if deeds.is_empty() {
        return Ok(());
    }
    confirm::confirm(console, arguments.yes, &deeds.join(" and "), &confirm::name(plan))
}

/// What the flags and the environment say of the run.
fn options(
    arguments: &Arguments,
    plan: &Plan,
    environment: &Environment,
) -> Result<Options, Failure> {
    let commit_after = environment.commit_after()?;
    let push_down = environment.push_down()?;
    let defaults = Options::default();
    Ok(Options {
        dry_run: arguments.dry_run,
        only: selected(arguments, plan)?,
        update: phases(plan, &arguments.update)?,
        keep: phases(plan, &arguments.keep)?,
        show_values: arguments.show_values,
        push_down,
        commit_after: commit_after.unwrap_or(defaults.commit_after),
        now: environment.now()?,
        who: environment.who(),
        command: environment::command_line(std::env::args_os()),
        backups: Some(environment.backups()),
        ..defaults
    })
}

/// The phases to run; empty is all.
fn selected(arguments: &Arguments, plan: &Plan) -> Result<BTreeSet<usize>, Failure> {
    let only = phases(plan, &arguments.only)?;
    let skip = phases(plan, &arguments.skip)?;
    let from = phases(plan, arguments.from.as_slice())?.first().copied();
    if only.is_empty() && skip.is_empty() && from.is_none() {
        return Ok(BTreeSet::new());
    }
    let start = from.and_then(|phase| plan.graph.find(Work::Phase(phase))).unwrap_or(0);
    let selected: BTreeSet<usize> = plan.graph.nodes[start..]
        .iter()
        .filter_map(|node| match node.work {
            Work::Phase(phase) => Some(phase),
            Work::Structure(_) | Work::Index(_) | Work::Check(_) => None,
        })
        .filter(|phase| only.is_empty() || only.contains(phase))
        .filter(|phase| !skip.contains(phase))
        .collect();
    if selected.is_empty() {
        return Err(Failure::usage("the flags leave no phase to run")
            .help("`mapper plan` lists the phases"));
    }
    Ok(selected)
}

/// The places of phases in the plan, by their full or short names.
fn phases(plan: &Plan, names: &[String]) -> Result<BTreeSet<usize>, Failure> {
    names.iter().map(|name| phase(plan, name)).collect()
}

/// The place of a phase in the plan, by its full or short name.
pub(super) fn phase(plan: &Plan, name: &str) -> Result<usize, Failure> {
    plan.find_phase(name).ok_or_else(|| {
        let same: Vec<String> = plan
            .phases
            .iter()
            .filter(|phase| phase.name == *name)
            .map(crate::plan::Phase::full_name)
            .collect();
        if !same.is_empty() {
            return Failure::usage(format!("several specs have a phase `{name}`"))
                .help(format!("say which: {}", or_list(&same)));
        }
        let full: Vec<String> = plan.phases.iter().map(crate::plan::Phase::full_name).collect();
        let known: Vec<&str> = if name.contains('.') {
            full.iter().map(String::as_str).collect()
        } else {
            plan.phases.iter().map(|phase| phase.name.as_str()).collect()
        };
        let failure = Failure::usage(format!("there is no phase `{name}`"));
        match did_you_mean(name, &known, "the phases are") {
            Some(help) => failure.help(help),
            None => failure.help("`mapper plan` lists the phases"),
        }
    })
}

/// A run with all that it needs.
struct Job {
    plan: Arc<Plan>,
    options: Arc<Options>,
    redo: Vec<usize>,
    cancel: Cancel,
    watcher: Arc<Watcher>,
    /// Whether it is asked where the phases stand afterwards.
    wants_progress: bool,
}

/// What a run left.
struct Ended {
    outcome: Outcome,
    /// How many rejects stand.
    open_rejects: u64,
    /// Of a dry run: what a run would reject.
    foretold: Vec<Reject>,
    /// Where the phases stand, when that was asked and the run was no rehearsal.
    progress: Option<Status>,
}

impl Job {
    /// Runs.
    async fn run(&self) -> Result<Ended, RunError> {
        let dry_run = self.options.dry_run;
        let which = if dry_run { fixtures::Fill::Copies } else { fixtures::Fill::Embedded };
        let (mut stores, _temporary) = fixtures::open(&self.plan, which, &*self.watcher).await?;
        if dry_run {
            stores = stores.overlaid();
        }
        let ended = self.run_on(&stores).await;
        open::close(&self.plan, &stores).await;
        ended
    }

    async fn run_on(&self, stores: &Stores) -> Result<Ended, RunError> {
        let _locks =
            if self.options.dry_run { Vec::new() } else { stores.lock(&self.plan).await? };
        for phase in &self.redo {
            self.take_back(*phase, stores).await?;
        }
        if self.cancel.is_cancelled() {
            return Err(RunError::new(RunErrorKind::Cancelled, "interrupted before it began"));
        }
        let outcome = run::run(
            Arc::clone(&self.plan),
            stores.clone(),
            Arc::clone(&self.options),
            Arc::clone(&self.watcher) as Arc<dyn run::Observer>,
            self.cancel.clone(),
        )
        .await?;
        // A failed run has mapped something too; that it failed is the greater trouble.
        let refreshed = if self.options.dry_run {
            Ok(Vec::new())
        } else {
            ids::refresh(&self.plan, stores).await
        };
        if !outcome.is_failed() {
            refreshed?;
        }
        let progress = if self.wants_progress && !self.options.dry_run {
            status(&self.plan, stores).await.map(Some)
        } else {
            Ok(None)
        };
        let open_rejects = open::rejects(&self.plan, stores).await;
        let foretold = if self.options.dry_run {
            let mut all = rejects::list(&self.plan, stores, self.options.show_values).await?;
            all.retain(|reject| outcome.runs.iter().any(|(_, run)| *run == reject.run));
            all
        } else {
            Vec::new()
        };
        if outcome.is_failed() {
            // A server that is away can't be asked; that it is away is told already.
            let (open_rejects, progress) = (open_rejects.unwrap_or(0), progress.unwrap_or(None));
            return Ok(Ended { outcome, open_rejects, foretold, progress });
        }
        Ok(Ended { outcome, open_rejects: open_rejects?, foretold, progress: progress? })
    }

    /// Takes a phase back whole.
    async fn take_back(&self, phase: usize, stores: &Stores) -> Result<(), RunError> {
        let phase = &self.plan.phases[phase];
        if stores.newest_record(phase).await?.is_none() {
            return Ok(());
        }
        let name = phase.full_name();
        let request = Request { scope: Scope::Phase(name.clone()), ..Request::default() };
        let outcome =
            rollback::rollback(&self.plan, stores, &request, &*self.watcher, &self.cancel).await?;
        if outcome.cancelled {
            return Err(RunError::new(RunErrorKind::Cancelled, "interrupted while taking back")
                .in_phase(&name));
        }
        for message in &outcome.warnings {
            self.watcher.event(&Event::Warning { message: message.clone() });
        }
        if outcome.is_complete() {
            return Ok(());
        }
        let message = format!(
            "{} could not be taken back: edited since, or others refer to them",
            plural(usize::try_from(outcome.kept_records()).unwrap_or(usize::MAX), "record")
        );
        Err(RunError::new(RunErrorKind::Refused, message).in_phase(&name).help(format!(
            "`mapper rollback SPEC --phase {name} --dry-run` lists them, and `--force` takes them \
             back too; `mapper run SPEC --update {name}` changes what differs and takes nothing back"
        )))
    }
}

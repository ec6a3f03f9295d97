//! `mapper rehearse`: the whole life of a spec, in a scratch database.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::console::Console;
use super::environment::{self, Environment};
use super::progress::Watcher;
use super::summary::ReportFile;
use super::{ExitCode, Failure, load, signal};
use crate::rehearse::{Rehearsal, Request, rehearse};
use crate::run::Options;

/// Try a spec from beginning to end in a scratch database
///
/// A database beside each connection's own is made and filled: from the connection's fixtures, or
/// with a sample of the real data and every row that a sampled one refers to. There the spec runs,
/// is verified, runs again and must change nothing, is taken back, and everything must be as it was
/// before. The real databases are only read, and the scratch database goes in the end. The exit code
/// is 0 when all held.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Take this share of the real data, also where there are fixtures (`5%`)
    #[arg(long, value_name = "SHARE", value_parser = share)]
    sample: Option<f64>,
    /// Leave the scratch database there
    #[arg(long)]
    keep: bool,
    /// Write a report, as JSON or Markdown by the ending of its name (.json, .md)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// A share of all, as `5%`.
fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').ok_or("write it with a per cent sign: 5%")?;
    let share: f64 = number.trim().parse().map_err(|_| "it is no number of per cent")?;
    if share > 0.0 && share <= 100.0 {
        Ok(share / 100.0)
    } else {
        Err("it is more than 0% and at most 100%".to_owned())
    }
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let report_file = ReportFile::new(arguments.report.as_deref())?;
    let plan = load::plan(&arguments.spec, environment, console)?;
    let defaults = Options::default();
    let request = Request {
        share: arguments.sample,
        keep: arguments.keep,
        temporary: std::env::temp_dir(),
        run: Options {
            push_down: environment.push_down()?,
            commit_after: environment.commit_after()?.unwrap_or(defaults.commit_after),
            now: environment.now()?,
            who: environment.who(),
            command: environment::command_line(std::env::args_os()),
            ..defaults
        },
    };
    let watcher = Arc::new(Watcher::new(console, None)?);
    let cancel = signal::listen(
        *console,
        "Then the scratch database is removed; what is left is removed by the next rehearsal."
            .to_owned(),
    );
    let observer = Arc::clone(&watcher) as Arc<dyn crate::run::Observer>;
    let done = rehearse(&plan, &request, observer, &cancel).await;
    watcher.finish();
    let rehearsal = done?;
    let exit = match (rehearsal.cancelled, rehearsal.is_passed()) {
        (true, _) => ExitCode::Interrupted,
        (false, true) => ExitCode::Done,
        (false, false) => ExitCode::Failed,
    };
    let document = rehearsal.json(exit.number());
    report_file.write_either(&document, || rehearsal.markdown())?;
    if console.is_json() {
        console.document(&document)?;
    } else {
        tell(&rehearsal, console);
    }
    Ok(exit)
}

fn tell(rehearsal: &Rehearsal, console: &Console) {
    for place in &rehearsal.removed {
        console.say(&format!("removed {place}, which an earlier rehearsal had left"));
    }
    for data in &rehearsal.data {
        console.say(&format!("{}: {} records from {}", data.connection, data.records, data.from));
    }
    for step in &rehearsal.steps {
        let result = if step.passed { "held" } else { "FAILED" };
        console.say(&format!("  {:<10} {result:<7} {:>8.2} s", step.name, step.seconds));
        if !step.passed {
            for found in &step.found {
                console.error_text(&format!("    {found}"));
            }
        }
    }
    for phase in &rehearsal.phases {
        let mut line = format!(
            "  {}: {} records in {:.2} s, {:.0} a second",
            phase.phase,
            phase.read,
            phase.seconds,
            phase.rate()
        );
        if phase.rejected > 0 {
            line.push_str(&format!(", {} rejected", phase.rejected));
        }
        if let (Some(full), Some(estimate)) = (phase.full, phase.estimate()) {
            line.push_str(&format!("; all {full} take about {estimate:.1} s"));
        }
        console.say(&line);
    }
    for warning in &rehearsal.warnings {
        console.warning(warning);
    }
    if let Some(estimate) = rehearsal.estimate() {
        console
            .say(&format!("All of the real data take about {estimate:.1} s, phase after phase."));
    }
    let places = rehearsal.places.join(", ");
    console.say(&match (rehearsal.cancelled, rehearsal.is_passed(), rehearsal.kept) {
        (true, ..) => "Interrupted. The scratch database is removed.".to_owned(),
        (false, true, true) => format!("All held. The scratch database stays: {places}"),
        (false, true, false) => "All held. The scratch database is removed.".to_owned(),
        (false, false, true) => {
            format!("Something did not hold. The scratch database stays: {places}")
        }
        (false, false, false) => {
            "Something did not hold. The scratch database is removed; `--keep` leaves it there."
                .to_owned()
        }
    });
}

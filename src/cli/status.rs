//! `mapper status`: where everything stands.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::summary::ReportFile;
use super::table::table;
use super::{ExitCode, Failure, load, open};
use crate::diagnostics::wording::and_list;
use crate::ledger::{PhaseState, RunRecord, SwitchRecord};
use crate::plan::Plan;
use crate::report::{PhaseProgress, Report};
use crate::status::{Status, status};
use crate::value::time::timestamp_text;

/// How often the watch looks again.
const EVERY: Duration = Duration::from_secs(2);

/// How many runs are listed.
const RUNS: usize = 25;

/// Tell where each phase stands, and what can run next
///
/// remaining = expected - current - skipped - rejected. Expected is what the spec says, or else
/// what the source counts. Then come enums and tables, and the history: who ran what, when, for how
/// long, and the checksum of the spec. Nothing is written.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Look again every two seconds, until all phases are done
    #[arg(long)]
    watch: bool,
    /// Write a report, as JSON or Markdown by the ending of its name (.json, .md)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    if arguments.watch && console.is_json() {
        return Err(Failure::usage("`--watch` gives no JSON document, which is one that ends")
            .help("`mapper run --events FILE` streams JSON lines"));
    }
    let report_file = ReportFile::new(arguments.report.as_deref())?;
    let plan = load::plan(&arguments.spec, environment, console)?;
    loop {
        let stores = open::existing_or_empty(&plan).await?;
        let found = status(&plan, &stores).await?;
        open::close(&plan, &stores).await;
        report_file.write(&Report::of_status(&plan, &found))?;
        if console.is_json() {
            console.document(&document(&plan, &found))?;
            return Ok(ExitCode::Done);
        }
        let clear = if arguments.watch { console.clear() } else { "" };
        console.answer(&format!("{clear}{}", text(&found)), || Json::Null)?;
        let done = found.phases.iter().all(|phase| phase.state == PhaseState::Completed)
            && found.structures.iter().all(|(_, state)| state == "done");
        if !arguments.watch || done {
            return Ok(ExitCode::Done);
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn text(found: &Status) -> String {
    let heads = [
        "phase",
        "state",
        "completed",
        "expected",
        "current",
        "remaining",
        "skipped",
        "rejected",
        "done",
    ];
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let rows: Vec<Vec<String>> = found
        .phases
        .iter()
        .map(|phase| {
            let progress = PhaseProgress::from(phase);
            vec![
                phase.phase.clone(),
                progress.state_words(),
                match phase.finished_at {
                    Some(at) if phase.state == PhaseState::Completed => to_the_second(at),
                    _ => "-".to_owned(),
                },
                number(phase.expected),
                phase.current.to_string(),
                number(phase.remaining),
                phase.skipped.to_string(),
                phase.rejected.to_string(),
                progress.percent_words(),
            ]
        })
        .collect();
    let mut text = if rows.is_empty() && !found.structures.is_empty() {
        String::new()
    } else {
        table(&heads, &rows)
    };
    for phase in &found.phases {
        if let Some(error) = &phase.error {
            text.push_str(&format!("\n{} failed: {error}", phase.phase));
        }
    }
    for entry in &found.switches {
        text.push_str(&format!("\n{}", standing(entry)));
    }
    if !found.switches.is_empty() {
        text.push('\n');
    }
    if !found.structures.is_empty() {
        let rows: Vec<Vec<String>> = found
            .structures
            .iter()
            .map(|(name, state)| vec![name.clone(), state.clone()])
            .collect();
        if !found.phases.is_empty() {
            text.push('\n');
        }
        text.push_str(&table(&["structure", "state"], &rows));
    }
    let ready: Vec<&str> =
        found.phases.iter().filter(|phase| phase.ready).map(|phase| phase.phase.as_str()).collect();
    if !ready.is_empty() {
        text.push_str(&format!("\nready next: {}\n", and_list(&ready)));
    }
    if !found.runs.is_empty() {
        let rows: Vec<Vec<String>> = found.runs.iter().take(RUNS).map(run_row).collect();
        text.push('\n');
        let heads = ["run", "spec", "state", "started", "took", "by", "checksum", "command"];
        text.push_str(&table(&heads, &rows));
        if found.runs.len() > RUNS {
            text.push_str(&format!("and {} before\n", found.runs.len() - RUNS));
        }
    }
    text
}

/// What is off, or violated, and what puts it right.
fn standing(entry: &SwitchRecord) -> String {
    let (what, since) = (entry.switch.describe(), to_the_second(entry.at));
    if entry.off {
        return format!(
            "{what} is off since {since}, for {}; when that no longer runs, `mapper run`, \
             `mapper verify` or `mapper rollback` puts it back",
            entry.phase
        );
    }
    format!(
        "{what} is on, and not all that {} wrote is proven to keep it; `mapper verify` lists the \
         rows that do not",
        entry.phase
    )
}

fn run_row(run: &RunRecord) -> Vec<String> {
    let started = to_the_second(run.started_at);
    let state = run.state.name().replace('_', " ");
    let took = match seconds(run) {
        Some(seconds) => format!("{seconds:.1} s"),
        None => "-".to_owned(),
    };
    let checksum = run.checksum.chars().take(12).collect();
    vec![
        run.id.clone(),
        run.spec.clone(),
        state,
        started,
        took,
        run.who.clone(),
        checksum,
        run.command.clone(),
    ]
}

/// How long a run took, from its start to its end.
fn seconds(run: &RunRecord) -> Option<f64> {
    let took = (run.finished_at? - run.started_at).to_std().ok()?;
    Some(took.as_secs_f64())
}

fn to_the_second(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn document(plan: &Plan, found: &Status) -> Json {
    let phases: Vec<PhaseProgress> = found.phases.iter().map(PhaseProgress::from).collect();
    let runs: Vec<Json> = found
        .runs
        .iter()
        .map(|run| {
            json!({
                "run": run.id,
                "spec": run.spec,
                "state": run.state.name(),
                "started_at": timestamp_text(run.started_at),
                "finished_at": run.finished_at.map(timestamp_text),
                "who": run.who,
                "command": run.command,
                "version": run.version,
                "checksum": run.checksum,
                "seconds": seconds(run),
            })
        })
        .collect();
    let structures: Vec<Json> = found
        .structures
        .iter()
        .map(|(name, state)| json!({ "name": name, "state": state }))
        .collect();
    let switches: Vec<Json> = found
        .switches
        .iter()
        .map(|entry| {
            json!({
                "kind": entry.switch.kind,
                "table": entry.switch.table,
                "name": entry.switch.name,
                "state": if entry.off { "off" } else { "unproven" },
                "phase": entry.phase,
                "run": entry.run,
                "since": timestamp_text(entry.at),
            })
        })
        .collect();
    let specs: Vec<&str> = plan.specs.iter().map(|spec| spec.name.as_str()).collect();
    let mut document = json!({ "exit": 0, "specs": specs, "phases": phases, "structures": structures, "runs": runs });
    if !switches.is_empty() {
        document["switches"] = switches.into();
    }
    document
}

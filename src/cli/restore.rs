//! `mapper restore`: a backup is put back.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::{ExitCode, Failure, confirm, load, open, run, signal};
use crate::backup::Backup;
use crate::diagnostics::wording::{self, plural};
use crate::ids;
use crate::restore::{Request, RestoreOutcome, list, restore};

/// Put a backup back
///
/// Connections with `backup = "run"` or `backup = "phase"` are exported to `backups/` before they
/// are touched. This makes their tables or collections what they were then, row by row, and reads
/// them again to see that they are. Without a flag it is the newest backup; of one run, the state
/// before it. What phases did to those tables since counts as taken back: the next run does it again.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Put back what was before this run
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Put back what was before this phase, where each phase is backed up
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// Put back only this table or collection
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// List the backups there are, and do nothing
    #[arg(long, conflicts_with_all = ["run", "phase", "table", "dry_run"])]
    list: bool,
    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
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
    if arguments.list {
        tell_backups(&list(&plan, &environment.backups())?, console)?;
        return Ok(ExitCode::Done);
    }
    let phase = match &arguments.phase {
        Some(name) => Some(plan.phases[run::phase(&plan, name)?].full_name()),
        None => None,
    };
    let request = Request {
        root: environment.backups(),
        run: arguments.run.clone(),
        phase,
        table: arguments.table.clone(),
        dry_run: arguments.dry_run,
    };
    if !request.dry_run {
        let name = confirm::name(&plan);
        let what = match &request.table {
            Some(table) => format!("table or collection `{table}`"),
            None => format!("the tables and collections that `{name}` had backed up"),
        };
        let deed = format!("makes {what} what they were, and loses what was written since");
        confirm::confirm(console, arguments.yes, &deed, &name)?;
    }
    let stores = open::existing(&plan).await?;
    let locks = if request.dry_run { Vec::new() } else { stores.lock(&plan).await? };
    let cancel = signal::listen(*console, "The same command begins again.".to_owned());
    let done = restore(&plan, &stores, &request, &cancel).await;
    let refreshed = match &done {
        Ok(_) if !request.dry_run => ids::refresh(&plan, &stores).await.map(|_| ()),
        _ => Ok(()),
    };
    drop(locks);
    open::close(&plan, &stores).await;
    let outcome = done?;
    refreshed?;
    let exit = if outcome.is_verified() { ExitCode::Done } else { ExitCode::Failed };
    if console.is_json() {
        console.document(&document(&outcome, exit))?;
    } else {
        tell(&outcome, console);
    }
    Ok(exit)
}

fn tell(outcome: &RestoreOutcome, console: &Console) {
    console.say(&format!("backup of run {}", outcome.run));
    for table in &outcome.tables {
        let told = wording::counts(&[
            (table.inserted, "put in again"),
            (table.changed, "changed back"),
            (table.deleted, "deleted"),
            (table.unchanged, "as before"),
        ]);
        let told = told.unwrap_or_else(|| "no rows".to_owned());
        let verified = match table.verified {
            Some(true) => "; read again: as it was",
            Some(false) => "; read again: NOT as it was",
            None => "",
        };
        console.say(&format!("  {}.{}: {told}{verified}", table.connection, table.table));
    }
    for (run, phase) in &outcome.phases {
        let how = if outcome.dry_run { "would count" } else { "counts" };
        console.say(&format!("  {phase} of run {run} {how} as taken back"));
    }
    console.say(match (outcome.dry_run, outcome.is_verified()) {
        (true, _) => "This was a dry run: nothing was written.",
        (false, true) => "Restored and verified. `mapper run` does again what was taken back.",
        (false, false) => {
            "Restored, but what was read again differs: someone writes to it at the same time?"
        }
    });
}

fn document(outcome: &RestoreOutcome, exit: ExitCode) -> Json {
    let tables: Vec<Json> = outcome
        .tables
        .iter()
        .map(|table| {
            json!({
                "connection": table.connection,
                "table": table.table,
                "inserted": table.inserted,
                "changed": table.changed,
                "deleted": table.deleted,
                "unchanged": table.unchanged,
                "verified": table.verified,
            })
        })
        .collect();
    let phases: Vec<Json> =
        outcome.phases.iter().map(|(run, phase)| json!({ "run": run, "phase": phase })).collect();
    json!({
        "exit": exit.number(),
        "dry_run": outcome.dry_run,
        "run": outcome.run,
        "tables": tables,
        "phases": phases,
    })
}

fn tell_backups(backups: &[Backup], console: &Console) -> Result<(), Failure> {
    if console.is_json() {
        let backups: Vec<Json> = backups
            .iter()
            .map(|backup| {
                let manifest = &backup.manifest;
                let tables: Vec<Json> = manifest
                    .tables
                    .iter()
                    .map(|table| json!({ "table": table.table, "rows": table.rows, "there": table.file.is_some() }))
                    .collect();
                json!({
                    "run": manifest.run,
                    "phase": manifest.phase,
                    "connection": manifest.connection,
                    "moment": manifest.moment,
                    "one_moment": manifest.one_moment,
                    "folder": backup.folder.display().to_string(),
                    "tables": tables,
                })
            })
            .collect();
        return console.document(&json!({ "exit": 0, "backups": backups }));
    }
    if backups.is_empty() {
        console.say("There is no backup.");
    }
    for backup in backups {
        let manifest = &backup.manifest;
        let before = match &manifest.phase {
            Some(phase) => format!("phase {phase}"),
            None => "the run".to_owned(),
        };
        console.say(&format!(
            "{} {} before {before}, connection {}",
            manifest.run, manifest.moment, manifest.connection
        ));
        for table in &manifest.tables {
            let rows = usize::try_from(table.rows).unwrap_or(usize::MAX);
            let rows = match table.file {
                Some(_) => plural(rows, "row"),
                None => "was not there".to_owned(),
            };
            console.say(&format!("  {}: {rows}", table.table));
        }
    }
    Ok(())
}

//! `mapper ids`: legacy id to new id.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::table::table;
use super::{ExitCode, Failure, load, open};
use crate::diagnostics::wording::plural;
use crate::ids::{self, ExportFormat, IdRow};
use crate::plan::Plan;
use crate::run::Stores;

/// Look up which new id a legacy id became, or the other way round
///
/// It reads the ledger, not the source. The exit code is 1 when nothing is found. What is published
/// stays as the ledger is from then on: `run`, `rollback`, `restore` and `rejects --retry` see to it.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Look for this source key; parts of a composite one with `, ` between them
    #[arg(long, value_name = "K", group = "what")]
    legacy: Option<String>,
    /// Look for this id of the target
    #[arg(long, value_name = "ID", group = "what")]
    new: Option<String>,
    /// Write the whole map, as CSV or JSON Lines by the ending of its name (.csv, .jsonl)
    #[arg(long, value_name = "FILE", group = "what")]
    export: Option<PathBuf>,
    /// Write the map into the target's store, as `mapper_mappings`, for other tools and later specs
    #[arg(long, group = "what")]
    publish: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let export = match &arguments.export {
        Some(path) => Some((path.as_path(), format(path)?)),
        None => None,
    };
    let plan = load::plan(&arguments.spec, environment, console)?;
    let stores = open::existing_or_empty(&plan).await?;
    let done = match export {
        Some((path, format)) => write(path, format, &plan, &stores, console).await,
        None if arguments.publish => publish(&plan, &stores, console).await,
        None => find(arguments, &plan, &stores, console).await,
    };
    open::close(&plan, &stores).await;
    done
}

async fn find(
    arguments: &Arguments,
    plan: &Plan,
    stores: &Stores,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let found = match (&arguments.legacy, &arguments.new) {
        (Some(key), _) => ids::find_legacy(plan, stores, key).await?,
        (None, Some(id)) => ids::find_new(plan, stores, id).await?,
        (None, None) => Vec::new(),
    };
    let exit = if found.is_empty() { ExitCode::Failed } else { ExitCode::Done };
    if found.is_empty() && !console.is_json() {
        console.error("no record has this id", &[], Some("`--export FILE` writes all of them"));
        return Ok(exit);
    }
    let cells = |row: &IdRow| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let at = row.finished_at.as_ref().or(row.started_at.as_ref());
        vec![
            row.phase.clone(),
            row.legacy_key.clone(),
            text(&row.new_id),
            row.fate.clone(),
            text(&row.who),
            at.cloned().unwrap_or_default(),
            row.run.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(cells).collect();
    let text = table(&["phase", "legacy key", "new id", "fate", "by", "at", "run"], &rows);
    console.answer(&text, || json!({ "exit": exit.number(), "ids": found }))?;
    Ok(exit)
}

async fn publish(plan: &Plan, stores: &Stores, console: &Console) -> Result<ExitCode, Failure> {
    let locks = stores.lock(plan).await?;
    let done = ids::publish(plan, stores).await?;
    drop(locks);
    if done.is_empty() {
        console.error("nothing was run yet, so there are no ids", &[], None);
        return Ok(ExitCode::Failed);
    }
    if console.is_json() {
        let phases: Vec<Json> = done
            .iter()
            .map(|one| json!({ "phase": one.phase, "ids": one.ids, "written": one.written }))
            .collect();
        console.document(&json!({ "exit": 0, "published": phases }))?;
    }
    for one in &done {
        let count = plural(usize::try_from(one.ids).unwrap_or(usize::MAX), "id");
        let as_before = if one.written { "" } else { ", as before" };
        console.say(&format!("{}: {count} in `mapper_mappings`{as_before}", one.phase));
    }
    Ok(ExitCode::Done)
}

async fn write(
    path: &Path,
    format: ExportFormat,
    plan: &Plan,
    stores: &Stores,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let shown = path.display();
    let file = File::create(path)
        .map_err(|error| Failure::failed(format!("{shown} can't be written: {error}")))?;
    let mut to = BufWriter::new(file);
    let count = ids::export(plan, stores, format, &mut to).await?;
    if console.is_json() {
        console.document(&json!({ "exit": 0, "path": path, "ids": count }))?;
    }
    let count = plural(usize::try_from(count).unwrap_or(usize::MAX), "id");
    console.say(&format!("{count} written to {shown}"));
    Ok(ExitCode::Done)
}

/// The form of a file, by its ending.
fn format(path: &Path) -> Result<ExportFormat, Failure> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Ok(ExportFormat::Csv),
        Some("jsonl" | "ndjson") => Ok(ExportFormat::JsonLines),
        _ => Err(Failure::usage(format!("the file `{}` has no known ending", path.display()))
            .help("end it with .csv or .jsonl")),
    }
}

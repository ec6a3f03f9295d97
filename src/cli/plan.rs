//! `mapper plan`: what will be done, in which order, and what is done already.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value as Json;

use super::console::Console;
use super::environment::Environment;
use super::{ExitCode, Failure, Format, load, open, parse};
use crate::plan::{self, NodeStatus, Plan, Work};
use crate::run::{self, Options, Stores};

/// Show the order of the work, how each part is done, and what is done already
///
/// Nothing is written, and no source is read.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Give the plan as text, as a Mermaid flowchart or as JSON
    #[arg(id = "format", long = "format", value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = parse::any_format())]
    _format: Format,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let plan = load::plan(&arguments.spec, environment, console)?;
    let stores = open::existing_or_empty(&plan).await?;
    let status = status(&plan, &stores).await?;
    match console.format() {
        Format::Text => console.answer(&plan::explain_text(&plan, &status), || Json::Null)?,
        Format::Mermaid => console.answer(&plan::explain_mermaid(&plan, &status), || Json::Null)?,
        Format::Json => console.document(&plan::explain_json(&plan, &status))?,
    }
    Ok(ExitCode::Done)
}

/// What is known of each node: where a phase stands, whether an index is there.
async fn status(plan: &Plan, stores: &Stores) -> Result<Vec<NodeStatus>, Failure> {
    let changed = run::changed_phases(plan, stores, &Options::default()).await?;
    let mut status = Vec::with_capacity(plan.graph.nodes.len());
    for node in &plan.graph.nodes {
        status.push(match node.work {
            Work::Phase(index) => phase(&plan.phases[index], stores, &changed).await?,
            Work::Index(index) => {
                let task = &plan.indexes[index];
                let schema = stores.get(task.connection).describe(&task.entity).await?;
                let is_there = schema.is_some_and(|schema| {
                    schema.indexes.iter().any(|index| index.name == task.index.name)
                });
                is_there.then(|| "exists".to_owned())
            }
            Work::Check(_) => None,
        });
    }
    Ok(status)
}

async fn phase(
    phase: &plan::Phase,
    stores: &Stores,
    changed: &[String],
) -> Result<NodeStatus, Failure> {
    let Some(record) = stores.newest_record(phase).await? else { return Ok(None) };
    let state = format!("{}, {} read", record.state.name(), record.counts.read);
    Ok(Some(if changed.contains(&phase.full_name()) {
        format!("{state}; changed since: run with --redo, --update or --keep")
    } else {
        state
    }))
}

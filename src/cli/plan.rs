//! `mapper plan`: what will be done, in which order, and what is done already.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value as Json;

use super::console::Console;
use super::environment::Environment;
use super::{ExitCode, Failure, Format, load, open, parse};
use crate::plan;
use crate::status;

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
    let status = status::node_states(&plan, &stores).await?;
    open::close(&plan, &stores).await;
    match console.format() {
        Format::Text => console.answer(&plan::explain_text(&plan, &status), || Json::Null)?,
        Format::Mermaid => console.answer(&plan::explain_mermaid(&plan, &status), || Json::Null)?,
        Format::Json => console.document(&plan::explain_json(&plan, &status))?,
    }
    Ok(ExitCode::Done)
}

//! `mapper plan`: what will be done, in which order, and what is done already.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value as Json;

use super::console::Console;
use super::environment::Environment;
use super::{ExitCode, Failure, Format, load, open, parse};
use crate::plan::{self, PhaseWay, Plan};
use crate::run::{self, Silent, Stores, fixtures, structure};
use crate::status;

/// Show the order of the work, how each part is done, and what is done already
///
/// Nothing is written; sources are counted at most.
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
    // Without its database a store can't say how it makes tables: an absent file is stood in for.
    let (stores, _temporary) = if plan.structures.is_empty() {
        (open::existing_or_empty(&plan).await?, None)
    } else {
        fixtures::open(&plan, fixtures::Fill::Copies, &Silent).await?
    };
    let status = status::node_states(&plan, &stores).await?;
    let ways = ways(&plan, &stores, environment.push_down()?).await?;
    let (views, gone) = structure::views_of_all(&plan, &stores).await?;
    open::close(&plan, &stores).await;
    match console.format() {
        Format::Text | Format::Markdown => {
            console.answer(&plan::explain_text(&plan, &status, &ways, &views), || Json::Null)?;
        }
        Format::Mermaid => {
            console.answer(&plan::explain_mermaid(&plan, &status, &ways), || Json::Null)?;
        }
        Format::Json => console.document(&plan::explain_json(&plan, &status, &ways, &views))?,
    }
    for refused in gone {
        console.warning(&refused);
    }
    Ok(ExitCode::Done)
}

/// How each phase gets its rows into its target, where there is a choice.
async fn ways(plan: &Plan, stores: &Stores, push_down: bool) -> Result<Vec<PhaseWay>, Failure> {
    let mut ways = Vec::with_capacity(plan.phases.len());
    for phase in &plan.phases {
        ways.push(match run::way(plan, phase, stores).await? {
            Some(run::Way::PushedDown(_)) if !push_down => {
                Some("streams: MAPPER_PUSH_DOWN is off".to_owned())
            }
            way => way.map(|way| way.describe()),
        });
    }
    Ok(ways)
}

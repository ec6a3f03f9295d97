//! `mapper seed`: data to try a spec on.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::progress::Watcher;
use super::{ExitCode, Failure, load, open};
use crate::diagnostics::wording::plural;
use crate::run::fixtures::{self, Fill};

/// Fill databases that are absent or empty from the spec's fixtures
///
/// `mapper run` does the same before it begins. A database that holds anything is left alone.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Load the fixtures that the connections name
    #[arg(long)]
    fixtures: bool,
    #[arg(long, hide = true, value_name = "N")]
    count: Option<String>,
    #[arg(long, hide = true, value_name = "N")]
    seed: Option<String>,
    #[arg(long, hide = true)]
    clean: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    if arguments.count.is_some() || arguments.seed.is_some() || arguments.clean {
        return Err(Failure::usage("`--count`, `--seed` and `--clean` are not yet supported")
            .help("`mapper seed SPEC --fixtures` loads the spec's fixtures"));
    }
    if !arguments.fixtures {
        return Err(Failure::usage("test data made from a spec is not yet supported")
            .help("`mapper seed SPEC --fixtures` loads the spec's fixtures"));
    }
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

//! `mapper test`: the `[[test]]` tables of specs.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use super::console::Console;
use super::environment::Environment;
use super::{ExitCode, Failure, load};
use crate::diagnostics::wording::plural;
use crate::run::Options;
use crate::test_runner::{TestOutcome, run_tests};

/// Run the tests of the mapping, without any database
///
/// A test gives source records and what the target holds, and says what must come out.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec: a file, or a folder of them
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Run only tests that have this in their name or in their phase's name
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    environment: &Environment,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let plan = load::plan(&arguments.spec, environment, console)?;
    let options = Options { now: environment.now()?, ..Options::default() };
    let outcomes = run_tests(&plan, arguments.name.as_deref(), &options).await;
    if outcomes.is_empty()
        && let Some(name) = &arguments.name
    {
        return Err(Failure::usage(format!("no test has `{name}` in its name")));
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let exit = if failed == 0 { ExitCode::Done } else { ExitCode::Failed };
    if console.is_json() {
        let tests: Vec<Json> = outcomes.iter().map(document).collect();
        console.document(&json!({ "exit": exit.number(), "failed": failed, "tests": tests }))?;
        return Ok(exit);
    }
    for outcome in &outcomes {
        let TestOutcome { name, phase, differences } = outcome;
        if outcome.passed() {
            console.say(&format!("{} {phase}: {name}", console.paint("ok    ", "32")));
            continue;
        }
        let mut text = format!("{} {phase}: {name}\n", console.paint("FAILED", "31;1"));
        for difference in differences {
            for line in difference.to_string().lines() {
                text.push_str(&format!("       {line}\n"));
            }
        }
        console.error_text(&text);
    }
    console.say(&match (outcomes.len(), failed) {
        (0, _) => "There are no tests: a `[[test]]` table makes one.".to_owned(),
        (all, 0) => format!("{} passed", plural(all, "test")),
        (all, failed) => format!("{failed} of {} failed", plural(all, "test")),
    });
    Ok(exit)
}

fn document(outcome: &TestOutcome) -> Json {
    let differences: Vec<String> = outcome.differences.iter().map(ToString::to_string).collect();
    json!({
        "name": outcome.name,
        "phase": outcome.phase,
        "passed": outcome.passed(),
        "differences": differences,
    })
}

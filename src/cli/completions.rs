//! `mapper completions`: a script that completes the command line.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde_json::json;

use super::console::Console;
use super::{Cli, ExitCode, Failure};

/// Print the completion script of a shell
///
/// For bash: `mapper completions bash > ~/.local/share/bash-completion/completions/mapper`.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "mapper", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    console
        .answer(&script, || json!({ "shell": arguments.shell.to_string(), "script": script }))?;
    Ok(ExitCode::Done)
}

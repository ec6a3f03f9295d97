//! The command line. The only module that prints, ends the process, or reads environment and clock.

mod bars;
mod check;
mod completions;
mod confirm;
mod console;
mod coverage;
mod environment;
mod exit;
mod explain;
mod failure;
mod ids;
mod init;
mod lines;
mod list;
mod load;
mod new;
mod open;
mod parse;
mod plan;
mod progress;
mod rehearse;
mod rejects;
mod restore;
mod rollback;
mod run;
mod schema;
mod seed;
mod signal;
mod status;
mod summary;
mod table;
mod test;
mod trouble;
mod verify;

pub use exit::ExitCode;

use std::path::PathBuf;
use std::process;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use console::Console;
use environment::Environment;
use failure::Failure;

use crate::run::failpoint;

/// Moves and reshapes data between databases from TOML spec files.
///
/// An analyst writes what maps to what; mapper works out the order, runs it, records the fate of
/// every record, verifies the result, and can take all of it back.
///
/// What was asked for goes to standard output; what is told about the work goes to standard error.
#[derive(Debug, Parser)]
#[command(name = "mapper", version, after_help = exit::HELP, after_long_help = exit::HELP)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
struct Globals {
    /// Read variables from this file instead of `.env`
    ///
    /// Specs use them as `${NAME}`. A variable of the process wins over one of the file.
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Give the answer as text, or as one JSON document on standard output
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = parse::text_or_json(), hide_possible_values = false)]
    format: Format,
    /// Tell every record by its key and fate
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Tell errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Use colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    color: ColorChoice,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Mermaid,
    Markdown,
}

/// When colour is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Plan(plan::Arguments),
    Run(run::Arguments),
    Verify(verify::Arguments),
    Rollback(rollback::Arguments),
    Restore(restore::Arguments),
    Status(status::Arguments),
    Rejects(rejects::Arguments),
    Rehearse(rehearse::Arguments),
    Coverage(coverage::Arguments),
    Ids(ids::Arguments),
    Seed(seed::Arguments),
    Test(test::Arguments),
    New(new::Arguments),
    Init(init::Arguments),
    Explain(explain::Arguments),
    List(list::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
}

/// Runs the command that the process was started with.
pub fn main() -> process::ExitCode {
    trouble::install();
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let cli = match parse::parse(&arguments) {
        Ok(cli) => cli,
        Err(code) => return code.into(),
    };
    let console = Console::new(&cli.globals);
    let done = trouble::caught(|| dispatch(cli, &console))
        .unwrap_or_else(|| Err(Failure::failed("this is a mistake in mapper")));
    let code = done.unwrap_or_else(|failure| {
        failure.tell(&console);
        failure.exit()
    });
    code.into()
}

fn dispatch(cli: Cli, console: &Console) -> Result<ExitCode, Failure> {
    // What needs neither variables nor stores.
    match &cli.command {
        Command::New(arguments) => return new::run(arguments, console),
        Command::Explain(arguments) => return explain::run(arguments, console),
        Command::List(arguments) => return list::run(arguments, console),
        Command::Schema(_) => return schema::run(console),
        Command::Completions(arguments) => return completions::run(arguments, console),
        _ => {}
    }
    let environment = Environment::read(cli.globals.env_file.as_deref())?;
    if let Some(point) = environment.get("MAPPER_FAILPOINT") {
        failpoint::announce_with(|name| trouble::tell(&format!("failpoint {name}")));
        failpoint::arm(point);
    }
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::failed(format!("no worker threads: {error}")))?;
    let code = runtime.block_on(async {
        match cli.command {
            Command::Check(arguments) => check::run(&arguments, &environment, console).await,
            Command::Plan(arguments) => plan::run(&arguments, &environment, console).await,
            Command::Run(arguments) => run::run(&arguments, &environment, console).await,
            Command::Verify(arguments) => verify::run(&arguments, &environment, console).await,
            Command::Rollback(arguments) => rollback::run(&arguments, &environment, console).await,
            Command::Restore(arguments) => restore::run(&arguments, &environment, console).await,
            Command::Rehearse(arguments) => rehearse::run(&arguments, &environment, console).await,
            Command::Coverage(arguments) => coverage::run(&arguments, &environment, console).await,
            Command::Status(arguments) => status::run(&arguments, &environment, console).await,
            Command::Rejects(arguments) => rejects::run(&arguments, &environment, console).await,
            Command::Ids(arguments) => ids::run(&arguments, &environment, console).await,
            Command::Test(arguments) => test::run(&arguments, &environment, console).await,
            Command::Init(arguments) => init::run(&arguments, console).await,
            Command::Seed(arguments) => seed::run(&arguments, &environment, console).await,
            Command::New(_)
            | Command::Explain(_)
            | Command::List(_)
            | Command::Schema(_)
            | Command::Completions(_) => Ok(ExitCode::Done),
        }
    });
    // A read that a store is still at does not hold up the end.
    runtime.shutdown_background();
    code
}

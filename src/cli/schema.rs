//! `mapper schema`: the JSON Schema of specs.

use clap::Args;

use super::console::Console;
use super::{ExitCode, Failure};
use crate::spec::schema::json_schema;

/// Print the JSON Schema of the spec language, for editors
///
/// An editor that knows TOML reads it through the first line of a spec:
/// `#:schema path/to/spec.schema.json`.
#[derive(Args, Debug)]
pub(super) struct Arguments {}

pub(super) fn run(console: &Console) -> Result<ExitCode, Failure> {
    console.document(&json_schema())?;
    Ok(ExitCode::Done)
}

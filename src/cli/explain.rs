//! `mapper explain`: the page of a diagnostic code.

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::{ExitCode, Failure};
use crate::diagnostics::codes;
use crate::diagnostics::wording::suggest;

/// Explain a diagnostic code: what it means, an example, and what to write instead
///
/// `mapper list codes` lists all of them.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The code, such as E0201
    code: String,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let Some(code) = codes::find(&arguments.code) else {
        let similar = suggest(&arguments.code, codes::all().map(|code| code.id));
        let failure = Failure::usage(format!("there is no code `{}`", arguments.code));
        return Err(failure.help(match similar {
            Some(similar) => format!("did you mean `{similar}`? `mapper list codes` lists all"),
            None => "`mapper list codes` lists all".to_owned(),
        }));
    };
    console.answer(&code.explanation(), || {
        json!({
            "code": code.id,
            "severity": code.severity().name(),
            "title": code.title,
            "meaning": code.page.meaning,
            "mistake": code.page.mistake,
            "instead": code.page.instead,
        })
    })?;
    Ok(ExitCode::Done)
}

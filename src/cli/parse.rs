//! The command line as text becomes [`Cli`], or words about what is wrong with it.

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use serde_json::json;

use super::{Cli, ExitCode, Format};

/// Takes `text` and `json`.
pub(super) fn text_or_json() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["text", "json"]).map(|name| format(&name))
}

/// Takes `text`, `mermaid` and `json`.
pub(super) fn any_format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["text", "mermaid", "json"]).map(|name| format(&name))
}

/// Takes `text`, `markdown` and `json`.
pub(super) fn text_markdown_or_json() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["text", "markdown", "json"]).map(|name| format(&name))
}

fn format(name: &str) -> Format {
    match name {
        "json" => Format::Json,
        "mermaid" => Format::Mermaid,
        "markdown" => Format::Markdown,
        _ => Format::Text,
    }
}

/// Reads a command line. Help and mistakes are told here.
pub(super) fn parse(arguments: &[OsString]) -> Result<Cli, ExitCode> {
    let parsed = Cli::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        if asked {
            // There is nobody left to tell.
            let _ = error.print();
            return ExitCode::Done;
        }
        tell(&error, wants_json(arguments));
        ExitCode::Usage
    })
}

/// Whether JSON was asked for on a command line that can't be read.
fn wants_json(arguments: &[OsString]) -> bool {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

#[expect(clippy::print_stdout, reason = "there is no console yet")]
fn tell(error: &clap::Error, json: bool) {
    if json {
        let text = error.render().to_string();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let help: Vec<&str> = lines.take_while(|line| !line.starts_with("Usage:")).collect();
        let help = (!help.is_empty()).then(|| help.join("; "));
        let exit = ExitCode::Usage.number();
        println!("{:#}", json!({ "exit": exit, "error": { "message": message, "help": help } }));
    } else {
        // There is nobody left to tell.
        let _ = error.print();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Cli, clap::Error> {
        let matches = Cli::command().try_get_matches_from(line.split(' '))?;
        Cli::from_arg_matches(&matches)
    }

    #[test]
    fn the_declaration_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_format_is_taken_before_and_after_the_command() {
        for line in ["mapper --format json plan x", "mapper plan x --format json"] {
            assert_eq!(parsed(line).unwrap().globals.format, Format::Json, "{line}");
        }
        let mermaid = parsed("mapper plan x --format mermaid").unwrap();
        assert_eq!(mermaid.globals.format, Format::Mermaid);
        assert!(parsed("mapper check x --format mermaid").is_err());
    }
}

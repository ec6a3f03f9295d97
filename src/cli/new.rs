//! `mapper new`: a commented spec to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::{ExitCode, Failure};

/// The starter, with `@NAME@` for the name.
const STARTER: &str = include_str!("starter.toml");

/// Write a commented spec to start from
///
/// It goes to specs/NAME.toml when there is a folder `specs`, or else to NAME.toml, and passes
/// `mapper check`. A file that is there already is left alone.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The spec's name: letters, digits, `_` and `-`
    name: String,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let name = &arguments.name;
    if !is_name(name) {
        return Err(Failure::usage(format!("`{name}` is not a name for a spec"))
            .help("a name has letters, digits, `_` and `-`, and begins with a letter"));
    }
    let folder = Path::new("specs");
    let file = format!("{name}.toml");
    let path = if folder.is_dir() { folder.join(file) } else { file.into() };
    let text = STARTER.replace("@NAME@", name);
    let shown = path.display();
    let created = OpenOptions::new().write(true).create_new(true).open(&path);
    created.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        match error.kind() {
            ErrorKind::AlreadyExists => {
                Failure::usage(format!("{shown} exists, and is left as it is"))
                    .help("choose another name, or move the file away")
            }
            _ => Failure::failed(format!("{shown} can't be written: {error}")),
        }
    })?;
    if console.is_json() {
        console.document(&json!({ "exit": 0, "path": path }))?;
    }
    console.say(&format!("Wrote {shown}. Next: edit it, then `mapper check {shown}`."));
    Ok(ExitCode::Done)
}

pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert!(is_name("orders_2") && is_name("a-b"));
        for name in ["", "2", "_a", "../a", "ä", "a b"] {
            assert!(!is_name(name), "{name}");
        }
    }
}

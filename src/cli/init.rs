//! `mapper init`: a spec out of a live schema.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::console::Console;
use super::new::is_name;
use super::{ExitCode, Failure};
use crate::connectors::{self, ConnectionConfig, Model, Policies, location_of};
use crate::init;

/// Write a spec from the schema of a database that is there
///
/// The spec has its enums, tables, keys, checks and indexes. What the language does not say (views,
/// triggers, functions, indexes of expressions) is left out, with a message and a comment each. The
/// URL stays out of the spec: it is a variable there. A file that is there already is left alone.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The database, as a connection's `url` says it
    #[arg(long, value_name = "URL")]
    from: String,
    /// The spec's name (default: the database's)
    #[arg(long)]
    name: Option<String>,
    /// Where to write; `-` is standard output (default: specs/NAME.toml when there is a folder
    /// `specs`, or else NAME.toml)
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What an SQLite file holds
    #[arg(long, value_name = "MODEL", default_value = "tables")]
    model: ModelChoice,
}

/// What an SQLite file holds.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModelChoice {
    /// Tables
    Tables,
    /// Collections of documents
    Documents,
}

pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let name = match &arguments.name {
        Some(name) if is_name(name) => name.clone(),
        Some(name) => {
            return Err(Failure::usage(format!("`{name}` is not a name for a spec"))
                .help("a name has letters, digits, `_` and `-`, and begins with a letter"));
        }
        None => name_of(&arguments.from).ok_or_else(|| {
            Failure::usage("the URL names no database that a spec could be called after")
                .help("say `--name NAME`")
        })?,
    };
    let config = ConnectionConfig {
        name: "db".to_owned(),
        url: arguments.from.clone(),
        model: match arguments.model {
            ModelChoice::Tables => Model::Tables,
            ModelChoice::Documents => Model::Documents,
        },
        policies: Policies::default(),
        files: None,
        create: false,
    };
    let store = connectors::open(&config).await.map_err(failed)?;
    let found = init::read(&store).await.map_err(failed);
    store.close().await;
    let names = init::Names {
        variable: format!("{}_URL", name.to_ascii_uppercase().replace('-', "_")),
        spec: name.clone(),
        connection: "db".to_owned(),
    };
    let written = init::write(found?, &names);
    for one in &written.left_out {
        console.say(&format!("{one}."));
    }
    if arguments.output.as_deref() == Some(Path::new("-")) {
        console.answer(&written.text, || json!({ "exit": 0, "spec": written.text }))?;
        return Ok(ExitCode::Done);
    }
    let path = arguments.output.clone().unwrap_or_else(|| {
        let file = format!("{name}.toml");
        let folder = Path::new("specs");
        if folder.is_dir() { folder.join(file) } else { file.into() }
    });
    save(&path, &written.text)?;
    if console.is_json() {
        console.document(&json!({
            "exit": 0,
            "path": path,
            "tables": written.tables.0,
            "existing": written.tables.1,
            "left_out": written.left_out,
        }))?;
    }
    let shown = path.display();
    console.say(&format!(
        "Wrote {shown}: tables: {}, taken for there: {}. Next: put the URL into {}, then `mapper \
         verify {shown}`.",
        written.tables.0, written.tables.1, names.variable
    ));
    Ok(ExitCode::Done)
}

fn failed(error: connectors::StoreError) -> Failure {
    Failure::failed(error.message)
}

fn save(path: &Path, text: &str) -> Result<(), Failure> {
    let shown = path.display();
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    created.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        match error.kind() {
            ErrorKind::AlreadyExists => {
                Failure::usage(format!("{shown} exists, and is left as it is"))
                    .help("choose another file with `--output`, or move it away")
            }
            _ => Failure::failed(format!("{shown} can't be written: {error}")),
        }
    })
}

/// A spec's name after the database that a URL names.
fn name_of(url: &str) -> Option<String> {
    let place = location_of(url);
    let (_, place) = place.split_once(':')?;
    let last = place.trim_end_matches('/').rsplit('/').next()?;
    let last = last.split_once('.').map_or(last, |(stem, _)| stem);
    let name: String = last
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' })
        .collect();
    is_name(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_called_after_its_database() {
        for (url, name) in [
            ("postgres://me:secret@host:5432/Shop_1?sslmode=require", Some("shop_1")),
            ("sqlite:data/my shop.db", Some("my_shop")),
            ("mysql://host/a.b", Some("a")),
            ("sqlite:1.db", None),
        ] {
            assert_eq!(name_of(url).as_deref(), name, "{url}");
        }
    }
}

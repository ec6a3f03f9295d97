//! `mapper list`: the registers.

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::console::Console;
use super::table::table;
use super::{ExitCode, Failure};
use crate::connectors::{self, Capabilities};
use crate::diagnostics::codes;
use crate::functions::{self, Function};
use crate::generate::fakes::{self, Fake};

/// List the transforms, the fakes, the diagnostic codes or the connectors
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// What to list
    #[arg(value_enum)]
    what: Register,
}

/// A register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Register {
    /// What `apply` takes
    Transforms,
    /// What `fake` makes up in seeds
    Fakes,
    /// What diagnostics are numbered by
    Codes,
    /// What connections are made with, by the scheme of their URL
    Connectors,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let (text, json) = match arguments.what {
        Register::Transforms => transforms(),
        Register::Fakes => list_fakes(),
        Register::Codes => list_codes(),
        Register::Connectors => list_connectors(),
    };
    console.answer(&text, || json)?;
    Ok(ExitCode::Done)
}

fn transforms() -> (String, Json) {
    let mut text = String::new();
    let mut category = None;
    let mut entries = Vec::new();
    let width = functions::ALL.iter().map(|function| usage(*function).len()).max().unwrap_or(0);
    for function in functions::ALL {
        let name = format!("{:?}", function.category()).to_lowercase();
        if category.as_ref() != Some(&name) {
            let gap = if category.is_some() { "\n" } else { "" };
            text.push_str(&format!("{gap}{name}\n"));
            category = Some(name.clone());
        }
        text.push_str(&format!("  {:<width$}  {}\n", usage(*function), function.summary()));
        let parameters: Vec<Json> = function
            .parameters()
            .iter()
            .map(|parameter| {
                json!({
                    "name": parameter.name,
                    "summary": parameter.summary,
                    "takes": parameter.kind.describe(),
                    "required": parameter.required,
                })
            })
            .collect();
        let examples: Vec<Json> = function
            .examples()
            .iter()
            .map(|example| match example.gives {
                Ok(gives) => {
                    json!({ "apply": example.apply, "given": example.given, "gives": gives })
                }
                Err(reason) => {
                    json!({ "apply": example.apply, "given": example.given, "rejects": reason })
                }
            })
            .collect();
        entries.push(json!({
            "name": function.name(),
            "category": name,
            "summary": function.summary(),
            "parameters": parameters,
            "examples": examples,
        }));
    }
    (text, json!({ "transforms": entries }))
}

/// The name with its parameters; those that may be left out are in brackets.
fn usage(function: &dyn Function) -> String {
    let mut usage = function.name().to_owned();
    for parameter in function.parameters() {
        let (open, close) = if parameter.required { ("", "") } else { ("[", "]") };
        usage.push_str(&format!(" {open}{}{close}", parameter.name));
    }
    usage
}

fn list_fakes() -> (String, Json) {
    let unique = |fake: &Fake| if fake.can_be_unique() { "yes" } else { "no" };
    let rows: Vec<Vec<String>> = fakes::ALL
        .iter()
        .map(|fake| vec![fake.name.to_owned(), unique(fake).to_owned(), fake.summary.to_owned()])
        .collect();
    let text = table(&["fake", "unique", ""], &rows);
    let entries: Vec<Json> = fakes::ALL
        .iter()
        .map(|fake| {
            json!({ "name": fake.name, "summary": fake.summary, "unique": fake.can_be_unique() })
        })
        .collect();
    (text, json!({ "fakes": entries }))
}

fn list_codes() -> (String, Json) {
    let rows: Vec<Vec<String>> =
        codes::all().map(|code| vec![code.id.to_owned(), code.title.to_owned()]).collect();
    let text = table(&["code", "title"], &rows);
    let entries: Vec<Json> = codes::all()
        .map(|code| {
            json!({ "code": code.id, "severity": code.severity().name(), "title": code.title })
        })
        .collect();
    (text, json!({ "codes": entries }))
}

fn list_connectors() -> (String, Json) {
    let known = || connectors::capabilities().iter().copied();
    let row = |known: &Capabilities| {
        let schemes = known.schemes.join(", ");
        vec![known.connector.to_owned(), schemes, known.summary.to_owned()]
    };
    let rows: Vec<Vec<String>> = known().map(row).collect();
    let text = table(&["connector", "schemes", ""], &rows);
    let entry = |known: &Capabilities| {
        json!({
            "connector": known.connector,
            "summary": known.summary,
            "schemes": known.schemes,
            "model": if known.documents { "documents" } else { "tables" },
            "writes": known.writes,
            "transactions": known.transactions,
            "queries": known.queries,
            "pipelines": known.pipelines,
        })
    };
    (text, json!({ "connectors": known().map(entry).collect::<Vec<_>>() }))
}

//! Commands in the documents are commands of the binary, and the README shows what it really prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use super::{blocks_of, documents, root};

fn mapper(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mapper"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("CLINIC_URL")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The words of every `$ mapper …` line.
fn commands() -> Vec<(String, Vec<String>)> {
    let mut commands = Vec::new();
    for (path, block) in blocks_of("console") {
        for line in block.text.lines() {
            let place = format!("{path}:{}: {line}", block.line);
            let line = line.replace("cargo run --release -- ", "mapper ");
            if let Some(arguments) = line.strip_prefix("$ mapper ") {
                commands.push((place, arguments.split_whitespace().map(str::to_owned).collect()));
            }
        }
    }
    commands
}

#[test]
fn commands_and_flags_in_documents_exist() {
    let commands = commands();
    assert!(commands.len() > 20, "{} commands", commands.len());
    let mut helps: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (place, words) in commands {
        let flags = helps.entry(words[0].clone()).or_insert_with(|| {
            let help = mapper(root(), &[&words[0], "--help"]);
            assert!(help.status.success(), "{place}: {}", text(&help.stderr));
            let help = text(&help.stdout);
            help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .filter(|word| word.starts_with('-'))
                .map(str::to_owned)
                .collect()
        });
        for flag in words.iter().filter(|word| word.starts_with('-')) {
            assert!(flags.contains(flag), "{place}: there is no {flag}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Times differ, and the width of their columns with them; and on a busy machine not every read is
/// as quick as a check wants it.
fn without_times(line: &str) -> String {
    if line.ends_with(" checks hold") {
        return "[number] checks hold".to_owned();
    }
    let words = line.split_whitespace().map(|word| match word.split_once('.') {
        Some((whole, rest))
            if whole.parse::<u64>().is_ok()
                && rest.trim_end_matches('s').parse::<u64>().is_ok() =>
        {
            "[time]"
        }
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_readme_shows_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["specs", "examples"] {
        copy(&root().join(name), &folder.path().join(name));
    }
    let output = mapper(folder.path(), &["run", "specs/mtr_followup.toml"]);
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{printed}");
    let mut printed = printed.lines().map(without_times);
    let (_, readme) = documents().into_iter().find(|(path, _)| path == "README.md").unwrap();
    let start = readme.find("<!-- output -->").unwrap();
    let end = readme.find("<!-- end output -->").unwrap();
    let excerpt: Vec<&str> = readme[start..end]
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty() && !line.starts_with("```") && *line != "…")
        .collect();
    assert!(excerpt.len() > 5, "{excerpt:?}");
    for line in excerpt {
        let wanted = without_times(line);
        assert!(printed.any(|line| line == wanted), "not printed, or not in this order: {line}");
    }
}

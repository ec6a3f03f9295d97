//! The help of every command, so that a change of it is seen in a review.

use snapbox::cmd::{Command, cargo_bin};
use snapbox::{Data, IntoData as _};

const COMMANDS: &[&str] = &[
    "check",
    "plan",
    "run",
    "verify",
    "rollback",
    "restore",
    "status",
    "rejects",
    "rehearse",
    "coverage",
    "ids",
    "seed",
    "test",
    "new",
    "init",
    "explain",
    "list",
    "schema",
    "completions",
];

fn help(arguments: &[&str]) -> String {
    let command = Command::new(cargo_bin!("mapper")).args(arguments).env_clear();
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn kept(name: &str) -> Data {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/help");
    Data::read_from(&std::path::Path::new(folder).join(name), None)
}

#[test]
fn of_mapper() {
    snapbox::assert_data_eq!(help(&["--help"]).into_data(), kept("mapper.txt"));
}

#[test]
fn of_every_command() {
    for command in COMMANDS {
        // What is the same for all is in the help of `mapper`.
        let text = help(&[command, "--help"]);
        let (own, global) = text.split_once("\nGlobal options:\n").unwrap();
        assert!(global.contains("--env-file <FILE>"), "{command}");
        snapbox::assert_data_eq!(own.to_owned().into_data(), kept(&format!("{command}.txt")));
    }
}

#[test]
fn no_command_is_left_out() {
    let text = help(&["--help"]);
    let listed: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(listed, COMMANDS);
}

#[test]
fn the_short_form_and_the_version_are_told() {
    assert!(help(&["run", "-h"]).lines().count() < help(&["run", "--help"]).lines().count());
    assert_eq!(help(&["--version"]), format!("mapper {}\n", env!("CARGO_PKG_VERSION")));
}

//! The page about the inventory of scripts, which a run of `scripts/inventory` writes: it names what
//! there is, maps as the specs do, and counts what the generator planted.

use std::collections::{BTreeMap, BTreeSet};

use mapper::connectors::ScanSource;
use mapper::document::Environment;
use mapper::plan::Plan;
use snapbox::cmd::{Command, cargo_bin};

use super::root;
use crate::seeds::planted::{self, cells, number};
use crate::seeds::world::load;

const PAGE: &str = "docs/seed-3.md";
const SPECS: &str = "specs/brius";

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of a section.
fn section<'t>(text: &'t str, heading: &str) -> Vec<&'t str> {
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
    rest.split("\n## ").next().unwrap().lines().collect()
}

/// The rows of a section's table that begin with a number: a script each.
fn scripts(text: &str) -> Vec<Vec<String>> {
    let rows = section(text, "The scripts").into_iter().filter(|line| line.starts_with("| "));
    rows.map(cells).filter(|row| row[0].parse::<u32>().is_ok()).collect()
}

/// What stands in backticks.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn plan() -> Plan {
    load(&root().join(SPECS), &Environment::default())
}

/// The phases that a script's row names, by their places in the plan.
fn phases(plan: &Plan, row: &[String]) -> Vec<usize> {
    // The last three are commands.
    if row[0].parse::<u32>().unwrap() > 40 {
        return Vec::new();
    }
    let find = |name: &str| plan.find_phase(name).unwrap_or_else(|| panic!("no phase {name}"));
    code(&row[3]).into_iter().map(find).collect()
}

#[test]
fn every_script_is_there_and_mapped_as_the_specs_say() {
    let plan = plan();
    let rows = scripts(&read(PAGE));
    let numbers: Vec<String> = rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(numbers, (1..=43).map(|number| number.to_string()).collect::<Vec<_>>());
    // As the page of the specs tells it, which has no counts.
    let told: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().enumerate().filter(|(at, _)| ![2].contains(at)))
        .map(|row| row.map(|(_, cell)| cell.clone()).take(5).collect())
        .collect();
    assert_eq!(told, scripts(&read("specs/brius/README.md")));

    let mut mapped = BTreeSet::new();
    for row in &rows {
        for (at, index) in phases(&plan, row).into_iter().enumerate() {
            let phase = &plan.phases[index];
            let ScanSource::Entity(source) = &phase.source.scan else { panic!("a table") };
            assert_eq!(code(&row[4])[at], source, "script {}", row[0]);
            assert_eq!(code(&row[5])[at], phase.target.entity, "script {}", row[0]);
            assert!(row[2].contains(&format!("(../{SPECS}/{}.toml)", phase.spec)), "{row:?}");
            assert!(mapped.insert(index), "{} twice", phase.full_name());
        }
    }
    let own = plan.phases.iter().enumerate();
    let own = own.filter(|(_, phase)| phase.enabled && phase.follows.is_none());
    let lost: Vec<String> = own
        .filter(|(index, _)| !mapped.contains(index))
        .map(|(_, phase)| phase.full_name())
        .collect();
    assert!(lost.is_empty(), "phases of no script: {lost:?}");
}

#[test]
fn its_counts_are_what_was_generated() {
    let plan = plan();
    let (records, left_out) = (planted::records(), planted::left_out());
    let text = read(PAGE);
    for row in scripts(&text) {
        let own = phases(&plan, &row);
        if row[6].is_empty() {
            assert!(own.is_empty(), "script {} has no counts", row[0]);
            continue;
        }
        let told: Vec<u64> = row[6..10].iter().map(|cell| number(cell)).collect();
        let [read, written, skipped, rejected] = told[..] else { panic!("{row:?}") };
        assert_eq!(rate(read, written, skipped, rejected), row[10], "script {}", row[0]);
        if own.is_empty() {
            continue;
        }
        assert_eq!(read, written + skipped + rejected, "script {}", row[0]);
        let of = |fate: &str| -> u64 {
            let phases = own.iter().filter_map(|index| left_out.get(&plan.phases[*index].name));
            let reasons = phases.flatten().filter(|(reason, _)| reason.starts_with(fate));
            reasons.map(|(_, count)| count).sum()
        };
        assert_eq!((skipped, rejected), (of("skipped"), of("rejected")), "script {}", row[0]);
        let of = |index: &usize| match &plan.phases[*index].source.scan {
            ScanSource::Entity(table) => records[table],
            _ => panic!("a table"),
        };
        assert_eq!(read, own.iter().map(of).sum::<u64>(), "script {}", row[0]);
    }

    let mut told: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for line in section(&text, "Why records were left out") {
        let row = cells(line);
        if let Some(phase) =
            line.strip_prefix("| `").and(row[0].trim_matches('`').split('.').nth(1))
        {
            let reasons = told.entry(phase.to_owned()).or_default();
            reasons.insert(format!("{}: {}", row[1], row[2]), number(&row[3]));
        }
    }
    assert_eq!(told, left_out);
}

/// The share of what was written in what was not skipped; not all, where one was rejected.
fn rate(read: u64, written: u64, skipped: u64, rejected: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let rate = format!("{:.2} %", 100.0 * written as f64 / (read - skipped) as f64);
    if rejected > 0 && rate == "100.00 %" { "99.99 %".to_owned() } else { rate }
}

#[test]
fn every_requirement_names_tests_that_there_are() {
    let text = read(PAGE);
    let rows: Vec<Vec<String>> = section(&text, "The requirements")
        .into_iter()
        .filter(|line| line.starts_with("| FR-"))
        .map(cells)
        .collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let wanted: Vec<String> = (1..=8).map(|number| format!("FR-00{number}")).collect();
    assert_eq!(numbers, wanted);
    for row in &rows {
        let links: Vec<&str> = row[3].split("<br>").collect();
        for link in links {
            let (name, path) = link.split_once("](../").expect("a link to a file of tests");
            let name = name.trim_matches(['[', '`'].as_slice());
            let (module, function) = name.rsplit_once("::").expect("the path of a test");
            let path = path.trim_end_matches(')');
            let file = format!("tests/{}.rs", module.replace("::", "/"));
            assert_eq!(path, file, "{name}");
            let source = read(&file);
            let at =
                source.find(&format!("fn {function}()")).unwrap_or_else(|| panic!("no {name}"));
            let before = source[..at].rsplit("\n\n").next().unwrap();
            assert!(before.contains("test"), "{name} is no test");
        }
    }
}

/// Commands and their flags.
#[test]
fn its_commands_are_commands() {
    let text = read(PAGE);
    let mut count = 0;
    for line in text.lines() {
        for command in code(line) {
            let Some(words) = command.strip_prefix("mapper ") else { continue };
            let words: Vec<&str> = words.split(' ').collect();
            let help =
                Command::new(cargo_bin!("mapper")).args([words[0], "--help"]).output().unwrap();
            assert!(help.status.success(), "{command}");
            let help = String::from_utf8_lossy(&help.stdout).into_owned();
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(flag), "{command}");
            }
            for path in words.iter().filter(|word| word.starts_with("specs/")) {
                assert!(root().join(path).exists(), "{command}");
            }
            count += 1;
        }
    }
    assert!(count >= 5, "{count} commands");
}

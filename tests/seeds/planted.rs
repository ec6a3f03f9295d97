//! What the generator says of the whole inventory of brius, on its own page: how many records each
//! table has, and what is wrong with how many of them. Nothing has to be generated for it.

use std::collections::BTreeMap;

use super::world::root;

/// The rows of the table under a heading of `examples/brius/README.md`.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(root().join("examples/brius/README.md")).unwrap();
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(cells).collect()
}

/// The cells of a line of a table.
pub fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

pub fn number(text: &str) -> u64 {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// How many records each table of the whole inventory has.
pub fn records() -> BTreeMap<String, u64> {
    let of = |row: Vec<String>| (row[0].trim_matches('`').to_owned(), number(&row[3]));
    table("Tables").into_iter().filter(|row| !row[0].contains(',')).map(of).collect()
}

/// How many records of each phase, by its short name, are left out: by fate and reason.
pub fn left_out() -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut phases: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for row in table("What is planted in `inventory`") {
        if row[3] != "inserted" {
            let phase = phases.entry(row[2].clone()).or_default();
            *phase.entry(row[3].clone()).or_default() += number(&row[4]);
        }
    }
    phases
}

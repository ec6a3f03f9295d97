//! What a transfer did to a value, and the page that tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::hard::{Hard, Sample, Side, Store};
use super::meaning::{self, Shape};

/// What became of one sample on its way from a store to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Exact,
    /// Converted by a policy, a cast or a rule that has this name.
    Converted(String),
    /// Rejected, for a reason that a sentence explains.
    Rejected(String, String),
    /// Neither: what was put and what was found.
    Changed(String, String),
    /// The source can't hold it, or has no such value.
    None,
}

/// The kind of a sample in its source.
fn kind_in(store: Store, hard: &Hard, sample: &Sample) -> String {
    let spelt = sample.spelt(store).unwrap_or_default();
    if matches!(sample.means, "null" | "missing") && sample.untouched | hard.policy.is_none() {
        return sample.means.to_owned();
    }
    // SQLite holds text in any column, MariaDB intervals that are text in `TIME`.
    if meaning::kind(sample.means) == "text" && store.is_tables() {
        return "text".to_owned();
    }
    match store {
        Store::SqliteTables | Store::Postgres | Store::MariaDb | Store::Csv => {
            Shape::of(store, hard.from.of(store)).kind().to_owned()
        }
        _ => match serde_json::from_slice(spelt) {
            Ok(json) => meaning::kind(&meaning::extended(&json)).to_owned(),
            Err(_) => "text".to_owned(),
        },
    }
}

/// Judges what a target holds.
pub(crate) fn judge(hard: &Hard, sample: &Sample, from: Store, into: Store, held: &str) -> Cell {
    let source = kind_in(from, hard, sample);
    let found = meaning::kind(held);
    if let Some((_, name)) = sample.also.iter().find(|(means, _)| *means == held) {
        return if name.is_empty() { Cell::Exact } else { Cell::Converted((*name).to_owned()) };
    }
    if meaning::content(held) == meaning::content(sample.means) {
        if let Some(policy) = hard.policy.filter(|_| !sample.untouched) {
            return Cell::Converted(policy.line.to_owned());
        }
        if source == found {
            return Cell::Exact;
        }
        if !hard.cast.is_empty() {
            return Cell::Converted(hard.cast.to_owned());
        }
        // The column's type says what it is there.
        if into.is_tables() {
            return Cell::Exact;
        }
    }
    let midnight = sample.means.strip_prefix("date:").map(|day| format!("moment:{day}T00:00:00Z"));
    if into.is_documents() && midnight.as_deref() == Some(held) {
        return Cell::Converted("midnight UTC".to_owned());
    }
    Cell::Changed(sample.means.to_owned(), held.to_owned())
}

/// All cells of a value: by sample, source and target.
pub(crate) type Cells = BTreeMap<(usize, Store, Store), Cell>;

/// A value with what was seen.
pub(crate) struct Seen<'h> {
    pub(crate) hard: &'h Hard,
    pub(crate) cells: Cells,
}

fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn words(cell: &Cell) -> String {
    match cell {
        Cell::Exact => "exact".to_owned(),
        Cell::Converted(name) if name.starts_with("exact") => name.clone(),
        Cell::Converted(name) if name.contains('=') => format!("converted: {}", code(name)),
        Cell::Converted(name) => format!("converted: {name}"),
        Cell::Rejected(reason, _) => format!("rejected: {}", code(reason)),
        Cell::Changed(put, found) => format!("SILENTLY CHANGED: {put} became {found}"),
        Cell::None => "–".to_owned(),
    }
}

/// The columns of a table: stores, both servers of MongoDB in one.
const COLUMNS: [&[Store]; 5] = [
    &[Store::SqliteTables],
    &[Store::SqliteDocuments],
    &[Store::Postgres],
    &[Store::MariaDb],
    &[Store::FerretDb, Store::MongoJava],
];

fn cell(seen: &Seen<'_>, sample: usize, from: Store, column: &[Store]) -> String {
    let of = |into: Store| words(seen.cells.get(&(sample, from, into)).unwrap_or(&Cell::None));
    match column {
        [one] => of(*one),
        [ferret, java] if of(*ferret) == of(*java) => of(*java),
        [ferret, java] => format!("{}; FerretDB: {}", of(*java), of(*ferret)),
        _ => String::new(),
    }
}

/// The sections of the page.
pub(crate) fn page(seen: &[Seen<'_>]) -> String {
    let mut text = String::new();
    for seen in seen {
        section(&mut text, seen);
    }
    text
}

fn section(text: &mut String, seen: &Seen<'_>) {
    let hard = seen.hard;
    let _ = writeln!(text, "## {}\n", hard.title);
    if !hard.note.is_empty() {
        let _ = writeln!(text, "{}\n", hard.note);
    }
    if let Some(policy) = hard.policy {
        let side = if policy.side == Side::Source { "source" } else { "target" };
        let _ = writeln!(text, "At the {side}: `{}`.\n", policy.line);
    }
    if !hard.cast.is_empty() {
        let _ = writeln!(text, "In the field: `{}`.\n", hard.cast);
    }
    let targets: Vec<&[Store]> =
        COLUMNS.into_iter().filter(|column| hard.goes_into(column[0])).collect();
    let heads = targets.iter().map(|column| match column {
        [one] => {
            let declared = hard.into.of(*one);
            let declared =
                if declared.is_empty() { String::new() } else { format!(" {}", code(declared)) };
            format!("{}{declared}", one.name())
        }
        _ => "MongoDB".to_owned(),
    });
    let heads: Vec<String> = heads.collect();
    let _ = writeln!(text, "| value | from | {} |", heads.join(" | "));
    let _ = writeln!(text, "|---|---|{}", "---|".repeat(targets.len()));
    for (number, sample) in hard.samples.iter().enumerate() {
        // Sources that fare alike share a row.
        let mut rows: Vec<(Vec<String>, Vec<Store>)> = Vec::new();
        for from in Store::ALL {
            if sample.spelt(from).is_none()
                || !seen.cells.keys().any(|(s, f, _)| *s == number && *f == from)
            {
                continue;
            }
            let cells: Vec<String> =
                targets.iter().map(|column| cell(seen, number, from, column)).collect();
            match rows.iter_mut().find(|(known, _)| *known == cells) {
                Some((_, stores)) => stores.push(from),
                None => rows.push((cells, vec![from])),
            }
        }
        for (cells, stores) in rows {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                code(sample.name),
                sources(hard, &stores),
                cells.join(" | ")
            );
        }
    }
    let mut reasons: BTreeSet<(&str, &str)> = BTreeSet::new();
    for cell in seen.cells.values() {
        if let Cell::Rejected(reason, message) = cell {
            reasons.insert((reason, message));
        }
    }
    text.push('\n');
    if !reasons.is_empty() {
        for (reason, message) in reasons {
            let _ = writeln!(text, "- {}: {message}", code(reason));
        }
        text.push('\n');
    }
    let missing: Vec<&str> = Store::ALL
        .into_iter()
        .filter(|from| {
            !hard.samples.iter().enumerate().any(|(s, _)| {
                seen.cells.keys().any(|(sample, store, _)| *sample == s && store == from)
            })
        })
        .map(Store::name)
        .collect();
    if !missing.is_empty() {
        let _ = writeln!(text, "No such value, or not held: {}.\n", missing.join(", "));
    }
}

fn sources(hard: &Hard, stores: &[Store]) -> String {
    let both = stores.contains(&Store::FerretDb) && stores.contains(&Store::MongoJava);
    let mut names = Vec::new();
    for store in stores {
        let declared = hard.from.of(*store);
        names.push(match store {
            Store::FerretDb if both => continue,
            Store::MongoJava if both => "MongoDB".to_owned(),
            Store::FerretDb | Store::MongoJava => format!("MongoDB ({})", store.name()),
            _ if declared.is_empty() => store.name().to_owned(),
            _ => format!("{} {}", store.name(), code(declared)),
        });
    }
    names.join(", ")
}

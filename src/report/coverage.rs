//! What is left behind, as text and as Markdown.

use std::fmt::Write as _;

use super::markdown::{escape, table};
use super::table::aligned;
use crate::coverage::{
    Absent, ColumnState, Coverage, FillState, SourceColumn, SourceCoverage, SourceState,
    TargetColumn, TargetCoverage,
};
use crate::diagnostics::wording::plural;

const SOURCE_HEADS: [&str; 5] = ["column", "holds", "records", "state", "where to, or why"];
const TARGET_HEADS: [&str; 4] = ["column", "holds", "state", "by"];

/// All that was found as text: each table with its columns, then what is wrong, then the sum.
pub fn coverage_text(found: &Coverage) -> String {
    let mut text = String::new();
    for source in &found.sources {
        let _ = writeln!(text, "{}: {}", source_name(source), source_words(source));
        let rows = with_heads(&SOURCE_HEADS, source.columns.iter().map(source_row));
        if !source.columns.is_empty() {
            text.push_str(&aligned(&rows, |column| column != 2, "  "));
            text.push('\n');
        }
    }
    if !text.is_empty() && !text.ends_with("\n\n") {
        text.push('\n');
    }
    for target in &found.targets {
        let _ = writeln!(text, "{}: {}", target_name(target), target_words(target));
        let rows = with_heads(&TARGET_HEADS, target.columns.iter().map(target_row));
        text.push_str(&aligned(&rows, |_| true, "  "));
        text.push('\n');
    }
    for (title, lines) in trouble(found) {
        let _ = writeln!(text, "{title}");
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
        text.push('\n');
    }
    text.push_str(&sum(found));
    text
}

/// The same as Markdown: the sum and what is wrong first.
pub fn coverage_markdown(found: &Coverage) -> String {
    let mut text = format!("# Coverage\n\n{}", sum(found));
    for (title, lines) in trouble(found) {
        let _ = writeln!(text, "\n## {title}\n");
        for line in lines {
            let _ = writeln!(text, "- {}", escape(&line));
        }
    }
    if !found.sources.is_empty() {
        text.push_str("\n## Sources\n\n");
        let row = |source: &SourceCoverage| {
            let words = [source_name(source), source.records.to_string(), source_state(source)];
            words.to_vec()
        };
        let rows: Vec<_> = found.sources.iter().map(row).collect();
        let mut sources = table(&["table", "records", "state"], 1, &rows);
        // The last column is words again.
        sources = sources.replacen("|---|---:|---:|", "|---|---:|---|", 1);
        text.push_str(&sources);
    }
    for source in found.sources.iter().filter(|source| !source.columns.is_empty()) {
        let _ = writeln!(text, "\n### {}\n", escape(&source_name(source)));
        let rows: Vec<_> = source.columns.iter().map(source_row).collect();
        text.push_str(&table(&SOURCE_HEADS, SOURCE_HEADS.len(), &rows));
    }
    if !found.targets.is_empty() {
        text.push_str("\n## Targets\n");
    }
    for target in &found.targets {
        let (name, words) = (target_name(target), target_words(target));
        let _ = writeln!(text, "\n### {}\n\n{}.\n", escape(&name), escape(&capital(&words)));
        let rows: Vec<_> = target.columns.iter().map(target_row).collect();
        text.push_str(&table(&TARGET_HEADS, TARGET_HEADS.len(), &rows));
    }
    text
}

fn with_heads(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let heads = heads.iter().map(|head| (*head).to_owned()).collect();
    std::iter::once(heads).chain(rows).collect()
}

fn source_name(source: &SourceCoverage) -> String {
    named(&source.connection, &source.name)
}

fn target_name(target: &TargetCoverage) -> String {
    named(&target.connection, &target.name)
}

/// Files have the name of their connection.
fn named(connection: &str, name: &str) -> String {
    if connection == name { name.to_owned() } else { format!("{connection}.{name}") }
}

fn source_words(source: &SourceCoverage) -> String {
    format!("{}, {}", records(source.records), source_state(source))
}

fn source_state(source: &SourceCoverage) -> String {
    match (source.state, &source.reason) {
        (SourceState::Read, _) => {
            let by = source.by.join(", ");
            match source.outside {
                Some(count) if count > 0 => {
                    format!("read by {by}; {} in no filter", records(count))
                }
                _ => format!("read by {by}"),
            }
        }
        (SourceState::Ignored, Some(reason)) => format!("ignored: {reason}"),
        (SourceState::Ignored, None) => "ignored".to_owned(),
        (SourceState::Forgotten, _) => "forgotten".to_owned(),
    }
}

fn target_words(target: &TargetCoverage) -> String {
    format!("written by {}", target.by.join(", "))
}

fn records(count: u64) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), "record")
}

fn source_row(column: &SourceColumn) -> Vec<String> {
    let why = match column.state {
        ColumnState::Mapped => column.to.join(", "),
        ColumnState::Used => column.used.join(", "),
        ColumnState::Ignored | ColumnState::Forgotten => column.reason.clone().unwrap_or_default(),
        ColumnState::Kept => "in a table that phases fill".to_owned(),
        ColumnState::Constant => "the same in all records".to_owned(),
    };
    let count = column.records.map_or_else(String::new, |count| count.to_string());
    let state = column_state(column.state).to_owned();
    vec![column.name.clone(), column.holds.clone(), count, state, why]
}

fn target_row(column: &TargetColumn) -> Vec<String> {
    let state = match column.state {
        FillState::Filled => "filled",
        FillState::Constant => "constant",
        FillState::Defaulted => "defaulted",
        FillState::Null => "left null",
        FillState::Kept => "left as it is",
        FillState::Unfilled => "must be filled",
    };
    let by = column.by.join("; ");
    vec![column.name.clone(), column.holds.clone(), state.to_owned(), by]
}

fn column_state(state: ColumnState) -> &'static str {
    match state {
        ColumnState::Mapped => "mapped",
        ColumnState::Used => "used",
        ColumnState::Ignored => "ignored",
        ColumnState::Kept => "kept",
        ColumnState::Constant => "constant",
        ColumnState::Forgotten => "forgotten",
    }
}

/// What is not as it should be, under titles that have something.
fn trouble(found: &Coverage) -> Vec<(&'static str, Vec<String>)> {
    let mut forgotten = Vec::new();
    for source in &found.sources {
        let name = source_name(source);
        if source.state == SourceState::Forgotten {
            forgotten.push(format!("{name}, {}", records(source.records)));
        }
        let columns = source.columns.iter();
        for column in columns.filter(|column| column.state == ColumnState::Forgotten) {
            let count = column.records.map(|count| format!(", {} with a value", records(count)));
            let why = column.reason.as_ref().map(|reason| format!(" ({reason})"));
            let (count, why) = (count.unwrap_or_default(), why.unwrap_or_default());
            forgotten.push(format!("{name}: {}{count}{why}", column.name));
        }
    }
    let mut unfilled = Vec::new();
    for target in &found.targets {
        let columns = target.columns.iter();
        for column in columns.filter(|column| column.state == FillState::Unfilled) {
            unfilled.push(format!("{}: {}", target_name(target), column.name));
        }
    }
    let absent = found.absent.iter().map(absent_line).collect();
    let all = [
        ("Forgotten: in the data, in no spec", forgotten),
        ("Must be filled, and nothing does", unfilled),
        ("Absent: in a spec, not in the data", absent),
    ];
    all.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

fn absent_line(absent: &Absent) -> String {
    let name = named(&absent.connection, &absent.name);
    let column = absent.column.as_ref().map(|column| format!(": {column}"));
    format!("{name}{} ({})", column.unwrap_or_default(), absent.by.join(", "))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// How many of everything there are.
fn sum(found: &Coverage) -> String {
    let tables = [SourceState::Read, SourceState::Ignored, SourceState::Forgotten]
        .map(|state| found.tables(state));
    let columns = [
        ColumnState::Mapped,
        ColumnState::Used,
        ColumnState::Ignored,
        ColumnState::Kept,
        ColumnState::Constant,
        ColumnState::Forgotten,
    ]
    .map(|state| format!("{} {}", found.columns(state), column_state(state)));
    let [read, ignored, forgotten] = tables;
    format!(
        "Tables and collections: {read} read, {ignored} ignored, {forgotten} forgotten.\n\
         Columns and paths: {}.\n",
        columns.join(", ")
    )
}

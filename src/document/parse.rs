//! From text to tree: every mistake of syntax in one run.
//!
//! The parser recovers badly from some mistakes: an unclosed list swallows the rest of the file.
//! So the first mistake is told, its statement is blotted out in a copy (lengths stay, so do
//! places), and the copy is parsed again.

use std::ops::Range;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use toml::de::{DeTable, DeValue};

use super::literal;
use super::scan::{self, Scan};
use super::{Datetime, Entry, Node, NodeKind, Table, Text};
use crate::diagnostics::{Diagnostic, Diagnostics, SourceId, Span, codes};

/// How large a file may be, in bytes.
pub const MAX_BYTES: usize = 10_000_000;

/// How many mistakes of syntax, and how many doubled keys, are told per file.
const MAX_SYNTAX_ERRORS: usize = 20;

/// The same for a file that is large: each costs one more pass.
const MAX_SYNTAX_ERRORS_LARGE: usize = 3;

/// From how many bytes on a file is large.
const LARGE: usize = 1_000_000;

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The root table.
    pub root: Table,
    /// What could not be read.
    pub damage: Damage,
}

/// What could not be read of a file. Whoever misses something looks here first, so that one
/// mistake is not told twice.
#[derive(Clone, Debug, Default)]
pub struct Damage {
    /// The keys of statements that could not be read, headers' included.
    pub keys: Vec<String>,
    /// Whether anything could not be read.
    pub any: bool,
}

/// Parses a text. `None` when nothing of it can be used.
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Option<Document> {
    let at = |range: Range<usize>| span(source, text, range);
    let scan = Scan::new(text);
    if let Some(range) = scan.too_deep {
        diagnostics.push(
            Diagnostic::new(&codes::TOO_DEEP, "the document is nested too deeply")
                .at(at(range), format!("level {} is here", scan::MAX_DEPTH + 1))
                .help(format!("up to {} levels are allowed", scan::MAX_DEPTH)),
        );
        return None;
    }
    let most = if text.len() < LARGE { MAX_SYNTAX_ERRORS } else { MAX_SYNTAX_ERRORS_LARGE };
    let mut copy = text.to_owned();
    let mut damage = Damage::default();
    let mut scan = Some(scan);
    for round in 0.. {
        let scan = scan.take().unwrap_or_else(|| Scan::new(&copy));
        let (tree, errors) = DeTable::parse_recoverable(&copy);
        let structural = errors
            .iter()
            .filter(|error| !is_duplicate(error))
            .min_by_key(|error| error.span().map_or(0, |span| span.start));
        if let Some(error) = structural {
            let broken = Broken::new(&copy, &scan, error.span().unwrap_or(0..0));
            diagnostics.push(broken.diagnostic(error.message(), source, text));
            damage.any = true;
            damage.keys.extend(broken.keys.iter().cloned());
            let blotted = blot(&copy, broken.remove);
            if round + 1 == most || blotted == copy {
                return None;
            }
            copy = blotted;
            continue;
        }
        let errors = &errors[..errors.len().min(most)];
        duplicates(errors, &copy, &scan, source, diagnostics);
        let mut told = None;
        for (range, what) in &scan.newer {
            let statement = scan.statement_at(range.start);
            if told.replace(statement) == Some(statement) {
                continue;
            }
            diagnostics.push(
                Diagnostic::new(&codes::NEWER_TOML, format!("{what} is newer than TOML 1.0"))
                    .at(at(range.clone()), "specs keep to TOML 1.0"),
            );
        }
        let mut converter = Converter { source, text: &copy, scan: &scan, diagnostics };
        let root = converter.table(tree.get_ref());
        return Some(Document { root, damage });
    }
    None
}

fn is_duplicate(error: &toml::de::Error) -> bool {
    error.message().starts_with("duplicate key") || error.message().starts_with("cannot extend")
}

/// Tells what is defined twice. In a section whose header is there twice, only that.
fn duplicates(
    errors: &[toml::de::Error],
    text: &str,
    scan: &Scan,
    source: SourceId,
    diagnostics: &mut Diagnostics,
) {
    // The header that an error stands under, and whether it is about that header itself.
    let header = |error: &toml::de::Error| {
        let start = error.span()?.start;
        let index = scan.statements.partition_point(|s| s.start <= start).checked_sub(1)?;
        let header = scan.statements[..=index].iter().rposition(|s| s.header)?;
        Some((header, header == index))
    };
    let doubled: Vec<usize> = errors
        .iter()
        .filter_map(header)
        .filter_map(|(header, is_header)| is_header.then_some(header))
        .collect();
    for error in errors {
        if !header(error).is_some_and(|(header, is_it)| !is_it && doubled.contains(&header)) {
            duplicate(error, text, source, diagnostics);
        }
    }
}

fn duplicate(error: &toml::de::Error, text: &str, source: SourceId, diagnostics: &mut Diagnostics) {
    let range = error.span().unwrap_or(0..0);
    let key = text.get(range.clone()).unwrap_or_default();
    let mut diagnostic = Diagnostic::new(&codes::DUPLICATE, format!("`{key}` is defined twice"))
        .at(span(source, text, range.clone()), "defined again here");
    if let Some(first) = scan::first_definition(text, range.start) {
        diagnostic = diagnostic.and(span(source, text, first), "first defined here");
    }
    diagnostics.push(diagnostic);
}

/// A statement that can't be read.
struct Broken {
    /// Where the mistake is.
    error: Range<usize>,
    /// Where the statement begins that it is in, when that is on an earlier line.
    within: Option<Range<usize>>,
    /// Whether the mistake is that a list or table is not closed.
    unclosed: bool,
    /// What to blot out.
    remove: Range<usize>,
    /// The keys that are lost with it.
    keys: Vec<String>,
}

impl Broken {
    fn new(text: &str, scan: &Scan, error: Range<usize>) -> Self {
        let line = line_of(text, error.start.min(text.len()));
        let index = scan.statement_at(error.start);
        let statement = index.map(|index| &scan.statements[index]);
        let start = statement.map_or(line.start, |statement| statement.start);
        let first_line = line_of(text, start);
        let names = |statement: &scan::Statement| {
            let name = |key: &Range<usize>| Some(literal::decode(&text[key.clone()], 0)?.0);
            statement.keys.iter().filter_map(name).collect::<Vec<_>>()
        };
        // A mistake at the end of a line may be reported at the beginning of the next one, which
        // may be any number of blank lines further down.
        let begins_anew = begins_statement(&text[line.clone()]);
        let at_end = text[error.start.min(text.len())..].trim().is_empty();
        let same_line = first_line.contains(&error.start) || first_line.end == error.start;
        let mut keys = statement.map(names).unwrap_or_default();
        let unclosed = !same_line && (begins_anew || at_end);
        let end = match statement {
            _ if same_line => end_of_rest(text, line.end),
            Some(_) if unclosed && !at_end => line.start,
            Some(_) if unclosed => end_of_rest(text, first_line.end),
            Some(_) if begins_anew => line.start,
            _ => end_of_rest(text, line.end),
        };
        let mut remove = start..end.max(first_line.end).min(text.len());
        if statement.is_none() {
            remove = line.start..end_of_rest(text, line.end);
        }
        // Without its header, a section's keys would land in the section before.
        if let (Some(index), Some(statement)) = (index, statement)
            && statement.header
            && remove.start == statement.start
        {
            let section = scan.statements[index + 1..].iter().take_while(|next| !next.header);
            keys.extend(section.clone().flat_map(names));
            if let Some(next) = scan.statements[index + 1..].iter().find(|next| next.header) {
                remove.end = remove.end.max(line_of(text, next.start).start);
            } else {
                remove.end = text.len();
            }
        }
        let within = unclosed.then(|| start..line_of(text, start).end);
        Self { error, within, unclosed, remove, keys }
    }

    fn diagnostic(&self, message: &str, source: SourceId, text: &str) -> Diagnostic {
        let at = |range: Range<usize>| span(source, text, range);
        if let (true, Some(within)) = (self.unclosed, self.within.clone()) {
            let trimmed = text[within.clone()].trim_end().len();
            // At the very end there is nothing to point at but the last character.
            let end = text.trim_end().len();
            let open = if self.error.start < end {
                self.error.clone()
            } else {
                end - text[..end].chars().next_back().map_or(0, char::len_utf8)..end
            };
            return Diagnostic::new(&codes::SYNTAX, "this statement does not come to its end")
                .at(at(within.start..within.start + trimmed), "begins here")
                .and(at(open), "is still open here")
                .help("look for a missing `]`, `}` or closing quotes");
        }
        let (what, expected) = match message.split_once(", expected ") {
            Some((what, expected)) => (what, format!("expected {expected}")),
            None => (message, String::new()),
        };
        if self.error.is_empty() && what.starts_with("string values must be quoted") {
            return Diagnostic::new(&codes::SYNTAX, "there is no value after `=`")
                .at(at(self.error.clone()), "expected a value");
        }
        Diagnostic::new(&codes::SYNTAX, what).at(at(self.error.clone()), expected)
    }
}

/// The line that a byte is in, without its line break.
fn line_of(text: &str, offset: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let start = bytes[..offset].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let end =
        bytes[offset..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| offset + at);
    start..end
}

/// The end of the lines after `end` that can't be statements of their own.
fn end_of_rest(text: &str, mut end: usize) -> usize {
    while end < text.len() {
        let next = line_of(text, end + 1);
        let line = text[next.clone()].trim();
        if line.is_empty() || line.starts_with('#') || begins_statement(line) {
            break;
        }
        end = next.end;
    }
    end
}

/// Whether a line looks like the first line of a statement: a header, or a key and `=`.
fn begins_statement(line: &str) -> bool {
    let line = line.trim();
    if let Some(header) = line.strip_prefix('[') {
        let header = header.trim_start_matches('[').trim_start();
        return header.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '"');
    }
    let Some((key, _)) = line.split_once('=') else { return false };
    let key = key.trim();
    !key.is_empty()
        && key.split('.').all(|part| {
            let part = part.trim().trim_matches(['"', '\'']);
            !part.is_empty()
                && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '*' | '$'))
        })
}

/// The text with a range turned to blanks, line breaks aside.
fn blot(text: &str, range: Range<usize>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for byte in &mut bytes[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A span on character borders, whatever the parser says.
fn span(source: SourceId, text: &str, range: Range<usize>) -> Span {
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = range.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Span::new(source, start, end)
}

/// Turns the parser's tree into ours.
struct Converter<'a> {
    source: SourceId,
    text: &'a str,
    scan: &'a Scan,
    diagnostics: &'a mut Diagnostics,
}

impl Converter<'_> {
    fn table(&mut self, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| {
                let range = key.span();
                let raw = self.text.get(range.clone()).unwrap_or_default();
                Entry {
                    quoted: raw.starts_with(['"', '\'']),
                    dotted: self.scan.dotted.contains(&range.start),
                    key: self.string(key.get_ref(), range),
                    value: self.node(value.get_ref(), value.span()),
                }
            })
            .collect();
        // A table that is opened again by a header moves to the end in the parser's tree.
        entries.sort_by_key(|entry| entry.key.span().start);
        Table { entries }
    }

    fn node(&mut self, value: &DeValue<'_>, range: Range<usize>) -> Node {
        let place = span(self.source, self.text, range.clone());
        let kind = match value {
            DeValue::String(text) => NodeKind::Text(self.string(text, range)),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(integer) => NodeKind::Integer(integer),
                    Err(_) => self.too_large(place, integer.as_str()),
                }
            }
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() || !float.as_str().contains(['e', 'E']) => {
                    NodeKind::Float(number)
                }
                _ => self.too_large(place, float.as_str()),
            },
            DeValue::Boolean(boolean) => NodeKind::Boolean(*boolean),
            DeValue::Datetime(datetime) => {
                if let Some(datetime) = convert_datetime(datetime) {
                    NodeKind::Datetime(datetime)
                } else {
                    self.diagnostics.push(
                        Diagnostic::new(&codes::BAD_VALUE, "there is no such date or time")
                            .at(place, "not in the calendar or on the clock"),
                    );
                    NodeKind::Invalid
                }
            }
            DeValue::Array(nodes) => NodeKind::Array(
                nodes.iter().map(|node| self.node(node.get_ref(), node.span())).collect(),
            ),
            DeValue::Table(table) => NodeKind::Table(self.table(table)),
        };
        Node { span: place, kind }
    }

    fn too_large(&mut self, place: Span, digits: &str) -> NodeKind {
        let help = (digits.len() <= 60)
            .then(|| format!("as a literal, write {{ \"$numberDecimal\" = \"{digits}\" }}"));
        self.diagnostics.push(
            Diagnostic::new(&codes::NUMBER_TOO_LARGE, "the number is too large for TOML")
                .at(place, "does not fit into 64 bits")
                .maybe_help(help),
        );
        NodeKind::Invalid
    }

    fn string(&self, value: &str, range: Range<usize>) -> Text {
        let place = span(self.source, self.text, range.clone());
        let raw = self.text.get(range.clone()).unwrap_or_default();
        match literal::decode(raw, range.start) {
            Some((decoded, pieces)) if decoded == value => Text::new(decoded, place, pieces),
            _ => Text::at(value, place),
        }
    }
}

fn convert_datetime(datetime: &toml::value::Datetime) -> Option<Datetime> {
    let date = match datetime.date {
        Some(date) => {
            Some(NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())?)
        }
        None => None,
    };
    let time = match datetime.time {
        Some(time) => Some(NaiveTime::from_hms_nano_opt(
            time.hour.into(),
            time.minute.into(),
            time.second.unwrap_or(0).into(),
            time.nanosecond.unwrap_or(0),
        )?),
        None => None,
    };
    let offset = match datetime.offset {
        Some(toml::value::Offset::Z) => Some(0),
        Some(toml::value::Offset::Custom { minutes }) => Some(i64::from(minutes)),
        None => None,
    };
    Some(match (date, time, offset) {
        (Some(date), None, _) => Datetime::Date(date),
        (None, Some(time), _) => Datetime::Time(time),
        (Some(date), Some(time), None) => Datetime::DateTime(NaiveDateTime::new(date, time)),
        (Some(date), Some(time), Some(minutes)) => {
            let utc =
                NaiveDateTime::new(date, time).checked_sub_signed(TimeDelta::minutes(minutes))?;
            Datetime::Timestamp(DateTime::from_naive_utc_and_offset(utc, chrono::Utc))
        }
        (None, None, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceMap;

    /// The top-level keys that could be read, and each message with the text it points at.
    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let mut sources = SourceMap::new();
        let source = sources.add("a.toml", text);
        let mut diagnostics = Diagnostics::new();
        let document = parse(source, text, &mut diagnostics);
        assert!(diagnostics.spans_are_valid(&sources));
        let keys = document.map_or_else(Vec::new, |document| {
            document.root.entries.iter().map(|entry| entry.key.to_string()).collect()
        });
        let told = diagnostics.sorted().into_iter().map(|diagnostic| {
            let span = diagnostic.span().unwrap();
            let (line, column) = sources.line_column(source, span.start);
            format!("{} {line}:{column} {}", diagnostic.code, diagnostic.message)
        });
        (keys, told.collect())
    }

    #[test]
    fn each_broken_statement_is_told_and_the_rest_is_read() {
        let (keys, told) =
            read("a = 1\nb c\nd = tru\ne = [1, 2\nf = 3\n[g\nh = 1\n[i]\nj = \"x\nk = 1\n");
        assert_eq!(keys, ["a", "f", "i"]);
        assert_eq!(
            told,
            [
                "E0105 2:3 key with no value",
                "E0105 3:5 invalid boolean",
                "E0105 4:1 this statement does not come to its end",
                "E0105 6:3 unclosed table",
                "E0105 9:7 invalid basic string",
            ]
        );
    }

    #[test]
    fn what_spans_lines_is_one_mistake() {
        let (keys, told) = read("a = [\n  1,\n  2\nb = 3\n[c]\nd = 4\n");
        assert_eq!((keys, told.len()), (vec!["b".into(), "c".into()], 1), "{told:?}");
        let (keys, told) = read("a = [\n  1 2,\n  3,\n]\nb = 3\n");
        assert_eq!((keys, told.len()), (vec!["b".into()], 1), "{told:?}");
        let (keys, told) = read("a = \"\"\"x\ny\nb = 3\n[c]\n");
        assert_eq!((keys, told.len()), (vec!["b".into(), "c".into()], 1), "{told:?}");
        let (keys, told) = read("= 3\nb = 3\n\n]\n[c]\n");
        assert_eq!((keys, told.len()), (vec!["b".into(), "c".into()], 2), "{told:?}");
        let (keys, told) = read("a = { b = 1 c = 2 }\nd = 1\n");
        assert_eq!((keys, told.len()), (vec!["d".into()], 1), "{told:?}");
    }

    #[test]
    fn tables_keep_the_order_of_the_file() {
        let (keys, told) = read("[b.x]\n[a]\n[b]\ny = 1\n[c]\n[b.z]\n");
        assert_eq!((keys, told), (vec!["a".into(), "b".into(), "c".into()], Vec::new()));
    }

    #[test]
    fn both_definitions_of_a_key_are_kept_apart() {
        let (keys, told) = read("d = 1\nd = 2\n[a]\nb = 1\n[c]\n[a]\nb = 2\n");
        assert_eq!(keys, ["d", "c", "a"]);
        assert_eq!(told, ["E0205 2:1 `d` is defined twice", "E0205 6:2 `a` is defined twice"]);
    }

    #[test]
    fn numbers_and_times_that_do_not_exist_are_told() {
        let (keys, told) =
            read("a = 99999999999999999999\nb = 1e999\nc = 2023-02-29\nd = inf\ne = 0x10\n");
        assert_eq!(keys.len(), 4, "{told:?}");
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[test]
    fn hopeless_text_ends_with_a_bounded_number_of_errors() {
        let (keys, told) = read(&"x = tru\u{e9}\n".repeat(5000));
        assert!(keys.is_empty());
        assert_eq!(told.len(), MAX_SYNTAX_ERRORS);
    }
}

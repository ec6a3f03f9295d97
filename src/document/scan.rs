//! What the parsed tree no longer tells: where statements begin, which keys were dotted, how deep
//! the nesting goes, and what is newer than TOML 1.0.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use toml_parser::decoder::Encoding;
use toml_parser::parser::EventReceiver;
use toml_parser::{ErrorSink, Source, Span};

/// How deep lists, inline tables and dotted keys may go.
pub(super) const MAX_DEPTH: usize = 64;

/// What a pass over a text found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Statements in order.
    pub(super) statements: Vec<Statement>,
    /// Where keys begin that are followed by a dot, headers aside.
    pub(super) dotted: HashSet<usize>,
    /// Where it goes too deep.
    pub(super) too_deep: Option<Range<usize>>,
    /// What is newer than TOML 1.0, and what it is.
    pub(super) newer: Vec<(Range<usize>, &'static str)>,
}

/// A header or a key with its value.
#[derive(Debug)]
pub(super) struct Statement {
    /// Where it begins.
    pub(super) start: usize,
    /// Whether it is a header.
    pub(super) header: bool,
    /// Its key's parts.
    pub(super) keys: Vec<Range<usize>>,
    /// Where its last line ends, when everything in it is closed there.
    pub(super) end: Option<usize>,
}

impl Scan {
    /// Looks through a text, well formed or not.
    pub(super) fn new(text: &str) -> Self {
        let mut scanner =
            Scanner { text, scan: Self::default(), open: Vec::new(), last: Last::Other, parts: 0 };
        run(text, &mut scanner);
        scanner.scan
    }

    /// The statement that a byte belongs to.
    pub(super) fn statement_at(&self, offset: usize) -> Option<usize> {
        let index = self
            .statements
            .partition_point(|statement| statement.start <= offset)
            .checked_sub(1)?;
        self.statements[index].end.is_none_or(|end| offset <= end).then_some(index)
    }
}

fn run(text: &str, receiver: &mut dyn EventReceiver) {
    let tokens = Source::new(text).lex().into_vec();
    toml_parser::parser::parse_document(&tokens, receiver, &mut ());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Header,
    Array,
    Table,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Key(usize),
    KeySeparator,
    ValueSeparator(usize),
    Other,
}

struct Scanner<'t> {
    text: &'t str,
    scan: Scan,
    open: Vec<Open>,
    last: Last,
    parts: usize,
}

impl Scanner<'_> {
    fn enter(&mut self, open: Open, span: Span) -> bool {
        self.open.push(open);
        self.last = Last::Other;
        let allowed = self.open.len() <= MAX_DEPTH;
        if !allowed {
            self.scan.too_deep.get_or_insert(span.start()..span.end());
        }
        allowed
    }

    fn leave(&mut self) {
        self.open.pop();
        self.last = Last::Other;
    }

    fn header(&mut self, span: Span) {
        self.open.clear();
        self.open.push(Open::Header);
        self.last = Last::Other;
        self.scan.statements.push(Statement {
            start: span.start(),
            header: true,
            keys: Vec::new(),
            end: None,
        });
    }
}

impl EventReceiver for Scanner<'_> {
    fn std_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.header(span);
    }
    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.open.clear();
    }
    fn array_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.header(span);
    }
    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.open.clear();
    }
    fn inline_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.enter(Open::Table, span)
    }
    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if let Last::ValueSeparator(at) = self.last {
            self.scan.newer.push((at..at + 1, "a trailing comma in an inline table"));
        }
        self.leave();
    }
    fn array_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.enter(Open::Array, span)
    }
    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.leave();
    }
    fn simple_key(&mut self, span: Span, kind: Option<Encoding>, _: &mut dyn ErrorSink) {
        if self.last == Last::KeySeparator {
            self.parts += 1;
        } else {
            self.parts = 1;
            if self.open.is_empty() {
                self.scan.statements.push(Statement {
                    start: span.start(),
                    header: false,
                    keys: Vec::new(),
                    end: None,
                });
            }
        }
        if self.parts > MAX_DEPTH {
            self.scan.too_deep.get_or_insert(span.start()..span.end());
        }
        if (self.open.is_empty() || self.open == [Open::Header])
            && let Some(statement) = self.scan.statements.last_mut()
        {
            statement.keys.push(span.start()..span.end());
        }
        self.newer_escape(span, kind);
        self.last = Last::Key(span.start());
    }
    fn key_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if let Last::Key(start) = self.last
            && self.open != [Open::Header]
        {
            self.scan.dotted.insert(start);
        }
        self.last = Last::KeySeparator;
    }
    fn key_val_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.last = Last::Other;
    }
    fn scalar(&mut self, span: Span, kind: Option<Encoding>, _: &mut dyn ErrorSink) {
        self.last = Last::Other;
        self.newer_escape(span, kind);
        if kind.is_none() && is_short_time(&self.text[span.start()..span.end()]) {
            self.scan.newer.push((span.start()..span.end(), "a time without seconds"));
        }
    }
    fn value_sep(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.last = Last::ValueSeparator(span.start());
    }
    fn newline(&mut self, span: Span, _: &mut dyn ErrorSink) {
        if self.open.is_empty()
            && let Some(statement) = self.scan.statements.last_mut()
        {
            statement.end.get_or_insert(span.start());
        }
        if self.open.last() == Some(&Open::Table) {
            self.scan.newer.push((span.start()..span.start(), "a line break in an inline table"));
        }
    }
}

impl Scanner<'_> {
    fn newer_escape(&mut self, span: Span, kind: Option<Encoding>) {
        if !matches!(kind, Some(Encoding::BasicString | Encoding::MlBasicString)) {
            return;
        }
        let mut bytes = self.text[span.start()..span.end()].bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            if byte == b'\\'
                && let Some((_, b'e' | b'x')) = bytes.next()
            {
                let at = span.start() + at;
                self.scan.newer.push((at..at + 2, "text with the escape `\\e` or `\\x`"));
            }
        }
    }
}

/// Whether an unquoted value is a time that ends after the minutes (`10:30`).
fn is_short_time(value: &str) -> bool {
    let Some((_, after)) = value.split_once(':') else { return false };
    let minutes = after.bytes().take_while(u8::is_ascii_digit).count();
    minutes == 2 && after.as_bytes().get(2) != Some(&b':')
}

/// Where the key that begins at `offset` was defined first, in a text that defines it twice.
pub(super) fn first_definition(text: &str, offset: usize) -> Option<Range<usize>> {
    let mut definitions = Definitions { text, offset, ..Definitions::default() };
    run(text, &mut definitions);
    definitions.found
}

/// Follows the full path of each key; lists count as one more step of the path.
#[derive(Default)]
struct Definitions<'t> {
    text: &'t str,
    offset: usize,
    first: HashMap<Vec<String>, Range<usize>>,
    elements: HashMap<Vec<String>, usize>,
    context: Vec<Vec<String>>,
    base: Vec<String>,
    path: Vec<String>,
    in_key: bool,
    in_header: bool,
    is_array: bool,
    found: Option<Range<usize>>,
}

impl Definitions<'_> {
    fn header(&mut self, is_array: bool) {
        self.context.clear();
        self.path.clear();
        self.base.clear();
        self.in_key = true;
        self.in_header = true;
        self.is_array = is_array;
    }

    fn close_header(&mut self) {
        if self.is_array {
            let count = self.elements.entry(self.path.clone()).or_default();
            *count += 1;
            self.path.push(format!("#{count}"));
        }
        self.base = std::mem::take(&mut self.path);
        self.in_header = false;
        self.in_key = false;
    }
}

impl EventReceiver for Definitions<'_> {
    fn std_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.header(false);
    }
    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.close_header();
    }
    fn array_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.header(true);
    }
    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.close_header();
    }
    fn inline_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        let mut path = self.path.clone();
        path.push(format!("@{}", span.start()));
        self.context.push(std::mem::take(&mut self.path));
        self.context.push(std::mem::replace(&mut self.base, path));
        self.in_key = false;
        true
    }
    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.base = self.context.pop().unwrap_or_default();
        self.path = self.context.pop().unwrap_or_default();
    }
    fn simple_key(&mut self, span: Span, _: Option<Encoding>, _: &mut dyn ErrorSink) {
        let range = span.start()..span.end();
        let Some((name, _)) = super::literal::decode(&self.text[range.clone()], 0) else { return };
        if !self.in_key {
            self.path = self.base.clone();
            self.in_key = true;
        }
        if self.in_header
            && let Some(count) = self.elements.get(&self.path)
        {
            self.path.push(format!("#{count}"));
        }
        self.path.push(name);
        if span.start() == self.offset {
            self.found = self.first.get(&self.path).cloned();
        }
        self.first.entry(self.path.clone()).or_insert(range);
    }
    fn key_val_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_key = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_keys_and_statements_are_found_outside_headers() {
        let text = "a.b = 1\n[c.d]\ne = { f.g = [1] }\n";
        let scan = Scan::new(text);
        let mut dotted: Vec<_> = scan.dotted.iter().copied().collect();
        dotted.sort_unstable();
        assert_eq!(dotted, [0, text.find('f').unwrap()]);
        let starts: Vec<_> = scan.statements.iter().map(|s| (s.start, s.header)).collect();
        assert_eq!(starts, [(0, false), (8, true), (14, false)]);
        assert_eq!(scan.statement_at(20), Some(2));
        assert!(scan.newer.is_empty() && scan.too_deep.is_none());
    }

    #[test]
    fn what_is_newer_than_toml_1_0_is_found() {
        let newer = |text: &str| Scan::new(text).newer.into_iter().map(|n| n.1).collect::<Vec<_>>();
        assert_eq!(newer("a = { b = 1, }"), ["a trailing comma in an inline table"]);
        assert_eq!(newer("a = { b = 1,\n c = 2 }"), ["a line break in an inline table"]);
        assert_eq!(newer("a = \"\\e\""), ["text with the escape `\\e` or `\\x`"]);
        assert_eq!(newer("a = 10:30"), ["a time without seconds"]);
        assert_eq!(newer("a = 2024-01-31T10:30Z"), ["a time without seconds"]);
        let fine = "a = [1,\n]\nb = { c = [1,\n2] }\nd = '\\e'\ne = \"\\\\e\"\nf = 2024-01-31T10:30:00+01:00";
        assert!(newer(fine).is_empty(), "{:?}", newer(fine));
    }

    #[test]
    fn depth_counts_lists_tables_and_dots() {
        assert!(
            Scan::new(&format!("a = {}1{}", "[".repeat(64), "]".repeat(64))).too_deep.is_none()
        );
        assert!(
            Scan::new(&format!("a = {}1{}", "[".repeat(65), "]".repeat(65))).too_deep.is_some()
        );
        assert!(Scan::new(&format!("{}b = 1", "a.".repeat(100_000))).too_deep.is_some());
        assert!(Scan::new(&format!("[{}b]", "a.".repeat(100_000))).too_deep.is_some());
        assert!(Scan::new(&"a = {".repeat(100_000)).too_deep.is_some());
    }

    #[test]
    fn the_first_of_two_definitions_is_found() {
        let first = |text: &str, second: &str| {
            let found = first_definition(text, text.rfind(second).unwrap()).unwrap();
            (found.start, text[found].to_owned())
        };
        assert_eq!(first("[x.a]\n[x.b]\n[x.a]\n", "a]"), (3, "a".into()));
        assert_eq!(first("a = 1\n[t]\na = 1\n'a' = 2\n", "'a'"), (10, "a".into()));
        assert_eq!(first("t = { a = 1, b = { a = 2 }, a = 3 }", "a = 3"), (6, "a".into()));
        assert_eq!(first("[[t]]\na = 1\n[[t]]\nb = 1\nb = 2", "b"), (18, "b".into()));
        assert_eq!(first("[[t]]\n[t.s]\na = 1\n[[t]]\n[t.s]\na = 1\na = 2", "a"), (30, "a".into()));
    }
}

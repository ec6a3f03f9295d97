//! Where text comes from: sources and spans into them. Plain data; text and span meet only when a
//! diagnostic is rendered.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A text that spans point into, by its place in the [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A range of bytes in one source. Starts and ends on character borders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The source.
    pub source: SourceId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// Makes a span.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start, end: end.max(start) }
    }

    /// Whether another span lies inside this one.
    pub fn contains(&self, other: Self) -> bool {
        self.source == other.source && self.start <= other.start && other.end <= self.end
    }
}

/// One text with the path that it was read from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as messages show it.
    pub path: PathBuf,
    /// The text.
    pub text: Arc<str>,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// All texts of one run, in the order in which they were first read.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
    concealed: Vec<Span>,
}

impl SourceMap {
    /// Makes an empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text. More than 2³² texts are not told apart.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        let text = text.into();
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        self.sources.push(Source { path: path.into(), text, lines });
        id
    }

    /// Marks text that must not be shown, such as a password that someone wrote into a spec.
    pub fn conceal(&mut self, span: Span) {
        self.concealed.push(span);
    }

    /// The ranges of a source that must not be shown.
    pub fn concealed(&self, source: SourceId) -> impl Iterator<Item = Range<usize>> {
        self.concealed
            .iter()
            .filter(move |span| span.source == source)
            .map(|span| span.start..span.end)
    }

    /// The source of an id that this map gave.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    /// The path of a source; empty for an id of another map.
    pub fn path(&self, id: SourceId) -> &Path {
        self.get(id).map_or(Path::new(""), |source| &source.path)
    }

    /// The text of a source; empty for an id of another map.
    pub fn text(&self, id: SourceId) -> &str {
        self.get(id).map_or("", |source| &source.text)
    }

    /// The text that a span covers; empty when it lies outside.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.source).get(span.start..span.end).unwrap_or("")
    }

    /// Line and column, both from 1, of a byte; columns count characters.
    pub fn line_column(&self, source: SourceId, offset: usize) -> (usize, usize) {
        let text = self.text(source);
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let lines: &[usize] = self.get(source).map_or(&[0], |source| &source.lines);
        let line = lines.partition_point(|start| *start <= offset).max(1);
        (line, text[lines[line - 1]..offset].chars().count() + 1)
    }

    /// The ids with their sources, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0u32..).map(SourceId).zip(&self.sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_by_character() {
        let mut map = SourceMap::new();
        let id = map.add("a.toml", "é = 1\nb = 2\n");
        assert_eq!(map.line_column(id, 0), (1, 1));
        assert_eq!(map.line_column(id, 3), (1, 3), "é is one column of two bytes");
        assert_eq!(map.line_column(id, 7), (2, 1));
        assert_eq!(map.line_column(id, 999), (3, 1), "past the end is the end");
        assert_eq!(map.slice(Span::new(id, 7, 8)), "b");
        assert_eq!(map.slice(Span::new(id, 1, 2)), "", "inside a character");
    }
}

//! Text of a spec with the way back to the file: an offset inside the value is an offset in the
//! file, through quotes, escapes and variables.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::diagnostics::Span;

/// A text that was written in a file. Equal when the content is; prints as its content.
#[derive(Clone, Debug)]
pub struct Text {
    value: Arc<str>,
    span: Span,
    pieces: Arc<[Piece]>,
}

/// A stretch of a text's value and the bytes of the file that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Bytes of the value.
    pub(crate) value: Range<usize>,
    /// Bytes of the file.
    pub(crate) file: Range<usize>,
    /// What it is.
    pub(crate) kind: PieceKind,
}

/// What a stretch of a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PieceKind {
    /// The same bytes in value and file.
    Verbatim,
    /// An escape sequence or a line break of the file, as one.
    Escape,
    /// What a variable held, as one.
    Variable,
    /// The default of a variable that is not set, as one.
    Default,
}

impl Text {
    /// Makes a text from its pieces, in order and without gaps in the value.
    pub(crate) fn new(value: impl Into<Arc<str>>, span: Span, pieces: Vec<Piece>) -> Self {
        Self { value: value.into(), span, pieces: pieces.into() }
    }

    /// Makes a text that has no inner places: all of it is at `span`.
    pub fn at(value: impl Into<Arc<str>>, span: Span) -> Self {
        let value = value.into();
        let whole =
            Piece { value: 0..value.len(), file: span.start..span.end, kind: PieceKind::Escape };
        Self { value, span, pieces: Arc::from([whole]) }
    }

    /// The content.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The content, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.value)
    }

    /// The whole of it in the file, quotes included.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Where a range of bytes of the content is in the file; the nearest place when the range lies
    /// outside, all of an escape or variable when it lies within one.
    pub fn locate(&self, range: Range<usize>) -> Span {
        let Some(last) = self.pieces.last() else {
            return self.span;
        };
        let end_of_content = last.file.end;
        let start = self
            .pieces
            .iter()
            .find(|piece| range.start < piece.value.end)
            .map_or(end_of_content, |piece| piece.file_start(range.start));
        if range.end <= range.start {
            return Span::new(self.span.source, start, start);
        }
        let end = self
            .pieces
            .iter()
            .find(|piece| range.end <= piece.value.end)
            .map_or(end_of_content, |piece| piece.file_end(range.end));
        Span::new(self.span.source, start, end.max(start))
    }

    /// Whether any of it comes from a variable that is set.
    pub fn has_variable(&self) -> bool {
        self.pieces.iter().any(|piece| piece.kind == PieceKind::Variable)
    }

    /// Whether it begins with what a set variable held.
    pub fn starts_with_variable(&self) -> bool {
        self.pieces.first().is_some_and(|piece| piece.kind == PieceKind::Variable)
    }

    /// Whether any of it was put in for a `${…}`, by a variable or by its default.
    pub fn has_placeholder(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece.kind, PieceKind::Variable | PieceKind::Default))
    }

    /// The ranges of the content that stand in the file itself: all but what variables held.
    pub fn written(&self) -> impl Iterator<Item = Range<usize>> {
        self.pieces
            .iter()
            .filter(|piece| piece.kind != PieceKind::Variable)
            .map(|piece| piece.value.clone())
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

impl Piece {
    fn file_start(&self, offset: usize) -> usize {
        match self.kind {
            PieceKind::Verbatim => self.file.start + offset.saturating_sub(self.value.start),
            _ => self.file.start,
        }
    }

    fn file_end(&self, offset: usize) -> usize {
        match self.kind {
            PieceKind::Verbatim => self.file.start + offset.saturating_sub(self.value.start),
            _ => self.file.end,
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.value)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

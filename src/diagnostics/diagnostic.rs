//! One mistake, and the collector of all of them.

use std::collections::HashSet;

use super::{Code, SourceId, SourceMap, Span};

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing stops, but it should be looked at.
    Warning,
    /// The spec can't be used.
    Error,
}

impl Severity {
    /// The name as the JSON form has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place with a few words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The words, in lower case.
    pub text: String,
    /// Whether this is where the mistake is, and not the other party.
    pub primary: bool,
}

/// One mistake: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: &'static Code,
    /// What is wrong: a lower-case phrase without a full stop.
    pub message: String,
    /// Where: the primary label first. Empty when no text is to blame.
    pub labels: Vec<Label>,
    /// What to write instead, when it is known.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Starts a diagnostic.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), labels: Vec::new(), help: None }
    }

    /// Points at the place of the mistake.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), primary: true });
        self
    }

    /// Points at the other party.
    #[must_use]
    pub fn and(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), primary: false });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, when that is known.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// Where the mistake is.
    pub fn span(&self) -> Option<Span> {
        self.labels.iter().find(|label| label.primary).map(|label| label.span)
    }

    /// How serious it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// Collects every mistake of a run, each once.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    told: HashSet<(&'static str, Option<Span>, String)>,
}

impl Diagnostics {
    /// Makes an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a mistake, unless the same one was told about the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let key = (diagnostic.code.id, diagnostic.span(), diagnostic.message.clone());
        if self.told.insert(key) {
            self.list.push(diagnostic);
        }
    }

    /// Adds all of another collection.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many of a severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity() == severity).count()
    }

    /// All of them in the order of the files and of the text; those without a place first.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.list.iter().collect();
        sorted.sort_by_key(|diagnostic| {
            let place: Option<(SourceId, usize)> =
                diagnostic.span().map(|span| (span.source, span.start));
            (place, diagnostic.code.id)
        });
        sorted
    }

    /// Whether every label lies inside its text, on character borders: true of all that this
    /// program makes.
    pub fn spans_are_valid(&self, sources: &SourceMap) -> bool {
        self.list.iter().flat_map(|diagnostic| &diagnostic.labels).all(|label| {
            sources
                .get(label.span.source)
                .is_some_and(|source| source.text.get(label.span.start..label.span.end).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    #[test]
    fn each_mistake_is_told_once_and_in_file_order() {
        let mut sources = SourceMap::new();
        let first = sources.add("a.toml", "0123456789");
        let second = sources.add("b.toml", "0123456789");
        let mut diagnostics = Diagnostics::new();
        let mistake = |source, start: usize| {
            Diagnostic::new(&codes::UNKNOWN_KEY, "x").at(Span::new(source, start, start + 1), "y")
        };
        diagnostics.push(mistake(second, 0));
        diagnostics.push(mistake(first, 5));
        diagnostics.push(mistake(first, 5));
        diagnostics.push(mistake(first, 2));
        diagnostics.push(Diagnostic::new(&codes::UNREADABLE_FILE, "no file"));
        let starts: Vec<_> = diagnostics.sorted().iter().map(|d| d.span()).collect();
        assert_eq!(
            starts,
            [
                None,
                Some(Span::new(first, 2, 3)),
                Some(Span::new(first, 5, 6)),
                Some(Span::new(second, 0, 1)),
            ]
        );
        assert!(diagnostics.has_errors() && diagnostics.spans_are_valid(&sources));
        diagnostics.push(mistake(first, 10));
        assert!(!diagnostics.spans_are_valid(&sources), "past the end");
    }
}

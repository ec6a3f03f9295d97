//! Diagnostics as text for people and as JSON for machines. Only here text and spans meet.

use std::fmt;
use std::ops::Range;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};
use serde_json::{Value as Json, json};

use super::{Diagnostic, Diagnostics, Label, Severity, SourceMap, Span, wording};

/// How [`text`] draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns to wrap at.
    pub width: usize,
    /// Whether to use colour.
    pub color: bool,
    /// Whether to use characters beyond ASCII.
    pub unicode: bool,
}

impl Style {
    /// No colour, 100 columns: what tests and log files get.
    pub const PLAIN: Self = Self { width: 100, color: false, unicode: true };
}

/// How many diagnostics are drawn; nobody reads more.
const MOST: usize = 500;

/// How far labels may be apart, in bytes, to be drawn in one excerpt.
const FAR: usize = 20_000;

/// Draws the diagnostics with their excerpts, in file order.
pub fn text(diagnostics: &Diagnostics, sources: &SourceMap, style: Style) -> String {
    let mut theme = match (style.unicode, style.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    };
    theme.characters.advice = "note:".into();
    let mut out = String::new();
    for (index, diagnostic) in diagnostics.sorted().into_iter().take(MOST).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        theme.characters.error = format!("error[{}]:", diagnostic.code);
        theme.characters.warning = format!("warning[{}]:", diagnostic.code);
        let handler = GraphicalReportHandler::new_themed(theme.clone())
            .with_width(style.width)
            .with_context_lines(1)
            .without_syntax_highlighting();
        for report in reports(diagnostic, sources) {
            // Writing to a string does not fail.
            let _ = handler.render_report(&mut out, &report);
        }
    }
    if diagnostics.len() > MOST {
        let more = wording::plural(diagnostics.len() - MOST, "more mistake");
        out.extend(["\n  and ", more.as_str(), "\n"]);
    }
    let mut trimmed = String::with_capacity(out.len());
    for line in out.lines() {
        trimmed.push_str(line.trim_end());
        trimmed.push('\n');
    }
    trimmed
}

/// All diagnostics as JSON, in file order: for each its code, severity, title, message, place
/// (lines and columns from 1, in characters), help and labels.
pub fn json(diagnostics: &Diagnostics, sources: &SourceMap) -> Json {
    let place = |span: Span| {
        let (line, column) = sources.line_column(span.source, span.start);
        let (end_line, end_column) = sources.line_column(span.source, span.end);
        json!({
            "file": sources.path(span.source).display().to_string(),
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
        })
    };
    let label = |label: &Label| {
        let mut object = place(label.span);
        object["text"] = json!(label.text);
        object["primary"] = json!(label.primary);
        object
    };
    diagnostics
        .sorted()
        .into_iter()
        .map(|diagnostic| {
            let mut object = json!({
                "code": diagnostic.code.id,
                "severity": diagnostic.severity().name(),
                "title": diagnostic.code.title,
                "message": diagnostic.message,
                "help": diagnostic.help,
            });
            if let (Some(span), Some(object)) = (diagnostic.span(), object.as_object_mut())
                && let Json::Object(place) = place(span)
            {
                object.extend(place);
            }
            object["labels"] = diagnostic.labels.iter().map(label).collect();
            object
        })
        .collect()
}

/// A diagnostic as the drawing library wants it: one report for each place that it points to, the
/// first with the message.
fn reports<'a>(diagnostic: &'a Diagnostic, sources: &SourceMap) -> Vec<Report<'a>> {
    let mut places: Vec<Vec<&Label>> = Vec::new();
    for label in &diagnostic.labels {
        let near = |others: &&mut Vec<&Label>| {
            others.iter().all(|other| {
                other.span.source == label.span.source
                    && other.span.start.abs_diff(label.span.start) < FAR
            })
        };
        match places.iter_mut().find(near) {
            Some(others) => others.push(label),
            None => places.push(vec![label]),
        }
    }
    let severity = match diagnostic.severity() {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let mut reports: Vec<Report<'a>> = places
        .into_iter()
        .map(|labels| {
            let excerpt = Excerpt::new(sources, &labels);
            Report {
                message: labels.first().map_or("", |label| label.text.as_str()),
                severity: miette::Severity::Advice,
                help: None,
                labels: excerpt.labels(&labels),
                excerpt: Some(excerpt),
            }
        })
        .collect();
    if reports.is_empty() {
        reports.push(Report {
            message: "",
            severity,
            help: None,
            labels: Vec::new(),
            excerpt: None,
        });
    }
    let last = reports.len() - 1;
    reports[last].help = diagnostic.help.as_deref();
    let first = &mut reports[0];
    first.message = &diagnostic.message;
    first.severity = severity;
    reports
}

#[derive(Debug)]
struct Report<'a> {
    message: &'a str,
    severity: miette::Severity,
    help: Option<&'a str>,
    labels: Vec<LabeledSpan>,
    excerpt: Option<Excerpt>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

/// The lines that the labels of one file touch. What the source map conceals is blotted out, and a
/// line that is too long to be read is left out.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    start: usize,
    first_line: usize,
}

impl Excerpt {
    const LONGEST_LINE: usize = 400;

    fn new(sources: &SourceMap, labels: &[&Label]) -> Self {
        let Some(first) = labels.first() else {
            return Self { name: String::new(), text: String::new(), start: 0, first_line: 0 };
        };
        let source = first.span.source;
        let text = sources.text(source);
        let from = labels.iter().map(|label| label.span.start).min().unwrap_or(0).min(text.len());
        let to = labels.iter().map(|label| label.span.end).max().unwrap_or(0).min(text.len());
        let start =
            text.as_bytes()[..from].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let end =
            text.as_bytes()[to..].iter().position(|b| *b == b'\n').map_or(text.len(), |at| to + at);
        let mut bytes = text.as_bytes()[start..end.max(start)].to_vec();
        for Range { start: from, end: to } in sources.concealed(source) {
            for at in from.max(start)..to.min(end) {
                if bytes[at - start] != b'\n' {
                    bytes[at - start] = b'*';
                }
            }
        }
        let mut excerpt = String::from_utf8_lossy(&bytes).into_owned();
        if excerpt.lines().any(|line| line.len() > Self::LONGEST_LINE) {
            excerpt = excerpt
                .split_inclusive('\n')
                .map(|line| {
                    if line.len() > Self::LONGEST_LINE {
                        let blank = " ".repeat(line.len() - usize::from(line.ends_with('\n')));
                        if line.ends_with('\n') { blank + "\n" } else { blank }
                    } else {
                        line.to_owned()
                    }
                })
                .collect();
        }
        Self {
            name: sources.path(source).display().to_string(),
            text: excerpt,
            start,
            first_line: sources.line_column(source, start).0 - 1,
        }
    }

    /// A place without width is drawn on the character after it, or before it at a line's end.
    fn visible(&self, start: usize, length: usize) -> (usize, usize) {
        if length > 0 {
            return (start, length);
        }
        if let Some(next) = self.text[start..].chars().next().filter(|c| !c.is_control()) {
            return (start, next.len_utf8());
        }
        match self.text[..start].chars().next_back().filter(|c| !c.is_control()) {
            Some(last) => (start - last.len_utf8(), last.len_utf8()),
            None => (start, 0),
        }
    }

    fn labels(&self, labels: &[&Label]) -> Vec<LabeledSpan> {
        labels
            .iter()
            .map(|label| {
                let start = label.span.start.saturating_sub(self.start).min(self.text.len());
                let end = label.span.end.saturating_sub(self.start).clamp(start, self.text.len());
                // A label over several lines shows its first one.
                let length = self.text[start..end].find('\n').unwrap_or(end - start);
                let (start, length) = self.visible(start, length);
                let text = (!label.text.is_empty()).then(|| label.text.clone());
                if label.primary {
                    LabeledSpan::new_primary_with_span(text, (start, length))
                } else {
                    LabeledSpan::new_with_span(text, (start, length))
                }
            })
            .collect()
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.as_str().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line,
            inner.column(),
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    fn example() -> (Diagnostics, SourceMap) {
        let mut sources = SourceMap::new();
        let main = sources.add("main.toml", "spec = 1\n\n[phase.a]\nbatchs = 5\n");
        let shared = sources.add("shared.toml", "[phase.a]\n");
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(
            Diagnostic::new(&codes::UNKNOWN_KEY, "unknown key `batchs` in a phase")
                .at(Span::new(main, 20, 26), "not a key of a phase")
                .help("did you mean `batch`?"),
        );
        diagnostics.push(
            Diagnostic::new(&codes::DUPLICATE, "phase `a` is defined twice")
                .at(Span::new(shared, 7, 8), "defined again here")
                .and(Span::new(main, 17, 18), "first defined here"),
        );
        diagnostics.push(Diagnostic::new(&codes::UNREADABLE_FILE, "there is no file `x.toml`"));
        (diagnostics, sources)
    }

    #[test]
    fn text_shows_the_place_the_words_and_the_help() {
        let (diagnostics, sources) = example();
        insta::assert_snapshot!(text(&diagnostics, &sources, Style::PLAIN));
    }

    #[test]
    fn json_gives_lines_and_columns() {
        let (diagnostics, sources) = example();
        let json = json(&diagnostics, &sources);
        assert_eq!(json[0]["code"], "E0101");
        assert_eq!(json[0]["labels"], json!([]));
        assert_eq!(json[1]["file"], "main.toml");
        assert_eq!((&json[1]["line"], &json[1]["column"]), (&json!(4), &json!(1)));
        assert_eq!((&json[1]["end_line"], &json[1]["end_column"]), (&json!(4), &json!(7)));
        assert_eq!(json[1]["help"], "did you mean `batch`?");
        assert_eq!(json[2]["labels"][1]["file"], "main.toml");
        assert_eq!(json[2]["labels"][1]["primary"], false);
    }

    #[test]
    fn concealed_text_and_endless_lines_are_not_shown() {
        let mut sources = SourceMap::new();
        let id = sources.add("a.toml", format!("p = \"secret\"\nq = \"{}\"\n", "x".repeat(9000)));
        sources.conceal(Span::new(id, 5, 11));
        let mut diagnostics = Diagnostics::new();
        let at = |start, end| {
            Diagnostic::new(&codes::PASSWORD_IN_SPEC, "m").at(Span::new(id, start, end), "here")
        };
        diagnostics.push(at(4, 12));
        diagnostics.push(at(13, 14));
        let text = text(&diagnostics, &sources, Style::PLAIN);
        assert!(text.contains("p = \"******\"") && !text.contains("secret"), "{text}");
        assert!(text.contains("a.toml:2:1") && !text.contains("xxx"), "{text}");
    }
}

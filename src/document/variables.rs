//! `${NAME}` and `${NAME:-default}` in text.

use std::collections::HashMap;
use std::ops::Range;

use super::text::{Piece, PieceKind};
use super::{Text, TextKind};
use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// The variables that specs may use: a plain map, so that nothing here reads the environment.
pub type Environment = HashMap<String, String>;

/// A text with its variables put in; `None` when one of them can't be.
///
/// In a URL, what a variable holds is percent-encoded, unless the text begins with it: then it is
/// (the beginning of) a URL by itself.
pub fn substitute(
    text: &Text,
    kind: TextKind,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<Text> {
    if !text.contains("${") {
        return Some(text.clone());
    }
    let mut builder = Builder { text, value: String::new(), pieces: Vec::new() };
    let mut complete = true;
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        if text[at..start].ends_with('$') {
            // `$${` stands for `${`.
            builder.copy(at..start - 1);
            builder.replace(start - 1..start + 2, "${", PieceKind::Escape);
            at = start + 2;
            continue;
        }
        builder.copy(at..start);
        let Some(length) = text[start..].find('}') else {
            diagnostics.push(
                Diagnostic::new(&codes::BAD_PLACEHOLDER, "`${` without a `}`")
                    .at(text.locate(start..text.len()), "does not end")
                    .help("a variable is `${NAME}`; a `${` that is meant as such is `$${`"),
            );
            return None;
        };
        let end = start + length + 1;
        let inner = &text[start + 2..end - 1];
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        if !is_name(name) {
            diagnostics.push(
                Diagnostic::new(&codes::BAD_PLACEHOLDER, "this is not a variable")
                    .at(text.locate(start..end), "not a name of letters, digits and `_`")
                    .help("a variable is `${NAME}`; a `${` that is meant as such is `$${`"),
            );
            complete = false;
        } else if let Some(value) = environment.get(name) {
            let value = if kind == TextKind::Url && !builder.value.is_empty() {
                encode(value, in_path(&builder.value))
            } else {
                value.clone()
            };
            builder.replace(start..end, &value, PieceKind::Variable);
        } else if let Some(default) = default {
            builder.replace(start..end, default, PieceKind::Default);
        } else {
            diagnostics.push(
                Diagnostic::new(
                    &codes::UNSET_VARIABLE,
                    format!("the variable `{name}` is not set"),
                )
                .at(text.locate(start..end), "is not set and has no default")
                .help(format!("set it, or give a default: `${{{name}:-…}}`")),
            );
            complete = false;
        }
        at = end;
    }
    builder.copy(at..text.len());
    complete.then(|| Text::new(builder.value, text.span(), builder.pieces))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a URL that has got so far is past its authority, where `/` separates and needs no
/// encoding.
fn in_path(url: &str) -> bool {
    match url.split_once("://") {
        Some((_, rest)) => rest.contains(['/', '?']),
        None => true,
    }
}

fn encode(value: &str, keep_slash: bool) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const ALL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    const PATH: &AsciiSet = &ALL.remove(b'/');
    utf8_percent_encode(value, if keep_slash { PATH } else { ALL }).to_string()
}

/// Builds a text out of parts of another one, keeping the places.
struct Builder<'t> {
    text: &'t Text,
    value: String,
    pieces: Vec<Piece>,
}

impl Builder<'_> {
    fn copy(&mut self, range: Range<usize>) {
        for piece in self.text.pieces() {
            let from = range.start.max(piece.value.start);
            let to = range.end.min(piece.value.end);
            if from >= to {
                continue;
            }
            let file: Span = self.text.locate(from..to);
            let start = self.value.len();
            self.value.push_str(&self.text[from..to]);
            self.pieces.push(Piece {
                value: start..self.value.len(),
                file: file.start..file.end,
                kind: piece.kind.clone(),
            });
        }
    }

    fn replace(&mut self, range: Range<usize>, value: &str, kind: PieceKind) {
        let file = self.text.locate(range);
        let start = self.value.len();
        self.value.push_str(value);
        self.pieces.push(Piece {
            value: start..self.value.len(),
            file: file.start..file.end,
            kind,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceMap;
    use crate::document::literal;

    fn put_in(raw: &str, kind: TextKind) -> Result<(Text, SourceMap), Vec<String>> {
        let environment: Environment = [("A", "x y"), ("PASS", "p/@ü"), ("EMPTY", "")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut sources = SourceMap::new();
        let id = sources.add("a.toml", raw);
        let (value, pieces) = literal::decode(raw, 0).unwrap();
        let text = Text::new(value, Span::new(id, 0, raw.len()), pieces);
        let mut diagnostics = Diagnostics::new();
        let result = substitute(&text, kind, &environment, &mut diagnostics);
        assert_eq!(result.is_none(), diagnostics.has_errors());
        result.map(|text| (text, sources.clone())).ok_or_else(|| {
            diagnostics
                .sorted()
                .iter()
                .map(|d| format!("{} at {}", d.message, sources.slice(d.span().unwrap())))
                .collect()
        })
    }

    #[test]
    fn variables_defaults_and_escapes_are_put_in_and_keep_their_places() {
        let (text, sources) = put_in(r#""é\t${A}-${B:-d}$${A}z""#, TextKind::Plain).unwrap();
        assert_eq!(text.as_str(), "é\tx y-d${A}z");
        let file = |part: &str| {
            let at = text.find(part).unwrap();
            sources.slice(text.locate(at..at + part.len())).to_owned()
        };
        assert_eq!(file("é"), "é");
        assert_eq!(file("\t"), "\\t");
        assert_eq!(file("y"), "${A}", "all of the placeholder");
        assert_eq!(file("d"), "${B:-d}");
        assert_eq!(file("${"), "$${");
        assert_eq!(file("z"), "z");
        assert!(text.has_variable() && text.has_placeholder() && !text.starts_with_variable());
        assert_eq!(put_in("'${EMPTY:-d}'", TextKind::Plain).unwrap().0.as_str(), "");
    }

    #[test]
    fn in_urls_values_are_encoded_unless_they_begin_the_url() {
        let url = |raw| put_in(raw, TextKind::Url).unwrap().0.as_str().to_owned();
        assert_eq!(url("'pg://u:${PASS}@h/${PASS}'"), "pg://u:p%2F%40%C3%BC@h/p/%40%C3%BC");
        assert_eq!(url("'sqlite:${A}.db'"), "sqlite:x%20y.db");
        assert_eq!(url("'${A}.db'"), "x y.db");
        assert_eq!(url("'pg://u:${X:-a@b}@h'"), "pg://u:a@b@h", "a default is as written");
    }

    #[test]
    fn every_variable_that_cannot_be_put_in_is_told() {
        assert_eq!(
            put_in("'a ${B} b ${C} ${1x} ${A}'", TextKind::Plain).unwrap_err(),
            [
                "the variable `B` is not set at ${B}",
                "the variable `C` is not set at ${C}",
                "this is not a variable at ${1x}",
            ]
        );
        assert_eq!(put_in("'a ${B'", TextKind::Plain).unwrap_err(), ["`${` without a `}` at ${B"]);
    }
}

//! String literals as written: which byte of the value stands where in the file.

use std::ops::Range;

use super::text::{Piece, PieceKind};

/// The value of a string literal or bare key, with its pieces; `None` when it is not well formed.
/// `start` is where `raw` begins in the file.
pub(super) fn decode(raw: &str, start: usize) -> Option<(String, Vec<Piece>)> {
    let (body, escapes, skip) = if let Some(rest) = raw.strip_prefix("\"\"\"") {
        (rest.strip_suffix("\"\"\"")?, true, 3)
    } else if let Some(rest) = raw.strip_prefix("'''") {
        (rest.strip_suffix("'''")?, false, 3)
    } else if let Some(rest) = raw.strip_prefix('"') {
        (rest.strip_suffix('"')?, true, 1)
    } else if let Some(rest) = raw.strip_prefix('\'') {
        (rest.strip_suffix('\'')?, false, 1)
    } else {
        (raw, false, 0)
    };
    // The line break right after the opening of a multi-line string is not part of it.
    let trimmed = match body.strip_prefix("\r\n").or_else(|| body.strip_prefix('\n')) {
        Some(rest) if skip == 3 => rest,
        _ => body,
    };
    let mut builder = Builder { value: String::new(), pieces: Vec::new() };
    let mut at = start + skip + (body.len() - trimmed.len());
    if !escapes {
        builder.push(trimmed, at..at + trimmed.len(), PieceKind::Verbatim);
        return Some((builder.value, builder.pieces));
    }
    let mut rest = trimmed;
    while !rest.is_empty() {
        let plain = rest.find('\\').unwrap_or(rest.len());
        let (text, after) = rest.split_at(plain);
        if !text.is_empty() {
            builder.push(text, at..at + text.len(), PieceKind::Verbatim);
            at += text.len();
        }
        if after.is_empty() {
            break;
        }
        let (value, length) = escape(after)?;
        let mut buffer = [0; 4];
        let value = value.map_or("", |value| value.encode_utf8(&mut buffer));
        builder.push(value, at..at + length, PieceKind::Escape);
        at += length;
        rest = &after[length..];
    }
    Some((builder.value, builder.pieces))
}

/// The character of an escape sequence and the bytes that it takes; no character for a line break.
fn escape(text: &str) -> Option<(Option<char>, usize)> {
    let kind = text[1..].chars().next()?;
    let hexadecimal = |digits: usize| {
        let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), 2 + digits))
    };
    let simple = |c: char| Some((Some(c), 2));
    match kind {
        'b' => simple('\u{8}'),
        't' => simple('\t'),
        'n' => simple('\n'),
        'f' => simple('\u{c}'),
        'r' => simple('\r'),
        'e' => simple('\u{1b}'),
        '"' => simple('"'),
        '\\' => simple('\\'),
        'x' => hexadecimal(2),
        'u' => hexadecimal(4),
        'U' => hexadecimal(8),
        ' ' | '\t' | '\n' | '\r' => {
            let blank = text[1..]
                .find(|c: char| !matches!(c, ' ' | '\t' | '\n' | '\r'))
                .unwrap_or(text.len() - 1);
            Some((None, 1 + blank))
        }
        _ => None,
    }
}

struct Builder {
    value: String,
    pieces: Vec<Piece>,
}

impl Builder {
    fn push(&mut self, value: &str, file: Range<usize>, kind: PieceKind) {
        let start = self.value.len();
        self.value.push_str(value);
        self.pieces.push(Piece { value: start..self.value.len(), file, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{SourceMap, Span};
    use crate::document::Text;

    /// What the file holds at a part of the value.
    fn locate(raw: &str, part: &str) -> String {
        let file = format!("key = {raw}");
        let mut sources = SourceMap::new();
        let id = sources.add("a.toml", file.as_str());
        let (value, pieces) = decode(raw, 6).unwrap();
        let parsed: toml::Table = file.parse().unwrap();
        assert_eq!(parsed["key"].as_str(), Some(value.as_str()), "agrees with the parser");
        let at = value.find(part).unwrap();
        let text = Text::new(value, Span::new(id, 6, file.len()), pieces);
        sources.slice(text.locate(at..at + part.len())).to_owned()
    }

    #[test]
    fn places_in_every_kind_of_string_lead_to_the_file() {
        assert_eq!(locate(r#""abc""#, "b"), "b");
        assert_eq!(locate("'a\\c'", "\\c"), "\\c");
        assert_eq!(locate(r#""a\n\u00e9c""#, "c"), "c");
        assert_eq!(locate(r#""a\n\u00e9c""#, "é"), r"\u00e9");
        assert_eq!(locate(r#""a\n\u00e9c""#, "\né"), r"\n\u00e9");
        assert_eq!(locate("\"\"\"\nab\ncd\"\"\"", "cd"), "cd");
        assert_eq!(locate("\"\"\"ab \\\n   cd\"\"\"", "cd"), "cd");
        assert_eq!(locate("\"\"\"ab \\\n   cd\"\"\"", "bcd".strip_prefix('b').unwrap()), "cd");
        assert_eq!(locate("'''\na'b\n'''", "'b"), "'b");
        assert_eq!(locate("\"\"\"a\"\"b\"\"\"\"", "b\""), "b\"");
        assert_eq!(locate("\"\"\"a\r\nb\"\"\"", "b"), "b");
    }

    #[test]
    fn ends_and_outsides_are_the_nearest_place() {
        let mut sources = SourceMap::new();
        let id = sources.add("a.toml", "\"a\\tb\"");
        let (value, pieces) = decode("\"a\\tb\"", 0).unwrap();
        let text = Text::new(value, Span::new(id, 0, 6), pieces);
        assert_eq!(text.locate(3..3), Span::new(id, 5, 5), "the end is before the quote");
        assert_eq!(text.locate(0..99), Span::new(id, 1, 5));
        assert_eq!(text.locate(99..100), Span::new(id, 5, 5));
        let empty = Text::new("", Span::new(id, 0, 2), Vec::new());
        assert_eq!(empty.locate(0..0), Span::new(id, 0, 2));
    }
}

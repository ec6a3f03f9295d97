//! Passwords that are written where everyone reads them.

use std::ops::Range;

use super::Text;
use crate::diagnostics::{Diagnostic, Span, codes};

/// What is wrong with a connection URL, each with what must not be shown.
pub(super) fn check_url(url: &Text) -> Vec<(Diagnostic, Option<Span>)> {
    let mut problems = Vec::new();
    if !has_scheme(url) {
        let written = !url.has_variable();
        let message = if written {
            "the URL has no scheme"
        } else {
            "what the variable holds is not a URL: it has no scheme"
        };
        problems.push((
            Diagnostic::new(&codes::BAD_URL, message)
                .at(url.span(), "expected a scheme such as `sqlite:`")
                .help("the scheme names the connector, as in `sqlite:shop.db`"),
            None,
        ));
    }
    for range in passwords(url) {
        if let Some(span) = written_part(url, &range) {
            problems.push((in_spec(span), Some(span)));
        }
    }
    problems
}

/// What is wrong with a password.
pub(super) fn check_password(password: &Text) -> Vec<(Diagnostic, Option<Span>)> {
    written_part(password, &(0..password.len()))
        .map(|span| (in_spec(span), Some(span)))
        .into_iter()
        .collect()
}

/// What is wrong with a header that says who asks, when what it says is written in the spec.
pub(super) fn check_header(name: &str, value: &Text) -> Option<(Diagnostic, Option<Span>)> {
    let name = name.to_ascii_lowercase();
    let tells = ["authorization", "cookie", "key", "token", "secret", "password"]
        .iter()
        .any(|word| name.contains(word));
    if !tells || value.is_empty() || value.has_variable() {
        return None;
    }
    let span = value.span();
    Some((in_spec(span), Some(span)))
}

fn in_spec(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::PASSWORD_IN_SPEC, "a password is written in the spec")
        .at(span, "everyone who sees the spec sees this")
        .help("take it from a variable: `${PASSWORD}`; a default is no way out")
}

fn has_scheme(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, rest)| {
        // A single letter is a drive.
        scheme.len() > 1
            && !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

/// Where a URL holds passwords: `user:HERE@host` and `?password=HERE`.
fn passwords(url: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if let Some(at) = url.find("://") {
        let start = at + 3;
        // A password that is not encoded may hold any of `/?#`, so the last `@` before a query
        // counts; a path hardly has one.
        let end = url[start..].find('?').map_or(url.len(), |at| start + at);
        if let Some(length) = url[start..end].rfind('@')
            && let Some(colon) = url[start..start + length].find(':')
        {
            found.push(start + colon + 1..start + length);
        }
    }
    if let Some(query) = url.find('?') {
        let mut start = query + 1;
        for parameter in url[start..].split('&') {
            if let Some((name, value)) = parameter.split_once('=')
                && matches!(name.to_ascii_lowercase().as_str(), "password" | "pwd" | "pass")
            {
                let from = start + name.len() + 1;
                found.push(from..from + value.len());
            }
            start += parameter.len() + 1;
        }
    }
    found
}

/// The part of a range that stands in the file itself.
fn written_part(text: &Text, range: &Range<usize>) -> Option<Span> {
    let parts: Vec<Range<usize>> = text
        .written()
        .map(|part| part.start.max(range.start)..part.end.min(range.end))
        .filter(|part| part.start < part.end)
        .collect();
    let (first, last) = (parts.first()?, parts.last()?);
    Some(text.locate(first.start..last.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found_where_urls_have_them() {
        let found =
            |url: &'static str| passwords(url).into_iter().map(|r| &url[r]).collect::<Vec<_>>();
        assert_eq!(found("pg://app:s3cret@host/db"), ["s3cret"]);
        assert_eq!(found("pg://app:s@c/r:t@host/db"), ["s@c/r:t"]);
        assert_eq!(found("pg://app@host:5432/db"), [""; 0]);
        assert_eq!(found("pg://host/db?user=a&password=x&z=1"), ["x"]);
        assert_eq!(found("sqlite:a.db"), [""; 0]);
    }

    #[test]
    fn a_scheme_is_more_than_a_drive_letter() {
        assert!(has_scheme("sqlite:a.db") && has_scheme("mongodb+srv://h"));
        assert!(!has_scheme("a.db") && !has_scheme("C:\\a.db") && !has_scheme("sqlite:"));
    }
}

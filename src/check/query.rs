//! Queries: which text a connection gets.

use super::Checker;
use super::capabilities::KINDS;
use super::connections::Handle;
use crate::diagnostics::{Diagnostic, codes, wording};
use crate::document::Text;
use crate::spec::Query;

impl Checker<'_> {
    /// The text of a query for a connection. Schemes that no connector has, and a scheme without a
    /// text, are reported.
    pub(super) fn query(&mut self, query: &Query, handle: &Handle) -> Option<Text> {
        let (texts, span) = match query {
            Query::One(text) => return Some(text.clone()),
            Query::ByScheme { texts, span } => (texts, *span),
        };
        let known: Vec<&str> = KINDS
            .iter()
            .filter(|kind| kind.tables.is_some_and(|facts| facts.queries))
            .map(|kind| kind.schemes[0])
            .collect();
        let mut sound = true;
        for (scheme, _) in texts {
            if !known.contains(&scheme.as_str()) {
                sound = false;
                let help =
                    wording::did_you_mean(scheme, &known, "queries go to").unwrap_or_default();
                self.report(
                    Diagnostic::new(&codes::UNKNOWN_SCHEME, format!("no query goes to `{scheme}`"))
                        .at(scheme.span(), "not a kind of store that answers queries")
                        .help(help),
                );
            }
        }
        if !sound {
            return None;
        }
        let found = texts.iter().find(|(scheme, _)| scheme.as_str() == handle.scheme);
        if found.is_none() {
            self.report(
                Diagnostic::new(
                    &codes::MISSING_KEY,
                    format!("there is no query for `{}`", handle.scheme),
                )
                .at(span, format!("connection `{}` leads there", handle.name))
                .help(format!("add `{} = \"…\"`", handle.scheme)),
            );
        }
        found.map(|(_, text)| text.clone())
    }
}

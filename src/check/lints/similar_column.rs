//! A name that is no declared column but is spelt much like one. A source may declare only some of
//! its columns, so this may be right.

use crate::check::Checker;
use crate::check::origins::MentionRoot;
use crate::diagnostics::{Diagnostic, Span, codes, wording};

pub(super) fn run(checker: &mut Checker<'_>) {
    let mut found: Vec<(String, String, Span)> = Vec::new();
    for phase in &checker.origins.phases {
        let declared: Vec<&str> = phase.columns.iter().map(|(name, _)| name.as_str()).collect();
        let keys = phase.source_key.iter().map(|key| (key.as_str(), key.span()));
        let mentions = phase
            .mentions
            .iter()
            .filter(|mention| mention.root == MentionRoot::Record)
            .filter_map(|mention| Some((mention.path.first()?.as_str(), mention.span)));
        for (name, span) in keys.chain(mentions) {
            if declared.contains(&name) {
                continue;
            }
            if let Some(candidate) = wording::suggest(name, declared.iter().copied()) {
                found.push((name.to_owned(), candidate.to_owned(), span));
            }
        }
    }
    for (name, candidate, span) in found {
        checker.report(
            Diagnostic::new(
                &codes::SIMILAR_COLUMN,
                format!("`{name}` is almost the declared column `{candidate}`"),
            )
            .at(span, "not declared")
            .help(format!("did you mean `{candidate}`? otherwise declare it too")),
        );
    }
}

//! Paths, templates and expressions: syntax, and what each name in them means.

use std::ops::Range;

use super::Mapper;
use crate::check::origins::{Mention, MentionRoot};
use crate::diagnostics::{Diagnostic, Span, codes, wording};
use crate::document::Text;
use crate::expr::{self, Path, PathError, Root, TextKind};

impl<'s> Mapper<'_, 's> {
    /// Parses a path and looks at what it starts from.
    pub(super) fn path(&mut self, text: &'s Text, inside: bool) -> Option<Path> {
        let path = match Path::parse(text, inside, self.element) {
            Ok(path) => path,
            Err(error) => {
                self.bad_path(text, &error);
                return None;
            }
        };
        let root = match &path.root {
            Root::Record => MentionRoot::Record,
            Root::Let(name) => {
                let range = 4..4 + name.len();
                self.use_let(name, text.locate(range))?;
                MentionRoot::Let(name.clone())
            }
            Root::Exploded => MentionRoot::Exploded,
            Root::Element if inside => MentionRoot::Inner,
            Root::Element if self.explodes => MentionRoot::Exploded,
            Root::Element => {
                self.out_of_place(
                    text.locate(0..1),
                    "there is no current element here",
                    Some("`@` is the element inside `each`, `object` and `extend`; the record is `$`"),
                );
                return None;
            }
        };
        self.mention(root, &path, text.span());
        Some(path)
    }

    pub(super) fn bad_path(&mut self, text: &Text, error: &PathError) {
        self.report(
            Diagnostic::new(&codes::BAD_PATH, error.message.clone())
                .at(text.locate(error.range.clone()), "here"),
        );
    }

    pub(super) fn out_of_place(&mut self, span: Span, message: &str, help: Option<&str>) {
        self.report(
            Diagnostic::new(&codes::NAME_OUT_OF_PLACE, message)
                .at(span, "means nothing here")
                .maybe_help(help.map(str::to_owned)),
        );
    }

    /// Reads a template or expression. `None` when something in it is wrong.
    pub(super) fn template(
        &mut self,
        text: &'s Text,
        kind: TextKind,
        inside: bool,
        target: bool,
    ) -> Option<()> {
        let what = match kind {
            TextKind::Expression => "expression",
            TextKind::Template => "template",
        };
        let analysis = match expr::analyse(text, kind) {
            Ok(analysis) => analysis,
            Err(error) => {
                self.report(
                    Diagnostic::new(&codes::BAD_SYNTAX, format!("the {what} can't be read"))
                        .at(text.locate(error.range), error.message),
                );
                return None;
            }
        };
        let mut right = analysis.unknown.is_empty();
        for (what, name, range) in &analysis.unknown {
            self.unknown(text, what, name, range.clone());
        }
        let names = analysis.names.iter().map(|name| (name, false));
        let operands = analysis.arithmetic.iter().map(|name| (name, true));
        for (name, arithmetic) in names.chain(operands) {
            let span = text.locate(name.range.clone());
            match self.text_name(&name.path, span, inside, target) {
                Some((root, path)) => {
                    self.mentions.push(Mention { root, path, span, arithmetic });
                }
                None => right = false,
            }
        }
        right.then_some(())
    }

    /// What a name of a text means, and the fields reached through it.
    fn text_name(
        &mut self,
        path: &[String],
        span: Span,
        inside: bool,
        target: bool,
    ) -> Option<(MentionRoot, Vec<String>)> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "let" => {
                let Some((name, rest)) = rest.split_first() else {
                    let names: Vec<String> =
                        self.let_names.iter().map(|name| format!("let.{name}")).collect();
                    let help = if names.is_empty() {
                        "the phase has no named values".to_owned()
                    } else {
                        format!("there are {}", wording::and_list(&names))
                    };
                    let message = "`let` is followed by the name of a named value";
                    self.out_of_place(span, message, Some(&help));
                    return None;
                };
                self.use_let(name, span)?;
                Some((MentionRoot::Let(name.clone()), rest.to_vec()))
            }
            "now" => Some((MentionRoot::Inner, Vec::new())),
            "record" => Some((MentionRoot::Record, rest.to_vec())),
            "target" if target => Some((MentionRoot::Target, rest.to_vec())),
            "target" => {
                self.out_of_place(
                    span,
                    "`target` is the mapped record, which only `reject` rules see",
                    Some("a source field of that name is `record.target`"),
                );
                None
            }
            name if self.element == Some(name) => Some((MentionRoot::Exploded, rest.to_vec())),
            _ if inside => Some((MentionRoot::Inner, path.to_vec())),
            _ => Some((MentionRoot::Record, path.to_vec())),
        }
    }

    fn use_let(&mut self, name: &str, span: Span) -> Option<()> {
        if let Some(known) = self.let_names.iter().find(|known| **known == name) {
            self.used_lets.insert(known);
            return Some(());
        }
        let help = wording::did_you_mean(name, &self.let_names, "there are")
            .unwrap_or_else(|| "named values stand in the phase's `let` table".to_owned());
        self.checker.report_unknown(
            Diagnostic::new(&codes::UNKNOWN_LET, format!("there is no named value `{name}`"))
                .at(span, "not in `let`")
                .help(help),
        );
        None
    }

    fn unknown(&mut self, text: &Text, what: &str, name: &str, range: Range<usize>) {
        let known = match what {
            "filter" => expr::filters(),
            "test" => expr::tests(),
            "function" => expr::functions(),
            _ => &[],
        };
        let help = if what == "statement" {
            Some("a template stands for itself: it can't include or extend others".to_owned())
        } else if what == "filter" && crate::functions::find(name).is_some() {
            Some(format!("`{name}` is a transform: use it in `apply`"))
        } else {
            wording::suggest(name, known.iter().copied())
                .map(|candidate| format!("did you mean `{candidate}`?"))
        };
        self.report(
            Diagnostic::new(&codes::UNKNOWN_FUNCTION, format!("there is no {what} `{name}`"))
                .at(text.locate(range), format!("unknown {what}"))
                .maybe_help(help),
        );
    }
}

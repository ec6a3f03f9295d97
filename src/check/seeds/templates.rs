//! Templates of seeds: their syntax, the fields that they use, and circles among them.

use crate::check::Checker;
use crate::diagnostics::{Diagnostic, codes, wording};
use crate::document::Text;
use crate::expr::{self, TextKind};
use crate::generate::ROW;
use crate::spec::{self, GeneratorKind};

impl<'s> Checker<'s> {
    /// Looks at every template of a seed. False when something is wrong, all of which is reported.
    pub(super) fn templates(&mut self, seed: &'s spec::Seed) -> bool {
        let names: Vec<&str> = seed.fields.iter().map(|f| f.target.text.as_str()).collect();
        // Per field that is a template: the fields that it uses.
        let mut uses: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
        let mut right = true;
        for (at, field) in seed.fields.iter().enumerate() {
            let mut texts = Vec::new();
            collect(&field.generator, &mut texts);
            for text in texts {
                match self.template_of(seed, text, &names) {
                    Some((used, numbered)) => {
                        right &= self.template_is_unique(seed, at, text, &used, numbered);
                        uses[at].extend(used);
                    }
                    None => right = false,
                }
            }
        }
        let circle = (0..names.len()).find(|at| reaches(&uses, *at, *at));
        if let Some(at) = circle {
            let field = &seed.fields[at];
            self.report(
                Diagnostic::new(
                    &codes::BAD_GENERATOR,
                    format!("the template of `{}` uses itself", names[at]),
                )
                .at(field.generator.span, "through the fields that it uses")
                .help("take one of these fields out of the other's template"),
            );
            right = false;
        }
        right
    }

    /// The fields that a template uses, and whether it uses the number of the row.
    fn template_of(
        &mut self,
        seed: &spec::Seed,
        text: &Text,
        names: &[&str],
    ) -> Option<(Vec<usize>, bool)> {
        let analysis = match expr::analyse(text, TextKind::Template) {
            Ok(analysis) => analysis,
            Err(error) => {
                self.report(
                    Diagnostic::new(&codes::BAD_SYNTAX, "the template can't be read")
                        .at(text.locate(error.range), error.message),
                );
                return None;
            }
        };
        let mut right = true;
        for (what, name, range) in &analysis.unknown {
            let known: &[&str] = match *what {
                "filter" => expr::filters(),
                "test" => expr::tests(),
                _ => expr::functions(),
            };
            self.report(
                Diagnostic::new(&codes::UNKNOWN_FUNCTION, format!("there is no {what} `{name}`"))
                    .at(text.locate(range.clone()), format!("unknown {what}"))
                    .maybe_help(
                        wording::suggest(name, known.iter().copied())
                            .map(|candidate| format!("did you mean `{candidate}`?")),
                    ),
            );
            right = false;
        }
        let (mut used, mut numbered) = (Vec::new(), false);
        for name in &analysis.names {
            let Some(first) = name.path.first() else { continue };
            match names.iter().position(|known| known == first) {
                Some(field) => used.push(field),
                None if first == ROW => numbered = true,
                None => {
                    let mut candidates = names.to_vec();
                    candidates.push(ROW);
                    let span = text.locate(name.range.clone());
                    self.no_such_field(span, first, &seed.name, &candidates);
                    right = false;
                }
            }
        }
        right.then_some((used, numbered))
    }

    /// Whether a template that is said to be unique uses something that is; reported when not.
    fn template_is_unique(
        &mut self,
        seed: &spec::Seed,
        at: usize,
        text: &Text,
        used: &[usize],
        numbered: bool,
    ) -> bool {
        let generator = &seed.fields[at].generator;
        let Some(unique) = generator.unique.filter(|unique| unique.value) else { return true };
        if !matches!(generator.kind, GeneratorKind::Template(_)) {
            return true;
        }
        let is_unique = |field: &usize| {
            let of = &seed.fields[*field].generator;
            of.unique.is_some_and(|unique| unique.value)
                || matches!(of.kind, GeneratorKind::Id(_) | GeneratorKind::Sequence { .. })
        };
        let right = numbered || used.iter().any(is_unique);
        if !right {
            self.report(
                Diagnostic::new(&codes::NOT_UNIQUE, "the template can give the same text twice")
                    .at(text.span(), "made of fields that may repeat")
                    .and(unique.span, "and yet to be unique")
                    .help("put `{{ row }}` into it, or a field that is unique"),
            );
        }
        right
    }
}

/// The templates of a generator.
fn collect<'s>(generator: &'s spec::Generator, texts: &mut Vec<&'s Text>) {
    match &generator.kind {
        GeneratorKind::Template(text) => texts.push(text),
        GeneratorKind::Object(fields) => {
            for field in fields {
                collect(&field.generator, texts);
            }
        }
        GeneratorKind::List { of, .. } => collect(of, texts),
        _ => {}
    }
}

fn reaches(uses: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut open = vec![from];
    let mut seen = vec![false; uses.len()];
    while let Some(at) = open.pop() {
        for next in &uses[at] {
            if *next == to {
                return true;
            }
            if !std::mem::replace(&mut seen[*next], true) {
                open.push(*next);
            }
        }
    }
    false
}

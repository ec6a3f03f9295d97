//! Strings become expressions: each field's origin and steps, in the order in which they run.

mod id;
mod inputs;
mod lets;
mod lookup;
mod steps;
mod text;

use std::collections::BTreeSet;

use super::Checker;
use super::origins::{LookupOrigins, Mention, MentionRoot};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::document::Text;
use crate::expr::{self, Expr, Mapping, Path, Root, Segment, TextKind};
use crate::plan;
use crate::spec::{self, Field, OnError, OnMissing, Origin, Rule, TargetKey};
use crate::value::FieldPath;

/// Lowers the mapping of one phase.
pub(super) struct Mapper<'c, 's> {
    checker: &'c mut Checker<'s>,
    spec: usize,
    phase: usize,
    /// Whether the phase takes records apart, so that there is an element outside of `each` too.
    explodes: bool,
    element: Option<&'s str>,
    /// Whether the target holds documents; `None` when that is not known.
    documents: Option<bool>,
    let_names: Vec<&'s str>,
    used_lets: BTreeSet<&'s str>,
    lookups: Vec<plan::Lookup>,
    lookup_origins: Vec<LookupOrigins>,
    mentions: Vec<Mention>,
}

/// What a rule stands in.
#[derive(Clone, Copy)]
struct Scope {
    /// Inside `object` or `extend`: a bare path starts at the value there.
    inside: bool,
    /// What a lookup gives that finds nothing and has no `on_missing`.
    on_missing: OnMissing,
}

/// A field or named value that is right.
type Made<'s> = (&'s Field, FieldPath, Expr);

/// A mapping with the places of its parts.
pub(super) struct Mapped {
    pub(super) mapping: Mapping,
    pub(super) lookups: Vec<plan::Lookup>,
    pub(super) fields: Vec<(Span, Span)>,
    pub(super) lets: Vec<Span>,
    pub(super) lookup_origins: Vec<LookupOrigins>,
    pub(super) mentions: Vec<Mention>,
    /// What is set in records that the source no longer has.
    pub(super) mark: Vec<(FieldPath, Expr)>,
}

/// Lowers the mapping of a phase. `None` when something in it is wrong, all of which is reported.
pub(super) fn mapping(
    checker: &mut Checker<'_>,
    phase: usize,
    documents: Option<bool>,
) -> Option<Mapped> {
    let reference = checker.phases[phase];
    let written = reference.phase;
    let source = written.source.as_ref();
    let mut mapper = Mapper {
        checker,
        spec: reference.spec,
        phase,
        explodes: source.is_some_and(|source| source.explode.is_some()),
        element: source.and_then(|source| source.element.as_ref()).map(Text::as_str),
        documents,
        let_names: written.lets.iter().map(|field| field.target.text.as_str()).collect(),
        used_lets: BTreeSet::new(),
        lookups: Vec::new(),
        lookup_origins: Vec::new(),
        mentions: Vec::new(),
    };
    mapper.phase_mapping(written)
}

impl<'s> Mapper<'_, 's> {
    fn phase_mapping(&mut self, written: &'s spec::Phase) -> Option<Mapped> {
        let explode = written.source.as_ref().and_then(|source| self.explode(source));
        let lets = self.lets(&written.lets);
        let scope = Scope { inside: false, on_missing: OnMissing::Reject };
        let fields = self.fields(&written.fields, scope);
        let skip = self.rules(&written.skip, false);
        let reject = self.rules(&written.reject, true);
        let inputs = self.inputs(written, fields.as_deref());
        let mark = self.mark(&written.mark, scope);
        let (lets, fields, skip, reject) = (lets?, fields?, skip?, reject?);
        let (inputs, enriched, mark) = (inputs?, self.enriched(written, &fields)?, mark?);
        // Only now: what looks unused may be used where something is wrong.
        self.unused_lets(&written.lets);
        Some(Mapped {
            fields: fields
                .iter()
                .map(|(field, ..)| (field.target.text.span(), field.rule.span))
                .chain(written.enrich.iter().map(|enrich| (enrich.target.text.span(), enrich.span)))
                .collect(),
            lets: lets.iter().map(|(field, ..)| field.target.text.span()).collect(),
            mapping: Mapping {
                lets: lets
                    .into_iter()
                    .map(|(field, _, expr)| (field.target.text.to_string(), expr))
                    .collect(),
                fields: fields
                    .into_iter()
                    .map(|(_, path, expr)| (path, expr))
                    .chain(enriched.into_iter().map(|path| (path, Expr::missing())))
                    .collect(),
                skip,
                reject,
                explode: match explode {
                    None if self.explodes => return None,
                    explode => explode,
                },
                element: self.element.map(str::to_owned),
                inputs,
            },
            lookups: std::mem::take(&mut self.lookups),
            lookup_origins: std::mem::take(&mut self.lookup_origins),
            mentions: std::mem::take(&mut self.mentions),
            mark,
        })
    }

    /// Lowers what is set in records that the source no longer has, which nothing can be read of.
    fn mark(&mut self, fields: &'s [Field], scope: Scope) -> Option<Vec<(FieldPath, Expr)>> {
        let known = self.mentions.len();
        let mut made = Vec::with_capacity(fields.len());
        let mut paths = Vec::with_capacity(fields.len());
        for field in fields {
            // Others were refused when the spec was read.
            let alone = matches!(
                field.rule.origin,
                Origin::Value(_) | Origin::Expr(_) | Origin::Template(_)
            );
            if !alone || field.rule.lookup.is_some() {
                continue;
            }
            let Some(path) = target_path(&field.target) else { continue };
            paths.push((path.clone(), field.target.text.span()));
            made.extend(self.rule(&field.rule, scope).map(|expr| (path, expr)));
        }
        self.checker.overlaps(&paths);
        let mut right = made.len() == fields.len();
        for mention in self.mentions.split_off(known) {
            if mention.root != MentionRoot::Inner {
                right = false;
                self.report(spec::unreadable(mention.span, "this is read from the record"));
            }
        }
        right.then_some(made)
    }

    fn explode(&mut self, source: &'s spec::Source) -> Option<Path> {
        if let Some(name) = &source.element {
            self.element_name(name);
        }
        let text = source.explode.as_ref()?;
        let path = match Path::parse(text, false, None) {
            Ok(path) => path,
            Err(error) => {
                self.bad_path(text, &error);
                return None;
            }
        };
        if path.root != Root::Record {
            self.out_of_place(text.span(), "`explode` is a path into the source record", None);
            return None;
        }
        self.mention(MentionRoot::Record, &path, text.span());
        Some(path)
    }

    fn element_name(&mut self, name: &Text) {
        let reserved = ["let", "now", "record", "target"].contains(&name.as_str());
        if reserved || !is_identifier(name) {
            let message = if reserved {
                format!("`{name}` has a meaning already")
            } else {
                format!("expressions can't use `{name}` as a name")
            };
            self.report(
                Diagnostic::new(&codes::RESERVED_NAME, message)
                    .at(name.span(), "not a name for elements")
                    .help("take another name, such as `as = \"item\"`"),
            );
        }
    }

    /// Lowers fields of the target, or of an object. `None` when one of them is wrong.
    fn fields(&mut self, fields: &'s [Field], scope: Scope) -> Option<Vec<Made<'s>>> {
        let mut made = Vec::with_capacity(fields.len());
        let mut paths = Vec::with_capacity(fields.len());
        for field in fields {
            let path = target_path(&field.target);
            let expr = self.rule(&field.rule, scope);
            if let Some(path) = path {
                if !matches!(field.rule.origin, Origin::Invalid) {
                    paths.push((path.clone(), field.target.text.span()));
                }
                if let Some(expr) = expr {
                    made.push((field, path, expr));
                }
            }
        }
        self.checker.overlaps(&paths);
        (made.len() == fields.len()).then_some(made)
    }

    fn rules(
        &mut self,
        conditions: &'s [spec::Condition],
        target: bool,
    ) -> Option<Vec<expr::Rule>> {
        let mut rules = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let when = condition.when.as_ref()?;
            if self.template(when, TextKind::Expression, false, target).is_some()
                && let Some(reason) = &condition.reason
            {
                rules.push(expr::Rule { when: when.to_string(), reason: reason.to_string() });
            }
        }
        (rules.len() == conditions.len()).then_some(rules)
    }

    /// Lowers one rule: its origin, then its steps.
    fn rule(&mut self, rule: &'s Rule, scope: Scope) -> Option<Expr> {
        let missing = on_missing(rule.on_missing.map_or(scope.on_missing, |choice| choice.value));
        let before = self.steps_before_translation(rule, scope.inside);
        let translated = self.crosswalk_step(rule);
        let after = self.steps_after_translation(rule, scope);
        let (origin, steps) = match (&rule.lookup, &rule.origin) {
            (Some(lookup), origin) => {
                let origin = self.keyed_lookup(rule, lookup, origin, before, missing, scope);
                (origin, after)
            }
            (None, Origin::First(alternatives)) => {
                let inner = Scope { on_missing: OnMissing::Null, ..scope };
                let made: Vec<Option<Expr>> =
                    alternatives.iter().map(|alternative| self.rule(alternative, inner)).collect();
                let alternatives = made.into_iter().collect::<Option<Vec<_>>>();
                let origin = alternatives
                    .map(|alternatives| expr::Origin::First { alternatives, on_missing: missing });
                (origin, join(before, translated, after))
            }
            (None, Origin::Lookup(lookup)) => {
                let origin = self.matched_lookup(lookup, missing, scope);
                (origin, join(before, translated, after))
            }
            (None, origin) => {
                let origin = self.origin(rule, origin, scope);
                (origin, join(before, translated, after))
            }
        };
        Some(Expr {
            origin: origin?,
            steps: steps?,
            default: rule.default.as_ref().map(|default| default.value.clone()),
            on_error: match rule.on_error() {
                OnError::Reject => expr::OnError::Reject,
                OnError::Null => expr::OnError::Null,
                OnError::Default => expr::OnError::Default,
            },
        })
    }

    fn origin(&mut self, rule: &'s Rule, origin: &'s Origin, scope: Scope) -> Option<expr::Origin> {
        Some(match origin {
            Origin::From(paths) => match paths.as_slice() {
                [path] => expr::Origin::Path(self.path(path, scope.inside)?),
                // Several without a lookup: reported when the spec was read.
                _ => return None,
            },
            Origin::Value(value) => expr::Origin::Value(value.value.clone()),
            Origin::Expr(text) => {
                self.template(text, TextKind::Expression, scope.inside, false)?;
                expr::Origin::Expression(text.to_string())
            }
            Origin::Template(text) => {
                self.template(text, TextKind::Template, scope.inside, false)?;
                expr::Origin::Template(text.to_string())
            }
            Origin::Id(id) => expr::Origin::Id(self.id(rule, id, scope.inside)?),
            Origin::Each(path) => expr::Origin::Each(self.path(path, scope.inside)?),
            Origin::First(_) | Origin::Lookup(_) | Origin::Invalid => return None,
        })
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.checker.report(diagnostic);
    }

    fn mention(&mut self, root: MentionRoot, path: &Path, span: Span) {
        let names = match path.segments() {
            Some(segments) => segments
                .iter()
                .map_while(|segment| match segment {
                    Segment::Name(name) => Some(name.clone()),
                    Segment::Index(_) => None,
                })
                .collect(),
            None => path.head().map(str::to_owned).into_iter().collect(),
        };
        self.mentions.push(Mention { root, path: names, span, arithmetic: false });
    }
}

/// The field of the target that a key names.
pub(super) fn target_path(key: &TargetKey) -> Option<FieldPath> {
    if !key.quoted || !key.text.contains('.') {
        return Some(FieldPath::field(key.text.as_str()));
    }
    // One that is no path was reported when the spec was read.
    key.text.parse().ok()
}

fn on_missing(choice: OnMissing) -> expr::OnMissing {
    match choice {
        OnMissing::Reject => expr::OnMissing::Reject,
        OnMissing::Null => expr::OnMissing::Null,
        OnMissing::Default => expr::OnMissing::Default,
        OnMissing::Skip => expr::OnMissing::Skip,
    }
}

fn join(
    before: Option<Vec<expr::Step>>,
    translated: Option<Vec<expr::Step>>,
    after: Option<Vec<expr::Step>>,
) -> Option<Vec<expr::Step>> {
    let mut steps = before?;
    steps.extend(translated?);
    steps.extend(after?);
    Some(steps)
}

/// Whether expressions can use a text as a name.
fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

//! Phases.

use super::checksum;
use crate::check::Checker;
use crate::check::expressions;
use crate::check::graph::{Reference, Writes};
use crate::check::origins::PhaseOrigins;
use crate::diagnostics::{Diagnostic, Span, codes, wording};
use crate::document::Text;
use crate::expr::Expr;
use crate::plan::{self, EdgeReason};
use crate::spec;
use crate::value::FieldPath;

impl<'s> Checker<'s> {
    /// Lowers every phase, those with errors too, so that each mistake is found.
    pub(super) fn phases(&mut self) -> Option<Vec<plan::Phase>> {
        let lowered: Vec<Option<plan::Phase>> =
            (0..self.phases.len()).map(|phase| self.lower_phase(phase)).collect();
        lowered.into_iter().collect()
    }

    fn lower_phase(&mut self, at: usize) -> Option<plan::Phase> {
        let reference = self.phases[at];
        let (spec, phase) = (reference.spec, reference.phase);
        for name in &phase.after {
            if let Some(other) = self.phase(spec, name) {
                let reason = EdgeReason::After;
                self.facts[at].references.push(Reference {
                    phase: other,
                    reason,
                    span: name.span(),
                });
            }
        }
        self.renamed(spec, phase);
        let source = phase.source.as_ref().and_then(|source| self.source(at, source));
        let handle = phase
            .target
            .as_ref()
            .and_then(|target| target.connection.as_ref())
            .and_then(|name| self.connection(spec, name));
        let entity = match (&handle, phase.target.as_ref().and_then(|t| t.entity.as_ref())) {
            (Some(handle), Some(entity)) => {
                let name = self.entity(entity, handle);
                if let Some(name) = &name {
                    self.facts[at].writes = Some(Writes {
                        entity: (handle.store, name.clone()),
                        creates: phase.target.as_ref().is_some_and(|target| {
                            matches!(
                                target.write(),
                                spec::WriteMode::Insert | spec::WriteMode::Append
                            )
                        }),
                    });
                }
                name
            }
            _ => None,
        };
        let documents = handle.as_ref().map(|handle| handle.facts.documents);
        let mapped = expressions::mapping(self, at, documents);
        let enrich = self.enrichments(phase);
        let key = phase.target.as_ref().map(|target| self.target_key(phase, target, documents));
        let write = phase.target.as_ref().and_then(|target| {
            let others = key.as_ref().map(|(_, others)| *others);
            self.write_mode(target, handle.as_ref(), others.filter(|_| !phase.fields.is_empty()))
        });
        self.transaction(phase, handle.as_ref());
        self.switches(phase, handle.as_ref());
        let (source, mapped, enrich) = (source?, mapped?, enrich?);
        let target = plan::Target {
            connection: handle.as_ref()?.id,
            entity: entity?,
            key: key?.0?,
            write: write?,
        };
        let deleted = deleted(phase, &mapped.mark);
        let checksum = checksum::of_phase(phase, &source, &handle?, (&target, &enrich), &mapped);
        self.origins.phases.push(PhaseOrigins {
            name: phase.name.span(),
            source: source.span,
            source_key: phase.source.as_ref().map(|s| s.key.clone()).unwrap_or_default(),
            filter: phase
                .source
                .as_ref()
                .and_then(|source| source.filter.as_ref())
                .map(|filter| filter.paths.clone())
                .unwrap_or_default(),
            target: target_span(phase),
            target_key: phase.target.as_ref().map(|t| t.key.clone()).unwrap_or_default(),
            fields: mapped.fields,
            lets: mapped.lets,
            lookups: mapped.lookup_origins,
            mentions: mapped.mentions,
            changes: phase
                .source
                .as_ref()
                .and_then(|source| source.changes.as_ref())
                .and_then(|changes| changes.column.clone()),
            ignore: phase.ignore.iter().map(|(name, _)| name.clone()).collect(),
            columns: source.columns,
        });
        Some(plan::Phase {
            spec: self.spec_name(spec).to_owned(),
            name: phase.name.to_string(),
            renamed_from: phase.renamed_from.as_ref().map(ToString::to_string),
            description: phase.description.as_ref().map(ToString::to_string),
            checksum,
            source: source.source,
            target,
            mapping: mapped.mapping,
            lookups: mapped.lookups,
            batch: usize::try_from(phase.batch()).unwrap_or(usize::MAX),
            transaction: match phase.transaction.map(|choice| choice.value) {
                None => plan::Transaction::Auto,
                Some(spec::Transaction::Record) => plan::Transaction::Record,
                Some(spec::Transaction::Batch) => plan::Transaction::Batch,
                Some(spec::Transaction::Phase) => plan::Transaction::Phase,
            },
            on_duplicate: match phase.on_duplicate() {
                spec::OnDuplicate::Reject => plan::OnDuplicate::Reject,
                spec::OnDuplicate::First => plan::OnDuplicate::First,
                spec::OnDuplicate::Last => plan::OnDuplicate::Last,
            },
            max_rejects: phase.max_rejects.map(|limit| self::limit(limit.value)),
            expected: phase.expected.map(|expected| expected.value),
            follows: None,
            enrich,
            enabled: phase.enabled.is_none_or(|enabled| enabled.value),
            off: plan::Off {
                triggers: phase.triggers.is_some_and(|it| it.value == spec::Triggers::Off),
                foreign_keys: phase
                    .foreign_keys
                    .is_some_and(|it| it.value == spec::ForeignKeys::Deferred),
            },
            deleted,
            backup: phase.backup.map(|backup| backup.value),
            ignore: phase
                .ignore
                .iter()
                .map(|(name, reason)| (name.to_string(), reason.to_string()))
                .collect(),
        })
    }

    /// A phase keeps the ids of the one that it was; two can't keep the same ones.
    fn renamed(&mut self, spec: usize, phase: &'s spec::Phase) {
        let Some(before) = &phase.renamed_from else { return };
        let content = &self.set.specs[spec];
        let other = content.phases.iter().find_map(|other| {
            if other.name == *before {
                return Some(other.name.span());
            }
            let twin = other.renamed_from.as_ref()?;
            (twin == before && twin.span() < before.span()).then(|| twin.span())
        });
        if let Some(other) = other {
            self.report(
                Diagnostic::new(&codes::DUPLICATE, format!("two phases have been `{before}`"))
                    .at(before.span(), "this one says that it was")
                    .and(other, "and here is the other")
                    .help("`renamed_from` names a phase that is no longer in the spec"),
            );
        }
    }

    /// The target's key, and whether there are fields beside it.
    fn target_key(
        &mut self,
        phase: &'s spec::Phase,
        target: &'s spec::Target,
        documents: Option<bool>,
    ) -> (Option<Vec<FieldPath>>, bool) {
        let path = |name: &Text| {
            if documents == Some(false) {
                Some(FieldPath::field(name.as_str()))
            } else {
                name.parse().ok()
            }
        };
        let fields: Vec<String> =
            phase.fields.iter().map(|field| field.target.text.to_string()).collect();
        let mut key: Vec<FieldPath> = Vec::with_capacity(target.key.len());
        let mut right = true;
        for name in &target.key {
            let Some(path) = path(name) else {
                self.bad_key(name.span());
                right = false;
                continue;
            };
            if key.contains(&path) {
                self.report(
                    Diagnostic::new(&codes::DUPLICATE, format!("`{name}` is in the key twice"))
                        .at(name.span(), "once is enough"),
                );
            }
            if !fields.iter().any(|field| field == name.as_str()) {
                right = false;
                // Without any field there was a mistake in `fields` itself.
                if fields.is_empty() {
                    continue;
                }
                self.report_unknown(
                    Diagnostic::new(
                        &codes::KEY_NOT_MAPPED,
                        format!("key field `{name}` is not mapped"),
                    )
                    .at(name.span(), "not one of the phase's `fields`")
                    .maybe_help(
                        wording::suggest(name, fields.iter().map(String::as_str))
                            .map(|candidate| format!("did you mean `{candidate}`?"))
                            .or_else(|| Some(format!("add `{name} = …` to the fields"))),
                    ),
                );
            }
            key.push(path);
        }
        let others = !phase.enrich.is_empty()
            || phase.fields.iter().any(|field| !target.key.contains(&field.target.text));
        (right.then_some(key), others)
    }

    fn bad_key(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&codes::BAD_PATH, "the key is not a path")
                .at(span, "field names with dots between them"),
        );
    }
}

fn limit(of: spec::RejectLimit) -> plan::RejectLimit {
    match of {
        spec::RejectLimit::Count(count) => plan::RejectLimit::Count(count),
        spec::RejectLimit::Share(share) => plan::RejectLimit::Share(share),
    }
}

/// What becomes of records that the source no longer has.
fn deleted(phase: &spec::Phase, mark: &[(FieldPath, Expr)]) -> Option<plan::Deleted> {
    let said = phase.source.as_ref()?.deleted.as_ref()?;
    let deed = match said.what.value {
        spec::OnDeleted::Ignore => return None,
        spec::OnDeleted::Delete => plan::Deed::Delete,
        spec::OnDeleted::Mark => plan::Deed::Mark(mark.to_vec()),
    };
    let most = said.most.map_or(plan::Deleted::MOST, |most| limit(most.value));
    Some(plan::Deleted { deed, most })
}

fn target_span(phase: &spec::Phase) -> Span {
    phase.target.as_ref().map_or(phase.span, |target| {
        target.entity.as_ref().map_or(target.span, |entity| entity.name.span())
    })
}

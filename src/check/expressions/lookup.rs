//! Lookups: in the ids of a phase, or in a table or collection.

use super::{Mapper, Scope, on_missing as lower_missing};
use crate::check::graph::Reference;
use crate::check::origins::LookupOrigins;
use crate::diagnostics::{Diagnostic, codes};
use crate::expr::{self, Expr, LookupCall, OnError, Step};
use crate::plan::{self, EdgeReason, LookupKind};
use crate::spec::{Lookup, LookupTarget, OnMany, OnMissing, Origin, Rule};

impl<'s> Mapper<'_, 's> {
    /// A lookup by the value that the origin gives, after the steps before it.
    pub(super) fn keyed_lookup(
        &mut self,
        rule: &'s Rule,
        lookup: &'s Lookup,
        origin: &'s Origin,
        before: Option<Vec<Step>>,
        on_missing: expr::OnMissing,
        scope: Scope,
    ) -> Option<expr::Origin> {
        let keys = match origin {
            Origin::From(paths) if paths.len() > 1 => {
                let mut keys = Vec::with_capacity(paths.len());
                for path in paths {
                    keys.push(self.path(path, scope.inside).map(expr::Origin::Path));
                }
                keys.into_iter().collect::<Option<Vec<_>>>()
            }
            Origin::Each(path) => {
                self.path(path, scope.inside);
                self.report(
                    Diagnostic::new(&codes::EACH_LOOKUP, "a lookup is of one value, not of a list")
                        .at(lookup.span, "in a rule with `each`")
                        .help("look up inside `object` or `extend`, where `@` is the element"),
                );
                None
            }
            Origin::First(alternatives) => {
                let inner = Scope { on_missing: OnMissing::Null, ..scope };
                let made: Vec<Option<Expr>> =
                    alternatives.iter().map(|alternative| self.rule(alternative, inner)).collect();
                // The key that none of them gives is no key: the lookup gives null.
                made.into_iter().collect::<Option<Vec<_>>>().map(|alternatives| {
                    vec![expr::Origin::First {
                        alternatives,
                        on_missing: lower_missing(OnMissing::Null),
                    }]
                })
            }
            Origin::Lookup(inner) => {
                self.matched_lookup(inner, expr::OnMissing::Null, scope).map(|origin| vec![origin])
            }
            origin => self.origin(rule, origin, scope).map(|origin| vec![origin]),
        };
        let index = self.lookup(lookup, None);
        let (keys, before, index) = (keys?, before?, index?);
        let keys = keys
            .into_iter()
            .map(|origin| Expr {
                origin,
                steps: before.clone(),
                default: None,
                on_error: OnError::Reject,
            })
            .collect();
        Some(expr::Origin::Lookup(LookupCall { lookup: index, keys, on_missing }))
    }

    /// A lookup by the fields of its `match` table.
    pub(super) fn matched_lookup(
        &mut self,
        lookup: &'s Lookup,
        on_missing: expr::OnMissing,
        scope: Scope,
    ) -> Option<expr::Origin> {
        let fields = lookup.matches.as_deref().unwrap_or_default();
        let inner = Scope { on_missing: OnMissing::Reject, ..scope };
        let made: Vec<Option<Expr>> =
            fields.iter().map(|field| self.rule(&field.rule, inner)).collect();
        let index = self.lookup(lookup, Some(fields));
        let keys = made.into_iter().collect::<Option<Vec<_>>>()?;
        Some(expr::Origin::Lookup(LookupCall { lookup: index?, keys, on_missing }))
    }

    /// Adds a lookup to the phase, unless it has the same one already, and gives its place.
    fn lookup(
        &mut self,
        lookup: &'s Lookup,
        matches: Option<&'s [crate::spec::Field]>,
    ) -> Option<usize> {
        let stub = lookup.stub.is_some_and(|stub| stub.value);
        for name in &lookup.after {
            if let Some(phase) = self.checker.phase(self.spec, name) {
                self.depend(phase, EdgeReason::After, name.span());
            }
        }
        let (kind, origins) = match &lookup.target {
            LookupTarget::Invalid => return None,
            LookupTarget::Phase(name) => {
                let phase = self.checker.phase(self.spec, name)?;
                if !stub {
                    self.depend(phase, EdgeReason::Lookup, name.span());
                }
                (
                    LookupKind::Phase { phase: self.checker.full_name(phase) },
                    LookupOrigins { target: name.span(), take: None, by: Vec::new() },
                )
            }
            LookupTarget::Entity { connection, entity, take, on_many } => {
                let handle = self.checker.connection(self.spec, connection.as_ref()?)?;
                let name = self.checker.entity(entity, &handle)?;
                if !stub {
                    self.checker.facts[self.phase]
                        .lookups
                        .push(((handle.store, name.clone()), entity.name.span()));
                }
                let matches = matches?;
                let take = take.as_ref()?;
                (
                    LookupKind::Entity {
                        connection: handle.id,
                        entity: name,
                        take: take.to_string(),
                        by: matches.iter().map(|field| field.target.text.to_string()).collect(),
                        on_many: match on_many.map(|choice| choice.value).unwrap_or_default() {
                            OnMany::Reject => plan::OnMany::Reject,
                            OnMany::First => plan::OnMany::First,
                            OnMany::Last => plan::OnMany::Last,
                            OnMany::All => plan::OnMany::All,
                        },
                    },
                    LookupOrigins {
                        target: entity.name.span(),
                        take: Some(take.span()),
                        by: matches.iter().map(|field| field.target.text.span()).collect(),
                    },
                )
            }
        };
        let lookup = plan::Lookup { kind, stub };
        if let Some(index) = self.lookups.iter().position(|other| *other == lookup) {
            return Some(index);
        }
        self.lookups.push(lookup);
        self.lookup_origins.push(origins);
        Some(self.lookups.len() - 1)
    }

    fn depend(&mut self, phase: usize, reason: EdgeReason, span: crate::diagnostics::Span) {
        self.checker.facts[self.phase].references.push(Reference { phase, reason, span });
    }
}

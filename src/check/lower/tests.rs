//! Tests of phases.

use crate::check::Checker;
use crate::diagnostics::{Diagnostic, codes};
use crate::document::{Spanned, Text};
use crate::plan::{self, LookupKind};
use crate::spec;
use crate::value::{Object, Value};

impl Checker<'_> {
    /// Lowers every test. `phases` are the plan's, when there is no mistake in them.
    pub(super) fn tests(&mut self, phases: Option<&[plan::Phase]>) -> Option<Vec<plan::TestCase>> {
        let set = self.set;
        let mut tests = Vec::new();
        let mut right = true;
        for (spec, content) in set.specs.iter().enumerate() {
            for (at, test) in content.tests.iter().enumerate() {
                match self.test(spec, at, test, phases) {
                    Some(lowered) => {
                        self.origins.tests.push(test.span);
                        tests.push(lowered);
                    }
                    None => right = false,
                }
            }
        }
        right.then_some(tests)
    }

    fn test(
        &mut self,
        spec: usize,
        at: usize,
        test: &spec::TestCase,
        phases: Option<&[plan::Phase]>,
    ) -> Option<plan::TestCase> {
        let name = test.phase.as_ref()?;
        let phase = self.phase(spec, name)?;
        let lowered = phases.map(|phases| &phases[phase]);
        let lookups: Vec<Option<plan::TestLookup>> = test
            .lookups
            .iter()
            .map(|(name, lookup)| self.test_lookup(spec, name, lookup, lowered))
            .collect();
        Some(plan::TestCase {
            name: test
                .name
                .as_ref()
                .map_or_else(|| format!("{name} #{}", at + 1), ToString::to_string),
            phase,
            given: objects(&test.given),
            existing: objects(&test.existing),
            lookups: lookups.into_iter().collect::<Option<_>>()?,
            expect: test.expect.as_ref().map(|expect| objects(expect)),
            exact: test.exact,
            expect_rejects: test.expect_rejects.as_ref().map(|fates| lower_fates(fates)),
            expect_skips: test.expect_skips.as_ref().map(|fates| lower_fates(fates)),
            columns: Vec::new(),
        })
    }

    fn test_lookup(
        &mut self,
        spec: usize,
        name: &Text,
        lookup: &spec::TestLookup,
        phase: Option<&plan::Phase>,
    ) -> Option<plan::TestLookup> {
        let lookups = phase.map(|phase| phase.lookups.as_slice());
        let (lowered, known) = match lookup {
            spec::TestLookup::Ids(ids) => {
                let looked_up = self.phase(spec, name)?;
                let full = self.full_name(looked_up);
                let known = lookups.is_none_or(|lookups| {
                    lookups.iter().any(|lookup| {
                        matches!(&lookup.kind, LookupKind::Phase { phase } if *phase == full)
                    })
                });
                let ids = ids.iter().map(|(key, id)| (key.to_string(), id.value.clone())).collect();
                (plan::TestLookup::Phase { phase: full, ids }, known)
            }
            spec::TestLookup::Records(records) => {
                let known = lookups.is_none_or(|lookups| {
                    lookups.iter().any(|lookup| {
                        matches!(
                            &lookup.kind,
                            LookupKind::Entity { entity, .. } if entity == name.as_str()
                        )
                    })
                });
                let records = objects(records);
                (plan::TestLookup::Entity { entity: name.to_string(), records }, known)
            }
        };
        if !known {
            let (what, other) = match lookup {
                spec::TestLookup::Ids(_) => ("phase", "records of a table are a list"),
                spec::TestLookup::Records(_) => {
                    ("table or collection", "ids of a phase are a table: key = id")
                }
            };
            let message = format!("the phase under test looks up no {what} `{name}`");
            self.report(
                Diagnostic::new(&codes::NOT_LOOKED_UP, message)
                    .at(name.span(), "never asked for")
                    .help(format!("take it out; {other}")),
            );
            return None;
        }
        Some(lowered)
    }
}

fn objects(values: &[Spanned<Value>]) -> Vec<Object> {
    values.iter().filter_map(|value| value.value.as_object().cloned()).collect()
}

fn lower_fates(fates: &spec::Fates) -> plan::Fates {
    match fates {
        spec::Fates::Count(count) => plan::Fates::Count(*count),
        spec::Fates::Reasons(reasons) => {
            plan::Fates::Reasons(reasons.iter().map(ToString::to_string).collect())
        }
    }
}

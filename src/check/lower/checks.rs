//! Checks.

use super::filter::{meaning, sort};
use crate::check::Checker;
use crate::check::connections::Handle;
use crate::check::graph::{CheckFacts, EntityKey};
use crate::diagnostics::{Diagnostic, codes};
use crate::document::Text;
use crate::plan::{self, CheckKind, Operand, SumOf};
use crate::spec::{self, CheckSeverity, Entity, Latency};
use crate::value::{Decimal, Value};

/// What a check looks at, while it is lowered.
#[derive(Default)]
struct Looked {
    entities: Vec<EntityKey>,
}

impl Checker<'_> {
    /// Lowers every check.
    pub(super) fn checks(&mut self) -> Option<(Vec<plan::Check>, Vec<CheckFacts>)> {
        let set = self.set;
        let mut checks = Vec::new();
        let mut facts = Vec::new();
        let mut right = true;
        for (spec, content) in set.specs.iter().enumerate() {
            for check in &content.checks {
                match self.check(spec, check) {
                    Some((lowered, fact)) => {
                        let name = check.name.as_ref().map_or(check.span, Text::span);
                        self.origins.checks.push(name);
                        checks.push(lowered);
                        facts.push(fact);
                    }
                    None => right = false,
                }
            }
        }
        right.then_some((checks, facts))
    }

    fn check(&mut self, spec: usize, check: &spec::Check) -> Option<(plan::Check, CheckFacts)> {
        let mut after = Vec::new();
        let mut right = true;
        for name in &check.after {
            match self.phase(spec, name) {
                Some(phase) => after.push(phase),
                None => right = false,
            }
        }
        let expect = self.expect(spec, check);
        let mut looked = Looked::default();
        let kind = self.check_kind(spec, check, expect.clone().unwrap_or_default(), &mut looked);
        let expect = expect?;
        if check.after.is_empty() {
            after = (0..self.phases.len()).filter(|at| self.phases[*at].spec == spec).collect();
        }
        after.extend(expect.explained_by);
        if let Some(CheckKind::Phase { phase, .. }) = &kind {
            after.push(*phase);
        }
        after.sort_unstable();
        after.dedup();
        if !right {
            return None;
        }
        let name = check.name.as_ref()?;
        let facts = CheckFacts {
            spec,
            after,
            entities: looked.entities,
            name: format!("check {}: {name}", self.spec_name(spec)),
        };
        let lowered = plan::Check {
            spec,
            name: name.to_string(),
            severity: match check.severity.map(|severity| severity.value).unwrap_or_default() {
                CheckSeverity::Info => plan::Severity::Info,
                CheckSeverity::Warning => plan::Severity::Warning,
                CheckSeverity::Error => plan::Severity::Error,
            },
            advice: check.advice.as_ref().map(ToString::to_string),
            kind: kind?,
        };
        Some((lowered, facts))
    }

    fn check_kind(
        &mut self,
        spec: usize,
        check: &spec::Check,
        expect: plan::Expect,
        looked: &mut Looked,
    ) -> Option<CheckKind> {
        Some(match &check.kind {
            spec::CheckKind::Invalid => return None,
            spec::CheckKind::Query { connection, query } => {
                let (connection, query) = self.asked(spec, connection.as_ref(), query)?;
                CheckKind::Query { connection, query, expect }
            }
            spec::CheckKind::Filter { connection, entity, filter } => {
                let (connection, entity) =
                    self.place(spec, connection.as_ref(), entity.as_ref(), looked)?;
                CheckKind::Filter { connection, entity, filter: filter.filter.clone(), expect }
            }
            spec::CheckKind::References(check) => {
                let handle = self.connection(spec, check.connection.as_ref()?)?;
                CheckKind::References {
                    connection: handle.id,
                    from: look(&handle, check.from.as_ref()?, looked),
                    path: check.path.as_ref()?.to_string(),
                    to: look(&handle, check.to.as_ref()?, looked),
                    key: check.key.as_ref()?.to_string(),
                    back: check.back.as_ref().map(ToString::to_string),
                }
            }
            spec::CheckKind::Compare(check) => {
                let handle = self.connection(spec, check.connection.as_ref()?)?;
                CheckKind::Compare {
                    connection: handle.id,
                    left: look(&handle, check.left.as_ref()?, looked),
                    right: look(&handle, check.right.as_ref()?, looked),
                    on: check.on.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect(),
                    equal: check.equal.iter().map(ToString::to_string).collect(),
                }
            }
            spec::CheckKind::Latency(check) => {
                let (connection, entity) =
                    self.place(spec, check.connection.as_ref(), check.entity.as_ref(), looked)?;
                CheckKind::Latency {
                    connection,
                    entity,
                    filter: meaning(check.filter.as_ref()),
                    sort: sort(&check.sort),
                    limit: check.limit.map(|limit| limit.value),
                    repeat: check.repeat.map_or(Latency::DEFAULT_REPEAT, |repeat| repeat.value),
                    p95: check.p95.as_ref()?.value,
                }
            }
            spec::CheckKind::Stats(check) => {
                let (connection, entity) =
                    self.place(spec, check.connection.as_ref(), check.entity.as_ref(), looked)?;
                CheckKind::Stats {
                    connection,
                    entity,
                    measure: match check.measure.map(|m| m.value).unwrap_or_default() {
                        spec::Measure::Records => plan::Measure::Records,
                        spec::Measure::Bytes => plan::Measure::Bytes,
                        spec::Measure::IndexBytes => plan::Measure::IndexBytes,
                        spec::Measure::AverageBytes => plan::Measure::AverageBytes,
                    },
                    expect,
                }
            }
            spec::CheckKind::Unique(check) => {
                let (connection, entity) =
                    self.place(spec, check.connection.as_ref(), check.entity.as_ref(), looked)?;
                let keys = check.keys.iter().map(ToString::to_string).collect();
                CheckKind::Unique { connection, entity, keys }
            }
            spec::CheckKind::Sum(sum) => {
                CheckKind::Sum { sum: self.sum(spec, sum, looked)?, expect }
            }
            spec::CheckKind::Phase(name) => {
                CheckKind::Phase { phase: self.phase(spec, name)?, expect }
            }
        })
    }

    /// What is expected, held against what the kind of check can tell.
    fn expect(&mut self, spec: usize, check: &spec::Check) -> Option<plan::Expect> {
        // What is needed or has no meaning was reported when the spec was read.
        let Some(expect) = &check.expect else { return Some(plan::Expect::default()) };
        let mut refused = Vec::new();
        if let Some(given) = &expect.explained_by
            && expect.equals.is_none()
            && expect.rows.is_none()
            && (expect.min.is_some() || expect.max.is_some() || expect.rate.is_some())
        {
            let help = "it explains a difference to `equals` or `rows`";
            refused.push((given.span(), "there is no difference to explain", help));
        }
        if let (Some(min), Some(max)) = (&expect.min, &expect.max)
            && let spec::Operand::Literal(low_value) = min
            && let spec::Operand::Literal(high_value) = max
            && let (Some(low), Some(high)) = (number(low_value), number(high_value))
            && low.number() > high.number()
        {
            let help = "no answer is at once at least the larger and at most the smaller";
            refused.push((low_value.span, "larger than `max`", help));
        }
        if let Some(rate) = expect.rate
            && let (Some(min), Some(max)) = (rate.min, rate.max)
            && min.value > max.value
        {
            let help = "no share is at once at least the larger and at most the smaller";
            refused.push((min.span, "larger than the share at most", help));
        }
        let right = self.refuse_expectations(refused);
        let explained_by = match &expect.explained_by {
            Some(name) => Some(self.phase(spec, name)?),
            None => None,
        };
        let mut operands = [None, None, None];
        for (lowered, operand) in
            operands.iter_mut().zip([&expect.equals, &expect.min, &expect.max])
        {
            if let Some(operand) = operand {
                *lowered = Some(self.operand(spec, operand)?);
            }
        }
        let [equals, min, max] = operands;
        right.then(|| plan::Expect {
            equals,
            min,
            max,
            rows: expect.rows.map(|rows| rows.value),
            min_rate: expect.rate.and_then(|rate| rate.min).map(|share| share.value),
            max_rate: expect.rate.and_then(|rate| rate.max).map(|share| share.value),
            explained_by,
        })
    }

    fn refuse_expectations(
        &mut self,
        refused: Vec<(crate::diagnostics::Span, &str, &str)>,
    ) -> bool {
        let none = refused.is_empty();
        for (span, message, help) in refused {
            self.report(Diagnostic::new(&codes::EXPECTATION, message).at(span, "here").help(help));
        }
        none
    }

    fn operand(&mut self, spec: usize, operand: &spec::Operand) -> Option<Operand> {
        Some(match operand {
            spec::Operand::Literal(value) => Operand::Value(value.value.clone()),
            spec::Operand::Query { connection, query } => {
                let (connection, query) = self.asked(spec, connection.as_ref(), query)?;
                Operand::Query { connection, query }
            }
            spec::Operand::Count { connection, entity, filter } => {
                let mut looked = Looked::default();
                let (connection, entity) =
                    self.place(spec, connection.as_ref(), Some(entity), &mut looked)?;
                Operand::Count { connection, entity, filter: meaning(filter.as_ref()) }
            }
            spec::Operand::Sum(sum) => Operand::Sum(self.sum(spec, sum, &mut Looked::default())?),
            spec::Operand::Invalid => return None,
        })
    }

    fn sum(&mut self, spec: usize, sum: &spec::Sum, looked: &mut Looked) -> Option<SumOf> {
        let (connection, entity) =
            self.place(spec, sum.connection.as_ref(), sum.entity.as_ref(), looked)?;
        Some(SumOf {
            connection,
            entity,
            of: sum.of.as_ref()?.to_string(),
            filter: meaning(sum.filter.as_ref()),
        })
    }

    /// Which connection is asked, and what.
    fn asked(
        &mut self,
        spec: usize,
        connection: Option<&Text>,
        query: &spec::Query,
    ) -> Option<(usize, String)> {
        let handle = self.connection(spec, connection?)?;
        if !handle.facts.queries {
            self.report(
                Diagnostic::new(&codes::IMPOSSIBLE_READ, "a store of documents answers no queries")
                    .at(query.span(), "not possible there")
                    .help("count with `collection` and `filter`"),
            );
            return None;
        }
        let query = self.query(query, &handle)?;
        Some((handle.id, query.to_string()))
    }

    fn place(
        &mut self,
        spec: usize,
        connection: Option<&Text>,
        entity: Option<&Entity>,
        looked: &mut Looked,
    ) -> Option<(usize, String)> {
        let handle = self.connection(spec, connection?)?;
        let name = self.entity(entity?, &handle)?;
        looked.entities.push((handle.store, name.clone()));
        Some((handle.id, name))
    }
}

fn look(handle: &Handle, name: &Text, looked: &mut Looked) -> String {
    looked.entities.push((handle.store, name.to_string()));
    name.to_string()
}

fn number(value: &Value) -> Option<Decimal> {
    Decimal::from_value(value)
}

//! Asks a service, and takes what is wanted out of its answers.

use futures_util::stream::{self, StreamExt as _};

use super::flights::Outcome;
use crate::expr::Body;
use crate::http::{Client, Failure, Limits};
use crate::ledger::Usage;
use crate::plan::{Enrich, Per};
use crate::run::{RunError, RunErrorKind};
use crate::value::extended_json::parse_plain;
use crate::value::{Key, Problem, Value};

/// The reason of a record that has no answer.
const REASON: &str = "enrich";

/// Asks about one field.
pub(super) struct Asker {
    enrich: Enrich,
    client: Client,
    body: Body,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// A hash of what is sent, and where.
    pub(super) id: u128,
    pub(super) input: Value,
}

impl Asker {
    pub(super) fn new(enrich: &Enrich, limits: &Limits) -> Result<Self, RunError> {
        let refused = |message| RunError::new(RunErrorKind::Refused, message);
        Ok(Self {
            enrich: enrich.clone(),
            client: Client::new(&enrich.service, limits).map_err(refused)?,
            body: Body::compile(&enrich.body).map_err(refused)?,
        })
    }

    /// The question about a value; an error when it can't be put into a body.
    pub(super) fn question(&self, input: &Value) -> Result<Question, Problem> {
        let body = match self.enrich.per {
            Per::Record => self.body.of_one(input)?,
            Per::Batch => self.body.of_several(vec![input.clone()])?,
        };
        let service = &self.enrich.service;
        let texts = [service.url.as_str(), service.method.name(), self.enrich.take.text(), &body];
        let key = Key::new(&texts.map(Value::text))
            .map_err(|_| Problem::new(REASON, "this can't be asked"))?;
        Ok(Question { id: key.hash128(), input: input.clone() })
    }

    /// How many requests so many questions take, when none has to be repeated.
    pub(super) fn requests(&self, questions: usize) -> u64 {
        match self.enrich.per {
            Per::Record => questions as u64,
            Per::Batch => u64::from(questions > 0),
        }
    }

    /// Asks all questions, and tells each outcome, by the question's place, as it comes.
    pub(super) async fn ask(
        &self,
        questions: &[Question],
        usage: &mut Usage,
        mut tell: impl FnMut(usize, Outcome),
    ) -> Result<(), RunError> {
        let groups: Vec<Vec<usize>> = match self.enrich.per {
            Per::Record => (0..questions.len()).map(|at| vec![at]).collect(),
            Per::Batch if questions.is_empty() => Vec::new(),
            Per::Batch => vec![(0..questions.len()).collect()],
        };
        let asking = groups.into_iter().map(|group| self.group(questions, group));
        let mut asked =
            stream::iter(asking).buffer_unordered(self.enrich.service.concurrency.max(1));
        while let Some(group) = asked.next().await {
            let (outcomes, used) = group?;
            usage.add(&used);
            for (at, outcome) in outcomes {
                tell(at, outcome);
            }
        }
        Ok(())
    }

    /// Sends one request about some of the questions; where the service does not take it, it is
    /// halved until those that are to blame stand alone.
    async fn group(
        &self,
        questions: &[Question],
        group: Vec<usize>,
    ) -> Result<(Vec<(usize, Outcome)>, Usage), RunError> {
        let mut used = Usage::default();
        let mut outcomes = Vec::with_capacity(group.len());
        let mut open = vec![group];
        while let Some(mut part) = open.pop() {
            let body = match (self.enrich.per, &part[..]) {
                (Per::Record, [at]) => self.body.of_one(&questions[*at].input),
                _ => {
                    let inputs = part.iter().map(|at| questions[*at].input.clone());
                    self.body.of_several(inputs.collect())
                }
            };
            let body = match body {
                Ok(body) => body,
                Err(problem) => {
                    outcomes.extend(part.iter().map(|at| (*at, Err(problem.clone()))));
                    continue;
                }
            };
            let (answer, tries) = self.client.ask(body).await;
            used.calls += tries.calls;
            used.throttled += tries.throttled;
            used.failed += tries.failed;
            let problem = match answer {
                Ok(answer) => {
                    outcomes.extend(part.iter().copied().zip(self.taken(
                        &answer,
                        part.len(),
                        &mut used,
                    )));
                    continue;
                }
                Err(Failure::Refused(_)) if part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    open.extend([rest, part]);
                    continue;
                }
                Err(Failure::Refused(message) | Failure::Exhausted(message)) => {
                    Problem::new(REASON, message)
                }
                Err(Failure::Closed(message)) => return Err(self.closed(&message)),
            };
            outcomes.extend(part.iter().map(|at| (*at, Err(problem.clone()))));
        }
        Ok((outcomes, used))
    }

    /// What is taken of an answer to so many questions.
    fn taken(&self, answer: &[u8], questions: usize, used: &mut Usage) -> Vec<Outcome> {
        let all = |message: String| vec![Err(Problem::new(REASON, message)); questions];
        let Ok(answer) = parse_plain(answer) else {
            return all("the answer is no JSON".to_owned());
        };
        used.units += match self.enrich.cost.as_ref().and_then(|cost| cost.units.as_ref()) {
            None => 1,
            Some(path) => match path.select(&answer) {
                Value::Int(units) => u64::try_from(units).unwrap_or(0),
                _ => 0,
            },
        };
        let taken = self.enrich.take.select(&answer);
        let take = self.enrich.take.text();
        let given = |value: Value| {
            if value.is_absent() {
                Err(Problem::new(REASON, format!("the answer has nothing at `{take}`")))
            } else {
                Ok(value)
            }
        };
        match (self.enrich.per, taken) {
            (Per::Record, taken) => vec![given(taken)],
            (Per::Batch, Value::Array(values)) if values.len() == questions => {
                values.iter().cloned().map(given).collect()
            }
            (Per::Batch, Value::Array(values)) => all(format!(
                "the answer has {} values at `{take}` for {questions} inputs",
                values.len()
            )),
            (Per::Batch, _) => all(format!("the answer has no list at `{take}`")),
        }
    }

    /// The service takes no request: there is no point in going on.
    fn closed(&self, message: &str) -> RunError {
        let message = format!("enrich `{}`: {message}", self.enrich.field);
        RunError::new(RunErrorKind::Refused, message).help(
            "see that `url` and what says who asks (`bearer`, `aws`, `headers`) are right, that the \
             service is up, and that it allows this `rate`; the same command then goes on from \
             where it stood",
        )
    }

    /// What the usage cost.
    pub(super) fn price(&self, usage: &mut Usage) {
        let Some(cost) = &self.enrich.cost else { return };
        let price = cost.price.number() * bigdecimal::BigDecimal::from(usage.units)
            / bigdecimal::BigDecimal::from(cost.of.max(1));
        usage.cost = Some(price.round(MOST_DIGITS).normalized().to_plain_string());
        usage.currency = Some(cost.currency.clone());
    }
}

/// Digits of a cost after the point.
const MOST_DIGITS: i64 = 6;

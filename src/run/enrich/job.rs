//! One batch: what of it has to be asked, and the answers put into its records.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Utc;
use tokio::sync::watch;

use super::Stage;
use super::asker::Question;
use super::flights::{Claimed, Outcome, Teller};
use super::held::{self, Need};
use crate::connectors::Fitter;
use crate::ledger::{ClaimRecord, Usage};
use crate::plan::{Transaction, WriteMode};
use crate::run::decide::row_hash;
use crate::run::transform::reject_whole_records;
use crate::run::{ItemOutcome, MappedBatch, RunError, RunErrorKind};
use crate::value::{Key, Object, Problem, Value};

/// A batch whose questions are claimed.
pub(super) struct Job {
    stage: Arc<Stage>,
    batch: MappedBatch,
    parts: Vec<Part>,
    /// Its claims in the ledger.
    claims: Vec<String>,
}

/// What is to be done for one enrichment.
#[derive(Default)]
struct Part {
    /// Which.
    at: usize,
    /// Values that need no asking, by record.
    settled: Vec<(usize, Value)>,
    /// Records that nothing can be asked about.
    refused: Vec<(usize, Problem)>,
    asked: Vec<Asked>,
    usage: Usage,
}

/// A question and the records that wait for its answer.
struct Asked {
    question: Question,
    items: Vec<usize>,
    claimed: Claimed,
}

/// A question that somebody else asks, with the records that wait for its answer.
type Waiting = (Question, Vec<usize>, watch::Receiver<Option<Outcome>>);

/// A batch with its answers.
pub(super) struct Done {
    pub(super) batch: MappedBatch,
    /// Claims in the ledger to be given up with the commit.
    pub(super) claims: Vec<String>,
    /// Questions to be forgotten after it.
    pub(super) questions: Vec<u128>,
    pub(super) usage: Vec<Usage>,
}

impl Job {
    /// Finds out what has to be asked, and claims it. Batches do this one after the other.
    pub(super) async fn prepare(stage: &Arc<Stage>, batch: MappedBatch) -> Result<Self, RunError> {
        let mut parts: Vec<Part> = (0..stage.phase.enrich.len())
            .map(|at| Part {
                at,
                usage: Usage {
                    field: stage.phase.enrich[at].field.to_string(),
                    ..Usage::default()
                },
                ..Part::default()
            })
            .collect();
        // Claimed before the target is looked at: what is committed in between is then seen there.
        let mut questions: Vec<HashMap<usize, usize>> = Vec::with_capacity(parts.len());
        for part in &mut parts {
            questions.push(part.claim_all(stage, &batch));
        }
        let keys: Vec<&Key> = batch
            .items
            .iter()
            .filter_map(|item| match &item.outcome {
                ItemOutcome::Row { target, .. } => target.as_ref(),
                _ => None,
            })
            .collect();
        let there = held::read(&*stage.target, &stage.phase, &stage.shape, &keys).await?;
        for (part, questions) in parts.iter_mut().zip(&questions) {
            let enrich = &stage.phase.enrich[part.at];
            for (index, item) in batch.items.iter().enumerate() {
                let ItemOutcome::Row { values, target, inputs, .. } = &item.outcome else {
                    continue;
                };
                let there = target.as_ref().and_then(|target| there.get(target));
                let sent = stage.inputs[part.at].and_then(|field| values.get(field));
                let input = &inputs[part.at];
                let write = stage.phase.target.write;
                let need = held::need(write, stage.update, (part.at, enrich), input, sent, there);
                match need {
                    Need::Ask => {
                        if let Some(question) = questions.get(&index) {
                            part.asked[*question].items.push(index);
                        }
                    }
                    Need::Held(value) => {
                        part.refused.retain(|(refused, _)| *refused != index);
                        part.usage.held += u64::from(!input.is_absent());
                        part.settled.push((index, value));
                    }
                    Need::Nothing(value) => {
                        part.refused.retain(|(refused, _)| *refused != index);
                        part.settled.push((index, value));
                    }
                }
            }
            // Whoever waits for what is let go asks for itself.
            part.asked.retain(|asked| !asked.items.is_empty());
        }
        let claims = claim(stage, &parts).await?;
        Ok(Self { stage: Arc::clone(stage), batch, parts, claims })
    }

    /// Asks, waits for what others ask, and puts the answers in.
    pub(super) async fn run(mut self) -> Result<Done, RunError> {
        let mut usage = Vec::with_capacity(self.parts.len());
        let mut questions = Vec::new();
        let mut others = Vec::new();
        // All of ours are told before we wait for anybody, so that nobody waits in a circle.
        for part in std::mem::take(&mut self.parts) {
            let (used, waiting) = self.answer(part, &mut questions).await?;
            usage.push(used);
            others.push(waiting);
        }
        for (at, waiting) in others.into_iter().enumerate() {
            self.wait(at, waiting, &mut usage[at]).await?;
        }
        if self.stage.phase.transaction == Transaction::Record {
            reject_whole_records(&mut self.batch.items);
        }
        let stage = &self.stage;
        for item in &mut self.batch.items {
            if let ItemOutcome::Row { values, hash, .. } = &mut item.outcome {
                *hash = row_hash(&stage.shape, stage.phase.target.write, values);
            }
        }
        Ok(Done { batch: self.batch, claims: self.claims, questions, usage })
    }

    /// Asks what is ours to ask. Gives what others ask.
    async fn answer(
        &mut self,
        part: Part,
        questions: &mut Vec<u128>,
    ) -> Result<(Usage, Vec<Waiting>), RunError> {
        let Part { at, settled, refused, asked, mut usage } = part;
        let field = self.stage.fields[at];
        for (index, value) in settled {
            self.put(index, field, Ok(value));
        }
        for (index, problem) in refused {
            self.put(index, field, Err(problem));
        }
        let mut own: Vec<(Question, Vec<usize>, Teller)> = Vec::new();
        let mut others = Vec::new();
        for Asked { question, items, claimed } in asked {
            questions.push(question.id);
            usage.shared += items.len() as u64;
            match claimed {
                Claimed::Own(teller) => own.push((question, items, teller)),
                Claimed::Other(outcome) => others.push((question, items, outcome)),
            }
        }
        self.ask(at, own, &mut usage).await?;
        Ok((usage, others))
    }

    /// Waits for what others ask; what they leave unanswered is asked.
    async fn wait(
        &mut self,
        at: usize,
        others: Vec<Waiting>,
        usage: &mut Usage,
    ) -> Result<(), RunError> {
        let field = self.stage.fields[at];
        for (question, items, mut outcome) in others {
            loop {
                let told = outcome.wait_for(Option::is_some).await.map(|told| (*told).clone());
                if let Ok(Some(told)) = told {
                    for index in items {
                        self.put(index, field, told.clone());
                    }
                    break;
                }
                match self.stage.services.flights.claim(question.id, self.stage.index) {
                    Claimed::Other(other) => outcome = other,
                    Claimed::Own(teller) => {
                        self.ask(at, vec![(question, items, teller)], usage).await?;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks questions of our own.
    async fn ask(
        &mut self,
        at: usize,
        own: Vec<(Question, Vec<usize>, Teller)>,
        usage: &mut Usage,
    ) -> Result<(), RunError> {
        let stage = Arc::clone(&self.stage);
        let Some(asker) = &stage.askers[at] else { return Ok(()) };
        let field = stage.fields[at];
        usage.sent += own.len() as u64;
        usage.shared = usage.shared.saturating_sub(own.len() as u64);
        if stage.dry_run {
            usage.calls += asker.requests(own.len());
            for (_, items, teller) in own {
                teller.send_replace(Some(Ok(Value::Missing)));
                for index in items {
                    self.put(index, field, Ok(Value::Missing));
                }
            }
            return Ok(());
        }
        let (asked, waiting): (Vec<Question>, Vec<(Vec<usize>, Teller)>) =
            own.into_iter().map(|(question, items, teller)| (question, (items, teller))).unzip();
        let mut outcomes: Vec<(usize, Outcome)> = Vec::with_capacity(asked.len());
        asker
            .ask(&asked, usage, |place, outcome| {
                waiting[place].1.send_replace(Some(outcome.clone()));
                outcomes.push((place, outcome));
            })
            .await?;
        for (place, outcome) in outcomes {
            usage.refused += u64::from(outcome.is_err());
            for index in &waiting[place].0 {
                self.put(*index, field, outcome.clone());
            }
        }
        Ok(())
    }

    /// Puts an answer into a record, such that the target holds it exactly.
    fn put(&mut self, index: usize, field: usize, outcome: Outcome) {
        let shape = &*self.stage.shape;
        let item = &mut self.batch.items[index];
        let ItemOutcome::Row { values, .. } = &mut item.outcome else { return };
        let inserts =
            matches!(self.stage.phase.target.write, WriteMode::Insert(_) | WriteMode::Append);
        let fitted = outcome.and_then(|value| match value {
            Value::Missing if shape.documents || !inserts || shape.defaulted[field] => {
                Ok(Value::Missing)
            }
            // A dry run has no answer, and something has to stand for it.
            Value::Missing if self.stage.dry_run && shape.required[field] => {
                Ok(stand_in(&shape.fitters[field]))
            }
            Value::Missing | Value::Null if shape.required[field] => {
                Err(Problem::new("not_null", "the target does not take null here"))
            }
            Value::Missing | Value::Null => Ok(Value::Null),
            value => shape.fitters[field](value),
        });
        match fitted {
            Ok(value) => values[field] = value,
            Err(problem) => {
                item.outcome = ItemOutcome::Rejected(problem.at(&shape.fields[field]));
            }
        }
    }
}

impl Part {
    /// Claims the question of every record, each once. Gives the question's place by record.
    fn claim_all(&mut self, stage: &Stage, batch: &MappedBatch) -> HashMap<usize, usize> {
        let mut places = HashMap::new();
        let Some(asker) = &stage.askers[self.at] else { return places };
        let mut known: HashMap<u128, usize> = HashMap::new();
        for (index, item) in batch.items.iter().enumerate() {
            let ItemOutcome::Row { inputs, .. } = &item.outcome else { continue };
            let input = &inputs[self.at];
            if input.is_absent() {
                continue;
            }
            let question = match asker.question(input) {
                Ok(question) => question,
                Err(problem) => {
                    self.refused.push((index, problem));
                    continue;
                }
            };
            let place = *known.entry(question.id).or_insert_with(|| {
                let claimed = stage.services.flights.claim(question.id, stage.index);
                self.asked.push(Asked { question, items: Vec::new(), claimed });
                self.asked.len() - 1
            });
            places.insert(index, place);
        }
        places
    }
}

/// A value that a column takes.
fn stand_in(fitter: &Fitter) -> Value {
    let candidates = [
        Value::array(Vec::new()),
        Value::object(Object::new()),
        Value::text(""),
        Value::Int(0),
        Value::Bool(false),
        Value::bytes([]),
    ];
    candidates.into_iter().find_map(|value| fitter(value).ok()).unwrap_or(Value::Null)
}

/// Writes down what is about to be sent.
async fn claim(stage: &Stage, parts: &[Part]) -> Result<Vec<String>, RunError> {
    if stage.dry_run {
        return Ok(Vec::new());
    }
    let now = Utc::now();
    let claims: Vec<ClaimRecord> = parts
        .iter()
        .flat_map(|part| part.asked.iter().map(move |asked| (part, asked)))
        .filter(|(_, asked)| matches!(asked.claimed, Claimed::Own(_)))
        .map(|(part, asked)| ClaimRecord {
            id: format!("{:032x}", asked.question.id),
            run: stage.run.clone(),
            phase: stage.history.clone(),
            field: part.usage.field.clone(),
            at: now,
        })
        .collect();
    if !claims.is_empty() {
        let mut session = stage.target.session().await?;
        session.begin().await?;
        stage.ledger.claim(&mut *session, &claims).await?;
        session.commit().await?;
    }
    Ok(claims.into_iter().map(|claim| claim.id).collect())
}

impl From<tokio::task::JoinError> for RunError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::new(RunErrorKind::Internal, "the work ended in a panic")
    }
}

//! What is being asked in this process, so that no phase asks what another one is asking.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::value::{Problem, Value};

/// What became of a question.
pub(super) type Outcome = Result<Value, Problem>;

/// Tells the outcome to all that wait for it.
pub(super) type Teller = watch::Sender<Option<Outcome>>;

/// Questions under way, and those that were answered and are not committed yet. One that has no
/// answer stays: to ask it again for the next record would not help.
#[derive(Debug, Default)]
pub(super) struct Flights {
    of: Mutex<HashMap<u128, Flight>>,
}

#[derive(Debug)]
struct Flight {
    /// The phase that asks, by its place in the plan.
    owner: usize,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// Whose question it is.
#[derive(Debug)]
pub(super) enum Claimed {
    /// Ours: it is to be asked, and its outcome told.
    Own(Teller),
    /// Somebody else asks it.
    Other(watch::Receiver<Option<Outcome>>),
}

impl Flights {
    /// Claims a question, unless somebody asks it or has an answer. One whose asker is gone without
    /// an answer is free again.
    pub(super) fn claim(&self, id: u128, owner: usize) -> Claimed {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = of.get(&id) {
            let told = flight.outcome.borrow().is_some();
            if told || flight.outcome.has_changed().is_ok() {
                return Claimed::Other(flight.outcome.clone());
            }
        }
        let (teller, outcome) = watch::channel(None);
        of.insert(id, Flight { owner, outcome });
        Claimed::Own(teller)
    }

    /// Forgets questions of a phase whose answers the target holds now.
    pub(super) fn forget(&self, ids: &[u128], owner: usize) {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            let answered = of.get(id).is_some_and(|flight| {
                flight.owner == owner && matches!(*flight.outcome.borrow(), Some(Ok(_)))
            });
            if answered {
                of.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_one_asker_at_a_time() {
        let flights = Flights::default();
        let Claimed::Own(teller) = flights.claim(1, 0) else { panic!("it is free") };
        assert!(matches!(flights.claim(1, 1), Claimed::Other(_)));
        drop(teller);
        let Claimed::Own(teller) = flights.claim(1, 1) else { panic!("its asker is gone") };
        teller.send_replace(Some(Ok(Value::Int(7))));
        drop(teller);
        let Claimed::Other(outcome) = flights.claim(1, 0) else { panic!("it is answered") };
        assert_eq!(*outcome.borrow(), Some(Ok(Value::Int(7))));
        flights.forget(&[1], 0);
        assert!(matches!(flights.claim(1, 0), Claimed::Other(_)), "another one's is not forgotten");
        flights.forget(&[1], 1);
        assert!(matches!(flights.claim(1, 0), Claimed::Own(_)));
    }

    #[test]
    fn what_has_no_answer_is_not_asked_again() {
        let flights = Flights::default();
        let Claimed::Own(teller) = flights.claim(1, 0) else { panic!("it is free") };
        teller.send_replace(Some(Err(Problem::new("enrich", "refused"))));
        flights.forget(&[1], 0);
        assert!(matches!(flights.claim(1, 0), Claimed::Other(_)));
    }
}

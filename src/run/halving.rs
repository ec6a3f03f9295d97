//! Halving: what a store refuses as a whole is offered in halves, until the records that are to
//! blame stand alone.

use std::ops::Range;

use crate::connectors::{Session, StoreError, Violation, WriteError};

/// The parts of a batch that are still to be offered to the store, as ranges of places.
pub(super) struct Parts {
    /// The next one is the last.
    open: Vec<Range<usize>>,
}

impl Parts {
    /// So many records as one part; none are no part.
    pub(super) fn whole(count: usize) -> Self {
        Self { open: if count == 0 { Vec::new() } else { vec![Range { start: 0, end: count }] } }
    }

    /// Parts that go one after the other from the first place on. `length` gives the length of the
    /// part that begins at a place.
    pub(super) fn runs(count: usize, length: impl Fn(usize) -> usize) -> Self {
        let mut open = Vec::new();
        let mut start = 0;
        while start < count {
            let end = start + length(start).max(1);
            open.push(start..end);
            start = end;
        }
        open.reverse();
        Self { open }
    }

    /// The next part, in the order of places.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        self.open.pop()
    }

    /// Offers a part again, in halves. A part of one record has none.
    pub(super) fn halve(&mut self, part: Range<usize>) {
        let middle = part.start + part.len() / 2;
        self.open.extend([middle..part.end, part.start..middle]);
    }
}

/// Ends the savepoint in which a part was offered: what was written stays, what was refused is
/// undone, with the reason.
///
/// # Errors
/// When the store itself fails.
pub(super) async fn settle<T>(
    session: &mut dyn Session,
    offered: Result<T, WriteError>,
) -> Result<Result<T, Violation>, StoreError> {
    match offered {
        Ok(written) => {
            session.release().await?;
            Ok(Ok(written))
        }
        Err(WriteError::Store(error)) => Err(error),
        Err(WriteError::Record(violation)) => {
            session.rollback_to_savepoint().await?;
            Ok(Err(violation))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offers every part; one with a bad place is refused. Gives the places that went in, in order,
    /// and those that were refused alone.
    fn offer(mut parts: Parts, bad: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let (mut went_in, mut refused) = (Vec::new(), Vec::new());
        while let Some(part) = parts.next() {
            if !bad.iter().any(|place| part.contains(place)) {
                went_in.extend(part);
            } else if part.len() > 1 {
                parts.halve(part);
            } else {
                refused.extend(part);
            }
        }
        (went_in, refused)
    }

    #[test]
    fn only_those_to_blame_are_refused_and_the_order_stays() {
        for count in 0..40 {
            for bad in 0..count {
                let bad = [bad, (bad * 7 + 3) % count];
                let (went_in, refused) = offer(Parts::whole(count), &bad);
                let good: Vec<usize> = (0..count).filter(|place| !bad.contains(place)).collect();
                assert_eq!(went_in, good);
                let mut blamed = bad.to_vec();
                blamed.sort_unstable();
                blamed.dedup();
                assert_eq!(refused, blamed);
            }
        }
    }

    #[test]
    fn runs_go_from_the_first_place_to_the_last() {
        let layouts = ["a", "a", "b", "a", "a", "a"];
        let length = |start: usize| {
            layouts[start..].iter().take_while(|layout| **layout == layouts[start]).count()
        };
        let mut parts = Parts::runs(layouts.len(), length);
        let all: Vec<Range<usize>> = std::iter::from_fn(|| parts.next()).collect();
        assert_eq!(all, [0..2, 2..3, 3..6]);
        assert_eq!(Parts::runs(0, length).next(), None);
    }
}

//! What becomes of records that the source no longer has: they are deleted from the target, or
//! marked there.
//!
//! It is done when all phases of the run have read what they read, a phase that refers to another
//! one before it. The ledger's keys are held against those of the source (`gone.rs`); what is gone is
//! looked at again in the target, and what was edited there since, what others refer to, and what
//! this phase did not make, is kept and told. A record's fate goes into a batch of the same run, what
//! was there before into the journal, and both with the data into one commit. So a run that was
//! killed finds what is still to be done in the same way as one that begins.

mod gone;
mod mark;
mod shared;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;

use self::gone::Found;
use self::mark::Mark;
use self::worker::Worker;
use super::phase::PhaseContext;
use super::undo::KeptWhy;
use super::{RunError, RunErrorKind};
use crate::connectors::Store;
use crate::ledger::{KeyMap, PhaseRecord, TargetShape};
use crate::plan::{Deed, Deleted, RejectLimit};
use crate::value::Schema;

/// How many kept records are listed by key; all are counted.
pub const LISTED: usize = 1000;

/// A record that the source no longer has and that stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRecord {
    /// The source key, as it may be shown.
    pub key: String,
    /// Why.
    pub why: KeptWhy,
}

/// How the records of each run of a phase are found.
type Shapes = HashMap<String, TargetShape>;

/// Whether a phase that read its source has to look for what is gone from it.
pub(super) async fn is_due(context: &PhaseContext, record: &PhaseRecord) -> Result<bool, RunError> {
    if context.phase.deleted.is_none() {
        return Ok(false);
    }
    // Of what this run read nothing is gone.
    let ledger = context.stores.ledger(context.phase.target.connection);
    Ok(KeyMap::open(&ledger, &record.phase).await?.knows_beside(&record.run))
}

/// Looks whether what a phase sets in records that are gone can be made, and fits its target.
pub(super) fn check(
    context: &PhaseContext,
    target: &Arc<dyn Store>,
    schema: Option<&Schema>,
) -> Result<(), RunError> {
    match context.phase.deleted.as_ref().map(|deleted| &deleted.deed) {
        Some(Deed::Mark(rules)) => {
            Mark::new(rules, target, schema, context.options.now()).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Deletes or marks what is gone from a phase's source. The record tells what is committed.
pub(super) async fn handle(
    context: &PhaseContext,
    record: &mut PhaseRecord,
    kept: &mut Vec<KeptRecord>,
) -> Result<(), RunError> {
    let Some(deleted) = &context.phase.deleted else { return Ok(()) };
    kept.clear();
    let ledger = context.stores.ledger(context.phase.target.connection);
    let mut known = KeyMap::open(&ledger, &record.phase).await?;
    let Found { gone, known: live, done } = gone::find(context, &mut known, record).await?;
    (record.counts.deleted, record.counts.marked) = (done.deleted, done.marked);
    record.counts.kept.clear();
    refuse(deleted, gone.len() as u64, live)?;
    if gone.is_empty() {
        return Ok(());
    }
    let phases = ledger.phases(Some(&record.phase)).await?;
    let shapes: Shapes = phases.into_iter().map(|phase| (phase.run, phase.target)).collect();
    let shared = match deleted.deed {
        Deed::Delete => shared::find(context, &mut known, &gone, &shapes).await?,
        Deed::Mark(_) => shared::Shared::default(),
    };
    let mut worker = Worker::open(context, record, shapes, shared).await?;
    let result = worker.all(gone, &mut known).await;
    let (counts, listed) = worker.kept();
    if result.is_ok() {
        record.counts.kept = counts;
    }
    *kept = listed;
    result
}

/// Refuses where so much is gone that the source looks as if it were not whole.
fn refuse(deleted: &Deleted, gone: u64, known: u64) -> Result<(), RunError> {
    let (exceeds, limit) = match deleted.most {
        RejectLimit::Count(most) => (gone > most, most.to_string()),
        #[expect(clippy::cast_precision_loss, reason = "a share of a count")]
        RejectLimit::Share(most) => {
            (gone as f64 > most * known as f64, format!("{}%", (most * 1e4).round() / 1e2))
        }
    };
    if !exceeds {
        return Ok(());
    }
    let what = match deleted.deed {
        Deed::Delete => "deleted",
        Deed::Mark(_) => "marked",
    };
    Err(RunError::new(
        RunErrorKind::Refused,
        format!(
            "{gone} of {known} records are no longer in the source, more than `max_deleted` \
             ({limit}) allows; nothing was {what}"
        ),
    )
    .help(
        "see whether the source is whole; where they are to go, say so with `max_deleted` beside \
         `deleted`, as a number or a share such as \"100%\"",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_not_whole_is_refused() {
        let of = |most| Deleted { deed: Deed::Delete, most };
        assert!(refuse(&of(Deleted::MOST), 5, 10).is_ok());
        let refused = refuse(&of(Deleted::MOST), 6, 10).unwrap_err();
        assert!(refused.message.contains("6 of 10 records"), "{refused}");
        assert!(refused.message.contains("(50%)"), "{refused}");
        assert!(refuse(&of(RejectLimit::Share(1.0)), 10, 10).is_ok());
        assert!(refuse(&of(RejectLimit::Count(2)), 2, 10).is_ok());
        assert!(refuse(&of(RejectLimit::Count(2)), 3, 10).is_err());
        assert!(refuse(&of(RejectLimit::Count(0)), 0, 0).is_ok());
    }
}

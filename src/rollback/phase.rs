//! One phase of a run, batch by batch, the newest first.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::Utc;

use super::units::Part;
use super::writer::Writer;
use super::{Kept, KeptWhy, LISTED, PhaseOutcome};
use crate::connectors::{Session, Store};
use crate::ledger::{BatchRecord, Fate, Ledger, PhaseState};
use crate::run::undo::{self, References, Target};
use crate::run::{Cancel, Event, Observer, RunError};
use crate::value::Key;

/// What the phase's record says while, and if, its rollback is not finished.
const UNFINISHED: &str = "its rollback is not finished";

/// How a phase is taken back.
pub(super) struct PhaseUndo<'u> {
    pub(super) store: Arc<dyn Store>,
    pub(super) ledger: Ledger,
    pub(super) force: bool,
    pub(super) show_values: bool,
    pub(super) observer: &'u dyn Observer,
    pub(super) cancel: &'u Cancel,
}

impl PhaseUndo<'_> {
    /// Takes a phase back, as far as it can be, or until someone wishes to stop.
    pub(super) async fn undo(
        &self,
        part: &mut Part,
        writer: &mut Writer,
        references: &mut References,
        kept: &mut Vec<Kept>,
    ) -> Result<PhaseOutcome, RunError> {
        let run = part.record.run.clone();
        let phase = part.record.phase.clone();
        let mut outcome = PhaseOutcome { phase: phase.clone(), ..PhaseOutcome::default() };
        // From here on a run reads the phase's source from its beginning again.
        part.record.state = PhaseState::Failed;
        part.record.error = Some(UNFINISHED.to_owned());
        part.record.checkpoint = None;
        part.record.finished_at = None;
        self.ledger.save_phase(writer.session().await?, &part.record).await?;
        let mut batches = self.ledger.batch_index(&phase, Some(&run)).await?;
        let total = batches.len() as u64;
        while let Some((_, seq, ..)) = batches.pop() {
            if self.cancel.is_cancelled() {
                writer.commit().await?;
                return Ok(outcome);
            }
            let session = writer.session().await?;
            let list = |key: &Key, why: KeptWhy| {
                if kept.len() < LISTED {
                    let (run, phase) = (run.clone(), phase.clone());
                    kept.push(Kept { run, phase, key: key.display(self.show_values), why });
                }
            };
            self.batch(part, session, seq, references, &mut outcome, list).await?;
            self.observer.event(&Event::Undone {
                phase: phase.clone(),
                batches: total - batches.len() as u64,
                of: total,
            });
            writer.commit_when_due().await?;
        }
        let session = writer.session().await?;
        part.record.finished_at = Some(Utc::now());
        if outcome.kept == 0 {
            self.ledger.forget_rest(session, &run, &phase).await?;
            if let Some(before) = &part.before {
                self.ledger.reopen_rejects(session, before, &phase).await?;
            }
            part.record.state = PhaseState::RolledBack;
            part.record.error = None;
        } else {
            let records = outcome.kept;
            part.record.error = Some(format!("{UNFINISHED}: {records} records were kept"));
        }
        self.ledger.save_phase(session, &part.record).await?;
        writer.commit().await?;
        Ok(outcome)
    }

    /// Takes one batch back and forgets it, or leaves of it what was kept.
    async fn batch(
        &self,
        part: &Part,
        session: &mut dyn Session,
        seq: u64,
        references: &mut References,
        outcome: &mut PhaseOutcome,
        mut list: impl FnMut(&Key, KeptWhy),
    ) -> Result<(), RunError> {
        let (run, phase) = (&part.record.run, &part.record.phase);
        let record = self.ledger.batch(run, phase, seq).await?;
        let journal = self.ledger.journal(run, phase, seq).await?;
        let (journal, gone) = undo::split(&record, journal);
        let BatchRecord { entries, shape } = record;
        let target =
            Target::open(&self.store, session, shape.as_ref().unwrap_or(&part.record.target))
                .await?;

        let returned = undo::put_back(&target, session, &gone).await?;
        outcome.restored += returned.done;
        outcome.gone += returned.gone;

        // What was changed was changed after what was inserted.
        let restored = undo::restore(&target, session, &journal, self.force).await?;
        outcome.restored += restored.done;
        outcome.gone += restored.gone;
        let mut kept_journal: HashSet<&Key> = HashSet::new();
        for (place, why) in &restored.kept {
            list(&journal[*place].source, *why);
            kept_journal.insert(&journal[*place].source);
        }

        for (place, why) in &returned.kept {
            list(&gone[*place].source, *why);
            kept_journal.insert(&gone[*place].source);
        }

        let places: Vec<usize> =
            (0..entries.len()).filter(|place| entries[*place].fate == Fate::Inserted).collect();
        let references = if places.is_empty() {
            Vec::new()
        } else {
            references.to(&self.store, &target.shape.entity).await?
        };
        let deleted =
            undo::delete(&target, session, &entries, &places, &references, self.force).await?;
        outcome.deleted += deleted.done;
        outcome.gone += deleted.gone;
        let mut kept_places: HashSet<usize> = HashSet::new();
        for (place, why) in &deleted.kept {
            list(&entries[*place].key, *why);
            kept_places.insert(*place);
        }

        outcome.kept += (restored.kept.len() + returned.kept.len() + deleted.kept.len()) as u64;
        if kept_journal.is_empty() && kept_places.is_empty() {
            self.ledger.forget_batch(session, run, phase, seq).await?;
            return Ok(());
        }
        let done: Vec<u64> = journal
            .iter()
            .chain(&gone)
            .filter(|entry| !kept_journal.contains(&entry.source))
            .map(|entry| entry.ordinal)
            .collect();
        let entries = entries
            .into_iter()
            .enumerate()
            .filter(|(place, entry)| {
                kept_places.contains(place)
                    || (matches!(entry.fate, Fate::Updated | Fate::Marked | Fate::Deleted)
                        && kept_journal.contains(&entry.key))
            })
            .map(|(_, entry)| entry)
            .collect();
        let record = BatchRecord { entries, shape };
        self.ledger.reduce_batch(session, (run, phase, seq), &record, &done).await?;
        Ok(())
    }
}

//! Batches in stores without transactions: what a batch is about to do is in the ledger before it is
//! done, and a batch that was not finished is taken back before anything else.
//!
//! Taking back, rather than doing again, is what makes the rest simple: source, target and ledger
//! are as they were at the checkpoint, also where the source is what the phase changes, and the
//! phase goes on from there as after any commit.

use std::sync::Arc;

use super::load::Loaded;
use super::undo::{self, KeptWhy, Target};
use super::{Event, Observer, RunError, Shape, Stores};
use crate::connectors::{Session, Store, StoreError};
use crate::expr::IdRule;
use crate::ledger::{
    BatchRecord, Entry, Fate, Intent, Ledger, PhaseRecord, PhaseState, RejectRecord, TargetShape,
};
use crate::plan::Phase;
use crate::value::Key;

/// What the batch under way says of itself in the ledger.
pub(super) struct Intents {
    store: Arc<dyn Store>,
    ledger: Ledger,
    /// The phase as it is committed; the batch under way is the one after.
    phase: PhaseRecord,
    /// How its records are found, and their ids made, where that differs from the phase's.
    shape: Option<(TargetShape, Option<IdRule>)>,
    written: Intent,
}

impl Intents {
    /// For a phase in a store without transactions; `None` in others.
    pub(super) fn of(store: &Arc<dyn Store>, ledger: &Ledger, phase: &PhaseRecord) -> Option<Self> {
        (!store.capabilities().transactions).then(|| Self {
            store: Arc::clone(store),
            ledger: ledger.clone(),
            phase: phase.clone(),
            shape: None,
            written: Intent::default(),
        })
    }

    /// Says how the records are found, where the spec changed since the phase ran.
    pub(super) fn reshape(&mut self, phase: &Phase, shape: &Shape) {
        let target = shape.target(phase);
        if target != self.phase.target {
            self.shape = Some((target, phase.id_field().map(|(_, rule)| rule.clone())));
        }
    }

    /// The next batch begins, after what is committed.
    pub(super) fn begin(&mut self, phase: &PhaseRecord) {
        if self.phase.batches != phase.batches {
            self.phase.clone_from(phase);
        }
        self.written = Intent::default();
    }

    /// Writes what is decided so far. Nothing of it may be done before.
    pub(super) async fn write(
        &mut self,
        session: &mut dyn Session,
        decided: Loaded,
    ) -> Result<(), RunError> {
        let intent = self.intent(decided.record, decided.journal);
        let place = (&self.phase, self.phase.batches);
        // What the store refused in an earlier round is settled with it.
        self.ledger.settle(session, place, &self.written, &intent, &[]).await?;
        self.written = intent;
        super::failpoint::pass("intent").await;
        Ok(())
    }

    /// Makes the intent into what became of the records. The phase's record finishes it.
    pub(super) async fn settle(
        &mut self,
        session: &mut dyn Session,
        loaded: &Loaded,
        rejects: &[RejectRecord],
    ) -> Result<(), RunError> {
        let became = self.intent(loaded.record.clone(), loaded.journal.clone());
        let place = (&self.phase, self.phase.batches);
        self.ledger.settle(session, place, &self.written, &became, rejects).await?;
        self.written = became;
        Ok(())
    }

    /// Takes back what the batch under way did so far, to do it otherwise.
    pub(super) async fn take_back(&mut self, session: &mut dyn Session) -> Result<(), RunError> {
        let effects = std::mem::take(&mut self.written);
        undo_effects(&self.store, session, &self.phase, &effects).await?;
        let Self { ledger, phase, .. } = self;
        ledger.forget_batch(session, &phase.run, &phase.phase, phase.batches).await?;
        Ok(())
    }

    fn intent(&self, mut record: BatchRecord, journal: Vec<crate::ledger::JournalEntry>) -> Intent {
        if let Some((shape, rule)) = &self.shape {
            name_ids(rule.as_ref(), &mut record.entries);
            record.shape = Some(shape.clone());
        }
        Intent { record, journal }
    }
}

/// Names the ids that entries leave to be made from their keys.
pub(super) fn name_ids(rule: Option<&IdRule>, entries: &mut [Entry]) {
    let Some(rule) = rule.filter(|rule| rule.is_from_key()) else { return };
    for entry in entries {
        if entry.fate.arrived() && entry.id.is_none() {
            entry.id = Key::new([&rule.make(&entry.key, None)]).ok();
        }
    }
}

/// Takes back what interrupted commands left open in the stores of a plan. The caller holds their
/// locks.
pub(super) async fn recover(
    stores: &Stores,
    connections: impl IntoIterator<Item = usize>,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    for connection in stores.distinct(connections) {
        let store = stores.get(connection);
        let ledger = stores.ledger(connection);
        if store.capabilities().transactions || !ledger.exists().await? {
            continue;
        }
        let mut phases = ledger.phases(None).await?;
        phases.retain(|phase| phase.state != PhaseState::RolledBack);
        for phase in ledger.with_open_batch(phases).await? {
            let name = phase.phase.clone();
            recover_phase(store, &ledger, &phase, observer)
                .await
                .map_err(|error| error.in_phase(&name).in_batch(phase.batches))?;
        }
    }
    Ok(())
}

/// Takes back the batch of a phase that was not finished, when there is one.
pub(super) async fn recover_phase(
    store: &Arc<dyn Store>,
    ledger: &Ledger,
    phase: &PhaseRecord,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    if store.capabilities().transactions {
        return Ok(());
    }
    let (run, name, seq) = (&phase.run, &phase.phase, phase.batches);
    let record = ledger.batch(run, name, seq).await?;
    let journal =
        if record.entries.is_empty() { Vec::new() } else { ledger.journal(run, name, seq).await? };
    let mut session = store.session().await?;
    session.begin().await?;
    let kept = undo_effects(store, &mut *session, phase, &Intent { record, journal }).await?;
    if kept > 0 {
        let message = format!(
            "phase {name}: {kept} records that an interrupted batch wrote were edited since; they \
             stay, and are treated like any other record of the target"
        );
        observer.event(&Event::Warning { message });
    }
    ledger.forget_open(&mut *session, phase).await?;
    session.commit().await?;
    super::failpoint::pass("taken_back").await;
    Ok(())
}

/// Takes back what a batch may have done, and tells how many records were edited since.
async fn undo_effects(
    store: &Arc<dyn Store>,
    session: &mut dyn Session,
    phase: &PhaseRecord,
    Intent { record, journal }: &Intent,
) -> Result<u64, StoreError> {
    if record.entries.is_empty() {
        return Ok(0);
    }
    let shape = record.shape.as_ref().unwrap_or(&phase.target);
    let target = Target::open(store, session, shape).await?;
    let entries = &record.entries;
    let (changed, gone) = undo::split(record, journal.clone());
    let returned = undo::put_back(&target, session, &gone).await?;
    let restored = undo::restore(&target, session, &changed, false).await?;
    let places: Vec<usize> =
        (0..entries.len()).filter(|place| entries[*place].fate == Fate::Inserted).collect();
    let deleted = undo::delete(&target, session, entries, &places, &[], false).await?;
    let kept = restored.kept.iter().chain(&deleted.kept).chain(&returned.kept);
    // What has no key to be found by was refused before it was written.
    Ok(kept.filter(|(_, why)| *why != KeptWhy::NoKey).count() as u64)
}

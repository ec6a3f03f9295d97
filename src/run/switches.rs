//! Triggers and foreign keys that are off while a phase writes.
//!
//! The ledger has them, with what puts them back, before they are off; where the store takes
//! definitions into a transaction, both are one commit. They are put back when the phase ends,
//! however it ends, and otherwise by the next command that writes or verifies. A foreign key stays
//! in the ledger until no row violates it.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use serde::Serialize;

use super::{Cancel, Event, Observer, RunError, RunErrorKind, Stores, failpoint};
use crate::connectors::Store;
use crate::diagnostics::wording::plural;
use crate::ledger::{Ledger, PhaseRecord, SwitchRecord};
use crate::plan::{Phase, Plan};
use crate::value::Key;
use crate::value::switch::{Switch, SwitchKind};

/// How many violating rows are named for each foreign key.
pub const NAMED: usize = 1_000;

/// How many of them are named in a message.
const TOLD: usize = 10;

/// How often a table that others hold is tried again.
const ATTEMPTS: u32 = 40;

/// Rows that violate a foreign key whose check was put off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violated {
    /// The run whose phase put the check off.
    pub run: String,
    /// The phase's name in history.
    pub phase: String,
    /// The table.
    pub table: String,
    /// The foreign key.
    pub constraint: String,
    /// How many rows violate it.
    pub rows: u64,
    /// The keys of the first ones, as they may be shown.
    pub keys: Vec<String>,
}

impl Violated {
    /// A sentence: which rows of which table violate what.
    pub fn describe(&self) -> String {
        let rows = plural(usize::try_from(self.rows).unwrap_or(usize::MAX), "row");
        let mut text = format!("foreign key `{}`: {rows} of `{}`", self.constraint, self.table);
        let verb = if self.rows == 1 { "refers" } else { "refer" };
        text.push_str(&format!(" {verb} to something that is not there"));
        if !self.keys.is_empty() {
            let shown: Vec<&str> = self.keys.iter().take(TOLD).map(String::as_str).collect();
            let more = if self.rows > shown.len() as u64 { ", and more" } else { "" };
            text.push_str(&format!(": {}{more}", shown.join(", ")));
        }
        text
    }
}

/// Switches off what a phase wants to be off.
pub(super) async fn take_off(
    stores: &Stores,
    phase: &Phase,
    record: &PhaseRecord,
    cancel: &Cancel,
) -> Result<(), RunError> {
    if !phase.off.any() {
        return Ok(());
    }
    let store = stores.get(phase.target.connection);
    let ledger = Ledger::new(Arc::clone(store));
    let mut session = store.session().await?;
    session.begin().await?;
    ledger.create_switches(&mut *session).await?;
    session.commit().await?;
    drop(session);
    persist(|| try_take_off(store, phase, record, &ledger), || cancel.is_cancelled()).await?;
    failpoint::pass("switched_off").await;
    Ok(())
}

async fn try_take_off(
    store: &Arc<dyn Store>,
    phase: &Phase,
    record: &PhaseRecord,
    ledger: &Ledger,
) -> Result<(), RunError> {
    let known = ledger.switches().await?;
    let mut session = store.session().await?;
    session.begin().await?;
    let mut all: Vec<Switch> = Vec::new();
    for (wanted, kind) in [
        (phase.off.triggers, SwitchKind::Trigger),
        (phase.off.foreign_keys, SwitchKind::ForeignKey),
    ] {
        if wanted {
            all.extend(session.switches(&phase.target.entity, kind).await?);
        }
    }
    let at = Utc::now();
    for (place, switch) in all.into_iter().enumerate() {
        let mut entry = SwitchRecord {
            run: record.run.clone(),
            phase: record.phase.clone(),
            place: place as u64,
            switch,
            off: true,
            at,
        };
        // One that waits to be proven is known as it was before the first phase.
        if let Some(known) = known.iter().find(|known| known.id() == entry.id()) {
            entry.switch.clone_from(&known.switch);
        }
        ledger.save_switch(&mut *session, &entry).await?;
        session.switch(&entry.switch, false).await?;
    }
    session.commit().await?;
    Ok(())
}

/// Puts back what a phase had off, and finds the rows that violate the foreign keys.
pub(super) async fn put_back(
    stores: &Stores,
    phase: &Phase,
    record: &PhaseRecord,
    show_values: bool,
) -> Result<Vec<Violated>, RunError> {
    if !phase.off.any() {
        return Ok(Vec::new());
    }
    failpoint::pass("switching_on").await;
    let store = stores.get(phase.target.connection);
    let own = |entry: &SwitchRecord| entry.phase == record.phase;
    restore(store, &own, show_values).await
}

/// Puts back what a killed run left off, and proves what was not proven. The caller holds the locks
/// of the stores. Gives what rows still violate.
///
/// # Errors
/// When a store fails, or does not let it be put back.
pub async fn recover(
    stores: &Stores,
    plan: &Plan,
    show_values: bool,
    observer: &dyn Observer,
) -> Result<Vec<Violated>, RunError> {
    let mut violated = Vec::new();
    for connection in stores.distinct(plan.target_connections()) {
        let store = stores.get(connection);
        for entry in stores.ledger(connection).switches().await? {
            if entry.off {
                let message = format!(
                    "{} was left off by phase `{}`; it is put back",
                    entry.switch.describe(),
                    entry.phase
                );
                observer.event(&Event::Warning { message });
            }
        }
        violated.extend(restore(store, &|_| true, show_values).await?);
    }
    Ok(violated)
}

/// What is off in the stores that a plan writes to, or violated there.
///
/// # Errors
/// When a ledger can't be read.
pub async fn standing(plan: &Plan, stores: &Stores) -> Result<Vec<SwitchRecord>, RunError> {
    let mut all = Vec::new();
    for connection in stores.distinct(plan.target_connections()) {
        all.extend(stores.ledger(connection).switches().await?);
    }
    Ok(all)
}

async fn restore(
    store: &Arc<dyn Store>,
    wanted: &(dyn Fn(&SwitchRecord) -> bool + Sync),
    show_values: bool,
) -> Result<Vec<Violated>, RunError> {
    let ledger = Ledger::new(Arc::clone(store));
    let mut records = ledger.switches().await?;
    records.retain(wanted);
    if records.is_empty() {
        return Ok(Vec::new());
    }
    persist(|| switch_on(store, &ledger, &records), || false).await?;
    failpoint::pass("switched_on").await;
    records.retain(|record| record.switch.kind == SwitchKind::ForeignKey);
    let mut violated = Vec::new();
    for record in &records {
        let found = persist(|| prove(store, &ledger, record, show_values), || false).await?;
        violated.extend(found);
    }
    Ok(violated)
}

/// All in one commit: what is on again is on.
async fn switch_on(
    store: &Arc<dyn Store>,
    ledger: &Ledger,
    records: &[SwitchRecord],
) -> Result<(), RunError> {
    let mut session = store.session().await?;
    session.begin().await?;
    for record in records.iter().filter(|record| record.off) {
        session.switch(&record.switch, true).await?;
        if record.switch.kind == SwitchKind::ForeignKey {
            let unproven = SwitchRecord { off: false, ..record.clone() };
            ledger.save_switch(&mut *session, &unproven).await?;
        } else {
            ledger.forget_switch(&mut *session, record).await?;
        }
    }
    session.commit().await?;
    Ok(())
}

async fn prove(
    store: &Arc<dyn Store>,
    ledger: &Ledger,
    record: &SwitchRecord,
    show_values: bool,
) -> Result<Option<Violated>, RunError> {
    let mut session = store.session().await?;
    session.begin().await?;
    let found = session.prove(&record.switch, NAMED).await?;
    if found.rows == 0 {
        ledger.forget_switch(&mut *session, record).await?;
        session.commit().await?;
        return Ok(None);
    }
    session.rollback().await?;
    let shown = |row: &crate::value::Row| Some(Key::new(row).ok()?.display(show_values));
    Ok(Some(Violated {
        run: record.run.clone(),
        phase: record.phase.clone(),
        table: record.switch.table.clone(),
        constraint: record.switch.name.clone(),
        rows: found.rows,
        keys: found.keys.iter().filter_map(shown).collect(),
    }))
}

/// Tries again what others are in the way of.
async fn persist<T, F: Future<Output = Result<T, RunError>>>(
    work: impl Fn() -> F,
    stop: impl Fn() -> bool,
) -> Result<T, RunError> {
    let mut attempt = 1;
    loop {
        match work().await {
            Err(error) if error.is_transient() && attempt < ATTEMPTS && !stop() => {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(u64::from(attempt.min(10)) * 50)).await;
            }
            done => return done,
        }
    }
}

/// Why a phase whose rows violate foreign keys has failed.
pub(super) fn failure(violated: &[Violated]) -> RunError {
    let all: Vec<String> = violated.iter().map(Violated::describe).collect();
    RunError::new(RunErrorKind::Refused, all.join("; ")).help(
        "all records are in, and the foreign keys are on again; mend or remove these rows, or what \
         they refer to, and run again",
    )
}

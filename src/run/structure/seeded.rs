//! Rows of test data in a table that is taken back: they go with it, and what seeded them counts as
//! taken back.

use std::collections::{BTreeSet, HashSet};

use super::trouble::Pager;
use crate::connectors::{Session, StoreError};
use crate::ledger::{Fate, KeyMap, Ledger, PhaseRecord, PhaseState, SEEDS};
use crate::value::Key;
use crate::value::structure::TableDefinition;

/// What seeded a table and was not taken back.
async fn phases(ledger: &Ledger, table: &str) -> Result<Vec<PhaseRecord>, StoreError> {
    let mut records = ledger.phases(None).await?;
    records.retain(|record| {
        record.state != PhaseState::RolledBack
            && record.phase.starts_with(SEEDS)
            && record.target.entity == table
    });
    Ok(records)
}

/// Whether all rows of a table are test data that the ledger knows.
pub(super) async fn is_all(
    ledger: &Ledger,
    session: &mut dyn Session,
    table: &TableDefinition,
) -> Result<bool, StoreError> {
    let records = phases(ledger, &table.name).await?;
    if records.is_empty() || table.primary_key.is_empty() {
        return Ok(false);
    }
    let names: BTreeSet<String> = records.into_iter().map(|record| record.phase).collect();
    let mut seeded: HashSet<Key> = HashSet::new();
    for name in names {
        let mut map = KeyMap::open(ledger, &name).await?;
        for index in 0..map.batches() {
            for known in map.batch(index).await?.unwrap_or_default() {
                if known.entry.fate == Fate::Inserted
                    && let Some(identity) = map.identity(&known)
                {
                    seeded.extend(Key::new(&identity).ok());
                }
            }
        }
    }
    let mut pager = Pager::new(&table.name, &table.primary_key, &[]);
    while let Some(rows) = pager.next(session).await? {
        if !rows.iter().all(|row| Key::new(row).is_ok_and(|key| seeded.contains(&key))) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Brings into the ledger that the test data of a table is gone.
pub(super) async fn forget(
    ledger: &Ledger,
    session: &mut dyn Session,
    table: &str,
) -> Result<(), StoreError> {
    for mut record in phases(ledger, table).await? {
        record.state = PhaseState::RolledBack;
        ledger.save_phase(session, &record).await?;
    }
    Ok(())
}

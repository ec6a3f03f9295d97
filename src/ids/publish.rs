//! The id map written out, for tools that read the target's store.

use std::collections::BTreeSet;

use super::walk::Walk;
use crate::connectors::Session;
use crate::ledger::{Ledger, Mapping};
use crate::plan::{Phase, Plan};
use crate::run::{RunError, Stores};

/// What a store without transactions says of a phase while its rows are replaced.
const UNDER_WAY: &str = "under way";

/// The version of a map that has nothing any more.
const EMPTY: &str = "empty";

/// What was published of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The phase's full name.
    pub phase: String,
    /// How many keys there are.
    pub ids: u64,
    /// Whether its rows were written anew; otherwise they were as they should be.
    pub written: bool,
}

/// Writes the id map of every phase of the plan into the ledger, as far as it changed since. The
/// caller holds the locks of the stores.
///
/// # Errors
/// When a store fails; each phase is published whole or as it was before.
pub async fn publish(plan: &Plan, stores: &Stores) -> Result<Vec<Published>, RunError> {
    each(plan, stores, true).await
}

/// The same for the phases that are published already: called after whatever changes the ledger.
///
/// # Errors
/// As [`publish`].
pub async fn refresh(plan: &Plan, stores: &Stores) -> Result<Vec<Published>, RunError> {
    each(plan, stores, false).await
}

async fn each(plan: &Plan, stores: &Stores, all: bool) -> Result<Vec<Published>, RunError> {
    let (mut done, mut made) = (Vec::new(), BTreeSet::new());
    for phase in plan.phases.iter().filter(|phase| phase.follows.is_none()) {
        let ledger = stores.ledger(phase.target.connection);
        if !ledger.exists().await? {
            continue;
        }
        let history = phase.history_name();
        let published = ledger.published_version(&history).await?;
        let version = ledger.mappings_version(&history).await?;
        if published.is_none() && (!all || version.is_none()) {
            continue;
        }
        let version = version.unwrap_or_else(|| EMPTY.to_owned());
        if published.as_ref() == Some(&version) {
            let ids = ledger.count_mappings(&history).await?;
            done.push(Published { phase: phase.full_name(), ids, written: false });
            continue;
        }
        let store = stores.get(phase.target.connection);
        let mut session = store.session().await?;
        if made.insert(phase.target.connection) {
            session.begin().await?;
            ledger.create_mappings(&mut *session).await?;
            session.commit().await?;
        }
        if !store.capabilities().transactions {
            ledger.set_published(&mut *session, &history, UNDER_WAY).await?;
        }
        session.begin().await?;
        let ids = replace(phase, stores, &ledger, &mut *session).await?;
        ledger.set_published(&mut *session, &history, &version).await?;
        session.commit().await?;
        done.push(Published { phase: phase.full_name(), ids, written: true });
    }
    Ok(done)
}

/// Puts a phase's rows in the place of those that are there.
async fn replace(
    phase: &Phase,
    stores: &Stores,
    ledger: &Ledger,
    session: &mut dyn Session,
) -> Result<u64, RunError> {
    let history = phase.history_name();
    ledger.forget_mappings(session, &history).await?;
    let stream = ledger.streams_mappings(session).await?;
    let mut walk = Walk::open(phase, stores).await?;
    let mut ids = 0;
    while let Some(rows) = walk.next().await? {
        let count = rows.len() as u64;
        let mappings: Vec<Mapping> = rows
            .into_iter()
            .map(|row| Mapping {
                phase: history.clone(),
                source: row.source,
                target: row.target,
                legacy_key: row.legacy_key,
                new_id: row.new_id,
                fate: row.fate,
                run: row.run,
            })
            .collect();
        let of_run = |run: &str| {
            let (run, phase) = walk.of_run(run);
            (run.cloned(), phase.cloned())
        };
        if count > 0 {
            ledger.append_mappings(session, ids, mappings, stream, of_run).await?;
        }
        ids += count;
    }
    if stream {
        ledger.end_mappings(session).await?;
    }
    Ok(ids)
}

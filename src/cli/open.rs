//! Opening a plan's stores, for commands that look and do not run.

use std::sync::Arc;

use super::Failure;
use crate::connectors::{self, StoreErrorKind, memory};
use crate::plan::Plan;
use crate::run::{RunError, RunErrorKind, Stores, unopened};

/// Opens stores that must be there: nothing is created.
///
/// # Errors
/// When one is not there, or can't be opened.
pub(super) async fn existing(plan: &Plan) -> Result<Stores, Failure> {
    Ok(Stores::open(&uncreated(plan)).await.map_err(|error| match error.kind {
        RunErrorKind::Store(StoreErrorKind::NotFound) => {
            error.help("`mapper run` makes and fills it; look at the connection's `url` otherwise")
        }
        _ => error,
    })?)
}

/// Opens stores; one that is not there is empty. Nothing is created.
///
/// # Errors
/// When one is there and can't be opened.
pub(super) async fn existing_or_empty(plan: &Plan) -> Result<Stores, Failure> {
    let plan = uncreated(plan);
    let mut stores: Vec<Arc<dyn connectors::Store>> = Vec::with_capacity(plan.connections.len());
    for connection in &plan.connections {
        let store = match connectors::open(&connection.config).await {
            Ok(store) => store,
            // Without a table nothing can be counted there, so nothing is said of its size.
            Err(error) if error.kind == StoreErrorKind::NotFound => memory::tables([]),
            Err(error) => {
                return Err(unopened(error, &connection.name).into());
            }
        };
        stores.push(store);
    }
    Ok(Stores::from_stores(stores))
}

/// How many rejects of a plan's phases stand.
///
/// # Errors
/// When a ledger can't be read.
pub(super) async fn rejects(plan: &Plan, stores: &Stores) -> Result<u64, RunError> {
    let mut open = 0;
    for phase in &plan.phases {
        let ledger = stores.ledger(phase.target.connection);
        if ledger.exists().await? {
            open += ledger.open_rejects(&phase.history_name()).await?.len() as u64;
        }
    }
    Ok(open)
}

/// Closes stores, so that their files are whole.
pub(super) async fn close(plan: &Plan, stores: &Stores) {
    for connection in stores.distinct(0..plan.connections.len()) {
        stores.get(connection).close().await;
    }
}

/// A plan whose embedded targets, when they are not there, may be made as temporary copies. What a
/// phase reads must be there, or be filled by fixtures.
pub(super) fn with_absent_targets(mut plan: Plan) -> Plan {
    let read: Vec<String> = plan
        .phases
        .iter()
        .map(|phase| plan.connections[phase.source.connection].config.url.clone())
        .collect();
    for connection in &mut plan.connections {
        let is_read = read.contains(&connection.config.url);
        connection.config.create = connection.fixtures.is_some()
            || (!is_read && connectors::is_embedded(&connection.config));
    }
    plan
}

fn uncreated(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for connection in &mut plan.connections {
        connection.config.create = false;
    }
    plan
}

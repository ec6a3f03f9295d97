//! The opened connections of a plan.

use std::sync::Arc;

use super::RunError;
use crate::connectors::overlay::Overlay;
use crate::connectors::{self, Lock, Store, StoreError, StoreErrorKind};
use crate::ledger::{Ledger, PhaseRecord, PhaseState};
use crate::plan::{Phase, Plan};

/// The stores of a plan, by connection.
#[derive(Clone, Debug)]
pub struct Stores {
    stores: Vec<Arc<dyn Store>>,
}

impl Stores {
    /// Opens all connections of a plan. Connections to the same place with the same settings share
    /// a store.
    ///
    /// # Errors
    /// When a connection can't be opened.
    pub async fn open(plan: &Plan) -> Result<Self, RunError> {
        let mut stores: Vec<Arc<dyn Store>> = Vec::with_capacity(plan.connections.len());
        for (index, connection) in plan.connections.iter().enumerate() {
            let same = plan.connections[..index].iter().position(|other| {
                other.config.url == connection.config.url
                    && other.config.model == connection.config.model
                    && other.config.policies == connection.config.policies
                    && other.config.files == connection.config.files
            });
            let store = match same {
                Some(same) => Arc::clone(&stores[same]),
                None => connectors::open(&connection.config).await.map_err(|error| {
                    let name = &connection.name;
                    unopened(error, name)
                })?,
            };
            stores.push(store);
        }
        Ok(Self { stores })
    }

    /// Stores that are open already, by connection.
    pub fn from_stores(stores: Vec<Arc<dyn Store>>) -> Self {
        Self { stores }
    }

    /// The store of a connection.
    pub fn get(&self, connection: usize) -> &Arc<dyn Store> {
        &self.stores[connection]
    }

    /// The stores in the order of the connections.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Store>> {
        self.stores.iter()
    }

    /// The ledger of a connection's store.
    pub fn ledger(&self, connection: usize) -> Ledger {
        Ledger::new(Arc::clone(&self.stores[connection]))
    }

    /// What the ledger holds of a phase's newest run that was not taken back; `None` when there is
    /// none.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub async fn newest_record(&self, phase: &Phase) -> Result<Option<PhaseRecord>, RunError> {
        let ledger = self.ledger(phase.target.connection);
        if !ledger.exists().await? {
            return Ok(None);
        }
        let records = ledger.phases(Some(&phase.history_name())).await?;
        Ok(records.into_iter().rfind(|record| record.state != PhaseState::RolledBack))
    }

    /// The same stores under overlays: reads see what is there and what was written since, and
    /// nothing is written.
    #[must_use]
    pub fn overlaid(&self) -> Self {
        let mut stores: Vec<Arc<dyn Store>> = Vec::with_capacity(self.stores.len());
        for (index, store) in self.stores.iter().enumerate() {
            let same = self.stores[..index].iter().position(|other| Arc::ptr_eq(other, store));
            stores.push(match same {
                Some(same) => Arc::clone(&stores[same]),
                None => Arc::new(Overlay::new(Arc::clone(store))),
            });
        }
        Self { stores }
    }

    /// The connections among these whose stores differ, the first of each.
    pub fn distinct(&self, connections: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut distinct: Vec<usize> = Vec::new();
        for connection in connections {
            let store = &self.stores[connection];
            if !distinct.iter().any(|other| Arc::ptr_eq(&self.stores[*other], store)) {
                distinct.push(connection);
            }
        }
        distinct
    }

    /// Takes the lock of every store that the plan writes to, and waits for what a process that was
    /// killed still commits there.
    ///
    /// # Errors
    /// When another process holds one.
    pub async fn lock(&self, plan: &Plan) -> Result<Vec<Box<dyn Lock>>, RunError> {
        let mut targets = self.distinct(plan.target_connections());
        // All take them in the same order, so that two runs never wait for each other.
        targets.sort_by_key(|connection| self.stores[*connection].location().to_owned());
        let mut locks = Vec::with_capacity(targets.len());
        for connection in targets {
            let store = &self.stores[connection];
            locks.push(store.lock().await?);
            Ledger::new(Arc::clone(store)).settled().await?;
        }
        Ok(locks)
    }
}

/// Names the connection that can't be opened.
pub fn unopened(error: StoreError, connection: &str) -> RunError {
    let missing = error.kind == StoreErrorKind::NotFound;
    let mut error = RunError::from(error);
    if missing {
        error = error.help("correct its `url`, or create what it leads to");
    }
    let what = match &error.help {
        Some(help) => format!("connection `{connection}` can't be opened: {help}"),
        None => format!("connection `{connection}` can't be opened"),
    };
    error.help(what)
}

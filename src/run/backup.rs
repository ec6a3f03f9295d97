//! What is exported before it is touched, where a connection asks for it.

use std::path::Path;
use std::sync::Arc;

use super::{Event, Observer, Options, RunError, RunErrorKind, Stores, failpoint};
use crate::backup::{self, BackedPhase, BackupError, Writing};
use crate::connectors::{self, Policies, Store};
use crate::ledger::PhaseState;
use crate::plan::{BackupWhen, ConnectionId, Plan};

/// The folder of backups, in the working directory, where nothing else is said.
const FOLDER: &str = "backups";

impl Options {
    /// The folder of all backups.
    pub fn backup_folder(&self) -> &Path {
        self.backups.as_deref().unwrap_or(Path::new(FOLDER))
    }
}

impl From<BackupError> for RunError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            BackupError::Files(message) => Self::new(RunErrorKind::Refused, message),
        }
    }
}

/// Backs up what a spec's phases will touch, on the connections that ask for it before each run.
pub(super) async fn before_run(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    observer: &dyn Observer,
    (spec, run): (&str, &str),
    phases: &[usize],
) -> Result<(), RunError> {
    let mut connections: Vec<ConnectionId> = Vec::new();
    for index in phases {
        let connection = plan.phases[*index].target.connection;
        if plan.connections[connection].backup == Some(BackupWhen::Run)
            && !connections.contains(&connection)
        {
            connections.push(connection);
        }
    }
    for connection in connections {
        let phases = phases.iter().map(|index| &plan.phases[*index]);
        let mut tables: Vec<String> = phases
            .filter(|phase| phase.target.connection == connection)
            .map(|phase| phase.target.entity.clone())
            .collect();
        tables.sort();
        tables.dedup();
        let what = What { spec, run, phase: None, connection, tables: &tables };
        back_up(plan, stores, options, observer, what).await?;
    }
    Ok(())
}

/// Backs up what a phase will touch, when its connection asks for it before each phase.
pub(super) async fn before_phase(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    observer: &dyn Observer,
    run: &str,
    phase: usize,
) -> Result<(), RunError> {
    let phase = &plan.phases[phase];
    let connection = phase.target.connection;
    if options.dry_run || plan.connections[connection].backup != Some(BackupWhen::Phase) {
        return Ok(());
    }
    let name = phase.full_name();
    let tables = [phase.target.entity.clone()];
    let what = What { spec: &phase.spec, run, phase: Some(&name), connection, tables: &tables };
    let done = back_up(plan, stores, options, observer, what).await;
    done.map_err(|error| error.in_phase(&name))
}

struct What<'w> {
    spec: &'w str,
    run: &'w str,
    phase: Option<&'w str>,
    connection: ConnectionId,
    tables: &'w [String],
}

async fn back_up(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    observer: &dyn Observer,
    what: What<'_>,
) -> Result<(), RunError> {
    let connection = &plan.connections[what.connection];
    let phases = written(stores, what.connection, what.tables).await?;
    let store = exact(plan, stores, what.connection).await?;
    let writing = Writing {
        root: options.backup_folder(),
        spec: what.spec,
        run: what.run,
        phase: what.phase,
        connection: &connection.name,
        tables: what.tables,
        phases: &phases,
    };
    let (backup, new) = backup::write(&store, writing).await.map_err(|error| {
        let error = RunError::from(error);
        let help = format!("connection `{}` is to be backed up first (`backup`)", connection.name);
        match error.help.clone() {
            Some(_) => error,
            None => error.help(help),
        }
    })?;
    if !Arc::ptr_eq(&store, stores.get(what.connection)) {
        store.close().await;
    }
    failpoint::pass("backup").await;
    if new {
        observer.event(&Event::Backup {
            connection: connection.name.clone(),
            tables: backup.manifest.tables.len() as u64,
            records: backup.manifest.tables.iter().map(|table| table.rows).sum(),
            folder: backup.folder.display().to_string(),
        });
    }
    Ok(())
}

/// What the ledger says of phases that have written to these tables or collections.
async fn written(
    stores: &Stores,
    connection: ConnectionId,
    tables: &[String],
) -> Result<Vec<BackedPhase>, RunError> {
    let ledger = stores.ledger(connection);
    if !ledger.exists().await? {
        return Ok(Vec::new());
    }
    let mut phases = ledger.phases(None).await?;
    phases.retain(|record| {
        record.state != PhaseState::RolledBack && tables.contains(&record.target.entity)
    });
    let backed = phases.into_iter().map(|record| BackedPhase {
        run: record.run,
        phase: record.phase,
        batches: record.batches,
    });
    Ok(backed.collect())
}

/// A connection's store, without policies that make something else of what is there.
///
/// # Errors
/// When it can't be opened.
pub async fn exact(
    plan: &Plan,
    stores: &Stores,
    connection: ConnectionId,
) -> Result<Arc<dyn Store>, RunError> {
    let config = &plan.connections[connection].config;
    if config.policies == Policies::default() {
        return Ok(Arc::clone(stores.get(connection)));
    }
    let mut config = config.clone();
    config.policies = Policies::default();
    Ok(connectors::open(&config).await?)
}
